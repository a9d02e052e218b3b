"""The contract types themselves: words, ids, references, constructors, reprs that tell nothing."""

from __future__ import annotations

from typing import Any

from attrs import evolve, has
from attrs.exceptions import FrozenInstanceError
import pytest

from agent_otel.model import AgentOtelError
from agent_otel.model import agent_sdk as sdk
from sources.agent_sdk_contract import SENTINEL, capture_policy, envelope, event, projection


def words(kinds: Any) -> list[str]:
    return [kind.as_str() for kind in kinds]


def test_every_public_name_exists() -> None:
    assert sorted(set(sdk.__all__)) == sorted(sdk.__all__)
    assert all(hasattr(sdk, name) for name in sdk.__all__)


def test_there_are_20_families_and_119_kinds_of_which_49_end_something() -> None:
    assert len(sdk.EventFamily) == 20
    assert len(sdk.EventKind) == 119
    assert sum(kind.is_terminal() for kind in sdk.EventKind) == 49


def test_words_are_the_names_in_snake_case() -> None:
    kinds = (sdk.EventFamily, sdk.EventKind, sdk.EntityKind, sdk.SourceKind, sdk.DestinationKind, sdk.PolicyKind)
    for word in (word for words in kinds for word in words):
        assert "".join(part.capitalize() for part in word.as_str().split("_")) == word.name


def test_r62_terminal_kinds_end_runs_turns_models_tools_and_approvals_and_no_usage() -> None:
    kind = sdk.EventKind
    assert kind.RunCancelled.is_terminal()
    assert kind.TurnCompleted.is_terminal()
    assert kind.ModelAttemptFailed.is_terminal()
    assert kind.ToolRecoveryRequired.is_terminal()
    assert kind.ApprovalResponded.is_terminal()
    assert not kind.RunStarted.is_terminal()
    assert not kind.ToolRequested.is_terminal()
    assert not kind.StructuredOutputValidationFailed.is_terminal()
    assert not kind.UsageRecorded.is_terminal()  # rule R64
    assert not kind.CostCorrected.is_terminal()


def test_the_three_capture_modes_have_their_own_words() -> None:
    policy, told, telemetry = sdk.ContentCaptureMode, sdk.EventContentCaptureMode, sdk.TelemetryContentCaptureMode
    assert policy is sdk.PolicyContentCaptureMode
    assert words(policy) == ["Off", "MetadataOnly", "RedactedSummary", "RawContent"]
    assert (
        words(told) == words(telemetry) == ["off", "metadata_only", "redacted_summary", "payload_refs", "raw_content"]
    )
    assert telemetry.default() is telemetry.Off
    assert [mode.captures_raw_content() for mode in telemetry] == [False, False, False, False, True]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (sdk.TelemetrySinkKind, ["open_telemetry", "durable_trace", "local_diagnostic", "cli_summary", "test"]),
        (sdk.TelemetryTerminalStatus, ["completed", "failed", "cancelled", "timed_out", "unknown"]),
        (sdk.TelemetrySinkHealthState, ["healthy", "failed", "recovered"]),
        (
            sdk.TelemetrySinkFailureKind,
            ["overflow", "export_rejected", "serialization", "schema_mismatch", "sink_unavailable"],
        ),
        (sdk.CostEstimateStatus, ["estimated", "provider_reported", "corrected"]),
        (
            sdk.TelemetryOverflowPolicy,
            ["drop_non_terminal_progress", "coalesce_progress_by_run", "fail_sink_not_run"],
        ),
        (sdk.TelemetrySinkIsolationPolicy, ["isolate_each_sink"]),
        (
            sdk.EventDeliverySemantics,
            ["best_effort_live", "journal_backed", "derived_replay", "diagnostic_only"],
        ),
        (
            sdk.SubscriberOverflowPolicy,
            ["drop_non_terminal", "drop_progress", "summarize_and_continue", "backpressure_caller", "fail_subscriber"],
        ),
        (
            sdk.EventOverflowReason,
            [
                "subscriber_queue_full",
                "subscriber_lagged",
                "live_buffer_expired",
                "policy_dropped_progress",
                "policy_dropped_non_terminal",
            ],
        ),
        (
            sdk.RetryClassification,
            ["Retryable", "NotRetryable", "RepairNeeded", "UserActionNeeded", "HostConfigurationNeeded"],
        ),
    ],
)
def test_words_on_the_wire(kinds: Any, expected: list[str]) -> None:
    assert words(kinds) == expected


