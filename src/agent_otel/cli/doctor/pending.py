"""``Pending``: the answer of a thread that may hang, so that a deadline holds for whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable
import threading
from typing import Generic, TypeVar

__all__ = ["Pending", "in_background"]

T = TypeVar("T")


class Pending(Generic[T]):
    """One value that comes from another thread: the first that is given counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._given = threading.Event()
        self._value: T | None = None

    def give(self, value: T) -> None:
        """Give the value; does nothing if there is one already."""
        with self._lock:
            if not self._given.is_set():
                self._value = value
                self._given.set()

    def wait(self, timeout_s: float) -> T | None:
        """Give the value, or None if it does not come within so many seconds."""
        self._given.wait(max(0.0, timeout_s))
        with self._lock:
            return self._value


def in_background(name: str, call: Callable[[Pending[T]], T]) -> Pending[T]:
    """Make a call on a daemon thread of its own.

    Args:
        name: Of the thread.
        call: Is given what it is to answer to, so that it can answer before it returns. Must not raise.
    """
    pending: Pending[T] = Pending()
    threading.Thread(target=lambda: pending.give(call(pending)), name=name, daemon=True).start()
    return pending
