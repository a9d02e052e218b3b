"""What an agent did, normalised: ``AgentEvent`` and its parts, and the contract types that several rooms share."""

from agent_otel.model.capture_mode import CaptureMode
from agent_otel.model.content import Content, JsonContent
from agent_otel.model.delivery_class import DeliveryClass
from agent_otel.model.errors import (
    AgentOtelError,
    IntakeError,
    RecordRejected,
    SettingsError,
    SourceError,
    UnknownSource,
    UsageError,
)
from agent_otel.model.event import (
    NO_IDS,
    NO_NAMES,
    AgentEvent,
    Cost,
    Cursor,
    EventIds,
    Names,
    Origin,
    Usage,
)
from agent_otel.model.lossless import LosslessRecord
from agent_otel.model.times import MAX_TIME_NS, NANOS_PER_MILLI, NANOS_PER_SECOND, parse_rfc3339, render_rfc3339
from agent_otel.model.vocabulary import (
    ContentKind,
    CostStatus,
    EventKind,
    Fact,
    Outcome,
    Phase,
    outcome_of_status,
)

__all__ = [
    "MAX_TIME_NS",
    "NANOS_PER_MILLI",
    "NANOS_PER_SECOND",
    "NO_IDS",
    "NO_NAMES",
    "AgentEvent",
    "AgentOtelError",
    "CaptureMode",
    "Content",
    "ContentKind",
    "Cost",
    "CostStatus",
    "Cursor",
    "DeliveryClass",
    "EventIds",
    "EventKind",
    "Fact",
    "IntakeError",
    "JsonContent",
    "LosslessRecord",
    "Names",
    "Origin",
    "Outcome",
    "Phase",
    "RecordRejected",
    "SettingsError",
    "SourceError",
    "UnknownSource",
    "Usage",
    "UsageError",
    "outcome_of_status",
    "parse_rfc3339",
    "render_rfc3339",
]