def test_everything_but_progress_is_terminal_preserved() -> None:
    kinds = sdk.TelemetryProjectionKind
    assert [kind for kind in kinds if not kind.is_terminal_preserved()] == [kinds.Progress]
    assert not projection().is_terminal_preserved()
    assert projection(projection_kind=kinds.Usage).is_terminal_preserved()


def test_a_projection_of_an_unknown_kind_is_terminal_preserved() -> None:
    assert projection(projection_kind="brand_new").is_terminal_preserved()


def test_only_public_things_allow_raw_content_by_default() -> None:
    assert [one for one in sdk.PrivacyClass if one.allows_raw_content_by_default()] == [sdk.PrivacyClass.Public]


@pytest.mark.parametrize("mode", list(sdk.TelemetryContentCaptureMode))
def test_r37_without_raw_content_changes_the_raw_mode_only(mode: sdk.TelemetryContentCaptureMode) -> None:
    bare = projection(content_capture=mode, raw_content=SENTINEL).without_raw_content()
    raw = sdk.TelemetryContentCaptureMode.RawContent
    assert bare.raw_content is None
    assert bare.content_capture == (sdk.TelemetryContentCaptureMode.RedactedSummary if mode is raw else mode)


def test_export_cursor_goes_from_attempt_to_acknowledgement() -> None:
    source = sdk.TelemetrySourceCursor.Journal("journal.4")
    fresh = sdk.TelemetryExportCursor.new("sink.one")
    attempted = fresh.attempted(source)
    done = attempted.acknowledged(source)
    assert (fresh.export_seq, fresh.last_acknowledged_source, fresh.last_attempted_source) == (0, None, None)
    assert (attempted.export_seq, attempted.last_attempted_source) == (0, source)
    assert (done.export_seq, done.last_acknowledged_source, done.last_attempted_source) == (1, source, None)


def test_sink_specs_and_configurations_have_the_contracts_numbers() -> None:
    safe, test = sdk.TelemetrySinkSpec.safe_local_diagnostic("sink.safe"), sdk.TelemetrySinkSpec.test("sink.test", 7)
    assert (safe.sink_kind, safe.queue_capacity, safe.terminal_reserve) == (
        sdk.TelemetrySinkKind.LocalDiagnostic,
        64,
        4,
    )
    assert (test.sink_kind, test.queue_capacity, test.terminal_reserve) == (sdk.TelemetrySinkKind.Test, 7, 1)
    assert safe.content_capture is test.content_capture is sdk.TelemetryContentCaptureMode.Off
    assert safe.requires_idempotent_replay
    assert test.requires_idempotent_replay
    assert test.with_terminal_reserve(3).terminal_reserve == 3
    raw = sdk.TelemetryContentCaptureMode.RawContent
    assert safe.with_content_capture(raw).content_capture is raw

    usual, tiny = sdk.TelemetryFanoutConfig.safe_defaults(), sdk.TelemetryFanoutConfig.tiny_for_tests()
    assert sdk.TelemetryFanoutConfig.default() == usual
    assert (usual.queue_capacity, usual.terminal_reserve, tiny.queue_capacity, tiny.terminal_reserve) == (64, 4, 2, 1)
    assert usual.overflow is tiny.overflow is sdk.TelemetryOverflowPolicy.DropNonTerminalProgress
    assert usual.sink_isolation is sdk.TelemetrySinkIsolationPolicy.IsolateEachSink


def test_queues_and_reserves_are_not_empty() -> None:
    with pytest.raises(ValueError, match="queue_capacity"):
        sdk.TelemetrySinkSpec.test("sink.test", 0)
    with pytest.raises(ValueError, match="terminal_reserve"):
        sdk.TelemetrySinkSpec.test("sink.test", 1).with_terminal_reserve(0)
    with pytest.raises(ValueError, match="queue_capacity"):
        evolve(sdk.TelemetryFanoutConfig.safe_defaults(), queue_capacity=0)


