"""What a sink of telemetry is, and how it answers an export."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import ge

from agent_otel.model.agent_sdk.errors import AgentError, AgentErrorKind, RetryClassification
from agent_otel.model.agent_sdk.telemetry_cursors import TelemetryExportCursor
from agent_otel.model.agent_sdk.telemetry_kinds import (
    TelemetryContentCaptureMode,
    TelemetrySinkFailureKind,
    TelemetrySinkKind,
)
from agent_otel.model.agent_sdk.words import evolved, known_word, redacted
from agent_otel.model.lossless import LosslessRecord

__all__ = ["TelemetrySinkAck", "TelemetrySinkError", "TelemetrySinkSpec"]


@frozen(kw_only=True)
class TelemetrySinkSpec(LosslessRecord):
    """What a sink is.

    Args:
        queue_capacity: How many projections may wait for it; at least 1.
        terminal_reserve: How many of these places only terminal ones may take; at least 1.
        requires_idempotent_replay: Whether the sink tells repetitions apart; false makes a repair unsafe (rule R47).

    Raises:
        ValueError: If capacity or reserve is less than 1.
    """

    sink_id: str = field(repr=redacted)
    sink_kind: TelemetrySinkKind | str = field(repr=known_word)
    content_capture: TelemetryContentCaptureMode | str = field(repr=known_word)
    queue_capacity: int = field(validator=ge(1))
    terminal_reserve: int = field(validator=ge(1))
    requires_idempotent_replay: bool

    @classmethod
    def safe_local_diagnostic(cls, sink_id: str) -> TelemetrySinkSpec:
        """Make the spec of a local diagnostic sink without content."""
        return cls(
            sink_id=sink_id,
            sink_kind=TelemetrySinkKind.LocalDiagnostic,
            content_capture=TelemetryContentCaptureMode.Off,
            queue_capacity=64,
            terminal_reserve=4,
            requires_idempotent_replay=True,
        )

    @classmethod
    def test(cls, sink_id: str, queue_capacity: int) -> TelemetrySinkSpec:
        """Make the spec of a sink for tests."""
        return cls(
            sink_id=sink_id,
            sink_kind=TelemetrySinkKind.Test,
            content_capture=TelemetryContentCaptureMode.Off,
            queue_capacity=queue_capacity,
            terminal_reserve=1,
            requires_idempotent_replay=True,
        )

    def with_content_capture(self, mode: TelemetryContentCaptureMode) -> TelemetrySinkSpec:
        """Give the spec with another capture mode."""
        return evolved(self, content_capture=mode)

    def with_terminal_reserve(self, terminal_reserve: int) -> TelemetrySinkSpec:
        """Give the spec with another reserve."""
        return evolved(self, terminal_reserve=terminal_reserve)


@frozen(kw_only=True)
class TelemetrySinkAck(LosslessRecord):
    """A sink took an export, or had it already."""

    cursor: TelemetryExportCursor
    accepted_duplicate: bool

    @classmethod
    def accepted(cls, cursor: TelemetryExportCursor) -> TelemetrySinkAck:
        """Make the answer to an export that is new."""
        return cls(cursor=cursor, accepted_duplicate=False)

    @classmethod
    def duplicate(cls, cursor: TelemetryExportCursor) -> TelemetrySinkAck:
        """Make the answer to an export that the sink had already."""
        return cls(cursor=cursor, accepted_duplicate=True)


@frozen(kw_only=True)
class TelemetrySinkError(LosslessRecord):
    """A sink did not take an export. A value: the contract's sinks return it, and ``into_agent_error`` raises."""

    failure_kind: TelemetrySinkFailureKind | str = field(repr=known_word)
    redacted_summary: str = field(repr=False)
    unsafe_pending_reason: str | None = field(default=None, repr=False)

    @classmethod
    def unavailable(cls, summary: str) -> TelemetrySinkError:
        """Make the answer of a sink that cannot be reached."""
        return cls(failure_kind=TelemetrySinkFailureKind.SinkUnavailable, redacted_summary=summary)

    @classmethod
    def schema_mismatch(cls, summary: str) -> TelemetrySinkError:
        """Make the answer of a sink that does not know the schema."""
        return cls(failure_kind=TelemetrySinkFailureKind.SchemaMismatch, redacted_summary=summary)

    def into_agent_error(self) -> AgentError:
        """Give the exception for it."""
        return AgentError.new(AgentErrorKind.TelemetryFailure, RetryClassification.RepairNeeded, self.redacted_summary)
