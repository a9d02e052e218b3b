"""The quick way to a snapshot gives what the slow way gives, or stands back."""

from __future__ import annotations

from collections import OrderedDict
import json
import math
import sys
import threading
import tracemalloc
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
import orjson
import pytest

from agent_otel.emit import json_text, snapshot
from odd_values import Colour, Counting, Level, Name, Sly, Untouchable

LIMIT = 1 << 20


def as_told(value):
    """Give a value as exactly as it is compared: with the order of keys, and types and signs of numbers."""
    return json.dumps(value, ensure_ascii=True, allow_nan=True, sort_keys=False)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.sampled_from(["null", '"":', ""]), inner, max_size=5)
    ),
    max_leaves=40,
)


@given(json_values, st.integers(0, 4000))
def test_what_is_written_is_what_a_snapshot_gives(value, limit):
    text = json_text(value, limit)
    if text is not None:
        copy, size = snapshot(value, limit)
        assert as_told(orjson.loads(text)) == as_told(copy)
        assert size <= limit  # which cut nothing
    elif isinstance(value, (dict, list, tuple)) and limit == 4000:
        assert_has_a_reason(value)


def assert_has_a_reason(value):
    """Say that a value is one of those that are left to a snapshot."""
    told = as_told(value)
    copy, size = snapshot(value, LIMIT)
    is_odd = "NaN" in told or "Infinity" in told or '"": ' in told or "\\ud" in told
    is_large = size * 4 > 4000 or any(len(number) > 18 for number in told.replace(",", " ").split())
    assert is_odd or is_large or as_told(copy) != told, value


PLAIN = [
    {},
    [],
    (),
    {"a": [1, 2.5, True, None, "x", {"b": ()}]},
    {"z": 1, "a": 2},
    [-0.0, 1e300, 5e-324, 0.1, 2**63, -(2**63), 2**64 - 1],
    {"null": None, "text": "null", "quoted": '"":'},
    ["ä", "€", "\U0001f600", "\x00\x1f\x7f\u2028", '"\\/'],
]


@pytest.mark.parametrize("value", PLAIN, ids=str)
def test_plain_json_is_written(value):
    text = json_text(value, LIMIT)
    assert text is not None
    assert as_told(orjson.loads(text)) == as_told(snapshot(value, LIMIT)[0])


def nested(depth):
    value: list = []
    for _ in range(depth - 1):
        value = [value]
    return value


LEFT = [
    "text", None, 3, 2.5, True,
    [math.nan], {"a": math.inf}, [[-math.inf]],
    {"": 1}, {1: 2}, {None: 1}, {True: 1}, {("a",): 1},
    [2**64], [-(2**63) - 1], ["\ud800"], {"\udce9": 1},
    nested(65), {Name("n"): 1}, [Name("n")], [Colour.RED], {Colour.RED: 1}, [Level.HIGH],
    OrderedDict(a=1), [Counting(a=1)], [b"x"], [bytearray(1)], [{1}], [UUID(int=1)], [object()],
    [Untouchable()], [Sly()], [Sly], [Exception()],
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(LEFT)))
def test_anything_else_is_left_to_a_snapshot(number):
    Counting.asked = 0
    assert json_text(LEFT[number], LIMIT) is None
    assert Counting.asked == 0


def test_nesting_as_deep_as_a_snapshot_goes():
    value = nested(64)
    text = json_text(value, LIMIT)
    assert text is not None
    assert orjson.loads(text) == snapshot(value, LIMIT)[0] == value
    wide = [nested(2) for _ in range(200)]
    assert orjson.loads(json_text(wide, LIMIT) or "") == wide


class AsksOnce:
    """A key whose code must not run, and that hashes as the empty text does."""

    def __hash__(self):
        return hash("")

    def __eq__(self, other):
        raise AssertionError


def test_no_code_of_the_agents_runs_for_a_key():
    assert json_text({AsksOnce(): 1}, LIMIT) is None


def test_what_refers_to_itself_ends():
    value: list = [1]
    value.append(value)
    mapping: dict = {}
    mapping["self"] = mapping
    doubled: list = []
    for _ in range(60):
        doubled = [doubled, doubled]  # 2**60 when it is written
    for endless in (value, mapping, doubled):
        assert json_text(endless, LIMIT) is None


class Refusing:
    """Stands for orjson where nothing may be written."""

    def dumps(self, value):
        raise AssertionError


@pytest.mark.parametrize(
    "value",
    [["x" * 500], {"x" * 500: 1}, ["ä" * 300], list(range(1000)), {"a": {str(n): n for n in range(500)}}],
    ids=lambda value: type(value).__name__,
)
def test_what_is_too_large_is_not_written_to_find_that_out(value, monkeypatch):
    monkeypatch.setattr("agent_otel.emit.plain_json.orjson", Refusing())
    assert json_text(value, 1000) is None


def test_the_agents_other_threads_may_write_meanwhile():
    shared = {str(number): {"n": [number]} for number in range(500)}
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            shared[f"new{number}"] = {"n": [math.nan]}
            shared.pop(f"new{number - 5}", None)

    writer = threading.Thread(target=write)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    writer.start()
    try:
        for _ in range(200):
            text = json_text({"kept": 1, "shared": shared}, 10**7)
            assert text is None or orjson.loads(text)["kept"] == 1
    finally:
        stop.set()
        writer.join()
        sys.setswitchinterval(before)


def test_what_waits_takes_no_more_than_it_says():
    """The encoder writes into kilobytes and gives them away with what it wrote."""
    text = json_text({"command": "ls"}, LIMIT)
    tracemalloc.start()
    try:
        kept = [json_text({"command": "ls", "number": number}, LIMIT) for number in range(1000)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert text is not None
    assert taken / len(kept) < 4 * sys.getsizeof(text)
