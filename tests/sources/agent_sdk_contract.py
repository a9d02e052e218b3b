"""Contract values for the tests: one event, one projection, and an example of the JSON of every type and variant."""

from __future__ import annotations

from typing import Any

from agent_otel.model.agent_sdk import (
    AgentEvent,
    ContentCapturePolicy,
    EntityRef,
    EventContentCaptureMode,
    EventDeliverySemantics,
    EventEnvelope,
    EventFamily,
    EventKind,
    EventPayload,
    EventStreamScope,
    PolicyRef,
    PrivacyClass,
    RetentionClass,
    SourceKind,
    SourceRef,
    TelemetryContentCaptureMode,
    TelemetryProjection,
    TelemetryProjectionKind,
    TelemetrySourceRecord,
)

SENTINEL = "words that nobody may see"


def envelope(
    seq: int = 1,
    family: EventFamily | str = EventFamily.Run,
    kind: EventKind | str = EventKind.RunStarted,
    **changes: Any,
) -> EventEnvelope:
    values: dict[str, Any] = {
        "event_id": f"event.{seq}",
        "event_seq": seq,
        "event_family": family,
        "event_kind": kind,
        "timestamp": "2031-02-03T04:05:06Z",
        "recorded_at": "2031-02-03T04:05:07Z",
        "run_id": "run.one",
        "agent_id": "agent.one",
        "turn_id": "turn.one",
        "trace_id": "trace.one",
        "span_id": f"span.{seq}",
        "subject_ref": EntityRef.run("run.one"),
        "source": SourceRef.with_kind(SourceKind.Sdk, "source.loop"),
        "policy_refs": (PolicyRef.new("policy.telemetry"),),
        "delivery_semantics": EventDeliverySemantics.BestEffortLive,
        "privacy": PrivacyClass.ContentRefsOnly,
        "content_capture": EventContentCaptureMode.Off,
        "redaction_policy_id": "policy.redaction",
        "runtime_package_fingerprint": "sha256:package",
    }
    return EventEnvelope(**{**values, **changes})


def event(
    seq: int = 1,
    family: EventFamily | str = EventFamily.Run,
    kind: EventKind | str = EventKind.RunStarted,
    **changes: Any,
) -> AgentEvent:
    return AgentEvent(envelope=envelope(seq, family, kind, **changes), payload=EventPayload.EnvelopeOnly())


def projection(**changes: Any) -> TelemetryProjection:
    told = envelope(4, EventFamily.Model, EventKind.ModelStreamDelta)
    values: dict[str, Any] = {
        "projection_id": "telemetry.progress.4",
        "projection_kind": TelemetryProjectionKind.Progress,
        "source_record": TelemetrySourceRecord(
            event_family=told.event_family,
            event_kind=told.event_kind,
            event_cursor=told.cursor(EventStreamScope.Run(told.run_id)),
        ),
        "run_id": told.run_id,
        "agent_id": told.agent_id,
        "event_id": told.event_id,
        "runtime_package_fingerprint": told.runtime_package_fingerprint,
        "source": told.source,
        "subject_ref": told.subject_ref,
        "policy_refs": told.policy_refs,
        "privacy": told.privacy,
        "retention": RetentionClass.RunScoped,
        "content_capture": TelemetryContentCaptureMode.Off,
        "redaction_policy_id": told.redaction_policy_id,
        "redacted_summary": "progress",
    }
    return TelemetryProjection(**{**values, **changes})


def capture_policy() -> ContentCapturePolicy:
    return ContentCapturePolicy.safe_defaults(PolicyRef.new("policy.content"))


RUN_REF = {"kind": "run", "id": "run.one", "privacy": "content_refs_only"}
SOURCE_REF = {"kind": "sdk", "id": "source.loop", "trust": "host_provided", "privacy": "content_refs_only"}
POLICY_REF = {"kind": "host", "id": "policy.telemetry"}
FULL_SOURCE_REF = {
    **SOURCE_REF,
    "correlation": [{"key": "thread", "value": "thread.9"}],
    "redacted_summary": "who asked",
}
DESTINATION_REF = {
    "kind": "telemetry",
    "id": "destination.telemetry",
    "privacy": "internal",
    "retention": "host_policy",
}
TOOL_REF = {
    "kind": "tool_call",
    "id": "call.one",
    "source": FULL_SOURCE_REF,
    "privacy": "sensitive",
    "redacted_summary": "a call",
}
CAUSE = {"event_id": "event.0", "subject_ref": RUN_REF, "reason": "it came first"}

