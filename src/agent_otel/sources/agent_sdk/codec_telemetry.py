"""Members of the contract's telemetry: projection and records, and the cursors, units and health in them."""

from __future__ import annotations

from typing import Final

from agent_otel.model.agent_sdk import (
    CostEstimateStatus,
    CostTelemetryRecord,
    CostUnits,
    EventFamily,
    EventKind,
    TelemetryContentCaptureMode,
    TelemetryExportCursor,
    TelemetryExportCursorRecord,
    TelemetryProjection,
    TelemetryProjectionKind,
    TelemetryRecord,
    TelemetryRecordPayload,
    TelemetrySinkFailureKind,
    TelemetrySinkFailureRecord,
    TelemetrySinkHealth,
    TelemetrySinkHealthState,
    TelemetrySinkKind,
    TelemetrySinkRecoveryRecord,
    TelemetrySourceCursor,
    TelemetrySourceRecord,
    TelemetryTerminalStatus,
    UsageTelemetryRecord,
    UsageUnits,
)
from agent_otel.sources.agent_sdk.codec_events import (
    DESTINATION_REF,
    ENTITY_REF,
    EVENT_CURSOR,
    POLICY_REF,
    PRIVACY,
    RETENTION,
    SOURCE_REF,
)
from agent_otel.sources.agent_sdk.codec_shapes import (
    IDENTIFIER,
    U16,
    U32,
    U64,
    OpenTaggedCodec,
    items,
    maybe,
)
from agent_otel.sources.codec import RecordCodec
from agent_otel.sources.fields import FLAG, TEXT, nested, optional, word

__all__ = [
    "CAPTURE_MODE",
    "COST_UNITS",
    "EXPORT_CURSOR",
    "FAILURE_KIND",
    "PROJECTION",
    "RECORD",
    "SINK",
    "SINK_HEALTH",
    "SOURCE_CURSOR",
    "USAGE_UNITS",
]

CAPTURE_MODE: Final = word(TelemetryContentCaptureMode)
FAILURE_KIND: Final = word(TelemetrySinkFailureKind)
SINK: Final = {"sink_id": TEXT, "sink_kind": word(TelemetrySinkKind)}
_MODEL: Final = {"provider_id": maybe(TEXT), "model_id": maybe(TEXT)}

SOURCE_CURSOR: Final[OpenTaggedCodec[TelemetrySourceCursor]] = OpenTaggedCodec(
    "type",
    {
        "journal": (TelemetrySourceCursor.Journal, {"cursor": IDENTIFIER}),
        "event": (TelemetrySourceCursor.Event, {"cursor": nested(EVENT_CURSOR)}),
        "archive": (TelemetrySourceCursor.Archive, {"cursor": TEXT}),
        "usage": (TelemetrySourceCursor.Usage, {"cursor": TEXT}),
        "cost": (TelemetrySourceCursor.Cost, {"cursor": TEXT}),
    },
    TelemetrySourceCursor.Other,
)
_SOURCE_CURSOR: Final = nested(SOURCE_CURSOR)
EXPORT_CURSOR: Final = RecordCodec(
    TelemetryExportCursor,
    {
        "sink_id": TEXT,
        "export_seq": U64,
        "last_acknowledged_source": maybe(_SOURCE_CURSOR),
        "last_attempted_source": maybe(_SOURCE_CURSOR),
        "sink_dedupe_key": maybe(IDENTIFIER),
    },
)
_EXPORT_CURSOR: Final = nested(EXPORT_CURSOR)
USAGE_UNITS: Final = RecordCodec(
    UsageUnits,
    {
        "input_tokens": maybe(U32),
        "output_tokens": maybe(U32),
        "total_tokens": maybe(U32),
        "bytes": maybe(U64),
        "media_duration_ms": maybe(U64),
    },
)
COST_UNITS: Final = RecordCodec(
    CostUnits,
    {
        "amount_micros": U64,
        "currency": TEXT,
        "rate_table_version": TEXT,
        "estimate_status": word(CostEstimateStatus),
    },
)
SINK_HEALTH: Final = RecordCodec(
    TelemetrySinkHealth,
    {
        **SINK,
        "state": word(TelemetrySinkHealthState),
        "failure_kind": optional(FAILURE_KIND),
        "terminal_preserved": FLAG,
        "dropped_count": U64,
        "export_cursor": maybe(_EXPORT_CURSOR),
        "unsafe_pending_reason": maybe(TEXT),
    },
)
_SOURCE_RECORD: Final = RecordCodec(
    TelemetrySourceRecord,
    {
        "event_family": word(EventFamily),
        "event_kind": word(EventKind),
        "event_cursor": maybe(nested(EVENT_CURSOR)),
        "source_cursor": maybe(_SOURCE_CURSOR),
    },
)
_GOVERNED: Final = {
    "runtime_package_fingerprint": TEXT,
    "privacy": PRIVACY,
    "retention": RETENTION,
    "content_capture": CAPTURE_MODE,
    "redaction_policy_id": TEXT,
    "policy_refs": items(nested(POLICY_REF)),
}
PROJECTION: Final = RecordCodec(
    TelemetryProjection,
    {
        "schema_version": U16,
        "projection_id": TEXT,
        "projection_kind": word(TelemetryProjectionKind),
        "source_record": nested(_SOURCE_RECORD),
        "run_id": IDENTIFIER,
        "agent_id": IDENTIFIER,
        "turn_id": maybe(IDENTIFIER),
        "attempt_id": maybe(IDENTIFIER),
        "event_id": maybe(IDENTIFIER),
        "journal_cursor": maybe(IDENTIFIER),
        "trace_id": maybe(IDENTIFIER),
        "span_id": maybe(IDENTIFIER),
        "source": nested(SOURCE_REF),
        "destination": maybe(nested(DESTINATION_REF)),
        "subject_ref": nested(ENTITY_REF),
        **_GOVERNED,
        **_MODEL,
        "tool_name": maybe(TEXT),
        "usage": maybe(nested(USAGE_UNITS)),
        "cost": maybe(nested(COST_UNITS)),
        "terminal_status": maybe(word(TelemetryTerminalStatus)),
        "sink_health": maybe(nested(SINK_HEALTH)),
        "redacted_summary": TEXT,
        "raw_content": maybe(TEXT),
    },
)

