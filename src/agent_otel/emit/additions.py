"""What user code and other instrumentations add to the span that is current while an operation runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import threading
import time
from typing import Any

from attrs import define, field, frozen
from opentelemetry.trace import Link, SpanContext

from agent_otel.emit.snapshot import MAX_INTEGER, text_of
from agent_otel.model.cutting import cut_between_words, digest
from agent_otel.processors.interruption import of_signal_handler

__all__ = ["AddedEvent", "Additions"]

_MAX_ATTRIBUTES = 64
_MAX_EVENTS = 128
_MAX_LINKS = 128
_MAX_TEXT = 4096  # characters of one added value
_MAX_NAME = 256  # characters of an attribute's or event's name


@frozen
class AddedEvent:
    """A span event that was added."""

    name: str
    time_ns: int
    attributes: Mapping[str, Any] = field(factory=dict, repr=False)


@define(eq=False)
class Additions:
    """Attributes, events and links, bounded, as they were added: the content policy decides what becomes of them.

    Nothing here raises: what cannot be kept is dropped and counted.
    """

    attributes: dict[str, Any] = field(factory=dict, repr=False)
    events: list[AddedEvent] = field(factory=list, repr=False)
    links: list[Link] = field(factory=list, repr=False)
    dropped: int = 0
    _lock: threading.RLock = field(factory=threading.RLock, repr=False)

    def set_attribute(self, key: str, value: Any) -> None:
        """Keep an attribute; anything beyond the limit is dropped and counted."""
        self._safely(lambda: self._put(self.attributes, key, value))

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Keep attributes."""
        self._safely(lambda: self._put_all(self.attributes, attributes))

    def add_event(self, name: str, attributes: Mapping[str, Any] | None, time_ns: int | None) -> None:
        """Keep an event."""

        def add() -> None:
            kept: dict[str, Any] = {}
            known_as = _sendable(text_of(name) or "event", _MAX_NAME)
            self._put_all(kept, attributes)
            when = time_ns if type(time_ns) is int and 0 <= time_ns <= MAX_INTEGER else time.time_ns()
            if self._has_room(self.events, _MAX_EVENTS):
                self.events.append(AddedEvent(known_as, when, kept))

        self._safely(add)

    def add_link(self, context: SpanContext, attributes: Mapping[str, Any] | None) -> None:
        """Keep a link."""

        def add() -> None:
            kept: dict[str, Any] = {}
            self._put_all(kept, attributes)
            if not (isinstance(context, SpanContext) and context.is_valid):
                self.dropped += 1
            elif self._has_room(self.links, _MAX_LINKS):
                self.links.append(Link(context, kept))

        self._safely(add)

    def _safely(self, keep: Callable[[], None]) -> None:
        with self._lock:
            try:
                keep()
            except Exception as error:
                self.dropped += 1
                if of_signal_handler(error):
                    raise

    def taken(self) -> Additions | None:
        """Give a copy that nobody writes to any more; None if there is nothing."""
        with self._lock:
            if not (self.attributes or self.events or self.links):
                return None
            return Additions(dict(self.attributes), list(self.events), list(self.links), self.dropped)

    def reset_after_fork(self) -> None:
        """Take a new lock: a thread that is gone may hold the old one."""
        self._lock = threading.RLock()

    def _put_all(self, into: dict[str, Any], attributes: Mapping[str, Any] | None) -> None:
        for key, value in (attributes or {}).items():
            self._put(into, key, value)

    def _put(self, into: dict[str, Any], key: str, value: Any) -> None:
        name = _sendable(str.__str__(key), _MAX_NAME)
        if not name or (name not in into and len(into) >= _MAX_ATTRIBUTES):
            self.dropped += 1
        else:
            into[name] = _frozen(value)

    def _has_room(self, kept: list[Any], limit: int) -> bool:
        if len(kept) < limit:
            return True
        self.dropped += 1
        return False


def _frozen(value: Any) -> Any:
    """Copy an attribute value now, so that nothing of the agent's is read later on the worker."""
    kind = type(value)
    if kind is list or kind is tuple:
        return tuple(_frozen(item) for item in value[:_MAX_EVENTS] if issubclass(type(item), _SCALARS))
    if kind is bool:
        return value
    if issubclass(kind, float):
        return float.__float__(value)
    if issubclass(kind, int) and abs(number := int.__index__(value)) <= MAX_INTEGER:
        return number
    text = text_of(value)
    return _sendable(text if text is not None else "<NoneType>", _MAX_TEXT)


def _sendable(text: str, limit: int) -> str:
    """Cut a text between words; lone surrogates, as in names of files that are no UTF-8, become ``?``."""
    if len(text) > limit:
        text = cut_between_words(text, limit) or digest(text)
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


_SCALARS = (str, bool, int, float)
