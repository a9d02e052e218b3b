"""Spans in, trees on the terminal out: one tree per trace, children by start time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from attrs import define, field
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from agent_otel.cli.rows import ASCII, UNICODE, Marks, Row, Tokens, plain, row_of, row_text, tokens_text
from agent_otel.project import SpanData

__all__ = ["MAX_SPANS", "TreeCollector"]

MAX_SPANS = 5000

_MAX_DEPTH = 12  # deeper spans are drawn beside their parent: each level takes four columns
_MAX_ID = 40


@define
class TreeCollector:
    """Collects spans as they are made and draws them.

    Args:
        max_spans: How many are held; further ones are only counted.
    """

    max_spans: int = MAX_SPANS
    _rows: list[Row] = field(factory=list, init=False, repr=False)
    _more: int = field(default=0, init=False)

    def add(self, span: SpanData) -> None:
        """Take a span."""
        if len(self._rows) < self.max_spans:
            self._rows.append(row_of(span))
        else:
            self._more += 1

    def render(self, console: Console) -> None:
        """Draw all traces, the oldest first."""
        marks = ASCII if console.options.ascii_only else UNICODE
        traces: dict[int, list[Row]] = defaultdict(list)
        for row in sorted(self._rows, key=lambda row: (row.start_ns, -row.duration_ns, row.span_id)):
            traces[row.trace_id].append(row)
        for rows in traces.values():
            console.print(_trace_tree(rows, marks), highlight=False)
        if self._more:
            console.print(Text(f"{marks.more} and {self._more} more spans"), highlight=False)


def _trace_tree(rows: list[Row], marks: Marks) -> Tree:
    nesting = list(_nested(rows))
    below = _tokens_below(nesting)
    tree = Tree(_header(rows, _sum(_own_or_below(row, below) for row, parent in nesting if parent is None), marks))
    branches: dict[int, tuple[Tree, int]] = {}
    for row, parent in nesting:
        branch, depth = (tree, 0) if parent is None else branches[parent.span_id]
        drawn = branch.add(row_text(row, below.get(row.span_id), marks))
        branches[row.span_id] = (drawn, depth + 1) if depth < _MAX_DEPTH else (branch, depth)
    return tree


def _header(rows: list[Row], tokens: Tokens | None, marks: Marks) -> Text:
    conversation = next((row.conversation for row in rows if row.conversation is not None), None)
    parts = [f"trace {rows[0].trace_id:032x}", f"{len(rows)} span{'s' if len(rows) != 1 else ''}"]
    if tokens is not None:
        parts.append(f"{tokens_text(tokens, marks)} tokens")
    lines = [] if conversation is None else [f"conversation {plain(conversation, marks, _MAX_ID)}"]
    return Text("\n".join([*lines, "  ".join(parts)]), style="dim")


def _nested(rows: list[Row]) -> Iterator[tuple[Row, Row | None]]:
    """Give each row once, parents before children, with its parent if that is among the rows.

    Rows whose parents go in a circle hang at the top: foreign ids are used as they come.
    """
    by_id = {row.span_id: row for row in reversed(rows)}
    children: dict[int, list[Row]] = defaultdict(list)
    tops: list[Row] = []
    for row in rows:
        parent = by_id.get(row.parent) if row.parent is not None else None
        (tops if parent is None or by_id[row.span_id] is not row else children[parent.span_id]).append(row)
    given: set[int] = set()
    for top in [*tops, *rows]:
        stack: list[tuple[Row, Row | None]] = [(top, None)]
        while stack:
            row, parent = stack.pop()
            if id(row) not in given:
                given.add(id(row))
                yield row, parent
                if by_id[row.span_id] is row:
                    stack.extend((child, row) for child in reversed(children[row.span_id]))


def _tokens_below(nesting: list[tuple[Row, Row | None]]) -> dict[int, Tokens]:
    """Add up tokens per span id over the spans below it; a span that tells its own stands for those below."""
    below: dict[int, Tokens] = {}
    for row, parent in reversed(nesting):
        tokens = _own_or_below(row, below)
        if parent is not None and tokens is not None:
            before = below.get(parent.span_id, (0, 0))
            below[parent.span_id] = (before[0] + tokens[0], before[1] + tokens[1])
    return below


def _own_or_below(row: Row, below: dict[int, Tokens]) -> Tokens | None:
    return row.tokens if row.tokens is not None else below.get(row.span_id)


def _sum(parts: Iterator[Tokens | None]) -> Tokens | None:
    told = [part for part in parts if part is not None]
    return (sum(part[0] for part in told), sum(part[1] for part in told)) if told else None
