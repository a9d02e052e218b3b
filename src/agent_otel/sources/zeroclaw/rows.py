"""ZeroClaw's log rows as it names them: ``LogEvent`` of schema 2, one line of ``runtime-trace.jsonl`` each."""

from __future__ import annotations

from collections.abc import Mapping
import time
from types import MappingProxyType
from typing import Any, ClassVar, Final
import uuid

from attrs import evolve, field, frozen

from agent_otel.model import NANOS_PER_MILLI, LosslessRecord, RecordRejected
from agent_otel.model.variants import known_word
from agent_otel.sources.codec import RecordCodec
from agent_otel.sources.fields import ANY, TEXT, TIMESTAMP, Timestamp, nested, optional, unsigned, word
from agent_otel.sources.zeroclaw.attribution import ATTRIBUTION_FIELDS, COMPOSITE_PREFIXES, alias_field, type_field
from agent_otel.sources.zeroclaw.words import Action, EventCategory, EventOutcome, Severity

__all__ = [
    "SCHEMA_VERSION",
    "EventDescriptor",
    "LogEvent",
    "ServiceDescriptor",
    "ZeroclawAttribution",
    "decode_log_event",
    "encode_log_event",
    "is_log_event",
    "schema_version_of",
]

SCHEMA_VERSION: Final = 2
_TIME: Final = "@timestamp"


@frozen(kw_only=True)
class EventDescriptor(LosslessRecord):
    """What a row tells of: which part of the system, which verb, and how it ended.

    Rows that were migrated from schema 1 have an old event type (``llm_request``) for a verb.
    """

    category: EventCategory | str = field(repr=known_word)
    action: Action | str = field(repr=known_word)
    outcome: EventOutcome | str | None = field(default=None, repr=known_word)


@frozen(kw_only=True)
class ServiceDescriptor(LosslessRecord):
    """Name and version of the daemon."""

    name: str = "zeroclaw"
    version: str = ""

    @classmethod
    def default(cls) -> ServiceDescriptor:
        """Give the daemon's name, without a version: that is the producer's."""
        return cls()


@frozen(kw_only=True)
class ZeroclawAttribution(LosslessRecord):
    """Whose row it is: a flat map of names.

    Args:
        duration_ms: How long it took.
        unknown_fields: The names themselves (``agent_alias``, ``tool``, ``channel``, ``channel_type`` ...): the source
            system keeps them as a map, so that new ones need no new version.
    """

    duration_ms: int | None = None

    @classmethod
    def default(cls) -> ZeroclawAttribution:
        """Give it without any name."""
        return cls()

    @property
    def fields(self) -> Mapping[str, str]:
        """The names that are texts."""
        return {key: value for key, value in self.unknown_fields.items() if isinstance(value, str)}

    def get(self, key: str) -> str | None:
        """Give a name; an empty one is none."""
        value = self.unknown_fields.get(key)
        return value if isinstance(value, str) and value else None

    def set(self, key: str, value: str) -> ZeroclawAttribution:
        """Give it with one name more, or another one."""
        return evolve(self, unknown_fields={**self.unknown_fields, key: value})

    def set_composite(self, prefix: str, composite: str) -> ZeroclawAttribution:
        """Give it with a composite (``telegram.main``) and its halves; of three parts the third stays out of them."""
        first, *rest = composite.split(".", 2)
        names = {**self.unknown_fields, prefix: composite, type_field(prefix): first if rest else composite}
        names.pop(alias_field(prefix), None)
        return evolve(self, unknown_fields={**names, alias_field(prefix): rest[0]} if rest else names)

    def merge_from(self, other: ZeroclawAttribution) -> ZeroclawAttribution:
        """Give it with what only the other one says."""
        duration = other.duration_ms if self.duration_ms is None else self.duration_ms
        return evolve(self, duration_ms=duration, unknown_fields={**other.unknown_fields, **self.unknown_fields})

    def is_fully_populated(self) -> bool:
        """Whether every name is there that can be."""
        return all(name in self.unknown_fields for name in (*ATTRIBUTION_FIELDS, *COMPOSITE_PREFIXES))


