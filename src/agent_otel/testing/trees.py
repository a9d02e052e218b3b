"""Spans in, an indented text tree out: what a reader of a trace sees, for assertions that can be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import unified_diff
from textwrap import dedent
from typing import Any, Protocol

__all__ = ["TreeSpan", "assert_tree", "span_tree"]

_INDENT = "  "
_ORPHAN = " [parent not received]"
_CYCLE = " [own ancestor]"


class TreeSpan(Protocol):
    """What a span must have to stand in a tree; a ``trace_id``, if it has one, keeps traces apart."""

    @property
    def name(self) -> str:
        """Span name."""

    @property
    def span_id(self) -> str:
        """Id within the trace."""

    @property
    def parent_span_id(self) -> str:
        """Id of the parent, empty for a root."""

    @property
    def start_ns(self) -> int:
        """Unix time in nanoseconds."""


def _id(span: TreeSpan) -> tuple[Any, str]:
    return getattr(span, "trace_id", ""), span.span_id


def _parent(span: TreeSpan) -> tuple[Any, str]:
    return getattr(span, "trace_id", ""), span.parent_span_id


class _Forest:
    """Spans by their parent. Each span is drawn once, whatever is wrong with the ids."""

    def __init__(self, spans: Iterable[TreeSpan]) -> None:
        self.spans = sorted(spans, key=lambda span: (span.start_ns, span.name, span.span_id))
        self.known = {_id(span) for span in self.spans}
        self.children: dict[tuple[Any, str], list[TreeSpan]] = {}
        for span in self.spans:
            self.children.setdefault(_parent(span), []).append(span)
        self.drawn: set[int] = set()

    def lines(self) -> Iterator[str]:
        for span in self.spans:
            if not span.parent_span_id:
                yield from self._below(span, "")
            elif _parent(span) not in self.known:
                yield from self._below(span, _ORPHAN)
        for span in self.spans:  # what no root leads to has itself among its ancestors
            if id(span) not in self.drawn:
                yield from self._below(span, _CYCLE)

    def _below(self, root: TreeSpan, remark: str) -> Iterator[str]:
        # A stack of its own: chains of ten thousand spans are drawn too.
        stack = [(root, 0, remark)]
        while stack:
            span, depth, said = stack.pop()
            if id(span) in self.drawn:
                continue
            self.drawn.add(id(span))
            yield f"{_INDENT * depth}{span.name}{said}"
            # Of two spans with one id, the first takes the children.
            children = self.children.pop(_id(span), [])
            stack.extend((child, depth + 1, "") for child in reversed(children))


def span_tree(spans: Iterable[TreeSpan]) -> str:
    """Draw spans of one or more traces as an indented tree of their names.

    Siblings, and roots, stand in the order of start time, then name. A span whose parent is not among the spans
    stands as a root with a remark that says so.

    Args:
        spans: Received spans, or anything with the same ids.

    Returns:
        One line per span, two blanks per level, no line end at the end.
    """
    return "\n".join(_Forest(spans).lines())


def assert_tree(spans: Iterable[TreeSpan], expected: str) -> None:
    """Assert that spans draw as expected.

    Args:
        spans: Received spans, or anything with the same ids.
        expected: The tree as ``span_tree`` draws it; common indentation and blank lines around it do not matter.

    Raises:
        AssertionError: They draw otherwise; the message is the difference.
    """
    wanted = dedent(expected).strip("\n").rstrip().splitlines()
    drawn = span_tree(spans).splitlines()
    if wanted != drawn:
        raise AssertionError("\n".join(unified_diff(wanted, drawn, "expected", "received", lineterm="")))
