"""The hand-over from the agent's thread to our worker: bounded in bytes, never blocking, and the worker itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
import threading
import time
from typing import Any

from agent_otel.processors import in_forked_child
from agent_otel.processors.interruption import place_of

__all__ = ["HandOver"]

_BATCH = 64  # payloads that are handled together; what comes first is told within milliseconds
_GATHER_S = 0.005  # how long one that was woken waits for more
_LOOK_S = 0.01  # how often it looks by itself while things come: to wake it costs the agent more than all else
_AWAKE_S = 0.25  # how long after the last that came
_TICK_S = 1.0  # how often the worker looks at the clock when nothing comes


class HandOver:
    """A queue with one worker, which is started by the first entry.

    When the queue is full the oldest entry that may be lost makes room; if there is none, the oldest of all. What was
    evicted is counted: ``accepted = handled + evicted + queued``.

    Args:
        handle: Called on the worker with each payload; what it raises is counted and swallowed.
        tick: Called on the worker about once a second.
        max_bytes: Bound of the queue in bytes.
        evicts: Called with each payload that makes room, on the thread that hands over: it must be quick.
        settle: Called on the worker after each batch, before the batch counts as handled for ``drain``.
    """

    def __init__(
        self,
        handle: Callable[[Any], None],
        tick: Callable[[], None],
        max_bytes: int,
        evicts: Callable[[Any], None] | None = None,
        settle: Callable[[], None] | None = None,
    ) -> None:
        self._evicts = evicts
        self._settle = settle
        self._handle = handle
        self._tick = tick
        self._max_bytes = max_bytes
        self._stopping = False
        self.accepted = 0
        self.handled = 0
        self.evicted = 0
        self.faults = 0
        self.last_fault = ""  # where the last one arose, without content
        self._reset()
        in_forked_child(self._after_fork)

    def _reset(self) -> None:
        self._ordinary: deque[tuple[int, int, Any]] = deque()  # (number, bytes, payload), in order of arrival
        self._precious: deque[tuple[int, int, Any]] = deque()
        self._number = 0
        self._taken = 0  # numbers up to this one were taken by the worker or evicted
        self._settled = 0  # and up to this one handled or evicted
        self._bytes = 0
        self._lock = threading.RLock()  # a signal handler that flushes may find its own thread inside put()
        self._filled = threading.Condition(self._lock)
        self._drained = threading.Condition(self._lock)
        self._idle = True  # it has to be woken
        self._awake_until = 0.0  # it looks by itself, in seconds of time.monotonic
        self._hurried = False  # somebody waits for what is queued
        self._has_ended = False  # the worker
        self._worker: threading.Thread | None = None

    def _after_fork(self) -> None:
        """In a forked child: what the parent has queued is the parent's; a worker starts when something comes."""
        self.accepted = self.handled + self.evicted  # without the lock: a thread that is gone may hold it
        self._reset()

    @property
    def queued(self) -> int:
        """Entries that are waiting or being handled."""
        return self.as_dict()["queued"]

    def as_dict(self) -> dict[str, int]:
        """Give the books of one moment: they balance although the worker goes on.

        Without the lock: a signal handler that shuts down may hold it on its thread while another one asks for metrics.
        """
        handled, evicted = self.handled, self.evicted
        accepted = self.accepted  # last, so that no more is handled than was accepted
        return {"accepted": accepted, "handled": handled, "evicted": evicted, "queued": accepted - handled - evicted}

    def put(self, payload: Any, size: int, *, precious: bool) -> bool:
        """Hand over; never blocks.

        Args:
            payload: Immutable, or owned by the queue from now on.
            size: Bytes that it holds, roughly.
            precious: Whether losing it would lose the end of a run, an error or usage.

        Returns:
            False if the queue has been stopped.
        """
        with self._lock:
            if self._stopping:
                return False
            self.accepted += 1
            self._number += 1
            (self._precious if precious else self._ordinary).append((self._number, size, payload))
            self._bytes += size
            while self._bytes > self._max_bytes and len(self._ordinary) + len(self._precious) > 1:
                _, freed, evicted = (self._ordinary or self._precious).popleft()
                self._bytes -= freed
                self.evicted += 1
                if self._evicts is not None:
                    with suppress(ValueError, TypeError, AttributeError):  # an id that is none
                        self._evicts(evicted)
            if self._worker is None:
                worker = threading.Thread(target=self._run, name="agent-otel-worker", daemon=True)
                worker.start()  # may raise where no thread can be started: then the next entry tries again
                self._worker = worker
            elif self._idle or precious:
                self._filled.notify()
                self._idle = False  # what comes until it has woken finds it awake
            if self._has_ended:  # a signal handler stopped it in the midst of this
                self._write_off()
            return True

    def drain(self, deadline: float) -> bool:
        """Wait until what was handed over before is handled, until ``deadline`` in seconds of ``time.monotonic``."""
        with self._lock:
            if self._worker is threading.current_thread():
                return False
            until = self._number
            self._hurried = True
            self._filled.notify()
            return self._drained.wait_for(lambda: self._settled >= until, max(0.0, deadline - time.monotonic()))

    def stop(self, deadline: float) -> bool:
        """Take nothing more, handle what is queued, and end the worker; gives whether it has ended by the deadline."""
        with self._lock:
            self._stopping = True
            self._filled.notify_all()
            worker = self._worker
        if worker is None:
            self._run()  # nothing came, or no thread could be started
        with self._lock:
            if worker is not threading.current_thread():
                # A signal handler may be inside put(), which has the lock: to wait gives it up, to join would not.
                self._drained.wait_for(lambda: self._has_ended, max(0.0, deadline - time.monotonic()))
            self._write_off()
            return self._has_ended

    def _write_off(self) -> None:
        """Count what is left as evicted; the lock is held."""
        self.evicted += len(self._ordinary) + len(self._precious)
        self._ordinary.clear()
        self._precious.clear()
        self._bytes = 0
        self._settled = self._number
        self._drained.notify_all()

    def _run(self) -> None:
        try:
            self._work()
        finally:
            with self._lock:
                self._has_ended = True
                self._drained.notify_all()

    def _work(self) -> None:
        ticked = time.monotonic()
        while True:
            batch = self._take()
            if batch is None:
                return
            for payload in batch:
                self._try(self._handle, payload)
            if self._settle is not None and batch:
                self._try(self._settle)
            self.handled += len(batch)  # not before it is settled; nobody else counts here
            if time.monotonic() - ticked >= _TICK_S:
                ticked = time.monotonic()
                self._try(self._tick)

    def _try(self, step: Callable[..., None], *payload: Any) -> None:
        """Take a step; one that fails must not end the worker, whatever a processor or exporter raises there."""
        try:
            step(*payload)
        except BaseException as error:  # noqa: BLE001  no signal handler runs on this thread
            self.faults += 1
            self.last_fault = place_of(error)

    @property
    def _waiting(self) -> bool:
        return bool(self._ordinary or self._precious)

    def _sleep(self) -> None:
        """Wait for something to come, and then a little for more; the lock is held, and given up meanwhile."""
        self._idle = time.monotonic() >= self._awake_until
        if not self._idle:
            self._filled.wait(_LOOK_S)
            return
        self._filled.wait(_TICK_S)
        self._idle = False
        if self._waiting and not (self._hurried or self._stopping):
            self._filled.wait(_GATHER_S)

    def _take(self) -> list[Any] | None:
        """Give the next batch, in order of arrival; None when the worker is to end."""
        with self._lock:
            if not self._waiting:
                self._taken = self._number
            self._settled = self._taken
            self._drained.notify_all()
            if not self._waiting:
                if self._stopping:
                    return None
                self._sleep()
            self._hurried = False
            taken: list[Any] = []
            if self._waiting:
                self._awake_until = time.monotonic() + _AWAKE_S
            while self._waiting and len(taken) < _BATCH:
                queue = self._ordinary or self._precious
                if self._ordinary and self._precious and self._precious[0][0] < self._ordinary[0][0]:
                    queue = self._precious
                self._taken, size, payload = queue.popleft()
                self._bytes -= size
                taken.append(payload)
            return taken
