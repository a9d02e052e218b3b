"""Bamboo: its metrics events, agent events and change feed, lossless under their own names, and the source."""

from agent_otel.sources.bamboo.agent_events import AgentEvent, decode_agent_event, encode_agent_event
from agent_otel.sources.bamboo.change_feed import ChangeEvent, decode_change_event, encode_change_event
from agent_otel.sources.bamboo.codec import decode_metrics_event, encode_metrics_event
from agent_otel.sources.bamboo.records import ChatEvent, EventMeta, ForwardEvent, MetricsEvent, SystemEvent
from agent_otel.sources.bamboo.results import ProviderPromptUsage, TokenBudgetUsage, ToolResult, ToolResultImage
from agent_otel.sources.bamboo.source import BambooSource
from agent_otel.sources.bamboo.stored.filters import (
    ForwardMetricsFilter,
    MetricsDateFilter,
    ModelMetricsDateFilter,
    SessionMetricsFilter,
)
from agent_otel.sources.bamboo.stored.forwards import (
    ForwardEndpointMetrics,
    ForwardMetricsSummary,
    ForwardRequestMetrics,
    ForwardTokenDetails,
)
from agent_otel.sources.bamboo.stored.hooks import HookResult
from agent_otel.sources.bamboo.stored.prompt_memory import PromptMemoryExposureItem, PromptMemoryExposureObservation
from agent_otel.sources.bamboo.stored.reading import decode_record, encode_record
from agent_otel.sources.bamboo.stored.rounds import (
    RoundMetrics,
    SessionDetail,
    SessionMetrics,
    ToolCallCompletion,
    ToolCallMetrics,
)
from agent_otel.sources.bamboo.stored.summaries import (
    DailyMetrics,
    MetricsSummary,
    ModelMetrics,
    PeriodMetrics,
    aggregate_monthly,
    aggregate_weekly,
)
from agent_otel.sources.bamboo.stored.tasks import (
    TaskBlocker,
    TaskBlockerKind,
    TaskEvidence,
    TaskEvidenceKind,
    TaskItem,
    TaskList,
    TaskPhase,
    TaskPriority,
    TaskTransition,
)
from agent_otel.sources.bamboo.types import (
    MAX_DURABLE_TOKEN_COUNT,
    ForwardStatus,
    PromptMemoryRecallOutcome,
    RoundStatus,
    SessionStatus,
    TokenUsage,
)
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
    "MAX_DURABLE_TOKEN_COUNT",
    "AgentEvent",
    "AgentHookPoint",
    "BambooSource",
    "ChangeEvent",
    "ChatEvent",
    "DailyMetrics",
    "EventMeta",
    "ForwardEndpointMetrics",
    "ForwardEvent",
    "ForwardMetricsFilter",
    "ForwardMetricsSummary",
    "ForwardRequestMetrics",
    "ForwardStatus",
    "ForwardTokenDetails",
    "GoldCheckpoint",
    "GoldConfidence",
    "GoldDecision",
    "HookResult",
    "MetricsDateFilter",
    "MetricsEvent",
    "MetricsSummary",
    "ModelMetrics",
    "ModelMetricsDateFilter",
    "PendingQuestionSource",
    "PeriodMetrics",
    "PlanModeStatus",
    "PromptMemoryExposureItem",
    "PromptMemoryExposureObservation",
    "PromptMemoryRecallOutcome",
    "ProviderPromptUsage",
    "Role",
    "RoundMetrics",
    "RoundStatus",
    "SessionDetail",
    "SessionKind",
    "SessionMetrics",
    "SessionMetricsFilter",
    "SessionStatus",
    "SystemEvent",
    "TaskBlocker",
    "TaskBlockerKind",
    "TaskEvidence",
    "TaskEvidenceKind",
    "TaskItem",
    "TaskItemStatus",
    "TaskList",
    "TaskPhase",
    "TaskPriority",
    "TaskTransition",
    "TitleSource",
    "TokenBudgetUsage",
    "TokenUsage",
    "ToolCallCompletion",
    "ToolCallMetrics",
    "ToolResult",
    "ToolResultImage",
    "aggregate_monthly",
    "aggregate_weekly",
    "decode_agent_event",
    "decode_change_event",
    "decode_metrics_event",
    "decode_record",
    "encode_agent_event",
    "encode_change_event",
    "encode_metrics_event",
    "encode_record",
]
