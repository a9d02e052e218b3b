"""Members of what subscribers ask for: event filters, queues, and what a provider says that it used."""

from __future__ import annotations

from typing import Any, Final

from agent_otel.model import RecordRejected
from agent_otel.model.agent_sdk import (
    CompiledEventFilter,
    DestinationKind,
    EntityKind,
    EventDeliverySemantics,
    EventFamily,
    EventFilter,
    EventFilterSet,
    EventIndexField,
    EventKind,
    PayloadAccessMode,
    PrivacyClass,
    ProviderUsage,
    SourceKind,
    SubscriberOverflowPolicy,
    SubscriberQueueConfig,
    SubscriptionOptions,
)
from agent_otel.sources.agent_sdk.codec_shapes import COUNT, IDENTIFIER, U32
from agent_otel.sources.codec import RecordCodec
from agent_otel.sources.fields import FLAG, TEXT, FieldKind, list_of, nested, optional, word

__all__ = ["COMPILED_FILTER", "EVENT_FILTER", "PROVIDER_USAGE", "QUEUE", "SUBSCRIPTION"]

_ANY: Final = "any"
_INCLUDE: Final = "include"


class _SetCodec:
    """``EventFilterSet``: ``"any"``, or an object whose one member ``include`` lists values."""

    def __init__(self, kind: FieldKind) -> None:
        self._values = list_of(kind)

    def decode(self, value: Any) -> EventFilterSet:
        """Read a set; one that is not known is kept as it was written."""
        if isinstance(value, str):
            return EventFilterSet.Any() if value == _ANY else EventFilterSet.Other(value)
        if not isinstance(value, dict) or len(value) != 1:
            raise RecordRejected("", "holds no single variant")
        ((name, body),) = value.items()
        if name != _INCLUDE:
            return EventFilterSet.Other(value)
        try:
            return EventFilterSet.Include(self._values.read(body))
        except RecordRejected as error:
            raise RecordRejected(f"{name}.{error.field}" if error.field else name, error.reason) from None

    def encode(self, found: EventFilterSet) -> Any:
        """Write a set."""
        if isinstance(found, EventFilterSet.Include):
            return {_INCLUDE: [] if self._values.write is None else self._values.write(found.values)}
        return found.value if isinstance(found, EventFilterSet.Other) else _ANY


def _set_of(kind: FieldKind) -> FieldKind:
    return nested(_SetCodec(kind))


QUEUE: Final = RecordCodec(
    SubscriberQueueConfig,
    {"capacity": COUNT, "terminal_reserve": COUNT, "overflow": word(SubscriberOverflowPolicy)},
)
_ASKED: Final = {"payload_access": word(PayloadAccessMode), "queue": nested(QUEUE)}
SUBSCRIPTION: Final = RecordCodec(SubscriptionOptions, _ASKED)
EVENT_FILTER: Final = RecordCodec(
    EventFilter,
    {
        "run_ids": _set_of(IDENTIFIER),
        "agent_ids": _set_of(IDENTIFIER),
        "turn_ids": _set_of(IDENTIFIER),
        "families": _set_of(word(EventFamily)),
        "kinds": _set_of(word(EventKind)),
        "source_kinds": _set_of(word(SourceKind)),
        "destination_kinds": _set_of(word(DestinationKind)),
        "subject_kinds": _set_of(word(EntityKind)),
        "related_entity_kinds": _set_of(word(EntityKind)),
        "correlation_keys": _set_of(IDENTIFIER),
        "tags": _set_of(TEXT),
        "privacy_classes": _set_of(word(PrivacyClass)),
        "delivery_semantics": _set_of(word(EventDeliverySemantics)),
        "terminal_only": FLAG,
        **_ASKED,
    },
)
COMPILED_FILTER: Final = RecordCodec(
    CompiledEventFilter,
    {
        "filter_id": TEXT,
        "filter_fingerprint": TEXT,
        "indexed_fields": list_of(word(EventIndexField)),
        **_ASKED,
        "criteria": nested(EVENT_FILTER),
    },
)
PROVIDER_USAGE: Final = RecordCodec(
    ProviderUsage,
    {"input_tokens": optional(U32), "output_tokens": optional(U32), "total_tokens": optional(U32)},
)
