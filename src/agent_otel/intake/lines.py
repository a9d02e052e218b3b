"""Bytes in, lines and JSON values out; memory stays bounded whatever the input holds.

A line that cannot be used comes out as a ``Line`` with a ``problem`` instead of data, so that the reader counts it and
goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
import json
import re
from typing import Any, BinaryIO, NoReturn

from attrs import field, frozen
import orjson

from agent_otel.model import RecordRejected

__all__ = ["MAX_DEPTH", "MAX_LINE_BYTES", "Line", "parse_line", "read_lines"]

MAX_LINE_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 200  # below every limit further on: orjson writes 254 levels, Python recurses 1000 deep

_SKIP_BYTES = 64 * 1024
_BOM = b"\xef\xbb\xbf"
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@frozen
class Line:
    """One line of an input, or what another format has in its place: a document's element, a frame.

    Args:
        ordinal: 1-based number of the line; blank lines count.
        data: The bytes without line end; None when the line cannot be used.
        problem: Why it cannot be used; None when it can.
        complete: False for a last line without a line end, or a last frame without its blank line: it may still grow.
    """

    ordinal: int
    data: bytes | None = field(repr=False)
    problem: str | None = None
    complete: bool = True


def read_lines(
    stream: BinaryIO, max_line_bytes: int = MAX_LINE_BYTES, first: int = 1, *, keep_blank: bool = False
) -> Iterator[Line]:
    r"""Read a stream line by line.

    Blank lines are left out unless they are asked for. ``\r\n`` ends a line as ``\n`` does. A line that is too long
    is told once and skipped up to its end without being held. A byte order mark before the first line is dropped.

    Args:
        stream: A buffered binary stream.
        max_line_bytes: The longest line that is held, in bytes, its end not counted.
        first: Number of the stream's first line.
        keep_blank: Whether to give blank lines as well.

    Yields:
        The lines.
    """
    limit = max_line_bytes + 2  # room for the line end
    ordinal = first - 1
    while raw := stream.readline(limit):
        ordinal += 1
        complete = raw.endswith(b"\n")
        data = raw.rstrip(b"\r\n")
        if ordinal == 1:
            data = data.removeprefix(_BOM)
        if len(data) > max_line_bytes:
            complete = complete or _skip_line(stream)
            yield Line(ordinal, None, f"line is longer than {max_line_bytes} bytes", complete)
        elif keep_blank or (data and not data.isspace()):
            yield Line(ordinal, data, None, complete)


def _skip_line(stream: BinaryIO) -> bool:
    """Read on to the line's end; tell whether it has one."""
    while part := stream.readline(_SKIP_BYTES):
        if part.endswith(b"\n"):
            return True
    return False


def parse_line(data: bytes) -> Any:
    r"""Read one JSON value.

    What the parser makes of odd input, all of it tested:

    - more than ``MAX_DEPTH`` levels of nesting are rejected;
    - ``NaN``, ``Infinity`` and numbers that overflow a double are no JSON;
    - the last of equal keys wins;
    - integers beyond 64 bits become floats (decoders check their integers);
    - half a surrogate pair (``\ud83d`` alone, as JavaScript leaves it where it cuts a text) becomes U+FFFD;
    - raw bytes that are no UTF-8 are rejected, encoded surrogates included.

    Args:
        data: UTF-8 bytes.

    Returns:
        The value.

    Raises:
        RecordRejected: With the reason ``is no UTF-8``, ``is no JSON`` or ``is nested too deeply``.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        value = _parse_otherwise(data, str(error))
    # Counting brackets is quick and tells most records from those that have to be measured.
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and _is_deeper_than(value, MAX_DEPTH):
        raise RecordRejected("", "is nested too deeply")
    return value


def _parse_otherwise(data: bytes, complaint: str) -> Any:
    """Find out what is wrong with a line, or read it the slow way where only half a surrogate pair is."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise RecordRejected("", "is no UTF-8") from None
    if "depth" in complaint or "recursion" in complaint:
        raise RecordRejected("", "is nested too deeply")
    if not _SURROGATE_ESCAPE.search(data):
        raise RecordRejected("", "is no JSON")
    try:
        # Replacing in the parsed values would need a walk; replacing in their canonical text needs none.
        value = json.loads(text, parse_constant=_reject_constant)
        repaired = _LONE_SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False))
        return orjson.loads(repaired)
    except RecursionError:
        raise RecordRejected("", "is nested too deeply") from None
    except ValueError:
        raise RecordRejected("", "is no JSON") from None


def _reject_constant(_: str) -> NoReturn:
    raise ValueError("not a JSON number")


def _is_deeper_than(value: Any, limit: int) -> bool:
    """Measure level by level: no recursion, so no input can exhaust the stack."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(limit):
        children = chain.from_iterable(node.values() if isinstance(node, dict) else node for node in level)
        level = [child for child in children if isinstance(child, (dict, list))]
    return bool(level)
