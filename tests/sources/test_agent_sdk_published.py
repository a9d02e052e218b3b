"""What agent-sdk-core's own published tests ask of these types: ids, references, events, cursors, policy, telemetry."""

from __future__ import annotations

from hashlib import sha256
import json
from typing import Any

from attrs import evolve
import pytest

from agent_otel.model import RecordRejected
from agent_otel.model import agent_sdk as sdk
from agent_otel.sources.agent_sdk.codec import (
    decode_agent_event,
    decode_contract,
    encode_agent_event,
    encode_contract,
    encode_event_overflow_notice,
    encode_telemetry_record,
)
from agent_otel.sources.agent_sdk.extraction import (
    TelemetryUsageExtractionInput,
    TelemetryUsageExtractor,
    telemetry_authority_boundary,
    terminal_run_projection_from_event,
)
from sources.agent_sdk_contract import EVENT, capture_policy, envelope, projection

RAW = "RAW_SENTINEL_THAT_MUST_NOT_LEAVE"
ENVELOPE_ONLY = {"mode": "envelope_only"}


def run_started(seq: int) -> sdk.AgentEvent:
    return sdk.AgentEvent.with_redacted_summary(envelope(seq), "the run began")


def run_completed(seq: int) -> sdk.AgentEvent:
    return sdk.AgentEvent.envelope_only(
        envelope(
            seq,
            sdk.EventFamily.Run,
            sdk.EventKind.RunCompleted,
            journal_cursor=f"journal.{seq}",
            delivery_semantics=sdk.EventDeliverySemantics.JournalBacked,
        )
    )


def model_delta(seq: int) -> sdk.AgentEvent:
    told = envelope(seq, sdk.EventFamily.Model, sdk.EventKind.ModelStreamDelta)
    return sdk.AgentEvent.with_redacted_summary(told, "a delta, redacted")


def model_usage() -> sdk.AgentEvent:
    return sdk.AgentEvent.with_redacted_summary(
        envelope(1, sdk.EventFamily.Model, sdk.EventKind.ModelMessageCompleted, journal_cursor="journal.usage.1"),
        "the model answered",
    )


def usage_projection(**counts: int) -> sdk.TelemetryProjection:
    return TelemetryUsageExtractor.extract_from_event(
        TelemetryUsageExtractionInput(
            event=model_usage(),
            event_cursor=None,
            provider_id="provider.fake",
            model_id="model.fake",
            usage=sdk.UsageUnits(**counts),
        )
    )


# Ids and references


def test_typed_ids_are_stable_strings_and_redact_logs() -> None:
    assert sdk.AgentId.new("agent.contract").as_str() == "agent.contract"
    assert sdk.JournalCursor.new("journal.contract") == "journal.contract"
    assert repr(sdk.AgentId.new("agent.contract")) == "AgentId(redacted)"
    assert repr(sdk.EventId.new("event.contract")) == "EventId(redacted)"
    assert repr(sdk.TelemetrySinkId.new("sink.contract")) == "TelemetrySinkId(redacted)"


def test_references_carry_lineage() -> None:
    source = evolve(
        sdk.SourceRef.with_kind(sdk.SourceKind.RemoteChannel, "source.channel.1"),
        trust=sdk.TrustClass.UserProvided,
        correlation=(sdk.CorrelationEntry(key="thread", value="thread.hidden"),),
        redacted_summary="somebody asked",
    )
    destination = evolve(
        sdk.DestinationRef.with_kind(sdk.DestinationKind.Provider, "destination.model.1"),
        retention=sdk.RetentionClass.RunScoped,
    )
    entity = evolve(sdk.EntityRef.run("run.contract"), source=source)
    policy = evolve(sdk.PolicyRef.with_kind(sdk.PolicyKind.Privacy, "policy.privacy"), version="v1")
    written = {
        "kind": "remote_channel",
        "id": "source.channel.1",
        "trust": "user_provided",
        "privacy": "content_refs_only",
        "correlation": [{"key": "thread", "value": "thread.hidden"}],
        "redacted_summary": "somebody asked",
    }
    assert encode_contract(source) == written
    assert encode_contract(entity) == {
        "kind": "run",
        "id": "run.contract",
        "source": written,
        "privacy": "content_refs_only",
    }
    assert encode_contract(destination) == {
        "kind": "provider",
        "id": "destination.model.1",
        "privacy": "content_refs_only",
        "retention": "run_scoped",
    }
    assert encode_contract(policy) == {"kind": "privacy", "id": "policy.privacy", "version": "v1"}


