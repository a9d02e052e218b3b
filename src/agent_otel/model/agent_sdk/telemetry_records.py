"""``TelemetryRecord``: what telemetry says about itself: usage, cost, a sink's failure and recovery, its cursor."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import field, frozen

from agent_otel.model.agent_sdk.accounting import CostUnits, UsageUnits
from agent_otel.model.agent_sdk.errors import AgentError
from agent_otel.model.agent_sdk.privacy import PrivacyClass, RetentionClass
from agent_otel.model.agent_sdk.projection import TELEMETRY_SCHEMA_VERSION, TelemetryProjection
from agent_otel.model.agent_sdk.refs import PolicyRef
from agent_otel.model.agent_sdk.telemetry_cursors import TelemetryExportCursor, TelemetrySourceCursor
from agent_otel.model.agent_sdk.telemetry_kinds import (
    TelemetryContentCaptureMode,
    TelemetrySinkFailureKind,
    TelemetrySinkKind,
)
from agent_otel.model.agent_sdk.words import known_word, redacted, variant_of
from agent_otel.model.lossless import LosslessRecord

__all__ = [
    "CostTelemetryRecord",
    "TelemetryExportCursorRecord",
    "TelemetryRecord",
    "TelemetryRecordPayload",
    "TelemetrySinkFailureRecord",
    "TelemetrySinkRecoveryRecord",
    "UsageTelemetryRecord",
]


@frozen(kw_only=True)
class UsageTelemetryRecord(LosslessRecord):
    """What was used."""

    usage_record_id: str = field(repr=redacted)
    units: UsageUnits
    provider_id: str | None = field(default=None, repr=redacted)
    model_id: str | None = field(default=None, repr=redacted)


@frozen(kw_only=True)
class CostTelemetryRecord(LosslessRecord):
    """What it cost; a correction names the record that it corrects, and comes beside it."""

    cost_record_id: str = field(repr=redacted)
    units: CostUnits
    correction_ref: str | None = field(default=None, repr=redacted)


@frozen(kw_only=True)
class TelemetrySinkFailureRecord(LosslessRecord):
    """That a sink failed.

    Args:
        terminal_preserved: Whether nothing terminal was lost by it.
        dropped_count: How many the sink has dropped in its life (rule R35).
        repair_cursor: Where a repair has to begin.
        unsafe_pending_reason: Why a repair cannot be repeated safely (rule R47).
    """

    sink_id: str = field(repr=redacted)
    sink_kind: TelemetrySinkKind | str = field(repr=known_word)
    failure_kind: TelemetrySinkFailureKind | str = field(repr=known_word)
    terminal_preserved: bool
    dropped_count: int
    last_acknowledged_cursor: TelemetryExportCursor | None = None
    repair_cursor: TelemetrySourceCursor | None = None
    unsafe_pending_reason: str | None = field(default=None, repr=False)
    redacted_summary: str = field(repr=False)


@frozen(kw_only=True)
class TelemetrySinkRecoveryRecord(LosslessRecord):
    """That a sink works again."""

    sink_id: str = field(repr=redacted)
    sink_kind: TelemetrySinkKind | str = field(repr=known_word)
    export_cursor: TelemetryExportCursor
    redacted_summary: str = field(repr=False)


@frozen(kw_only=True)
class TelemetryExportCursorRecord(LosslessRecord):
    """How far a sink has come."""

    cursor: TelemetryExportCursor


@frozen(kw_only=True)
class TelemetryRecordPayload(LosslessRecord):
    """What a record says: each variant holds a ``record``."""

    Usage: ClassVar[type[_Usage]]
    Cost: ClassVar[type[_Cost]]
    SinkFailed: ClassVar[type[_SinkFailed]]
    SinkRecovered: ClassVar[type[_SinkRecovered]]
    ExportCursor: ClassVar[type[_ExportCursor]]
    Other: ClassVar[type[_Other]]

    @property
    def record(self) -> Any:
        """What the variant holds; None where it is not known."""
        return None


@variant_of(TelemetryRecordPayload)
@frozen
class _Usage(TelemetryRecordPayload):
    """What was used."""

    record: UsageTelemetryRecord


@variant_of(TelemetryRecordPayload)
@frozen
class _Cost(TelemetryRecordPayload):
    """What it cost."""

    record: CostTelemetryRecord


@variant_of(TelemetryRecordPayload)
@frozen
class _SinkFailed(TelemetryRecordPayload):
    """A sink failed."""

    record: TelemetrySinkFailureRecord


@variant_of(TelemetryRecordPayload)
@frozen
class _SinkRecovered(TelemetryRecordPayload):
    """A sink works again."""

    record: TelemetrySinkRecoveryRecord


@variant_of(TelemetryRecordPayload)
@frozen
class _ExportCursor(TelemetryRecordPayload):
    """How far a sink has come."""

    record: TelemetryExportCursorRecord


@variant_of(TelemetryRecordPayload)
@frozen
class _Other(TelemetryRecordPayload):
    """A payload that this model does not know, as it was written."""

    value: Any = field(repr=False)


@frozen(kw_only=True)
class TelemetryRecord(LosslessRecord):
    """What telemetry says about itself; its constructors take what they share from a projection."""

    schema_version: int = TELEMETRY_SCHEMA_VERSION
    record_id: str = field(repr=redacted)
    run_id: str = field(repr=redacted)
    agent_id: str = field(repr=redacted)
    source_cursor: TelemetrySourceCursor | None = None
    runtime_package_fingerprint: str = field(repr=redacted)
    privacy: PrivacyClass | str = field(repr=known_word)
    retention: RetentionClass | str = field(repr=known_word)
    content_capture: TelemetryContentCaptureMode | str = field(repr=known_word)
    redaction_policy_id: str = field(repr=redacted)
    policy_refs: tuple[PolicyRef, ...] = ()
    payload: TelemetryRecordPayload

    @classmethod
    def usage(cls, record_id: str, projection: TelemetryProjection, usage_record_id: str) -> TelemetryRecord:
        """Make the record of a projection's usage; one without usage gives units of which nothing is known."""
        usage = UsageTelemetryRecord(
            usage_record_id=usage_record_id,
            units=projection.usage or UsageUnits(),
            provider_id=projection.provider_id,
            model_id=projection.model_id,
        )
        return cls._from_projection(record_id, projection, TelemetryRecordPayload.Usage(usage))

    @classmethod
    def cost(
        cls, record_id: str, projection: TelemetryProjection, cost_record_id: str, correction_ref: str | None = None
    ) -> TelemetryRecord:
        """Make the record of a projection's cost.

        Raises:
            AgentError: If the projection has no cost.
        """
        if projection.cost is None:
            raise AgentError.missing_required_field("telemetry.cost")
        cost = CostTelemetryRecord(cost_record_id=cost_record_id, units=projection.cost, correction_ref=correction_ref)
        return cls._from_projection(record_id, projection, TelemetryRecordPayload.Cost(cost))

    @classmethod
    def sink_failed(
        cls, record_id: str, projection: TelemetryProjection, failure: TelemetrySinkFailureRecord
    ) -> TelemetryRecord:
        """Make the record of a sink's failure at a projection."""
        return cls._from_projection(record_id, projection, TelemetryRecordPayload.SinkFailed(failure))

    @classmethod
    def sink_recovered(
        cls, record_id: str, projection: TelemetryProjection, recovery: TelemetrySinkRecoveryRecord
    ) -> TelemetryRecord:
        """Make the record of a sink's recovery at a projection."""
        return cls._from_projection(record_id, projection, TelemetryRecordPayload.SinkRecovered(recovery))

    @classmethod
    def export_cursor(
        cls, record_id: str, projection: TelemetryProjection, cursor: TelemetryExportCursor
    ) -> TelemetryRecord:
        """Make the record of a sink's cursor at a projection."""
        told = TelemetryExportCursorRecord(cursor=cursor)
        return cls._from_projection(record_id, projection, TelemetryRecordPayload.ExportCursor(told))

    @classmethod
    def _from_projection(
        cls, record_id: str, projection: TelemetryProjection, payload: TelemetryRecordPayload
    ) -> TelemetryRecord:
        return cls(
            record_id=record_id,
            run_id=projection.run_id,
            agent_id=projection.agent_id,
            source_cursor=projection.source_record.source_cursor,
            runtime_package_fingerprint=projection.runtime_package_fingerprint,
            privacy=projection.privacy,
            retention=projection.retention,
            content_capture=projection.content_capture,
            redaction_policy_id=projection.redaction_policy_id,
            policy_refs=projection.policy_refs,
            payload=payload,
        )
