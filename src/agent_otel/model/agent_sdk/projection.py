"""``TelemetryProjection``: what telemetry may tell of an event: references, counts and a redacted summary.

It has no time, no duration and no tool call id: those are the event's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from agent_otel.model.agent_sdk.accounting import CostUnits, UsageUnits
from agent_otel.model.agent_sdk.cursors import EventCursor
from agent_otel.model.agent_sdk.event_kinds import EventFamily, EventKind
from agent_otel.model.agent_sdk.privacy import PrivacyClass, RetentionClass
from agent_otel.model.agent_sdk.refs import DestinationRef, EntityRef, PolicyRef, SourceRef
from agent_otel.model.agent_sdk.telemetry_cursors import TelemetryExportCursor, TelemetrySourceCursor
from agent_otel.model.agent_sdk.telemetry_kinds import (
    TelemetryContentCaptureMode,
    TelemetryProjectionKind,
    TelemetrySinkFailureKind,
    TelemetrySinkHealthState,
    TelemetrySinkKind,
    TelemetryTerminalStatus,
)
from agent_otel.model.agent_sdk.words import evolved, known_word, redacted
from agent_otel.model.delivery_class import DeliveryClass
from agent_otel.model.lossless import LosslessRecord

__all__ = ["TELEMETRY_SCHEMA_VERSION", "TelemetryProjection", "TelemetrySinkHealth", "TelemetrySourceRecord"]

TELEMETRY_SCHEMA_VERSION: Final = 1
_OTHER_BYTES: Final = 1024

_CLASSES: Final[Mapping[TelemetryProjectionKind, DeliveryClass]] = {
    TelemetryProjectionKind.RunTerminal: DeliveryClass.RUN_END,
    TelemetryProjectionKind.Usage: DeliveryClass.USAGE,
    TelemetryProjectionKind.CostEstimate: DeliveryClass.USAGE,
    TelemetryProjectionKind.CostCorrection: DeliveryClass.USAGE,
    TelemetryProjectionKind.SinkHealth: DeliveryClass.HEALTH,
    TelemetryProjectionKind.RepairCursor: DeliveryClass.HEALTH,
    TelemetryProjectionKind.Progress: DeliveryClass.PROGRESS,
}


@frozen(kw_only=True)
class TelemetrySourceRecord(LosslessRecord):
    """The event that a projection is made of."""

    event_family: EventFamily | str = field(repr=known_word)
    event_kind: EventKind | str = field(repr=known_word)
    event_cursor: EventCursor | None = None
    source_cursor: TelemetrySourceCursor | None = None


@frozen(kw_only=True)
class TelemetrySinkHealth(LosslessRecord):
    """How a sink is."""

    sink_id: str = field(repr=redacted)
    sink_kind: TelemetrySinkKind | str = field(repr=known_word)
    state: TelemetrySinkHealthState | str = field(repr=known_word)
    failure_kind: TelemetrySinkFailureKind | str | None = field(default=None, repr=known_word)
    terminal_preserved: bool
    dropped_count: int
    export_cursor: TelemetryExportCursor | None = None
    unsafe_pending_reason: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class TelemetryProjection(LosslessRecord):
    """What telemetry may tell of an event.

    Args:
        raw_content: Content as it was; only where the capture mode and the sink both say so (rule R37).
    """

    schema_version: int = TELEMETRY_SCHEMA_VERSION
    projection_id: str = field(repr=redacted)
    projection_kind: TelemetryProjectionKind | str = field(repr=known_word)
    source_record: TelemetrySourceRecord
    run_id: str = field(repr=redacted)
    agent_id: str = field(repr=redacted)
    turn_id: str | None = field(default=None, repr=redacted)
    attempt_id: str | None = field(default=None, repr=redacted)
    event_id: str | None = field(default=None, repr=redacted)
    journal_cursor: str | None = field(default=None, repr=redacted)
    trace_id: str | None = field(default=None, repr=redacted)
    span_id: str | None = field(default=None, repr=redacted)
    runtime_package_fingerprint: str = field(repr=redacted)
    source: SourceRef
    destination: DestinationRef | None = None
    subject_ref: EntityRef
    policy_refs: tuple[PolicyRef, ...] = ()
    privacy: PrivacyClass | str = field(repr=known_word)
    retention: RetentionClass | str = field(repr=known_word)
    content_capture: TelemetryContentCaptureMode | str = field(repr=known_word)
    redaction_policy_id: str = field(repr=redacted)
    provider_id: str | None = field(default=None, repr=redacted)
    model_id: str | None = field(default=None, repr=redacted)
    tool_name: str | None = field(default=None, repr=redacted)
    usage: UsageUnits | None = None
    cost: CostUnits | None = None
    terminal_status: TelemetryTerminalStatus | str | None = field(default=None, repr=known_word)
    sink_health: TelemetrySinkHealth | None = None
    redacted_summary: str = field(repr=False)
    raw_content: str | None = field(default=None, repr=False)

    def is_terminal_preserved(self) -> bool:
        """Whether it must not be lost under backpressure; a kind that is not known must not."""
        kind = self.projection_kind
        return not isinstance(kind, TelemetryProjectionKind) or kind.is_terminal_preserved()

    @property
    def delivery_class(self) -> DeliveryClass:
        """Its class in our words; a kind that is not known gets the lowest that must not be lost."""
        kind = self.projection_kind
        return _CLASSES[kind] if isinstance(kind, TelemetryProjectionKind) else DeliveryClass.HEALTH

    @property
    def source_cursor(self) -> TelemetrySourceCursor | None:
        """Where it comes from."""
        return self.source_record.source_cursor

    @property
    def content_mode(self) -> str:
        """Its capture mode."""
        return self.content_capture

    @property
    def has_raw_content(self) -> bool:
        """Whether it holds raw content (rule R37)."""
        return self.raw_content is not None

    @property
    def size(self) -> int:
        """Bytes that it takes in a queue, about: its texts and a fixed amount for all else."""
        texts = (self.redacted_summary, self.raw_content or "")
        return _OTHER_BYTES + sum(len(text.encode(errors="replace")) for text in texts)

    def without_raw_content(self) -> TelemetryProjection:
        """Give the projection without its raw content; the raw mode becomes ``redacted_summary`` (rule R37)."""
        mode = self.content_capture
        if mode is TelemetryContentCaptureMode.RawContent:
            mode = TelemetryContentCaptureMode.RedactedSummary
        return evolved(self, raw_content=None, content_capture=mode)
