"""The id types of the contract: strings that say what they identify.

The models hold plain strings. These types are for those who make records: they check, and their repr tells nothing.
An id equals the string that it is.
"""

from __future__ import annotations

from agent_otel.model.agent_sdk.identifier import Identifier, TypedText

__all__ = [
    "AgentId",
    "ArchiveCursorId",
    "AttemptId",
    "ContextItemId",
    "CorrelationKey",
    "CorrelationValue",
    "DedupeKey",
    "DestinationId",
    "EntityId",
    "EventFilterFingerprint",
    "EventFilterId",
    "EventId",
    "EventTag",
    "JournalCursor",
    "MessageId",
    "PolicyId",
    "RateTableVersion",
    "RunId",
    "SessionId",
    "SourceId",
    "SpanId",
    "TelemetryCostRecordId",
    "TelemetryExportAttemptId",
    "TelemetryProjectionId",
    "TelemetryRecordId",
    "TelemetrySinkId",
    "TelemetryUsageRecordId",
    "ToolCallId",
    "TraceId",
    "TurnId",
]


class AgentId(Identifier):
    """An agent."""

    __slots__ = ()


class ArchiveCursorId(Identifier):
    """An archive of events."""

    __slots__ = ()


class AttemptId(Identifier):
    """One attempt of a model or tool call."""

    __slots__ = ()


class ContextItemId(Identifier):
    """An item of the model's context."""

    __slots__ = ()


class CorrelationKey(Identifier):
    """Name of a correlation entry."""

    __slots__ = ()


class CorrelationValue(Identifier):
    """Value of a correlation entry."""

    __slots__ = ()


class DedupeKey(Identifier):
    """What a sink tells repetitions by."""

    __slots__ = ()


class DestinationId(Identifier):
    """Where something goes."""

    __slots__ = ()


class EntityId(Identifier):
    """Anything that a reference names."""

    __slots__ = ()


class EventId(Identifier):
    """An event."""

    __slots__ = ()


class JournalCursor(Identifier):
    """A place in the journal."""

    __slots__ = ()


class MessageId(Identifier):
    """A message of the conversation."""

    __slots__ = ()


class PolicyId(Identifier):
    """A policy."""

    __slots__ = ()


class RunId(Identifier):
    """A run of an agent."""

    __slots__ = ()


class SessionId(Identifier):
    """A conversation."""

    __slots__ = ()


class SourceId(Identifier):
    """Where something comes from."""

    __slots__ = ()


class SpanId(Identifier):
    """A span: free text, no W3C id."""

    __slots__ = ()


class ToolCallId(Identifier):
    """A tool call."""

    __slots__ = ()


class TraceId(Identifier):
    """A trace: free text, no W3C id."""

    __slots__ = ()


class TurnId(Identifier):
    """A turn of a run."""

    __slots__ = ()


class EventFilterFingerprint(TypedText):
    """What an event filter's cursors are compared by."""

    __slots__ = ()


class EventFilterId(TypedText):
    """An event filter."""

    __slots__ = ()


class EventTag(TypedText):
    """A tag on an event."""

    __slots__ = ()


class RateTableVersion(TypedText):
    """The prices that a cost was computed with."""

    __slots__ = ()


class TelemetryCostRecordId(TypedText):
    """A cost."""

    __slots__ = ()


class TelemetryExportAttemptId(TypedText):
    """An attempt to export a telemetry projection."""

    __slots__ = ()


class TelemetryProjectionId(TypedText):
    """A telemetry projection."""

    __slots__ = ()


class TelemetryRecordId(TypedText):
    """A telemetry record."""

    __slots__ = ()


class TelemetrySinkId(TypedText):
    """A telemetry sink."""

    __slots__ = ()


class TelemetryUsageRecordId(TypedText):
    """A usage."""

    __slots__ = ()
