"""``Admission``: what may enter one sink's queue, and what has to leave it for that (R26 to R34)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Generic

from attrs import field, frozen

from agent_otel.delivery.fanout_additions import FanoutAdditions
from agent_otel.delivery.fanout_held import H
from agent_otel.delivery.fanout_queue import PROGRESS_RANK, RANKS, FanoutQueue
from agent_otel.delivery.fanout_reports import LossReason
from agent_otel.model.agent_sdk.fanout import TelemetryFanoutConfig, TelemetryOverflowPolicy
from agent_otel.model.agent_sdk.sinks import TelemetrySinkSpec

__all__ = ["Admission", "Bounds", "Decision"]

_PRESERVED: Final = "queue full: what is less precious was dropped for a terminal item"
_TERMINAL_LOST: Final = "queue full of what must not be dropped: a terminal item was dropped"
_PROGRESS_LOST: Final = "queue full: progress was dropped"
_SINK_FAILED: Final = "queue full: progress was dropped and the sink marked failed, the run goes on"
_COALESCED: Final = "queue full: progress was coalesced with newer progress of its run"
_TOO_LARGE: Final = "an item larger than the whole queue was dropped"


@frozen(kw_only=True)
class Bounds:
    """How much one sink's queue holds.

    Args:
        capacity: How many items.
        normal: How many of them may be progress.
        bytes: How many bytes; None if only items are counted.
    """

    capacity: int
    normal: int
    bytes: int | None

    @classmethod
    def of(cls, spec: TelemetrySinkSpec, config: TelemetryFanoutConfig, byte_capacity: int | None) -> Bounds:
        """Take the lesser capacity and the greater reserve of sink and configuration (head of R26 to R49)."""
        capacity = min(spec.queue_capacity, config.queue_capacity)
        reserve = min(max(spec.terminal_reserve, config.terminal_reserve), capacity)
        return cls(capacity=capacity, normal=capacity - reserve, bytes=byte_capacity)


@frozen(kw_only=True)
class Decision(Generic[H]):
    """What became of one arrival at one sink.

    Args:
        enters: Whether it is queued.
        lost: What was dropped, in order, and why.
        summary: What to say of it in an overflow record; None if nothing is to be said.
        lost_first: What a repair has to begin with; None for the arrival itself.
        fails_sink: Whether the sink counts as failed by it (R34).
    """

    enters: bool
    lost: tuple[tuple[H, LossReason], ...] = field(default=(), repr=False)
    summary: str | None = None
    lost_first: H | None = field(default=None, repr=False)
    fails_sink: bool = False

    @property
    def terminal_preserved(self) -> bool:
        """Whether nothing terminal was lost."""
        return not any(held.delivery_class.is_terminal_preserved for held, _ in self.lost)


class Admission(Generic[H]):
    """Decides on what arrives at one sink's queue, and puts it there.

    Args:
        queue: The sink's queue.
        bounds: How much it holds.
        overflow: What happens to progress that does not fit; an unknown word drops it, with a record.
        additions: What is decided beyond the contract.
    """

    def __init__(
        self,
        queue: FanoutQueue[H],
        bounds: Bounds,
        overflow: TelemetryOverflowPolicy | str,
        additions: FanoutAdditions,
    ) -> None:
        self._queue = queue
        self._bounds = bounds
        self._overflow = overflow
        self._additions = additions
        self._most_bytes: float = float("inf") if bounds.bytes is None else bounds.bytes
        self._entered: Decision[H] = Decision(enters=True)

    def admit(self, held: H) -> Decision[H]:
        """Decide on an arrival; whatever leaves for it has left when this returns."""
        rank, size = RANKS[id(held.delivery_class)], held.size
        if size > self._most_bytes:
            return Decision(enters=False, lost=((held, LossReason.TOO_LARGE),), summary=_TOO_LARGE)
        if self._has_room_for(rank, size):
            self._queue.push(held, rank, size)
            return self._entered  # R31
        if held.delivery_class.is_terminal_preserved:
            return self._preserve(held)
        if self._overflow == TelemetryOverflowPolicy.CoalesceProgressByRun:
            return self._coalesce(held)
        fails_sink = self._overflow == TelemetryOverflowPolicy.FailSinkNotRun
        summary = _SINK_FAILED if fails_sink else _PROGRESS_LOST
        return Decision(enters=False, lost=_unqueued(held), summary=summary, fails_sink=fails_sink)  # R32, R34

    def _has_room_for(self, rank: int, size: int) -> bool:
        """R26 and R28 for progress, R27 for what is terminal-preserved; both within the byte bound."""
        queue, bounds = self._queue, self._bounds
        if queue.length >= bounds.capacity or queue.bytes + size > self._most_bytes:
            return False
        return rank != PROGRESS_RANK or queue.progress < bounds.normal

    def _preserve(self, held: H) -> Decision[H]:
        """Evict the oldest of the lowest ranks until it fits (R29), nothing if it would not fit even then (R30)."""
        rank, size = held.delivery_class.rank, held.size
        ranks = self._ranks_below(held)
        items, freed = self._queue.evictable(ranks)
        excess = self._queue.bytes + size - self._most_bytes
        if self._queue.length - items >= self._bounds.capacity or excess > freed:
            return Decision(enters=False, lost=_unqueued(held), summary=_TERMINAL_LOST)
        evicted: list[H] = []
        while not self._has_room_for(rank, size):
            lowest = next(rank for rank in ranks if self._queue.evictable((rank,))[0])
            evicted.append(self._queue.evict_oldest(lowest))
        self._queue.push(held, rank, size)
        preserved = (one for one in evicted if one.delivery_class.is_terminal_preserved)
        lost = tuple((one, LossReason.MADE_ROOM) for one in evicted)
        return Decision(enters=True, lost=lost, summary=_PRESERVED, lost_first=next(preserved, None))

    def _ranks_below(self, held: H) -> Sequence[int]:
        """Give the ranks that it may evict, the lowest first: progress, and with rank all between that and its own."""
        if not self._additions.evicts_lower_rank:
            return (PROGRESS_RANK,)
        return range(PROGRESS_RANK, held.delivery_class.rank, -1)

    def _coalesce(self, held: H) -> Decision[H]:
        """Let it take the place of the first progress of its run, if that makes room; no record of its own (R33)."""
        older = self._queue.evict_first_of_run(held.run_id)
        lost = () if older is None else ((older, LossReason.COALESCED),)
        rank, size = held.delivery_class.rank, held.size
        enters = self._has_room_for(rank, size)
        if enters:
            self._queue.push(held, rank, size)
        else:
            lost = (*lost, *_unqueued(held))
        summary = _PROGRESS_LOST if older is None else _COALESCED
        told = summary if self._additions.tells_coalescing else None
        return Decision(enters=enters, lost=lost, summary=told, lost_first=older)


def _unqueued(held: H) -> tuple[tuple[H, LossReason], ...]:
    return ((held, LossReason.QUEUE_FULL),)
