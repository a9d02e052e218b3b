"""No field without a home or a reason; no reason that is none; the page says what is."""

from __future__ import annotations

import pytest

from agent_otel.model import Cursor, RecordRejected
from agent_otel.sources import Context, Document, Verdict
from ledger.book import Book
from ledger.page import BOOKS, MAPPING, PAGE, entries, mapping_page, page

_TITLES = {book.title: book for book in BOOKS}


@pytest.mark.parametrize("title", _TITLES)
def test_every_field_arrives_or_is_dropped_for_a_reason(title: str) -> None:
    lost = [(entry.variant, entry.name) for entry in entries(title) if not entry.arrives and entry.pattern is None]
    assert lost == []


@pytest.mark.parametrize("title", _TITLES)
def test_no_field_is_accounted_for_twice(title: str) -> None:
    named = [(entry.variant, entry.name) for entry in entries(title)]
    assert len(named) == len(set(named))
    both = [(e.variant, e.name) for e in entries(title) if e.arrives and e.pattern is not None and "*" not in e.pattern]
    assert both == [], "said to be dropped, and arrives"


@pytest.mark.parametrize("title", _TITLES)
def test_every_reason_is_needed(title: str) -> None:
    used = {entry.pattern for entry in entries(title) if not entry.arrives}
    assert set(_TITLES[title].dropped) - used == set()


@pytest.mark.parametrize("title", _TITLES)
def test_the_records_of_the_ledger_are_whole_and_understood(title: str) -> None:
    book: Book = _TITLES[title]
    for variant, case in book.cases.items():
        decoder = book.source.decoder()
        decoder.open(Document(name="ledger", key="key", nonce="nonce"))
        try:
            decoded = decoder.decode(case.record, Context(Cursor("key", 1), 1))
        except RecordRejected as rejected:
            pytest.fail(f"{variant}: {rejected.field} {rejected.reason}")
        assert decoded.note != "unknown_variant", variant
        assert decoded.verdict in Verdict


def test_the_mapping_is_up_to_date_and_has_no_empty_cell() -> None:
    assert MAPPING.read_text() == mapping_page(), "run python tests/ledger/page.py"
    rows = [line for line in MAPPING.read_text().splitlines() if line.startswith("|")]
    assert [row for row in rows if any(not cell.strip() for cell in row.strip("|").split("|"))] == []


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run python tests/ledger/page.py"
