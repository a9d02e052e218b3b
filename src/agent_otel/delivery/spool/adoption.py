"""Taking over the files of processes that are dead, known by their locks alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
import sqlite3
from typing import Final

from attrs import frozen

from agent_otel.delivery.spool.answers import Evicted, SpoolLimits
from agent_otel.delivery.spool.directory import database_paths, lock_path, lone_lock_paths, prepare_directory
from agent_otel.delivery.spool.errors import reason_of
from agent_otel.delivery.spool.forking import SqliteLock, is_inherited
from agent_otel.delivery.spool.guarded import GuardedFile, Refused
from agent_otel.delivery.spool.lock import HeldLock
from agent_otel.delivery.spool.owned import OwnedFile, rebuild
from agent_otel.delivery.spool.schema import MIGRATIONS, schema_version
from agent_otel.delivery.spool.spool import Spool
from agent_otel.delivery.spool.store import Store

__all__ = ["Adoption", "adopt_spools"]

_AT_MOST: Final = 16  # files at a time, each with four descriptors
_SAYS_NOTHING: Final = ("busy", "disk_full", "unavailable", "io_error")  # of the file itself


@frozen
class Adoption:
    """What an adopter got.

    Args:
        spools: Files that are this process's now, newest first; none is empty.
        evicted: What was too old, or too much for the adopter's bounds.
        left: Files that stay where they are, by reason: ``alive`` (their owner), ``newer`` (of a later version),
            ``inherited`` (open when this process was forked), or what the disk said.
        corrupt_rows: Rows that could not be read back as they were stored.
        corrupt_files: Files that were set aside.
    """

    spools: tuple[Spool, ...] = ()
    evicted: tuple[Evicted, ...] = ()
    left: Mapping[str, int] = {}
    corrupt_rows: int = 0
    corrupt_files: int = 0


def adopt_spools(
    directory: Path,
    now_ns: int,
    *,
    limits: SpoolLimits | None = None,
    survive_power_loss: bool = False,
    at_most: int = _AT_MOST,
    skip: Collection[Path] = (),
) -> Adoption:
    """Take over what dead processes left in a directory.

    Args:
        directory: Of the spool; one that is missing holds nothing.
        now_ns: Unix time in nanoseconds.
        limits: The byte limit counts for all adopted files together; None for the defaults.
        survive_power_loss: Wait for the disk at every commit.
        at_most: How many files to take.
        skip: Files to leave alone.

    Raises:
        SpoolError: If the directory is not to be trusted.
    """
    if not directory.exists():
        return Adoption()
    with SqliteLock():
        return _adopted(
            prepare_directory(directory),
            now_ns,
            limits or SpoolLimits(),
            at_most,
            skip,
            survive_power_loss=survive_power_loss,
        )


def _adopted(
    directory: Path,
    now_ns: int,
    limits: SpoolLimits,
    at_most: int,
    skip: Collection[Path],
    *,
    survive_power_loss: bool,
) -> Adoption:
    taken: list[GuardedFile] = []
    left: Counter[str] = Counter()
    for path in database_paths(directory):
        if len(taken) == at_most:
            break
        if path in skip:
            continue
        try:
            taken.append(_take(path, survive_power_loss=survive_power_loss))
        except Refused as refused:
            left[refused.reason] += 1
        except (OSError, sqlite3.Error) as error:
            left[reason_of(error)] += 1
    _remove_lone_locks(directory)
    spools = [Spool(directory, file, limits) for file in taken]
    kept, evicted = _within_bounds(spools, limits.max_bytes, now_ns)
    rows = sum(file.counts.corrupt_rows for file in taken)
    return Adoption(kept, evicted, dict(left), rows, sum(file.counts.corrupt_files for file in taken))


def _take(path: Path, *, survive_power_loss: bool) -> GuardedFile:
    if is_inherited(path):
        raise Refused("inherited")
    lock = HeldLock.take(lock_path(path))
    if lock is None:
        raise Refused("alive")
    if not path.exists():  # its owner, or another adopter, has just removed both
        lock.remove()
        raise Refused("gone")
    try:
        file, lost = _opened(lock, path, survive_power_loss=survive_power_loss)
    except BaseException:
        lock.release()
        raise
    guarded = GuardedFile(path.parent, file, survive_power_loss=survive_power_loss, is_adopted=True)
    guarded.counts.corrupt_files = int(lost is not None)
    guarded.counts.corrupt_rows = lost or 0
    return guarded


def _opened(lock: HeldLock, path: Path, *, survive_power_loss: bool) -> tuple[OwnedFile, int | None]:
    """Give the file, and if it had to be rebuilt, how many rows were lost."""
    try:
        if schema_version(path) > len(MIGRATIONS):
            raise Refused("newer")
        return OwnedFile(lock, _sound(path, survive_power_loss=survive_power_loss)), None
    except sqlite3.Error as error:
        if reason_of(error) in _SAYS_NOTHING:
            raise
    file, lost = rebuild(lock, path, survive_power_loss=survive_power_loss)
    file.store.release_wills()
    return file, lost


def _sound(path: Path, *, survive_power_loss: bool) -> Store:
    store = Store(path, survive_power_loss=survive_power_loss)
    try:
        store.rows.check()
        store.release_wills()
        store.distrust()
    except BaseException:
        with suppress(sqlite3.Error):
            store.close()
        raise
    return store


def _within_bounds(spools: list[Spool], max_bytes: int, now_ns: int) -> tuple[tuple[Spool, ...], tuple[Evicted, ...]]:
    """Evict what is too old, then the oldest files' least precious; let go of what is empty."""
    evicted: list[Evicted] = []
    for spool in spools:
        evicted += spool.tidy(now_ns)
    kept = []
    for spool in sorted(spools, key=lambda spool: spool.stats(now_ns).oldest_age_s or 0):
        evicted += spool.shrink(max_bytes)
        held = spool.amount()
        max_bytes -= held.bytes
        if held.items:
            kept.append(spool)
        else:
            spool.close()
    return tuple(kept), tuple(evicted)


def _remove_lone_locks(directory: Path) -> None:
    """Locks of processes that died before they had a file."""
    for path in lone_lock_paths(directory):
        with suppress(OSError):
            lock = HeldLock.take(path)
            if lock is not None:
                lock.remove()
