"""OpenTelemetry for AI agents: what an agent did, as spans and metrics, with nothing leaving that should not."""

from agent_otel._version import __version__
from agent_otel.bridge import Bridge, Health, ModelCall, Run, ToolCall
from agent_otel.model import (
    AgentEvent,
    AgentOtelError,
    IntakeError,
    Outcome,
    RecordRejected,
    SettingsError,
    SourceError,
    UnknownSource,
    UsageError,
)

__all__ = [
    "AgentEvent",
    "AgentOtelError",
    "Bridge",
    "Health",
    "IntakeError",
    "ModelCall",
    "Outcome",
    "RecordRejected",
    "Run",
    "SettingsError",
    "SourceError",
    "ToolCall",
    "UnknownSource",
    "UsageError",
    "__version__",
]
