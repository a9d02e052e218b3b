"""Expected and received trees in, their difference out, readable, and without a character of content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, unified_diff
from typing import Any, Final

from attrs import define, field

from agent_otel.conventions.content import is_content_key
from agent_otel.testing.expected import ExpectedSpan
from agent_otel.testing.forest import INDENT, Node, draw

__all__ = ["Comparison", "difference"]

_ABSENT: Final = "(none)"
_LONGEST_VALUE: Final = 200
_SHOWN_WHOLE: Final = 200  # lines of a tree that is shown whole around what differs
_CONTEXT: Final = 3

Pair = tuple["ExpectedSpan | None", "Node | None"]


def difference(wanted: Sequence[str], drawn: Sequence[str]) -> str:
    """Give two drawn trees as one, with what differs marked; empty if nothing does."""
    context = _SHOWN_WHOLE if max(len(wanted), len(drawn)) <= _SHOWN_WHOLE else _CONTEXT
    return "\n".join(unified_diff(wanted, drawn, "expected", "received", lineterm="", n=context))


@define
class Comparison:
    """Both trees as lines, each received span beside the expected one that is most like it.

    Args:
        any_order: Whether siblings may stand in any order.
    """

    any_order: bool
    wanted: list[str] = field(factory=list)
    drawn: list[str] = field(factory=list)

    def add(self, expected: Sequence[ExpectedSpan], received: Sequence[Node], depth: int = 0) -> None:
        """Compare siblings and all below them."""
        for span, node in self._pairs(expected, received):
            if span is not None:
                self.wanted.append(INDENT * depth + span.name)
            if node is None and span is not None:
                self.wanted += _told(span, depth)
                self.add(span.children, (), depth + 1)
            elif node is not None and span is None:
                self.drawn += draw([node], depth)
            elif node is not None and span is not None:
                self.drawn.append(INDENT * depth + node.label)
                for left, right in _facts(span, node):
                    self.wanted.append(_indented(left, depth))
                    self.drawn.append(_indented(right, depth))
                self.add(span.children, node.children, depth + 1)

    def _pairs(self, expected: Sequence[ExpectedSpan], received: Sequence[Node]) -> Iterator[Pair]:
        return _by_likeness(expected, received) if self.any_order else _by_order(expected, received)


def _by_order(expected: Sequence[ExpectedSpan], received: Sequence[Node]) -> Iterator[Pair]:
    names, labels = [span.name for span in expected], [node.label for node in received]
    for what, low, high, start, end in SequenceMatcher(None, names, labels, autojunk=False).get_opcodes():
        if what == "equal":
            yield from zip(expected[low:high], received[start:end], strict=True)
        else:
            yield from ((span, None) for span in expected[low:high])
            yield from ((None, node) for node in received[start:end])


def _by_likeness(expected: Sequence[ExpectedSpan], received: Sequence[Node]) -> Iterator[Pair]:
    """Pair as many as are wholly alike, then by name."""
    alike = [[index for index, node in enumerate(received) if _is_alike(span, node)] for span in expected]
    chosen = _matching(alike)
    left = [index for index in range(len(received)) if index not in chosen.values()]
    for number, span in enumerate(expected):
        index = chosen.get(number)
        if index is None:
            index = next((index for index in left if received[index].label == span.name), None)
            if index is not None:
                left.remove(index)
        yield span, None if index is None else received[index]
    yield from ((None, received[index]) for index in left)


def _is_alike(span: ExpectedSpan, node: Node) -> bool:
    if span.name != node.label or any(left != right for left, right in _facts(span, node)):
        return False
    if len(span.children) != len(node.children):
        return False
    return all(None not in pair and _is_alike(*pair) for pair in _by_likeness(span.children, node.children))  # type: ignore[arg-type]


def _matching(alike: Sequence[Sequence[int]]) -> dict[int, int]:
    """Give a largest matching: for each row, one of its columns, no column twice."""
    row_of: dict[int, int] = {}

    def place(row: int, tried: set[int]) -> bool:
        for column in alike[row]:
            if column not in tried:
                tried.add(column)
                if column not in row_of or place(row_of[column], tried):
                    row_of[column] = row
                    return True
        return False

    for row in range(len(alike)):
        place(row, set())
    return {row: column for column, row in row_of.items()}


def _facts(span: ExpectedSpan, node: Node) -> Iterator[tuple[str, str]]:
    """Tell what is expected of a span beside its name, and what was received; equal where that is as expected."""
    received = node.span
    for what, word, given in (
        ("kind", span.kind, getattr(received, "kind", None)),
        ("status", span.status, getattr(received, "status_code", None)),
    ):
        if word is not None:
            yield f"{what} = {word}", f"{what} = {given if given is not None else _ABSENT}"
    attributes = getattr(received, "attributes", {})
    for key, value in span.attributes.items():
        yield _compared(key, value, attributes.get(key))
    if span.events is not None:
        names = [event.name for event in getattr(received, "events", ())]
        yield f"events = {', '.join(span.events) or _ABSENT}", f"events = {', '.join(names) or _ABSENT}"


def _compared(key: str, expected: Any, received: Any) -> tuple[str, str]:
    left = f"{key} = {_shown(key, expected, 'expected')}"
    is_same = received is None if expected is None else bool(expected == received)
    return left, left if is_same else f"{key} = {_shown(key, received, 'received')}"


def _shown(key: str, value: Any, side: str) -> str:
    if value is None:
        return _ABSENT
    if is_content_key(key):
        return f"[REDACTED {side}]"
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _told(span: ExpectedSpan, depth: int) -> Iterator[str]:
    """Tell what is expected of a span that was not received."""
    return (_indented(left, depth) for left, _ in _facts(span, _NOTHING))


def _indented(fact: str, depth: int) -> str:
    return f"{INDENT * (depth + 1)}| {fact}"


@define
class _NoSpan:
    name: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    start_ns: int = 0


_NOTHING: Final = Node(_NoSpan())
