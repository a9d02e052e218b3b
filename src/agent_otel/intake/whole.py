"""A raw stream in, lines out, whatever it is: JSON lines, one JSON document, server-sent events, gzip, or no text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
import gzip
import io
from itertools import chain
from typing import Any, BinaryIO, cast
import zlib

import orjson

from agent_otel.intake.frames import is_event_stream, read_frames
from agent_otel.intake.lines import MAX_LINE_BYTES, Line, parse_line, read_lines
from agent_otel.model import RecordRejected

__all__ = ["MAX_DOCUMENT_BYTES", "UNREADABLE", "read_records"]

UNREADABLE = "cannot be read"  # how the problem of an input begins that the system does not give
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024

_HEAD_BYTES = 8192
_BUFFER_BYTES = 256 * 1024
_UNPACK_BYTES = 16 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_BLANK = b"\xef\xbb\xbf \t\r\n"  # the byte order mark among them
_EVENTS_KEY = "events"


class _Chained(io.RawIOBase):
    """What was read ahead, then the rest of the stream."""

    def __init__(self, ahead: bytes, rest: BinaryIO) -> None:
        self._parts: list[BinaryIO] = [io.BytesIO(ahead), rest]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._parts:
            data = self._parts[0].read(len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)
            self._parts.pop(0)
        return 0


class _Unpacked(io.RawIOBase):
    """A gzip stream that gives what it has before it tells that the rest is damaged."""

    def __init__(self, packed: BinaryIO) -> None:
        self._gzip = gzip.GzipFile(fileobj=packed)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._gzip.read1(min(len(buffer), _UNPACK_BYTES))
        buffer[: len(data)] = data
        return len(data)


def read_records(raw: BinaryIO, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[Line]:
    """Read the records of a file or stream as lines, one record each.

    Gzip is unpacked on the way. If the first line is no JSON value by itself, but the whole (up to
    ``MAX_DOCUMENT_BYTES``) is one list or object, then the elements of the list, those of the object's ``events``, or
    the object itself are the records, numbered from 1. So are the elements of a list of objects on an only line.

    If the first line has a field of server-sent events, or is a comment of theirs, then the records are what the
    frames carry, each numbered as its first ``data`` line.

    Args:
        raw: A binary stream; it need not be seekable. It is closed when the lines are exhausted.
        max_line_bytes: The longest line, and the longest frame, that is held.

    Yields:
        Lines. An input that is no text gives one line with that problem, one that cannot be read to its end gives
        such a line where it breaks off.
    """
    seen = 0
    with closing(io.BufferedReader(cast("io.RawIOBase", raw), _BUFFER_BYTES)) as stream:
        try:
            for line in _text_lines(_unpacked(stream), max_line_bytes):
                seen = line.ordinal
                yield line
        except (EOFError, zlib.error, gzip.BadGzipFile):
            yield Line(seen + 1, None, "is damaged gzip data")
        except OSError as error:
            yield Line(seen + 1, None, f"{UNREADABLE} any further ({type(error).__name__})")


def _unpacked(stream: io.BufferedReader[Any]) -> io.BufferedReader[Any]:
    if not stream.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC):
        return stream
    return io.BufferedReader(_Unpacked(cast("BinaryIO", stream)), _UNPACK_BYTES)


def _text_lines(stream: io.BufferedReader[Any], max_line_bytes: int) -> Iterator[Line]:
    head = stream.peek(_HEAD_BYTES)[:_HEAD_BYTES]
    if b"\0" in head:
        yield Line(1, None, "is no text")
        return
    lines = read_lines(stream, max_line_bytes)
    first = next(lines, None)
    if first is None:
        return
    # Of a line that is too long to be held, the beginning is known.
    if is_event_stream(head.lstrip(_BLANK) if first.data is None else first.data):
        rest = read_lines(stream, max_line_bytes, first.ordinal + 1, keep_blank=True)
        yield from read_frames(chain((first,), rest), max_line_bytes)
    elif first.data is None or not first.data.lstrip().startswith((b"[", b"{")):
        yield first
        yield from lines
    elif _parse(first.data) is None:
        yield from _document_or_lines(first, stream, max_line_bytes)
    else:
        yield from _line_or_elements(first, lines)
        yield from lines


def _line_or_elements(first: Line, lines: Iterator[Line]) -> Iterator[Line]:
    elements = _elements(_parse(first.data or b""))
    # Only what may be a whole document waits for a second line; a stream's first record is given at once.
    second = None if elements is None else next(lines, None)
    if elements is not None and second is None:
        yield from _as_lines(elements)
    else:
        yield from (line for line in (first, second) if line)


def _document_or_lines(first: Line, stream: io.BufferedReader[Any], max_line_bytes: int) -> Iterator[Line]:
    """Read ahead up to the limit; give the document's elements, or else the lines as they are."""
    ahead = stream.read(MAX_DOCUMENT_BYTES)
    value = _parse(b"\n".join((first.data or b"", ahead))) if len(ahead) < MAX_DOCUMENT_BYTES else None
    if value is None:
        yield first
        rest = io.BufferedReader(_Chained(ahead, stream), _BUFFER_BYTES)
        yield from read_lines(rest, max_line_bytes, first=first.ordinal + 1)
        return
    elements = value if isinstance(value, list) else _elements(value)
    yield from _as_lines([value] if elements is None else elements)


def _parse(data: bytes) -> Any:
    """Give the value, or None when there is none; ``null`` itself holds no records either."""
    try:
        return parse_line(data)
    except RecordRejected:
        return None


def _elements(value: Any) -> list[Any] | None:
    """Give the records of a list of objects, or of an object that only wraps a list; None for anything else.

    Under ``events`` a string may stand for an object: there it is a variant without members, and cannot be a part of
    one record.
    """
    if not isinstance(value, dict):
        return _all_of(value, dict)
    wraps = all(key == _EVENTS_KEY or not isinstance(other, (dict, list)) for key, other in value.items())
    return _all_of(value.get(_EVENTS_KEY), (dict, str)) if wraps else None


def _all_of(value: Any, types: type | tuple[type, ...]) -> list[Any] | None:
    return value if isinstance(value, list) and all(isinstance(element, types) for element in value) else None


def _as_lines(elements: list[Any]) -> Iterator[Line]:
    for ordinal, element in enumerate(elements, start=1):
        yield Line(ordinal, orjson.dumps(element))
