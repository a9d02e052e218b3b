"""Members of what stands around the contract's telemetry: sinks, fan-out, and decisions on content."""

from __future__ import annotations

from typing import Final

from agent_otel.model.agent_sdk import (
    ContentCaptureMode,
    ContentCapturePolicy,
    TelemetryAuthorityBoundary,
    TelemetryContentCaptureDecision,
    TelemetryContentCaptureRequest,
    TelemetryDrainReport,
    TelemetryFanoutConfig,
    TelemetryFanoutReport,
    TelemetryOverflowPolicy,
    TelemetrySinkAck,
    TelemetrySinkError,
    TelemetrySinkIsolationPolicy,
    TelemetrySinkSpec,
)
from agent_otel.sources.agent_sdk.codec_events import POLICY_REF
from agent_otel.sources.agent_sdk.codec_shapes import COUNT, U64, items
from agent_otel.sources.agent_sdk.codec_telemetry import CAPTURE_MODE, EXPORT_CURSOR, FAILURE_KIND, RECORD, SINK
from agent_otel.sources.codec import RecordCodec
from agent_otel.sources.fields import FLAG, TEXT, list_of, nested, optional, word

__all__ = [
    "AUTHORITY_BOUNDARY",
    "CAPTURE_DECISION",
    "CAPTURE_POLICY",
    "CAPTURE_REQUEST",
    "DRAIN_REPORT",
    "FANOUT_CONFIG",
    "FANOUT_REPORT",
    "SINK_ACK",
    "SINK_ERROR",
    "SINK_SPEC",
]

_RECORDS: Final = {"records": items(nested(RECORD))}
FANOUT_REPORT: Final = RecordCodec(TelemetryFanoutReport, {"enqueued": U64, "dropped": U64, **_RECORDS})
DRAIN_REPORT: Final = RecordCodec(TelemetryDrainReport, {"exported": U64, **_RECORDS})
FANOUT_CONFIG: Final = RecordCodec(
    TelemetryFanoutConfig,
    {
        "queue_capacity": COUNT,
        "terminal_reserve": COUNT,
        "overflow": word(TelemetryOverflowPolicy),
        "sink_isolation": word(TelemetrySinkIsolationPolicy),
    },
)
SINK_SPEC: Final = RecordCodec(
    TelemetrySinkSpec,
    {
        **SINK,
        "content_capture": CAPTURE_MODE,
        "queue_capacity": COUNT,
        "terminal_reserve": COUNT,
        "requires_idempotent_replay": FLAG,
    },
)
SINK_ACK: Final = RecordCodec(TelemetrySinkAck, {"cursor": nested(EXPORT_CURSOR), "accepted_duplicate": FLAG})
SINK_ERROR: Final = RecordCodec(
    TelemetrySinkError,
    {"failure_kind": FAILURE_KIND, "redacted_summary": TEXT, "unsafe_pending_reason": optional(TEXT)},
)
CAPTURE_POLICY: Final = RecordCodec(
    ContentCapturePolicy,
    {
        "policy_ref": nested(POLICY_REF),
        "mode": word(ContentCaptureMode),
        "source_permits_content": FLAG,
        "sink_permits_content": FLAG,
        "redaction_required": FLAG,
        "retention_required": FLAG,
        "sampling_required": FLAG,
        "byte_limit": U64,
    },
)
CAPTURE_REQUEST: Final = RecordCodec(
    TelemetryContentCaptureRequest,
    {
        "policy": nested(CAPTURE_POLICY),
        "sink": nested(SINK_SPEC),
        "requested_mode": CAPTURE_MODE,
        "source_permits_content": FLAG,
        "retention_active": FLAG,
        "deterministic_sample_included": FLAG,
        "requested_bytes": U64,
        "redaction_policy_id": TEXT,
    },
)
CAPTURE_DECISION: Final = RecordCodec(
    TelemetryContentCaptureDecision,
    {
        "allowed": FLAG,
        "requested_mode": CAPTURE_MODE,
        "effective_mode": CAPTURE_MODE,
        "reason": TEXT,
        "redaction_policy_id": TEXT,
        "policy_refs": list_of(nested(POLICY_REF)),
    },
)
AUTHORITY_BOUNDARY: Final = RecordCodec(
    TelemetryAuthorityBoundary,
    {
        "can_decide_run_state": FLAG,
        "can_decide_policy_outcome": FLAG,
        "can_decide_output_delivery": FLAG,
        "can_decide_side_effect_status": FLAG,
    },
)