def test_references_made_of_an_id_alone_are_the_hosts() -> None:
    assert sdk.SourceRef.new("source.1").kind is sdk.SourceKind.Host
    assert sdk.DestinationRef.new("destination.1").kind is sdk.DestinationKind.Host
    assert sdk.PolicyRef.new("policy.1").kind is sdk.PolicyKind.Host
    made = (
        sdk.EntityRef.run("id.1"),
        sdk.EntityRef.agent("id.1"),
        sdk.EntityRef.agent_pool("id.1"),
        sdk.EntityRef.topic("id.1"),
        sdk.EntityRef.message("id.1"),
        sdk.EntityRef.wake_condition("id.1"),
    )
    assert [ref.kind for ref in made] == [
        sdk.EntityKind.Run,
        sdk.EntityKind.Agent,
        sdk.EntityKind.AgentPool,
        sdk.EntityKind.Topic,
        sdk.EntityKind.Message,
        sdk.EntityKind.WakeCondition,
    ]
    assert {ref.as_str() for ref in made} == {"id.1"}


def test_privacy_retention_and_trust_words() -> None:
    assert [word.value for word in sdk.PrivacyClass] == [
        "public",
        "internal",
        "content_refs_only",
        "sensitive",
        "secret",
    ]
    assert [word.value for word in sdk.RetentionClass] == [
        "ephemeral",
        "run_scoped",
        "session_scoped",
        "durable",
        "persistent",
        "host_policy",
    ]
    assert [word.value for word in sdk.TrustClass] == [
        "trusted",
        "sdk_generated",
        "host_provided",
        "user_provided",
        "external",
        "untrusted",
    ]
    assert not sdk.PrivacyClass.ContentRefsOnly.allows_raw_content_by_default()


def test_references_show_no_ids() -> None:
    refs = (
        sdk.SourceRef.with_kind(sdk.SourceKind.Extension, "source.hidden"),
        sdk.DestinationRef.with_kind(sdk.DestinationKind.OutputSink, "destination.hidden"),
        sdk.PolicyRef.with_kind(sdk.PolicyKind.Redaction, "policy.hidden"),
        sdk.EntityRef.new(sdk.EntityKind.ExtensionAction, "action.hidden"),
    )
    assert "hidden" not in repr(refs)
    assert "redacted" in repr(refs)
    assert [str(ref) for ref in refs] == [
        "Extension:redacted",
        "OutputSink:redacted",
        "Redaction:redacted",
        "ExtensionAction:redacted",
    ]


@pytest.mark.parametrize("bad", ["", "bad\nid", "bad\tid", "bad\x07", "x" * (sdk.MAX_ID_LEN + 1)])
def test_hostile_ids_are_refused_in_python_and_on_the_wire(bad: str) -> None:
    makers: tuple[Any, ...] = (
        sdk.AgentId.new,
        sdk.RunId.try_new,
        sdk.TraceId.try_new,
        sdk.JournalCursor.try_new,
        sdk.EntityId.try_new,
        sdk.SourceRef.new,
        sdk.DestinationRef.new,
        sdk.PolicyRef.new,
        sdk.EntityRef.run,
    )
    for make in makers:
        make("good.id")
        with pytest.raises(sdk.IdValidationError):
            make(bad)
    with pytest.raises(RecordRejected):
        decode_contract(sdk.PolicyRef, {"kind": "host", "id": bad})


# Events and cursors


def test_an_event_carries_a_summary_and_no_content_by_default() -> None:
    told = run_started(1)
    assert encode_agent_event(told) == {
        **EVENT,
        "payload": {"mode": "redacted_summary", "redacted_summary": "the run began"},
    }
    assert told.redacted_summary() == "the run began"
    assert told.envelope.content_capture is sdk.EventContentCaptureMode.Off
    assert told.envelope.privacy is sdk.PrivacyClass.ContentRefsOnly
    assert told.envelope.schema_version == sdk.EVENT_SCHEMA_VERSION


