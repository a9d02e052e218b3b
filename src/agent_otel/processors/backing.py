"""``Backing``: what of one outbox is on disk: written ahead, removed on delivery, read again when there is room.

One way for overflow, outage and crash: what memory has no room for stays on disk alone; what the process leaves behind,
another one adopts. Every method but those that say otherwise is called with the outbox's lock held.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
import threading

from agent_otel.delivery import Item
from agent_otel.delivery.spool import Destination, Entry, Spool

__all__ = ["Backing"]

_BATCH = 500
_MOST_PENDING_BYTES = 32 * 1024 * 1024
_Row = tuple[Spool, int]


class Backing:
    """Keeps the books between memory and disk.

    Args:
        spool: That of this process.
        destination: Whose items these are.
        retain_raw: Whether raw content may be stored.
    """

    def __init__(self, spool: Spool, destination: Destination, *, retain_raw: bool) -> None:
        self._spool = spool
        self.destination = destination
        self._retain_raw = retain_raw
        self._adopted: list[Spool] = []
        self.disk = threading.Lock()  # held while rows come or are read again; never while waiting for the outbox's
        self.forget()

    def forget(self) -> None:
        """Begin anew, in a forked child: what is here is the parent's."""
        self.disk = threading.Lock()
        self._adopted = []
        self._unsaved: deque[Item] = deque()
        self._pending: dict[int, Item] = {}  # not on disk yet, by identity; holds them so that identities stay theirs
        self._pending_bytes = 0
        self._rows: dict[int, _Row] = {}  # of what is in memory, by identity
        self._delivered_early: set[int] = set()  # of what is pending
        self._evicted_early: set[int] = set()
        self._removals: list[_Row] = []
        self._seen: dict[Spool, set[int]] = {}  # rows of adopted spools that were taken into memory before
        self.outside = 0  # on disk, or on their way there, and not in memory
        self.lost = 0  # of those, what the disk did not take or gave up

    # -- from the outbox ----------------------------------------------------------------------------------------------

    def accepted(self, item: Item) -> None:
        """Write an item ahead, soon; not if the disk is so far behind that memory would fill with what waits for it."""
        if self._pending_bytes > _MOST_PENDING_BYTES:
            return
        self._unsaved.append(item)
        self._pending[id(item)] = item
        self._pending_bytes += item.size

    def _written(self, key: int) -> None:
        item = self._pending.pop(key, None)
        if item is not None:
            self._pending_bytes -= item.size

    def evicted(self, item: Item) -> bool:
        """Note that memory has no room for an item; gives whether the disk keeps it."""
        key = id(item)
        if self._rows.pop(key, None) is None:
            if key not in self._pending:
                return False
            self._evicted_early.add(key)
        self.outside += 1
        return True

    def settled(self, items: Iterable[Item]) -> None:
        """Note that the sink is done with items."""
        for item in items:
            key = id(item)
            row = self._rows.pop(key, None)
            if row is not None:
                self._removals.append(row)
            elif key in self._pending:
                self._delivered_early.add(key)

    # -- to the disk --------------------------------------------------------------------------------------------------

    def take_unsaved(self) -> list[Item]:
        """Give what is to be written now, the most precious first."""
        batch: list[Item] = []
        while self._unsaved and len(batch) < _BATCH:
            item = self._unsaved.popleft()
            if id(item) in self._delivered_early:
                self._delivered_early.discard(id(item))
                self._written(id(item))
            else:
                batch.append(item)
        return sorted(batch, key=lambda item: item.delivery_class.rank)

    def entries(self, batch: list[Item]) -> list[Entry]:
        """Give what the spool is asked to store. Needs no lock."""
        return [Entry(destination=self.destination, item=item, retain_raw=self._retain_raw) for item in batch]

    def saved(self, batch: list[Item], row_ids: Iterable[int | None]) -> None:
        """Note which items have a row now."""
        for item, row_id in zip(batch, row_ids, strict=True):
            key = id(item)
            self._written(key)
            early, gone = key in self._evicted_early, key in self._delivered_early
            self._evicted_early.discard(key)
            self._delivered_early.discard(key)
            if row_id is None:
                if early:
                    self.outside -= 1
                    self.lost += 1
            elif gone:
                self._removals.append((self._spool, row_id))
            elif not early:
                self._rows[key] = (self._spool, row_id)

    def given_up(self, row_ids: Iterable[int]) -> None:
        """Note that the spool has evicted rows of ours for want of room, or for age."""
        evicted = set(row_ids)
        delivered = {row_id for spool, row_id in self._removals if spool is self._spool and row_id in evicted}
        self._removals = [row for row in self._removals if row[0] is not self._spool or row[1] not in delivered]
        evicted -= delivered
        in_memory = [key for key, (spool, row_id) in self._rows.items() if spool is self._spool and row_id in evicted]
        for key in in_memory:
            del self._rows[key]
        outside = min(self.outside, len(evicted) - len(in_memory))
        self.outside -= outside
        self.lost += outside

    def saved_of(self, queued: int) -> int:
        """Give how many of so many items in memory have a row."""
        return min(queued, len(self._rows))

    def take_removals(self) -> dict[Spool, list[int]]:
        """Give the rows that are to be deleted, by spool."""
        found: dict[Spool, list[int]] = {}
        for spool, row_id in self._removals:
            found.setdefault(spool, []).append(row_id)
        self._removals = []
        return found

    @property
    def is_behind(self) -> bool:
        """Whether anything is to be written or deleted."""
        return bool(self._unsaved or self._pending or self._removals)

    # -- from the disk ------------------------------------------------------------------------------------------------

    def adopt(self, spools: Iterable[Spool]) -> None:
        """Deliver from what other processes left as well."""
        for spool in spools:
            self._adopted.append(spool)
            self._seen[spool] = set()

    @property
    def adopted(self) -> list[Spool]:
        """Spools of other processes that may hold something for us."""
        return self._adopted

    @property
    def has_more(self) -> bool:
        """Whether there may be anything on disk that is not in memory."""
        return self.outside > len(self._evicted_early) or bool(self._adopted)

    def known_rows(self) -> set[_Row]:
        """Give the rows of what is in memory or about to be deleted."""
        return {*self._rows.values(), *self._removals}

    def load(self, most: int, known: set[_Row]) -> list[tuple[_Row, Item]]:
        """Read items that are not in memory. Needs no lock but ``disk``.

        Args:
            most: How many at most.
            known: What is in memory.
        """
        found: list[tuple[_Row, Item]] = []
        for spool in [self._spool, *self._adopted]:
            after = 0
            while len(found) < most:
                page = spool.deliverable(self.destination, after, limit=_BATCH)
                if not page:
                    break
                found += [((spool, row.row_id), row.item) for row in page if (spool, row.row_id) not in known]
                after = page[-1].position
        return found[:most]

    def loaded(self, row: _Row, item: Item) -> bool:
        """Note that a row is in memory again; gives whether it had been before."""
        spool, row_id = row
        self._rows[id(item)] = row
        seen = self._seen.get(spool)
        if seen is not None and row_id not in seen:
            seen.add(row_id)
            return False
        self.outside = max(0, self.outside - 1)
        return True

    def disown(self, spool: Spool) -> None:
        """Forget an adopted spool that holds nothing more for us."""
        self._adopted = [one for one in self._adopted if one is not spool]
        self._seen.pop(spool, None)
