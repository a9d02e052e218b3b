"""Signals in, ``KeyboardInterrupt`` out: between two steps of a reading and never in the midst of one.

Cut in half, a step would leave a record counted and not told, or a span in the books that is in no queue.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import signal
from types import TracebackType

__all__ = ["Interruption"]


class Interruption:
    """Holds back what a signal asks for while a step is taken (``with interruption:``).

    A second signal does not wait: the step may be stuck.
    """

    def __init__(self) -> None:
        self._is_held = False
        self._is_asked = False

    @contextmanager
    def of_signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM as interruptions; only on the main thread."""
        before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def __enter__(self) -> None:
        self._is_held = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_held = False
        if error is None:
            self.check()
        self._is_asked = False

    def check(self) -> None:
        """Let a step be left here if a signal has asked for it.

        Raises:
            KeyboardInterrupt: If it has.
        """
        if self._is_asked:
            self._is_asked = False
            raise KeyboardInterrupt

    def _ask(self, *_: object) -> None:
        if self._is_asked or not self._is_held:
            raise KeyboardInterrupt
        self._is_asked = True
