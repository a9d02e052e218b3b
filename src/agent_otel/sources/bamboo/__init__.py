"""Bamboo: its metrics events, lossless under their own names, and the source that maps them."""

from agent_otel.sources.bamboo.codec import decode_metrics_event, encode_metrics_event
from agent_otel.sources.bamboo.records import ChatEvent, EventMeta, ForwardEvent, MetricsEvent, SystemEvent
from agent_otel.sources.bamboo.source import BambooSource
from agent_otel.sources.bamboo.types import ForwardStatus, RoundStatus, SessionStatus, TokenUsage

__all__ = [
    "BambooSource",
    "ChatEvent",
    "EventMeta",
    "ForwardEvent",
    "ForwardStatus",
    "MetricsEvent",
    "RoundStatus",
    "SessionStatus",
    "SystemEvent",
    "TokenUsage",
    "decode_metrics_event",
    "encode_metrics_event",
]
