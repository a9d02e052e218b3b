"""``Rows``: the reading side of a spool file. A row is given as it was stored, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
import os
import sqlite3
from typing import Any, Final

from agent_otel.delivery.item import Item
from agent_otel.delivery.spool.interned import Interned
from agent_otel.delivery.spool.row import RANK_SHIFT, SpooledItem, checksum_of
from agent_otel.delivery.spool.schema import Connection
from agent_otel.delivery.spool.tally import Head
from agent_otel.model import Cursor, DeliveryClass

__all__ = ["DamagedRow", "Rows"]

_HEAD: Final = "SELECT id, pending, rank, destination, size FROM item"
_ROW: Final = (
    "SELECT destination, will_of, envelope, trace_id, span_id, run_id, rank, stream, ordinal, content_mode, "
    "enqueued_ns, payload, raw_payload, checksum FROM item WHERE id = ?"
)
_START_BYTES: Final = 6
_SCANS: Final = tuple(  # every way to walk the table or its index, each in both directions
    f"SELECT id FROM item {source} {direction}"  # noqa: S608  of these constants
    for direction in ("ASC", "DESC")
    for source in ("NOT INDEXED ORDER BY id", "INDEXED BY item_order ORDER BY pending")
)

_RANKS: Final = frozenset(delivery_class.rank for delivery_class in DeliveryClass)
_MALFORMED: Final = "malformed values"


def _integer(value: object) -> int:
    """SQLite's columns take any type, and so a damaged one may have any."""
    if isinstance(value, int):
        return value
    raise sqlite3.DatabaseError(_MALFORMED)


class DamagedRow(Exception):
    """Raised by ``Rows.fetch`` for a row that is not what was stored."""


class Rows:
    """What a file holds.

    Args:
        db: Its connection.

    Raises:
        sqlite3.Error: If it cannot be read.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self.interned = Interned(db)

    def fetch(self, row_id: int) -> SpooledItem | None:
        """Read a row; gives None if there is none.

        Raises:
            DamagedRow: If its checksum is wrong.
            sqlite3.Error: If its page cannot be read.
        """
        row = self._db.execute(_ROW, (row_id,)).fetchone()
        if row is None:
            return None
        try:
            found = self._decoded(row_id, row)
            intact = checksum_of(row_id, found.destination, found.item, found.will_of) == row[-1]
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
            raise DamagedRow from error
        if not intact:
            raise DamagedRow
        return found

    def _decoded(self, row_id: int, row: tuple[Any, ...]) -> SpooledItem:
        destination, will_of, envelope, trace_id, span_id, run_id, rank, stream, ordinal, *rest = row
        content_mode, enqueued_ns, payload, raw_payload, _ = rest
        item = Item(
            payload=payload,
            envelope=self.interned.envelope(envelope),
            trace_id=int.from_bytes(trace_id, "big"),
            span_id=int.from_bytes(span_id, "big"),
            run_id=run_id,
            delivery_class=DeliveryClass(rank),
            source_cursor=None if stream is None else Cursor(stream, ordinal),
            content_mode=content_mode,
            raw_payload=raw_payload,
            enqueued_ns=enqueued_ns,
        )
        named = self.interned.destinations[destination]
        return SpooledItem(row_id=row_id, destination=named, item=item, will_of=will_of)

    def ids(self, rank: int, destination: int, after: int, limit: int) -> list[int]:
        """List ids of one class and destination, oldest first, without wills that are pending."""
        query = "SELECT id FROM item WHERE pending = 0 AND rank = ? AND destination = ? AND id > ? ORDER BY id LIMIT ?"
        return [row_id for (row_id,) in self._db.execute(query, (rank, destination, after, limit))]

    def all_ids(self, limit: int) -> list[int]:
        """List ids, oldest first, those of pending wills too."""
        return [row_id for (row_id,) in self._db.execute("SELECT id FROM item ORDER BY id LIMIT ?", (limit,))]

    def heads(self, row_ids: Iterable[int]) -> list[Head]:
        """Give what the counts need of rows; those that are gone are left out."""
        known = (row_id for row_id in row_ids if 0 < row_id < 1 << RANK_SHIFT)
        found = (self._db.execute(f"{_HEAD} WHERE id = ?", (row_id,)).fetchone() for row_id in known)
        return [self._head(*head) for head in found if head is not None]

    def will_heads(self, run_key: str) -> list[Head]:
        """Give the same of a run's wills."""
        return [self._head(*head) for head in self._db.execute(f"{_HEAD} WHERE will_of = ?", (run_key,))]

    def older_heads(self, before_ns: int, limit: int) -> list[Head]:
        """Give the same of the first rows, as far as they were enqueued before a time."""
        source = "FROM item NOT INDEXED WHERE pending = 0 ORDER BY id LIMIT ?"
        query = f"SELECT id, pending, rank, destination, size, enqueued_ns {source}"
        heads = []
        for *head, enqueued_ns in self._db.execute(query, (limit,)):
            if _integer(enqueued_ns) >= before_ns:
                break
            heads.append(self._head(*head))
        return heads

    def _head(self, row_id: object, pending: object, rank: object, destination: object, size: object) -> Head:
        return Head(_integer(row_id), *self._group(pending, rank, destination), _integer(size))

    def _group(self, pending: object, rank: object, destination: object) -> tuple[int, int, int]:
        known = pending in {0, 1} and rank in _RANKS and destination in self.interned.destinations
        if not known:
            raise sqlite3.DatabaseError(_MALFORMED)
        return _integer(pending), _integer(rank), _integer(destination)

    def groups(self) -> list[tuple[int, int, int, int, int]]:
        """Count everything: pending, rank, destination, items, bytes. Reads the whole file."""
        query = "SELECT pending, rank, destination, COUNT(*), SUM(size) FROM item GROUP BY 1, 2, 3"
        return [(*self._group(*group), items, _integer(size)) for *group, items, size in self._db.execute(query)]

    def oldest_ns(self) -> int | None:
        """Give when the item that was stored first was enqueued."""
        found = self._db.execute(
            "SELECT enqueued_ns FROM item NOT INDEXED WHERE pending = 0 ORDER BY id LIMIT 1"
        ).fetchone()
        return None if found is None else _integer(found[0])

    def next_id(self) -> int:
        """Give an id that no row ever had."""
        (used,) = self._db.execute("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'item'").fetchone()
        (found,) = self._db.execute("SELECT COALESCE(MAX(id), 0) FROM item").fetchone()
        # A new file begins anywhere: if it takes the place of one that was removed, no id may mean two rows.
        next_id = (max(_integer(used), _integer(found)) or int.from_bytes(os.urandom(_START_BYTES), "big")) + 1
        if next_id >= 1 << (RANK_SHIFT - 1):
            raise sqlite3.DatabaseError(_MALFORMED)
        return next_id

    def scan_ids(self) -> list[int]:
        """List, in order, every id that the table or its index still tells, past damaged pages."""
        found: set[int] = set()
        for query in _SCANS:
            try:
                found.update(row_id for (row_id,) in self._db.execute(query))
            except sqlite3.Error:  # noqa: PERF203  what was found before the damaged page counts
                continue
        return sorted(found)

    def check(self) -> None:
        """Check the structure of the whole file.

        Raises:
            sqlite3.Error: If it is damaged, even where no query would notice.
        """
        if [row[0] for row in self._db.execute("PRAGMA integrity_check(1)")] != ["ok"]:
            raise sqlite3.DatabaseError(_MALFORMED)
