"""ZeroClaw: its observer events, dashboard records and log rows, lossless under their own names, and their source."""

from agent_otel.sources.zeroclaw.attribution import (
    ATTRIBUTION_FIELDS,
    COMPOSITE_PREFIXES,
    alias_field,
    is_attribution_field,
    severity_text_from_number,
    type_field,
)
from agent_otel.sources.zeroclaw.codec import (
    decode_observer_event,
    decode_observer_metric,
    encode_observer_event,
    encode_observer_metric,
)
from agent_otel.sources.zeroclaw.dashboard import DashboardEvent, decode_dashboard_event, encode_dashboard_event
from agent_otel.sources.zeroclaw.duration import Duration, DurationForm
from agent_otel.sources.zeroclaw.events import ObserverEvent
from agent_otel.sources.zeroclaw.metrics import ObserverMetric
from agent_otel.sources.zeroclaw.observer import Observer
from agent_otel.sources.zeroclaw.rows import (
    EventDescriptor,
    LogEvent,
    ServiceDescriptor,
    ZeroclawAttribution,
    decode_log_event,
    encode_log_event,
)
from agent_otel.sources.zeroclaw.source import ZeroClawSource
from agent_otel.sources.zeroclaw.types import LlmMessageSnapshot, MessageSnapshot, ToolCallSnapshot, TurnTokenUsage
from agent_otel.sources.zeroclaw.words import Action, EventCategory, EventOutcome, Severity

__all__ = [
    "ATTRIBUTION_FIELDS",
    "COMPOSITE_PREFIXES",
    "Action",
    "DashboardEvent",
    "Duration",
    "DurationForm",
    "EventCategory",
    "EventDescriptor",
    "EventOutcome",
    "LlmMessageSnapshot",
    "LogEvent",
    "MessageSnapshot",
    "Observer",
    "ObserverEvent",
    "ObserverMetric",
    "ServiceDescriptor",
    "Severity",
    "ToolCallSnapshot",
    "TurnTokenUsage",
    "ZeroClawSource",
    "ZeroclawAttribution",
    "alias_field",
    "decode_dashboard_event",
    "decode_log_event",
    "decode_observer_event",
    "decode_observer_metric",
    "encode_dashboard_event",
    "encode_log_event",
    "encode_observer_event",
    "encode_observer_metric",
    "is_attribution_field",
    "severity_text_from_number",
    "type_field",
]
