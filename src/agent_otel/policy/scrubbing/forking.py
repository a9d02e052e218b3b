"""No fork and no end of the interpreter while the matcher works: it is native code.

A forked child would find its locks held for ever. And the interpreter ends daemon threads where they ask for its lock
again: amid C++ that aborts the process. Whoever forks, and the interpreter before it ends, waits for the scrubbing that
other threads have begun, which is bounded, and nothing begins meanwhile.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from threading import get_ident
import time
from types import TracebackType
from typing import Final

__all__ = ["MATCHING"]

_LONGEST_S: Final = 5.0  # what the budget of one value allows
_POLL_S: Final = 0.0005


class _AtTheVeryEnd(logging.Handler):
    """Is closed by ``logging.shutdown``, which was registered before any provider, and so is called after all of them.

    What they still send at exit is scrubbed on threads of theirs.
    """

    def __init__(self, matching: _Matching) -> None:
        super().__init__()
        self._matching = matching

    def emit(self, record: logging.LogRecord) -> None:
        """Nothing: no logger has this handler."""

    def close(self) -> None:
        """End the matching."""
        super().close()
        self._matching.end()


class _Matching:
    """Entered around every use of the matcher, by any number of threads at once; a thread may enter it again."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # held from before a fork until after it; the forking thread may enter
        self._is_held = False
        self._within: list[int] = []
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._hold, after_in_parent=self._release, after_in_child=self._go_on_alone)
        self._is_exiting = False
        self.is_ending = False  # what was begun is to come to its end
        atexit.register(self._exit)
        self._last = _AtTheVeryEnd(self)

    def __enter__(self) -> None:
        # Told first and asked then, so that either this thread sees the fork, or who forks sees this thread.
        me = get_ident()
        self._within.append(me)
        if self._is_held and self._within.count(me) == 1:
            self._wait(me)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._within.remove(get_ident())

    def _exit(self) -> None:
        self._is_exiting = True

    def end(self) -> None:
        """Let nobody begin any more, if the interpreter is about to end."""
        if self._is_exiting:
            self.is_ending = True
            self._hold()

    def _wait(self, me: int) -> None:
        self._within.remove(me)
        with self._lock:
            self._within.append(me)

    def _hold(self) -> None:
        me = get_ident()
        until = time.monotonic() + _LONGEST_S
        self._lock.acquire()
        self._is_held = True
        while any(one != me for one in list(self._within)) and time.monotonic() < until:
            time.sleep(_POLL_S)

    def _go_on_alone(self) -> None:
        # A signal handler may have forked in the midst of a scrubbing, which the child then goes on with.
        self._lock = threading.RLock()
        self._is_held = False
        me = get_ident()
        self._within = [one for one in self._within if one == me]

    def _release(self) -> None:
        self._is_held = False
        self._lock.release()


MATCHING: Final = _Matching()
