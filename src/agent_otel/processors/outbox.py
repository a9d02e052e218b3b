"""``Outbox``: what waits for one sink, and the thread that delivers it.

``TelemetryFanout`` decides what to keep, to evict and to count, the sink what became of a batch. Here are the lock
around the one, the thread for the other, and when to try again.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
import threading
import time
from typing import Final

from attrs import evolve

from agent_otel.delivery import (
    FailureKind,
    FanoutAdditions,
    Item,
    LossReason,
    Sink,
    SinkFailure,
    SinkSpec,
    SinkVerdict,
    TelemetryFanout,
)
from agent_otel.model.agent_sdk import TelemetryFanoutConfig
from agent_otel.model.agent_sdk.fanout import TelemetryOverflowPolicy, TelemetrySinkIsolationPolicy
from agent_otel.processors.backing import Backing
from agent_otel.processors.forking import in_forked_child
from agent_otel.processors.interruption import of_signal_handler
from agent_otel.processors.pacing import OutboxLimits, Pace

__all__ = ["Outbox"]

_MOST_IN_ONE_REQUEST: Final = 4 * 1024 * 1024
_LONGEST_WAIT_S: Final = 1.0  # a wake-up may get lost to an exception of a signal handler
_SOON_S: Final = 0.2
_ANSWER_S: Final = 3.0
_MAIN: Final = threading.main_thread().ident
_MOST_LEFT_TO_THE_THREAD: Final = 256


class Outbox:
    """Takes items from any thread and delivers them on its own.

    ``put`` never raises and never waits for the sink. A signal handler may call anything here while its own thread is
    within ``put``: what it puts is taken in by the call that it interrupted.

    Args:
        sink: Where items go.
        limits: How much waits.
    """

    def __init__(self, sink: Sink, limits: OutboxLimits | None = None) -> None:
        self._sink = sink
        limits = limits if limits is not None else OutboxLimits()
        self.limits = evolve(limits, capacity=max(2, limits.capacity))  # of one, none were for progress (R28)
        self.sink_id = sink.spec.sink_id
        self._backing: Backing | None = None
        self._begin()
        in_forked_child(self._after_fork)

    def back_with(self, backing: Backing) -> None:
        """Keep items on disk as well, from now on."""
        with self.lock:
            self._backing = backing

    @property
    def endpoint_identity(self) -> str:
        """What makes two sinks the same destination."""
        return self._sink.spec.endpoint_identity

    def wake(self) -> None:
        """Look on disk, where there may be more."""
        with self.lock:
            self._looks_on_disk = True
            self._changed.notify_all()

    def _begin(self) -> None:
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        self._depth = 0  # how often the thread that holds the lock is within
        self._inbox: deque[Item] = deque()
        self._fanout: TelemetryFanout[Item] = TelemetryFanout(
            TelemetryFanoutConfig(
                queue_capacity=self.limits.capacity,
                terminal_reserve=self.limits.reserve,
                overflow=TelemetryOverflowPolicy.DropNonTerminalProgress,
                sink_isolation=TelemetrySinkIsolationPolicy.IsolateEachSink,
            ),
            FanoutAdditions.live(byte_capacity=self.limits.bytes),
        )
        self._fanout.register_sink(self._spec)
        self._looks_on_disk = False
        self._takes_from_disk = True
        self._settled = 0
        self._reloaded = 0  # what came from disk, and had been accepted before
        self._moved = 0  # what was evicted from memory, and is on disk
        self._turned_away = 0  # what came when it was closed
        self._written_off = False
        self._closed = False
        self._stops = False
        self._stop_by = 0.0
        self._flushes = 0  # flushes that wait
        self._pace = Pace(self.limits)
        self._stuck_at = -1
        self.faults = 0
        self._last: dict[str, int] = dict.fromkeys(_COUNTS, 0)
        self._done = threading.Event()
        threading.Thread(target=self._work, name=f"agent-otel-{self.sink_id}", daemon=True).start()

    @property
    def failed_in_a_row(self) -> int:
        """How often the sink has failed since it last took something."""
        return self._pace.failed_in_a_row

    @property
    def failing_since(self) -> float | None:
        """Since when, in seconds of ``time.monotonic``; None if it does not fail."""
        return self._pace.failing_since

    @property
    def last_error(self) -> str:
        """Why it failed last, without content."""
        return self._pace.last_error

    @property
    def _most_items(self) -> int:
        return self._pace.most_items(in_haste=self._flushes > 0)

    @property
    def _in_haste(self) -> bool:
        return self._flushes > 0 or self._stops

    @property
    def _spec(self) -> SinkSpec:
        return evolve(self._sink.spec, queue_capacity=self.limits.capacity, terminal_reserve=self.limits.reserve)

    def _after_fork(self) -> None:
        """In a forked child: what waits is the parent's, and it will deliver it; the thread is gone."""
        closed = self._closed
        if self._backing is not None:
            self._backing.forget()
        self._begin()
        if closed:
            self._closed = self._stops = True

    # -- taking in ----------------------------------------------------------------------------------------------------

    def put(self, item: Item) -> None:
        """Take an item; it is queued, or something is evicted and counted."""
        self._inbox.append(item)
        waiting = len(self._inbox)
        if threading.get_ident() == _MAIN and waiting < _MOST_LEFT_TO_THE_THREAD:
            # A signal handler of the agent's may raise at any step here, and must not leave the books half written.
            if waiting == 1:
                with self.lock:
                    self._changed.notify_all()
            return
        with self.lock:
            if self._depth == 0:  # else the call that a signal handler interrupted goes on with it
                self._take_in()

    def take_in(self) -> None:
        """Queue what was put, now."""
        if self._inbox:
            with self.lock:
                if self._depth == 0:
                    self._take_in()

    def refuse(self) -> None:
        """Count what could not even be made an item."""
        with self.lock:
            self._turned_away += 1

    def _take_in(self) -> None:
        """Queue what came. The lock is held."""
        self._depth += 1
        try:
            while self._inbox:
                self._take_one(self._inbox[0])
                self._inbox.popleft()
        except Exception as error:
            self.faults += 1
            if of_signal_handler(error):
                raise  # the agent's own; what it interrupted is taken in again
            self._inbox.popleft()
        finally:
            self._depth -= 1

    def _take_one(self, item: Item) -> None:
        if self._closed:
            self._turned_away += 1
            return
        before = self._queue_len
        if self._backing is not None:
            self._backing.accepted(item)
        self._record(item)
        now = self._queue_len
        if before == 0 and now:
            self._pace.begins(time.monotonic())
            self._changed.notify_all()
        elif before < self.limits.batch <= now:
            self._changed.notify_all()

    def _record(self, item: Item) -> None:
        """Queue an item, and leave to the disk what memory has no room for. The lock is held."""
        report = self._fanout.record_live(item)
        if self._backing is not None:
            for eviction in report.evicted:
                if eviction.reason is LossReason.TOO_LARGE:
                    self._backing.settled([eviction.held])  # it would be too large the next time, too
                elif self._backing.evicted(eviction.held):
                    self._moved += 1

    @property
    def _queue_len(self) -> int:
        return self._fanout.sink_queue_len(self.sink_id) or 0

    # -- delivering ---------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        lock, done = self.lock, self._done  # of this process: a forked child begins anew
        while True:
            try:
                self._reload()
                with lock:
                    batch = self._next_batch()
                if batch is None:
                    break
                if batch:
                    self._deliver(batch)
            except Exception:  # noqa: BLE001  whatever it is, the thread has to go on
                self.faults += 1
                time.sleep(_SOON_S)
        with suppress(Exception):
            self._sink.shutdown()
        done.set()

    def _reload(self) -> None:
        """Take from disk what memory has room for again."""
        backing = self._backing
        if backing is None or not self._wants_more():
            return
        self._looks_on_disk = False
        with backing.disk:
            with self.lock:
                known = backing.known_rows()
            found = backing.load(self._most_items, known)
            with self.lock:
                self._depth += 1
                try:
                    for row, item in found:
                        if backing.loaded(row, item):
                            self._reloaded += 1
                        self._record(item)
                    if found:
                        self._pace.begins(0.0)
                finally:
                    self._depth -= 1

    def _wants_more(self) -> bool:
        """Whether to look on disk: something was delivered or found since the last look, and there is room."""
        return (
            self._looks_on_disk
            and self._takes_from_disk
            and self._backing is not None
            and self._backing.has_more
            and not self.failed_in_a_row
            and not self._stops
            and self._queue_len <= self._most_items // 2
        )

    def _next_batch(self) -> tuple[Item, ...] | None:
        """Wait until there is something to send, and give it; None when it is time to stop. The lock is held."""
        while True:
            if self._depth == 0:
                self._take_in()
            if self._wants_more():
                return ()
            now = time.monotonic()
            waiting = self._queue_len
            if self._stops and (not waiting or now >= self._stop_by):
                return None
            due = self._pace.due(now, waiting, in_haste=self._in_haste)
            if due <= now:
                return self._fanout.peek(self.sink_id, self._most_items, _MOST_IN_ONE_REQUEST)
            limit = min(due, self._stop_by) if self._stops else due
            self._changed.wait(min(max(0.0, limit - now), _LONGEST_WAIT_S))

    def _deliver(self, batch: tuple[Item, ...]) -> None:
        try:
            verdict = self._sink.export(batch, None)
        except Exception as error:  # noqa: BLE001  a sink of somebody else's may raise
            failure = SinkFailure(kind=FailureKind.TROUBLE, reason=type(error).__name__)
            verdict = SinkVerdict(settled=0, failure=failure)
        with self.lock:
            self._depth += 1
            try:
                self._fanout.settle(self.sink_id, verdict)
                if self._backing is not None:
                    self._backing.settled(batch[: verdict.settled])
            except Exception:  # noqa: BLE001  a verdict that cannot be: the batch is tried again
                self.faults += 1
                with suppress(Exception):
                    self._fanout.settle(self.sink_id, SinkVerdict(settled=0))
            finally:
                self._depth -= 1
            self._settled += verdict.settled
            self._pace.learn(verdict, time.monotonic(), self._queue_len, in_haste=self._in_haste)
            self._looks_on_disk = self._looks_on_disk or verdict.settled > 0
            self._changed.notify_all()

    # -- waiting ------------------------------------------------------------------------------------------------------

    @property
    def has_room(self) -> bool:
        """Whether what is not terminal would be queued now, unless it is larger than half of all that may wait."""
        self.take_in()
        if self._queue_len + len(self._inbox) >= max(1, self.limits.capacity - self.limits.reserve):
            return False
        return (self._fanout.sink_queue_bytes(self.sink_id) or 0) <= self.limits.bytes // 2

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until there is room; gives whether there is. Once it is closed there always is."""
        with self.lock:
            if self._depth:
                return True  # within a signal handler that interrupted ``put``: nothing can move until it is over
            return self._changed.wait_for(lambda: self._closed or self.has_room, timeout_s)

    @property
    def is_well(self) -> bool:
        """Whether waiting for room is worth it: not when the sink fails, or took nothing since it got stuck."""
        return not self._closed and self.failed_in_a_row == 0 and self.exported != self._stuck_at

    def mark_stuck(self) -> None:
        """Note that waiting was in vain: until the sink takes something, it is not waited for."""
        self._stuck_at = self.exported

    def begin_flush(self) -> None:
        """Deliver without delay from now on, until ``end_flush``; try at once, also if the sink is failing."""
        with self.lock:
            if self._depth == 0:
                self._take_in()
            self._flushes += 1
            self._pace.hurry(self._queue_len)
            self._changed.notify_all()

    def end_flush(self) -> None:
        """Go back to the usual pace."""
        with self.lock:
            self._flushes -= 1

    def wait_until_empty(self, deadline: float) -> bool:
        """Wait until nothing waits.

        Args:
            deadline: In seconds of ``time.monotonic``.
        """
        with self.lock:
            if self._depth:
                return False  # as in ``wait_for_room``
            return self._changed.wait_for(self._is_empty, max(0.0, deadline - time.monotonic()))

    def wait_while_it_moves(self, deadline: float) -> bool:
        """Wait until nothing waits, as long as the sink takes something now and then: what is left is on disk.

        A sink that fails is not waited for, one that has not answered yet for a few seconds.

        Args:
            deadline: In seconds of ``time.monotonic``.

        Returns:
            Whether nothing waits.
        """
        with self.lock:
            if self._depth:
                return False
            self._takes_from_disk = False
            exported, failures = -1, self.failed_in_a_row
            patience = deadline
            while not self._is_empty() and self.failed_in_a_row <= failures:
                now = time.monotonic()
                if self._settled != exported:
                    exported, patience = self._settled, min(deadline, now + _ANSWER_S)
                if now >= patience:
                    break
                self._changed.wait(patience - now)
            return self._is_empty()

    @property
    def is_on_disk(self) -> bool:
        """Whether items are kept on disk as well."""
        return self._backing is not None

    def _is_empty(self) -> bool:
        on_disk = self._backing.outside if self._backing is not None else 0
        return not self._inbox and self._queue_len == 0 and on_disk == 0

    def flush(self, deadline: float) -> bool:
        """Deliver what waits until ``deadline``, in seconds of ``time.monotonic``; gives whether all of it was."""
        self.begin_flush()
        try:
            return self.wait_until_empty(deadline)
        finally:
            self.end_flush()

    # -- the end ------------------------------------------------------------------------------------------------------

    def give_up(self) -> None:
        """Take nothing more: the sink is known to be dead, and waiting for it would take forever."""
        self.take_in()
        with self.lock:
            self._closed = True
            self._changed.notify_all()

    def begin_shutdown(self, deadline: float) -> None:
        """Take nothing more, and deliver what waits until ``deadline``, in seconds of ``time.monotonic``."""
        with self.lock:
            if self._depth == 0:
                self._take_in()
            self._closed = self._stops = True
            self._stop_by = deadline
            self._pace.hurry(self._queue_len)
            self._changed.notify_all()

    def end_shutdown(self, deadline: float) -> None:
        """Wait until the thread has ended or ``deadline``; what waits then is written off as evicted."""
        self._done.wait(max(0.0, deadline - time.monotonic()))
        self._written_off = True

    def shutdown_by(self, deadline: float) -> None:
        """Stop by ``deadline``, in seconds of ``time.monotonic``."""
        self.begin_shutdown(deadline)
        self.end_shutdown(deadline)

    # -- the books ----------------------------------------------------------------------------------------------------

    def as_dict(self) -> dict[str, int]:
        """Give the books: ``accepted = exported + rejected + evicted + queued + spooled``.

        They are those of a moment ago if the lock is held for long: by a thread that a signal handler stopped.
        """
        if not self.lock.acquire(timeout=_SOON_S):
            return dict(self._last)
        try:
            if self._depth == 0:
                self._take_in()
            counts = self._fanout.counts(self.sink_id)
            backing = self._backing
            left = counts.queued if self._written_off else 0
            spooled, lost = (backing.outside, backing.lost) if backing is not None else (0, 0)
            on_disk = backing.saved_of(left) if backing is not None else 0
            self._last = {
                "accepted": counts.accepted - self._reloaded + self._turned_away + len(self._inbox),
                "exported": counts.exported,
                "rejected": counts.rejected + self._turned_away,
                "evicted": counts.evicted - self._moved + lost + left - on_disk,
                "queued": counts.queued - left + len(self._inbox),
                "spooled": spooled + on_disk,
            }
            return dict(self._last)
        finally:
            self.lock.release()

    @property
    def accepted(self) -> int:
        """Items that came."""
        return self.as_dict()["accepted"]

    @property
    def exported(self) -> int:
        """Items that the sink took."""
        return self.as_dict()["exported"]

    @property
    def rejected(self) -> int:
        """Items that the sink refused, or that came when it was closed."""
        return self.as_dict()["rejected"]

    @property
    def evicted(self) -> int:
        """Items that were dropped for want of room or time."""
        return self.as_dict()["evicted"]

    @property
    def queued(self) -> int:
        """Items that wait."""
        return self.as_dict()["queued"]


_COUNTS: Final = ("accepted", "exported", "rejected", "evicted", "queued", "spooled")
