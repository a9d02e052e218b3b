"""Looking at a spool directory from outside: what each file holds, and dropping one. Takes no ownership."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
import sqlite3

from agent_otel.delivery.spool.answers import Amount, SpoolFile
from agent_otel.delivery.spool.directory import (
    database_paths,
    is_database_name,
    is_set_aside_name,
    lock_path,
    prepare_directory,
    remove_database,
    set_aside_paths,
)
from agent_otel.delivery.spool.errors import SpoolError
from agent_otel.delivery.spool.forking import SqliteLock, is_inherited
from agent_otel.delivery.spool.lock import HeldLock, is_held
from agent_otel.delivery.spool.row import Destination, SpooledItem
from agent_otel.delivery.spool.rows import DamagedRow, Rows
from agent_otel.delivery.spool.schema import MIGRATIONS, connect

__all__ = ["drop_spool", "list_spools", "read_spool"]


def list_spools(directory: Path) -> list[SpoolFile]:
    """Tell what is in a directory.

    Args:
        directory: Of the spool; one that is missing holds nothing.

    Raises:
        SpoolError: If the directory is not to be trusted.
    """
    if not directory.exists():
        return []
    directory = prepare_directory(directory)
    with SqliteLock():
        found = [_told(path) for path in database_paths(directory) if path.exists()]
    aside = [_problem(path, "set_aside", owner_alive=False) for path in set_aside_paths(directory)]
    return [*found, *aside]


def read_spool(path: Path, *, limit: int) -> list[SpooledItem]:
    """Read what a file holds, oldest first, without taking it; rows that are damaged are left out.

    Args:
        path: As ``list_spools`` gives it.
        limit: How many rows at most.

    Raises:
        SpoolError: If it is no spool file, or cannot be read.
    """
    prepare_directory(path.parent)
    if not is_database_name(path) or not path.exists():
        raise SpoolError(path, "there is no spool file of that name", "list them with agent-otel spool ls")
    try:
        with SqliteLock(), closing(connect(path, read_only=True)) as db:
            db.execute("BEGIN")
            if not 0 < db.execute("PRAGMA user_version").fetchone()[0] <= len(MIGRATIONS):
                return []
            rows = Rows(db)
            return [row for row_id in rows.all_ids(limit) if (row := _fetched(rows, row_id)) is not None]
    except (sqlite3.Error, OSError, LookupError, TypeError) as error:
        raise SpoolError(path, f"it cannot be read ({type(error).__name__})", "see docs/delivery.md") from error


def _fetched(rows: Rows, row_id: int) -> SpooledItem | None:
    try:
        return rows.fetch(row_id)
    except DamagedRow:
        return None


def _told(path: Path) -> SpoolFile:
    alive = is_held(lock_path(path))
    if is_inherited(path):
        return _problem(path, "inherited", owner_alive=alive)
    try:
        with closing(connect(path, read_only=True)) as db:
            db.execute("BEGIN")  # all answers from one moment
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > len(MIGRATIONS):
                return _problem(path, "newer", owner_alive=alive)
            if not version:  # its process has not made the tables yet, or never will
                return SpoolFile(path=path, owner_alive=alive, amount=Amount())
            return _counted(path, Rows(db), owner_alive=alive)
    except (sqlite3.Error, OSError, LookupError, TypeError):
        return _problem(path, "damaged", owner_alive=alive)


def _counted(path: Path, rows: Rows, *, owner_alive: bool) -> SpoolFile:
    total = wills = Amount()
    sinks: dict[Destination, Amount] = {}
    for pending, _, number, *group in rows.groups():
        amount, destination = Amount(*group), rows.interned.destinations[number]
        total += amount
        wills += amount if pending else Amount()
        sinks[destination] = sinks.get(destination, Amount()) + amount
    return SpoolFile(
        path=path,
        owner_alive=owner_alive,
        amount=total,
        oldest_ns=rows.oldest_ns(),
        sinks=tuple(sinks.items()),
        wills=wills,
    )


def _problem(path: Path, problem: str, *, owner_alive: bool) -> SpoolFile:
    try:
        size = path.stat().st_size
    except OSError:  # it has just gone
        size = 0
    return SpoolFile(path=path, owner_alive=owner_alive, amount=Amount(0, size), problem=problem)


def drop_spool(path: Path) -> None:
    """Delete a spool file, or a damaged one that was set aside, with all that is in it.

    Args:
        path: As ``list_spools`` gives it.

    Raises:
        SpoolError: If it is no spool file, or its owner is alive.
        OSError: If it cannot be deleted.
    """
    prepare_directory(path.parent)
    if is_set_aside_name(path):
        path.unlink(missing_ok=True)
        return
    if not is_database_name(path) or not path.exists():
        raise SpoolError(path, "there is no spool file of that name", "list them with agent-otel spool ls")
    lock = HeldLock.take(lock_path(path))
    if lock is None:
        raise SpoolError(path, "a running process writes to it", "end that process first")
    try:
        remove_database(path)
    finally:
        lock.remove()
