"""The spool directory: what it must be like, and how the files in it are named."""

from __future__ import annotations

from contextlib import suppress
import os
from pathlib import Path
import re
import stat
from typing import Final

from agent_otel.delivery.spool.errors import SpoolError
from agent_otel.delivery.spool.lock import LOCKS_WORK_HERE

__all__ = [
    "SIDE_SUFFIXES",
    "database_paths",
    "is_database_name",
    "is_set_aside_name",
    "lock_path",
    "lone_lock_paths",
    "new_database_path",
    "prepare_directory",
    "purge_older",
    "remove_database",
    "set_aside_path",
    "set_aside_paths",
    "sync_directory",
]

SIDE_SUFFIXES: Final = ("-wal", "-shm", "-journal")
_PREFIX: Final = "spool-"
_DATABASE: Final = re.compile(r"spool-[0-9a-f]{16}\.db")
_SET_ASIDE: Final = re.compile(r"spool-[0-9a-f]{16}\.db\.corrupt")
_OWN: Final = "give AGENT_OTEL_SPOOL a directory of your own"


def prepare_directory(path: Path) -> Path:
    """Make the directory if it is missing (mode 0700, its parents too), and see that only the user can write there.

    Args:
        path: As the user gave it.

    Returns:
        The same, absolute.

    Raises:
        SpoolError: If it is a symbolic link, no directory, another user's, writable by others, or cannot be made.
    """
    path = path.absolute()
    if not LOCKS_WORK_HERE:
        raise SpoolError(path, "this system has no file locks that die with their process", "unset AGENT_OTEL_SPOOL")
    try:
        _make(path)
        found = path.lstat()
    except OSError as error:
        raise SpoolError(path, f"{error.strerror} ({type(error).__name__})", _OWN) from error
    if stat.S_ISLNK(found.st_mode):
        raise SpoolError(path, "it is a symbolic link", "give AGENT_OTEL_SPOOL the directory that it points to")
    if not stat.S_ISDIR(found.st_mode):
        raise SpoolError(path, "it is not a directory", _OWN)
    if found.st_uid != os.geteuid():
        raise SpoolError(path, f"it belongs to user {found.st_uid}, not to {os.geteuid()}", _OWN)
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SpoolError(path, f"others can write there (mode {stat.S_IMODE(found.st_mode):04o})", f"chmod 700 {path}")
    return path


def _make(path: Path) -> None:
    """Unlike ``Path.mkdir``, parents get mode 0700 too."""
    if path.is_symlink() or path.exists():
        return
    _make(path.parent)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:  # another process made it
        return
    path.chmod(0o700)


def new_database_path(directory: Path) -> Path:
    """Name a file that no other process start has."""
    return directory / f"{_PREFIX}{os.urandom(8).hex()}.db"


def lock_path(database: Path) -> Path:
    """Where the lock of a database is."""
    return database.with_suffix(".lock")


def set_aside_path(database: Path) -> Path:
    """Where a damaged database goes."""
    return database.with_name(database.name + ".corrupt")


def database_paths(directory: Path) -> list[Path]:
    """List the spool files of a directory that are the user's own and no links."""
    return [path for path in sorted(directory.iterdir()) if is_database_name(path) and _is_ours(path)]


def _is_ours(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()


def set_aside_paths(directory: Path) -> list[Path]:
    """List the damaged files of a directory."""
    return [path for path in sorted(directory.iterdir()) if is_set_aside_name(path) and _is_ours(path)]


def lone_lock_paths(directory: Path) -> list[Path]:
    """List the locks of a directory that have no database."""
    locks = sorted(directory.glob(f"{_PREFIX}*.lock"))
    return [path for path in locks if not path.with_suffix(".db").exists() and _is_ours(path)]


def is_database_name(path: Path) -> bool:
    """Whether a path is named like a spool file."""
    return _DATABASE.fullmatch(path.name) is not None


def is_set_aside_name(path: Path) -> bool:
    """Whether a path is named like a damaged spool file that was set aside."""
    return _SET_ASIDE.fullmatch(path.name) is not None


def remove_database(database: Path) -> None:
    """Remove a database and what SQLite put beside it, but not its lock."""
    for suffix in ("", *SIDE_SUFFIXES):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def purge_older(directory: Path, pattern: str, before_ns: int) -> None:
    """Remove files that were last changed before a time.

    Args:
        directory: Where; one that is missing holds nothing.
        pattern: Of the names.
        before_ns: Unix time in nanoseconds.
    """
    for path in directory.glob(pattern):
        with suppress(FileNotFoundError):  # another process was first
            if path.lstat().st_mtime_ns < before_ns:
                path.unlink()


def sync_directory(path: Path) -> None:
    """Make a new file's name survive a power loss."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
