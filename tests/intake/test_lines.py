from __future__ import annotations

import io
import tracemalloc
from typing import Any

import pytest

from agent_otel.intake import MAX_DEPTH, parse_line, read_lines
from agent_otel.model import RecordRejected


def read(data: bytes, limit: int = 100) -> Any:
    return list(read_lines(io.BufferedReader(io.BytesIO(data)), limit))


def reason_of(data: bytes) -> str:
    with pytest.raises(RecordRejected) as caught:
        parse_line(data)
    assert caught.value.field == ""
    return caught.value.reason


def test_blank_lines_are_left_out_and_counted() -> None:
    assert [(line.ordinal, line.data) for line in read(b"\n1\n  \r\n\r\n2\n")] == [(2, b"1"), (5, b"2")]


def test_carriage_return_and_byte_order_mark_are_dropped() -> None:
    assert [line.data for line in read(b"\xef\xbb\xbf{}\r\n[]\r\n")] == [b"{}", b"[]"]


def test_last_line_without_end_is_told_to_be_incomplete() -> None:
    assert [line.complete for line in read(b"1\n2\n3")] == [True, True, False]


def test_empty_stream_has_no_lines() -> None:
    assert read(b"") == []


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_of_just_the_limit_is_read_and_one_byte_more_is_not(end: Any) -> None:
    lines = read(b"a" * 100 + end + b"b" * 101 + end + b"c" + end)
    assert [(line.ordinal, line.data, line.problem) for line in lines] == [
        (1, b"a" * 100, None),
        (2, None, "line is longer than 100 bytes"),
        (3, b"c", None),
    ]


def test_long_line_at_the_end_is_incomplete() -> None:
    assert [(line.data, line.complete) for line in read(b"a" * 200_000)] == [(None, False)]


class Endless(io.RawIOBase):
    """Gives one line of any length without holding it, and remembers the largest read that was asked of it."""

    def __init__(self, size: int) -> None:
        self.left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), self.left)
        self.left -= count
        buffer[:count] = b"x" * count
        return count


def test_a_line_of_any_length_is_skipped_in_bounded_memory() -> None:
    tracemalloc.start()
    try:
        lines = list(read_lines(io.BufferedReader(Endless(50_000_000)), 100_000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [line.problem for line in lines] == ["line is longer than 100000 bytes"]
    assert peak < 2_000_000


def test_line_shows_no_content() -> None:
    assert "secret" not in repr(read(b'{"a": "secret"}\n'))


@pytest.mark.parametrize("data", [b'{"a": "\xff"}', b"\xff\xfe", b'"\xed\xa0\x80"'])
def test_bytes_that_are_no_utf8(data: bytes) -> None:
    assert reason_of(data) == "is no UTF-8"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{} {}",
        b"[NaN]",
        b"[Infinity]",
        b"[1e999]",
        b"[1" + b"0" * 400 + b"]",
        b'"\t"',
        b'{"a":1,}',
        b'"\\ud800',
    ],
)
def test_what_is_no_json(data: bytes) -> None:
    assert reason_of(data) == "is no JSON"


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 1024, 10_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_nesting_is_rejected(depth: Any, opening: Any, closing: Any) -> None:
    assert reason_of(opening * depth + (b"1" if closing == b"}" else b"") + closing * depth) == "is nested too deeply"


def test_nesting_up_to_the_limit_and_many_flat_brackets_are_read() -> None:
    assert parse_line(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert len(parse_line(b"[" + b"[]," * 5000 + b"{}]")) == 5001
    assert parse_line(b'"' + b"{[" * 5000 + b'"') == "{[" * 5000


def test_the_last_of_equal_keys_wins() -> None:
    assert parse_line(b'{"a": 1, "a": 2}') == {"a": 2}


def test_integers_beyond_64_bits_become_floats() -> None:
    assert parse_line(b"[18446744073709551615, 18446744073709551616]") == [2**64 - 1, float(2**64)]
    assert isinstance(parse_line(b"[-9223372036854775809]")[0], float)


def test_half_a_surrogate_pair_is_replaced_and_a_whole_one_read() -> None:
    assert parse_line(rb'{"a\udc00": "x\ud83d", "b": "\ud83d\ude00", "c": [1, null, 0.5]}') == {
        "a\ufffd": "x\ufffd",
        "b": "\U0001f600",
        "c": [1, None, 0.5],
    }


def test_half_a_surrogate_pair_beside_what_is_no_json() -> None:
    assert reason_of(rb'["\ud83d", NaN]') == "is no JSON"
    assert reason_of(rb'["\ud83d", 1e999]') == "is no JSON"
    assert reason_of(b'["\\ud83d", ' + b"[" * 900 + b"]" * 900 + b"]") == "is nested too deeply"
