"""Which events a subscriber asks the event bus for.

A filter looks at envelopes only. Compiled, it has a fingerprint: a cursor of one filter is no cursor of another.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from hashlib import sha256
import json
from typing import Any, ClassVar, Final

from attrs import field, fields, frozen

from agent_otel.model.agent_sdk.cursors import EventStreamScope
from agent_otel.model.agent_sdk.event import EventEnvelope
from agent_otel.model.agent_sdk.event_kinds import EventFamily, EventKind
from agent_otel.model.agent_sdk.subscriptions import PayloadAccessMode, SubscriberQueueConfig
from agent_otel.model.agent_sdk.words import Word, known_word, redacted, variant_of
from agent_otel.model.lossless import LosslessRecord

__all__ = ["CompiledEventFilter", "EventFilter", "EventFilterSet", "EventIndexField"]


class EventIndexField(Word):
    """What a compiled filter restricts."""

    RunId = "run_id"
    AgentId = "agent_id"
    TurnId = "turn_id"
    EventFamily = "event_family"
    EventKind = "event_kind"
    Source = "source"
    Destination = "destination"
    SubjectKind = "subject_kind"
    RelatedEntityKind = "related_entity_kind"
    CorrelationKey = "correlation_key"
    Tag = "tag"
    Privacy = "privacy"
    DeliverySemantics = "delivery_semantics"


@frozen(kw_only=True)
class EventFilterSet(LosslessRecord):
    """What one property of an event may be: ``Any()``, or ``Include(values)``."""

    Any: ClassVar[type[_Any]]
    Include: ClassVar[type[_Include]]
    Other: ClassVar[type[_Other]]

    @classmethod
    def default(cls) -> EventFilterSet:
        """Give the set that lets everything through."""
        return EventFilterSet.Any()

    def matches(self, candidate: object) -> bool:
        """Whether a value is let through; what the model does not know lets nothing through."""
        return self.is_any() or (isinstance(self, EventFilterSet.Include) and candidate in self.values)

    def is_any(self) -> bool:
        """Whether it lets everything through."""
        return isinstance(self, EventFilterSet.Any)


def _as_tuple(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(values)


@variant_of(EventFilterSet)
@frozen
class _Any(EventFilterSet):
    """Anything."""


@variant_of(EventFilterSet)
@frozen
class _Include(EventFilterSet):
    """One of these."""

    values: tuple[Any, ...] = field(converter=_as_tuple, repr=redacted)


@variant_of(EventFilterSet)
@frozen
class _Other(EventFilterSet):
    """A restriction that this model does not know, as it was written."""

    value: Any = field(repr=False)


_EVERYTHING: Final = EventFilterSet.Any()


@frozen(kw_only=True)
class EventFilter(LosslessRecord):
    """Which events a subscriber gets: those that every set lets through."""

    run_ids: EventFilterSet = _EVERYTHING
    agent_ids: EventFilterSet = _EVERYTHING
    turn_ids: EventFilterSet = _EVERYTHING
    families: EventFilterSet = _EVERYTHING
    kinds: EventFilterSet = _EVERYTHING
    source_kinds: EventFilterSet = _EVERYTHING
    destination_kinds: EventFilterSet = _EVERYTHING
    subject_kinds: EventFilterSet = _EVERYTHING
    related_entity_kinds: EventFilterSet = _EVERYTHING
    correlation_keys: EventFilterSet = _EVERYTHING
    tags: EventFilterSet = _EVERYTHING
    privacy_classes: EventFilterSet = _EVERYTHING
    delivery_semantics: EventFilterSet = _EVERYTHING
    terminal_only: bool = False
    payload_access: PayloadAccessMode | str = field(default=PayloadAccessMode.EnvelopeOnly, repr=known_word)
    queue: SubscriberQueueConfig = field(factory=SubscriberQueueConfig.default)

    @classmethod
    def default(cls) -> EventFilter:
        """Give the filter that lets everything through."""
        return cls()

    @classmethod
    def terminal_run_events(cls) -> EventFilter:
        """Give the filter of the ends of runs."""
        return cls(families=EventFilterSet.Include((EventFamily.Run,)), terminal_only=True)

    @classmethod
    def run(cls, run_id: str) -> EventFilter:
        """Give the filter of one run."""
        return cls(run_ids=EventFilterSet.Include((run_id,)))

    @classmethod
    def agent(cls, agent_id: str) -> EventFilter:
        """Give the filter of one agent."""
        return cls(agent_ids=EventFilterSet.Include((agent_id,)))

    def compile(self) -> CompiledEventFilter:
        """Give the filter with its fingerprint."""
        return CompiledEventFilter.new(self)


_INDEXED: Final = {
    "run_ids": EventIndexField.RunId,
    "agent_ids": EventIndexField.AgentId,
    "turn_ids": EventIndexField.TurnId,
    "families": EventIndexField.EventFamily,
    "kinds": EventIndexField.EventKind,
    "source_kinds": EventIndexField.Source,
    "destination_kinds": EventIndexField.Destination,
    "subject_kinds": EventIndexField.SubjectKind,
    "related_entity_kinds": EventIndexField.RelatedEntityKind,
    "correlation_keys": EventIndexField.CorrelationKey,
    "tags": EventIndexField.Tag,
    "privacy_classes": EventIndexField.Privacy,
    "delivery_semantics": EventIndexField.DeliverySemantics,
}


@frozen(kw_only=True)
class CompiledEventFilter(LosslessRecord):
    """A filter with a fingerprint of what it asks for: equal filters have equal ones.

    Args:
        filter_id: Made of the fingerprint.
        filter_fingerprint: ``sha256:`` of the filter's JSON.
        indexed_fields: What it restricts.
        payload_access: The filter's.
        queue: The filter's.
        criteria: The filter.
    """

    filter_id: str = field(repr=redacted)
    filter_fingerprint: str = field(repr=redacted)
    indexed_fields: tuple[EventIndexField | str, ...]
    payload_access: PayloadAccessMode | str = field(repr=known_word)
    queue: SubscriberQueueConfig
    criteria: EventFilter

    @classmethod
    def new(cls, criteria: EventFilter) -> CompiledEventFilter:
        """Compile a filter."""
        encoded = json.dumps(_plain(criteria), ensure_ascii=False, separators=(",", ":"))
        fingerprint = f"sha256:{_digest(encoded)}"
        return cls(
            filter_id=f"filter.{_digest(fingerprint)}",
            filter_fingerprint=fingerprint,
            indexed_fields=tuple(index for name, index in _INDEXED.items() if not getattr(criteria, name).is_any()),
            payload_access=criteria.payload_access,
            queue=criteria.queue,
            criteria=criteria,
        )

    def matches_envelope(self, envelope: EventEnvelope) -> bool:
        """Whether an event is let through; its payload is not looked at."""
        wanted = self.criteria
        return all(_lets_through(getattr(wanted, name), found) for name, found in _properties(envelope)) and (
            not wanted.terminal_only or _is_terminal(envelope)
        )

    def cursor_scope(self) -> EventStreamScope:
        """Give the stream that its cursors count in."""
        return EventStreamScope.Filter(filter_id=self.filter_id, filter_fingerprint=self.filter_fingerprint)


def _properties(envelope: EventEnvelope) -> Iterable[tuple[str, tuple[object, ...]]]:
    destination = envelope.destination
    return (
        ("run_ids", (envelope.run_id,)),
        ("agent_ids", (envelope.agent_id,)),
        ("turn_ids", (envelope.turn_id,)),
        ("families", (envelope.event_family,)),
        ("kinds", (envelope.event_kind,)),
        ("source_kinds", (envelope.source.kind,)),
        ("destination_kinds", () if destination is None else (destination.kind,)),
        ("subject_kinds", (envelope.subject_ref.kind,)),
        ("related_entity_kinds", tuple(entity.kind for entity in envelope.related_refs)),
        ("correlation_keys", tuple(entry.key for entry in envelope.correlation.entries)),
        ("tags", envelope.tags),
        ("privacy_classes", (envelope.privacy,)),
        ("delivery_semantics", (envelope.delivery_semantics,)),
    )


def _lets_through(wanted: EventFilterSet, found: tuple[object, ...]) -> bool:
    return wanted.is_any() or any(wanted.matches(value) for value in found)


def _is_terminal(envelope: EventEnvelope) -> bool:
    kind = envelope.event_kind
    return isinstance(kind, EventKind) and kind.is_terminal()


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: Any) -> Any:
    """Give the JSON value by which filters are compared: known members only, in the order of the contract."""
    if isinstance(value, EventFilterSet.Any):
        return "any"
    if isinstance(value, EventFilterSet.Include):
        return {"include": [_plain(item) for item in value.values]}
    if isinstance(value, EventFilterSet.Other):
        return value.value
    if isinstance(value, LosslessRecord):
        return {own.name: _plain(getattr(value, own.name)) for own in fields(type(value)) if own.name not in _INHERITED}
    return value.value if isinstance(value, Enum) else str(value) if isinstance(value, str) else value


_INHERITED: Final = frozenset(attribute.name for attribute in fields(LosslessRecord))
