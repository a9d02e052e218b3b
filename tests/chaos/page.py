"""Write the table of docs/fault-matrix.md from the rows of the tests.

python tests/chaos/page.py
"""

from __future__ import annotations

from pathlib import Path
import re
import sys

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from chaos.rows import ROWS

PAGE = Path(__file__).parents[2] / "docs" / "fault-matrix.md"
_TABLE = re.compile(r"^\| row \|.*?(?=^$)", re.MULTILINE | re.DOTALL)


def table() -> str:
    """The rows as the page shows them."""
    head = "| row | what happens | where the spans end up |\n|---|---|---|\n"
    return head + "".join(f"| {row.name} | {row.happens} | {row.ends} |\n" for row in ROWS)


def with_table(page: str) -> str:
    """The page with the table of now."""
    return _TABLE.sub(lambda _: table(), page)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
