"""``Spooling``: the thread that writes what waits to disk, a batch at a time, and looks for what dead processes left.

An item is on disk within about ``interval_s`` of its hand-over, the most precious first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
import threading
import time
from typing import Final

from attrs import evolve

from agent_otel.delivery import Item
from agent_otel.delivery.otlp import superseding
from agent_otel.delivery.spool import Destination, Evicted, Spool, SpoolError, SpoolLimits, adopt_spools
from agent_otel.processors.backing import Backing
from agent_otel.processors.forking import in_forked_child
from agent_otel.processors.last_wills import LastWills, WillProcessor, key_of, span_id_beyond
from agent_otel.processors.outbox import Outbox
from agent_otel.processors.preserving import TerminalPreservingProcessor

__all__ = ["Spooling"]

_INTERVAL_S: Final = 0.02
_TIDY_S: Final = 1.0
_ADOPT_S: Final = 30.0
_MORE_S: Final = 1.0
_LONGEST_ADOPT_S: Final = 600.0


class Spooling:
    """Keeps one spool for all outboxes of a process.

    Args:
        directory: Of the spool.
        limits: Its bounds; None for the defaults.
        interval_s: Seconds between two batches.

    Raises:
        SpoolError: If the directory cannot be used.
    """

    def __init__(self, directory: Path, limits: SpoolLimits | None = None, *, interval_s: float = _INTERVAL_S) -> None:
        self._directory = directory
        self._limits = limits
        self._interval_s = interval_s
        self.spool = Spool.open(directory, limits=limits)
        self.held_back: dict[str, int] = {}  # what dead processes left for others, by reason, at the last look
        self._begun_ns = time.time_ns() - time.monotonic_ns()
        self.corrupt_rows = 0  # of dead processes' files: could not be read back as they were stored
        self.wills = LastWills()
        self.will_makers: list[Callable[[], None]] = []  # called at each cycle: have ``wills`` made of what is open
        self._unended: dict[tuple[str, Destination], Item] = {}  # wills whose ends the disk did not take
        self._for_others: dict[Path, Counter[str]] = {}  # files that hold something for others, and how much
        self.lost_of_nobody = 0  # of dead processes' items: evicted, and for no sink here
        self._amounts: dict[str, int] = {}
        self._kept: list[tuple[Outbox, Backing]] = []
        self._stops = False
        self._is_started = False
        self._renew()
        in_forked_child(self._after_fork)

    def start(self) -> None:
        """Begin, once all outboxes are kept: what dead processes left is for any of them."""
        self._is_started = True
        threading.Thread(target=self._work, name="agent-otel-spool", daemon=True).start()

    def _renew(self) -> None:
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._cycle = threading.Lock()

    def _after_fork(self) -> None:
        self._renew()  # outboxes have begun anew already, and what backs them
        self.wills.forget()
        if self._is_started and not self._stops:
            self.start()

    def keep(self, outbox: Outbox, fingerprint: str, *, retain_raw: bool = False) -> None:
        """Keep an outbox's items on disk from now on.

        Args:
            outbox: One that has nothing yet.
            fingerprint: What tells the policies apart under which items are filtered.
            retain_raw: Whether raw content may be stored.
        """
        self._keep(outbox, fingerprint, retain_raw=retain_raw, wills=None)

    def keep_spans(
        self, processor: TerminalPreservingProcessor, fingerprint: str, *, retain_raw: bool = False
    ) -> WillProcessor:
        """Keep the spans of a processor in the same way; gives what makes their wills."""
        backing = self._keep(processor.outbox, fingerprint, retain_raw=retain_raw, wills=self.wills)
        return WillProcessor(self.wills, processor.item_of, backing.destination, retain_raw=retain_raw)

    def _keep(self, outbox: Outbox, fingerprint: str, *, retain_raw: bool, wills: LastWills | None) -> Backing:
        destination = Destination(outbox.sink_id, outbox.endpoint_identity, fingerprint)
        backing = Backing(self.spool, destination, retain_raw=retain_raw, wills=wills)
        outbox.back_with(backing)
        self._kept.append((outbox, backing))
        return backing

    def adopt(self) -> int:
        """Take over what dead processes left; gives how many files. What is for nobody here is left to others."""
        taken = 0
        while not taken:
            try:
                adoption = adopt_spools(self._directory, self._now_ns(), limits=self._limits, skip=self._for_others)
            except SpoolError:
                break
            self.corrupt_rows += adoption.corrupt_rows
            self._tell_evicted(adoption.evicted)
            taken += sum(map(self._use, adoption.spools))
            if not adoption.spools:
                break
        self._for_others = {path: held for path, held in self._for_others.items() if path.exists()}
        totals: Counter[str] = Counter()
        for held in self._for_others.values():
            totals.update(held)
        self.held_back = dict(totals)
        return taken

    def _use(self, spool: Spool) -> bool:
        """Give an adopted file to whom it is for; one that is for nobody here is let go, and not opened again."""
        users = [kept for kept in self._kept if spool.deliverable(kept[1].destination, limit=1)]
        held: Counter[str] = Counter()
        for one in spool.held_back(backing.destination for _, backing in self._kept):
            held[one.reason] += one.amount.items
        for outbox, backing in users:
            with outbox.lock:
                backing.adopt([spool])
            outbox.wake()
        if held or not users:
            self._for_others[spool.path] = held
        if not users:
            spool.close()
        return bool(users)

    def _tell_evicted(self, evicted: Iterable[Evicted]) -> None:
        """Count what adoption itself gave up, for age or for want of room: it came, and was lost."""
        for one in evicted:
            for outbox, backing in self._kept:
                if one.sink_id == outbox.sink_id:
                    with outbox.lock:
                        backing.lost_of_others += 1
                    break
            else:
                self.lost_of_nobody += 1

    def _now_ns(self) -> int:
        """Give the time by which things grow old: a clock that is set forward must not make everything old at once."""
        return min(time.time_ns(), self._begun_ns + time.monotonic_ns())

    def amounts(self) -> dict[str, int]:
        """Give what is in this process's own file, and how much ever was.

        As it was last seen: whoever asks must not wait for a disk that hangs.
        """
        return {**self._amounts, "durable": self.spool.durable_count(), "corrupt": self.corrupt_rows}

    def _look(self) -> None:
        amount = self.spool.amount()
        self._amounts = {"items": amount.items, "bytes": amount.bytes}

    def is_drained(self) -> bool:
        """Whether nothing that can be delivered from here waits any more, in memory or on disk."""
        for outbox, backing in self._kept:
            with backing.disk:
                with outbox.lock:
                    known = backing.known_rows()
                if known or outbox.queued or backing.load(1, known):
                    return False
        return True

    def save(self) -> None:
        """Write what waits, and delete what was delivered."""
        with self._cycle:
            self._save_all()

    def _save_all(self) -> None:
        self._store_wills()
        for outbox, backing in self._kept:
            self._save(outbox, backing)
            outbox.wake()
        self._look()

    def _store_wills(self) -> None:
        makers = list(self.will_makers)
        for make in makers:
            make()
        if makers:
            self._give_up(self.wills.store(self.spool))

    def _save(self, outbox: Outbox, backing: Backing) -> None:
        outbox.take_in()
        while True:
            with backing.disk:
                with outbox.lock:
                    batch = backing.take_unsaved()
                if not batch:
                    break
                batch = [self._superseding(item, outbox, backing) for item in batch]
                ends = [item for item in batch if backing.ends_will(item)]
                stored, evicted = self._append(backing, batch)
                taken = {id(item) for item, row_id in zip(batch, stored, strict=True) if row_id is not None}
                for item in ends:
                    if id(item) not in taken:
                        self._unended[key_of(item), backing.destination] = item
                self._end_wills()
                outbox.saved(batch, stored)
                self._give_up(evicted)
        with backing.disk:  # until they are gone they must not be read again
            with outbox.lock:
                sent, removals = backing.take_sent_wills(), backing.take_removals()
            for will in sent:
                self.spool.mark_will_sent(*will, time.time_ns())
            for spool, row_ids in removals.items():
                spool.remove(row_ids)

    def _end_wills(self) -> None:
        """Delete wills whose ends are known and not on disk: they are sent from memory, and must not be told again."""
        for (key, destination), item in list(self._unended.items()):
            if self.spool.cancel_will(key, destination):
                self.wills.ended(item, destination)
                del self._unended[key, destination]

    def _superseding(self, item: Item, outbox: Outbox, backing: Backing) -> Item:
        """Give the end of a span whose will was sent already another id: one id has one content."""
        if not backing.ends_will(item) or self.spool.sent_will(key_of(item)) is None:
            return item
        span_id = span_id_beyond(item)
        raw = None if item.raw_payload is None else superseding(item.raw_payload, span_id)
        other = evolve(item, span_id=span_id, payload=superseding(item.payload, span_id), raw_payload=raw)
        self.wills.ended(item, backing.destination)
        with outbox.lock:
            backing.exchange(item, other)
        return other

    def _append(self, backing: Backing, batch: list[Item]) -> tuple[tuple[int | None, ...], tuple[Evicted, ...]]:
        try:
            appended = self.spool.append(backing.entries(batch), time.time_ns())
        except Exception:  # noqa: BLE001  the spool raises nothing, but memory may run out
            return (None,) * len(batch), ()
        return appended.row_ids, appended.evicted

    def _give_up(self, evicted: tuple[Evicted, ...]) -> None:
        """Tell every outbox which of its rows the spool has evicted: they share its bounds."""
        if evicted:
            for outbox, backing in self._kept:
                with outbox.lock:
                    backing.given_up(one.row_id for one in evicted if one.sink_id == outbox.sink_id)
                outbox.wake()

    def _work(self) -> None:
        stopped, next_tidy, next_adoption, wait = self._stopped, 0.0, 0.0, _ADOPT_S
        while not self._stops:
            self._wake.wait(self._interval_s)
            now = time.monotonic()
            try:
                for outbox, _ in self._kept:
                    outbox.take_in()
                with self._cycle:
                    self._store_wills()
                if any(backing.is_behind for _, backing in self._kept):
                    self.save()
                if now >= next_tidy:
                    next_tidy = now + _TIDY_S
                    self._tidy()
                if now >= next_adoption and self._kept:
                    if self.adopt():
                        wait = _MORE_S  # one look takes a few files; there may be more
                    else:  # what is for others only is not opened over and over
                        wait = max(_ADOPT_S, min(wait * 2, _LONGEST_ADOPT_S) if self.held_back else 0.0)
                    next_adoption = now + wait
            except Exception:  # noqa: BLE001  the disk may do anything; the thread has to go on
                time.sleep(self._interval_s)
        stopped.set()

    def _tidy(self) -> None:
        self._end_wills()
        self._give_up(self.spool.tidy(self._now_ns()))
        for outbox, backing in self._kept:
            with outbox.lock:
                backing.try_again()
            for spool in self._emptied(outbox, backing):
                if not any(other is not backing and spool in other.adopted for _, other in self._kept):
                    spool.close()

    @staticmethod
    def _emptied(outbox: Outbox, backing: Backing) -> list[Spool]:
        """Give up adopted spools that hold nothing more for an outbox."""
        done = []
        with backing.disk:
            for spool in list(backing.adopted):
                with outbox.lock:
                    in_use = any(used is spool for used, _ in backing.known_rows())
                if not in_use and not spool.owes and not spool.deliverable(backing.destination, limit=1):
                    with outbox.lock:
                        backing.disown(spool)
                    done.append(spool)
        return done

    def close(self, deadline: float) -> None:
        """Write what is left, and let go of the file: another process will deliver it, or ``agent-otel flush``.

        Args:
            deadline: In seconds of ``time.monotonic``; a disk that hangs is left alone then.
        """
        self._stops = True
        self._wake.set()
        if self._is_started and not self._stopped.wait(max(0.0, deadline - time.monotonic())):
            return
        for outbox, backing in self._kept:
            with outbox.lock:
                backing.try_again()
        self._save_all()
        self._end_wills()
        self._give_up(self.spool.tidy(self._now_ns()))
        for spool in {self.spool, *(spool for _, backing in self._kept for spool in backing.adopted)}:
            spool.close()
