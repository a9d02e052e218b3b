"""The health of the source's own telemetry: its sinks, their cursors, and events that were lost (R60, R64, R65)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from agent_otel.model import AgentEvent, Content, ContentKind, EventIds, EventKind, Fact, Names, Outcome
from agent_otel.model import agent_sdk as sdk
from agent_otel.sources.agent_sdk.lineage import Lineage, cursor_lineage, projection_lineage, record_lineage
from agent_otel.sources.agent_sdk.parts import ORIGIN, clamped, identifier, word
from agent_otel.sources.protocol import Context

__all__ = ["Health", "usage_may_be_lost"]

_MAX_SINKS: Final = 256
_OTHER: Final = "other"
_SINK: Final = "telemetry_sink"
_HARMLESS: Final = "backpressure_caller"  # it drops nothing, and live streams do not have it


def usage_may_be_lost(policy: Any) -> bool:
    """Whether a subscriber with this overflow policy can lose usage and cost events.

    Usage counts as droppable progress for the event bus, though not for the telemetry fan-out (rule R64). A subscriber
    that is failed gets nothing any more, usage included.
    """
    return word(policy) != _HARMLESS


class Health:
    """Maps what the source says about its telemetry; remembers how much each sink had lost before.

    Args:
        nonce: Of the document: none of these records has a time.
    """

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce
        self._dropped: OrderedDict[str, int] = OrderedDict()

    def of_overflow(
        self, notice: sdk.EventOverflowNotice, context: Context, *, run: str | None, time_ns: int | None = None
    ) -> AgentEvent:
        """Map an overflow notice: that many events never came (rule R65).

        Args:
            notice: The notice.
            context: Its place.
            run: Run of the frame that it rides on.
            time_ns: Time of the event of that frame.
        """
        last = notice.gap_end
        lineage: Lineage = {
            "overflow.policy": identifier(word(notice.policy)) or _OTHER,
            "overflow.terminal_preserved": notice.terminal_preserved,
            "overflow.gap_end.event_id": last.event_id,
            "overflow.gap_end.event_seq": clamped(last.event_seq),
        }
        if notice.gap_start is not None:
            lineage["overflow.gap_start.event_id"] = notice.gap_start.event_id
            lineage["overflow.gap_start.event_seq"] = clamped(notice.gap_start.event_seq)
        if notice.repair_from is not None:
            lineage["overflow.repair_from"] = notice.repair_from
        facts: dict[Fact, Any] = {
            Fact.LOST_COUNT: clamped(notice.dropped_count),
            Fact.LOSS_REASON: identifier(word(notice.reason)) or _OTHER,
        }
        if usage_may_be_lost(notice.policy):
            facts[Fact.USAGE_INCOMPLETE] = True
        ids = EventIds(event=f"overflow/{last.event_id}", run=run)
        return self._event("event_overflow", ids, context, facts, lineage, time_ns=time_ns)

    def of_record(self, record: sdk.TelemetryRecord, context: Context) -> AgentEvent | None:
        """Map a telemetry record about a sink; None for one of an unknown kind."""
        payload = record.payload
        if isinstance(payload, sdk.TelemetryRecordPayload.SinkFailed):
            return self._failed(record, payload.record, context)
        if isinstance(payload, sdk.TelemetryRecordPayload.SinkRecovered):
            return self._recovered(record, payload.record, context)
        if isinstance(payload, sdk.TelemetryRecordPayload.ExportCursor):
            lineage = record_lineage(record)
            _add_cursor(lineage, payload.record.cursor)
            return self._event("telemetry_export_cursor", _ids_of(record), context, {Fact.COMPONENT: _SINK}, lineage)
        return None

    def _failed(
        self, record: sdk.TelemetryRecord, part: sdk.TelemetrySinkFailureRecord, context: Context
    ) -> AgentEvent:
        """Map the failure of a sink. Its count is a lifetime total (rule R35): only what came on top is a new loss."""
        lineage = record_lineage(record)
        _add_cursor(lineage, part.last_acknowledged_cursor)
        _add_sink(lineage, part.sink_id, part.sink_kind)
        lineage["telemetry.sink.dropped_total"] = clamped(part.dropped_count)
        lineage["telemetry.sink.terminal_preserved"] = part.terminal_preserved
        if (repair := cursor_lineage(part.repair_cursor)) is not None:
            lineage["telemetry.repair.cursor"] = repair
        failure = identifier(word(part.failure_kind)) or _OTHER
        facts: dict[Fact, Any] = {Fact.STATE: "failed", Fact.COMPONENT: _SINK}
        lost = self._newly_dropped(part.sink_id, part.dropped_count)
        if lost:
            facts.update({Fact.LOST_COUNT: lost, Fact.LOSS_REASON: failure})
        outcome, text = Outcome.ERROR, part.redacted_summary
        return self._event(
            _SINK, _ids_of(record), context, facts, lineage, outcome=outcome, error_type=failure, text=text
        )

    def _recovered(
        self, record: sdk.TelemetryRecord, part: sdk.TelemetrySinkRecoveryRecord, context: Context
    ) -> AgentEvent:
        lineage = record_lineage(record)
        _add_cursor(lineage, part.export_cursor)
        _add_sink(lineage, part.sink_id, part.sink_kind)
        facts: dict[Fact, Any] = {Fact.STATE: "recovered", Fact.COMPONENT: _SINK}
        return self._event(_SINK, _ids_of(record), context, facts, lineage, outcome=Outcome.OK)

    def of_projection(self, projection: sdk.TelemetryProjection, context: Context) -> AgentEvent:
        """Map a projection about a sink; its id is the same each time (rule R60), so it identifies nothing."""
        lineage = projection_lineage(projection)
        ids = EventIds(run=projection.run_id, agent=projection.agent_id)
        health = projection.sink_health
        if health is None:
            facts: dict[Fact, Any] = {Fact.COMPONENT: _SINK}
            return self._event(identifier(word(projection.projection_kind)) or _OTHER, ids, context, facts, lineage)
        _add_cursor(lineage, health.export_cursor)
        _add_sink(lineage, health.sink_id, health.sink_kind)
        state = identifier(word(health.state)) or _OTHER
        failure = None if health.failure_kind is None else identifier(word(health.failure_kind)) or _OTHER
        has_failed = state == "failed"
        return self._event(
            _SINK,
            ids,
            context,
            {Fact.STATE: state, Fact.COMPONENT: _SINK},
            lineage,
            outcome=Outcome.ERROR if has_failed else Outcome.OK,
            error_type=failure or "telemetry_sink_failed" if has_failed else None,
            text=projection.redacted_summary if has_failed else None,
        )

    def _newly_dropped(self, sink: str, total: int) -> int:
        before = self._dropped.pop(sink, 0)
        self._dropped[sink] = max(before, total)
        if len(self._dropped) > _MAX_SINKS:
            self._dropped.popitem(last=False)
        return clamped(max(0, total - before))

    def _event(
        self,
        subject: str,
        ids: EventIds,
        context: Context,
        facts: dict[Fact, Any],
        lineage: Lineage,
        *,
        time_ns: int | None = None,
        outcome: Outcome = Outcome.UNSET,
        error_type: str | None = None,
        text: str | None = None,
    ) -> AgentEvent:
        is_receipt = time_ns is None
        if is_receipt and self._nonce:
            ids = EventIds(event=ids.event, run=ids.run, agent=ids.agent, nonce=self._nonce)
        return AgentEvent(
            kind=EventKind.HEALTH,
            origin=ORIGIN,
            time_ns=context.receipt_ns if time_ns is None else time_ns,
            time_is_receipt=is_receipt,
            ids=ids,
            names=Names(subject=subject),
            outcome=outcome,
            error_type=error_type,
            contents={ContentKind.ERROR_TEXT: Content(text)} if text else {},
            facts=facts,
            lineage=lineage,
            cursor=context.cursor,
        )


def _ids_of(record: sdk.TelemetryRecord) -> EventIds:
    return EventIds(event=record.record_id, run=record.run_id, agent=record.agent_id)


def _add_sink(lineage: Lineage, sink_id: str, sink_kind: Any) -> None:
    lineage["telemetry.sink.id"] = sink_id
    lineage["telemetry.sink.kind"] = identifier(word(sink_kind)) or _OTHER


def _add_cursor(lineage: Lineage, export_cursor: sdk.TelemetryExportCursor | None) -> None:
    if export_cursor is None:
        return
    lineage["telemetry.sink.id"] = export_cursor.sink_id
    lineage["telemetry.export.cursor"] = clamped(export_cursor.export_seq)
    if (acknowledged := cursor_lineage(export_cursor.last_acknowledged_source)) is not None:
        lineage["telemetry.export.acknowledged"] = acknowledged
