"""The last record up to which all is acknowledged, whatever the order of the acknowledgements."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from agent_otel.bridge.frontier import Frontier
from agent_otel.model import Cursor


def test_nothing_offered_is_all_acknowledged() -> None:
    assert Frontier().of("a", 7) == 7


def test_inputs_are_apart() -> None:
    frontier = Frontier()
    frontier.offered(Cursor("a", 3))
    assert (frontier.of("a", 9), frontier.of("b", 9)) == (2, 9)
    frontier.acknowledged(Cursor("b", 3))
    assert frontier.of("a", 9) == 2
    frontier.acknowledged(Cursor("a", 3))
    assert frontier.of("a", 9) == 9


@given(
    st.lists(st.integers(1, 30), max_size=60).map(sorted),
    st.lists(st.integers(1, 30), max_size=60),
    st.integers(1, 40),
)
def test_it_never_says_more_than_is_true(offered: list[int], acknowledged: list[int], most: int) -> None:
    frontier = Frontier(most)
    for ordinal in offered:
        frontier.offered(Cursor("a", ordinal))
    settled = Counter(acknowledged) & Counter(offered)
    for ordinal in settled.elements():
        frontier.acknowledged(Cursor("a", ordinal))
    first = min((Counter(offered) - settled).elements(), default=31)
    said = frontier.of("a", 30)
    assert said <= first - 1
    if len(set(offered)) <= most:
        assert said == first - 1
