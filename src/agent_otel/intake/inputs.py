"""One input: a file, or a stream that can be read only once. Gives its ``Document`` and its lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
import io
from itertools import chain
from pathlib import Path
import secrets
from typing import Any, BinaryIO, cast

from attrs import define, field, frozen
import orjson

from agent_otel.intake.lines import Line, parse_line
from agent_otel.intake.whole import read_records
from agent_otel.model import RecordRejected, SourceError
from agent_otel.sources import Document, Source

__all__ = ["SAMPLE_RECORDS", "FileInput", "Input", "Progress", "Sample", "StreamInput", "has_timestamp", "take_sample"]

Progress = Callable[[int], None]

SAMPLE_RECORDS = 50  # enough to tell the source by
_SAMPLE_LINES = 1000
_SAMPLE_BYTES = 32 * 1024 * 1024
_MAX_SIDECAR_BYTES = 1024 * 1024


@frozen
class Sample:
    """The beginning of an input.

    Args:
        records: Its first parsed values.
        lines: The lines that were read for them.
    """

    records: list[Any] = field(repr=False)
    lines: list[Line] = field(repr=False)

    @property
    def key(self) -> str:
        """Digest of the first record, in a form in which the order of its keys does not matter."""
        first = orjson.dumps(self.records[0], option=orjson.OPT_SORT_KEYS) if self.records else b""
        return sha256(first).hexdigest()[:32]

    @property
    def timestamp(self) -> str | None:
        """The first ``timestamp`` text among the records."""
        return next((record["timestamp"] for record in self.records if has_timestamp(record)), None)


def has_timestamp(record: Any) -> bool:
    """Whether a record says when it was written, in the way that most sources do."""
    return isinstance(record, dict) and isinstance(record.get("timestamp"), str)


def take_sample(lines: Iterator[Line], count: int = SAMPLE_RECORDS) -> Sample:
    """Read until there are enough records to tell the source by; bounded where the first lines are broken or huge."""
    sample = Sample([], [])
    size = 0
    while len(sample.records) < count and len(sample.lines) < _SAMPLE_LINES and size < _SAMPLE_BYTES:
        line = next(lines, None)
        if line is None:
            break
        sample.lines.append(line)
        size += len(line.data or b"")
        try:
            if line.data is not None:
                sample.records.append(parse_line(line.data))
        except RecordRejected:
            continue  # told when the input is read
    return sample


class _Counting(io.RawIOBase):
    """A raw stream that tells how many bytes were taken from it."""

    def __init__(self, raw: BinaryIO, progress: Progress) -> None:
        self._raw = raw
        self._progress = progress

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        # One read at a time: a pipe gives what it has instead of waiting for a full buffer.
        data = getattr(self._raw, "read1", self._raw.read)(len(buffer))
        buffer[: len(data)] = data
        self._progress(len(data))
        return len(data)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _counted(raw: BinaryIO, progress: Progress | None) -> BinaryIO:
    return raw if progress is None else cast("BinaryIO", _Counting(raw, progress))


@frozen
class FileInput:
    """A regular file. It is opened anew for each reading.

    Args:
        name: The path as given, for messages.
        path: Where it is.
        real: The path without symbolic links: the same file under two names is one input.
        size: Bytes when it was found.
        nonce: Random, drawn when the file was found.
    """

    name: str
    path: Path
    real: str
    size: int
    nonce: str = field(factory=lambda: secrets.token_hex(8))

    @classmethod
    def at(cls, path: Path) -> FileInput:
        """Look at a file.

        Raises:
            OSError: If it is not there or cannot be looked at.
        """
        return cls(str(path), path, str(path.resolve()), path.stat().st_size)

    def sample(self, count: int = SAMPLE_RECORDS) -> Sample:
        """Read the file's beginning.

        Args:
            count: How many records are enough.

        Raises:
            OSError: If it cannot be opened.
        """
        with self.path.open("rb", buffering=0) as raw:
            return take_sample(read_records(cast("BinaryIO", raw)), count)

    def read(self, source: Source, progress: Progress | None = None) -> tuple[Document, Iterator[Line]]:
        """Give the document for the decoder, and the lines; the file is open while they are taken.

        Never raises: a file that has gone or cannot be read gives one line that says so, and so does a source that
        fails.
        """
        try:
            key = self.sample(1).key
        except OSError:
            key = ""
        lines = self._lines(progress)
        try:
            sidecar = _sidecar(source, self.path)
        except SourceError as error:
            sidecar, lines = {}, chain([Line(1, None, str(error))], lines)
        return Document(self.name, key, self.nonce, sidecar), lines

    def _lines(self, progress: Progress | None) -> Iterator[Line]:
        try:
            raw = self.path.open("rb", buffering=0)
        except OSError as error:
            yield Line(1, None, f"cannot be read ({type(error).__name__})")
            return
        with raw:
            yield from read_records(_counted(cast("BinaryIO", raw), progress))


@define
class StreamInput:
    """A pipe or standard input. Its beginning is held so that the source can be told before it is read on.

    Args:
        name: For messages.
        raw: A binary stream; it is closed when it is exhausted.
    """

    name: str
    raw: BinaryIO = field(repr=False)
    size: int = 0
    nonce: str = field(factory=lambda: secrets.token_hex(8))
    _progress: Progress | None = field(default=None, init=False)
    _sample: Sample | None = field(default=None, init=False, repr=False)
    _rest: Iterator[Line] = field(factory=lambda: iter(()), init=False, repr=False)

    @property
    def real(self) -> str:
        """The name: a stream is one input only."""
        return self.name

    def sample(self, count: int = SAMPLE_RECORDS) -> Sample:
        """Read the stream's beginning, once. Waits until there are enough records, or the stream ends.

        Args:
            count: How many records are enough.
        """
        if self._sample is None:
            self._rest = read_records(_counted(self.raw, self._tell))
            self._sample = take_sample(self._rest, count)
        return self._sample

    def read(self, source: Source, progress: Progress | None = None) -> tuple[Document, Iterator[Line]]:  # noqa: ARG002
        """Give the document and the lines, those of the sample first."""
        sample = self.sample()
        self._progress = progress
        return Document(self.name, sample.key, self.nonce), chain(sample.lines, self._rest)

    def _tell(self, count: int) -> None:
        if self._progress is not None:
            self._progress(count)


Input = FileInput | StreamInput


def _sidecar(source: Source, path: Path) -> Mapping[str, Any]:
    """Read the JSON object that stands beside the file; an absent or odd one is no sidecar."""
    name = source.sidecar(path)
    if name is None:
        return {}
    try:
        beside = path.parent / name
        if not beside.is_file() or beside.stat().st_size > _MAX_SIDECAR_BYTES:
            return {}
        value = parse_line(beside.read_bytes())
    except (OSError, RecordRejected, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
