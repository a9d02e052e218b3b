"""``ResumeStore``: what each sink has acknowledged of what was read, kept between two calls of the command.

Two things are kept. What decides is the identity of every span and log record, a function of the events, with the sinks
that have acknowledged it: 64 bits and a few more. Beside it, for people, stands each sink's cursor in each input.

Why not the cursor alone: an input is read again from its beginning, so that what was open then is open again; but what
a record completes may depend on others. The file of a sub-agent tells nothing until the file of its session names it; a
copy of a record counts in the file that is read first; a log is cut into archives. A cursor would take what an old
record tells only now for acknowledged, and lose it.

One SQLite file serves all sinks and inputs of a user; two processes may use it at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
import sqlite3
import time

from agent_otel.model import IntakeError

__all__ = ["ResumeStore", "default_state_directory"]

_FILE = "resume.db"
_VERSION = 2
_BUSY_SECONDS = 30.0
_BUSY_PAUSE_SECONDS = 0.01
_SIGN = 1 << 63
_SPAN = 1 << 64
_MOST_SINKS = 62  # bits of a positive SQLite integer
_ALL_SINKS = (1 << _MOST_SINKS) - 1
_SCHEMA = f"""
BEGIN IMMEDIATE;
DROP TABLE IF EXISTS delivered;
DROP TABLE IF EXISTS reading;
CREATE TABLE IF NOT EXISTS sink (
    bit INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, used INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS acknowledged (
    identity INTEGER PRIMARY KEY, sinks INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS export_cursor (
    sink INTEGER NOT NULL, input TEXT NOT NULL, ordinal INTEGER NOT NULL, PRIMARY KEY (sink, input)
) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
COMMIT;
"""
_ACKNOWLEDGE = """
INSERT INTO acknowledged (identity, sinks) VALUES (?, ?)
ON CONFLICT (identity) DO UPDATE SET sinks = sinks | excluded.sinks
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
    """Remembers what was acknowledged, by identity, and how far, by input. Sinks are bits of a mask.

    Args:
        directory: Created with mode 0700 if it is missing; the file in it gets 0600.

    Raises:
        IntakeError: If the file cannot be used; the message says what to do.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / _FILE
        self.notice: str | None = None
        """What the user should know of the file, if anything."""
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Created before SQLite does it, because SQLite follows the umask and gives its side files this mode.
            self._path.touch(mode=0o600)
            self._path.chmod(0o600)
            self._db = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        try:
            self._open()
        except sqlite3.Error as error:
            self._db.close()
            raise self._unusable(error) from error
        except IntakeError:
            self._db.close()
            raise

    def _open(self) -> None:
        _switch_to_wal(self._db)
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            raise IntakeError(
                f"{self._path} was written by a newer version of agent-otel: use that one, "
                "or set AGENT_OTEL_STATE to another directory"
            )
        if version < _VERSION:
            if self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'delivered'").fetchone():
                self.notice = (
                    f"{self._path} was written by an older version and does not say which sink has what: "
                    "what was sent before is sent once more, with the same ids"
                )
            self._db.executescript(_SCHEMA)
        with self._writing():  # so that what cannot be used is told before anything is read
            self._db.execute("SELECT identity, sinks FROM acknowledged LIMIT 1").fetchone()
            self._db.execute(f"PRAGMA user_version = {_VERSION}")

    def sink_bits(self, names: Sequence[str]) -> list[int]:
        """Give the bit of each sink; one that is not known gets one, if need be that of the sink not seen for longest.

        Args:
            names: Each with all that makes it this sink: id, endpoint, namespace of the ids.

        Raises:
            IntakeError: If the store cannot be used.
        """
        with self._writing():
            known = {name: (bit, used) for bit, name, used in self._db.execute("SELECT bit, name, used FROM sink")}
            now = max((used for _, used in known.values()), default=0) + 1
            for name in names:
                if name not in known:
                    known[name] = self._free_bit(known, names), now
            rows = [(known[name][0], name, now) for name in names]
            self._db.executemany("INSERT OR REPLACE INTO sink (bit, name, used) VALUES (?, ?, ?)", rows)
        return [1 << known[name][0] for name in names]

    def _free_bit(self, known: dict[str, tuple[int, int]], kept: Sequence[str]) -> int:
        taken = {bit for bit, _ in known.values()}
        free = next((bit for bit in range(_MOST_SINKS) if bit not in taken), None)
        if free is not None:
            return free
        oldest = min((name for name in known if name not in kept), key=lambda name: known[name][1], default=None)
        if oldest is None:
            raise IntakeError(f"--resume remembers for at most {_MOST_SINKS} sinks: send to fewer at once")
        bit, _ = known.pop(oldest)
        self._db.execute("UPDATE acknowledged SET sinks = sinks & ?", (_ALL_SINKS & ~(1 << bit),))
        self._db.execute("DELETE FROM export_cursor WHERE sink = ?", (bit,))
        return bit

    def holders(self, identity: int) -> int:
        """Give the sinks that have acknowledged something, as a mask.

        Args:
            identity: 0 to 2**64-1.

        Raises:
            IntakeError: If the store cannot be read.
        """
        try:
            found = self._db.execute("SELECT sinks FROM acknowledged WHERE identity = ?", (_signed(identity),))
            row = found.fetchone()
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        return row[0] if row is not None else 0

    def acknowledge(self, holders: Mapping[int, int], cursors: Iterable[tuple[int, str, int]] = ()) -> None:
        """Remember who has acknowledged what, all of it or none.

        Args:
            holders: Masks of sinks by identity, beside those that are known.
            cursors: Bit of a sink, key of an input, and how far all of it is acknowledged: a 1-based ordinal, 0 for
                nothing. It takes the place of what was known.

        Raises:
            IntakeError: If the store cannot be written.
        """
        with self._writing():
            self._db.executemany(_ACKNOWLEDGE, ((_signed(identity), sinks) for identity, sinks in holders.items()))
            rows = ((sink.bit_length() - 1, source_input, ordinal) for sink, source_input, ordinal in cursors)
            self._db.executemany("INSERT OR REPLACE INTO export_cursor VALUES (?, ?, ?)", rows)

    def cursor(self, sink: int, source_input: str) -> int | None:
        """Give how far all of an input is acknowledged by a sink; None if the sink knows nothing of it.

        Raises:
            IntakeError: If the store cannot be read.
        """
        query = "SELECT ordinal FROM export_cursor WHERE sink = ? AND input = ?"
        try:
            row = self._db.execute(query, (sink.bit_length() - 1, source_input)).fetchone()
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        return row[0] if row is not None else None

    def close(self) -> None:
        """Close the file. Closing twice does no harm."""
        self._db.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk ends it by itself
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> IntakeError:
        what = f"cannot use {self._path} ({type(error).__name__}: {error})"
        if isinstance(error, OSError) or "readonly" in str(error) or "unable to open" in str(error):
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
            db.execute("PRAGMA synchronous=NORMAL")  # what the loss of power takes back is sent again
            return


def _signed(identity: int) -> int:
    """SQLite integers are signed."""
    return identity - _SPAN if identity >= _SIGN else identity
