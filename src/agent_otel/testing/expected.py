"""What a test expects of spans: their names, places, and those of their attributes that matter to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import dedent
from typing import Any

from attrs import field, frozen

__all__ = ["Expectation", "ExpectedSpan", "expect", "expected_trees", "lines_of"]


@frozen
class ExpectedSpan:
    """A span that is expected, and all spans below it. Made by ``expect()``."""

    name: str
    children: tuple[ExpectedSpan, ...] = ()
    kind: str | None = None
    status: str | None = None
    attributes: Mapping[str, Any] = field(factory=dict, repr=False)
    events: tuple[str, ...] | None = None


Expectation = str | ExpectedSpan | Sequence[str | ExpectedSpan]


def expect(
    name: str,
    *children: ExpectedSpan | str,
    kind: str | None = None,
    status: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    events: Iterable[str] | None = None,
) -> ExpectedSpan:
    """Describe a span and all spans below it. What is left out is not looked at, save the children.

    Args:
        name: Span name, with the remark that ``span_tree`` puts behind it if its place is odd.
        children: Every child, in the order of start time; a name alone is one without children.
        kind: Span kind, as in ``ReceivedSpan``.
        status: Status code, as in ``ReceivedSpan``.
        attributes: Attributes that it has among others. ``None`` means that it has no such attribute; a value that
            equals what it accepts, such as ``unittest.mock.ANY`` or ``pytest.approx(1)``, does as one thinks.
        events: Names of all its span events, in their order.
    """
    return ExpectedSpan(
        name,
        tuple(_span(child) for child in children),
        kind,
        status,
        dict(attributes or {}),
        None if events is None else tuple(events),
    )


def _span(given: ExpectedSpan | str) -> ExpectedSpan:
    return ExpectedSpan(given) if isinstance(given, str) else given


def expected_trees(expectation: Expectation) -> list[ExpectedSpan]:
    """Give the trees that are expected, whatever form they were given in."""
    if isinstance(expectation, str):
        return _parsed(lines_of(expectation))
    return [expectation] if isinstance(expectation, ExpectedSpan) else [_span(given) for given in expectation]


def lines_of(text: str) -> list[str]:
    """Give the lines of a tree as text; common indentation and blank lines around it do not matter."""
    return dedent(text).strip("\n").rstrip().splitlines()


def _parsed(lines: list[str]) -> list[ExpectedSpan]:
    """Read a tree that is told by indentation, from its last line up, so that children are there before parents."""
    waiting: list[tuple[int, ExpectedSpan]] = []  # nearest line first
    for line in reversed(lines):
        depth = len(line) - len(line.lstrip())
        children = []
        while waiting and waiting[0][0] > depth:
            children.append(waiting.pop(0)[1])
        waiting.insert(0, (depth, ExpectedSpan(line.strip(), tuple(children))))
    return [span for _, span in waiting]
