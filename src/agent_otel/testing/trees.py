"""Spans in, an indented text tree out: what a reader of a trace sees, for assertions that can be read."""

from __future__ import annotations

from collections.abc import Iterable

from agent_otel.testing.comparing import Comparison, difference
from agent_otel.testing.expected import Expectation, expected_trees, lines_of
from agent_otel.testing.forest import TreeSpan, draw, grow

__all__ = ["assert_tree", "span_tree"]


def span_tree(spans: Iterable[TreeSpan]) -> str:
    """Draw spans of one or more traces as an indented tree of their names.

    Siblings, and roots, stand in the order of start time, then name. A span whose parent is not among the spans
    stands as a root with a remark that says so.

    Args:
        spans: Received spans, or anything with the same ids.

    Returns:
        One line per span, two blanks per level, no line end at the end.
    """
    return "\n".join(draw(grow(spans)))


def assert_tree(spans: Iterable[TreeSpan], expected: Expectation, *, any_order: bool = False) -> None:
    """Assert that spans are the trees that a test expects: no span more, none less, each in its place.

    Args:
        spans: Received spans, or anything with the same ids.
        expected: The trees as ``span_tree`` draws them, where common indentation and blank lines around do not matter;
            or what ``expect()`` makes, one or several, where attributes, kind, status and events are to be looked at.
        any_order: Whether siblings, and roots, may stand in any order, as those of parallel calls do.

    Raises:
        AssertionError: They are not; the message is both trees as one, with what differs marked. Values of attributes
            that carry content are not shown.
    """
    __tracebackhide__ = True
    received = grow(spans)
    if isinstance(expected, str) and not any_order:
        wanted, drawn = lines_of(expected), list(draw(received))
    else:
        comparison = Comparison(any_order)
        comparison.add(expected_trees(expected), received)
        wanted, drawn = comparison.wanted, comparison.drawn
    if wanted != drawn:
        raise AssertionError(difference(wanted, drawn))
