"""``ChangeEvent``: an agent event with the place, the time and the session that a stream gives it.

Two systems write it: Bamboo's account feed (``GET /api/v1/stream`` and its journal files), always with ``seq`` and
``ts``; and whoever subscribes to one session's events, wrapping each with the session known from the address, where
``seq`` is missing and ``ts`` may be. The event is nested under ``event``, or its members lie beside the others.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import evolve, field, fields, frozen

from agent_otel.model import MAX_TIME_NS, NANOS_PER_MILLI, LosslessRecord, RecordRejected
from agent_otel.sources.bamboo.agent_events import VARIANTS, AgentEvent, decode_agent_event, encode_agent_event
from agent_otel.sources.codec import RecordCodec
from agent_otel.sources.fields import TEXT, TIMESTAMP, FieldKind, Timestamp, optional, unsigned

__all__ = ["ChangeEvent", "decode_change_event", "encode_change_event", "is_change_event"]

_EVENT: Final = "event"
_STAMPS: Final = ("seq", "ts")


@frozen(kw_only=True)
class ChangeEvent(LosslessRecord):
    """An agent event in a stream of many sessions.

    Args:
        seq: Number in the account's journal, from 1, without gaps and stable across restarts.
        ts: When it was written down: RFC 3339, or integer milliseconds since 1970.
        session_id: The session it pertains to.
        event: The event.
        flattened: Whether the event's members lie beside ``seq`` and ``ts`` instead of under ``event``.
    """

    seq: int | None = None
    ts: Timestamp | int | None = None
    session_id: str | None = None
    event: AgentEvent
    flattened: bool = field(default=False, eq=False)

    @property
    def time_ns(self) -> int | None:
        """Unix time in nanoseconds, None where no time is told."""
        return self.ts.time_ns if isinstance(self.ts, Timestamp) else self.ts and self.ts * NANOS_PER_MILLI


def _read_time(value: Any) -> Timestamp | int:
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value * NANOS_PER_MILLI <= MAX_TIME_NS:
            raise RecordRejected("", "lies outside 1970 to 2262")
        return value
    time: Timestamp = TIMESTAMP.read(value)
    return time


def _write_time(value: Timestamp | int) -> str | int:
    return value.text if isinstance(value, Timestamp) else value


class _UnknownVariant(Exception):
    pass


def _read_event(value: Any) -> AgentEvent:
    event = decode_agent_event(value)
    if event is None:
        raise _UnknownVariant
    return event


_CODEC: Final = RecordCodec(
    ChangeEvent,
    {
        "seq": optional(unsigned(64), skip_empty=True),
        "ts": optional(FieldKind(_read_time, _write_time), skip_empty=True),
        "session_id": optional(TEXT, skip_empty=True),
        _EVENT: FieldKind(_read_event, encode_agent_event),
    },
)


def is_change_event(value: Any) -> bool:
    """Whether a JSON value has the shape of a change event, nested or flattened; a bare agent event has not."""
    if not isinstance(value, dict):
        return False
    return any(stamp in value for stamp in _STAMPS) if "type" in value else isinstance(value.get(_EVENT), dict)


def decode_change_event(value: Any) -> ChangeEvent | None:
    """Read a change event.

    Args:
        value: A parsed JSON value.

    Returns:
        The event, or None if the variant of the agent event is not known.

    Raises:
        RecordRejected: If it is no change event, or a member is missing or of a wrong type.
    """
    flattened = isinstance(value, dict) and "type" in value
    try:
        if not flattened:
            return _CODEC.decode(value)
        return evolve(_CODEC.decode(_nested(value)), flattened=True)
    except _UnknownVariant:
        return None
    except RecordRejected as error:
        if not flattened:
            raise
        raise RecordRejected(error.field.removeprefix(f"{_EVENT}."), error.reason) from None


def encode_change_event(change: ChangeEvent) -> dict[str, Any]:
    """Write a change event as the JSON object that it was read from."""
    written = _CODEC.encode(change)
    return {**written.pop(_EVENT), **written} if change.flattened else written


def _nested(value: dict[str, Any]) -> dict[str, Any]:
    """Give the nested form of a flattened event: ``session_id`` is the stream's, and the event's if that has one."""
    outer: dict[str, Any] = {name: value[name] for name in (*_STAMPS, "session_id") if name in value}
    inner = {name: member for name, member in value.items() if name not in _STAMPS}
    tag = inner["type"]
    variant = VARIANTS.get(tag) if isinstance(tag, str) else None
    if variant is None or not any(attribute.name == "session_id" for attribute in fields(variant)):
        inner.pop("session_id", None)
    return {**outer, _EVENT: inner}