def test_a_terminal_event_is_an_envelope_with_a_journal_cursor() -> None:
    told = run_completed(2)
    written = encode_agent_event(told)
    assert written["payload"] == ENVELOPE_ONLY
    assert written["envelope"]["journal_cursor"] == "journal.2"
    assert written["envelope"]["delivery_semantics"] == "journal_backed"
    assert told.redacted_summary() is None
    assert decode_agent_event(written) == told


def test_a_model_delta_has_a_summary_in_the_place_of_text() -> None:
    written = encode_agent_event(model_delta(3))
    assert written["payload"] == {"mode": "redacted_summary", "redacted_summary": "a delta, redacted"}
    assert written["envelope"]["content_capture"] == "off"
    assert RAW not in repr(written)


def test_archive_live_and_journal_cursors_are_different_things() -> None:
    archive = sdk.ArchiveCursor(
        archive_id="archive.one", position="archive.42", event_id="event.42", watermark="2031-02-03T04:05:06Z"
    )
    assert encode_contract(archive) == {
        "archive_id": "archive.one",
        "position": "archive.42",
        "event_id": "event.42",
        "watermark": "2031-02-03T04:05:06Z",
    }
    assert encode_contract(evolve(archive, event_id=None, watermark=None)) == {
        "archive_id": "archive.one",
        "position": "archive.42",
    }


def test_a_filters_cursor_is_no_cursor_of_the_whole_stream() -> None:
    scope = sdk.EventStreamScope.Filter(filter_id="filter.ends", filter_fingerprint="sha256:ends")
    cursor = run_completed(5).envelope.cursor(scope)
    sdk.cursor_compatible(scope, cursor)
    with pytest.raises(sdk.AgentError):
        sdk.cursor_compatible(sdk.EventStreamScope.All(), cursor)


def test_an_overflow_notice_says_where_to_repair_from() -> None:
    terminal = run_completed(9).envelope.cursor(sdk.EventStreamScope.Run("run.one"))
    notice = sdk.EventOverflowNotice(
        policy=sdk.SubscriberOverflowPolicy.DropNonTerminal,
        dropped_count=7,
        gap_end=terminal,
        repair_from="journal.9",
        terminal_preserved=True,
        reason=sdk.EventOverflowReason.PolicyDroppedNonTerminal,
    )
    assert encode_event_overflow_notice(notice) == {
        "policy": "drop_non_terminal",
        "dropped_count": 7,
        "gap_end": {
            "scope": {"run": "run.one"},
            "event_seq": 9,
            "event_id": "event.9",
            "journal_cursor": "journal.9",
        },
        "repair_from": "journal.9",
        "terminal_preserved": True,
        "reason": "policy_dropped_non_terminal",
    }


# What subscribers ask for


def of_model(**changes: Any) -> sdk.CompiledEventFilter:
    wanted = sdk.EventFilter(
        run_ids=sdk.EventFilterSet.Include(["run.one"]),
        families=sdk.EventFilterSet.Include([sdk.EventFamily.Model]),
        kinds=sdk.EventFilterSet.Include([sdk.EventKind.ModelStreamDelta]),
        privacy_classes=sdk.EventFilterSet.Include([sdk.PrivacyClass.ContentRefsOnly]),
    )
    return evolve(wanted, **changes).compile()


def test_a_compiled_filter_looks_at_envelopes_only() -> None:
    wanted = of_model()
    found = model_delta(3)
    assert wanted.matches_envelope(found.envelope)
    assert not wanted.matches_envelope(evolve(found.envelope, run_id="run.other"))
    assert not wanted.matches_envelope(run_started(4).envelope)
    assert wanted.payload_access is sdk.PayloadAccessMode.EnvelopeOnly
    assert [word.as_str() for word in wanted.indexed_fields if isinstance(word, sdk.EventIndexField)] == [
        "run_id",
        "event_family",
        "event_kind",
        "privacy",
    ]


def test_a_compiled_filters_cursor_is_no_cursor_of_the_whole_stream() -> None:
    wanted = sdk.EventFilter.terminal_run_events().compile()
    cursor = run_completed(5).envelope.cursor(wanted.cursor_scope())
    sdk.cursor_compatible(wanted.cursor_scope(), cursor)
    for scope in (sdk.EventStreamScope.All(), sdk.EventFilter.run("run.one").compile().cursor_scope()):
        with pytest.raises(sdk.AgentError):
            sdk.cursor_compatible(scope, cursor)


def test_a_filter_of_ends_lets_only_ends_through() -> None:
    queue = sdk.SubscriberQueueConfig(capacity=8, terminal_reserve=1)
    ends = sdk.EventFilter(terminal_only=True, queue=queue).compile()
    found = [event for event in (model_delta(11), run_completed(12)) if ends.matches_envelope(event.envelope)]
    assert [event.envelope.event_kind for event in found] == [sdk.EventKind.RunCompleted]
    assert ends.queue == queue
    assert not ends.matches_envelope(envelope(1, sdk.EventFamily.Run, "run_dreamt"))


@pytest.mark.parametrize(
    ("name", "value", "change"),
    [
        ("agent_ids", "agent.one", {}),
        ("turn_ids", "turn.one", {}),
        ("source_kinds", sdk.SourceKind.Sdk, {}),
        ("destination_kinds", sdk.DestinationKind.Host, {"destination": sdk.DestinationRef.new("destination.one")}),
        ("subject_kinds", sdk.EntityKind.Run, {}),
        ("related_entity_kinds", sdk.EntityKind.Agent, {"related_refs": (sdk.EntityRef.agent("agent.two"),)}),
        ("tags", "night", {"tags": ("night", "tide")}),
        ("delivery_semantics", sdk.EventDeliverySemantics.BestEffortLive, {}),
        (
            "correlation_keys",
            "ticket",
            {"correlation": sdk.EventCorrelation(entries=(sdk.CorrelationEntry(key="ticket", value="7"),))},
        ),
    ],
)
def test_every_set_of_a_filter_restricts_its_own_property(name: str, value: Any, change: dict[str, Any]) -> None:
    told = envelope(**change)
    assert sdk.EventFilter(**{name: sdk.EventFilterSet.Include([value])}).compile().matches_envelope(told)
    for other in (
        sdk.EventFilterSet.Include(["other"]),
        sdk.EventFilterSet.Include([]),
        sdk.EventFilterSet.Other("none"),
    ):
        compiled = sdk.EventFilter(**{name: other}).compile()
        assert not compiled.matches_envelope(told)
        assert len(compiled.indexed_fields) == 1
    empty = evolve(told, turn_id=None, destination=None, related_refs=(), tags=(), correlation=sdk.EventCorrelation())
    assert sdk.EventFilter.default().compile().matches_envelope(empty)


def test_equal_filters_have_equal_fingerprints_made_of_their_json() -> None:
    first, second = of_model(), of_model()
    assert (first.filter_id, first.filter_fingerprint) == (second.filter_id, second.filter_fingerprint)
    written = json.dumps(encode_contract(first.criteria), separators=(",", ":")).encode()
    assert first.filter_fingerprint == f"sha256:{sha256(written).hexdigest()}"
    assert first.filter_id == f"filter.{sha256(first.filter_fingerprint.encode()).hexdigest()}"
    assert first.filter_fingerprint != of_model(terminal_only=True).filter_fingerprint
    assert of_model(unknown_fields={"later": 1}).filter_fingerprint == first.filter_fingerprint


def test_a_filter_and_what_it_compiles_to_come_back() -> None:
    compiled = of_model(subject_kinds=sdk.EventFilterSet.Include([sdk.EntityKind.ToolCall]))
    for record in (compiled, compiled.criteria, sdk.SubscriptionOptions.default(), sdk.SubscriberQueueConfig.default()):
        written = json.loads(json.dumps(encode_contract(record)))
        found = decode_contract(type(record), written)
        assert found == record
        assert encode_contract(found) == written
    assert encode_contract(sdk.SubscriptionOptions.default()) == {
        "payload_access": "envelope_only",
        "queue": {"capacity": 64, "terminal_reserve": 1, "overflow": "drop_non_terminal"},
    }


