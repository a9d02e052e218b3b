"""Projections and records made of events (rules R56 to R61)."""

from __future__ import annotations

from typing import Any

from attrs import evolve
import pytest

from agent_otel.model import agent_sdk as sdk
from agent_otel.sources.agent_sdk.codec import encode_telemetry_projection, encode_telemetry_record
from agent_otel.sources.agent_sdk.extraction import (
    TelemetryUsageExtractionInput,
    TelemetryUsageExtractor,
    sink_health_projection,
    telemetry_authority_boundary,
    terminal_run_projection_from_event,
)
from sources.agent_sdk_contract import SENTINEL, envelope, event, projection

UNITS = sdk.UsageUnits(input_tokens=3, output_tokens=4, total_tokens=7)


def extract(told: sdk.AgentEvent, cursor: sdk.EventCursor | None = None) -> sdk.TelemetryProjection:
    return TelemetryUsageExtractor.extract_from_event(
        TelemetryUsageExtractionInput(
            event=told, event_cursor=cursor, provider_id="provider.fake", model_id="model.fake", usage=UNITS
        )
    )


@pytest.mark.parametrize("family", [*sdk.EventFamily, "brand_new"])
def test_r56_usage_comes_from_models_runs_and_subagents_only(family: sdk.EventFamily | str) -> None:
    told = event(1, family, sdk.EventKind.UsageRecorded)
    if family in {sdk.EventFamily.Model, sdk.EventFamily.Run, sdk.EventFamily.Subagent}:
        assert extract(told).usage is UNITS
        return
    with pytest.raises(sdk.AgentError) as raised:
        extract(told)
    assert raised.value.kind() is sdk.AgentErrorKind.TelemetryFailure
    assert raised.value.retry() is sdk.RetryClassification.RepairNeeded


def test_r57_usage_projection() -> None:
    told = event(
        2,
        sdk.EventFamily.Model,
        sdk.EventKind.ModelMessageCompleted,
        attempt_id="attempt.one",
        journal_cursor="journal.2",
    )
    made = extract(told, told.envelope.cursor(sdk.EventStreamScope.All()))
    assert made.projection_id == "telemetry.usage.event.2"
    assert made.projection_kind is sdk.TelemetryProjectionKind.Usage
    assert made.content_capture is sdk.TelemetryContentCaptureMode.Off
    assert made.raw_content is None
    assert made.retention is sdk.RetentionClass.RunScoped
    assert made.terminal_status is sdk.TelemetryTerminalStatus.Completed
    assert made.source_record.source_cursor == sdk.TelemetrySourceCursor.Journal("journal.2")
    assert made.destination is not None
    assert made.destination.kind is sdk.DestinationKind.Telemetry
    assert (made.provider_id, made.model_id, made.tool_name) == ("provider.fake", "model.fake", None)
    shared = (
        "run_id",
        "agent_id",
        "turn_id",
        "attempt_id",
        "event_id",
        "journal_cursor",
        "trace_id",
        "span_id",
        "source",
        "subject_ref",
        "policy_refs",
        "privacy",
        "redaction_policy_id",
        "runtime_package_fingerprint",
    )
    assert all(getattr(made, name) == getattr(told.envelope, name) for name in shared)
    assert (made.cost, made.sink_health) == (None, None)


def test_r57_source_cursor_is_the_journals_else_the_events() -> None:
    live = event(2, sdk.EventFamily.Model, sdk.EventKind.ModelMessageCompleted)
    cursor = live.envelope.cursor(sdk.EventStreamScope.All())
    assert extract(live, cursor).source_record.source_cursor == sdk.TelemetrySourceCursor.Event(cursor)
    assert extract(live, cursor).source_record.event_cursor == cursor
    assert extract(live).source_record.source_cursor is None


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (sdk.EventKind.RunCompleted, sdk.TelemetryTerminalStatus.Completed),
        (sdk.EventKind.RunCancelled, sdk.TelemetryTerminalStatus.Cancelled),
        (sdk.EventKind.RunFailed, sdk.TelemetryTerminalStatus.Failed),
        (sdk.EventKind.TurnCompleted, sdk.TelemetryTerminalStatus.Unknown),
        (sdk.EventKind.ApprovalTimedOut, sdk.TelemetryTerminalStatus.Unknown),
        ("run_timed_out", sdk.TelemetryTerminalStatus.Unknown),
    ],
)
def test_r58_terminal_projection(kind: Any, status: sdk.TelemetryTerminalStatus) -> None:
    made = terminal_run_projection_from_event(event(3, sdk.EventFamily.Run, kind, journal_cursor="journal.3"))
    assert made.projection_id == "telemetry.terminal.event.3"
    assert made.projection_kind is sdk.TelemetryProjectionKind.RunTerminal
    assert made.is_terminal_preserved()
    assert made.terminal_status is status
    assert made.source_record.source_cursor == sdk.TelemetrySourceCursor.Journal("journal.3")
    assert (made.usage, made.provider_id, made.model_id, made.raw_content) == (None, None, None, None)
    assert made.content_capture is sdk.TelemetryContentCaptureMode.Off


