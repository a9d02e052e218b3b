"""Bounded memory: a mapping that forgets its oldest entry, and a set of recently seen keys."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["RecentKeys", "Window"]

K = TypeVar("K")
V = TypeVar("V")


class Window(Generic[K, V]):
    """A mapping of at most ``limit`` entries; writing beyond it forgets the entry written longest ago, and counts."""

    def __init__(self, limit: int) -> None:
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._limit = limit
        self.forgotten = 0
        self.get: Callable[[K], V | None] = self._entries.get  # looks up without touching the order

    def has(self, key: K) -> bool:
        """Whether an entry of that key is remembered."""
        return key in self._entries

    def take(self, key: K) -> V | None:
        """Give an entry and forget it; None if there is none."""
        return self._entries.pop(key, None)

    def put(self, key: K, value: V) -> None:
        """Write, and forget the oldest entry if there is no room."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._limit:
            self._entries.popitem(last=False)
            self.forgotten += 1

    def __len__(self) -> int:
        return len(self._entries)


class RecentKeys:
    """Recognises keys seen among the last ``limit`` ones. Keeps 64-bit hashes, so that a key of 1 MB costs no more."""

    def __init__(self, limit: int) -> None:
        self._window: Window[int, None] = Window(limit)
        self._entries = self._window._entries  # noqa: SLF001  one attribute look-up less on the hot path

    def __contains__(self, key: str) -> bool:
        return hash(key) in self._entries

    def add(self, key: str) -> None:
        """Remember a key."""
        self._window.put(hash(key), None)

    def __len__(self) -> int:
        return len(self._window)
