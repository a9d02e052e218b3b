"""``OwnedFile``: a spool file that this process holds: its lock and its rows."""

from __future__ import annotations

from contextlib import closing, suppress
import os
from pathlib import Path
import sqlite3
from typing import Final

from agent_otel.delivery.spool.directory import (
    SIDE_SUFFIXES,
    lock_path,
    new_database_path,
    remove_database,
    set_aside_path,
    sync_directory,
)
from agent_otel.delivery.spool.lock import HeldLock
from agent_otel.delivery.spool.row import SpooledItem
from agent_otel.delivery.spool.rows import DamagedRow, Rows
from agent_otel.delivery.spool.schema import connect
from agent_otel.delivery.spool.store import Store

__all__ = ["OwnedFile", "create_file", "rebuild"]

_NAMES: Final = 8
_CHUNK: Final = 200


class OwnedFile:
    """Lock and rows.

    Args:
        lock: Held.
        store: Open.
    """

    def __init__(self, lock: HeldLock, store: Store) -> None:
        self.lock = lock
        self.store = store

    def is_in_place(self) -> bool:
        """Whether an adopter would find it: somebody may have removed it, and what is written is lost then."""
        return self.lock.is_in_place() and self.store.path.exists()

    def close(self) -> None:
        """Let go of it; an empty one is removed."""
        is_empty = self.store.tally.items == 0
        self.store.close()
        if is_empty:
            remove_database(self.store.path)
            self.lock.remove()
        else:
            self.lock.release()


def create_file(directory: Path, *, survive_power_loss: bool) -> OwnedFile:
    """Start a new file that is locked before anybody can find it.

    Args:
        directory: Made by ``prepare_directory``.
        survive_power_loss: Wait for the disk at every commit.

    Raises:
        OSError, sqlite3.Error: If the directory or the disk does not allow it.
    """
    path, lock = _named(directory)
    try:
        # Before SQLite does it, because that follows the umask; its side files get the mode of this one.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "wb"):  # noqa: PTH123  closes the descriptor
            os.fchmod(descriptor, 0o600)
        store = Store(path, survive_power_loss=survive_power_loss)
        if survive_power_loss:
            sync_directory(directory)
    except BaseException:
        with suppress(OSError):
            remove_database(path)
            lock.remove()
        raise
    return OwnedFile(lock, store)


def _named(directory: Path) -> tuple[Path, HeldLock]:
    for _ in range(_NAMES):
        path = new_database_path(directory)
        lock = HeldLock.take(lock_path(path))
        if lock is not None:  # somebody may look at a new lock file before its owner has it
            return path, lock
    raise BlockingIOError("somebody takes every lock")


def rebuild(lock: HeldLock, path: Path, *, survive_power_loss: bool) -> tuple[OwnedFile, int]:
    """Copy the rows of a damaged file that are intact to a new one, and set the damaged one aside.

    Args:
        lock: Of the damaged file; it goes.
        path: Of the damaged file; no connection to it is open.
        survive_power_loss: As for the new file.

    Returns:
        The new file, and how many rows were known but not intact.

    Raises:
        OSError, sqlite3.Error: If no new file can be written; the damaged one stays where it is.
    """
    new = create_file(path.parent, survive_power_loss=survive_power_loss)
    try:
        lost = _copy(path, new.store)
        path.rename(set_aside_path(path))
    except BaseException:
        new.store.close()
        remove_database(new.store.path)
        new.lock.remove()
        raise
    for suffix in SIDE_SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    lock.remove()
    return new, lost


def _copy(path: Path, target: Store) -> int:
    """Copy what can be read; what is written to the target may fail, what is read may not."""
    try:
        source = connect(path, read_only=True)
    except sqlite3.Error:
        return 0
    with closing(source):
        try:
            rows = Rows(source)
        except sqlite3.Error:
            return 0
        ids = rows.scan_ids()
        for start in range(0, len(ids), _CHUNK):
            found = [row for row_id in ids[start : start + _CHUNK] if (row := _intact(rows, row_id))]
            with target.transaction():
                target.insert_again(found)
    return len(ids) - target.tally.items


def _intact(rows: Rows, row_id: int) -> SpooledItem | None:
    try:
        return rows.fetch(row_id)
    except (DamagedRow, sqlite3.Error):
        return None