@pytest.mark.parametrize("tags", ["none", {"except": ["a"]}, {"include": ["later"], "x": 1}, {"include": 5}, 7])
def test_sets_that_are_not_known_are_kept_or_rejected(tags: Any) -> None:
    written = {**encode_contract(sdk.EventFilter.default()), "tags": tags, "later": 1}
    try:
        found = decode_contract(sdk.EventFilter, written)
    except RecordRejected as error:
        rejected = error.field
    else:
        rejected = None
        assert encode_contract(found) == written
        assert not found.tags.is_any()
        assert "later" not in repr(found)
    assert rejected == (
        None if tags in ("none", {"except": ["a"]}) else "tags.include" if tags == {"include": 5} else "tags"
    )


def test_a_queue_has_at_least_one_place() -> None:
    with pytest.raises(ValueError, match="capacity"):
        sdk.SubscriberQueueConfig(capacity=0)
    assert sdk.EventFilterSet.default().matches("anything")


# Errors and policy


def test_an_error_keeps_its_context_and_causes() -> None:
    error = (
        sdk.AgentError.new(
            sdk.AgentErrorKind.PolicyDenial, sdk.RetryClassification.UserActionNeeded, "somebody has to allow it"
        )
        .with_policy_ref(sdk.PolicyRef.new("policy.approval"))
        .with_source(sdk.SourceRef.new("source.channel"))
        .with_destination(sdk.DestinationRef.new("destination.tool"))
        .with_causal_ids(sdk.CausalIds(run_id="run.one", tool_call_id="call.one"))
    )
    assert error.kind() is sdk.AgentErrorKind.PolicyDenial
    assert error.retry() is sdk.RetryClassification.UserActionNeeded
    context = error.context()
    assert context.message == "somebody has to allow it"
    assert [ref.as_str() for ref in context.policy_refs] == ["policy.approval"]
    assert context.source == sdk.SourceRef.new("source.channel")
    assert context.destination == sdk.DestinationRef.new("destination.tool")
    assert (error.causal_ids().run_id, error.causal_ids().tool_call_id) == ("run.one", "call.one")


def test_safe_content_policy_opens_no_gate() -> None:
    policy = capture_policy()
    assert not policy.allows_raw_content()
    open_elsewhere = evolve(policy, source_permits_content=True, sink_permits_content=True, byte_limit=1024)
    for mode in sdk.PolicyContentCaptureMode:
        raw = mode is sdk.PolicyContentCaptureMode.RawContent
        assert evolve(open_elsewhere, mode=mode).allows_raw_content() is raw


def test_safe_defaults_capture_nothing() -> None:
    assert capture_policy().mode is sdk.PolicyContentCaptureMode.Off
    sink = sdk.TelemetrySinkSpec.safe_local_diagnostic("sink.local")
    assert sink.content_capture is sdk.TelemetryContentCaptureMode.Off
    assert sdk.TelemetryContentCaptureMode.default() is sdk.TelemetryContentCaptureMode.Off


def test_a_capture_denial_as_it_is_written() -> None:
    denial = sdk.TelemetryContentCaptureDecision(
        allowed=False,
        requested_mode=sdk.TelemetryContentCaptureMode.RawContent,
        effective_mode=sdk.TelemetryContentCaptureMode.RedactedSummary,
        reason="retention is over",
        redaction_policy_id="policy.redaction",
        policy_refs=(sdk.PolicyRef.new("policy.content"),),
    )
    assert encode_contract(denial) == {
        "allowed": False,
        "requested_mode": "raw_content",
        "effective_mode": "redacted_summary",
        "reason": "retention is over",
        "redaction_policy_id": "policy.redaction",
        "policy_refs": [{"kind": "host", "id": "policy.content"}],
    }


# Telemetry


def test_helper_and_constructor_give_equal_usage_records() -> None:
    made = usage_projection(input_tokens=12, output_tokens=5, total_tokens=17)
    helped = TelemetryUsageExtractor.usage_record(made, "usage.record.1")
    explicit = sdk.TelemetryRecord.usage(
        sdk.TelemetryRecordId.new("telemetry.record.telemetry.usage.event.1"),
        made,
        sdk.TelemetryUsageRecordId.new("usage.record.1"),
    )
    assert helped == explicit
    assert encode_telemetry_record(helped) == {
        "schema_version": 1,
        "record_id": "telemetry.record.telemetry.usage.event.1",
        "run_id": "run.one",
        "agent_id": "agent.one",
        "source_cursor": {"type": "journal", "cursor": "journal.usage.1"},
        "runtime_package_fingerprint": "sha256:package",
        "privacy": "content_refs_only",
        "retention": "run_scoped",
        "content_capture": "off",
        "redaction_policy_id": "policy.redaction",
        "policy_refs": [{"kind": "host", "id": "policy.telemetry"}],
        "payload": {
            "type": "usage",
            "record": {
                "usage_record_id": "usage.record.1",
                "units": {"input_tokens": 12, "output_tokens": 5, "total_tokens": 17},
                "provider_id": "provider.fake",
                "model_id": "model.fake",
            },
        },
    }


