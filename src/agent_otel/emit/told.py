"""``Told``: what one of our spans or log records says, once the content policy has spoken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from attrs import define, field
from opentelemetry.trace import Link

from agent_otel.conventions import attributes as a
from agent_otel.conventions.content import is_content_key
from agent_otel.emit.additions import AddedEvent
from agent_otel.processors.content import Beside

__all__ = ["Told", "all_allowed", "allowed"]

_OWN_PREFIX: Final = "agent_otel."


@define(eq=False)
class Told:
    """What a span or log record says.

    Attributes:
        name: Of the span.
        attributes: Its attributes, those that matter most last.
        events: Its events.
        links: Links that were added.
        error_text: Description of its status.
        beside: What travels beside it; None if every sink sees the same.
    """

    name: str
    attributes: Mapping[str, Any] = field(repr=False)
    events: Sequence[AddedEvent] = ()
    links: Sequence[Link] = ()
    error_text: str | None = field(default=None, repr=False)
    beside: Beside | None = None


def allowed(attributes: Mapping[str, Any], namespace: str) -> Mapping[str, Any]:
    """Give those attributes of ours that the conventions or the source's namespace allow, and that are no content."""
    if all_allowed(tuple(attributes), namespace):
        return attributes
    return {key: value for key, value in attributes.items() if _is_own(key, namespace)}


@lru_cache(maxsize=1024)
def all_allowed(keys: tuple[str, ...], namespace: str) -> bool:
    """Say whether all attributes of these names are; the spans of one kind have the same."""
    return all(_is_own(key, namespace) for key in keys)


@lru_cache(maxsize=8192)
def _is_own(key: str, namespace: str) -> bool:
    known = key in a.ALL or key.startswith((_OWN_PREFIX, f"{namespace}."))
    return known and not is_content_key(key)
