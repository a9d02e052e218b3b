from __future__ import annotations

from typing import NamedTuple

import pytest

from agent_otel.testing import assert_tree, span_tree


class Span(NamedTuple):
    name: str
    span_id: str
    parent_span_id: str = ""
    start_ns: int = 0


class TracedSpan(NamedTuple):
    trace_id: str
    name: str
    span_id: str
    parent_span_id: str = ""
    start_ns: int = 0


def test_children_stand_below_their_parent_by_start_time():
    spans = [Span("late", "3", "1", 9), Span("deep", "4", "2", 6), Span("root", "1", "", 5), Span("early", "2", "1", 5)]
    assert span_tree(spans) == "root\n  early\n    deep\n  late"


def test_equal_start_times_go_by_name():
    assert span_tree([Span("b", "2"), Span("a", "9"), Span("c", "1")]) == "a\nb\nc"


def test_nothing_draws_as_nothing():
    assert span_tree([]) == ""


def test_a_span_without_its_parent_is_told_from_a_root():
    assert span_tree([Span("child", "2", "gone"), Span("below", "3", "2")]) == "child [parent not received]\n  below"


def test_equal_span_ids_of_two_traces_do_not_meet():
    spans = [
        TracedSpan("t1", "one", "1", "", 1),
        TracedSpan("t1", "child", "2", "1", 2),
        TracedSpan("t2", "two", "1", "", 3),
        TracedSpan("t2", "lost", "3", "2", 4),
    ]
    assert span_tree(spans) == "one\n  child\ntwo\nlost [parent not received]"


def test_a_span_sent_twice_is_drawn_twice_and_its_children_once():
    assert span_tree([Span("a", "1"), Span("a", "1", "", 1), Span("b", "2", "1")]) == "a\n  b\na"


def test_cycles_are_drawn():
    assert span_tree([Span("a", "1", "2"), Span("b", "2", "1")]) == "a [own ancestor]\n  b"
    assert span_tree([Span("self", "1", "1")]) == "self [own ancestor]"


def test_a_long_chain_is_drawn():
    chain = [Span("s", str(number), str(number - 1) if number else "", number) for number in range(3_000)]
    assert span_tree(chain).count("\n") == 2_999


def test_assert_tree_does_not_mind_indentation_and_blank_lines_around():
    assert_tree(
        [Span("root", "1"), Span("child", "2", "1")],
        """
        root
          child
        """,
    )


def test_assert_tree_tells_the_difference():
    with pytest.raises(AssertionError) as caught:
        assert_tree([Span("root", "1"), Span("child", "2", "1")], "root\n  other")
    assert str(caught.value).splitlines() == [
        "--- expected",
        "+++ received",
        "@@ -1,2 +1,2 @@",
        " root",
        "-  other",
        "+  child",
    ]


def test_assert_tree_minds_depth():
    with pytest.raises(AssertionError):
        assert_tree([Span("root", "1"), Span("child", "2", "1")], "root\nchild")
