"""The gates of raw content: the source contract's evaluation, exactly, and beside it which gates did not pass.

The contract gives one reason for every miss (R52); a person who asks why needs the names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from agent_otel.model.agent_sdk import (
    ContentCaptureMode,
    TelemetryContentCaptureDecision,
    TelemetryContentCaptureMode,
    TelemetryContentCaptureRequest,
)

__all__ = ["RAW_GATES", "denied_gates", "evaluate_content_capture"]

_Request = TelemetryContentCaptureRequest
_ALLOWED: Final = "content capture is allowed by policy"
_DENIED: Final = "raw content needs every gate of policy, source, sink, retention, sampling and size to pass"

# In the order of R51; each is stated by the name under which a denial tells it.
RAW_GATES: Final[dict[str, Callable[[_Request], bool]]] = {
    "policy_mode": lambda request: request.policy.mode is ContentCaptureMode.RawContent,
    "policy_source_permits": lambda request: request.policy.source_permits_content,
    "policy_sink_permits": lambda request: request.policy.sink_permits_content,
    "redaction_required": lambda request: request.policy.redaction_required,
    "retention_required": lambda request: request.policy.retention_required,
    "sampling_required": lambda request: request.policy.sampling_required,
    "byte_limit": lambda request: request.policy.byte_limit > 0,
    "source_permits": lambda request: request.source_permits_content,
    "sink_mode": lambda request: request.sink.content_capture is TelemetryContentCaptureMode.RawContent,
    "retention_active": lambda request: request.retention_active,
    "sampled": lambda request: request.deterministic_sample_included,
    "requested_bytes": lambda request: 0 < request.requested_bytes <= request.policy.byte_limit,
}


def denied_gates(request: TelemetryContentCaptureRequest) -> tuple[str, ...]:
    """Name the gates that keep a request for raw content from passing; none for any other mode (R50).

    Args:
        request: What is asked.
    """
    if request.requested_mode is not TelemetryContentCaptureMode.RawContent:
        return ()
    return tuple(name for name, passes in RAW_GATES.items() if not passes(request))


def evaluate_content_capture(request: TelemetryContentCaptureRequest) -> TelemetryContentCaptureDecision:
    """Decide what a request for content gets (R50 to R55).

    Args:
        request: What is asked.

    Returns:
        The decision: every mode but raw is allowed as it was asked for (R50), raw only if all gates pass (R51), else it
        falls to ``redacted_summary`` (R52). Capping by policy and sink is the bridge's, around this.
    """
    allowed = not denied_gates(request)
    return TelemetryContentCaptureDecision(
        allowed=allowed,
        requested_mode=request.requested_mode,
        effective_mode=request.requested_mode if allowed else TelemetryContentCaptureMode.RedactedSummary,
        reason=_ALLOWED if allowed else _DENIED,
        redaction_policy_id=request.redaction_policy_id,
        policy_refs=(request.policy.policy_ref,),
    )
