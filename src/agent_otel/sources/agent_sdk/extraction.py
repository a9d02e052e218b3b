"""Projections and records made of events, as the contract makes them (rules R56 to R61).

Nothing here carries content, and nothing decides anything.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from agent_otel.model.agent_sdk import (
    TELEMETRY_SCHEMA_VERSION,
    AgentError,
    AgentErrorKind,
    AgentEvent,
    DestinationKind,
    DestinationRef,
    EventCursor,
    EventEnvelope,
    EventFamily,
    EventKind,
    EventStreamScope,
    RetentionClass,
    RetryClassification,
    TelemetryAuthorityBoundary,
    TelemetryContentCaptureMode,
    TelemetryProjection,
    TelemetryProjectionKind,
    TelemetryRecord,
    TelemetrySinkHealth,
    TelemetrySinkHealthState,
    TelemetrySinkKind,
    TelemetrySourceCursor,
    TelemetrySourceRecord,
    TelemetryTerminalStatus,
    UsageUnits,
)
from agent_otel.model.agent_sdk.words import evolved

__all__ = [
    "TelemetryUsageExtractionInput",
    "TelemetryUsageExtractor",
    "sink_health_projection",
    "telemetry_authority_boundary",
    "terminal_run_projection_from_event",
]

_USAGE_FAMILIES: Final = frozenset({EventFamily.Model, EventFamily.Run, EventFamily.Subagent})
_TERMINAL_STATUSES: Final = {
    EventKind.RunCompleted: TelemetryTerminalStatus.Completed,
    EventKind.RunCancelled: TelemetryTerminalStatus.Cancelled,
    EventKind.RunFailed: TelemetryTerminalStatus.Failed,
}
_USAGE_SUMMARY: Final = "what an event used, without raw prompt, tool, or model content"
_TERMINAL_SUMMARY: Final = "how a run ended, as its event tells"
_BOUNDARY: Final = TelemetryAuthorityBoundary(
    can_decide_run_state=False,
    can_decide_policy_outcome=False,
    can_decide_output_delivery=False,
    can_decide_side_effect_status=False,
)


@frozen(kw_only=True)
class TelemetryUsageExtractionInput:
    """What a usage projection is made of: an event, where it stands, and what was used."""

    event: AgentEvent
    event_cursor: EventCursor | None
    provider_id: str | None
    model_id: str | None
    usage: UsageUnits


class TelemetryUsageExtractor:
    """Makes usage projections and usage records."""

    @staticmethod
    def extract_from_event(input: TelemetryUsageExtractionInput) -> TelemetryProjection:  # noqa: A002
        """Make the usage projection of an event (rules R56 and R57).

        Its source cursor is the journal's if the event has one, else the event cursor.

        Raises:
            AgentError: A telemetry failure that needs repair, if the event is of no family that uses anything.
        """
        envelope = input.event.envelope
        if envelope.event_family not in _USAGE_FAMILIES:
            raise AgentError.new(
                AgentErrorKind.TelemetryFailure,
                RetryClassification.RepairNeeded,
                "only events about a model, a run or a sub-agent tell usage",
            )
        cursor = input.event_cursor
        return _projection(
            envelope,
            "usage",
            projection_kind=TelemetryProjectionKind.Usage,
            event_cursor=cursor,
            source_cursor=_journal(envelope) or (None if cursor is None else TelemetrySourceCursor.Event(cursor)),
            provider_id=input.provider_id,
            model_id=input.model_id,
            usage=input.usage,
            terminal_status=TelemetryTerminalStatus.Completed,
            redacted_summary=_USAGE_SUMMARY,
        )

    @staticmethod
    def usage_record(projection: TelemetryProjection, usage_record_id: str) -> TelemetryRecord:
        """Make the usage record of a projection; its id follows from the projection's (rule R59)."""
        return TelemetryRecord.usage(f"telemetry.record.{projection.projection_id}", projection, usage_record_id)


def terminal_run_projection_from_event(event: AgentEvent) -> TelemetryProjection:
    """Make the projection of a run's end (rule R58).

    A kind that ends no run gives the status ``Unknown``; a run that timed out has no kind of its own. Its source cursor
    comes from the journal only.
    """
    envelope = event.envelope
    kind = envelope.event_kind
    status = _TERMINAL_STATUSES.get(kind) if isinstance(kind, EventKind) else None
    return _projection(
        envelope,
        "terminal",
        projection_kind=TelemetryProjectionKind.RunTerminal,
        event_cursor=envelope.cursor(EventStreamScope.Run(envelope.run_id)),
        source_cursor=_journal(envelope),
        terminal_status=status or TelemetryTerminalStatus.Unknown,
        redacted_summary=_TERMINAL_SUMMARY,
    )


def sink_health_projection(
    base: TelemetryProjection, sink_id: str, sink_kind: TelemetrySinkKind, state: TelemetrySinkHealthState
) -> TelemetryProjection:
    """Make the projection of a sink's health from another projection, without its raw content (rule R60).

    Its id is the same each time, so it identifies nothing.
    """
    health = TelemetrySinkHealth(
        sink_id=sink_id, sink_kind=sink_kind, state=state, terminal_preserved=True, dropped_count=0
    )
    return evolved(
        base.without_raw_content(),
        projection_id=f"telemetry.sink_health.{sink_id}",
        projection_kind=TelemetryProjectionKind.SinkHealth,
        sink_health=health,
    )


def telemetry_authority_boundary() -> TelemetryAuthorityBoundary:
    """Give what telemetry may decide: nothing (rule R61)."""
    return _BOUNDARY


def _journal(envelope: EventEnvelope) -> TelemetrySourceCursor | None:
    cursor = envelope.journal_cursor
    return None if cursor is None else TelemetrySourceCursor.Journal(cursor)


def _projection(
    envelope: EventEnvelope,
    label: str,
    *,
    event_cursor: EventCursor | None,
    source_cursor: TelemetrySourceCursor | None,
    **own: Any,
) -> TelemetryProjection:
    """Make a projection without content: what it shares with its event, and what is its own."""
    return TelemetryProjection(
        schema_version=TELEMETRY_SCHEMA_VERSION,
        projection_id=f"telemetry.{label}.{envelope.event_id}",
        source_record=TelemetrySourceRecord(
            event_family=envelope.event_family,
            event_kind=envelope.event_kind,
            event_cursor=event_cursor,
            source_cursor=source_cursor,
        ),
        run_id=envelope.run_id,
        agent_id=envelope.agent_id,
        turn_id=envelope.turn_id,
        attempt_id=envelope.attempt_id,
        event_id=envelope.event_id,
        journal_cursor=envelope.journal_cursor,
        trace_id=envelope.trace_id,
        span_id=envelope.span_id,
        runtime_package_fingerprint=envelope.runtime_package_fingerprint,
        source=envelope.source,
        destination=DestinationRef.with_kind(DestinationKind.Telemetry, f"destination.telemetry.{label}"),
        subject_ref=envelope.subject_ref,
        policy_refs=envelope.policy_refs,
        privacy=envelope.privacy,
        retention=RetentionClass.RunScoped,
        content_capture=TelemetryContentCaptureMode.Off,
        redaction_policy_id=envelope.redaction_policy_id,
        **own,
    )
