"""``GuardedFile``: a spool's file and what may befall it: threads, forks, a full disk, damage, removal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
import sqlite3
from typing import TypeVar

from attrs import define, field

from agent_otel.delivery.spool.answers import Evicted
from agent_otel.delivery.spool.directory import prepare_directory
from agent_otel.delivery.spool.errors import SpoolError, reason_of
from agent_otel.delivery.spool.forking import SqliteLock, watch_forks
from agent_otel.delivery.spool.owned import OwnedFile, create_file, rebuild
from agent_otel.delivery.spool.store import Store

__all__ = ["Counts", "GuardedFile", "Refused"]

T = TypeVar("T")


class Refused(Exception):
    """Raised by ``GuardedFile.attempt`` when nothing could be done.

    Args:
        reason: One word, as it is counted.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@define
class Counts:
    """What happened since the spool was opened; see ``SpoolStats``."""

    durable: int = 0
    refused: Counter[str] = field(factory=Counter)
    evicted: Counter[str] = field(factory=Counter)
    failures: Counter[str] = field(factory=Counter)
    corrupt_rows: int = 0
    corrupt_files: int = 0
    lost_files: int = 0
    owed: set[int] = field(factory=set)  # removed for the caller, though not yet from the disk

    def note(self, row_ids: Iterable[int], refused: Iterable[str], evicted: Iterable[Evicted]) -> None:
        """Count what became of entries."""
        self.durable += len(list(row_ids))
        self.refused.update(refused)
        self.evicted.update(gone.reason for gone in evicted)


class GuardedFile:
    """A file that is used by one thread at a time and replaced when it has become useless.

    Args:
        directory: Of the spool.
        file: Owned by this process.
        survive_power_loss: Wait for the disk at every commit.
        is_adopted: Whether it was begun by a process that is dead; then it is not replaced by an empty one.
    """

    def __init__(self, directory: Path, file: OwnedFile, *, survive_power_loss: bool, is_adopted: bool) -> None:
        self.counts = Counts()
        self.path = file.store.path
        self._directory = directory
        self._survive_power_loss = survive_power_loss
        self._is_adopted = is_adopted
        self._file: OwnedFile | None = file
        self._is_closed = False
        self._is_inside = False
        self._lock = SqliteLock()  # re-entrant: a signal handler that spools may find its own thread in here
        watch_forks(self)

    def attempt(self, action: Callable[[Store], T]) -> T:
        """Do something with the rows; once more after a repair, if a repair helps.

        Args:
            action: Leaves nothing half done when it fails.

        Raises:
            Refused: If it could not be done.
        """
        with self._lock:
            if self._is_inside:
                raise Refused("busy")
            self._is_inside = True
            try:
                return self._repaired(action)
            except (sqlite3.Error, OSError) as error:
                reason = reason_of(error)
                self.counts.failures[reason] += 1
                raise Refused(reason) from error
            finally:
                self._is_inside = False

    def _repaired(self, action: Callable[[Store], T]) -> T:
        store = self._current().store
        try:
            done = action(store)
        except sqlite3.Error as error:
            reason = reason_of(error)
            if reason == "disk_full":
                store.truncate_log()
            elif reason == "corrupt":
                store = self._rebuild().store
            else:
                raise
            done = action(store)
        if store.wants_truncation():
            with suppress(sqlite3.Error):  # what was asked for is done
                store.truncate_log()
        return done

    def _current(self) -> OwnedFile:
        file = self._file
        if self._is_closed or (file is None and self._is_adopted):
            raise Refused("closed")
        if file is not None and not file.is_in_place():
            self.counts.lost_files += 1
            self._let_go(file)
            if self._is_adopted:
                raise Refused("closed")
        return self._file or self._begin()

    def _begin(self) -> OwnedFile:
        """A forked child's first, or after somebody removed the directory."""
        try:
            prepare_directory(self._directory)
        except SpoolError as error:
            self.counts.failures["unavailable"] += 1
            raise Refused("unavailable") from error
        self._file = create_file(self._directory, survive_power_loss=self._survive_power_loss)
        self.path = self._file.store.path
        return self._file

    def _let_go(self, file: OwnedFile) -> None:
        self._file = None
        with suppress(sqlite3.Error, OSError):
            file.store.close()
        file.lock.release()

    def _rebuild(self) -> OwnedFile:
        file = self._current()
        held = file.store.tally.items
        with suppress(sqlite3.Error):
            file.store.close()
        self._file = None
        new, lost = rebuild(file.lock, file.store.path, survive_power_loss=self._survive_power_loss)
        self._file, self.path = new, new.store.path
        self.counts.corrupt_files += 1
        self.counts.corrupt_rows += max(lost, held - new.store.tally.items)
        if self._is_adopted:
            new.store.release_wills()
        return new

    @contextmanager
    def counting(self) -> Iterator[Counts]:
        """Give the counts to one thread."""
        with self._lock:
            yield self.counts

    def repair(self) -> None:
        """Copy what is intact to a new file; to be called within an attempt."""
        self._rebuild()

    def close(self) -> None:
        """Close the file; an empty one is removed, any other one is left to an adopter. Twice does no harm."""
        with self._lock:
            file, self._file, self._is_closed = self._file, None, True
            if file is not None:
                with suppress(sqlite3.Error, OSError):
                    file.close()

    def in_forked_child(self) -> None:
        """Forget the parent's file and its counts; its descriptors see to themselves."""
        self._is_inside = False
        self._file = None
        self.counts = Counts()
