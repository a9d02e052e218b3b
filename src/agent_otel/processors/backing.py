"""``Backing``: what of one outbox is on disk: written ahead, removed on delivery, read again when there is room.

One way for overflow, outage and crash: what memory has no room for stays on disk alone; what the process leaves behind,
another one adopts. Every method but those that say otherwise is called with the outbox's lock held.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
import threading

from agent_otel.delivery import Item
from agent_otel.delivery.spool import Destination, Entry, Spool
from agent_otel.processors.last_wills import LastWills, key_of

__all__ = ["Backing", "Row"]

_BATCH = 500
_MOST_PENDING_BYTES = 32 * 1024 * 1024
Row = tuple[Spool, int]


class Backing:
    """Keeps the books between memory and disk.

    Args:
        spool: That of this process.
        destination: Whose items these are.
        retain_raw: Whether raw content may be stored.
        wills: Of the spans that come here; None for log records.
    """

    def __init__(
        self, spool: Spool, destination: Destination, *, retain_raw: bool, wills: LastWills | None = None
    ) -> None:
        self._spool = spool
        self.destination = destination
        self._retain_raw = retain_raw
        self._wills = wills
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
        self._rows: dict[int, Row] = {}  # of what is in memory, by identity
        self._delivered_early: set[int] = set()  # of what is pending
        self._evicted_early: set[int] = set()
        self._removals: list[Row] = []
        self._refused: dict[int, Item] = {}  # in memory, and not on disk: it did not take them, or was too far behind
        self._held: dict[int, Item] = {}  # of what is pending: may not be sent before it is on disk
        self._released: list[Item] = []
        self._will_rows: set[Row] = set()  # that hold wills of dead processes
        self._read_wills: dict[int, str] = {}  # those that are in memory, by identity
        self._sent_wills: list[tuple[str, int, int]] = []
        self._seen: dict[Spool, set[int]] = {}  # rows of adopted spools that were taken into memory before
        self.outside = 0  # on disk, or on their way there, and not in memory
        self.lost_of_others = 0  # of what dead processes left for this sink, what could not be kept
        self.lost = 0  # of those, what the disk did not take or gave up

    # -- from the outbox ----------------------------------------------------------------------------------------------

    def accepted(self, item: Item) -> bool:
        """Write an item ahead, soon; not if the disk is so far behind that memory would fill with what waits for it.

        Returns:
            Whether it is given back by ``released`` and must not be sent before: it takes the place of a last will, and
            both would arrive if the process died in between.
        """
        ends_will = self.ends_will(item)
        if self._pending_bytes > _MOST_PENDING_BYTES and not ends_will:
            self._refused[id(item)] = item
            return False
        self._unsaved.append(item)
        self._pending[id(item)] = item
        self._pending_bytes += item.size
        if ends_will:
            self._held[id(item)] = item
        return ends_will

    def ends_will(self, item: Item) -> bool:
        """Whether an item takes the place of a last will. Needs no lock."""
        return self._wills is not None and self._wills.has(item)

    @property
    def held(self) -> int:
        """How many items wait for the disk before they may be sent."""
        return len(self._held) + len(self._released)

    def released(self, before_ns: int = 0) -> list[Item]:
        """Give what has waited for the disk, and what was handed over before a time and has waited in vain."""
        if before_ns:
            for key in [key for key, item in self._held.items() if item.enqueued_ns < before_ns]:
                self._released.append(self._held.pop(key))
        released, self._released = self._released, []
        return released

    def exchange(self, item: Item, other: Item) -> None:
        """Let another item stand for one that is about to be written."""
        self._pending[id(other)] = self._pending.pop(id(item))
        self._pending[id(other)] = other
        if self._held.pop(id(item), None) is not None:
            self._held[id(other)] = other

    def _written(self, key: int) -> None:
        item = self._pending.pop(key, None)
        if item is not None:
            self._pending_bytes -= item.size

    def evicted(self, item: Item) -> bool:
        """Note that memory has no room for an item; gives whether the disk keeps it."""
        key = id(item)
        if self._rows.pop(key, None) is None:
            if key not in self._pending:
                self._refused.pop(key, None)
                return False
            self._evicted_early.add(key)
        self.outside += 1
        return True

    def settled(self, items: Iterable[Item]) -> None:
        """Note that the sink is done with items."""
        for item in items:
            key = id(item)
            row = self._rows.pop(key, None)
            will = self._read_wills.pop(key, None)
            if will is not None:
                self._sent_wills.append((will, item.trace_id, item.span_id))
            if row is not None:
                self._removals.append(row)
            elif key in self._pending:
                self._delivered_early.add(key)
            else:
                self._refused.pop(key, None)

    # -- to the disk --------------------------------------------------------------------------------------------------

    def take_unsaved(self) -> list[Item]:
        """Give what is to be written now, the most precious first."""
        batch: list[Item] = []
        while self._unsaved and len(batch) < _BATCH:
            item = self._unsaved.popleft()
            if id(item) in self._delivered_early and not self.ends_will(item):
                self._delivered_early.discard(id(item))
                self._written(id(item))
            else:
                batch.append(item)
        return sorted(batch, key=lambda item: item.delivery_class.rank)

    def entries(self, batch: list[Item]) -> list[Entry]:
        """Give what the spool is asked to store. Needs no lock."""
        return [
            Entry(
                destination=self.destination,
                item=item,
                retain_raw=self._retain_raw,
                ends_will=key_of(item) if self.ends_will(item) else None,
            )
            for item in batch
        ]

    def saved(self, batch: Sequence[Item], row_ids: Iterable[int | None]) -> list[Item]:
        """Note which items have a row now; gives those that are lost, because memory had no room for them either."""
        lost: list[Item] = []
        for item, row_id in zip(batch, row_ids, strict=True):
            key = id(item)
            self._written(key)
            if self._held.pop(key, None) is not None:
                self._released.append(item)
            if self._wills is not None and row_id is not None:
                self._wills.ended(item, self.destination)
            early, gone = key in self._evicted_early, key in self._delivered_early
            self._evicted_early.discard(key)
            self._delivered_early.discard(key)
            if row_id is None and not (early or gone):
                self._refused[key] = item
            if row_id is None:
                if early:
                    self.outside -= 1
                    self.lost += 1
                    lost.append(item)
            elif gone:
                self._removals.append((self._spool, row_id))
            elif not early:
                self._rows[key] = (self._spool, row_id)
        return lost

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

    def try_again(self) -> None:
        """Have written what the disk has refused, as far as memory has it still."""
        while self._refused and self._pending_bytes <= _MOST_PENDING_BYTES:
            key, item = self._refused.popitem()
            self._unsaved.append(item)
            self._pending[key] = item
            self._pending_bytes += item.size

    def take_sent_wills(self) -> list[tuple[str, int, int]]:
        """Give key, trace id and span id of the wills that were sent, once; to be noted before their rows go."""
        sent, self._sent_wills = self._sent_wills, []
        return sent

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

    def known_rows(self) -> set[Row]:
        """Give the rows of what is in memory or about to be deleted."""
        return {*self._rows.values(), *self._removals}

    def load(self, most: int, known: set[Row]) -> list[tuple[Row, Item]]:
        """Read items that are not in memory. Needs no lock but ``disk``.

        Args:
            most: How many at most.
            known: What is in memory.
        """
        found: list[tuple[Row, Item]] = []
        for spool in [self._spool, *self._adopted]:
            after = 0
            while len(found) < most:
                page = spool.deliverable(self.destination, after, limit=_BATCH)
                if not page:
                    break
                found += [((spool, row.row_id), row.item) for row in page if (spool, row.row_id) not in known]
                self._will_rows.update((spool, row.row_id) for row in page if row.will_of is not None)
                after = page[-1].position
        return found[:most]

    def loaded(self, row: Row, item: Item) -> bool:
        """Note that a row is in memory again; gives whether it had been before."""
        spool, row_id = row
        self._rows[id(item)] = row
        if row in self._will_rows:
            self._will_rows.discard(row)
            self._read_wills[id(item)] = key_of(item)
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
