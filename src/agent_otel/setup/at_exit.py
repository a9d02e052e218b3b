"""Ends what sends when the process does: at the interpreter's exit, and where a worker of ``multiprocessing`` ends."""

from __future__ import annotations

import atexit
from collections.abc import Callable
import sys
from typing import Any
import weakref

__all__ = ["AtExit", "at_exit"]

_LAST = -100  # of all finalizers, so that the others may record


class AtExit:
    """Calls a method at the end of the process, as long as its object lives.

    Args:
        method: A bound method that takes seconds.
        timeout_s: The seconds that it gets.
    """

    def __init__(self, method: Callable[[float], Any], timeout_s: float) -> None:
        self._method = weakref.WeakMethod(method)
        self._timeout_s = timeout_s

    def call(self) -> None:
        """Call the method, if its object is still there."""
        method = self._method()
        if method is not None:
            method(self._timeout_s)

    def in_worker_process(self) -> None:
        """Be called where a process of ``multiprocessing`` ends: it runs finalizers, but not ``atexit``."""
        util, process = sys.modules.get("multiprocessing.util"), sys.modules.get("multiprocessing.process")
        if util is not None and process is not None and process.parent_process() is not None:
            util.Finalize(None, self.call, exitpriority=_LAST)

    def in_forked_child(self) -> None:
        """If it is one of ``multiprocessing``: it forgets all finalizers and then asks for new ones."""
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            util.register_after_fork(self, AtExit.in_worker_process)


def at_exit(method: Callable[[float], Any], timeout_s: float) -> AtExit:
    """Have a bound method called at the end of this process.

    Args:
        method: Takes seconds; not called if its object is gone by then.
        timeout_s: The seconds that it gets.
    """
    made = AtExit(method, timeout_s)
    atexit.register(made.call)
    made.in_worker_process()
    return made