def test_sink_answers() -> None:
    cursor = sdk.TelemetryExportCursor.new("sink.one")
    assert not sdk.TelemetrySinkAck.accepted(cursor).accepted_duplicate
    assert sdk.TelemetrySinkAck.duplicate(cursor).accepted_duplicate
    gone, newer = sdk.TelemetrySinkError.unavailable("gone"), sdk.TelemetrySinkError.schema_mismatch("newer")
    assert gone.failure_kind is sdk.TelemetrySinkFailureKind.SinkUnavailable
    assert newer.failure_kind is sdk.TelemetrySinkFailureKind.SchemaMismatch
    assert gone.unsafe_pending_reason is None
    error = gone.into_agent_error()
    assert (error.kind(), error.retry(), error.context().message) == (
        sdk.AgentErrorKind.TelemetryFailure,
        sdk.RetryClassification.RepairNeeded,
        "gone",
    )


def test_reports_begin_with_nothing() -> None:
    assert sdk.TelemetryFanoutReport.default() == sdk.TelemetryFanoutReport(enqueued=0, dropped=0, records=())
    assert sdk.TelemetryDrainReport.default() == sdk.TelemetryDrainReport(exported=0, records=())
    assert sdk.UsageUnits.default().input_tokens is None
    assert sdk.EventCorrelation.default().entries == ()


def test_records_take_from_the_projection_what_they_share() -> None:
    source = sdk.TelemetrySourceCursor.Journal("journal.4")
    told = projection(
        source_record=evolve(projection().source_record, source_cursor=source),
        cost=sdk.CostUnits(
            amount_micros=9,
            currency="EUR",
            rate_table_version="rates.3",
            estimate_status=sdk.CostEstimateStatus.Corrected,
        ),
    )
    cursor = sdk.TelemetryExportCursor.new("sink.one")
    failure = sdk.TelemetrySinkFailureRecord(
        sink_id="sink.one",
        sink_kind=sdk.TelemetrySinkKind.Test,
        failure_kind=sdk.TelemetrySinkFailureKind.Overflow,
        terminal_preserved=True,
        dropped_count=1,
        redacted_summary="full",
    )
    recovery = sdk.TelemetrySinkRecoveryRecord(
        sink_id="sink.one", sink_kind=sdk.TelemetrySinkKind.Test, export_cursor=cursor, redacted_summary="well"
    )
    payload = sdk.TelemetryRecordPayload
    for record, variant in (
        (sdk.TelemetryRecord.usage("record.1", told, "usage.1"), payload.Usage),
        (sdk.TelemetryRecord.cost("record.1", told, "cost.2", "cost.1"), payload.Cost),
        (sdk.TelemetryRecord.sink_failed("record.1", told, failure), payload.SinkFailed),
        (sdk.TelemetryRecord.sink_recovered("record.1", told, recovery), payload.SinkRecovered),
        (sdk.TelemetryRecord.export_cursor("record.1", told, cursor), payload.ExportCursor),
    ):
        assert isinstance(record.payload, variant)
        assert (record.schema_version, record.record_id, record.source_cursor) == (1, "record.1", source)
        for shared in ("run_id", "agent_id", "runtime_package_fingerprint", "privacy", "retention", "policy_refs"):
            assert getattr(record, shared) == getattr(told, shared)
        assert record.content_capture is told.content_capture
        assert record.redaction_policy_id == told.redaction_policy_id
    usage = sdk.TelemetryRecord.usage("record.1", told, "usage.1").payload.record
    assert usage.units == sdk.UsageUnits()  # nothing is known, and nothing is zero
    assert sdk.TelemetryRecord.cost("record.1", told, "cost.2", "cost.1").payload.record.correction_ref == "cost.1"


def test_a_cost_record_needs_a_cost() -> None:
    with pytest.raises(sdk.AgentError, match=r"missing required field: telemetry\.cost") as raised:
        sdk.TelemetryRecord.cost("record.1", projection(), "cost.1")
    assert raised.value.kind() is sdk.AgentErrorKind.InvalidPackage


