"""The page of the fault matrix shows the rows of its tests."""

from __future__ import annotations

from chaos.page import PAGE, table
from chaos.rows import ROWS


def test_its_table_is_that_of_the_rows() -> None:
    assert table() in PAGE.read_text(encoding="utf-8"), "python tests/chaos/page.py writes it"


def test_each_row_has_a_name_of_its_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
