"""Write docs/field-ledger.md and the tables of docs/mapping.md; with --check, fail if one is out of date.

python tests/ledger/page.py
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
import sys

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from ledger import agent_sdk, bamboo, zeroclaw
from ledger.book import Book, Entry, entries_of
from ledger.mapping import mapping_tables

__all__ = ["BOOKS", "MAPPING", "PAGE", "entries", "mapping_page", "page"]

BOOKS: tuple[Book, ...] = (*bamboo.BOOKS, *zeroclaw.BOOKS, *agent_sdk.BOOKS)
PAGE = Path(__file__).parents[2] / "docs" / "field-ledger.md"
MAPPING = PAGE.with_name("mapping.md")
TABLES = """\
## What each variant gives

Of a record that stands alone, or after the start of its run or call. A start alone gives a span too, once it is closed.
"""
HEAD = """\
# Field ledger

Of each field of each variant: where its value arrives, or why it does not. A program makes this page: it reads a filled
record of each variant, changes one field at a time, and looks what changes in the spans, span events, metrics and log
records that come of it. A record stands alone here, or after the start of its run: what several of them do together,
the pages of the sources say. `content` is what the content policy rules over; until it lets more through, its size and
type leave.

Variants with the same table share one.
"""
_MOST = 4
_ORDER = ("content", "`", "metric", "span", "log record", "parent", "trace id", "label", "recognised")
_CHANGED_WITH_ALL = "trace id"


@cache
def entries(title: str) -> tuple[Entry, ...]:
    """Give the entries of the book of that title."""
    return tuple(entries_of(next(book for book in BOOKS if book.title == title)))


def _rank(place: str) -> int:
    return next((rank for rank, start in enumerate(_ORDER) if place.startswith(start)), len(_ORDER))


def _home(book: Book, entry: Entry) -> str:
    if not entry.arrives:
        return f"dropped: {book.dropped[entry.pattern]}" if entry.pattern is not None else "?"
    places = sorted(entry.arrives, key=_rank)
    rest = f", and {len(places) - _MOST} more" if len(places) > _MOST else ""
    return ", ".join(places[:_MOST]) + rest


def _tables(book: Book, entries: Sequence[Entry]) -> Iterator[tuple[list[str], tuple[tuple[str, str], ...]]]:
    """Give the tables, each with the variants that it holds for."""
    found: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for variant, own in groupby(entries, key=lambda entry: entry.variant):
        table = tuple((entry.name or "(the whole)", _home(book, entry)) for entry in own)
        found.setdefault(table, []).append(variant)
    for table, variants in found.items():
        yield variants, table


def page() -> str:
    """Give the page as it should be."""
    parts = [HEAD]
    for book in BOOKS:
        parts.append(f"\n## {book.title}\n")
        for variants, table in _tables(book, entries(book.title)):
            parts.append(
                f"\n{', '.join(f'`{variant}`' for variant in variants)}\n\n| field | arrives as |\n|---|---|\n"
            )
            parts += [f"| `{name}` | {home} |\n" for name, home in table]
    return "".join(parts)


def mapping_page() -> str:
    """Give docs/mapping.md as it should be: what is written by hand, and the tables."""
    return MAPPING.read_text().partition(TABLES)[0] + TABLES + mapping_tables(BOOKS)


def main() -> None:
    """Write or check."""
    if "--check" in sys.argv:
        is_right = PAGE.read_text() == page() and MAPPING.read_text() == mapping_page()
        sys.exit(0 if is_right else "docs/field-ledger.md or docs/mapping.md is out of date: run tests/ledger/page.py")
    PAGE.write_text(page())
    MAPPING.write_text(mapping_page())


if __name__ == "__main__":
    main()
