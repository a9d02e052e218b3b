"""What may leave. Knows nothing of OpenTelemetry."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from agent_otel.policy.describe import METADATA_ONLY, content_facts

if TYPE_CHECKING:
    from agent_otel.policy.scrubbing import Findings, Limits, Scrubbed, ScrubOptions, Truncated, scrub, truncate

__all__ = [
    "METADATA_ONLY",
    "Findings",
    "Limits",
    "ScrubOptions",
    "Scrubbed",
    "Truncated",
    "content_facts",
    "scrub",
    "truncate",
]

# Its table and its matcher are loaded when they are first asked for: a bridge that sends no content needs neither.
_OF_SCRUBBING: Final = frozenset({"Findings", "Limits", "ScrubOptions", "Scrubbed", "Truncated", "scrub", "truncate"})


def __getattr__(name: str) -> Any:
    if name not in _OF_SCRUBBING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.scrubbing"), name)
    return value
