"""``SinkState``: one sink as the fan-out knows it. The four things that can happen to it, whoever reports them.

An arrival is admitted (R26 to R37). The head of the queue, once in flight, is acknowledged (R42, R44), refused for good
(addition ``quarantines``), or fails and stays (R43). Draining one by one and settling a batch both consist of these.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, Generic, TypeAlias

from attrs import evolve

from agent_otel.delivery.fanout_additions import FanoutAdditions
from agent_otel.delivery.fanout_admission import Admission, Bounds, Decision
from agent_otel.delivery.fanout_held import H, contract_cursor, within_boundary
from agent_otel.delivery.fanout_queue import FanoutQueue
from agent_otel.delivery.fanout_reports import Eviction, FanoutCounts, FanoutRecord, LossReason
from agent_otel.delivery.sink import SinkSpec
from agent_otel.model import Cursor, DeliveryClass
from agent_otel.model.agent_sdk.fanout import TelemetryFanoutConfig, TelemetryOverflowPolicy
from agent_otel.model.agent_sdk.sinks import TelemetrySinkSpec
from agent_otel.model.agent_sdk.telemetry_cursors import TelemetryExportCursor, TelemetrySourceCursor
from agent_otel.model.agent_sdk.telemetry_kinds import TelemetrySinkFailureKind, TelemetrySinkKind
from agent_otel.model.agent_sdk.telemetry_records import TelemetrySinkFailureRecord, TelemetrySinkRecoveryRecord

__all__ = ["SinkState", "contract_spec"]

_REPLAY_IS_UNSAFE: Final = "the sink does not tell repetitions apart: a repair may deliver twice"
_DROPPED_PARTIALLY: Final = "the sink took a batch and dropped {} of it, without saying which"
_RECOVERED: Final = "the sink takes exports again"

# How many were acknowledged beyond the cursor, and where the last came from: cursors are made when asked for.
_BeyondCursor: TypeAlias = tuple[int, TelemetrySourceCursor | Cursor | None]
_NONE: Final[_BeyondCursor] = (0, None)


def contract_spec(spec: SinkSpec | TelemetrySinkSpec) -> TelemetrySinkSpec:
    """Give a live sink's spec in the contract's words.

    Raises:
        ValueError: If the capacity is less than 1.
    """
    if isinstance(spec, TelemetrySinkSpec):
        return spec
    return TelemetrySinkSpec(
        sink_id=spec.sink_id,
        sink_kind=next((kind for kind in TelemetrySinkKind if kind == spec.kind), spec.kind),
        content_capture=spec.content_mode,
        queue_capacity=spec.queue_capacity,
        terminal_reserve=max(1, spec.terminal_reserve),  # the configuration's is 1 at least, and the greater one holds
        requires_idempotent_replay=spec.requires_idempotent_replay,
    )


class SinkState(Generic[H]):
    """One sink's queue, cursor, failure and counts. No other sink's (R36).

    Args:
        spec: The sink.
        config: Of the fan-out.
        additions: What holds beyond the contract.
    """

    def __init__(self, spec: TelemetrySinkSpec, config: TelemetryFanoutConfig, additions: FanoutAdditions) -> None:
        coalesces = config.overflow == TelemetryOverflowPolicy.CoalesceProgressByRun
        self.queue: FanoutQueue[H] = FanoutQueue(finds_runs=coalesces)
        self._spec = spec
        self._admission = Admission(
            self.queue, Bounds.of(spec, config, additions.byte_capacity), config.overflow, additions
        )
        self._cursor = TelemetryExportCursor.new(spec.sink_id)
        self._beyond_cursor: _BeyondCursor = _NONE
        self._failed = False
        self._accepted = self._exported = self._rejected = self._dropped = self._recorded = 0
        self._lost: Counter[tuple[DeliveryClass | None, LossReason]] = Counter()

    @property
    def cursor(self) -> TelemetryExportCursor:
        """How far the sink has come; without the attempt that is under way (R45)."""
        count, last = self._beyond_cursor
        if not count:
            return self._cursor
        but_last = evolve(self._cursor, export_seq=self._cursor.export_seq + count - 1)
        return but_last.acknowledged(contract_cursor(last))

    def arrive(self, held: H) -> tuple[Decision[H], FanoutRecord[H] | None]:
        """Take something in or drop it, and count; gives what became of it and what there is to say."""
        own = within_boundary(held, self._spec.content_capture) if held.has_raw_content else held
        decision = self._admission.admit(own)
        self._accepted += 1
        if not decision.lost and decision.summary is None:
            return decision, None
        self._dropped += len(decision.lost)
        self._failed = self._failed or decision.fails_sink
        for one, reason in decision.lost:
            self._lost[one.delivery_class, reason] += 1
        if decision.summary is None:
            return decision, None
        repair_at = own if decision.lost_first is None else decision.lost_first
        kind = TelemetrySinkFailureKind.Overflow
        return decision, self._failure(own, kind, decision.summary, decision.terminal_preserved, repair_at)

    def acknowledge(self, cursor: TelemetryExportCursor | None = None) -> tuple[H, FanoutRecord[H] | None]:
        """Take out the head, which the sink has taken; its cursor, if it gave one, replaces ours (R42, R44)."""
        held = self.queue.pop()
        self._exported += 1
        if cursor is None:
            self._advance(held)
        else:
            self._cursor, self._beyond_cursor = cursor, _NONE
        return held, self._recovery(held)

    def acknowledge_all(self, count: int) -> tuple[list[H], FanoutRecord[H] | None]:
        """Take out so many of the head, one at least, which the sink has taken; as ``acknowledge`` one by one."""
        first, recovery = self.acknowledge()
        others = self.queue.pop_all(count - 1)
        if others:
            self._exported += len(others)
            self._beyond_cursor = (self._beyond_cursor[0] + len(others), others[-1].source_cursor)
        return [first, *others], recovery

    def quarantine(self, summary: str) -> tuple[Eviction[H], FanoutRecord[H]]:
        """Take out the head, which the sink refuses for good; that makes no sink failed, and none well."""
        held = self.queue.pop()
        self._advance(held)
        self._reject(1, held.delivery_class, LossReason.REFUSED)
        preserved = not held.delivery_class.is_terminal_preserved
        rejected = TelemetrySinkFailureKind.ExportRejected
        return Eviction(self._spec.sink_id, held, LossReason.REFUSED), self._failure(
            held, rejected, summary, preserved, held
        )

    def drop_partially(self, taken: list[H], count: int) -> FanoutRecord[H]:
        """Count as rejected what the sink dropped out of what it took, and say so; nobody knows which."""
        classes = {held.delivery_class for held in taken}
        self._exported -= count
        self._reject(count, classes.pop() if len(classes) == 1 else None, LossReason.PARTIAL_SUCCESS)
        preserved = not any(held.delivery_class.is_terminal_preserved for held in taken)
        rejected = TelemetrySinkFailureKind.ExportRejected
        return self._failure(taken[0], rejected, _DROPPED_PARTIALLY.format(count), preserved, taken[0])

    def fail(self, held: H, kind: TelemetrySinkFailureKind | str, summary: str) -> FanoutRecord[H]:
        """Mark the sink failed at the head, which stays: it is preserved if it is terminal-preserved (R43)."""
        self._failed = True
        return self._failure(held, kind, summary, held.delivery_class.is_terminal_preserved, held)

    def counts(self) -> FanoutCounts:
        """Give the books."""
        return FanoutCounts(
            accepted=self._accepted,
            exported=self._exported,
            rejected=self._rejected,
            evicted=self._dropped,
            queued=len(self.queue),
            in_flight=self.queue.in_flight,
            queued_bytes=self.queue.bytes,
            queued_by_class=self.queue.by_class(),
            lost=dict(self._lost),
            failed=self._failed,
        )

    def _advance(self, held: H) -> None:
        self._beyond_cursor = (self._beyond_cursor[0] + 1, held.source_cursor)

    def _reject(self, count: int, delivery_class: DeliveryClass | None, reason: LossReason) -> None:
        self._rejected += count
        self._lost[delivery_class, reason] += count

    def _recovery(self, held: H) -> FanoutRecord[H] | None:
        if not self._failed:
            return None
        self._failed = False
        told = TelemetrySinkRecoveryRecord(
            sink_id=self._spec.sink_id,
            sink_kind=self._spec.sink_kind,
            export_cursor=self.cursor,
            redacted_summary=_RECOVERED,
        )
        return FanoutRecord(self._record_id("sink_recovered"), held, told)

    def _failure(
        self,
        about: H,
        kind: TelemetrySinkFailureKind | str,
        summary: str,
        terminal_preserved: bool,  # noqa: FBT001
        repair_at: H,
    ) -> FanoutRecord[H]:
        told = TelemetrySinkFailureRecord(
            sink_id=self._spec.sink_id,
            sink_kind=self._spec.sink_kind,
            failure_kind=kind,
            terminal_preserved=terminal_preserved,
            dropped_count=self._dropped,  # R35
            last_acknowledged_cursor=self.cursor,  # R46
            repair_cursor=contract_cursor(repair_at.source_cursor),
            unsafe_pending_reason=None if self._spec.requires_idempotent_replay else _REPLAY_IS_UNSAFE,  # R47
            redacted_summary=summary,
        )
        return FanoutRecord(self._record_id("sink_failed"), about, told)

    def _record_id(self, label: str) -> str:
        self._recorded += 1
        return f"telemetry.{self._spec.sink_id}.{label}.{self._recorded}"  # R38