ENVELOPE: dict[str, Any] = {
    "schema_version": 1,
    "event_id": "event.1",
    "event_seq": 1,
    "event_family": "run",
    "event_kind": "run_started",
    "payload_schema_version": 1,
    "timestamp": "2031-02-03T04:05:06Z",
    "recorded_at": "2031-02-03T04:05:07Z",
    "run_id": "run.one",
    "agent_id": "agent.one",
    "turn_id": "turn.one",
    "trace_id": "trace.one",
    "span_id": "span.1",
    "subject_ref": RUN_REF,
    "correlation": {},
    "source": SOURCE_REF,
    "policy_refs": [POLICY_REF],
    "delivery_semantics": "best_effort_live",
    "privacy": "content_refs_only",
    "content_capture": "off",
    "redaction_policy_id": "policy.redaction",
    "runtime_package_fingerprint": "sha256:package",
}
FULL_ENVELOPE = {
    **ENVELOPE,
    "session_id": "session.one",
    "attempt_id": "attempt.one",
    "message_id": "message.one",
    "context_item_id": "context.one",
    "parent_event_id": "event.0",
    "caused_by": CAUSE,
    "related_refs": [TOOL_REF],
    "causal_refs": [CAUSE],
    "correlation": {"entries": [{"key": "ticket", "value": "ticket.7"}]},
    "tags": ["slow"],
    "destination": {**DESTINATION_REF, "redacted_summary": "the collector"},
    "policy_refs": [{**POLICY_REF, "version": "v2"}],
    "journal_cursor": "journal.1",
    "state_before": "idle",
    "state_after": "running",
}
SUMMARY = {"mode": "redacted_summary", "redacted_summary": "it began"}
EVENT = {"envelope": ENVELOPE, "payload": {"mode": "envelope_only"}}
EVENTS: dict[str, Any] = {
    "envelope only": EVENT,
    "summary": {"envelope": ENVELOPE, "payload": SUMMARY},
    "everything": {"envelope": FULL_ENVELOPE, "payload": {**SUMMARY, "payload_refs": [TOOL_REF, RUN_REF]}},
}

