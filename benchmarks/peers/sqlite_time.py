"""What writing ahead takes: the time within SQLite of transactions that insert, and which thread writes to files.

It looks from outside, at `sqlite3` and `/proc`, so that it does not depend on how the spool is written.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import sqlite3
import threading
import time
from typing import Any

__all__ = ["WriteAhead"]


def _timing(books: WriteAhead, base: type[sqlite3.Connection]) -> type[sqlite3.Connection]:
    """Make a kind of connection that adds up what its transactions take."""

    def timed(work: Callable[..., Any], sql: str, *more: Any) -> Any:
        began, cpu = time.perf_counter(), time.thread_time()
        try:
            return work(sql, *more)
        finally:
            books.note(sql, time.perf_counter() - began, time.thread_time() - cpu)

    class Timing(base):  # type: ignore[valid-type,misc]
        def execute(self, sql: str, *more: Any) -> Any:
            return timed(super().execute, sql, *more)

        def executemany(self, sql: str, *more: Any) -> Any:
            return timed(super().executemany, sql, *more)

    return Timing


class WriteAhead:
    """From its making on, connections to SQLite are timed; by thread, as transactions are."""

    def __init__(self) -> None:
        self._open = threading.local()
        self._is_on = False
        self._wall = self._cpu = 0.0
        self._transactions = 0
        self._threads: set[int] = set()
        connect = sqlite3.connect

        def timed(*args: Any, factory: type[sqlite3.Connection] = sqlite3.Connection, **more: Any) -> Any:
            return connect(*args, factory=_timing(self, factory), **more)

        sqlite3.connect = timed

    def note(self, sql: str, wall: float, cpu: float) -> None:
        """Take the time of one statement; what belongs to a transaction that inserts counts when it ends."""
        word = sql.split(None, 1)[0].upper()
        mine = self._open
        if word == "BEGIN":
            mine.wall = mine.cpu = 0.0
            mine.inserts = False
        mine.wall = getattr(mine, "wall", 0.0) + wall
        mine.cpu = getattr(mine, "cpu", 0.0) + cpu
        mine.inserts = getattr(mine, "inserts", False) or word in {"INSERT", "REPLACE"}
        if word == "COMMIT" and mine.inserts and self._is_on:
            self._wall += mine.wall
            self._cpu += mine.cpu
            self._transactions += 1
            self._threads.add(threading.get_ident())
            mine.inserts = False

    def begin(self) -> None:
        """Count from here, on the agent's thread."""
        self._is_on = True
        self._written = _written()

    def agent_is_done(self) -> None:
        """Note what the agent's thread wrote; to be called on it, before it waits for what others write."""
        self._written = _written() - self._written

    def end(self, runs: int) -> dict[str, float]:
        """Give the figures for so many runs; to be called on the agent's thread."""
        self._is_on = False
        return {
            "write_ahead_us_per_run": self._wall / runs * 1e6,
            "write_ahead_cpu_us_per_run": self._cpu / runs * 1e6,
            "transactions": self._transactions,
            "agent_thread_bytes": self._written,
            "on_agent_thread": float(threading.get_ident() in self._threads),
        }


def _written() -> int:
    """Bytes that this thread has written by write() and its like so far; sockets do not count."""
    told = Path(f"/proc/self/task/{threading.get_native_id()}/io").read_text(encoding="ascii")
    return int(dict(line.split(": ") for line in told.splitlines())["wchar"])
