"""``Store``: the writing side of a spool file. Raises what SQLite raises; ``Spool`` decides what to make of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
import os
from pathlib import Path
import sqlite3
from typing import Any, Final

from agent_otel.delivery.item import Item
from agent_otel.delivery.spool.row import Destination, SpooledItem, checksum_of
from agent_otel.delivery.spool.rows import Rows
from agent_otel.delivery.spool.schema import connect, migrate
from agent_otel.delivery.spool.tally import Head, Tally

__all__ = ["Store"]

_LOG_LIMIT: Final = 4 * 1024 * 1024  # bytes of write-ahead log beyond which it is folded into the file
_SMALL: Final = 16 * 1024 * 1024
_RESERVE: Final = 1024 * 1024  # bytes of the disk that are left for deleting
_INSERT: Final = f"INSERT INTO item VALUES ({', '.join('?' * 17)})"  # noqa: S608  placeholders


class Store:
    """One file.

    Args:
        path: A database that exists, empty or of this version or an older one.
        survive_power_loss: Wait for the disk at every commit.

    Raises:
        OSError, sqlite3.Error: If it cannot be used.
    """

    def __init__(self, path: Path, *, survive_power_loss: bool = False) -> None:
        self.path = path
        self.tally = Tally()
        self._deleted_bytes = 0  # since the file was last written anew
        self._log_shows_deleted = False
        self._log = path.with_name(path.name + "-wal")
        self._added: list[Head] = []
        self._deleted: list[Head] = []
        self._db = connect(path, survive_power_loss=survive_power_loss)
        try:
            migrate(self._db)
            self.rows = Rows(self._db)
            self._next_id = self.rows.next_id()
            for group in self.rows.groups():
                self.tally.put(*group)
        except BaseException:
            self._db.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all changes within it, or none; the counts follow."""
        self._added, self._deleted = [], []
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # some failures have ended it already
                self._db.execute("ROLLBACK")
            self.rows.interned.reload()
            raise
        self.tally.add(self._added)
        self.tally.take(self._deleted)
        self._deleted_bytes += sum(head.size for head in self._deleted)
        self._log_shows_deleted |= bool(self._deleted)

    def insert(self, items: Iterable[tuple[Destination, Item, str | None]]) -> list[int]:
        """Store items and give their ids.

        Args:
            items: Each with its destination and, if it is a last will, its key.
        """
        rows = [self._row(row_id, *item) for row_id, item in enumerate(items, start=self._next_id)]
        self._write(rows)
        return [row[0] for row in rows]

    def insert_again(self, found: Sequence[SpooledItem]) -> None:
        """Store what was read from another file, under the ids that it had there."""
        self._write([self._row(row.row_id, row.destination, row.item, row.will_of) for row in found])

    def _write(self, rows: list[tuple[Any, ...]]) -> None:
        self._db.executemany(_INSERT, rows)
        self._added.extend(Head(*row[:5]) for row in rows)
        self._next_id = max([self._next_id, *(row[0] + 1 for row in rows)])

    def _row(self, row_id: int, destination: Destination, item: Item, will_of: str | None) -> tuple[Any, ...]:
        cursor = item.source_cursor
        return (
            row_id,
            0 if will_of is None else 1,
            item.delivery_class.rank,
            self.rows.interned.number_of_destination(destination),
            item.size,
            item.enqueued_ns,
            will_of,
            self.rows.interned.number_of_envelope(item.envelope),
            item.trace_id.to_bytes(16, "big"),
            item.span_id.to_bytes(8, "big"),
            item.run_id,
            None if cursor is None else cursor.stream,
            None if cursor is None else cursor.ordinal,
            item.content_mode,
            checksum_of(row_id, destination, item, will_of),
            item.raw_payload,
            item.payload,
        )

    def delete(self, heads: Sequence[Head]) -> None:
        """Delete rows."""
        self._db.executemany("DELETE FROM item WHERE id = ?", [(head.row_id,) for head in heads])
        self._deleted.extend(heads)

    def release_wills(self) -> None:
        """Make the wills of an owner that is dead rows like others."""
        with self.transaction():
            self._db.execute("UPDATE item SET pending = 0 WHERE pending <> 0")
        for (pending, rank, destination), (items, size) in list(self.tally.groups.items()):
            if pending:
                self.tally.put(pending, rank, destination, -items, -size)
                self.tally.put(0, rank, destination, items, size)

    def forget_interned(self) -> None:
        """Delete destinations and envelopes, for a file without rows."""
        with self.transaction():
            if self.rows.interned.forget_all():
                self._log_shows_deleted = True

    def check_disk(self, size: int) -> None:
        """See that after some more bytes the disk still has room to delete rows.

        That grows the write-ahead log first, and folding the log into the file may grow the file by as much.

        Raises:
            sqlite3.Error: If not; the same as when the disk is full.
        """
        if self._spare() < 2 * size:
            raise sqlite3.OperationalError("disk is full")

    def _spare(self) -> int:
        disk = os.statvfs(self.path.parent)
        return disk.f_bavail * disk.f_frsize - self._log_size() - _RESERVE

    def wants_truncation(self) -> bool:
        """Whether the write-ahead log has grown long, for itself or for the disk."""
        size = self._log_size()
        return size > _LOG_LIMIT or (size > _RESERVE // 4 and self._spare() < 0)

    def _log_size(self) -> int:
        try:
            return self._log.stat().st_size
        except FileNotFoundError:
            return 0

    def truncate_log(self) -> None:
        """Fold the write-ahead log into the file and empty it; while another process reads, not this time."""
        (busy, *_) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._log_shows_deleted &= bool(busy)

    def wipe(self) -> None:
        """Make deleted content unreadable.

        SQLite overwrites what it deletes, but when it has moved a row to another page before, a copy may be left in the
        unused part of the first one. So the file is written anew too: when no more is left in it than was deleted,
        which bounds the cost, and when that is little, because SQLite does it in memory.
        """
        if not self._log_shows_deleted:
            return
        if self.tally.bytes <= min(self._deleted_bytes, _SMALL):
            self._db.execute("VACUUM")
            self._deleted_bytes = 0
        self.truncate_log()

    def distrust(self) -> None:
        """Assume that the process that wrote the file before left deleted content in it."""
        self._deleted_bytes = self.tally.bytes
        self._log_shows_deleted = True

    def close(self) -> None:
        """Close the file. Twice does no harm."""
        self._db.close()
