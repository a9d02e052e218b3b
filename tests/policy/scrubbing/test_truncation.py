from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from agent_otel.policy.scrubbing import Limits, scrub, truncate

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=6), inner, max_size=6),
    max_leaves=20,
)
LIMITS = st.builds(
    Limits,
    chars=st.none() | st.integers(0, 30),
    bytes=st.none() | st.integers(0, 100),
    items=st.none() | st.integers(0, 5),
)


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def kept(text):
    return text.split("…[truncated ", 1)[0]


@settings(deadline=None)
@given(JSON, LIMITS)
def test_budgets_are_kept(value, limits):
    done = truncate(value, limits)
    assert done.facts.truncated or done.value is value
    if limits.chars is not None:
        leaves = [leaf for leaf in texts(done.value) if leaf not in set(_keys(value))]
        assert all(len(kept(leaf)) <= limits.chars for leaf in leaves)
    if limits.bytes is not None:
        assert sum(len(kept(text).encode("utf-8", "surrogatepass")) for text in texts(done.value)) <= limits.bytes
    if limits.items is not None:
        assert all(len(container) <= limits.items + 1 for container in _containers(done.value))


def _containers(value):
    if isinstance(value, (dict, list)):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from _containers(item)


def _keys(value):
    for container in _containers(value):
        if isinstance(container, dict):
            yield from container


@settings(deadline=None)
@given(JSON, LIMITS)
def test_json_text_stays_json_and_is_cut_once(value, limits):
    text = json.dumps(value)
    done = truncate(text, limits)
    if isinstance(value, (dict, list)):
        json.loads(done.value)
    assert done.facts.original_chars == len(text)
    again = truncate(done.value, Limits(chars=limits.chars, items=limits.items))
    assert again.value == done.value or limits.bytes is not None or isinstance(value, str)


def test_exactly_as_many_characters_are_kept():
    done = truncate("ä" * 50, Limits(chars=10))
    assert done.value == "ä" * 10 + "…[truncated 40 of 50 chars]"
    assert done.facts == (True, 50, 100)
    assert truncate(done.value, Limits(chars=10)).value is done.value


def test_leaves_of_json_are_cut_and_numbers_stay():
    text = json.dumps({"a": "x" * 20, "n": 12345678901234567890123, "f": 1.50, "b": True, "l": ["y" * 20, None]})
    done = json.loads(truncate(text, Limits(chars=5)).value)
    assert done["a"] == "xxxxx…[truncated 15 of 20 chars]"
    assert (done["n"], done["b"], done["l"][1]) == (12345678901234567890123, True, None)


def test_long_lists_and_objects_are_cut():
    done = truncate({"l": list(range(5)), "o": {"a": 1, "b": 2, "c": 3}}, Limits(items=2)).value
    assert done == {
        "l": [0, 1, "…[truncated 3 of 5 items]"],
        "o": {"a": 1, "b": 2, "…[truncated 1 of 3 members]": None},
    }
    assert truncate(done, Limits(items=2)).value == done


@pytest.mark.parametrize("limits", [Limits(chars=0), Limits(bytes=0)])
def test_limit_zero_keeps_nothing(limits):
    assert truncate("abc", limits).value == "…[truncated 3 of 3 chars]"


def test_bytes_cut_no_character_apart():
    assert truncate("a€€€", Limits(chars=None, bytes=5)).value == "a€…[truncated 2 of 4 chars]"
    assert truncate("\ud800\ud800", Limits(chars=None, bytes=4)).value == "\ud800…[truncated 1 of 2 chars]"


@pytest.mark.parametrize("limit", range(8, 60))
def test_a_cut_never_falls_into_a_marker(limit):
    scrubbed = scrub("12345678 https://bob:hunter2@host/ and so on and so on").value
    done = kept(truncate(scrubbed, Limits(chars=limit)).value)
    assert scrubbed.startswith(done)
    assert done.count("[REDACTED") == done.count("]")


def test_deep_values_are_no_trouble():
    deep: list = []
    for _ in range(50_000):
        deep = [deep]
    done = truncate({"d": deep, "t": "x" * 100}, Limits(chars=10))
    assert done.value["t"].startswith("xxxxxxxxxx…")
    text = "[" * 50_000 + "]" * 50_000
    assert truncate(text, Limits(chars=5)).value == "[[[[[…[truncated 99995 of 100000 chars]"


def test_a_negative_limit_is_an_error():
    with pytest.raises(ValueError, match="chars"):
        Limits(chars=-1)


def test_what_fits_is_the_very_same():
    value = {"a": [1, 2, {"b": "c"}]}
    assert truncate(value).value is value
