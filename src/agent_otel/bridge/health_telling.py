"""Tells how delivery fares: log records of sinks that fail and recover and of what was lost, one warning a minute."""

from __future__ import annotations

from collections.abc import Iterable
import time
from typing import Final

from agent_otel.conventions import attributes as a
from agent_otel.conventions import names as n
from agent_otel.correlate import SpanRef
from agent_otel.delivery import FanoutRecord, Item
from agent_otel.emit import LogEmitter
from agent_otel.model import DeliveryClass
from agent_otel.model.agent_sdk.telemetry_records import TelemetrySinkFailureRecord
from agent_otel.processors import DeliveryWarning, LateLoss, Outbox
from agent_otel.project import LogData

__all__ = ["HealthTeller"]

_WARN: Final = 13


class HealthTeller:
    """Looks at the outboxes about once a second. Called on our worker, never on the agent's thread.

    Args:
        outboxes: Of all sinks.
        logs: Where records go.
    """

    def __init__(self, outboxes: Iterable[Outbox], logs: LogEmitter) -> None:
        self._outboxes = list(outboxes)
        self._logs = logs
        self._warning = DeliveryWarning(outbox for outbox in self._outboxes if outbox.warning is None)

    def tell(self) -> None:
        """Tell what is new."""
        for outbox in self._outboxes:
            for record in outbox.take_news():
                self._logs.emit(_of_record(record))
            for loss in outbox.take_late_losses():
                self.tell_loss(loss)
        self._warning.look()

    def tell_loss(self, loss: LateLoss) -> None:
        """Tell what was lost of a run whose own span does not say it."""
        self._logs.emit(
            LogData(
                event_name=n.EVENT_LOST,
                time_ns=time.time_ns(),
                severity=_WARN,
                attributes={a.SINK: loss.sink_id, a.RUN_ID: loss.run_id, **loss.counts},
                span=SpanRef(loss.trace_id, loss.span_id),
                delivery_class=DeliveryClass.HEALTH,
            )
        )


def _of_record(record: FanoutRecord[Item]) -> LogData:
    told, about = record.told, record.about
    attributes: dict[str, str | int | bool] = {
        a.SINK: told.sink_id,
        a.RECORD_ID: record.record_id,
        a.SINK_REASON: told.redacted_summary,
    }
    is_failure = isinstance(told, TelemetrySinkFailureRecord)
    if isinstance(told, TelemetrySinkFailureRecord):
        attributes[a.SINK_FAILURE_KIND] = str(getattr(told.failure_kind, "value", told.failure_kind))
        attributes[a.SINK_KEPT] = told.terminal_preserved
        attributes[a.LOST_COUNT] = told.dropped_count
    return LogData(
        event_name=n.EVENT_SINK_FAILED if is_failure else n.EVENT_SINK_RECOVERED,
        time_ns=time.time_ns(),
        severity=_WARN if is_failure else 9,
        attributes=attributes,
        span=SpanRef(about.trace_id, about.span_id) if about.trace_id and about.span_id else None,
        delivery_class=DeliveryClass.HEALTH,
    )
