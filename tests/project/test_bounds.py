from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st
import pytest

from agent_otel.project.bounds import (
    BoundedNames,
    bounded_error_type,
    bounded_id,
    bounded_name,
    bounded_value,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bash", "Bash"),
        ("a\n\tb", "a b"),
        (" padded ", "padded"),
        ("\x1b[31mred", "[31mred"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
        ("x" * 128, "x" * 128),
        ("x" * 129, "sha256:" + sha256(b"x" * 129).hexdigest()[:32]),
        ("word " * 30, "word " * 24 + "word…"),
        ("\x00\x01", ""),
        ("[bold]not ours[/]", "[bold]not ours[/]"),
    ],
)
def test_names(text, expected):
    assert bounded_name(text) == expected


@given(st.text(alphabet=st.characters(), max_size=600))
def test_names_and_ids_can_always_be_sent_and_are_stable(text):
    for bounded, limit in ((bounded_name, 128), (bounded_id, 256)):
        once = bounded(text)
        assert len(once) <= limit
        once.encode()
        assert bounded(once) == once


@pytest.mark.parametrize("text", ["exit_1", "asyncio.exceptions.CancelledError", "429", "a" * 64])
def test_error_types_that_are_identifiers_pass(text):
    assert bounded_error_type(text) == text


@pytest.mark.parametrize("text", ["", "two words", "a" * 65, "password=hunter2!", "line\nbreak", "é"])
def test_error_types_that_are_free_text_do_not(text):
    assert bounded_error_type(text) == "_OTHER"


@pytest.mark.parametrize("value", [True, 0, -1, 1.5, 2**63 - 1])
def test_scalars_stay_what_they_are(value):
    assert (bounded_value(value), type(bounded_value(value))) == (value, type(value))


def test_names_beyond_the_limit_share_a_bucket_and_those_known_stay_known():
    names = BoundedNames(2)
    assert [names(name) for name in ("a", "b", "c", "a", "b", "d")] == ["a", "b", "_OTHER", "a", "b", "_OTHER"]


def test_a_blank_name_has_a_name():
    assert BoundedNames()(" \x00") == "unknown"


def test_what_is_remembered_of_names_is_bounded():
    names = BoundedNames(10)
    for number in range(10):
        names(str(number) + "x" * 1_000_000)
    assert sum(len(known) for known in names._known) <= 10 * 128


def test_counters_of_huge_amounts_never_grow_beyond_what_can_be_sent() -> None:
    from agent_otel.project.bounds import addable

    total: float = 0
    for _ in range(1000):
        total += addable(2**64 - 1) + addable(3)
    assert isinstance(total, float)
    assert addable(700) == 700
    assert isinstance(addable(700), int)
