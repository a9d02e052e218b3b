"""ZeroClaw's observer JSON to models and back: events and metrics, externally tagged as serde would print them.

ZeroClaw itself prints neither; this is the form in which programs hand them over (``{"ToolCall": {...}}``,
``"TurnComplete"``, ``{"QueueDepth": 3}``). Every spelling that is read comes back as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

from attrs import evolve

from agent_otel.model import RecordRejected
from agent_otel.sources.codec import RecordCodec, UnitCodec, VariantCodec
from agent_otel.sources.fields import (
    ANY,
    FLAG,
    NUMBER,
    TEXT,
    Codec,
    FieldKind,
    list_of,
    nested,
    optional,
    unsigned,
)
from agent_otel.sources.zeroclaw.duration import DURATION, read_millis
from agent_otel.sources.zeroclaw.events import ObserverEvent, SpelledEvent
from agent_otel.sources.zeroclaw.metrics import ObserverMetric
from agent_otel.sources.zeroclaw.types import LlmMessageSnapshot, MessageSnapshot, ToolCallSnapshot, TurnTokenUsage

__all__ = [
    "EVENTS",
    "EVENT_MEMBERS",
    "METRICS",
    "UNIT_EVENTS",
    "decode_observer_event",
    "decode_observer_metric",
    "encode_observer_event",
    "encode_observer_metric",
]

E = TypeVar("E", bound=SpelledEvent)

_ALIASES: Final = {"provider": "model_provider", "duration_ms": "duration"}
_U64: Final = unsigned(64)
_COUNT: Final = optional(_U64)
_TEXT: Final = optional(TEXT)
_TIME: Final = optional(DURATION)
_USAGE: Final = RecordCodec(TurnTokenUsage, {"input_tokens": _U64, "output_tokens": _U64})
_SNAPSHOT: Final = RecordCodec(
    LlmMessageSnapshot,
    {
        "input": optional(list_of(nested(RecordCodec(MessageSnapshot, {"role": TEXT, "content": TEXT})))),
        "output_text": _TEXT,
        "output_tool_calls": optional(
            list_of(nested(RecordCodec(ToolCallSnapshot, {"id": TEXT, "name": TEXT, "arguments_json": ANY})))
        ),
        "system_instructions": _TEXT,
    },
)


def _read_tokens(value: Any) -> TurnTokenUsage | int:
    """Read what old versions print as a total and new ones as two counts (rule R20)."""
    return _USAGE.decode(value) if isinstance(value, dict) else _U64.read(value)


_TOKENS: Final = optional(
    FieldKind(_read_tokens, lambda tokens: tokens if isinstance(tokens, int) else _USAGE.encode(tokens))
)
_TURN: Final = {"channel": _TEXT, "agent_alias": _TEXT, "turn_id": _TEXT, "conversation_id": _TEXT}
_MODEL: Final = {"model_provider": _TEXT, "model": _TEXT, **_TURN}
_CALL: Final = {"tool": TEXT, "tool_call_id": _TEXT, "arguments": ANY, "parent_agent_alias": _TEXT, **_TURN}

EVENT_MEMBERS: Final[dict[str, tuple[type[ObserverEvent], Mapping[str, FieldKind]]]] = {
    "AgentStart": (ObserverEvent.AgentStart, _MODEL),
    "LlmRequest": (
        ObserverEvent.LlmRequest,
        {"messages_count": _COUNT, "parent_agent_alias": _TEXT, **_MODEL},
    ),
    "LlmResponse": (
        ObserverEvent.LlmResponse,
        {
            "duration": _TIME,
            "success": FLAG,
            "error_message": _TEXT,
            "input_tokens": _COUNT,
            "output_tokens": _COUNT,
            "messages": optional(nested(_SNAPSHOT)),
            "parent_agent_alias": _TEXT,
            **_MODEL,
        },
    ),
    "AgentEnd": (
        ObserverEvent.AgentEnd,
        {"duration": _TIME, "tokens_used": _TOKENS, "cost_usd": optional(NUMBER), **_MODEL},
    ),
    "ToolCallStart": (ObserverEvent.ToolCallStart, _CALL),
    "ToolCall": (ObserverEvent.ToolCall, {"duration": _TIME, "success": FLAG, "result": ANY, **_CALL}),
    "MemoryRecall": (
        ObserverEvent.MemoryRecall,
        {
            "query_summary": _TEXT,
            "duration": _TIME,
            "num_entries": _COUNT,
            "backend": _TEXT,
            "success": FLAG,
            **_TURN,
        },
    ),
    "MemoryStore": (
        ObserverEvent.MemoryStore,
        {"category": _TEXT, "backend": _TEXT, "duration": _TIME, "success": FLAG, **_TURN},
    ),
    "MemoryAudit": (
        ObserverEvent.MemoryAudit,
        {"action": TEXT, "backend": _TEXT, "duration": _TIME, "success": FLAG},
    ),
    "RagRetrieve": (
        ObserverEvent.RagRetrieve,
        {"query_summary": _TEXT, "duration": _TIME, "num_chunks": _COUNT, "num_boards": _COUNT, **_TURN},
    ),
    "ChannelMessage": (ObserverEvent.ChannelMessage, {"channel": TEXT, "direction": TEXT}),
    "CacheHit": (ObserverEvent.CacheHit, {"cache_type": TEXT, "tokens_saved": _COUNT}),
    "CacheMiss": (ObserverEvent.CacheMiss, {"cache_type": TEXT}),
    "Error": (ObserverEvent.Error, {"component": TEXT, "message": TEXT}),
    "DeploymentStarted": (ObserverEvent.DeploymentStarted, {"deploy_id": TEXT}),
    "DeploymentCompleted": (ObserverEvent.DeploymentCompleted, {"deploy_id": TEXT, "commit_sha": TEXT}),
    "DeploymentFailed": (ObserverEvent.DeploymentFailed, {"deploy_id": TEXT, "reason": TEXT}),
    "RecoveryCompleted": (ObserverEvent.RecoveryCompleted, {"deploy_id": TEXT}),
    "HistoryTrimmed": (
        ObserverEvent.HistoryTrimmed,
        {"dropped_messages": _U64, "kept_turns": _U64, "reason": _TEXT, **_TURN},
    ),
}
UNIT_EVENTS: Final[dict[str, Any]] = {
    "TurnComplete": ObserverEvent.TurnComplete,
    "HeartbeatTick": ObserverEvent.HeartbeatTick,
}


class _SpelledCodec(Generic[E]):
    """A variant whose members may have other names; which one was read is kept.

    Args:
        record: The model.
        members: How its members are read and written.
    """

    def __init__(self, record: type[E], members: Mapping[str, FieldKind]) -> None:
        self._codec = RecordCodec(record, members)
        self._aliases = {alias: name for alias, name in _ALIASES.items() if name in members}

    def decode(self, value: Any) -> E:
        """Read an object."""
        if not isinstance(value, dict):
            return self._codec.decode(value)
        spelling = {name: alias for alias, name in self._aliases.items() if alias in value and name not in value}
        if not spelling:
            return self._codec.decode(value)
        value = dict(value)
        for name, alias in spelling.items():
            value[name] = _renamed(alias, value.pop(alias))
        try:
            return evolve(self._codec.decode(value), spelling=spelling)
        except RecordRejected as error:
            raise RecordRejected(spelling.get(error.field, error.field), error.reason) from None

    def encode(self, record: E) -> dict[str, Any]:
        """Write the object that was read."""
        written = self._codec.encode(record)
        for name, alias in record.spelling.items():
            written[alias] = written.pop(name)
        return written


def _renamed(alias: str, value: Any) -> Any:
    if alias != "duration_ms" or value is None:
        return value
    try:
        return read_millis(value)
    except RecordRejected as error:
        raise RecordRejected(alias, error.reason) from None


def _codec_of(record: type[ObserverEvent], members: Mapping[str, FieldKind]) -> Codec[Any]:
    return _SpelledCodec(record, members) if issubclass(record, SpelledEvent) else RecordCodec(record, members)


class _NumberCodec:
    """A metric: a variant around one number."""

    def __init__(self, metric: type[ObserverMetric], kind: FieldKind) -> None:
        self._metric = metric
        self._kind = kind

    def decode(self, value: Any) -> ObserverMetric:
        """Read the number."""
        return self._metric(self._kind.read(value))

    def encode(self, metric: ObserverMetric) -> Any:
        """Write the number."""
        return metric.value if self._kind.write is None else self._kind.write(metric.value)


EVENTS: Final[dict[str, tuple[type[ObserverEvent], Codec[Any]]]] = {
    **{name: (record, _codec_of(record, members)) for name, (record, members) in EVENT_MEMBERS.items()},
    **{name: (record, UnitCodec(record)) for name, record in UNIT_EVENTS.items()},
}
METRICS: Final[dict[str, tuple[type[ObserverMetric], Codec[Any]]]] = {
    name: (metric, _NumberCodec(metric, kind))
    for name, metric, kind in (
        ("RequestLatency", ObserverMetric.RequestLatency, DURATION),
        ("TokensUsed", ObserverMetric.TokensUsed, _U64),
        ("ActiveSessions", ObserverMetric.ActiveSessions, _U64),
        ("QueueDepth", ObserverMetric.QueueDepth, _U64),
        ("DeploymentLeadTime", ObserverMetric.DeploymentLeadTime, DURATION),
        ("RecoveryTime", ObserverMetric.RecoveryTime, DURATION),
    )
}
_EVENT_CODEC: Final[VariantCodec[ObserverEvent]] = VariantCodec(EVENTS)
_METRIC_CODEC: Final[VariantCodec[ObserverMetric]] = VariantCodec(METRICS)


def decode_observer_event(value: Any) -> ObserverEvent | None:
    """Read an observer event.

    Args:
        value: A parsed JSON value.

    Returns:
        The event, or None for a variant that is not known (rule R21).

    Raises:
        RecordRejected: If it is no tagged value, or a member is missing or of a wrong type.
    """
    return _EVENT_CODEC.decode(value)


def encode_observer_event(event: ObserverEvent) -> Any:
    """Write an observer event as the JSON value that it was read from; one made here as serde would print it."""
    return _EVENT_CODEC.encode(event)


def decode_observer_metric(value: Any) -> ObserverMetric | None:
    """Read an observer metric.

    Args:
        value: A parsed JSON value.

    Returns:
        The metric, or None for a variant that is not known.

    Raises:
        RecordRejected: If it is no tagged value, or its number is none.
    """
    return _METRIC_CODEC.decode(value)


def encode_observer_metric(metric: ObserverMetric) -> Any:
    """Write an observer metric as the JSON value that it was read from; one made here as serde would print it."""
    return _METRIC_CODEC.encode(metric)