def test_usage_of_a_provider_has_neither_bytes_nor_media() -> None:
    told = sdk.ProviderUsage(input_tokens=12, total_tokens=17)
    assert sdk.UsageUnits.from_(told) == sdk.UsageUnits(input_tokens=12, total_tokens=17)
    assert sdk.UsageUnits.from_(sdk.ProviderUsage.default()) == sdk.UsageUnits.default()
    written = {"input_tokens": 12, "output_tokens": None, "total_tokens": 17}
    assert encode_contract(told) == written
    assert encode_contract(decode_contract(sdk.ProviderUsage, written)) == written


def test_accounting_needs_no_content() -> None:
    made = usage_projection(input_tokens=10, output_tokens=7, total_tokens=17)
    assert made.content_capture is sdk.TelemetryContentCaptureMode.Off
    assert made.raw_content is None
    assert made.usage is not None
    assert made.usage.total_tokens == 17
    assert "without raw prompt, tool, or model content" in made.redacted_summary


def test_a_sink_failure_as_it_is_written() -> None:
    terminal = terminal_run_projection_from_event(run_completed(9))
    failure = sdk.TelemetrySinkFailureRecord(
        sink_id="sink.one",
        sink_kind=sdk.TelemetrySinkKind.Test,
        failure_kind=sdk.TelemetrySinkFailureKind.SinkUnavailable,
        terminal_preserved=True,
        dropped_count=0,
        last_acknowledged_cursor=sdk.TelemetryExportCursor.new("sink.one"),
        repair_cursor=terminal.source_record.source_cursor,
        redacted_summary="out of reach for now",
    )
    record = sdk.TelemetryRecord.sink_failed("telemetry.sink.one.sink_failed.1", terminal, failure)
    assert encode_telemetry_record(record)["payload"] == {
        "type": "sink_failed",
        "record": {
            "sink_id": "sink.one",
            "sink_kind": "test",
            "failure_kind": "sink_unavailable",
            "terminal_preserved": True,
            "dropped_count": 0,
            "last_acknowledged_cursor": {"sink_id": "sink.one", "export_seq": 0},
            "repair_cursor": {"type": "journal", "cursor": "journal.9"},
            "unsafe_pending_reason": None,
            "redacted_summary": "out of reach for now",
        },
    }


def test_r49_export_cursor_is_neither_event_nor_journal_cursor() -> None:
    source = terminal_run_projection_from_event(run_completed(9)).source_record.source_cursor
    export = sdk.TelemetryExportCursor.new(sdk.TelemetrySinkId.new("sink.cursor"))
    assert isinstance(source, sdk.TelemetrySourceCursor.Journal)
    assert (export.sink_id, export.export_seq, export.last_acknowledged_source) == ("sink.cursor", 0, None)
    assert encode_contract(export) == {"sink_id": "sink.cursor", "export_seq": 0}


def test_telemetry_has_no_authority() -> None:
    assert set(encode_contract(telemetry_authority_boundary()).values()) == {False}


def test_raw_content_is_in_no_event_and_in_a_projection_only_until_it_is_taken_out() -> None:
    opted_in = projection(content_capture=sdk.TelemetryContentCaptureMode.RawContent, raw_content=RAW)
    assert opted_in.raw_content == RAW
    assert RAW not in repr(opted_in)
    stripped = opted_in.without_raw_content()
    assert RAW not in repr(encode_contract(stripped))
    assert stripped.content_capture is sdk.TelemetryContentCaptureMode.RedactedSummary
    assert RAW not in repr(encode_agent_event(model_delta(1)))
