"""Server-sent events as they were recorded, or as they arrive through a pipe."""

from __future__ import annotations

from collections.abc import Iterator
import gzip
import io
import json
import os
from pathlib import Path
import tracemalloc
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import pytest

from agent_otel.intake import Line, discover, parse_line, read_records
from agent_otel.model import RecordRejected

RECORDED = b"""\
: opened by a gateway

data: {"type": "start"}

data: [KEEPALIVE]

event: message
id: 7
retry: 3000
data: {"type": "end"}

data: [DONE]

"""


def read(data: bytes, limit: int = 1_000_000) -> list[Line]:
    return list(read_records(io.BytesIO(data), limit))


def values(data: bytes) -> list[tuple[int, Any]]:
    return [(line.ordinal, json.loads(line.data or b"")) for line in read(data)]


def test_frames_are_records_numbered_by_their_first_data_line() -> None:
    assert values(RECORDED) == [(3, {"type": "start"}), (10, {"type": "end"})]
    assert all(line.complete for line in read(RECORDED))


@pytest.mark.parametrize("change", [(b"\n", b"\r\n"), (b"data: ", b"data:"), (b"\n\n", b"\n\n\n\n")])
def test_line_ends_the_space_and_blank_lines_do_not_matter(change: tuple[bytes, bytes]) -> None:
    assert [value for _, value in values(RECORDED.replace(*change))] == [{"type": "start"}, {"type": "end"}]


def test_a_byte_order_mark_and_gzip_are_taken_off() -> None:
    assert values(b"\xef\xbb\xbf" + RECORDED) == values(gzip.compress(RECORDED)) == values(RECORDED)


@pytest.mark.parametrize("first", [b"data:1", b"event: x", b"id: 1", b"retry: 5", b":", b": hello", b"\n\n \r\nid: 1"])
def test_the_first_line_that_is_not_blank_tells_an_event_stream(first: bytes) -> None:
    assert [value for _, value in values(first + b'\n\nno field\ndata: {"a": 1}\n\n')] == [{"a": 1}]


@pytest.mark.parametrize("first", [b"data", b"Data: 1", b"events: 1", b' data: {"a": 1}', b'"data:"'])
def test_other_first_lines_tell_none(first: bytes) -> None:
    assert [line.data for line in read(first + b'\ndata: {"a": 1}\n\n')] == [first, b'data: {"a": 1}']


def test_data_lines_of_a_frame_are_joined() -> None:
    recorded = b'data: {\ndata:   "a":\nid: 1\n: between\ndata: [1,\ndata: {}]\ndata: }\n\ndata: "Word"\n\n'
    assert values(recorded) == [(1, {"a": [1, {}]}), (9, "Word")]
    assert read(recorded)[0].data == b'{\n  "a":\n[1,\n{}]\n}'


def test_only_one_space_is_dropped_and_a_field_may_have_no_colon() -> None:
    assert [line.data for line in read(b'data:  {"a": 1}\ndata\n\n')] == [b' {"a": 1}']


@pytest.mark.parametrize(
    "data", [b"[KEEPALIVE]", b"[DONE]", b" [KEEP-ALIVE_2] ", b"", b"  ", b"null", b"true", b"false", b"-1.5e+3", b"0"]
)
def test_control_frames_and_what_can_be_no_record_are_skipped(data: bytes) -> None:
    assert values(b"data: " + data + b'\n\ndata: {"a": 1}\n\n') == [(3, {"a": 1})]


@pytest.mark.parametrize(
    "data", [b'{"a": ', b"ping", b"[DONE", b"DONE", b"[NaN]", b"[a b]", b"[]]", b"01", b"1.", b"\xff", b"[DONE] {}"]
)
def test_broken_frames_are_told_with_their_line(data: bytes) -> None:
    broken, whole = read(b"\ndata: " + data + b'\n\ndata: {"a": 1}\n\n')
    assert (broken.ordinal, whole.ordinal, whole.complete) == (2, 4, True)
    with pytest.raises(RecordRejected):
        parse_line(broken.data or b"")


@pytest.mark.parametrize("data", [b"[]", b'["DONE"]', b"{}", b'""', b"[true]"])
def test_lists_objects_and_strings_are_records(data: bytes) -> None:
    assert [line.data for line in read(b"data: " + data + b"\n\n")] == [data]


def test_frames_without_blank_lines_between_them_are_read() -> None:
    recorded = b'data: {"a": 1}\ndata: {"b": 2}\ndata: [KEEPALIVE]\ndata:\ndata: "Word"\nevent: x\ndata: {"c": 3}\n'
    assert values(recorded) == [(1, {"a": 1}), (2, {"b": 2}), (5, "Word"), (7, {"c": 3})]


@pytest.mark.parametrize(
    ("end", "complete"), [(b"", False), (b"\n", False), (b"\nid: 1\n", False), (b"\n\n", True), (b"\r\n\r\n", True)]
)
def test_a_frame_that_no_blank_line_has_ended_is_incomplete(end: bytes, complete: bool) -> None:
    lines = read(b'data: {"a": 1}\n\ndata: {"b": 2}' + end)
    assert [(line.ordinal, line.complete) for line in lines] == [(1, True), (3, complete)]