def test_events_give_their_summary_cursor_and_kind() -> None:
    bare = sdk.AgentEvent.envelope_only(envelope())
    summed = sdk.AgentEvent.with_redacted_summary(envelope(), "it began")
    assert (bare.redacted_summary(), summed.redacted_summary()) == (None, "it began")
    assert bare.envelope.redacted_summary() == "Run/RunStarted"
    assert event(1, "new_family", SENTINEL).envelope.redacted_summary() == "<unknown>/<unknown>"
    cursor = envelope(5, journal_cursor="journal.5").cursor(sdk.EventStreamScope.Run("run.one"))
    assert (cursor.event_seq, cursor.event_id, cursor.journal_cursor) == (5, "event.5", "journal.5")


def test_cursors_belong_to_one_stream() -> None:
    scope = sdk.EventStreamScope
    filtered = scope.Filter(filter_id="filter.1", filter_fingerprint="sha256:a")
    same_filter = scope.Filter(filter_id="filter.2", filter_fingerprint="sha256:a")
    other_filter = scope.Filter(filter_id="filter.1", filter_fingerprint="sha256:b")
    odd = scope.Other({"pool": "pool.one"})

    def matches(requested: sdk.EventStreamScope, given: sdk.EventStreamScope) -> bool:
        try:
            sdk.cursor_compatible(requested, envelope().cursor(given))
        except sdk.AgentError as error:
            return error.kind() is not sdk.AgentErrorKind.InvalidStateTransition
        return True

    for one in (scope.All(), scope.Run("run.one"), scope.Agent("agent.one"), filtered):
        sdk.cursor_compatible(one, None)
        assert matches(one, one)
    assert matches(filtered, same_filter)
    assert not matches(filtered, other_filter)
    assert not matches(scope.Run("run.one"), scope.Run("run.two"))
    assert not matches(scope.Run("same"), scope.Agent("same"))
    assert not matches(scope.All(), filtered)
    assert not matches(odd, odd)


@pytest.mark.parametrize(
    ("error", "kind", "retry", "shown"),
    [
        (
            sdk.AgentError.missing_required_field("sink.id"),
            sdk.AgentErrorKind.InvalidPackage,
            sdk.RetryClassification.HostConfigurationNeeded,
            "missing required field: sink.id",
        ),
        (
            sdk.AgentError.contract_violation("no"),
            sdk.AgentErrorKind.InvalidStateTransition,
            sdk.RetryClassification.RepairNeeded,
            "contract violation: no",
        ),
        (
            sdk.AgentError.host_configuration_needed("set it up"),
            sdk.AgentErrorKind.HostConfigurationNeeded,
            sdk.RetryClassification.HostConfigurationNeeded,
            "host configuration needed: set it up",
        ),
        (
            sdk.AgentError.new(sdk.AgentErrorKind.Timeout, sdk.RetryClassification.Retryable, "too late"),
            sdk.AgentErrorKind.Timeout,
            sdk.RetryClassification.Retryable,
            "Timeout: too late",
        ),
    ],
)
def test_errors_say_what_they_are(error: sdk.AgentError, kind: Any, retry: Any, shown: str) -> None:
    assert isinstance(error, AgentOtelError)
    assert (error.kind(), error.retry(), str(error)) == (kind, retry, shown)
    assert error.causal_ids() == sdk.CausalIds()
    richer = error.with_subject(sdk.EntityRef.run("run.one"))
    assert isinstance(richer, sdk.AgentError.Classified)
    assert (richer.kind(), richer.retry(), richer.context().message) == (kind, retry, error.context().message)


def test_ids_are_the_strings_that_they_are() -> None:
    run_id = sdk.RunId.new("run.one")
    assert run_id == "run.one" == run_id.as_str()
    assert f"telemetry.{run_id}" == "telemetry.run.one"
    assert hash(run_id) == hash("run.one")
    assert repr(sdk.EventTag(SENTINEL)) == "EventTag(redacted)"
    assert sdk.TelemetrySinkId("") == ""  # the contract does not check it


