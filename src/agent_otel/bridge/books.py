"""The books of the bridge: ``received = mapped + skipped + duplicate + malformed``, and what was noticed on the way."""

from __future__ import annotations

from collections import Counter
import threading
from typing import Literal

from attrs import define, field, frozen

__all__ = ["BridgeBooks", "Fate", "Problem"]

Fate = Literal["mapped", "skipped", "duplicate", "malformed"]

MAX_PROBLEMS = 100


@frozen
class Problem:
    """A record that could not be read. Holds no value of it, only where and why.

    Args:
        file: Name of the input.
        line: 1-based number of the record.
        field: Dotted path of the offending field, empty for the record as a whole.
        reason: What is wrong.
    """

    file: str
    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field + ': ' if self.field else ''}{self.reason}"


@define(eq=False)
class BridgeBooks:
    """Counts records. ``notes`` counts, by short identifiers, what was skipped or clamped and why."""

    received: int = 0
    mapped: int = 0
    skipped: int = 0
    duplicate: int = 0
    malformed: int = 0
    spans: int = 0
    unsampled: int = 0
    faults: int = 0  # of our own: an event or span was lost to an exception
    notes: Counter[str] = field(factory=Counter)
    problems: list[Problem] = field(factory=list)
    # A signal handler may find its own thread inside settle().
    _lock: threading.RLock = field(factory=threading.RLock, init=False, repr=False)

    def note(self, word: str | None) -> None:
        """Count a note."""
        if word is not None:
            self.notes[word] += 1

    def settle(self, fate: Fate) -> None:
        """Count a record once it is known what became of it, so that the books balance at every moment."""
        with self._lock:
            self.received += 1
            setattr(self, fate, getattr(self, fate) + 1)

    def keep(self, problem: Problem) -> Fate:
        """Keep what is wrong with a malformed record, of the first hundred of them."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)
        return "malformed"

    def reset_after_fork(self) -> None:
        """Take a new lock: a thread that is gone may hold the old one."""
        self._lock = threading.RLock()

    def as_dict(self) -> dict[str, int]:
        """Give the five numbers that balance; without the lock, so that it never waits."""
        fates = {
            "mapped": self.mapped,
            "skipped": self.skipped,
            "duplicate": self.duplicate,
            "malformed": self.malformed,
        }
        return {"received": sum(fates.values()), **fates}
