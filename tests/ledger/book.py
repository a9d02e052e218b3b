"""The ledger of a source form: of each field of each variant, where its value arrives, or why it is dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from attrs import field, frozen

from agent_otel.sources import Source
from ledger.fields import Path, fields_of, varied, with_value
from ledger.places import Places, changed, places_of

__all__ = ["Book", "Case", "Entry", "entries_of"]

_FATES = frozenset({"rejected", "note"})


@frozen(kw_only=True)
class Case:
    """One variant: a record of it with every field filled, and what stands around it.

    Args:
        record: The record.
        before: Records that come first: what a start, an end or an approval needs to have a place.
        after: Records that come afterwards.
        at: Where in the record the variant's own fields begin.
        whole: Paths, from there, of objects that are one value.
        others: Other values of a field, where a word of a closed set is needed to see anything.
    """

    record: Any
    before: Sequence[Any] = ()
    after: Sequence[Any] = ()
    at: Path = ()
    whole: frozenset[Path] = frozenset()
    others: Mapping[str, Sequence[Any]] = field(factory=dict)


@frozen(kw_only=True)
class Book:
    """A form of a source: its cases by variant, and why some fields have no home.

    Args:
        title: Heading on the page.
        source: Who reads it.
        cases: By the variant's name.
        dropped: By ``variant.field``, patterns allowed: the reason.
        tag: Path of the field that names the variant.
        opening: Records that begin the run which the records belong to.
    """

    title: str
    source: Source
    cases: Mapping[str, Case]
    dropped: Mapping[str, str]
    tag: Path | None = None
    opening: Sequence[Any] = ()

    def pattern(self, variant: str, name: str) -> str | None:
        """Give the first pattern that says why a field is dropped, if one does."""
        return next((pattern for pattern in self.dropped if fnmatchcase(f"{variant}.{name}", pattern)), None)


@frozen
class Entry:
    """What becomes of one field: where it arrives, or the pattern that says why it does not."""

    variant: str
    name: str
    arrives: tuple[str, ...]
    pattern: str | None


def _below(record: Any, path: Path) -> Any:
    for key in path:
        record = record[key]
    return record


def _arrivals(book: Book, case: Case, base: Places, path: Path, value: Any) -> tuple[str, ...]:
    """Give the places that change with a field, for the first other value of it that changes any."""
    seen: tuple[str, ...] = ()
    for other in [*case.others.get(".".join(path), ()), *varied(value)]:
        record = with_value(case.record, (*case.at, *path), other)
        found = changed(base, places_of(book.source, [*case.before, record, *case.after]))
        places = tuple(place for place in found if place not in _FATES)
        if places and "rejected" not in found:
            return places
        seen = seen or places
    return ()


def entries_of(book: Book) -> list[Entry]:
    """Give the ledger of a form, in the order of its cases."""
    entries = []
    for variant, case in book.cases.items():
        base = places_of(book.source, [*case.before, case.record, *case.after])
        for path, value in fields_of(_below(case.record, case.at), case.whole):
            name = ".".join(path)
            if path == book.tag:
                continue  # it names the variant
            entries.append(Entry(variant, name, _arrivals(book, case, base, path, value), book.pattern(variant, name)))
    return entries
