"""The words of the contract's telemetry: kinds, modes, statuses and states."""

from __future__ import annotations

from agent_otel.model.agent_sdk.words import Word

__all__ = [
    "CostEstimateStatus",
    "TelemetryContentCaptureMode",
    "TelemetryProjectionKind",
    "TelemetrySinkFailureKind",
    "TelemetrySinkHealthState",
    "TelemetrySinkKind",
    "TelemetryTerminalStatus",
]


class TelemetrySinkKind(Word):
    """What a sink is."""

    OpenTelemetry = "open_telemetry"
    DurableTrace = "durable_trace"
    LocalDiagnostic = "local_diagnostic"
    CliSummary = "cli_summary"
    Test = "test"


class TelemetryContentCaptureMode(Word):
    """How much content telemetry may carry."""

    Off = "off"
    MetadataOnly = "metadata_only"
    RedactedSummary = "redacted_summary"
    PayloadRefs = "payload_refs"
    RawContent = "raw_content"

    @classmethod
    def default(cls) -> TelemetryContentCaptureMode:
        """Give the mode that carries nothing."""
        return cls.Off

    def captures_raw_content(self) -> bool:
        """Whether it is the mode that carries raw content."""
        return self is TelemetryContentCaptureMode.RawContent


class TelemetryProjectionKind(Word):
    """What a projection tells."""

    Progress = "progress"
    RunTerminal = "run_terminal"
    Usage = "usage"
    CostEstimate = "cost_estimate"
    CostCorrection = "cost_correction"
    SinkHealth = "sink_health"
    RepairCursor = "repair_cursor"

    def is_terminal_preserved(self) -> bool:
        """Whether it must not be lost under backpressure: everything but progress."""
        return self is not TelemetryProjectionKind.Progress


class TelemetryTerminalStatus(Word):
    """How something ended."""

    Completed = "completed"
    Failed = "failed"
    Cancelled = "cancelled"
    TimedOut = "timed_out"
    Unknown = "unknown"


class CostEstimateStatus(Word):
    """Where a cost comes from."""

    Estimated = "estimated"
    ProviderReported = "provider_reported"
    Corrected = "corrected"


class TelemetrySinkHealthState(Word):
    """How a sink is."""

    Healthy = "healthy"
    Failed = "failed"
    Recovered = "recovered"


class TelemetrySinkFailureKind(Word):
    """Why a sink failed."""

    Overflow = "overflow"
    ExportRejected = "export_rejected"
    Serialization = "serialization"
    SchemaMismatch = "schema_mismatch"
    SinkUnavailable = "sink_unavailable"