_USAGE_RECORD: Final = RecordCodec(
    UsageTelemetryRecord, {"usage_record_id": TEXT, "units": nested(USAGE_UNITS), **_MODEL}
)
_COST_RECORD: Final = RecordCodec(
    CostTelemetryRecord, {"cost_record_id": TEXT, "units": nested(COST_UNITS), "correction_ref": maybe(TEXT)}
)
_FAILURE_RECORD: Final = RecordCodec(
    TelemetrySinkFailureRecord,
    {
        **SINK,
        "failure_kind": FAILURE_KIND,
        "terminal_preserved": FLAG,
        "dropped_count": U64,
        "last_acknowledged_cursor": optional(_EXPORT_CURSOR),
        "repair_cursor": optional(_SOURCE_CURSOR),
        "unsafe_pending_reason": optional(TEXT),
        "redacted_summary": TEXT,
    },
)
_RECOVERY_RECORD: Final = RecordCodec(
    TelemetrySinkRecoveryRecord, {**SINK, "export_cursor": _EXPORT_CURSOR, "redacted_summary": TEXT}
)
_CURSOR_RECORD: Final = RecordCodec(TelemetryExportCursorRecord, {"cursor": _EXPORT_CURSOR})
_PAYLOAD: Final[OpenTaggedCodec[TelemetryRecordPayload]] = OpenTaggedCodec(
    "type",
    {
        "usage": (TelemetryRecordPayload.Usage, {"record": nested(_USAGE_RECORD)}),
        "cost": (TelemetryRecordPayload.Cost, {"record": nested(_COST_RECORD)}),
        "sink_failed": (TelemetryRecordPayload.SinkFailed, {"record": nested(_FAILURE_RECORD)}),
        "sink_recovered": (TelemetryRecordPayload.SinkRecovered, {"record": nested(_RECOVERY_RECORD)}),
        "export_cursor": (TelemetryRecordPayload.ExportCursor, {"record": nested(_CURSOR_RECORD)}),
    },
    TelemetryRecordPayload.Other,
)
RECORD: Final = RecordCodec(
    TelemetryRecord,
    {
        "schema_version": U16,
        "record_id": TEXT,
        "run_id": IDENTIFIER,
        "agent_id": IDENTIFIER,
        "source_cursor": maybe(_SOURCE_CURSOR),
        **_GOVERNED,
        "payload": nested(_PAYLOAD),
    },
)
