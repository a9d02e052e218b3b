"""``Errands``: a thread for calls that may hang (name resolution, an answer that drips), so that a deadline holds.

The thread is started when it is made: at the interpreter's exit no thread can be started any more, and a flush at exit
needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
import threading
from typing import Any, TypeVar, cast
import weakref

from attrs import define, field

__all__ = ["Errands", "GaveUp"]

T = TypeVar("T")


class GaveUp(Exception):
    """Raised to who asked for a call that was not finished in time, or that the end came upon; stays in the room."""


@define(eq=False)
class _Errand:
    call: Callable[[], Any]
    done: threading.Event = field(factory=threading.Event)
    result: Any = None
    error: BaseException | None = None
    is_finished: bool = False
    is_given_up: bool = False

    def run(self) -> None:
        if self.is_given_up:  # what was handed back must not happen after all
            return
        try:
            self.result = self.call()
        except BaseException as error:  # noqa: BLE001  raised again where it was asked for
            self.error = error
        self.is_finished = True
        self.done.set()


class Errands:
    """Makes calls one after the other on a daemon thread of its own.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._errands: SimpleQueue[_Errand | None] = SimpleQueue()
        self._current: _Errand | None = None
        self._is_over = False
        threading.Thread(target=_work, args=(self._errands,), name=name, daemon=True).start()
        self._end = weakref.finalize(self, self._errands.put, None)  # the thread ends with what it works for
        self._end.atexit = False

    def run(self, call: Callable[[], T], timeout_s: float) -> T:
        """Make a call.

        Args:
            call: Goes on in the background when it is given up on; nothing else is begun before it ends.
            timeout_s: Seconds to wait at most.

        Raises:
            GaveUp: It is not finished by then, or ``stop`` was called.
            Exception: What the call raises.
        """
        errand = self._current = _Errand(call)
        if self._is_over:
            raise GaveUp("shut down")
        self._errands.put(errand)
        errand.done.wait(max(0.0, timeout_s))
        self._current = None  # a request may be megabytes
        if errand.error is not None:
            raise errand.error
        if not errand.is_finished:
            errand.is_given_up = True
            raise GaveUp("shut down" if self._is_over else "timeout")
        return cast("T", errand.result)

    def stop(self) -> None:
        """End the thread after the call that it makes; who waits for that gives it up at once."""
        self._is_over = True
        self._end()
        current = self._current
        if current is not None:
            current.done.set()


def _work(errands: SimpleQueue[_Errand | None]) -> None:
    while (errand := errands.get()) is not None:
        errand.run()
        errand = None  # as above