def test_identifiers_are_checked_as_the_contract_checks_them() -> None:
    assert sdk.validate_identifier("x" * sdk.MAX_ID_LEN)
    assert sdk.validate_identifier("\N{LATIN SMALL LETTER E WITH ACUTE}" * 256)
    assert sdk.validate_identifier("with\N{NO-BREAK SPACE}space\N{LINE SEPARATOR}")
    with pytest.raises(sdk.IdValidationError.Empty):
        sdk.validate_identifier("")
    with pytest.raises(sdk.IdValidationError.TooLong) as too_long:
        sdk.validate_identifier("\N{LATIN SMALL LETTER E WITH ACUTE}" * 257)
    assert (too_long.value.max, too_long.value.actual) == (512, 514)
    with pytest.raises(sdk.IdValidationError.ControlCharacter) as control:
        sdk.validate_identifier("\N{LATIN SMALL LETTER E WITH ACUTE}x\x9f")
    assert control.value.index == 3
    with pytest.raises(sdk.IdValidationError) as raised:
        sdk.RunId.try_new(SENTINEL + "\n")
    assert SENTINEL not in str(raised.value)


def test_models_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        projection().raw_content = SENTINEL  # type: ignore[misc]
    assert all(has(kind) for kind in (sdk.AgentEvent, sdk.TelemetryRecord, sdk.EventEnvelope))


def test_reprs_tell_neither_ids_nor_text() -> None:
    ref = sdk.EntityRef(
        kind=SENTINEL,
        id=SENTINEL,
        source=sdk.SourceRef(
            kind=sdk.SourceKind.User, id=SENTINEL, trust=SENTINEL, privacy=SENTINEL, redacted_summary=SENTINEL
        ),
        privacy=sdk.PrivacyClass.Secret,
        redacted_summary=SENTINEL,
    )
    told = envelope(
        1,
        SENTINEL,
        SENTINEL,
        event_id=SENTINEL,
        timestamp=SENTINEL,
        session_id=SENTINEL,
        run_id=SENTINEL,
        subject_ref=ref,
        related_refs=(ref,),
        caused_by=sdk.CausalRef(event_id=SENTINEL, subject_ref=ref, reason=SENTINEL),
        correlation=sdk.EventCorrelation(entries=(sdk.CorrelationEntry(key=SENTINEL, value=SENTINEL),)),
        tags=(SENTINEL,),
        state_before=SENTINEL,
        runtime_package_fingerprint=SENTINEL,
        unknown_fields={"extra": SENTINEL},
    )
    health = sdk.TelemetrySinkHealth(
        sink_id=SENTINEL,
        sink_kind=SENTINEL,
        state=SENTINEL,
        failure_kind=SENTINEL,
        terminal_preserved=True,
        dropped_count=0,
        unsafe_pending_reason=SENTINEL,
    )
    shown = [
        sdk.AgentEvent.with_redacted_summary(told, SENTINEL),
        sdk.AgentEvent(envelope=told, payload=sdk.EventPayload.Other({"mode": SENTINEL})),
        told.cursor(sdk.EventStreamScope.Run(SENTINEL)),
        told.cursor(sdk.EventStreamScope.Other(SENTINEL)),
        projection(
            projection_id=SENTINEL,
            provider_id=SENTINEL,
            tool_name=SENTINEL,
            raw_content=SENTINEL,
            redacted_summary=SENTINEL,
            sink_health=health,
        ),
        sdk.TelemetrySourceCursor.Archive(SENTINEL),
        sdk.TelemetrySinkError.unavailable(SENTINEL),
        sdk.ErrorContext.new(SENTINEL),
        ref,
    ]
    assert SENTINEL not in repr(shown)
    assert SENTINEL not in str(ref)
    assert "RunStarted" in repr(event())


def test_r55_a_requirement_that_is_not_stated_denies_raw_content() -> None:
    raw = evolve(
        capture_policy(),
        mode=sdk.ContentCaptureMode.RawContent,
        source_permits_content=True,
        sink_permits_content=True,
        byte_limit=1,
    )
    assert raw.allows_raw_content()
    for gate in (
        "source_permits_content",
        "sink_permits_content",
        "redaction_required",
        "retention_required",
        "sampling_required",
    ):
        assert not evolve(raw, **{gate: False}).allows_raw_content()
    assert not evolve(raw, byte_limit=0).allows_raw_content()
    assert not evolve(raw, mode=sdk.ContentCaptureMode.RedactedSummary).allows_raw_content()
    assert not evolve(raw, mode="raw_content").allows_raw_content()  # not the policy's word
