from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pytest

from agent_otel.intake import read_records, whole


def read(data: bytes, limit: int = 1000) -> Any:
    return list(read_records(io.BytesIO(data), limit))


def values(data: bytes) -> Any:
    return [(line.ordinal, line.problem or json.loads(line.data)) for line in read(data)]


def test_json_lines() -> None:
    assert values(b'{"a": 1}\n{"b": 2}') == [(1, {"a": 1}), (2, {"b": 2})]
    assert [line.complete for line in read(b'{"a": 1}\n{"b": 2}')] == [True, False]


@pytest.mark.parametrize(
    "document",
    [
        b'[\n  {"a": 1},\n\n  {"b": 2}\n]\n',
        b'[{"a": 1}, {"b": 2}]',
        b'{"events": [{"a": 1}, {"b": 2}]}',
        b'{\n"version": 3,\n"events": [\n{"a": 1},\n{"b": 2}\n]\n}',
    ],
)
def test_elements_of_one_document_are_the_records(document: Any) -> None:
    assert values(document) == [(1, {"a": 1}), (2, {"b": 2})]


def test_a_pretty_printed_history_of_events_gives_them_one_by_one() -> None:
    events = [
        {"type": "tool_call", "source": "observability", "tool": "shell", "more": {"a": [1, 2]}},
        "TurnComplete",
        {"type": "error", "message": "two\nlines"},
    ]
    expected = list(enumerate(events, start=1))
    for history in ({"events": events}, {"total": 3, "events": events, "next": None}):
        for indent in (None, 1, 2, "\t"):
            assert values(json.dumps(history, indent=indent).encode()) == expected
            assert values(json.dumps(history, indent=indent).replace("\n", "\r\n").encode()) == expected
    assert read(b'{\n"events": []\n}\n') == []


def test_strings_on_lines_of_their_own_are_records() -> None:
    assert values(b'"TurnComplete"\n{"a": 1}\n  "WorkerStarted"\n') == [
        (1, "TurnComplete"),
        (2, {"a": 1}),
        (3, "WorkerStarted"),
    ]


def test_pretty_printed_object_is_one_record() -> None:
    assert values(b'{\n  "a": {\n    "b": 1\n  }\n}\n') == [(1, {"a": {"b": 1}})]


@pytest.mark.parametrize(
    "only", [b'["name", {"a": 1}]', b'{"events": [1, 2]}', b'{"events": [{"a": 1}], "more": {"b": 2}}', b"7"]
)
def test_an_only_line_of_another_shape_is_one_record(only: Any) -> None:
    assert values(only) == [(1, json.loads(only))]


def test_lists_line_by_line_are_records() -> None:
    assert values(b'[{"a": 1}]\n[{"b": 2}]\n') == [(1, [{"a": 1}]), (2, [{"b": 2}])]


def test_broken_first_line_does_not_spoil_the_rest() -> None:
    lines = read(b'{"a": \n\n{"b": 2}\n' + b"x" * 2000 + b'\n{"c": 3}')
    assert [(line.ordinal, line.data, line.problem) for line in lines] == [
        (1, b'{"a": ', None),
        (3, b'{"b": 2}', None),
        (4, None, "line is longer than 1000 bytes"),
        (5, b'{"c": 3}', None),
    ]


def test_document_beyond_the_limit_is_read_as_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "MAX_DOCUMENT_BYTES", 20)
    document = b'[\n{"a": 1},\n{"b": 2},\n{"c": 3}\n]\n'
    assert [line.data for line in read(document)] == document.splitlines()


def test_gzip_is_unpacked() -> None:
    assert values(gzip.compress(b'{"a": 1}\n{"b": 2}\n')) == [(1, {"a": 1}), (2, {"b": 2})]


def test_damaged_gzip_gives_what_it_holds_and_one_problem() -> None:
    packed = gzip.compress(b"".join(b'{"n": %d}\n' % number for number in range(50_000)))
    lines = read(packed[: len(packed) // 2])
    assert len(lines) > 10_000
    assert [line.ordinal for line in lines] == list(range(1, len(lines) + 1))
    assert [line.problem for line in lines if line.problem] == ["is damaged gzip data"]
    assert lines[-1].problem


def test_binary_is_one_problem() -> None:
    assert [(line.ordinal, line.data, line.problem) for line in read(b"\x7fELF\0\0\n\n\n" * 100)] == [
        (1, None, "is no text")
    ]
    assert [line.problem for line in read('{"a": 1}\n'.encode("utf-16"))] == ["is no text"]


class Failing(io.RawIOBase):
    """Gives one line, then fails as a broken disk does."""

    def __init__(self) -> None:
        self.parts = [b'{"a": 1}\n{"b']

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.parts:
            raise OSError("input/output error")
        data = self.parts.pop()
        buffer[: len(data)] = data
        return len(data)


def test_failing_disk_is_one_problem() -> None:
    lines = list(read_records(Failing()))
    assert [(line.ordinal, line.problem) for line in lines] == [(1, None), (2, "cannot be read any further (OSError)")]


def test_stream_is_closed_at_the_end() -> None:
    stream = io.BytesIO(b"1\n")
    assert len(list(read_records(stream))) == 1
    assert stream.closed
