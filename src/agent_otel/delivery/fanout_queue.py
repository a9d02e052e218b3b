"""``FanoutQueue``: one sink's queue, first in, first out, save that the oldest of a class or a run can be evicted.

Each delivery class has a line of its own, ordered by arrival; the head of the queue is the oldest of the lines' heads.
So every operation takes a few steps however much is queued, and nothing is kept of what has left.

What is being exported stands in no line but in flight, before all lines: eviction cannot reach it, and what the sink
then acknowledges is what it was given. It still takes up room. What comes back unsettled joins its line at the head.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from heapq import merge
from operator import attrgetter
from typing import Final, Generic

from attrs import define

from agent_otel.delivery.fanout_held import H
from agent_otel.model import DeliveryClass

__all__ = ["PROGRESS_RANK", "RANKS", "FanoutQueue"]

PROGRESS_RANK: Final = DeliveryClass.PROGRESS.rank
# By identity of the class: a property of an enum's member, and its hash, are calls that each arrival would pay for.
RANKS: Final = {id(one): one.rank for one in DeliveryClass}


@define(eq=False)  # nothing changes it, but to freeze it would take more time than all else that an arrival needs
class _Queued(Generic[H]):
    """Something in the queue, with what the queue has to know of it."""

    number: int  # in order of arrival
    held: H
    rank: int
    size: int


class FanoutQueue(Generic[H]):
    """One sink's queue. It counts and finds; what may enter and what has to leave is decided elsewhere.

    Args:
        finds_runs: Whether progress has to be found by its run (R33).
    """

    def __init__(self, *, finds_runs: bool) -> None:
        self._lines: tuple[OrderedDict[int, _Queued[H]], ...] = tuple(OrderedDict() for _ in DeliveryClass)
        self._line_bytes = [0] * len(self._lines)
        self._in_flight: deque[_Queued[H]] = deque()
        self._progress_of_runs: dict[str, OrderedDict[int, None]] | None = {} if finds_runs else None
        self._arrived = 0
        self.length = 0
        """How many items are queued, with those in flight."""
        self.progress = 0
        """How many non-terminal items are queued (R26)."""
        self.bytes = 0
        """How many bytes all of them take."""

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[H]:
        yield from (queued.held for queued in self._in_flight)
        yield from (queued.held for queued in self._waiting())

    @property
    def in_flight(self) -> int:
        """How many of the head are being exported."""
        return len(self._in_flight)

    def by_class(self) -> dict[DeliveryClass, int]:
        """Count what is queued by delivery class, with what is in flight."""
        counts = [len(line) for line in self._lines]
        for queued in self._in_flight:
            counts[queued.rank] += 1
        return {one: counts[one.rank] for one in DeliveryClass if counts[one.rank]}

    def head(self) -> H:
        """Give the first of all; there is one."""
        return next(iter(self))

    def push(self, held: H, rank: int, size: int) -> None:
        """Put something at the end.

        Args:
            held: It.
            rank: Of its delivery class.
            size: Bytes that it takes.
        """
        queued = _Queued(self._arrived, held, rank, size)
        self._arrived += 1
        self.length += 1
        self.bytes += size
        self.progress += rank == PROGRESS_RANK
        self._line_up(queued, at_head=False)

    def evictable(self, ranks: Iterable[int]) -> tuple[int, int]:
        """Count the items of some ranks, and their bytes, that eviction can reach: those not in flight."""
        found = tuple(ranks)
        return sum(len(self._lines[rank]) for rank in found), sum(self._line_bytes[rank] for rank in found)

    def evict_oldest(self, rank: int) -> H:
        """Take out the oldest item of a rank that is not in flight; there is one."""
        return self._evict(next(iter(self._lines[rank])), rank)

    def evict_first_of_run(self, run_id: str) -> H | None:
        """Take out the first non-terminal item of a run that is not in flight; None if there is none."""
        of_run = (self._progress_of_runs or {}).get(run_id)
        return None if of_run is None else self._evict(next(iter(of_run)), PROGRESS_RANK)

    def peek(self, most_items: int, most_bytes: int) -> tuple[H, ...]:
        """Give the head, which is in flight from now on; an earlier head that came to nothing is not any more.

        Args:
            most_items: How many items at most, but one at least if there is any.
            most_bytes: How many bytes they take at most, unless the first alone takes more.
        """
        self.release()
        head: list[_Queued[H]] = []
        taken = 0
        for queued in self._waiting():
            taken += queued.size
            if head and (len(head) >= most_items or taken > most_bytes):
                break
            head.append(queued)
        for queued in head:
            self._step_out(queued)
        self._in_flight.extend(head)
        return tuple([queued.held for queued in head])

    def pop(self) -> H:
        """Take out the head, which is in flight."""
        return self._forget(self._in_flight.popleft())

    def pop_all(self, count: int) -> list[H]:
        """Take out so many of the head; they are in flight."""
        popped = [self._in_flight.popleft() for _ in range(count)]
        self.length -= count
        self.bytes -= sum([queued.size for queued in popped])
        self.progress -= sum([queued.rank == PROGRESS_RANK for queued in popped])
        return [queued.held for queued in popped]

    def release(self) -> None:
        """Put what is in flight back to where it was: at the head, within the reach of eviction."""
        while self._in_flight:
            self._line_up(self._in_flight.pop(), at_head=True)

    def _waiting(self) -> Iterator[_Queued[H]]:
        """Give what is not in flight, in order of arrival."""
        lines = [line.values() for line in self._lines if line]
        return iter(lines[0]) if len(lines) == 1 else merge(*lines, key=attrgetter("number"))

    def _evict(self, number: int, rank: int) -> H:
        queued = self._lines[rank][number]
        self._step_out(queued)
        return self._forget(queued)

    def _line_up(self, queued: _Queued[H], *, at_head: bool) -> None:
        line = self._lines[queued.rank]
        line[queued.number] = queued
        self._line_bytes[queued.rank] += queued.size
        if at_head:
            line.move_to_end(queued.number, last=False)
        if self._progress_of_runs is not None and queued.rank == PROGRESS_RANK:
            of_run = self._progress_of_runs.setdefault(queued.held.run_id, OrderedDict())
            of_run[queued.number] = None
            if at_head:
                of_run.move_to_end(queued.number, last=False)

    def _step_out(self, queued: _Queued[H]) -> None:
        del self._lines[queued.rank][queued.number]
        self._line_bytes[queued.rank] -= queued.size
        if self._progress_of_runs is not None and queued.rank == PROGRESS_RANK:
            of_run = self._progress_of_runs[queued.held.run_id]
            del of_run[queued.number]
            if not of_run:
                del self._progress_of_runs[queued.held.run_id]

    def _forget(self, queued: _Queued[H]) -> H:
        self.length -= 1
        self.bytes -= queued.size
        self.progress -= queued.rank == PROGRESS_RANK
        return queued.held
