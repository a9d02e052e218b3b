"""Bamboo's agent events, lossless under their own names: one module per room of variants."""

from agent_otel.sources.bamboo.agent_events import catalog, children, context, planning, runs, sessions, tools
from agent_otel.sources.bamboo.agent_events.base import TAGS, VARIANTS, AgentEvent
from agent_otel.sources.bamboo.agent_events.tagged import decode_agent_event, encode_agent_event

__all__ = ["TAGS", "VARIANTS", "AgentEvent", "decode_agent_event", "encode_agent_event"]

# Importing a room is what makes its variants attributes of ``AgentEvent``.
_ROOMS = (catalog, children, context, planning, runs, sessions, tools)
