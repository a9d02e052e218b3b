"""``PerProcess``: an exporter whose connections belong to one process; a forked child makes itself a new one.

A connection that parent and child share would mix their requests, and each would read the other's answers.
"""

from __future__ import annotations

from collections.abc import Callable
import os
from typing import Any

__all__ = ["PerProcess"]


class PerProcess:
    """Stands in for an exporter and passes everything on to that of the current process.

    Args:
        make: Makes an exporter; called at once, and again in each forked child that exports.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self.made = make()
        self._inherited: list[Any] = []  # kept: closing them would close what is the parent's
        self._pid = os.getpid()

    def __getattr__(self, name: str) -> Any:
        if self._pid != os.getpid():
            self._inherited.append(self.made)
            self.made, self._pid = self._make(), os.getpid()
        return getattr(self.made, name)
