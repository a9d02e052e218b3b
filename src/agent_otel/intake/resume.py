"""``ResumeStore``: which spans and records of an input a sink has already got, kept between two calls of the command.

Keys are 64-bit identities. One SQLite file serves all sinks and inputs of a user; two processes may use it at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
import sqlite3
import time

from agent_otel.model import IntakeError

__all__ = ["ResumeStore", "default_state_directory"]

_FILE = "resume.db"
_BUSY_SECONDS = 30.0
_BUSY_PAUSE_SECONDS = 0.01
_SIGN = 1 << 63
_SPAN = 1 << 64
_SCHEMA = """
CREATE TABLE IF NOT EXISTS reading (
    id INTEGER PRIMARY KEY, sink TEXT NOT NULL, input TEXT NOT NULL, UNIQUE (sink, input)
);
CREATE TABLE IF NOT EXISTS delivered (
    reading INTEGER NOT NULL, key INTEGER NOT NULL, PRIMARY KEY (reading, key)
) WITHOUT ROWID;
"""


def default_state_directory(environ: Mapping[str, str]) -> Path:
    """Give the directory for state that outlives a process, after the XDG base directory specification.

    Args:
        environ: Environment variables; ``XDG_STATE_HOME`` counts if it is an absolute path, then ``HOME``.
    """
    state = Path(environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():
        home = environ.get("HOME")
        state = (Path(home) if home else Path.home()) / ".local" / "state"
    return state / "agent-otel"


class ResumeStore:
    """Remembers what was delivered, per sink and input.

    Args:
        directory: Created with mode 0700 if it is missing; the file in it gets 0600.

    Raises:
        IntakeError: If the file cannot be used; the message says what to do.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / _FILE
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Created before SQLite does it, because SQLite follows the umask and gives its side files this mode.
            self._path.touch(mode=0o600)
            self._path.chmod(0o600)
            self._db = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        try:
            _switch_to_wal(self._db)
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            self._db.close()
            raise self._unusable(error) from error

    def load(self, sink: str, source_input: str) -> set[int]:
        """Give the keys that a sink has got of an input.

        Args:
            sink: Identity of the sink: kind and endpoint.
            source_input: Key of the input.

        Returns:
            64-bit keys, empty for an unknown pair.

        Raises:
            IntakeError: If the store cannot be read.
        """
        query = "SELECT key FROM delivered WHERE reading = (SELECT id FROM reading WHERE sink = ? AND input = ?)"
        try:
            return {key % _SPAN for (key,) in self._db.execute(query, (sink, source_input))}
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def add(self, sink: str, source_input: str, keys: Iterable[int]) -> None:
        """Remember keys, all or none of them; known ones stay as they are.

        Args:
            sink: Identity of the sink.
            source_input: Key of the input.
            keys: 64-bit keys, 0 to 2**64-1.

        Raises:
            IntakeError: If the store cannot be written.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.execute("INSERT OR IGNORE INTO reading (sink, input) VALUES (?, ?)", (sink, source_input))
                found = self._db.execute("SELECT id FROM reading WHERE sink = ? AND input = ?", (sink, source_input))
                (reading,) = found.fetchone()
                rows = ((reading, _signed(key)) for key in keys)
                self._db.executemany("INSERT OR IGNORE INTO delivered (reading, key) VALUES (?, ?)", rows)
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        """Close the file. Closing twice does no harm."""
        self._db.close()

    def _unusable(self, error: Exception) -> IntakeError:
        what = f"cannot use {self._path} ({type(error).__name__}: {error})"
        if isinstance(error, (PermissionError, FileExistsError, NotADirectoryError)):
            return IntakeError(f"{what}; set AGENT_OTEL_STATE to a directory of your own")
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            return IntakeError(f"{what}; another process holds it: try again when that has ended")
        if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
            return IntakeError(f"{what}; make room on the disk")
        return IntakeError(f"{what}; delete it to start over: spans are sent again with the same ids")


def _switch_to_wal(db: sqlite3.Connection) -> None:
    """Switch to the write-ahead log; unlike all else, SQLite does not wait for other processes here by itself."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:  # noqa: PERF203  a retry is a loop around a try
            if "locked" not in str(error) or time.monotonic() >= deadline:
                raise
            time.sleep(_BUSY_PAUSE_SECONDS)
        else:
            return


def _signed(key: int) -> int:
    """SQLite integers are signed."""
    return key - _SPAN if key >= _SIGN else key