@frozen(kw_only=True)
class LogEvent(LosslessRecord):
    """One row of the log.

    Args:
        id: UUID of the row.
        timestamp: When it happened, in milliseconds; ``@timestamp`` on the wire.
        event: What happened.
        trace_id: Id of the turn.
        message: A sentence, or a name such as ``llm_request``.
        attributes: What else there is: tokens, arguments, results, errors.
    """

    id: str
    timestamp: Timestamp
    event: EventDescriptor
    severity_number: int | None = None
    severity_text: str | None = field(default=None, repr=False)
    service: ServiceDescriptor | None = None
    trace_id: str | None = None
    span_id: str | None = None
    zeroclaw: ZeroclawAttribution | None = None
    message: str | None = field(default=None, repr=False)
    attributes: Any = field(default=None, repr=False)
    schema_version: int | None = SCHEMA_VERSION

    SCHEMA_VERSION: ClassVar[int] = SCHEMA_VERSION

    @classmethod
    def new(cls, severity: Severity, action: str, category: EventCategory) -> LogEvent:
        """Make a row of something that happens now: for producers, no decoder calls it."""
        now = time.time_ns() // NANOS_PER_MILLI * NANOS_PER_MILLI
        return cls(
            id=str(uuid.uuid4()),
            timestamp=Timestamp.of(now),
            severity_number=severity.number(),
            severity_text=severity.text(),
            event=EventDescriptor(category=category, action=action),
            service=ServiceDescriptor.default(),
            zeroclaw=ZeroclawAttribution.default(),
        )

    def set_outcome(self, outcome: EventOutcome) -> LogEvent:
        """Give the row with an outcome; an unknown one is left out, as ZeroClaw does."""
        told = None if outcome is EventOutcome.Unknown else outcome
        return evolve(self, event=evolve(self.event, outcome=told))

    @property
    def attribution(self) -> ZeroclawAttribution:
        """Whose row it is, also where nothing is said."""
        return self.zeroclaw or _NOBODY

    @property
    def details(self) -> Mapping[str, Any]:
        """The attributes, if they are an object."""
        return self.attributes if isinstance(self.attributes, dict) else MappingProxyType({})


_NOBODY: Final = ZeroclawAttribution()
_TEXT: Final = optional(TEXT, skip_empty=True)
_ROW: Final = RecordCodec(
    LogEvent,
    {
        "id": TEXT,
        "timestamp": TIMESTAMP,
        "severity_number": optional(unsigned(8)),
        "severity_text": optional(TEXT),
        "event": nested(
            RecordCodec(
                EventDescriptor,
                {
                    "category": word(EventCategory),
                    "action": word(Action),
                    "outcome": optional(word(EventOutcome), skip_empty=True),
                },
            )
        ),
        "service": optional(nested(RecordCodec(ServiceDescriptor, {"name": TEXT, "version": TEXT}))),
        "trace_id": _TEXT,
        "span_id": _TEXT,
        "zeroclaw": optional(
            nested(RecordCodec(ZeroclawAttribution, {"duration_ms": optional(unsigned(64), skip_empty=True)}))
        ),
        "message": _TEXT,
        "attributes": optional(ANY, skip_empty=True),
        "schema_version": optional(unsigned(8)),
    },
)


def is_log_event(value: Any) -> bool:
    """Whether a value has the shape of a row, of whatever schema version that has ``@timestamp``."""
    return (
        isinstance(value, dict)
        and isinstance(value.get(_TIME), str)
        and isinstance(value.get("event"), dict)
        and isinstance(value.get("id"), str)
        and ("zeroclaw" in value or _service_name(value) == "zeroclaw")
    )


def _service_name(value: dict[str, Any]) -> Any:
    service = value.get("service")
    return service.get("name") if isinstance(service, dict) else None


def schema_version_of(value: Any) -> Any:
    """Give the schema version that a row names; one that names none is of schema 2, or of 1 by its old time member."""
    if not isinstance(value, dict):
        return None
    version = value.get("schema_version")
    if version is not None:
        return version
    return SCHEMA_VERSION if _TIME in value else 1


def decode_log_event(value: Any) -> LogEvent:
    """Read a row of schema 2.

    Args:
        value: A parsed JSON value.

    Raises:
        RecordRejected: If it is no row, or a member is missing or of a wrong type.
    """
    if not isinstance(value, dict):
        raise RecordRejected("", "is no object")
    body = {key: member for key, member in value.items() if key != "timestamp"}
    if _TIME in body:
        body["timestamp"] = body.pop(_TIME)
    try:
        row = _ROW.decode(body)
    except RecordRejected as error:
        raise RecordRejected(_TIME if error.field == "timestamp" else error.field, error.reason) from None
    if "timestamp" in value:  # a member of that name is no member of a row
        row = evolve(row, unknown_fields={**row.unknown_fields, "timestamp": value["timestamp"]})
    return row


def encode_log_event(row: LogEvent) -> dict[str, Any]:
    """Write a row as the JSON value that it was read from; one that was made here as ZeroClaw writes it."""
    written = _ROW.encode(row)
    if row.absent is None:
        written = {key: member for key, member in written.items() if member is not None}
    written[_TIME] = written.pop("timestamp")
    if "timestamp" in row.unknown_fields:
        written["timestamp"] = row.unknown_fields["timestamp"]
    return written
