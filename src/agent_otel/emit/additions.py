"""What user code and other instrumentations add to the span that is current while an operation runs."""

from __future__ import annotations

from collections.abc import Mapping
import threading
from typing import Any

from attrs import define, field, frozen
from opentelemetry.trace import Link

from agent_otel.conventions import CONTENT_KEYS

__all__ = ["AddedEvent", "Additions"]

_MAX_ATTRIBUTES = 64
_MAX_EVENTS = 128
_MAX_LINKS = 128
_MAX_TEXT = 4096  # characters of one added value


@frozen
class AddedEvent:
    """A span event that was added."""

    name: str
    time_ns: int
    attributes: Mapping[str, Any] = field(factory=dict)


@define(eq=False)
class Additions:
    """Attributes, events and links, bounded; what is known to be content is left out until a policy can scrub it."""

    attributes: dict[str, Any] = field(factory=dict)
    events: list[AddedEvent] = field(factory=list)
    links: list[Link] = field(factory=list)
    dropped: int = 0
    _lock: threading.Lock = field(factory=threading.Lock, repr=False)

    def set_attribute(self, key: str, value: Any) -> None:
        """Keep an attribute; content keys and anything beyond the limit are dropped and counted."""
        with self._lock:
            if key in CONTENT_KEYS or (key not in self.attributes and len(self.attributes) >= _MAX_ATTRIBUTES):
                self.dropped += 1
                return
            self.attributes[key] = _frozen(value)

    def add_event(self, name: str, attributes: Mapping[str, Any] | None, time_ns: int) -> None:
        """Keep an event; of an exception only its type is kept."""
        kept = {key: _frozen(value) for key, value in (attributes or {}).items() if key not in CONTENT_KEYS}
        with self._lock:
            if len(self.events) >= _MAX_EVENTS:
                self.dropped += 1
                return
            self.events.append(AddedEvent(str(name)[:256], time_ns, kept))

    def add_link(self, link: Link) -> None:
        """Keep a link."""
        with self._lock:
            if len(self.links) >= _MAX_LINKS:
                self.dropped += 1
                return
            self.links.append(link)


def _frozen(value: Any) -> Any:
    """Copy an attribute value now, so that nothing of the agent's is read later on the worker."""
    if isinstance(value, str):
        return value[:_MAX_TEXT]
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(item) for item in value[:_MAX_EVENTS] if isinstance(item, (str, bool, int, float)))
    if isinstance(value, (bool, int, float)):
        return value
    return f"<{type(value).__name__}>"