CURSOR = {"scope": {"run": "run.one"}, "event_seq": 9, "event_id": "event.9", "journal_cursor": "journal.9"}
SCOPES: tuple[Any, ...] = (
    "all",
    {"run": "run.one"},
    {"agent": "agent.one"},
    {"filter": {"filter_id": "filter.1", "filter_fingerprint": "sha256:filter"}},
)
ARCHIVE_CURSOR = {"archive_id": "archive.one", "position": "archive.42"}
OVERFLOW = {
    "policy": "drop_non_terminal",
    "dropped_count": 7,
    "gap_end": CURSOR,
    "terminal_preserved": True,
    "reason": "policy_dropped_non_terminal",
}
FULL_OVERFLOW = {**OVERFLOW, "gap_start": CURSOR, "repair_from": "journal.9"}
FRAME = {"event": EVENT, "cursor": CURSOR}
SOURCE_CURSORS: dict[str, Any] = {
    "journal": {"type": "journal", "cursor": "journal.9"},
    "event": {"type": "event", "cursor": CURSOR},
    "archive": {"type": "archive", "cursor": "archive.42"},
    "usage": {"type": "usage", "cursor": "usage.1"},
    "cost": {"type": "cost", "cursor": "cost.1"},
}
EXPORT_CURSOR = {"sink_id": "sink.one", "export_seq": 0}
FULL_EXPORT_CURSOR = {
    "sink_id": "sink.one",
    "export_seq": 3,
    "last_acknowledged_source": SOURCE_CURSORS["journal"],
    "last_attempted_source": SOURCE_CURSORS["event"],
    "sink_dedupe_key": "dedupe.3",
}
USAGE = {"input_tokens": 12, "output_tokens": 0, "total_tokens": 12, "bytes": 2**63, "media_duration_ms": 5}
COST = {
    "amount_micros": 1200,
    "currency": "EUR",
    "rate_table_version": "rates.3",
    "estimate_status": "estimated",
}
HEALTH = {
    "sink_id": "sink.one",
    "sink_kind": "open_telemetry",
    "state": "failed",
    "failure_kind": None,
    "terminal_preserved": True,
    "dropped_count": 0,
}
SHARED: dict[str, Any] = {
    "schema_version": 1,
    "run_id": "run.one",
    "agent_id": "agent.one",
    "runtime_package_fingerprint": "sha256:package",
    "privacy": "content_refs_only",
    "retention": "run_scoped",
    "content_capture": "off",
    "redaction_policy_id": "policy.redaction",
    "policy_refs": [POLICY_REF],
}
PROJECTION = {
    **SHARED,
    "projection_id": "telemetry.progress.1",
    "projection_kind": "progress",
    "source_record": {"event_family": "model", "event_kind": "model_stream_delta"},
    "source": SOURCE_REF,
    "subject_ref": RUN_REF,
    "redacted_summary": "progress",
}
PROJECTIONS: dict[str, Any] = {
    "least": {key: value for key, value in PROJECTION.items() if key != "policy_refs"},
    "usual": PROJECTION,
    "everything": {
        **PROJECTION,
        "projection_kind": "usage",
        "source_record": {
            "event_family": "model",
            "event_kind": "model_message_completed",
            "event_cursor": CURSOR,
            "source_cursor": SOURCE_CURSORS["event"],
        },
        "turn_id": "turn.one",
        "attempt_id": "attempt.one",
        "event_id": "event.9",
        "journal_cursor": "journal.9",
        "trace_id": "trace.one",
        "span_id": "span.9",
        "destination": DESTINATION_REF,
        "provider_id": "provider.fake",
        "model_id": "model.fake",
        "tool_name": "look",
        "usage": USAGE,
        "cost": COST,
        "terminal_status": "timed_out",
        "sink_health": {**HEALTH, "export_cursor": EXPORT_CURSOR, "unsafe_pending_reason": "none"},
        "content_capture": "raw_content",
        "raw_content": SENTINEL,
    },
}
FAILURE = {
    "sink_id": "sink.one",
    "sink_kind": "test",
    "failure_kind": "sink_unavailable",
    "terminal_preserved": True,
    "dropped_count": 0,
    "last_acknowledged_cursor": EXPORT_CURSOR,
    "repair_cursor": SOURCE_CURSORS["journal"],
    "unsafe_pending_reason": None,
    "redacted_summary": "out of reach",
}
PAYLOADS: dict[str, Any] = {
    "usage": {"usage_record_id": "usage.1", "units": {}},
    "usage, whole": {
        "usage_record_id": "usage.1",
        "units": USAGE,
        "provider_id": "provider.fake",
        "model_id": "model.fake",
    },
    "cost": {"cost_record_id": "cost.1", "units": COST},
    "cost, corrected": {"cost_record_id": "cost.2", "units": COST, "correction_ref": "cost.1"},
    "sink_failed": FAILURE,
    "sink_failed, bare": {**FAILURE, "last_acknowledged_cursor": None, "repair_cursor": None},
    "sink_recovered": {
        "sink_id": "sink.one",
        "sink_kind": "cli_summary",
        "export_cursor": FULL_EXPORT_CURSOR,
        "redacted_summary": "within reach",
    },
    "export_cursor": {"cursor": FULL_EXPORT_CURSOR},
}
RECORDS: dict[str, Any] = {
    name: {
        **SHARED,
        "record_id": f"telemetry.record.{name}",
        "source_cursor": SOURCE_CURSORS["journal"],
        "payload": {"type": name.partition(",")[0], "record": payload},
    }
    for name, payload in PAYLOADS.items()
}
SINK_SPEC = {
    "sink_id": "sink.one",
    "sink_kind": "durable_trace",
    "content_capture": "payload_refs",
    "queue_capacity": 8,
    "terminal_reserve": 2,
    "requires_idempotent_replay": False,
}
CAPTURE_POLICY = {
    "policy_ref": POLICY_REF,
    "mode": "RawContent",
    "source_permits_content": True,
    "sink_permits_content": True,
    "redaction_required": True,
    "retention_required": True,
    "sampling_required": True,
    "byte_limit": 1024,
}
OTHERS: dict[str, Any] = {
    "SourceRef": FULL_SOURCE_REF,
    "EntityRef": TOOL_REF,
    "DestinationRef": DESTINATION_REF,
    "PolicyRef": {**POLICY_REF, "version": "v2"},
    "EventCursor": CURSOR,
    "ArchiveCursor": {**ARCHIVE_CURSOR, "event_id": "event.9", "watermark": "2031-02-03T04:05:06Z"},
    "EventFrame": {**FRAME, "archive_cursor": ARCHIVE_CURSOR, "overflow": FULL_OVERFLOW},
    "EventOverflowNotice": FULL_OVERFLOW,
    "UsageUnits": USAGE,
    "CostUnits": COST,
    "TelemetryExportCursor": FULL_EXPORT_CURSOR,
    "TelemetrySinkHealth": HEALTH,
    "TelemetrySinkSpec": SINK_SPEC,
    "TelemetrySinkAck": {"cursor": EXPORT_CURSOR, "accepted_duplicate": True},
    "TelemetrySinkError": {
        "failure_kind": "schema_mismatch",
        "redacted_summary": "too new",
        "unsafe_pending_reason": None,
    },
    "TelemetryFanoutConfig": {
        "queue_capacity": 64,
        "terminal_reserve": 4,
        "overflow": "coalesce_progress_by_run",
        "sink_isolation": "isolate_each_sink",
    },
    "TelemetryFanoutReport": {"enqueued": 1, "dropped": 0, "records": [RECORDS["sink_failed"]]},
    "TelemetryDrainReport": {"exported": 3},
    "ContentCapturePolicy": CAPTURE_POLICY,
    "TelemetryContentCaptureRequest": {
        "policy": CAPTURE_POLICY,
        "sink": SINK_SPEC,
        "requested_mode": "raw_content",
        "source_permits_content": True,
        "retention_active": False,
        "deterministic_sample_included": True,
        "requested_bytes": 64,
        "redaction_policy_id": "policy.redaction",
    },
    "TelemetryContentCaptureDecision": {
        "allowed": False,
        "requested_mode": "raw_content",
        "effective_mode": "redacted_summary",
        "reason": "a gate did not pass",
        "redaction_policy_id": "policy.redaction",
        "policy_refs": [],
    },
    "TelemetryAuthorityBoundary": {
        "can_decide_run_state": False,
        "can_decide_policy_outcome": False,
        "can_decide_output_delivery": False,
        "can_decide_side_effect_status": False,
    },
}
