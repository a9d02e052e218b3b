"""``TelemetryFanout``: the decision core of delivery. What arrives is queued for every sink, within bounds.

It keeps rules R26 to R49 of agent-sdk-core exactly, for the contract's projections and live items alike; what it can do
beyond them is in ``FanoutAdditions``, all off unless switched on. It decides and counts, and does nothing else: it has
no thread, no lock and no clock. Who shares one between threads holds a lock around each call.

In: projections or items, and what sinks answered. Out: reports of what was queued, lost and recovered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Generic

from agent_otel.delivery.fanout_additions import CONTRACT_ONLY, FanoutAdditions
from agent_otel.delivery.fanout_held import H
from agent_otel.delivery.fanout_reports import (
    Eviction,
    FanoutCounts,
    FanoutRecord,
    LiveReport,
    SettleReport,
    contract_record,
)
from agent_otel.delivery.fanout_settling import drain, settle
from agent_otel.delivery.fanout_sink import SinkState, contract_spec
from agent_otel.delivery.sink import SinkSpec, SinkVerdict
from agent_otel.model.agent_sdk.errors import AgentError
from agent_otel.model.agent_sdk.fanout import TelemetryDrainReport, TelemetryFanoutConfig, TelemetryFanoutReport
from agent_otel.model.agent_sdk.projection import TelemetryProjection
from agent_otel.model.agent_sdk.sinks import TelemetrySinkAck, TelemetrySinkError, TelemetrySinkSpec
from agent_otel.model.agent_sdk.telemetry_cursors import TelemetryExportCursor

__all__ = ["TelemetryFanout"]


class TelemetryFanout(Generic[H]):
    """Queues for every sink what arrives, and keeps them apart.

    Every method that names a sink raises ``AgentError.HostConfigurationNeeded`` if it is not registered (R40), save the
    two that only look: ``sink_queue_len`` and ``queued_for_sink``.

    Args:
        config: Capacity, reserve and what happens to progress that does not fit.
        additions: What holds beyond the contract; nothing unless given.
    """

    def __init__(self, config: TelemetryFanoutConfig, additions: FanoutAdditions = CONTRACT_ONLY) -> None:
        self._config = config
        self._additions = additions
        self._sinks: dict[str, SinkState[H]] = {}  # in sink-id order (R36)
        self._nothing_lost: dict[int, LiveReport[H]] = {}  # the reports of nearly all arrivals, by how many took them

    @classmethod
    def safe_defaults(cls) -> TelemetryFanout[H]:
        """Make one with the configuration that suits most."""
        return cls(TelemetryFanoutConfig.safe_defaults())

    def register_sink(self, spec: SinkSpec | TelemetrySinkSpec) -> None:
        """Add a sink with an empty queue; one of the same id is replaced, and what it had is gone (R39).

        Raises:
            AgentError: If it has no id.
            ValueError: If its capacity is less than 1.
        """
        if not spec.sink_id:
            raise AgentError.missing_required_field("telemetry.sink_id")
        state: SinkState[H] = SinkState(contract_spec(spec), self._config, self._additions)
        self._sinks = dict(sorted({**self._sinks, spec.sink_id: state}.items()))

    def sink_queue_len(self, sink_id: str) -> int | None:
        """Count what is queued for a sink; None if there is no such sink."""
        state = self._sinks.get(sink_id)
        return None if state is None else len(state.queue)

    def sink_queue_bytes(self, sink_id: str) -> int | None:
        """Count the bytes that are queued for a sink; None if there is no such sink."""
        state = self._sinks.get(sink_id)
        return None if state is None else state.queue.bytes

    def queued_for_sink(self, sink_id: str) -> tuple[H, ...]:
        """Give what is queued for a sink, the head first; nothing if there is no such sink."""
        state = self._sinks.get(sink_id)
        return () if state is None else tuple(state.queue)

    def counts(self, sink_id: str) -> FanoutCounts:
        """Give the books of a sink: they balance at every moment."""
        return self._state(sink_id).counts()

    def export_cursor(self, sink_id: str) -> TelemetryExportCursor:
        """Give how far a sink has come; an attempt that failed leaves no trace in it (R45)."""
        return self._state(sink_id).cursor

    def try_record(
        self: TelemetryFanout[TelemetryProjection], projection: TelemetryProjection
    ) -> TelemetryFanoutReport:
        """Queue a projection for every sink, as the rules have it (R26 to R38).

        Returns:
            How many sinks queued it, how much was dropped for it, and the contract's records of that.
        """
        report = self.record_live(projection)
        records = tuple(contract_record(record) for record in report.records)
        return TelemetryFanoutReport(enqueued=report.enqueued, dropped=len(report.evicted), records=records)

    def record_live(self, held: H, sink_ids: Collection[str] | None = None) -> LiveReport[H]:
        """Queue something by the same rules, and tell what was lost by it.

        Args:
            held: What arrives.
            sink_ids: The sinks that it is for, where sinks do not all get the same; None for all.
        """
        enqueued = 0
        evicted: list[Eviction[H]] = []
        records: list[FanoutRecord[H]] = []
        chosen = self._sinks if sink_ids is None else {one: self._state(one) for one in sorted(sink_ids)}
        for sink_id, state in chosen.items():
            decision, record = state.arrive(held)
            enqueued += decision.enters
            if decision.lost:
                evicted.extend(Eviction(sink_id, one, reason) for one, reason in decision.lost)
            if record is not None:
                records.append(record)
        if not evicted and not records:
            return self._nothing_lost.get(enqueued) or self._nothing_lost.setdefault(
                enqueued, LiveReport(enqueued=enqueued)
            )
        return LiveReport(enqueued=enqueued, evicted=tuple(evicted), records=tuple(records))

    def drain_sink(
        self: TelemetryFanout[TelemetryProjection],
        sink_id: str,
        export: Callable[[TelemetryProjection, TelemetryExportCursor], TelemetrySinkAck | TelemetrySinkError],
    ) -> TelemetryDrainReport:
        """Export what is queued for a sink, one by one from the head, until it is empty or fails (R41 to R47).

        Args:
            sink_id: The sink.
            export: Hands one projection to the sink, with the cursor of the attempt, and gives its answer.

        Raises:
            AgentError: Before anything else, if a batch of the sink is under way.
        """
        state = self._state(sink_id)
        exported, records = drain(state, export, quarantines=self._additions.quarantines)
        return TelemetryDrainReport(exported=exported, records=tuple(contract_record(record) for record in records))

    def peek(self, sink_id: str, most_items: int, most_bytes: int) -> tuple[H, ...]:
        """Give the head of a sink's queue for export: at least one item if there is any.

        What it gives is in flight until the next ``settle`` or ``peek``: it stays queued and counts as such, but no
        overflow evicts it. A verdict therefore is always about the items that were peeked.

        Args:
            sink_id: The sink.
            most_items: How many items at most.
            most_bytes: How many bytes they take at most, unless the first alone takes more.
        """
        return self._state(sink_id).queue.peek(most_items, most_bytes)

    def settle(self, sink_id: str, verdict: SinkVerdict) -> SettleReport[H]:
        """Take out what a sink has done with of what was peeked, by R42 to R47; nothing is in flight any more.

        A verdict that settles nothing and has no failure gives the batch up: it will be the head again. Without the
        addition ``quarantines``, the first refused item is a failure and stays at the head, with all behind it.

        Raises:
            AgentError: If the verdict cannot be about what was peeked; then nothing has changed.
        """
        return settle(self._state(sink_id), verdict, quarantines=self._additions.quarantines)

    def _state(self, sink_id: str) -> SinkState[H]:
        try:
            return self._sinks[sink_id]
        except KeyError:
            raise AgentError.host_configuration_needed("telemetry sink is not registered") from None
