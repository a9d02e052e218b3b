"""A third party's source in, the same source out with every call into it guarded.

Whatever it raises, ``SystemExit`` and exceptions that come lazily included, becomes an error of ours that tells the
method and the exception's type, never its text: texts can be content. A decoder that cannot be made or opened
rejects its records one by one, so that they are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import math
from pathlib import PurePath
import re
import threading
from typing import Any, Final, TypeVar

from agent_otel.model import AgentEvent, RecordRejected, SourceError
from agent_otel.sources.protocol import Context, Decoded, Decoder, Document, RotatingSource, Source

__all__ = ["GuardedDecoder", "GuardedSource", "fault_name", "is_interrupt"]

T = TypeVar("T")

_TYPE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_PLACE: Final = re.compile(r"[A-Za-z0-9_.\[\]-]{0,120}")
_MAX_REASON: Final = 120


def fault_name(error: BaseException) -> str:
    """Give the name of an exception's type; ``Exception`` where it is no plain identifier."""
    name = type.__getattribute__(type(error), "__name__")
    return name if _TYPE_NAME.fullmatch(name) else "Exception"


def is_interrupt(error: BaseException) -> bool:
    """Whether the user wants to stop: Ctrl-C reaches the main thread only, whoever is called there."""
    return isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


class GuardedDecoder:
    """A decoder of which only ``RecordRejected`` is raised.

    Args:
        make: Gives the decoder.
    """

    def __init__(self, make: Callable[[], Decoder]) -> None:
        self._decoder: Decoder | None = None
        self._fault: str | None = None  # why nothing can be decoded; that of `make` stays for ever
        try:
            self._decoder = _called("decoder", make)
        except SourceError as error:
            self._fault = str(error)

    def open(self, document: Document) -> None:
        """Begin a document; where that fails, its records are rejected."""
        if self._decoder is None:
            return
        try:
            _called("open", self._decoder.open, document)
            self._fault = None
        except SourceError as error:
            self._fault = str(error)

    def decode(self, record: Any, context: Context) -> Decoded:
        """Decode one parsed JSON value.

        Raises:
            RecordRejected: If the decoder says so, or fails, or gives something else than ``Decoded``.
        """
        if self._fault is not None or self._decoder is None:
            raise RecordRejected("", self._fault or "")
        decoded = _called("decode", self._decoder.decode, record, context)
        if not isinstance(decoded, Decoded):
            raise RecordRejected("", "source fault (decode() gave no Decoded)")
        return Decoded(_called("decode", _events_in, decoded.events), decoded.verdict, decoded.note)

    def close(self, *, complete: bool) -> Sequence[AgentEvent]:
        """End the current document.

        Raises:
            RecordRejected: If that fails, or gives something else than events.
        """
        decoder = self._decoder
        if decoder is None or self._fault is not None:
            return ()
        return _called("close", lambda: _events_in(decoder.close(complete=complete)))


class GuardedSource:
    """A source of which only ``SourceError`` is raised.

    Args:
        name: The name that it is registered under; it stands where its own is no plain name.
        source: The source.

    Raises:
        SourceError: If it does not have what a source has.
    """

    def __init__(self, name: str, source: Any) -> None:
        if not _called("name", isinstance, source, Source):
            raise SourceError("does not have what agent_otel.sources.Source asks for")
        own = _called("name", getattr, source, "name")
        self.name: str = own if type(own) is str and _NAME.fullmatch(own) else name
        self._source: Source = source

    def detect(self, records: Sequence[Any]) -> float:
        """Give how sure it is, 0.0 where it fails: others are asked as well."""
        try:
            sureness = float(_called("detect", self._source.detect, records))
        except (SourceError, TypeError, ValueError, OverflowError):
            return 0.0
        return 0.0 if math.isnan(sureness) else min(max(sureness, 0.0), 1.0)

    def decoder(self) -> Decoder:
        """Give a fresh decoder; one that could not be made rejects every record."""
        return GuardedDecoder(lambda: self._source.decoder())  # noqa: PLW0108  the attribute itself may raise

    def record_key(self, record: Any) -> str | None:
        """Give the id of a record; None where it has none or the source fails."""
        try:
            key = _called("record_key", self._source.record_key, record)
        except SourceError:
            return None
        return key if type(key) is str else None

    def companions(self, path: PurePath) -> Sequence[str]:
        """Give the patterns of its companions.

        Raises:
            SourceError: If the source fails.
        """
        return self._asked("companions", lambda: [_text(it) for it in self._source.companions(path)])

    def belongs(self, first: Any, main_first: Sequence[Any]) -> bool:
        """Whether a companion belongs to a main file.

        Raises:
            SourceError: If the source fails.
        """
        return self._asked("belongs", lambda: bool(self._source.belongs(first, main_first)))

    def is_companion(self, path: PurePath) -> bool:
        """Whether the name is that of a companion.

        Raises:
            SourceError: If the source fails.
        """
        return self._asked("is_companion", lambda: bool(self._source.is_companion(path)))

    def precedes(self, path: PurePath) -> bool:
        """Whether the name is that of an archive; no where the source has no such method.

        Raises:
            SourceError: If the source fails.
        """
        return self._asked(
            "precedes", lambda: isinstance(self._source, RotatingSource) and bool(self._source.precedes(path))
        )

    def sidecar(self, path: PurePath) -> str | None:
        """Give the name of the file's sidecar.

        Raises:
            SourceError: If the source fails.
        """
        return self._asked("sidecar", lambda: _text_or_none(self._source.sidecar(path)))

    def _asked(self, method: str, call: Callable[[], T]) -> T:
        try:
            return _called(method, call)
        except RecordRejected as error:
            raise SourceError(f"source {self.name!r}: {error.reason}") from None


def _called(method: str, call: Callable[..., T], *arguments: Any) -> T:
    """Call into the source.

    Raises:
        RecordRejected: With the method and the type of what was raised; what the source itself rejects passes, cut.
    """
    try:
        return call(*arguments)
    except RecordRejected as rejected:
        raise _bounded(rejected) from None
    except BaseException as error:
        if is_interrupt(error):
            raise
        raise RecordRejected("", f"source fault ({fault_name(error)} in {method}())") from None


def _bounded(rejected: RecordRejected) -> RecordRejected:
    field, reason = rejected.field, rejected.reason
    place = field if type(field) is str and _PLACE.fullmatch(field) else ""
    return RecordRejected(place, reason[:_MAX_REASON] if type(reason) is str else "is rejected")


def _events_in(events: Any) -> tuple[AgentEvent, ...]:
    given = tuple(events)
    if not all(isinstance(event, AgentEvent) for event in given):
        raise TypeError
    return given


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)
