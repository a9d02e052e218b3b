"""What the fan-out does, said again: plain lists, read off the texts of rules R26 to R47 and of the additions.

It shares no code with the package and is as slow as it is simple. The state machine compares the two step by step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Thing:
    name: int
    rank: int  # 0 a run's end, 1 error, 2 usage, 3 health, 4 progress
    run: str
    size: int
    raw: bool
    mode: str

    @property
    def terminal(self) -> bool:
        return self.rank < 4


@dataclass(frozen=True)
class Told:
    """A record. ``kind`` is a failure's kind, or None for a recovery."""

    record_id: str
    about: int
    kind: str | None
    preserved: bool = False
    dropped: int = 0
    export_seq: int = 0
    repair: int | None = None
    unsafe: bool = False


@dataclass(frozen=True)
class Switches:
    byte_capacity: int | None = None
    tells_coalescing: bool = False
    evicts_lower_rank: bool = False
    quarantines: bool = False


@dataclass
class ModelSink:
    sink_id: str
    capacity: int
    reserve: int
    policy: str
    mode: str
    idempotent: bool
    on: Switches
    queue: list[Thing] = field(default_factory=list)
    in_flight: int = 0
    export_seq: int = 0
    failed: bool = False
    accepted: int = 0
    exported: int = 0
    rejected: int = 0
    dropped: int = 0
    recorded: int = 0
    lost: dict[tuple[int | None, str], int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        sink_id: str,
        sink: tuple[int, int],
        fanout: tuple[int, int],
        policy: str,
        mode: str,
        idem: bool,
        on: Switches,
    ) -> ModelSink:
        """The head of the rules: cap = min of both, reserve = min(max of both, cap)."""
        capacity = min(sink[0], fanout[0])
        return cls(sink_id, capacity, min(max(sink[1], fanout[1]), capacity), policy, mode, idem, on)

    # --- arrivals ---

    def fits(self, queue: Sequence[Thing], thing: Thing) -> bool:
        if len(queue) >= self.capacity:
            return False
        if self.on.byte_capacity is not None and sum(q.size for q in queue) + thing.size > self.on.byte_capacity:
            return False
        normal = self.capacity - self.reserve
        return thing.terminal or sum(not q.terminal for q in queue) < normal

    def arrive(self, thing: Thing) -> tuple[bool, list[tuple[int, str]], list[Told]]:
        """Whether it entered, what was lost for it, and the records."""
        self.accepted += 1
        if thing.raw and not (self.mode == "raw_content" and thing.mode == "raw_content"):
            kept_mode = "redacted_summary" if thing.mode == "raw_content" else thing.mode
            thing = replace(thing, raw=False, mode=kept_mode)
        entered, lost, repair, says = self._decide(thing)
        self.dropped += len(lost)
        for victim, reason in lost:
            self._lose(victim.rank, reason)
        told = []
        if says:
            no_terminal_lost = not [victim for victim, _ in lost if victim.terminal]
            told = [self._failure(thing, "overflow", preserved=no_terminal_lost, repair=repair)]
        return entered, [(victim.name, reason) for victim, reason in lost], told

    def _decide(self, new: Thing) -> tuple[bool, list[tuple[Thing, str]], Thing, bool]:
        if self.on.byte_capacity is not None and new.size > self.on.byte_capacity:
            return False, [(new, "too_large")], new, True
        if self.fits(self.queue, new):
            self.queue.append(new)
            return True, [], new, False
        if new.terminal:
            return self._for_terminal(new)
        if self.policy == "coalesce_progress_by_run":
            return self._coalesce(new)
        if self.policy == "fail_sink_not_run":
            self.failed = True
        return False, [(new, "queue_full")], new, True

    def _for_terminal(self, new: Thing) -> tuple[bool, list[tuple[Thing, str]], Thing, bool]:
        left, victims = list(self.queue), []
        while not self.fits(left, new):
            reachable = left[self.in_flight :]
            if self.on.evicts_lower_rank:
                lower = [q for q in reachable if q.rank > new.rank]
                reachable = [q for q in lower if q.rank == max(q.rank for q in lower)]
            else:
                reachable = [q for q in reachable if not q.terminal]
            if not reachable:
                return False, [(new, "queue_full")], new, True
            victims.append(reachable[0])
            left.remove(reachable[0])
        self.queue = [*left, new]
        terminals = [victim for victim in victims if victim.terminal]
        return True, [(victim, "made_room") for victim in victims], (terminals or [new])[0], True

    def _coalesce(self, new: Thing) -> tuple[bool, list[tuple[Thing, str]], Thing, bool]:
        lost = []
        for older in self.queue[self.in_flight :]:
            if not older.terminal and older.run == new.run:
                self.queue.remove(older)
                lost.append((older, "coalesced"))
                break
        entered = self.fits(self.queue, new)
        if entered:
            self.queue.append(new)
        else:
            lost.append((new, "queue_full"))
        return entered, lost, lost[0][0], self.on.tells_coalescing

    # --- exports ---

    def drain(self, script: Sequence[str]) -> tuple[list[int], int, list[Told]]:
        """What was attempted, how many were exported, and the records; ``script`` is how the sink answers."""
        attempts, exported, told = [], 0, []
        answers = list(script)
        while self.queue:
            attempts.append(self.queue[0].name)
            answer = answers.pop(0) if answers else "ok"
            if answer == "ok":
                told += self._take()
                exported += 1
            elif answer == "export_rejected" and self.on.quarantines:
                told.append(self._refuse())
            else:
                told.append(self._fail(answer))
                break
        return attempts, exported, told

    def peek(self, most_items: int, most_bytes: int) -> list[int]:
        batch: list[Thing] = []
        for thing in self.queue:
            too_much = len(batch) >= most_items or sum(b.size for b in batch) + thing.size > most_bytes
            if batch and too_much:
                break
            batch.append(thing)
        self.in_flight = len(batch)
        return [thing.name for thing in batch]

    def settle(self, answers: Sequence[str], failure: bool, partial: int) -> tuple[int, int, list[int], list[Told]]:
        """``answers`` of the settled head: ok or refused. How many exported and rejected, which, and the records."""
        exported, quarantined, told, taken = 0, [], [], []
        refused_here = False
        for answer in answers:
            if answer == "ok":
                taken.append(self.queue[0])
                told += self._take()
                exported += 1
            elif self.on.quarantines:
                quarantined.append(self.queue[0].name)
                told.append(self._refuse())
            else:
                refused_here = True
                break
        partial = min(partial, exported)
        if partial:
            self.exported -= partial
            self.rejected += partial
            ranks = {thing.rank for thing in taken}
            for _ in range(partial):
                self._lose(ranks.copy().pop() if len(ranks) == 1 else None, "partial_success")
            no_terminal = not [thing for thing in taken if thing.terminal]
            told.append(self._failure(taken[0], "export_rejected", preserved=no_terminal, repair=taken[0]))
        self.in_flight = 0
        if refused_here:
            told.append(self._fail("export_rejected"))
        elif failure:
            told.append(self._fail("sink_unavailable"))
        return exported - partial, len(quarantined) + partial, quarantined, told

    def _take(self) -> list[Told]:
        thing = self._pop()
        self.exported += 1
        if not self.failed:
            return []
        self.failed = False
        return [Told(self._record_id("sink_recovered"), thing.name, None, export_seq=self.export_seq)]

    def _refuse(self) -> Told:
        thing = self._pop()
        self.rejected += 1
        self._lose(thing.rank, "refused")
        return self._failure(thing, "export_rejected", preserved=not thing.terminal, repair=thing)

    def _fail(self, kind: str) -> Told:
        self.failed = True
        return self._failure(self.queue[0], kind, preserved=self.queue[0].terminal, repair=self.queue[0])

    def _pop(self) -> Thing:
        self.export_seq += 1
        self.in_flight = max(0, self.in_flight - 1)
        return self.queue.pop(0)

    # --- records and counts ---

    def _failure(self, about: Thing, kind: str, *, preserved: bool, repair: Thing) -> Told:
        record_id = self._record_id("sink_failed")
        return Told(
            record_id, about.name, kind, preserved, self.dropped, self.export_seq, repair.name, not self.idempotent
        )

    def _record_id(self, label: str) -> str:
        self.recorded += 1
        return f"telemetry.{self.sink_id}.{label}.{self.recorded}"

    def _lose(self, rank: int | None, reason: str) -> None:
        self.lost[rank, reason] = self.lost.get((rank, reason), 0) + 1

    def books(self) -> dict[str, Any]:
        return {
            "accepted": self.accepted,
            "exported": self.exported,
            "rejected": self.rejected,
            "evicted": self.dropped,
            "queued": len(self.queue),
            "in_flight": self.in_flight,
            "queued_bytes": sum(thing.size for thing in self.queue),
            "failed": self.failed,
        }
