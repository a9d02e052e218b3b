"""Spans in, an assertion out: that they conform to the conventions."""

from __future__ import annotations

from collections.abc import Iterable

from agent_otel.testing.conformance import check_span
from agent_otel.testing.received import ReceivedSpan

__all__ = ["assert_conforms"]


def assert_conforms(spans: Iterable[ReceivedSpan]) -> None:
    """Assert that no span violates the rules of ``check_span``.

    Raises:
        AssertionError: Some do; the message names each, with the rules that it violates.
    """
    __tracebackhide__ = True
    judged = ((span, check_span(span)) for span in spans)
    told = [f"  {span.name} ({span.kind}): {', '.join(rules)}" for span, rules in judged if rules]
    if told:
        raise AssertionError("\n".join(["spans violate the semantic conventions:", *told]))
