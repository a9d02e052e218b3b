"""``Room``: which rows make way when a file has reached its bound: the least precious class first, in it the oldest."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from heapq import merge
from typing import Final

from agent_otel.delivery.spool.store import Store
from agent_otel.delivery.spool.tally import Head
from agent_otel.model import DeliveryClass

__all__ = ["Room", "ids_in_order"]

_PAGE: Final = 256


class Room:
    """The room of one file, for one transaction. Last wills of a living owner never make way.

    Args:
        store: The file; its transaction is open.
        max_bytes: What its rows may take together.
        freed: Bytes of rows that will be deleted anyway.
    """

    def __init__(self, store: Store, max_bytes: int, *, freed: int = 0) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._used = store.tally.bytes - freed
        self._candidates = self._worst_first()
        self._next: Head | None = None
        self._spare: deque[Head] = deque()  # looked at in vain for one entry; they serve a smaller one
        self._spare_bytes = 0
        self.victims: list[Head] = []

    def reserve(self, size: int, rank: int) -> bool:
        """Make room; what is more precious than ``rank`` stays. Call it for the most precious first.

        Args:
            size: Bytes.
            rank: Of the class that wants the room; it may take the place of older ones of its class.

        Returns:
            Whether there is room.
        """
        if size > self._max_bytes:
            return False
        while self._used + size - self._spare_bytes > self._max_bytes:
            head = self._next = self._next or next(self._candidates, None)
            if head is None or head.rank < rank:
                return False
            self._spare.append(head)
            self._spare_bytes += head.size
            self._next = None
        while self._used + size > self._max_bytes:
            head = self._spare.popleft()
            self._spare_bytes -= head.size
            self._used -= head.size
            self.victims.append(head)
        self._used += size
        return True

    def _worst_first(self) -> Iterator[Head]:
        for worst in reversed(DeliveryClass):
            numbers = [number for _, rank, number in self._store.tally.groups if rank == worst.rank]
            for row_id in ids_in_order(self._store, worst.rank, sorted(set(numbers)), 0):
                yield from self._store.rows.heads([row_id])


def ids_in_order(store: Store, rank: int, destinations: list[int], after: int) -> Iterator[int]:
    """Walk the ids of one class, oldest first, over several destinations.

    Args:
        store: The file.
        rank: Of the class.
        destinations: Their numbers.
        after: An id; those behind it are given.
    """
    return merge(*(_ids(store, rank, destination, after) for destination in destinations))


def _ids(store: Store, rank: int, destination: int, after: int) -> Iterator[int]:
    while page := store.rows.ids(rank, destination, after, _PAGE):
        yield from page
        after = page[-1]
