"""Spans in, trees out: who stands below whom, whatever is wrong with the ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol

from attrs import define, field

__all__ = ["INDENT", "Node", "TreeSpan", "draw", "grow"]

INDENT: Final = "  "
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


@define(eq=False)
class Node:
    """A span in its place."""

    span: TreeSpan
    remark: str = ""
    children: list[Node] = field(factory=list)

    @property
    def label(self) -> str:
        """The span's name, and what is odd about its place."""
        return self.span.name + self.remark


def _id(span: TreeSpan) -> tuple[Any, str]:
    return getattr(span, "trace_id", ""), span.span_id


def _parent(span: TreeSpan) -> tuple[Any, str]:
    return getattr(span, "trace_id", ""), span.parent_span_id


class _Planting:
    """Spans by their parent. Each span gets one place."""

    def __init__(self, spans: Iterable[TreeSpan]) -> None:
        self.spans = sorted(spans, key=lambda span: (span.start_ns, span.name, span.span_id))
        self.known = {_id(span) for span in self.spans}
        self.children: dict[tuple[Any, str], list[TreeSpan]] = {}
        for span in self.spans:
            self.children.setdefault(_parent(span), []).append(span)
        self.placed: set[int] = set()

    def roots(self) -> Iterator[Node]:
        for span in self.spans:
            if not span.parent_span_id:
                yield self._tree(span, "")
            elif _parent(span) not in self.known:
                yield self._tree(span, _ORPHAN)
        for span in self.spans:  # what no root leads to has itself among its ancestors
            if id(span) not in self.placed:
                yield self._tree(span, _CYCLE)

    def _tree(self, span: TreeSpan, remark: str) -> Node:
        # A stack of its own: chains of ten thousand spans have a tree too.
        root = Node(span, remark)
        self.placed.add(id(span))
        stack = [root]
        while stack:
            node = stack.pop()
            # Of two spans with one id, the first takes the children.
            for child in self.children.pop(_id(node.span), []):
                if id(child) not in self.placed:
                    self.placed.add(id(child))
                    node.children.append(Node(child))
            stack.extend(reversed(node.children))
        return root


def grow(spans: Iterable[TreeSpan]) -> list[Node]:
    """Give the trees that spans form; siblings, and roots, in the order of start time, then name."""
    return list(_Planting(spans).roots())


def draw(nodes: Iterable[Node], depth: int = 0) -> Iterator[str]:
    """Draw trees: one line per span, two blanks per level."""
    stack = [(node, depth) for node in reversed(list(nodes))]
    while stack:
        node, level = stack.pop()
        yield f"{INDENT * level}{node.label}"
        stack.extend((child, level + 1) for child in reversed(node.children))
