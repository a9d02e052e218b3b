"""The table of docs/batch-processor.md and the tests that it names are one."""

from __future__ import annotations

import ast
from pathlib import Path
import re

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "batch-processor.md"
TESTS = ROOT / "tests" / "processors" / "test_beside_the_stock_processor.py"


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] != "behaviour"]


def named() -> list[str]:
    return [name for row in rows() for name in re.findall(r"`(test_\w+)`", row[-1])]


def written() -> dict[str, str]:
    """Give the decorators of each test by its name."""
    functions = [node for node in ast.parse(TESTS.read_text()).body if isinstance(node, ast.FunctionDef)]
    return {
        node.name: "\n".join(ast.unparse(one) for one in node.decorator_list)
        for node in functions
        if node.name.startswith("test_")
    }


def test_every_row_has_four_cells_and_one_test() -> None:
    for row in rows():
        assert len(row) == 4, row
        assert re.fullmatch(r"`test_\w+`", row[3]), row
        assert all(row), row


def test_every_row_names_a_test_that_exists_and_every_test_stands_in_the_table() -> None:
    assert len(named()) == len(set(named()))
    assert sorted(named()) == sorted(written())


def test_the_rows_stand_in_the_order_of_the_tests() -> None:
    assert named() == list(written())


def test_a_flaw_is_told_as_long_as_its_test_expects_it() -> None:
    told = {row[3].strip("`") for row in rows() if row[2].startswith("Not yet:")}
    expected = {name for name, decorators in written().items() if "xfail" in decorators}
    assert told == expected
