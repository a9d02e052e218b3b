"""Members of the contract's events: references, envelope, payload, cursors, frames and notices."""

from __future__ import annotations

from typing import Final

from agent_otel.model.agent_sdk import (
    AgentEvent,
    ArchiveCursor,
    CausalRef,
    CorrelationEntry,
    DestinationKind,
    DestinationRef,
    EntityKind,
    EntityRef,
    EventContentCaptureMode,
    EventCorrelation,
    EventCursor,
    EventDeliverySemantics,
    EventEnvelope,
    EventFamily,
    EventFrame,
    EventKind,
    EventOverflowNotice,
    EventOverflowReason,
    EventPayload,
    PolicyKind,
    PolicyRef,
    PrivacyClass,
    RetentionClass,
    SourceKind,
    SourceRef,
    SubscriberOverflowPolicy,
    TrustClass,
)
from agent_otel.sources.agent_sdk.codec_shapes import (
    IDENTIFIER,
    U16,
    U64,
    OpenTaggedCodec,
    ScopeCodec,
    items,
    maybe,
)
from agent_otel.sources.codec import RecordCodec
from agent_otel.sources.fields import FLAG, TEXT, nested, word

__all__ = [
    "AGENT_EVENT",
    "ARCHIVE_CURSOR",
    "DESTINATION_REF",
    "ENTITY_REF",
    "EVENT_CURSOR",
    "EVENT_FRAME",
    "OVERFLOW_NOTICE",
    "POLICY_REF",
    "PRIVACY",
    "RETENTION",
    "SOURCE_REF",
]

PRIVACY: Final = word(PrivacyClass)
RETENTION: Final = word(RetentionClass)
_SUMMARY: Final = {"redacted_summary": maybe(TEXT)}
_CORRELATION: Final = {
    "correlation": items(nested(RecordCodec(CorrelationEntry, {"key": IDENTIFIER, "value": IDENTIFIER})))
}

SOURCE_REF: Final = RecordCodec(
    SourceRef,
    {
        "kind": word(SourceKind),
        "id": IDENTIFIER,
        "trust": word(TrustClass),
        "privacy": PRIVACY,
        **_CORRELATION,
        **_SUMMARY,
    },
)
ENTITY_REF: Final = RecordCodec(
    EntityRef,
    {
        "kind": word(EntityKind),
        "id": IDENTIFIER,
        "source": maybe(nested(SOURCE_REF)),
        "privacy": PRIVACY,
        **_SUMMARY,
    },
)
DESTINATION_REF: Final = RecordCodec(
    DestinationRef,
    {
        "kind": word(DestinationKind),
        "id": IDENTIFIER,
        "privacy": PRIVACY,
        "retention": RETENTION,
        **_CORRELATION,
        **_SUMMARY,
    },
)
POLICY_REF: Final = RecordCodec(PolicyRef, {"kind": word(PolicyKind), "id": IDENTIFIER, "version": maybe(TEXT)})

_ENTITIES: Final = items(nested(ENTITY_REF))
_CAUSE: Final = nested(
    RecordCodec(CausalRef, {"event_id": maybe(IDENTIFIER), "subject_ref": nested(ENTITY_REF), "reason": maybe(TEXT)})
)
_CORRELATED: Final = nested(
    RecordCodec(
        EventCorrelation,
        {"entries": _CORRELATION["correlation"]},
    )
)
_ENVELOPE: Final = RecordCodec(
    EventEnvelope,
    {
        "schema_version": U16,
        "event_id": IDENTIFIER,
        "event_seq": U64,
        "event_family": word(EventFamily),
        "event_kind": word(EventKind),
        "payload_schema_version": U16,
        "timestamp": TEXT,
        "recorded_at": TEXT,
        "run_id": IDENTIFIER,
        "session_id": maybe(IDENTIFIER),
        "agent_id": IDENTIFIER,
        "turn_id": maybe(IDENTIFIER),
        "attempt_id": maybe(IDENTIFIER),
        "message_id": maybe(IDENTIFIER),
        "context_item_id": maybe(IDENTIFIER),
        "trace_id": IDENTIFIER,
        "span_id": IDENTIFIER,
        "parent_event_id": maybe(IDENTIFIER),
        "caused_by": maybe(_CAUSE),
        "subject_ref": nested(ENTITY_REF),
        "related_refs": _ENTITIES,
        "causal_refs": items(_CAUSE),
        "correlation": _CORRELATED,
        "tags": items(TEXT),
        "source": nested(SOURCE_REF),
        "destination": maybe(nested(DESTINATION_REF)),
        "policy_refs": items(nested(POLICY_REF)),
        "journal_cursor": maybe(IDENTIFIER),
        "state_before": maybe(TEXT),
        "state_after": maybe(TEXT),
        "delivery_semantics": word(EventDeliverySemantics),
        "privacy": PRIVACY,
        "content_capture": word(EventContentCaptureMode),
        "redaction_policy_id": TEXT,
        "runtime_package_fingerprint": TEXT,
    },
)
_PAYLOAD: Final[OpenTaggedCodec[EventPayload]] = OpenTaggedCodec(
    "mode",
    {
        "envelope_only": (EventPayload.EnvelopeOnly, {}),
        "redacted_summary": (EventPayload.RedactedSummary, {"redacted_summary": TEXT, "payload_refs": _ENTITIES}),
    },
    EventPayload.Other,
)
AGENT_EVENT: Final = RecordCodec(AgentEvent, {"envelope": nested(_ENVELOPE), "payload": nested(_PAYLOAD)})

EVENT_CURSOR: Final = RecordCodec(
    EventCursor,
    {
        "scope": nested(ScopeCodec()),
        "event_seq": U64,
        "event_id": IDENTIFIER,
        "journal_cursor": maybe(IDENTIFIER),
    },
)
ARCHIVE_CURSOR: Final = RecordCodec(
    ArchiveCursor,
    {"archive_id": IDENTIFIER, "position": TEXT, "event_id": maybe(IDENTIFIER), "watermark": maybe(TEXT)},
)
OVERFLOW_NOTICE: Final = RecordCodec(
    EventOverflowNotice,
    {
        "policy": word(SubscriberOverflowPolicy),
        "dropped_count": U64,
        "gap_start": maybe(nested(EVENT_CURSOR)),
        "gap_end": nested(EVENT_CURSOR),
        "repair_from": maybe(IDENTIFIER),
        "terminal_preserved": FLAG,
        "reason": word(EventOverflowReason),
    },
)
EVENT_FRAME: Final = RecordCodec(
    EventFrame,
    {
        "event": nested(AGENT_EVENT),
        "cursor": nested(EVENT_CURSOR),
        "archive_cursor": maybe(nested(ARCHIVE_CURSOR)),
        "overflow": maybe(nested(OVERFLOW_NOTICE)),
    },
)
