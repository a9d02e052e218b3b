"""``Spool``: items on disk, so that they outlive the process. Nothing but ``Spool.open`` raises.

One file per process, in a directory that all processes of a user share. A forked child begins a file of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
import sqlite3
from typing import Literal, TypeVar

from attrs import evolve

from agent_otel.delivery.spool.answers import Amount, Appended, Evicted, HeldBack, SpoolLimits, SpoolStats
from agent_otel.delivery.spool.appending import evict_beyond, prepare, store_batch
from agent_otel.delivery.spool.directory import prepare_directory
from agent_otel.delivery.spool.errors import SpoolError, reason_of
from agent_otel.delivery.spool.forking import SqliteLock
from agent_otel.delivery.spool.guarded import GuardedFile, Refused
from agent_otel.delivery.spool.owned import create_file
from agent_otel.delivery.spool.paging import Page, read_page
from agent_otel.delivery.spool.row import Destination, Entry, SpooledItem, without_surrogates
from agent_otel.delivery.spool.sent_wills import read_sent_will, write_sent_will
from agent_otel.delivery.spool.store import Store
from agent_otel.delivery.spool.telling import held_back, stats_of
from agent_otel.delivery.spool.tidying import delete_owed, purge, tidy_store

__all__ = ["Spool"]

T = TypeVar("T")
_PAGE_BYTES = 16 * 1024 * 1024


class Spool:
    """The items of one file. Threads may share it. Made by ``open`` or by ``adopt_spools``.

    Args:
        directory: Made by ``prepare_directory``.
        file: The file.
        limits: Its bounds.
    """

    def __init__(self, directory: Path, file: GuardedFile, limits: SpoolLimits) -> None:
        self._directory = directory
        self._file = file
        self._limits = limits

    @classmethod
    def open(cls, directory: Path, *, limits: SpoolLimits | None = None, survive_power_loss: bool = False) -> Spool:
        """Begin a file for this process.

        Args:
            directory: Made with mode 0700 if it is missing.
            limits: Bounds; None for the defaults.
            survive_power_loss: Wait for the disk at every commit. Without it, what is stored survives the death of the
                process, but not that of the machine.

        Raises:
            SpoolError: If the directory cannot be used; the message says what to do.
        """
        directory = prepare_directory(directory)
        try:
            with SqliteLock():
                file = create_file(directory, survive_power_loss=survive_power_loss)
        except (OSError, sqlite3.Error) as error:
            reason = f"no file can be begun there ({reason_of(error)})"
            raise SpoolError(
                directory, reason, "give AGENT_OTEL_SPOOL a directory on a local disk with room"
            ) from error
        guarded = GuardedFile(directory, file, survive_power_loss=survive_power_loss, is_adopted=False)
        return cls(directory, guarded, limits or SpoolLimits())

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    def append(self, entries: Sequence[Entry], now_ns: int) -> Appended:
        """Store entries in one transaction. What is given back as stored is durable.

        Args:
            entries: In the order in which they get their ids.
            now_ns: Unix time in nanoseconds, for items that do not say when they were handed over.
        """
        batch = prepare(entries, now_ns)
        refused = dict.fromkeys(batch.refused, "invalid")
        row_ids: dict[int, int] = {}
        evicted: tuple[Evicted, ...] = ()
        try:
            stored = self._file.attempt(lambda store: store_batch(store, batch, self._limits.max_bytes))
        except Refused as error:
            refused.update((position, error.reason) for position, _ in batch.entries)
        else:
            row_ids, evicted = stored.row_ids, stored.evicted
            refused.update(dict.fromkeys(stored.unfit, "full"))
        with self._file.counting() as counts:
            counts.note(row_ids.values(), refused.values(), evicted)
        return Appended(tuple(map(row_ids.get, range(len(entries)))), tuple(sorted(refused.items())), evicted)

    def put_will(self, run_key: str, entry: Entry, now_ns: int) -> Appended:
        """Store the span that is to be delivered if this process dies; it replaces the run's earlier one for that sink.

        Args:
            run_key: What ``cancel_will`` and ``sent_will`` will be asked with.
            entry: The span, as interrupted.
            now_ns: Unix time in nanoseconds.
        """
        return self.append([evolve(entry, will_of=run_key)], now_ns)

    def cancel_will(self, run_key: str, destination: Destination | None = None) -> bool:
        """Delete a run's wills, because it has ended; gives whether that is certain.

        Args:
            run_key: What ``put_will`` was given.
            destination: Of the one that is deleted; None for all.
        """

        def cancel(store: Store) -> bool:
            with store.transaction():
                heads = store.rows.will_heads(without_surrogates(run_key))
                if destination is not None:
                    number = store.rows.interned.number_of_destination(destination)
                    heads = [head for head in heads if head.destination == number]
                store.delete(heads)
            return True

        return self._answer(cancel, otherwise=False)

    def sent_will(self, run_key: str) -> tuple[int, int] | None:
        """Give trace and span id under which a run's will was sent by any process of the directory, if it was."""
        return read_sent_will(self._directory, run_key)

    def mark_will_sent(self, run_key: str, trace_id: int, span_id: int, now_ns: int) -> bool:
        """Note that a will was sent; do it before its row is removed. Gives whether it is noted."""
        try:
            write_sent_will(self._directory, run_key, trace_id, span_id, now_ns)
        except OSError as error:
            with self._file.counting() as counts:
                counts.failures[reason_of(error)] += 1
            return False
        return True

    def remove(self, row_ids: Iterable[int]) -> bool:
        """Delete rows. If the disk does not allow it now, they are not given again, and are deleted later.

        Args:
            row_ids: Those that are unknown do no harm.

        Returns:
            Whether they are deleted. Their content is gone from the disk after the next ``tidy``.
        """
        with self._file.counting() as counts:
            counts.owed.update(row_ids)
        return self._answer(self._delete_owed, otherwise=False)

    def _delete_owed(self, store: Store) -> Literal[True]:
        delete_owed(store, self._file.counts.owed)
        return True

    def read(
        self, sink_id: str, after: int = 0, *, limit: int = 512, max_bytes: int = _PAGE_BYTES
    ) -> list[SpooledItem]:
        """Read items of a sink, for whatever endpoint and policy: the most precious class first, in it the oldest.

        Args:
            sink_id: Name of the sink.
            after: ``position`` of the item to go on behind.
            limit: How many at most.
            max_bytes: Give no more once they have this many bytes.

        Returns:
            Empty only if there are no more. Wills are among them once their owner is dead.
        """
        return self._read(lambda found: found.sink_id == sink_id, after, limit, max_bytes)

    def deliverable(
        self, destination: Destination, after: int = 0, *, limit: int = 512, max_bytes: int = _PAGE_BYTES
    ) -> list[SpooledItem]:
        """Read, in the same way, only what was filtered for exactly this destination."""
        return self._read(lambda found: found == destination, after, limit, max_bytes)

    def _read(
        self, is_wanted: Callable[[Destination], bool], after: int, limit: int, max_bytes: int
    ) -> list[SpooledItem]:
        def read(store: Store) -> Page:
            numbers = [number for number, found in store.rows.interned.destinations.items() if is_wanted(found)]
            return read_page(store, numbers, after, limit, max_bytes, self._file.counts.owed)

        page = self._answer(read, Page())
        with self._file.counting() as counts:
            counts.owed.update(page.damaged)
            counts.corrupt_rows += 0 if page.is_structural else len(page.damaged)
        if page.is_structural:
            self._answer(lambda _: self._file.repair(), None)
        return page.items

    def held_back(self, wanted: Iterable[Destination]) -> list[HeldBack]:
        """List what ``deliverable`` gives for none of some destinations, and why.

        Args:
            wanted: The destinations at hand.
        """
        known = set(wanted)
        return self._answer(lambda store: held_back(store, known), [])

    def tidy(self, now_ns: int) -> tuple[Evicted, ...]:
        """Evict what is too old, and make deleted content unreadable; to be called about once a second.

        Args:
            now_ns: Unix time in nanoseconds.
        """
        before_ns = now_ns - self._limits.max_age_ns
        purge(self._directory, before_ns)
        return self._evict(lambda store: self._delete_owed(store) and tidy_store(store, before_ns))

    def shrink(self, max_bytes: int) -> tuple[Evicted, ...]:
        """Evict, the least precious class first and in it the oldest, until it has no more than some bytes."""
        return self._evict(lambda store: evict_beyond(store, max_bytes))

    def _evict(self, action: Callable[[Store], tuple[Evicted, ...]]) -> tuple[Evicted, ...]:
        nothing: tuple[Evicted, ...] = ()
        evicted = self._answer(action, nothing)
        with self._file.counting() as counts:
            counts.note((), (), evicted)
        return evicted

    @property
    def owes(self) -> bool:
        """Whether rows are still to be deleted that the disk did not let go of."""
        return bool(self._file.counts.owed)

    def amount(self) -> Amount:
        """Give how much it holds, wills included."""
        return self._answer(lambda store: Amount(store.tally.items, store.tally.bytes), Amount())

    def durable_count(self) -> int:
        """Give how many entries and wills were stored and committed since the spool was opened."""
        return self._file.counts.durable

    def stats(self, now_ns: int) -> SpoolStats:
        """Tell what it holds, and what became of the rest.

        Args:
            now_ns: Unix time in nanoseconds.
        """
        counts = self._file.counts
        told = self._answer(lambda store: stats_of(store, counts, now_ns), None)
        return told or stats_of(None, counts, now_ns)

    def close(self) -> None:
        """Let go of the file; an empty one is removed, any other one is left to an adopter. Twice does no harm."""
        self._file.close()

    def _answer(self, action: Callable[[Store], T], otherwise: T) -> T:
        try:
            return self._file.attempt(action)
        except Refused:
            return otherwise
