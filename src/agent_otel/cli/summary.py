"""The books of a replay in, lines for people and the exit status out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent_otel.bridge import ReadingSummary
from agent_otel.cli.status import Status

__all__ = ["MAX_PROBLEMS", "nothing_was_read", "problem_lines", "status_of", "summary_lines"]

MAX_PROBLEMS = 20


def summary_lines(summary: ReadingSummary) -> Iterator[str]:
    """Write the books: what was read, what was noticed, and what became of it at each sink."""
    yield _counts(summary.books.as_dict())
    if summary.books.notes:
        yield f"noted: {_counts(dict(sorted(summary.books.notes.items())))}"
    for sink, counts in summary.sinks.items():
        yield f"{sink}: {_counts(counts)}"


def _counts(counts: Mapping[str, int]) -> str:
    return "  ".join(f"{name} {count}" for name, count in counts.items())


def problem_lines(summary: ReadingSummary) -> Iterator[str]:
    """Write the first malformed records as ``file:line: field: reason``, and how many more there are."""
    shown = summary.problems[:MAX_PROBLEMS]
    yield from map(str, shown)
    if summary.books.malformed > len(shown):
        yield f"and {summary.books.malformed - len(shown)} more malformed records"


def nothing_was_read(summary: ReadingSummary) -> bool:
    """Say whether every single record was malformed: then it is not what it was taken for."""
    counts = summary.books.as_dict()
    return 0 < counts["received"] == counts["malformed"]


def status_of(summary: ReadingSummary, *, strict: bool) -> Status:
    """Give the exit status; what was lost weighs more than what could not be read."""
    if summary.undelivered:
        return Status.UNDELIVERED
    if nothing_was_read(summary):
        return Status.USAGE
    return Status.MALFORMED if strict and summary.books.malformed else Status.OK
