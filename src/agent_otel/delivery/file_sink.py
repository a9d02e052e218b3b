"""``FileSink``: items in, lines of OTLP JSON at the end of a file out, each an export request.

The format is that of the OTLP file exporter (https://opentelemetry.io/docs/specs/otel/protocol/file-exporter), which a
collector's ``otlpjsonfile`` receiver reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
import errno
import os
from pathlib import Path
from typing import Final

from google.protobuf.message import DecodeError

from agent_otel.delivery.item import Item, Signal
from agent_otel.delivery.otlp.as_json import request_json
from agent_otel.delivery.sink import FailureKind, SinkFailure, SinkSpec, SinkVerdict
from agent_otel.model import CaptureMode, Cursor

__all__ = ["FileSink"]

_SIGNALS: Final[tuple[Signal, ...]] = ("traces", "logs")
_APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_OWN: Final = 0o600  # telemetry is nobody else's business


class FileSink:
    """Appends spans and log records to a file; one that does not exist is made, readable by its owner alone.

    A batch is one line per signal, written whole or not at all. The file is opened for each batch, so that it may be
    moved away at any time. For one writer at a time.

    Args:
        spec: The destination. Raw forms are written only if its content mode is ``raw_content``.
        path: The file; its directory must exist.
    """

    def __init__(self, spec: SinkSpec, path: str | os.PathLike[str]) -> None:
        self.spec = spec
        self._path = Path(path)
        self._raw = spec.content_mode == CaptureMode.RAW_CONTENT.value

    def export(self, items: Sequence[Item], cursor: Cursor | None = None) -> SinkVerdict:  # noqa: ARG002  the seam's
        """Append a batch. Never raises: a full disk, or any other fault of it, is trouble; the reason is its code."""
        text, refused = self._rendered(items)
        try:
            self._append(text)
        except OSError as error:
            reason = errno.errorcode.get(error.errno or 0, type(error).__name__)
            return SinkVerdict(settled=0, failure=SinkFailure(kind=FailureKind.TROUBLE, reason=reason))
        return SinkVerdict(settled=len(items), refused=refused)

    def shutdown(self) -> None:
        """Do nothing: no file is open between batches."""

    def _rendered(self, items: Sequence[Item]) -> tuple[bytes, tuple[tuple[int, str], ...]]:
        """Render a batch without those items whose bytes are not OTLP; gives these too."""
        try:
            return self._lines(items), ()
        except (DecodeError, ValueError):
            refused = tuple((at, reason) for at, item in enumerate(items) if (reason := self._fault_of(item)))
        bad = dict(refused)
        return self._lines([item for at, item in enumerate(items) if at not in bad]), refused

    def _fault_of(self, item: Item) -> str:
        try:
            self._lines([item])
        except (DecodeError, ValueError) as error:
            return type(error).__name__
        return ""

    def _lines(self, items: Sequence[Item]) -> bytes:
        by_signal = {signal: [item for item in items if item.envelope.signal == signal] for signal in _SIGNALS}
        lines = [request_json(of_it, signal, raw=self._raw) for signal, of_it in by_signal.items() if of_it]
        return "".join(f"{line}\n" for line in lines).encode()

    def _append(self, text: bytes) -> None:
        file = os.open(self._path, _APPEND, _OWN)
        try:
            before = os.fstat(file).st_size
            try:
                _write(file, text)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(file, before)  # half a line would spoil the next one
                raise
        finally:
            os.close(file)


def _write(file: int, text: bytes) -> None:
    left = memoryview(text)
    while left:
        left = left[os.write(file, left) :]
