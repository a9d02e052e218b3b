"""What may leave: gates and modes, scrubbing, truncation. Knows nothing of OpenTelemetry."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from agent_otel.model import CaptureMode

if TYPE_CHECKING:
    from agent_otel.policy.attributes import AttributeFilter, Filtering
    from agent_otel.policy.content_policy import DEFAULT_MODES, ContentLimits, ContentPolicy, RawGates, SinkPolicy
    from agent_otel.policy.deciding import Decider, Decision, Subject
    from agent_otel.policy.gates import RAW_GATES, denied_gates, evaluate_content_capture
    from agent_otel.policy.scrubbing import Findings, Limits, Scrubbed, ScrubOptions, Truncated, scrub, truncate
    from agent_otel.policy.sharing import shared_scrubber
    from agent_otel.policy.writing import Writing, Written

_HOMES: Final = {
    "attributes": ("AttributeFilter", "Filtering"),
    "content_policy": ("DEFAULT_MODES", "ContentLimits", "ContentPolicy", "RawGates", "SinkPolicy"),
    "deciding": ("Decider", "Decision", "Subject"),
    "gates": ("RAW_GATES", "denied_gates", "evaluate_content_capture"),
    "scrubbing": ("Findings", "Limits", "ScrubOptions", "Scrubbed", "Truncated", "scrub", "truncate"),
    "sharing": ("shared_scrubber",),
    "writing": ("Writing", "Written"),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "DEFAULT_MODES",
    "RAW_GATES",
    "AttributeFilter",
    "CaptureMode",
    "ContentLimits",
    "ContentPolicy",
    "Decider",
    "Decision",
    "Filtering",
    "Findings",
    "Limits",
    "RawGates",
    "ScrubOptions",
    "Scrubbed",
    "SinkPolicy",
    "Subject",
    "Truncated",
    "Writing",
    "Written",
    "denied_gates",
    "evaluate_content_capture",
    "scrub",
    "shared_scrubber",
    "truncate",
]


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for: the gates need none of the scrubber's table and matcher."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value
