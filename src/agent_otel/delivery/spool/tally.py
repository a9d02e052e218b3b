"""Counts of what a spool file holds, kept beside the rows so that nothing has to be scanned to know them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import frozen

__all__ = ["Head", "Tally"]


@frozen
class Head:
    """What the counts need of a row.

    Args:
        row_id: Its id.
        pending: 1 for a last will whose owner lives.
        rank: Of its delivery class.
        destination: Number of its destination in the file.
        size: Bytes that it counts as.
    """

    row_id: int
    pending: int
    rank: int
    destination: int
    size: int


class Tally:
    """Items and bytes by (pending, rank, destination)."""

    def __init__(self) -> None:
        self.groups: Final[dict[tuple[int, int, int], tuple[int, int]]] = {}
        self.items = 0
        self.bytes = 0

    def put(self, pending: int, rank: int, destination: int, items: int, size: int) -> None:
        """Add to one group; negative numbers take away."""
        key = (pending, rank, destination)
        had_items, had_bytes = self.groups.get(key, (0, 0))
        if had_items + items > 0:
            self.groups[key] = (had_items + items, had_bytes + size)
        else:
            self.groups.pop(key, None)
        self.items += items
        self.bytes += size

    def add(self, heads: Iterable[Head]) -> None:
        """Count rows that were stored."""
        for head in heads:
            self.put(head.pending, head.rank, head.destination, 1, head.size)

    def take(self, heads: Iterable[Head]) -> None:
        """Count rows that are gone."""
        for head in heads:
            self.put(head.pending, head.rank, head.destination, -1, -head.size)

    def clear(self) -> None:
        """Start from nothing."""
        self.groups.clear()
        self.items = self.bytes = 0
