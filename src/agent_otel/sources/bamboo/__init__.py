"""Bamboo: its metrics events, agent events and change feed, lossless under their own names, and the source."""

from agent_otel.sources.bamboo.agent_events import AgentEvent, decode_agent_event, encode_agent_event
from agent_otel.sources.bamboo.change_feed import ChangeEvent, decode_change_event, encode_change_event
from agent_otel.sources.bamboo.codec import decode_metrics_event, encode_metrics_event
from agent_otel.sources.bamboo.records import ChatEvent, EventMeta, ForwardEvent, MetricsEvent, SystemEvent
from agent_otel.sources.bamboo.results import ProviderPromptUsage, TokenBudgetUsage, ToolResult, ToolResultImage
from agent_otel.sources.bamboo.source import BambooSource
from agent_otel.sources.bamboo.types import ForwardStatus, RoundStatus, SessionStatus, TokenUsage
from agent_otel.sources.bamboo.words import (
    AgentHookPoint,
    GoldCheckpoint,
    GoldConfidence,
    GoldDecision,
    PendingQuestionSource,
    PlanModeStatus,
    Role,
    SessionKind,
    TaskItemStatus,
    TitleSource,
)

__all__ = [
    "AgentEvent",
    "AgentHookPoint",
    "BambooSource",
    "ChangeEvent",
    "ChatEvent",
    "EventMeta",
    "ForwardEvent",
    "ForwardStatus",
    "GoldCheckpoint",
    "GoldConfidence",
    "GoldDecision",
    "MetricsEvent",
    "PendingQuestionSource",
    "PlanModeStatus",
    "ProviderPromptUsage",
    "Role",
    "RoundStatus",
    "SessionKind",
    "SessionStatus",
    "SystemEvent",
    "TaskItemStatus",
    "TitleSource",
    "TokenBudgetUsage",
    "TokenUsage",
    "ToolResult",
    "ToolResultImage",
    "decode_agent_event",
    "decode_change_event",
    "decode_metrics_event",
    "encode_agent_event",
    "encode_change_event",
    "encode_metrics_event",
]
