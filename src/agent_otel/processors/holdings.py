"""``Holdings``: what waits for one sink, in memory and on disk, and its books, under one lock.

``TelemetryFanout`` decides what to keep, to evict and to count; ``Backing`` knows what is on disk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
import threading
from typing import Final

from attrs import evolve

from agent_otel.delivery import (
    Eviction,
    FanoutAdditions,
    FanoutCounts,
    Item,
    LossReason,
    SinkSpec,
    SinkVerdict,
    TelemetryFanout,
)
from agent_otel.model.agent_sdk import TelemetryFanoutConfig
from agent_otel.model.agent_sdk.fanout import TelemetryOverflowPolicy, TelemetrySinkIsolationPolicy
from agent_otel.processors.backing import Backing, Row
from agent_otel.processors.interruption import of_signal_handler
from agent_otel.processors.losses import Losses
from agent_otel.processors.pacing import OutboxLimits
from agent_otel.processors.sink_news import SinkNews

__all__ = ["Holdings"]

_MOST_IN_ONE_REQUEST: Final = 4 * 1024 * 1024
_SOON_S: Final = 0.2
_COUNTS: Final = ("accepted", "exported", "rejected", "evicted", "queued", "spooled")


def _tell_nobody(_: Sequence[Item]) -> None:
    pass


class Holdings:
    """Takes items in, gives batches out, settles them, and counts.

    Args:
        spec: Of the sink.
        limits: How much waits.
        grown: Called when more may wait, with how many items did before; the lock is held.
    """

    def __init__(self, spec: SinkSpec, limits: OutboxLimits, grown: Callable[[int], None]) -> None:
        self._limits = limits
        self._grown = grown
        self._sink_id = spec.sink_id
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.inbox: deque[Item] = deque()
        self.backing: Backing | None = None
        self.is_closed = False  # then nothing more is taken
        self.is_written_off = False  # then what waits in memory counts as evicted
        self.takes_from_disk = True
        self.looks_on_disk = False
        self.settled_count = 0
        self.faults = 0
        self.losses = Losses(spec.sink_id)
        self.news = SinkNews()
        self.on_settled: Callable[[Sequence[Item]], None] = _tell_nobody
        self.on_spooled: Callable[[Sequence[Item]], None] = _tell_nobody
        self._depth = 0  # how often the thread that holds the lock is within
        self._reloaded = 0  # what came from disk, and had been accepted before
        self._moved = 0  # what was evicted from memory, and is on disk
        self._turned_away = 0  # what came when it was closed
        self._last: dict[str, int] = dict.fromkeys(_COUNTS, 0)
        self.fanout: TelemetryFanout[Item] = TelemetryFanout(
            TelemetryFanoutConfig(
                queue_capacity=limits.capacity,
                terminal_reserve=limits.reserve,
                overflow=TelemetryOverflowPolicy.DropNonTerminalProgress,
                sink_isolation=TelemetrySinkIsolationPolicy.IsolateEachSink,
            ),
            FanoutAdditions.live(byte_capacity=limits.bytes),
        )
        self.fanout.register_sink(
            evolve(spec, queue_capacity=limits.capacity, terminal_reserve=limits.reserve),
        )

    @property
    def is_busy(self) -> bool:
        """Whether the thread that holds the lock is a signal handler's, which interrupted a change. Needs the lock."""
        return self._depth > 0

    # -- taking in ----------------------------------------------------------------------------------------------------

    def take_in(self) -> None:
        """Queue what was put, now."""
        if self.inbox:
            with self.lock:
                self.take_in_held()

    def take_in_held(self) -> None:
        """Queue what was put. The lock is held; if a signal handler holds it, what it interrupted goes on with it."""
        if self._depth or not self.inbox:
            return
        before = self.queue_len
        self._depth += 1
        try:
            while self.inbox:
                self._take_one(self.inbox[0])
                self.inbox.popleft()
        except Exception as error:
            self.faults += 1
            if of_signal_handler(error):
                raise  # the agent's own; what it interrupted is taken in again
            self.inbox.popleft()
        finally:
            self._depth -= 1
        self._grown(before)

    def refuse(self) -> None:
        """Count what could not even be made an item."""
        with self.lock:
            self._turned_away += 1

    def _take_one(self, item: Item) -> None:
        if self.is_closed:
            self._turned_away += 1
        elif self.backing is None or not self.backing.accepted(item):
            self._record(item)

    def _record(self, item: Item) -> None:
        """Queue an item, and leave to the disk what memory has no room for. The lock is held."""
        report = self.fanout.record_live(item)
        for eviction in report.evicted:
            self._evicted(eviction)
        self.news.take(report.records)

    def _evicted(self, eviction: Eviction[Item]) -> None:
        if self.backing is not None:
            if eviction.reason is LossReason.TOO_LARGE:
                self.backing.settled([eviction.held])  # it would be too large the next time, too
            elif self.backing.evicted(eviction.held):
                self._moved += 1
                return
        self.losses.note(eviction.held, eviction.reason.value)

    def reload(self, found: Iterable[tuple[Row, Item]]) -> None:
        """Queue what was read from disk. The lock is held."""
        backing = self.backing
        if backing is None:
            return
        self._depth += 1
        try:
            for row, item in found:
                if backing.loaded(row, item):
                    self._reloaded += 1
                self._record(item)
        finally:
            self._depth -= 1

    def saved(self, batch: Sequence[Item], row_ids: Sequence[int | None]) -> None:
        """Note what the disk has taken; what waited for that is queued. The lock is held."""
        backing = self.backing
        if backing is None:
            return
        self.on_spooled([item for item, row_id in zip(batch, row_ids, strict=True) if row_id is not None])
        for item in backing.saved(batch, row_ids):
            self.losses.note(item, "disk")
        self.release()

    def release(self, before_ns: int = 0) -> None:
        """Queue what needs to wait for the disk no longer, or has waited in vain. The lock is held.

        Args:
            before_ns: Unix time in nanoseconds; what was handed over before it has waited long enough.
        """
        if self.backing is None or self._depth or not self.backing.held:
            return
        before = self.queue_len
        self._depth += 1
        try:
            for item in self.backing.released(before_ns):
                self._record(item)
        finally:
            self._depth -= 1
        self._grown(before)

    # -- giving out ---------------------------------------------------------------------------------------------------

    @property
    def queue_len(self) -> int:
        """Items in memory that may be sent."""
        return self.fanout.sink_queue_len(self._sink_id) or 0

    @property
    def is_held(self) -> bool:
        """Whether anything waits for the disk before it may be sent."""
        return self.backing is not None and self.backing.held > 0

    @property
    def oldest_ns(self) -> int:
        """When the oldest of what may be sent was handed over, in Unix nanoseconds; 0 if nothing waits."""
        head = self.fanout.queued_for_sink(self._sink_id)
        return head[0].enqueued_ns if head else 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits anywhere."""
        on_disk = self.backing.outside + self.backing.held if self.backing is not None else 0
        return not self.inbox and self.queue_len == 0 and on_disk == 0

    @property
    def is_full(self) -> bool:
        """Whether progress that came now would be dropped, or soon."""
        if self.queue_len + len(self.inbox) >= max(1, self._limits.capacity - self._limits.reserve):
            return True
        return (self.fanout.sink_queue_bytes(self._sink_id) or 0) > self._limits.bytes // 2

    @property
    def has_room(self) -> bool:
        """Whether what is not terminal would be queued now, unless it is larger than half of all that may wait."""
        self.take_in()
        return not self.is_full

    def wants_more(self, most: int) -> bool:
        """Whether to look on disk: something was delivered or found since the last look, and there is room."""
        return (
            self.looks_on_disk
            and self.takes_from_disk
            and self.backing is not None
            and self.backing.has_more
            and self.queue_len <= most // 2
        )

    def next_batch(self, most: int) -> tuple[Item, ...]:
        """Give the head of the queue. The lock is held."""
        return self.fanout.peek(self._sink_id, most, _MOST_IN_ONE_REQUEST)

    def settle(self, batch: Sequence[Item], verdict: SinkVerdict) -> None:
        """Take out what a sink is done with. The lock is held."""
        self._depth += 1
        try:
            report = self.fanout.settle(self._sink_id, verdict)
            if self.backing is not None:
                self.backing.settled(batch[: verdict.settled])
            self.on_settled(batch[: verdict.settled])
            for eviction in report.quarantined:
                self.losses.note(eviction.held, eviction.reason.value)
            self.news.take(report.records)
        except Exception:  # noqa: BLE001  a verdict that cannot be: the batch is tried again
            self.faults += 1
            with suppress(Exception):
                self.fanout.settle(self._sink_id, SinkVerdict(settled=0))
        finally:
            self._depth -= 1
        self.settled_count += verdict.settled
        self.looks_on_disk = self.looks_on_disk or verdict.settled > 0

    # -- the books ----------------------------------------------------------------------------------------------------

    def as_dict(self) -> dict[str, int]:
        """Give the books: ``accepted = exported + rejected + evicted + queued + spooled``.

        They are those of a moment ago if the lock is held for long: by a thread that a signal handler stopped.
        """
        if not self.lock.acquire(timeout=_SOON_S):
            return dict(self._last)
        try:
            self.take_in_held()
            counts, backing = self.counts, self.backing
            left = counts.queued if self.is_written_off else 0
            spooled, lost, held = (backing.outside, backing.lost, backing.held) if backing is not None else (0, 0, 0)
            others = backing.lost_of_others if backing is not None else 0
            on_disk = backing.saved_of(left) if backing is not None else 0
            self._last = {
                "accepted": counts.accepted - self._reloaded + self._turned_away + len(self.inbox) + held + others,
                "exported": counts.exported,
                "rejected": counts.rejected + self._turned_away,
                "evicted": counts.evicted - self._moved + lost + left - on_disk + others,
                "queued": counts.queued - left + len(self.inbox) + held,
                "spooled": spooled + on_disk,
            }
            return dict(self._last)
        finally:
            self.lock.release()

    @property
    def counts(self) -> FanoutCounts:
        """What the decision core counts."""
        return self.fanout.counts(self._sink_id)
