"""What ZeroClaw's dashboard shows: observer events printed flat, with a type and a time.

``{"type": "tool_call", "source": "observability", "tool": "shell", "duration_ms": 42, ..., "timestamp": "..."}`` comes
one by one over SSE (``/api/events``), and as ``{"events": [...]}`` from the history (``/api/events/history``).
"""

from __future__ import annotations

import re
from typing import Any, Final

from attrs import evolve, frozen

from agent_otel.model import LosslessRecord, RecordRejected
from agent_otel.sources.codec import RecordCodec, VariantCodec
from agent_otel.sources.fields import TEXT, TIMESTAMP, Timestamp, optional, unsigned
from agent_otel.sources.zeroclaw.codec import EVENT_MEMBERS, EVENTS
from agent_otel.sources.zeroclaw.events import ObserverEvent

__all__ = ["OBSERVABILITY", "TYPES", "DashboardEvent", "decode_dashboard_event", "encode_dashboard_event"]

OBSERVABILITY: Final = "observability"

# ZeroClaw shows seven of these; any other that it may show one day is read the same way.
TYPES: Final = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): name for name in EVENT_MEMBERS}
_WORDS: Final = {name: word for word, name in TYPES.items()}
_EVENTS: Final[VariantCodec[ObserverEvent]] = VariantCodec({name: EVENTS[name] for name in EVENT_MEMBERS})
_COUNT: Final = optional(unsigned(64))


@frozen(kw_only=True)
class DashboardEvent(LosslessRecord):
    """An observer event as the dashboard shows it: without arguments, results and call ids.

    Args:
        source: ``observability``: it comes from an observer.
        timestamp: When it was shown; old records have none.
        input_tokens: Of an ``AgentEnd``, whose ``tokens_used`` is a total here.
        output_tokens: The same.
        event: The event itself, whose members stand beside these.
    """

    source: str
    timestamp: Timestamp | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    event: ObserverEvent


@frozen(kw_only=True)
class _Frame(LosslessRecord):
    """What stands around the members of an event."""

    source: str
    timestamp: Timestamp | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


_FRAME: Final = RecordCodec(
    _Frame, {"source": TEXT, "timestamp": optional(TIMESTAMP), "input_tokens": _COUNT, "output_tokens": _COUNT}
)
_FRAME_MEMBERS: Final = ("source", "timestamp", "input_tokens", "output_tokens")


def _frame_members(name: str) -> tuple[str, ...]:
    """Name what stands beside the members of an event: only the end of a turn has counts there."""
    return _FRAME_MEMBERS if name == "AgentEnd" else _FRAME_MEMBERS[:2]


def decode_dashboard_event(value: Any) -> DashboardEvent | None:
    """Read a record of the dashboard.

    Args:
        value: A parsed JSON value.

    Returns:
        The record, or None for a type that is not known.

    Raises:
        RecordRejected: If it is no such record, or a member is missing or of a wrong type.
    """
    if not isinstance(value, dict):
        raise RecordRejected("", "is no object")
    word = value.get("type")
    if not isinstance(word, str):
        raise RecordRejected("type", "is no string" if "type" in value else "is missing")
    name = TYPES.get(word)
    if name is None:
        return None
    around = _frame_members(name)
    frame = _FRAME.decode({key: value[key] for key in around if key in value})
    body = {key: member for key, member in value.items() if key != "type" and key not in around}
    try:
        event = _EVENTS.decode({name: body})
    except RecordRejected as error:
        raise RecordRejected(error.field.removeprefix(name).removeprefix("."), error.reason) from None
    if event is None:
        return None
    return DashboardEvent(
        source=frame.source,
        timestamp=frame.timestamp,
        input_tokens=frame.input_tokens,
        output_tokens=frame.output_tokens,
        event=event,
        absent=frame.absent,
    )


def encode_dashboard_event(record: DashboardEvent) -> dict[str, Any]:
    """Write a record of the dashboard as the JSON value that it was read from.

    One that was made here has its event's absent members left out, as the dashboard leaves them out.
    """
    ((name, body),) = _EVENTS.encode(record.event).items()
    if record.event.absent is None:
        body = {key: member for key, member in body.items() if member is not None}
    frame = _Frame(
        source=record.source,
        timestamp=record.timestamp,
        input_tokens=record.input_tokens,
        output_tokens=record.output_tokens,
        absent=record.absent,
    )
    if record.absent is None:
        told = {member for member in _FRAME_MEMBERS if getattr(record, member) is not None}
        frame = evolve(frame, absent=frozenset(_FRAME_MEMBERS) - told)
    around = _FRAME.encode(frame)
    return {"type": _WORDS[name], **body, **{key: around[key] for key in _frame_members(name) if key in around}}
