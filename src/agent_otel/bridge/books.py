"""The books of the bridge: ``received = mapped + skipped + duplicate + malformed``, and what was noticed on the way."""

from __future__ import annotations

from collections import Counter

from attrs import define, field, frozen

__all__ = ["BridgeBooks", "Problem"]

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

    def note(self, word: str | None) -> None:
        """Count a note."""
        if word is not None:
            self.notes[word] += 1

    def reject(self, problem: Problem) -> None:
        """Count a malformed record and keep the first hundred of them."""
        self.malformed += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)

    def as_dict(self) -> dict[str, int]:
        """Give the five numbers that balance."""
        return {
            "received": self.received,
            "mapped": self.mapped,
            "skipped": self.skipped,
            "duplicate": self.duplicate,
            "malformed": self.malformed,
        }
