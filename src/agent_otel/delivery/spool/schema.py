"""The database: its tables, the steps between their versions, and how a connection is opened."""

from __future__ import annotations

from contextlib import closing
import os
from pathlib import Path
import sqlite3
from typing import Any, Final
from urllib.parse import quote

from agent_otel.delivery.spool.forking import inherited_files, leak, sqlite_is_usable, watch_forks

__all__ = ["MIGRATIONS", "Connection", "connect", "migrate", "schema_version"]

_BUSY_SECONDS: Final = 1.0
_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS destination (
        id INTEGER PRIMARY KEY, sink_id TEXT NOT NULL, endpoint_identity TEXT NOT NULL,
        policy_fingerprint TEXT NOT NULL, UNIQUE (sink_id, endpoint_identity, policy_fingerprint)
    )""",
    """CREATE TABLE IF NOT EXISTS envelope (
        id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, signal TEXT NOT NULL, resource BLOB NOT NULL,
        resource_schema_url TEXT NOT NULL, scope BLOB NOT NULL, scope_schema_url TEXT NOT NULL
    )""",
    # pending: 1 for the last will of a run that may still end well. Payloads last: deciding reads the head of a row.
    """CREATE TABLE IF NOT EXISTS item (
        id INTEGER PRIMARY KEY AUTOINCREMENT, pending INTEGER NOT NULL, rank INTEGER NOT NULL,
        destination INTEGER NOT NULL, size INTEGER NOT NULL, enqueued_ns INTEGER NOT NULL, will_of TEXT,
        envelope INTEGER NOT NULL, trace_id BLOB NOT NULL, span_id BLOB NOT NULL, run_id TEXT NOT NULL,
        stream TEXT, ordinal INTEGER, content_mode TEXT NOT NULL, checksum BLOB NOT NULL, raw_payload BLOB,
        payload BLOB NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS item_order ON item (pending, rank, destination)",  # and the id, as in every index
    "CREATE UNIQUE INDEX IF NOT EXISTS item_will ON item (will_of, destination) WHERE will_of IS NOT NULL",
)
MIGRATIONS: tuple[tuple[str, ...], ...] = (_TABLES,)
"""Statements that bring a file from the version of their place to the next; version 0 is an empty file."""


class Connection(sqlite3.Connection):
    """A connection that a forked child never touches."""

    file: tuple[int, int]

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Run a statement; a schema so damaged that not even the error message can be read is an error like others."""
        try:
            return super().execute(sql, parameters)
        except UnicodeDecodeError as error:
            raise sqlite3.DatabaseError("malformed text") from error

    def in_forked_child(self) -> None:
        """Remember the file as one not to open, and never close the connection."""
        inherited_files.add(self.file)
        leak(self)


def connect(path: Path, *, survive_power_loss: bool = False, read_only: bool = False) -> Connection:
    """Open a database that exists.

    Args:
        path: Absolute.
        survive_power_loss: Wait for the disk at every commit.
        read_only: For listing only.

    Raises:
        OSError: If the file is missing.
        sqlite3.Error: If it cannot be used.
    """
    if not sqlite_is_usable():
        raise sqlite3.OperationalError("unable to open a database: this process was forked in the middle of a query")
    found = path.stat()
    db = sqlite3.connect(
        f"file:{quote(os.fsencode(path))}?mode={'ro' if read_only else 'rw'}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )
    db.file = (found.st_dev, found.st_ino)
    watch_forks(db)
    db.text_factory = _decode
    if not read_only:
        try:
            _configure(db, survive_power_loss=survive_power_loss)
        except BaseException:
            db.close()
            raise
    return db


def _decode(text: bytes) -> str:
    """Text that a damaged page gives is no reason to fail: its checksum will be wrong."""
    return text.decode("utf-8", "replace")


def _configure(db: Connection, *, survive_power_loss: bool) -> None:
    db.execute("PRAGMA secure_delete=ON")  # deleted content is overwritten with zeros
    db.execute("PRAGMA temp_store=MEMORY")  # no content in files elsewhere
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA wal_autocheckpoint=0")  # the store truncates the log itself
    db.execute(f"PRAGMA synchronous={'FULL' if survive_power_loss else 'NORMAL'}")
    if survive_power_loss:  # macOS: a plain fsync stops at the disk's cache
        db.execute("PRAGMA fullfsync=ON")
        db.execute("PRAGMA checkpoint_fullfsync=ON")


def schema_version(path: Path) -> int:
    """Read the version of a file without changing it.

    Raises:
        OSError, sqlite3.Error: If it cannot be read.
    """
    with closing(connect(path, read_only=True)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def migrate(db: Connection) -> None:
    """Bring a file to the newest version, in one transaction per step."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
        db.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                db.execute(statement)
            db.execute(f"PRAGMA user_version={number}")
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise
