"""Agent event JSON to models and back: an object whose ``type`` names the variant."""

from __future__ import annotations

from typing import Any

from agent_otel.model import RecordRejected
from agent_otel.sources.bamboo.agent_events.base import TAGS, VARIANTS, AgentEvent
from agent_otel.sources.bamboo.members import MemberCodec

__all__ = ["decode_agent_event", "encode_agent_event"]

_TAG = "type"


_codecs: dict[type[AgentEvent], MemberCodec[AgentEvent]] = {}


def _codec(variant: type[AgentEvent]) -> MemberCodec[AgentEvent]:
    """Make the codec of a variant when it is needed first."""
    codec = _codecs.get(variant)
    if codec is None:
        codec = _codecs[variant] = MemberCodec(variant)
    return codec


def decode_agent_event(value: Any) -> AgentEvent | None:
    """Read an agent event.

    Args:
        value: A parsed JSON value.

    Returns:
        The event, or None for a variant that is not known.

    Raises:
        RecordRejected: If it is no agent event, or a member is missing or of a wrong type.
    """
    if not isinstance(value, dict):
        raise RecordRejected("", "is no object")
    tag = value.get(_TAG)
    if not isinstance(tag, str):
        raise RecordRejected(_TAG, "is no string" if _TAG in value else "is missing")
    variant = VARIANTS.get(tag)
    if variant is None:
        return None
    return _codec(variant).decode({name: member for name, member in value.items() if name != _TAG})


def encode_agent_event(event: AgentEvent) -> dict[str, Any]:
    """Write an agent event as the JSON object that it was read from, unknown members and nulls included."""
    return {_TAG: TAGS[type(event)], **_codec(type(event)).encode(event)}
