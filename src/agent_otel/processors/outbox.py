"""``Outbox``: what waits for one sink, and the thread that delivers it.

``Holdings`` decides what to keep and counts, the sink what became of a batch. Here are the thread, when to try again,
and the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
import os
import threading
import time
from typing import Final

from attrs import evolve

from agent_otel.delivery import (
    FailureKind,
    Item,
    Sink,
    SinkFailure,
    SinkVerdict,
)
from agent_otel.processors.backing import Backing
from agent_otel.processors.delivery_warning import DeliveryWarning
from agent_otel.processors.forking import in_forked_child
from agent_otel.processors.holdings import Holdings
from agent_otel.processors.outbox_status import OutboxStatus
from agent_otel.processors.pacing import OutboxLimits, Pace

__all__ = ["Outbox"]

_LONGEST_WAIT_S: Final = 1.0  # a wake-up may get lost to an exception of a signal handler
_LONGEST_HELD_NS: Final = 2_000_000_000  # for a disk that does not answer
_SOON_S: Final = 0.2
_ANSWER_S: Final = 3.0
_MAIN: Final = threading.main_thread().ident
_MOST_LEFT_TO_THE_THREAD: Final = 256  # items; and no large ones, for the thread may be away in an export
_LARGE: Final = 64 * 1024  # bytes; less if less may wait


class Outbox(OutboxStatus):
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
        self._large = min(_LARGE, self.limits.bytes // (2 * _MOST_LEFT_TO_THE_THREAD))
        self.sink_id = sink.spec.sink_id
        self.warning: DeliveryWarning | None = DeliveryWarning([self])  # None where somebody else warns
        self._begin()
        in_forked_child(self._after_fork)

    def back_with(self, backing: Backing) -> None:
        """Keep items on disk as well, from now on."""
        with self.lock:
            self._holdings.backing = backing

    def tell(self, on_settled: Callable[[Sequence[Item]], None], on_spooled: Callable[[Sequence[Item]], None]) -> None:
        """Have somebody told, on any thread, what the sink is done with, and what is on disk."""
        with self.lock:
            self._holdings.on_settled, self._holdings.on_spooled = on_settled, on_spooled

    @property
    def endpoint_identity(self) -> str:
        """What makes two sinks the same destination."""
        return self._sink.spec.endpoint_identity

    def wake(self) -> None:
        """Look on disk, where there may be more."""
        holdings = self._holdings
        with holdings.lock:
            holdings.looks_on_disk = True
            holdings.changed.notify_all()

    def saved(self, batch: list[Item], row_ids: tuple[int | None, ...]) -> None:
        """Note what the disk has taken, by row id, or refused."""
        holdings = self._holdings
        with holdings.lock:
            holdings.saved(batch, row_ids)

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._pace = Pace(self.limits)
        self._holdings = Holdings(self._sink.spec, self.limits, self._grown)
        self._stops = False
        self._stop_by = 0.0
        self._flushes = 0  # flushes that wait
        self._stuck_at = -1
        self._acknowledged_at: float | None = None
        self._done = threading.Event()
        threading.Thread(target=self._work, name=f"agent-otel-{self.sink_id}", daemon=True).start()

    @property
    def _most_items(self) -> int:
        return self._pace.most_items(in_haste=self._flushes > 0)

    @property
    def _in_haste(self) -> bool:
        return self._flushes > 0 or self._stops

    def _after_fork(self) -> None:
        """In a forked child: what waits is the parent's, and it will deliver it; the thread is gone."""
        before = self._holdings
        if before.backing is not None:
            before.backing.forget()
        self._begin()
        self._holdings.backing = before.backing
        if before.is_closed:
            self._holdings.is_closed = self._stops = True

    # -- taking in ----------------------------------------------------------------------------------------------------

    def put(self, item: Item) -> None:
        """Take an item; it is queued, or something is evicted and counted."""
        if self._pid != os.getpid():
            self._after_fork()  # of a fork that Python was not told of
        holdings = self._holdings
        holdings.inbox.append(item)
        waiting = len(holdings.inbox)
        is_little = waiting < _MOST_LEFT_TO_THE_THREAD and item.size < self._large and not holdings.is_closed
        if is_little and threading.get_ident() == _MAIN:
            # A signal handler of the agent's may raise at any step here, and must not leave the books half written.
            if waiting == 1:
                with holdings.lock:
                    holdings.changed.notify_all()
            return
        with holdings.lock:
            holdings.take_in_held()

    def take_in(self) -> None:
        """Queue what was put, now."""
        self._holdings.take_in()

    def refuse(self) -> None:
        """Count what could not even be made an item."""
        self._holdings.refuse()

    def _grown(self, before: int) -> None:
        """Wake the thread if more than ``before`` items wait now and that makes it due. The lock is held."""
        now = self._holdings.queue_len
        if before == 0 and now:
            self._pace.begins(time.monotonic())
            self._holdings.changed.notify_all()
        elif before < self.limits.most_together <= now or (now > before and self._holdings.is_full):
            self._holdings.changed.notify_all()

    # -- delivering ---------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        holdings, done = self._holdings, self._done  # of this process: a forked child begins anew
        while True:
            try:
                self._reload()
                with holdings.lock:
                    batch = self._next_batch()
                if batch is None:
                    break
                if batch:
                    self._deliver(batch)
            except Exception:  # noqa: BLE001  whatever it is, the thread has to go on
                holdings.faults += 1
                time.sleep(_SOON_S)
        with suppress(Exception):
            self._sink.shutdown()
        done.set()
        with holdings.lock:
            holdings.changed.notify_all()

    def _reload(self) -> None:
        """Take from disk what memory has room for again."""
        holdings = self._holdings
        backing = holdings.backing
        if backing is None or not self._wants_more():
            return
        holdings.looks_on_disk = False
        with backing.disk:
            with holdings.lock:
                known = backing.known_rows()
            found = backing.load(self._most_items, known)
            with holdings.lock:
                holdings.reload(found)
                if found:
                    self._pace.begins(0.0)

    def _wants_more(self) -> bool:
        return not self.failed_in_a_row and not self._stops and self._holdings.wants_more(self._most_items)

    def _next_batch(self) -> tuple[Item, ...] | None:
        """Wait until there is something to send, and give it; None when it is time to stop. The lock is held."""
        holdings = self._holdings
        while True:
            self._holdings.take_in_held()
            holdings.release(time.time_ns() - _LONGEST_HELD_NS)
            if self._wants_more():
                return ()
            now = time.monotonic()
            waiting = holdings.queue_len
            if self._stops and (now >= self._stop_by or not (waiting or holdings.is_held)):
                return None
            is_full = holdings.is_full
            is_losing = is_full and holdings.backing is None
            due = self._pace.due(now, waiting, in_haste=self._in_haste, is_full=is_full, is_losing=is_losing)
            if due <= now:
                return holdings.next_batch(self._most_items)
            limit = min(due, self._stop_by) if self._stops else due
            holdings.changed.wait(min(max(0.0, limit - now), _LONGEST_WAIT_S))

    def _deliver(self, batch: tuple[Item, ...]) -> None:
        holdings = self._holdings
        with holdings.lock:
            told = holdings.losses.told_in(batch)
        try:
            verdict = self._sink.export(told, None)
        except BaseException as error:  # noqa: BLE001  a sink of somebody else's may raise anything; the thread is ours
            failure = SinkFailure(kind=FailureKind.TROUBLE, reason=type(error).__name__)
            verdict = SinkVerdict(settled=0, failure=failure)
        with holdings.lock:
            holdings.settle(batch, verdict)
            now = time.monotonic()
            if verdict.settled:
                self._acknowledged_at = now
            self._pace.learn(verdict, now, holdings.queue_len, in_haste=self._in_haste)
            holdings.changed.notify_all()
        if self.warning is not None:
            self.warning.look()

    # -- waiting ------------------------------------------------------------------------------------------------------

    @property
    def is_full(self) -> bool:
        """Whether progress that came now would be dropped, or soon."""
        return self._holdings.is_full

    @property
    def has_room(self) -> bool:
        """Whether what is not terminal would be queued now, unless it is larger than half of all that may wait."""
        return self._holdings.has_room

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until there is room; gives whether there is. Once it is closed there always is."""
        with self.lock:
            if self._holdings.is_busy:
                return True  # within a signal handler that interrupted ``put``: nothing can move until it is over
            return self._holdings.changed.wait_for(lambda: self._holdings.is_closed or self.has_room, timeout_s)

    @property
    def is_well(self) -> bool:
        """Whether waiting for room is worth it: not when the sink fails, or took nothing since it got stuck."""
        holdings = self._holdings
        return not holdings.is_closed and self.failed_in_a_row == 0 and holdings.settled_count != self._stuck_at

    def mark_stuck(self) -> None:
        """Note that waiting was in vain: until the sink takes something, it is not waited for."""
        self._stuck_at = self._holdings.settled_count

    def begin_flush(self) -> None:
        """Deliver without delay from now on, until ``end_flush``; try at once, also if the sink is failing."""
        with self.lock:
            self._holdings.take_in_held()
            self._flushes += 1
            self._pace.hurry(self._holdings.queue_len)
            self._holdings.changed.notify_all()

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
            if self._holdings.is_busy:
                return False  # as in ``wait_for_room``
            self._holdings.changed.wait_for(
                lambda: self._is_empty() or self._done.is_set(), max(0.0, deadline - time.monotonic())
            )
            return self._is_empty()

    def wait_while_it_moves(self, deadline: float, answer_s: float = _ANSWER_S) -> bool:
        """Wait until nothing waits, as long as the sink takes something now and then: what is left is on disk.

        A sink that fails is not waited for, one that has not answered yet for a few seconds; after the end, none.

        Args:
            deadline: In seconds of ``time.monotonic``.
            answer_s: Seconds that one answer may take.

        Returns:
            Whether nothing waits.
        """
        with self.lock:
            if self._holdings.is_busy:
                return False
            self._holdings.takes_from_disk = False
            exported, failures = -1, self.failed_in_a_row
            patience = deadline
            while not (self._is_empty() or self._holdings.is_written_off) and self.failed_in_a_row <= failures:
                now = time.monotonic()
                if self._holdings.settled_count != exported:
                    exported, patience = self._holdings.settled_count, min(deadline, now + answer_s)
                if now >= patience:
                    break
                self._holdings.changed.wait(patience - now)
            self._holdings.takes_from_disk = True
            return self._is_empty()

    @property
    def is_on_disk(self) -> bool:
        """Whether items are kept on disk as well."""
        return self._holdings.backing is not None

    def _is_empty(self) -> bool:
        return self._holdings.is_empty

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
            self._holdings.is_closed = True
            self._holdings.changed.notify_all()

    def begin_shutdown(self, deadline: float) -> None:
        """Take nothing more, and deliver what waits until ``deadline``, in seconds of ``time.monotonic``."""
        with self.lock:
            self._holdings.take_in_held()
            self._holdings.is_closed = self._stops = True
            self._stop_by = deadline
            self._pace.hurry(self._holdings.queue_len)
            self._holdings.changed.notify_all()

    def end_shutdown(self, deadline: float) -> None:
        """Wait until the thread has ended or ``deadline``; what waits then is written off as evicted."""
        self._done.wait(max(0.0, deadline - time.monotonic()))
        self._holdings.is_written_off = True

    def shutdown_by(self, deadline: float) -> None:
        """Stop by ``deadline``, in seconds of ``time.monotonic``."""
        self.begin_shutdown(deadline)
        self.end_shutdown(deadline)
