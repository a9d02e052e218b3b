"""What each variant gives: the tables of docs/mapping.md, made from the same records as the ledger."""

from __future__ import annotations

from ast import literal_eval
from collections import Counter

from agent_otel.conventions.metrics import ORPHANS
from ledger.book import Book, Case
from ledger.places import Places, changed, places_of

__all__ = ["mapping_tables"]

_NONE = "none"
_REPEATED = "recognised as a repetition"
_ORPHANS = f"metric `{ORPHANS}`"  # here nothing comes to its end
_COLUMNS = ("variant", "span", "span event", "log record", "metrics")


def _gained(before: Places, after: Places, place: str) -> list[str]:
    found = after.get(place, Counter()) - before.get(place, Counter())
    return [str(literal_eval(value)) for value in found]


def _events(before: Places, after: Places) -> list[str]:
    found = after.get("span event", Counter()) - before.get("span event", Counter())
    return [f"`{literal_eval(value)[1]}`" for value in found]


def _metrics(before: Places, after: Places) -> list[str]:
    names = sorted(place for place in after if place.startswith("metric ") and after[place] != before.get(place))
    names = [name for name in names if name != _ORPHANS]
    return [name.removeprefix("metric ") for name in names]


def _row(book: Book, variant: str, case: Case) -> tuple[str, ...]:
    around = case.before or book.opening
    before, after = places_of(book.source, around), places_of(book.source, [*around, case.record])
    if not changed(before, after) or _REPEATED in after:  # it begins the run itself
        before, after = {}, places_of(book.source, [case.record])
    spans = [f"`{name}`" for name in _gained(before, after, "span name")]
    events = _events(before, after)
    records = [f"`{name}`" for name in _gained(before, after, "log record")]
    if not spans and not events and not records and changed(before, after) and around:
        spans = ["ends the one that its start began"]
    cells = (spans, events, records, _metrics(before, after))
    return (f"`{variant}`", *(", ".join(cell) or _NONE for cell in cells))


def mapping_tables(books: tuple[Book, ...]) -> str:
    """Give the tables, one for each form of a source."""
    parts = []
    for book in books:
        parts.append(f"\n### {book.title}\n\n| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}\n")
        rows: dict[tuple[str, ...], list[str]] = {}
        for variant, case in book.cases.items():
            name, *cells = _row(book, variant, case)
            rows.setdefault(tuple(cells), []).append(name)
        parts += [f"| {', '.join(names)} | {' | '.join(cells)} |\n" for cells, names in rows.items()]
    return "".join(parts)