def test_a_frame_of_just_the_limit_is_read_and_one_byte_more_is_not() -> None:
    half = b"a" * 19
    for more, problem in ((b"", None), (b"a", "frame is longer than 40 bytes")):
        lines = read(b'data: "' + half + more + b'\ndata: %s"\n\ndata: {}\n\n' % half[1:], 40)
        assert [(line.ordinal, line.problem) for line in lines] == [(1, problem), (4, None)]


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("blank", [b"\n", b""])
def test_a_line_beyond_the_limit_costs_one_frame(position: int, blank: bytes) -> None:
    lines = [b"data: {}\n" + blank] * 3
    lines[position] = b"data: " + b"x" * 2000 + b"\n" + blank
    found = read(b"".join(lines), 100)
    assert [line.problem for line in found].index("frame is longer than 100 bytes") == position
    assert [line.data for line in found if line.data] == [b"{}", b"{}"]


def test_what_follows_in_a_frame_beyond_the_limit_is_skipped() -> None:
    lines = read(b"data: [1\n" + b"data: " + b"1" * 200 + b'\ndata: 1]\ndata: {"a": 1}\n\ndata: {}\n\n', 100)
    assert [(line.ordinal, line.data) for line in lines] == [(1, None), (6, b"{}")]


class Repeated(io.RawIOBase):
    """Gives the same bytes again and again, without holding them."""

    def __init__(self, first: bytes, again: bytes, size: int) -> None:
        self.pieces: Iterator[bytes] = iter([first, *[again * 1000] * (size // len(again) // 1000)])

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = next(self.pieces, b"")
        buffer[: len(data)] = data
        return len(data)


@pytest.mark.parametrize("again", [b"data:\n", b"data:1\n", b"xxxxxxxxx", b": no\n", b"id:\n"])
def test_a_frame_of_any_length_is_skipped_in_bounded_memory(again: bytes) -> None:
    tracemalloc.start()
    try:
        lines = list(read_records(Repeated(b"data: [\n", again, 300_000), 10_000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(lines) == 1
    assert peak < 700_000


class Arriving(io.RawIOBase):
    """Gives one piece with each read, as a pipe does, and counts them."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.pieces.pop(0) if self.pieces else b""
        buffer[: len(data)] = data
        return len(data)


def test_a_frame_is_given_when_its_blank_line_or_the_next_frame_comes() -> None:
    raw = Arriving(b'data: {"a"', b": 1}\n", b"\n", b'data: {"b": 2}\n', b"data: {", b"}\n", b"later")
    lines = read_records(raw)
    assert (next(lines).data, len(raw.pieces)) == (b'{"a": 1}', 4)
    assert (next(lines).data, len(raw.pieces)) == (b'{"b": 2}', 1)


def test_frames_of_standard_input_are_read_as_they_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stdin, os.fdopen(writer, "wb", buffering=0) as gateway:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(stdin))
        gateway.write(b'data: [KEEPALIVE]\n\ndata: {"toy": 1}\n\n')
        (group,) = discover(["-"], "toy")
        ((_, lines),) = group.documents()
        assert next(lines).data == b'{"toy": 1}'
        gateway.write(b'data: {"toy": 2}\n\n')
        assert next(lines).data == b'{"toy": 2}'
        gateway.write(b"data: [DONE]\n\n")
        gateway.close()
        assert list(lines) == []


def test_recorded_streams_of_a_directory_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.sse").write_bytes(b'data: {"toy": 1}\n\n')
    (tmp_path / "b.sse.gz").write_bytes(gzip.compress(b'data: {"toy": 2}\n\n'))
    groups = discover([str(tmp_path)])
    assert [[line.data for _, lines in group.documents() for line in lines] for group in groups] == [
        [b'{"toy": 1}'],
        [b'{"toy": 2}'],
    ]


RECORDS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
).filter(lambda value: isinstance(value, (dict, list, str)))


@given(st.lists(st.tuples(RECORDS, st.sampled_from([None, 1])), min_size=1), st.sampled_from([b"\n", b"\r\n"]))
def test_whatever_is_sent_is_read(sent: list[tuple[Any, int | None]], end: bytes) -> None:
    stream = end.join(
        b"".join(b"data: " + line + end for line in json.dumps(value, indent=indent).encode().split(b"\n"))
        for value, indent in sent
    )
    assert [value for _, value in values(stream)] == [value for value, _ in sent]


@given(st.lists(RECORDS, min_size=1))
def test_whatever_is_sent_on_one_line_each_is_read_without_blank_lines(sent: list[Any]) -> None:
    stream = b"".join(b"data:" + json.dumps(value).encode() + b"\n" for value in sent)
    assert values(stream) == list(enumerate(sent, start=1))