def test_r58_source_cursor_comes_from_the_journal_only() -> None:
    told = event(3, sdk.EventFamily.Run, sdk.EventKind.RunCompleted)
    made = terminal_run_projection_from_event(told)
    assert made.source_record.source_cursor is None
    assert made.source_record.event_cursor == told.envelope.cursor(sdk.EventStreamScope.Run("run.one"))


def test_r59_usage_record_follows_from_its_projection() -> None:
    made = extract(event(2, sdk.EventFamily.Model, sdk.EventKind.ModelMessageCompleted, journal_cursor="journal.2"))
    record = TelemetryUsageExtractor.usage_record(made, "usage.1")
    assert record == sdk.TelemetryRecord.usage("telemetry.record.telemetry.usage.event.2", made, "usage.1")
    assert record.record_id == "telemetry.record.telemetry.usage.event.2"
    assert record.source_cursor == sdk.TelemetrySourceCursor.Journal("journal.2")


def test_r60_sink_health_projection() -> None:
    base = projection(content_capture=sdk.TelemetryContentCaptureMode.RawContent, raw_content=SENTINEL)
    made = sink_health_projection(
        base, "sink.one", sdk.TelemetrySinkKind.OpenTelemetry, sdk.TelemetrySinkHealthState.Failed
    )
    assert made.projection_id == "telemetry.sink_health.sink.one"
    assert made.projection_kind is sdk.TelemetryProjectionKind.SinkHealth
    assert made.raw_content is None
    assert made.content_capture is sdk.TelemetryContentCaptureMode.RedactedSummary
    assert made.sink_health == sdk.TelemetrySinkHealth(
        sink_id="sink.one",
        sink_kind=sdk.TelemetrySinkKind.OpenTelemetry,
        state=sdk.TelemetrySinkHealthState.Failed,
        failure_kind=None,
        terminal_preserved=True,
        dropped_count=0,
    )
    again = sink_health_projection(
        base, "sink.one", sdk.TelemetrySinkKind.OpenTelemetry, sdk.TelemetrySinkHealthState.Recovered
    )
    assert again.projection_id == made.projection_id  # it identifies nothing
    assert (made.run_id, made.source_record) == (base.run_id, base.source_record)


def test_r61_telemetry_decides_nothing() -> None:
    boundary = telemetry_authority_boundary()
    assert not boundary.can_decide_run_state
    assert not boundary.can_decide_policy_outcome
    assert not boundary.can_decide_output_delivery
    assert not boundary.can_decide_side_effect_status


def test_no_content_of_an_event_reaches_what_is_made_of_it() -> None:
    told = sdk.AgentEvent.with_redacted_summary(
        envelope(2, sdk.EventFamily.Run, sdk.EventKind.RunCompleted, state_after=SENTINEL, tags=(SENTINEL,)), SENTINEL
    )
    usage = extract(told)
    written = [
        encode_telemetry_projection(usage),
        encode_telemetry_projection(terminal_run_projection_from_event(told)),
        encode_telemetry_record(TelemetryUsageExtractor.usage_record(usage, "usage.1")),
    ]
    assert SENTINEL not in repr(written)


def test_what_is_made_of_one_event_is_always_the_same() -> None:
    told = event(2, sdk.EventFamily.Model, sdk.EventKind.ModelMessageCompleted)
    assert extract(told) == extract(evolve(told))
