"""Bamboo metrics JSON to models and back: the tables of its twelve shapes (rules R1 and R2)."""

from __future__ import annotations

from typing import Any, Final

from agent_otel.sources.bamboo.records import ChatEvent, EventMeta, ForwardEvent, MetricsEvent, SystemEvent
from agent_otel.sources.bamboo.types import ForwardStatus, RoundStatus, SessionStatus, TokenUsage
from agent_otel.sources.codec import NewtypeCodec, RecordCodec, UnitCodec, VariantCodec
from agent_otel.sources.fields import FLAG, TEXT, TIMESTAMP, nested, optional, unsigned, word

__all__ = ["TOKEN_USAGE", "VARIANTS", "decode_metrics_event", "encode_metrics_event"]

_U64 = unsigned(64)
_META = nested(RecordCodec(EventMeta, {"event_id": TEXT, "occurred_at": TIMESTAMP, "trace_id": optional(TEXT)}))
TOKEN_USAGE: Final = RecordCodec(TokenUsage, {"prompt_tokens": _U64, "completion_tokens": _U64, "total_tokens": _U64})
_USAGE = nested(TOKEN_USAGE)
_IN_SESSION = {"meta": _META, "session_id": TEXT}
_IN_ROUND = {**_IN_SESSION, "round_id": TEXT}
_OF_REQUEST = {"meta": _META, "request_id": TEXT}
_COST = {"latency_ms": _U64, "error": optional(TEXT)}

_CHAT = {
    "SessionStarted": (ChatEvent.SessionStarted, {**_IN_SESSION, "model": TEXT}),
    "SessionCompleted": (ChatEvent.SessionCompleted, {**_IN_SESSION, "status": word(SessionStatus)}),
    "RoundStarted": (ChatEvent.RoundStarted, {**_IN_ROUND, "model": TEXT}),
    "RoundCompleted": (ChatEvent.RoundCompleted, {**_IN_ROUND, "status": word(RoundStatus), "usage": _USAGE, **_COST}),
    "ToolCalled": (
        ChatEvent.ToolCalled,
        {**_IN_ROUND, "tool_call_id": TEXT, "tool_name": TEXT, "latency_ms": _U64, "success": FLAG},
    ),
    "MessageCountUpdated": (ChatEvent.MessageCountUpdated, {**_IN_SESSION, "message_count": unsigned(32)}),
}
_FORWARD = {
    "RequestStarted": (
        ForwardEvent.RequestStarted,
        {**_OF_REQUEST, "endpoint": TEXT, "model": TEXT, "is_stream": FLAG},
    ),
    "RequestCompleted": (
        ForwardEvent.RequestCompleted,
        {
            **_OF_REQUEST,
            "status_code": unsigned(16),
            "status": word(ForwardStatus),
            "usage": optional(_USAGE),
            **_COST,
        },
    ),
}
_SYSTEM = {
    "MetricsDropped": (SystemEvent.MetricsDropped, {"count": _U64, "reason": TEXT}),
    "StorageError": (SystemEvent.StorageError, {"error": TEXT, "event_type": TEXT}),
}
_SYSTEM_UNITS = {"WorkerStarted": SystemEvent.WorkerStarted, "WorkerStopped": SystemEvent.WorkerStopped}

VARIANTS: Final[dict[str, frozenset[str]]] = {
    "Chat": frozenset(_CHAT),
    "Forward": frozenset(_FORWARD),
    "System": frozenset({*_SYSTEM, *_SYSTEM_UNITS}),
}


def _variants(table: dict[str, Any]) -> dict[str, Any]:
    return {name: (record, RecordCodec(record, members)) for name, (record, members) in table.items()}


_units = {name: (record, UnitCodec(record)) for name, record in _SYSTEM_UNITS.items()}
_EVENTS: VariantCodec[MetricsEvent] = VariantCodec(
    {
        "Chat": (MetricsEvent.Chat, NewtypeCodec(MetricsEvent.Chat, VariantCodec(_variants(_CHAT)))),
        "Forward": (MetricsEvent.Forward, NewtypeCodec(MetricsEvent.Forward, VariantCodec(_variants(_FORWARD)))),
        "System": (
            MetricsEvent.System,
            NewtypeCodec(MetricsEvent.System, VariantCodec({**_variants(_SYSTEM), **_units})),
        ),
    }
)


def decode_metrics_event(value: Any) -> MetricsEvent | None:
    """Read a metrics event.

    Args:
        value: A parsed JSON value.

    Returns:
        The event, or None for a category or variant that is not known.

    Raises:
        RecordRejected: If it is no metrics event, or a member is missing or of a wrong type.
    """
    return _EVENTS.decode(value)


def encode_metrics_event(event: MetricsEvent) -> Any:
    """Write a metrics event as the JSON value that it was read from, unknown members and nulls included."""
    return _EVENTS.encode(event)
