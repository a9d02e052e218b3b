"""What a fork means for the spool: the child lets go of the lock, and never touches its parent's database again.

SQLite forbids to use, or even to close, a connection that was opened before a fork, and its books on file locks are
per process: a child that opened the same file again would believe that it holds the locks of its parent.
https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_connection_across_a_fork_

Nor can a child use SQLite at all if a thread was inside it when the process was forked: its mutexes would stay taken
for ever. So a fork waits until no thread is, for a short time; if that does not help, the child goes without a spool.
"""

from __future__ import annotations

import os
from pathlib import Path
import threading
import time
from typing import Final, Protocol, TypeVar
from weakref import WeakValueDictionary

__all__ = ["Forkable", "SqliteLock", "inherited_files", "is_inherited", "leak", "sqlite_is_usable", "watch_forks"]

_PATIENCE_SECONDS: Final = 0.5  # a fork on the agent's thread waits for no more than this

inherited_files: Final[set[tuple[int, int]]] = set()
"""Device and inode of the databases that an ancestor had open: this process must not open them."""


def is_inherited(path: Path) -> bool:
    """Whether a database is one that this process must not open."""
    if not inherited_files:
        return False
    try:
        found = path.stat()
    except OSError:
        return False
    return (found.st_dev, found.st_ino) in inherited_files


T = TypeVar("T")


class Forkable(Protocol):
    """Something that belongs to one process."""

    def in_forked_child(self) -> None:
        """Let go of what is the parent's. Takes no lock: a thread that is gone may hold it."""


_watched: Final[WeakValueDictionary[int, Forkable]] = WeakValueDictionary()  # by identity
_leaked: Final[list[object]] = []


def watch_forks(thing: Forkable) -> None:
    """Tell an object of every fork, as long as it lives.

    Args:
        thing: Whatever can be referred to weakly.
    """
    _watched[id(thing)] = thing


class SqliteLock:
    """Held by a thread while it uses SQLite; re-entrant. A fork waits for it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _locks[id(self)] = self

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def before_fork(self, deadline: float) -> bool:
        """Take it for the fork; gives whether that worked in time."""
        return self._lock.acquire(timeout=max(0.0, deadline - time.monotonic()))

    def after_fork_in_parent(self) -> None:
        """Give it back."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Begin anew: who held it, if anybody, is gone."""
        self._lock = threading.RLock()


_locks: Final[WeakValueDictionary[int, SqliteLock]] = WeakValueDictionary()
_held_for_fork: Final[list[SqliteLock]] = []
_broken: Final[list[bool]] = []


def sqlite_is_usable() -> bool:
    """Whether no thread was inside SQLite when this process, or an ancestor, was forked."""
    return not _broken


def leak(thing: object) -> None:
    """Keep an object for ever, past the end of the interpreter, so that nothing is done when it is deallocated.

    Args:
        thing: A connection that a forked child inherited.
    """
    _leaked.append(thing)
    try:
        import ctypes  # noqa: PLC0415  of use in forked children only
    except ImportError:  # a Python without it closes the connection at its end
        return
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def _alive(known: WeakValueDictionary[int, T]) -> list[T]:
    """In one step, unlike iteration: other threads may add to it."""
    return [thing for reference in known.valuerefs() if (thing := reference()) is not None]


def _before_fork() -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    _held_for_fork[:] = [lock for lock in _alive(_locks) if lock.before_fork(deadline)]


def _in_parent() -> None:
    for lock in _held_for_fork:
        lock.after_fork_in_parent()
    _held_for_fork.clear()


def _in_child() -> None:
    locks = _alive(_locks)
    if not set(locks) <= set(_held_for_fork):
        _broken.append(True)
    _held_for_fork.clear()
    for lock in locks:
        lock.after_fork_in_child()
    for thing in _alive(_watched):
        thing.in_forked_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
