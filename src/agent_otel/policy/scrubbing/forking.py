"""No fork while the matcher works: it is native code with locks, which a forked child would find held for ever.

Whoever forks waits for the scrubbing that other threads have begun, which is bounded, and nothing begins meanwhile.
"""

from __future__ import annotations

import os
import threading
import time
from types import TracebackType
from typing import Final

__all__ = ["MATCHING"]

_LONGEST_S: Final = 5.0  # what the budget of one value allows
_POLL_S: Final = 0.0005


class _Matching:
    """Entered around every use of the matcher, by any number of threads at once; a thread may enter it again."""

    def __init__(self) -> None:
        self._begin()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._hold, after_in_parent=self._release, after_in_child=self._begin)

    def _begin(self) -> None:
        self._lock = threading.RLock()  # a signal handler may enter while its own thread does
        self._within: dict[int, int] = {}

    def __enter__(self) -> None:
        me = threading.get_ident()
        with self._lock:
            self._within[me] = self._within.get(me, 0) + 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Without the lock, which whoever forks holds until all are out; each thread has an entry of its own.
        me = threading.get_ident()
        left = self._within.get(me, 1) - 1
        if left:
            self._within[me] = left
        else:
            self._within.pop(me, None)

    def _hold(self) -> None:
        me = threading.get_ident()
        until = time.monotonic() + _LONGEST_S
        self._lock.acquire()
        while any(one != me for one in list(self._within)) and time.monotonic() < until:
            time.sleep(_POLL_S)

    def _release(self) -> None:
        self._lock.release()


MATCHING: Final = _Matching()
