"""The content policy of the contract: a capture mode, and what has to hold before raw content may leave (rule R51)."""

from __future__ import annotations

from attrs import field, frozen

from agent_otel.model.agent_sdk.refs import PolicyRef
from agent_otel.model.agent_sdk.words import Word, known_word
from agent_otel.model.lossless import LosslessRecord

__all__ = ["ContentCaptureMode", "ContentCapturePolicy"]


class ContentCaptureMode(Word):
    """How much a policy lets through. Its words are spelled as here, unlike those of events and of telemetry."""

    Off = "Off"
    MetadataOnly = "MetadataOnly"
    RedactedSummary = "RedactedSummary"
    RawContent = "RawContent"


@frozen(kw_only=True)
class ContentCapturePolicy(LosslessRecord):
    """What content may be captured.

    Args:
        redaction_required: States that redaction is required, likewise the next two; false denies raw content (R55).
        byte_limit: Raw content of at most that many bytes; 0 allows none.
    """

    policy_ref: PolicyRef
    mode: ContentCaptureMode | str = field(repr=known_word)
    source_permits_content: bool
    sink_permits_content: bool
    redaction_required: bool
    retention_required: bool
    sampling_required: bool
    byte_limit: int

    @classmethod
    def safe_defaults(cls, policy_ref: PolicyRef) -> ContentCapturePolicy:
        """Make the policy that captures nothing."""
        return cls(
            policy_ref=policy_ref,
            mode=ContentCaptureMode.Off,
            source_permits_content=False,
            sink_permits_content=False,
            redaction_required=True,
            retention_required=True,
            sampling_required=True,
            byte_limit=0,
        )

    def allows_raw_content(self) -> bool:
        """Whether the policy itself would let raw content through (rules R51 and R55)."""
        return (
            self.mode is ContentCaptureMode.RawContent
            and self.source_permits_content
            and self.sink_permits_content
            and self.redaction_required
            and self.retention_required
            and self.sampling_required
            and self.byte_limit > 0
        )
