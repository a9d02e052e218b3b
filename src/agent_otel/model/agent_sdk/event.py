"""``AgentEvent``: one thing that happened, as an envelope of ids, kinds and references beside a redacted payload.

The arguments and results of tools are references; no event holds their text.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import field, frozen

from agent_otel.model.agent_sdk.cursors import EventCursor, EventStreamScope
from agent_otel.model.agent_sdk.event_kinds import EventFamily, EventKind
from agent_otel.model.agent_sdk.privacy import PrivacyClass
from agent_otel.model.agent_sdk.refs import CorrelationEntry, DestinationRef, EntityRef, PolicyRef, SourceRef
from agent_otel.model.agent_sdk.words import Word, known_word, redacted, variant_of
from agent_otel.model.lossless import LosslessRecord

__all__ = [
    "EVENT_SCHEMA_VERSION",
    "AgentEvent",
    "CausalRef",
    "ContentCaptureMode",
    "EventCorrelation",
    "EventDeliverySemantics",
    "EventEnvelope",
    "EventPayload",
]

EVENT_SCHEMA_VERSION: Final = 1


class ContentCaptureMode(Word):
    """How much content an event may carry. The policy's enum of this name has other words and no ``PayloadRefs``."""

    Off = "off"
    MetadataOnly = "metadata_only"
    RedactedSummary = "redacted_summary"
    PayloadRefs = "payload_refs"
    RawContent = "raw_content"


class EventDeliverySemantics(Word):
    """What stands behind an event."""

    BestEffortLive = "best_effort_live"
    JournalBacked = "journal_backed"
    DerivedReplay = "derived_replay"
    DiagnosticOnly = "diagnostic_only"


@frozen(kw_only=True)
class CausalRef(LosslessRecord):
    """What brought something about."""

    event_id: str | None = field(default=None, repr=redacted)
    subject_ref: EntityRef
    reason: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class EventCorrelation(LosslessRecord):
    """What the host correlates an event by."""

    entries: tuple[CorrelationEntry, ...] = ()

    @classmethod
    def default(cls) -> EventCorrelation:
        """Give a correlation by nothing."""
        return cls()


@frozen(kw_only=True)
class EventEnvelope(LosslessRecord):
    """What an event is about, without content.

    Args:
        timestamp: When it happened: RFC 3339 by custom, checked by nobody.
        recorded_at: When it was recorded, likewise.
        trace_id: Free text, mostly no W3C id; so is ``span_id``.
        subject_ref: What it is about. The id of a tool call stands here or in ``related_refs``, and nowhere else.
    """

    schema_version: int = EVENT_SCHEMA_VERSION
    event_id: str = field(repr=redacted)
    event_seq: int
    event_family: EventFamily | str = field(repr=known_word)
    event_kind: EventKind | str = field(repr=known_word)
    payload_schema_version: int = 1
    timestamp: str = field(repr=False)
    recorded_at: str = field(repr=False)
    run_id: str = field(repr=redacted)
    session_id: str | None = field(default=None, repr=redacted)
    agent_id: str = field(repr=redacted)
    turn_id: str | None = field(default=None, repr=redacted)
    attempt_id: str | None = field(default=None, repr=redacted)
    message_id: str | None = field(default=None, repr=redacted)
    context_item_id: str | None = field(default=None, repr=redacted)
    trace_id: str = field(repr=redacted)
    span_id: str = field(repr=redacted)
    parent_event_id: str | None = field(default=None, repr=redacted)
    caused_by: CausalRef | None = None
    subject_ref: EntityRef
    related_refs: tuple[EntityRef, ...] = ()
    causal_refs: tuple[CausalRef, ...] = ()
    correlation: EventCorrelation = EventCorrelation()
    tags: tuple[str, ...] = field(default=(), repr=False)
    source: SourceRef
    destination: DestinationRef | None = None
    policy_refs: tuple[PolicyRef, ...] = ()
    journal_cursor: str | None = field(default=None, repr=redacted)
    state_before: str | None = field(default=None, repr=False)
    state_after: str | None = field(default=None, repr=False)
    delivery_semantics: EventDeliverySemantics | str = field(repr=known_word)
    privacy: PrivacyClass | str = field(repr=known_word)
    content_capture: ContentCaptureMode | str = field(repr=known_word)
    redaction_policy_id: str = field(repr=redacted)
    runtime_package_fingerprint: str = field(repr=redacted)

    def cursor(self, scope: EventStreamScope) -> EventCursor:
        """Give the place of the event in a stream of that scope."""
        return EventCursor(
            scope=scope, event_seq=self.event_seq, event_id=self.event_id, journal_cursor=self.journal_cursor
        )

    def redacted_summary(self) -> str:
        """Give family and kind in the contract's spelling, for example ``Run/RunStarted``."""
        return "/".join(
            word.name if isinstance(word, Word) else "<unknown>" for word in (self.event_family, self.event_kind)
        )


@frozen(kw_only=True)
class EventPayload(LosslessRecord):
    """What an event carries beside its envelope."""

    EnvelopeOnly: ClassVar[type[_EnvelopeOnly]]
    RedactedSummary: ClassVar[type[_RedactedSummary]]
    Other: ClassVar[type[_Other]]


@variant_of(EventPayload)
@frozen(kw_only=True)
class _EnvelopeOnly(EventPayload):
    """Nothing."""


@variant_of(EventPayload)
@frozen(kw_only=True)
class _RedactedSummary(EventPayload):
    """A summary without raw content, and where the content is."""

    redacted_summary: str = field(repr=False)
    payload_refs: tuple[EntityRef, ...] = ()


@variant_of(EventPayload)
@frozen
class _Other(EventPayload):
    """A payload that this model does not know, as it was written."""

    value: Any = field(repr=False)


@frozen(kw_only=True)
class AgentEvent(LosslessRecord):
    """One thing that happened."""

    envelope: EventEnvelope
    payload: EventPayload

    @classmethod
    def envelope_only(cls, envelope: EventEnvelope) -> AgentEvent:
        """Make an event that carries nothing beside its envelope."""
        return cls(envelope=envelope, payload=EventPayload.EnvelopeOnly())

    @classmethod
    def with_redacted_summary(cls, envelope: EventEnvelope, redacted_summary: str) -> AgentEvent:
        """Make an event that carries a summary."""
        return cls(envelope=envelope, payload=EventPayload.RedactedSummary(redacted_summary=redacted_summary))

    def redacted_summary(self) -> str | None:
        """Give the summary, None where the event carries none."""
        payload = self.payload
        return payload.redacted_summary if isinstance(payload, EventPayload.RedactedSummary) else None
