"""Events at the door of correlation: ids of bounded length, times that a span can have.

Windows hold as many ids as they say, not as many megabytes. Sources see to times themselves; a user's event may not.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from attrs import evolve

from agent_otel.model import MAX_TIME_NS, AgentEvent

__all__ = ["bounded", "size_of"]

_MAX = 256
_LONG = (
    "conversation",
    "run",
    "parent_run",
    "turn",
    "attempt",
    "retry_of",
    "request",
    "tool_call",
    "agent",
    "child_run",
    "child_conversation",
)


def _short(text: str) -> str:
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{text[:64]}…sha256:{digest}"


def bounded(event: AgentEvent) -> AgentEvent:
    """Clamp the time to 1970 and after, and replace ids of more than 256 characters by their head and a digest.

    Raises:
        TypeError: If the time is no number.
    """
    if not 0 <= event.time_ns <= MAX_TIME_NS:
        event = evolve(event, time_ns=min(max(0, event.time_ns), MAX_TIME_NS))
    ids = event.ids
    total = len(ids.run or "") + len(ids.tool_call or "") + len(ids.conversation or "") + len(ids.request or "")
    is_plain = ids.child_run is ids.child_conversation is ids.parent_run is ids.turn is ids.attempt is ids.agent is None
    if total <= _MAX and is_plain and ids.retry_of is None:
        return event  # nearly all events
    long: dict[str, Any] = {
        name: _short(text) for name in _LONG if (text := getattr(ids, name)) is not None and len(text) > _MAX
    }
    return evolve(event, ids=evolve(ids, **long)) if long else event


def size_of(value: Any, limit: int) -> int:
    """Give roughly the bytes that a JSON value holds, counted up to a limit; no nesting and no circle is too much."""
    size, rest = 0, [value]
    while rest and size < limit:
        value = rest.pop()
        size += _ITEM_BYTES
        if isinstance(value, (str, bytes)):
            size += len(value)
        elif isinstance(value, dict):
            rest.extend(value.keys())
            rest.extend(value.values())
        elif isinstance(value, (list, tuple)):
            rest.extend(value)
    return size


_ITEM_BYTES = 64
