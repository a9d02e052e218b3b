"""What is asked before content is captured, and what is answered (rules R50 to R55)."""

from __future__ import annotations

from attrs import field, frozen

from agent_otel.model.agent_sdk.policy import ContentCapturePolicy
from agent_otel.model.agent_sdk.refs import PolicyRef
from agent_otel.model.agent_sdk.sinks import TelemetrySinkSpec
from agent_otel.model.agent_sdk.telemetry_kinds import TelemetryContentCaptureMode
from agent_otel.model.agent_sdk.words import known_word, redacted
from agent_otel.model.lossless import LosslessRecord

__all__ = ["TelemetryContentCaptureDecision", "TelemetryContentCaptureRequest"]


@frozen(kw_only=True)
class TelemetryContentCaptureRequest(LosslessRecord):
    """What is asked.

    Args:
        source_permits_content: Whether the source lets this content go, besides what the policy says of sources.
        retention_active: Whether the content is still to be kept.
        deterministic_sample_included: Whether sampling chose it.
        requested_bytes: Its size.
    """

    policy: ContentCapturePolicy
    sink: TelemetrySinkSpec
    requested_mode: TelemetryContentCaptureMode | str = field(repr=known_word)
    source_permits_content: bool
    retention_active: bool
    deterministic_sample_included: bool
    requested_bytes: int
    redaction_policy_id: str = field(repr=redacted)


@frozen(kw_only=True)
class TelemetryContentCaptureDecision(LosslessRecord):
    """What is answered."""

    allowed: bool
    requested_mode: TelemetryContentCaptureMode | str = field(repr=known_word)
    effective_mode: TelemetryContentCaptureMode | str = field(repr=known_word)
    reason: str = field(repr=False)
    redaction_policy_id: str = field(repr=redacted)
    policy_refs: tuple[PolicyRef, ...]
