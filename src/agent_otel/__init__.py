"""OpenTelemetry for AI agents: what an agent did, as spans and metrics, with nothing leaving that should not.

PYTEST_DONT_REWRITE: pytest rewrites what has a plugin, and warns where it comes too late: under auto-instrumentation.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from agent_otel._version import __version__

if TYPE_CHECKING:
    from agent_otel.bridge import Bridge, Health, ModelCall, Retrieval, Run, ToolCall
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
    "Retrieval",
    "Run",
    "SettingsError",
    "SourceError",
    "ToolCall",
    "UnknownSource",
    "UsageError",
    "__version__",
]

# pytest loads this package in every run, for the sake of its plugin: nothing else is loaded before it is asked for.
_OF_BRIDGE: Final = ("Bridge", "Health", "ModelCall", "Retrieval", "Run", "ToolCall")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = import_module(f"{__name__}.{'bridge' if name in _OF_BRIDGE else 'model'}")
    value = globals()[name] = getattr(room, name)
    return value
