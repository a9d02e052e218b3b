r"""Lines of a recorded event stream in, what its frames carry out: server-sent events as ``curl -N`` saves them.

After the WHATWG HTML standard, section "Server-sent events": a blank line ends a frame, its ``data`` lines are joined
by line feeds, a space after the colon is dropped, other fields, comments and unknown fields are ignored. Lines end
with ``\n`` or ``\r\n``; a lone ``\r`` ends none.

One thing is added: where a frame's first line is a whole record, another ``data`` line begins the next frame, so that
recordings without their blank lines are read as well. No value of JSON has another one as its beginning that ends at
a line's end, so that no frame that can be read falls apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import re

from attrs import define, field

from agent_otel.intake.lines import Line, parse_line
from agent_otel.model import RecordRejected

__all__ = ["is_event_stream", "read_frames"]

_BEGINNINGS = (b"data:", b"event:", b"id:", b"retry:", b":")
# A word between brackets is a keep-alive or the stream's end; the rest is JSON that can be no source's record.
_CONTROL = re.compile(rb"\[[A-Z][A-Z0-9_-]*\]|true|false|null|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def is_event_stream(beginning: bytes) -> bool:
    """Whether an input that begins so, blank lines left out, is a stream of server-sent events."""
    return beginning.startswith(_BEGINNINGS)


def read_frames(lines: Iterable[Line], max_frame_bytes: int) -> Iterator[Line]:
    """Join the lines of each frame.

    Args:
        lines: All lines of the stream, the blank ones too.
        max_frame_bytes: The longest frame that is held; a longer one is told once and skipped up to its end.

    Yields:
        One line for each frame with a record, as soon as the frame ends or the next one begins, numbered as its first
        ``data`` line. The last one is not complete where no blank line has ended it.
    """
    frame = _Frame(max_frame_bytes)
    for line in lines:
        given = frame.take(line)
        if given is not None:
            yield given
    last = frame.end(complete=False)
    if last is not None:
        yield last


@define
class _Frame:
    """The frame that is being read."""

    limit: int
    _ordinal: int = 0  # of its first line; 0 while there is none
    _lines: int = 0
    _data: bytearray = field(factory=bytearray, repr=False)
    _problem: str | None = None

    def take(self, line: Line) -> Line | None:
        """Take a line; give what that completes."""
        if line.data is None:  # longer than a frame may be; which field it is does not matter then
            return self._begin_or_go_on(line.ordinal, None)
        if not line.data:
            return self.end()
        name, _, value = line.data.partition(b":")
        return self._begin_or_go_on(line.ordinal, value.removeprefix(b" ")) if name == b"data" else None

    def end(self, *, complete: bool = True) -> Line | None:
        """End the frame; give it if it holds a record or cannot be read."""
        if not self._lines:
            return None
        data = None if self._problem else bytes(self._data)
        given = Line(self._ordinal, data, self._problem, complete)
        self._lines, self._problem = 0, None
        self._data.clear()
        return None if data is not None and _is_control(data) else given

    def _begin_or_go_on(self, ordinal: int, value: bytes | None) -> Line | None:
        given = self.end() if self._is_whole() else None
        if not self._lines:
            self._ordinal = ordinal
        if self._lines or value is None or value.strip():  # blanks before a record say nothing
            self._add(value)
        return given

    def _is_whole(self) -> bool:
        """Whether the only line so far is all of a frame. Asked of no frame twice, so that the cost is linear."""
        return self._lines == 1 and (bool(self._problem) or _is_control(self._data) or _is_json(self._data))

    def _add(self, value: bytes | None) -> None:
        separator = b"\n" if self._lines else b""
        self._lines += 1
        if value is None or len(self._data) + len(separator) + len(value) > self.limit:
            self._problem = f"frame is longer than {self.limit} bytes"
            self._data.clear()
        elif not self._problem:
            self._data += separator + value


def _is_control(data: bytes | bytearray) -> bool:
    return _CONTROL.fullmatch(data.strip()) is not None


def _is_json(data: bytes | bytearray) -> bool:
    try:
        parse_line(bytes(data))
    except RecordRejected:
        return False
    return True
