from __future__ import annotations

from collections import OrderedDict, UserDict
import threading
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
import pytest

from agent_otel.emit import snapshot, text_of, whole_number
from agent_otel.emit.snapshot import BEYOND_LIMIT
from odd_values import Broken, Colour, Counting, Level, Name, Sly, Untouchable

LIMIT = 100_000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (1.5, 1.5),
        ("text", "text"),
        ({"a": [1, ("b",)]}, {"a": [1, ["b"]]}),
        (OrderedDict(a=1), {"a": 1}),
        (UserDict(a=1), {"a": 1}),
        (Counting(a=1), {"a": 1}),
        (Colour.RED, "red"),
        (Name("n"), "n"),
        ({Colour.RED: 1, 2: 2, None: 3}, {"red": 1, "2": 2, "<NoneType>": 3}),
        (Level.HIGH, "<Level>"),
        (b"made-up secret", "<14 bytes>"),
        (bytearray(2), "<2 bytes>"),
        (Broken(a=1), "<Broken>"),
        ({"bad": Broken(), "good": 1}, {"bad": "<Broken>", "good": 1}),
        (10**1000, "<int>"),
        ({1, 2}, "<set>"),
    ],
)
def test_copies(value, expected):
    copy, size = snapshot(value, LIMIT)
    assert copy == expected
    assert size > 0


def test_objects_that_raise_whatever_is_asked_of_them():
    for value, expected in (
        (Untouchable(), "<Untouchable>"),
        ([Untouchable(), 1], ["<Untouchable>", 1]),
        ({"a": Untouchable()}, {"a": "<Untouchable>"}),
        (Sly(), "<Sly>"),
        (Sly, "<SlyMeta>"),
    ):
        assert snapshot(value, LIMIT)[0] == expected
    assert text_of(Untouchable()) == "<Untouchable>"
    assert text_of(Sly()) == "<Sly>"
    assert whole_number(Untouchable()) is None
    assert whole_number(Sly()) is None


def test_methods_of_the_host_are_not_asked():
    Counting.asked = 0
    snapshot([Counting(a=Counting(b=1))], LIMIT)
    assert Counting.asked == 0


def test_the_copy_is_a_copy():
    inner = ["before"]
    value = {"list": inner}
    copy, _ = snapshot(value, LIMIT)
    inner[0] = "after"
    value["more"] = 1
    assert copy == {"list": ["before"]}


def test_what_refers_to_itself_ends():
    value: list = [1]
    value.append(value)
    mapping: dict = {}
    mapping["self"] = mapping
    for endless in (value, mapping):
        copy, size = snapshot(endless, LIMIT)
        assert BEYOND_LIMIT in str(copy)
        assert size <= LIMIT


@pytest.mark.parametrize("value", ["x" * 500, ["xy"] * 500, {str(number): 1 for number in range(500)}, "ä" * 500])
def test_what_lies_beyond_the_limit_becomes_a_marker(value):
    copy, size = snapshot(value, 200)
    assert BEYOND_LIMIT in str(copy)
    assert len(str(copy).encode()) < 400
    assert size >= 200


def test_wide_characters_count_as_the_bytes_that_they_take():
    _, size = snapshot("€" * 100, LIMIT)
    assert size >= 300


def test_the_agents_other_threads_may_write_meanwhile():
    shared = {str(number): number for number in range(2000)}
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            shared[f"new{number}"] = number
            shared.pop(f"new{number - 5}", None)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(50):
            copy, _ = snapshot({"kept": 1, "shared": shared}, 10**7)
            assert copy["kept"] == 1
    finally:
        stop.set()
        writer.join()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.builds(lambda: [Untouchable(), Sly()]) | st.builds(Counting, st.just({"a": 1})) | st.builds(Broken)
    | st.sampled_from([Colour.RED, object, print]),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(
        st.text() | st.integers() | st.none() | st.booleans(), inner, max_size=4
    ),
    max_leaves=30,
)  # fmt: skip


def is_json(value):
    if isinstance(value, dict):
        return type(value) is dict and all(type(key) is str and is_json(item) for key, item in value.items())
    if isinstance(value, list):
        return type(value) is list and all(map(is_json, value))
    return type(value) in (str, int, float, bool, type(None))


def size_of(value):
    if isinstance(value, dict):
        return sum(size_of(key) + size_of(item) for key, item in value.items())
    if isinstance(value, list):
        return sum(map(size_of, value))
    return len(value.encode("utf-8", "surrogatepass")) if isinstance(value, str) else 8


@given(anything, st.integers(16, 3000))
def test_only_json_types_come_out_and_no_more_than_the_limit(value, limit):
    copy, _ = snapshot(value, limit)
    assert is_json(copy)
    assert size_of(copy) <= limit + 70 * (len(BEYOND_LIMIT) + 32)  # one marker per level at most


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), ("a", "a"), (Colour.RED, "red"), (Name("n"), "n"), (7, "7"),
     (UUID(int=1), "00000000-0000-0000-0000-000000000001"), (b"x", "<bytes>"),
     (10**4000, "<int>"), (True, "<bool>")],
)  # fmt: skip
def test_names_and_ids_as_text(value, expected):
    assert text_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, 0), (7, 7), (-7, 0), (2**80, 2**63 - 1), (7.9, 7), (float("inf"), 2**63 - 1), (float("-inf"), 0),
     (float("nan"), None), ("7", None), (None, None), (Level.HIGH, 3)],
)  # fmt: skip
def test_counts(value, expected):
    assert whole_number(value) == expected
