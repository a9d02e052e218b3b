"""Contract records to models and back, losslessly.

What a model does not know is kept and written back: unknown members, unknown words, unknown variants. A record made
here is written as agent-sdk-core writes it.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar, cast

from agent_otel.model import LosslessRecord
from agent_otel.model import agent_sdk as sdk
from agent_otel.sources.agent_sdk import codec_events as events
from agent_otel.sources.agent_sdk import codec_fanout as fanout
from agent_otel.sources.agent_sdk import codec_filters as filters
from agent_otel.sources.agent_sdk import codec_telemetry as telemetry
from agent_otel.sources.fields import Codec

__all__ = [
    "decode_agent_event",
    "decode_contract",
    "decode_event_frame",
    "decode_event_overflow_notice",
    "decode_telemetry_projection",
    "decode_telemetry_record",
    "encode_agent_event",
    "encode_contract",
    "encode_event_frame",
    "encode_event_overflow_notice",
    "encode_telemetry_projection",
    "encode_telemetry_record",
]

R = TypeVar("R", bound=LosslessRecord)

_CODECS: Final[dict[type[Any], Codec[Any]]] = {
    sdk.AgentEvent: events.AGENT_EVENT,
    sdk.ArchiveCursor: events.ARCHIVE_CURSOR,
    sdk.ContentCapturePolicy: fanout.CAPTURE_POLICY,
    sdk.CostUnits: telemetry.COST_UNITS,
    sdk.DestinationRef: events.DESTINATION_REF,
    sdk.EntityRef: events.ENTITY_REF,
    sdk.EventCursor: events.EVENT_CURSOR,
    sdk.EventFrame: events.EVENT_FRAME,
    sdk.EventOverflowNotice: events.OVERFLOW_NOTICE,
    sdk.PolicyRef: events.POLICY_REF,
    sdk.SourceRef: events.SOURCE_REF,
    sdk.TelemetryAuthorityBoundary: fanout.AUTHORITY_BOUNDARY,
    sdk.TelemetryContentCaptureDecision: fanout.CAPTURE_DECISION,
    sdk.TelemetryContentCaptureRequest: fanout.CAPTURE_REQUEST,
    sdk.TelemetryDrainReport: fanout.DRAIN_REPORT,
    sdk.TelemetryExportCursor: telemetry.EXPORT_CURSOR,
    sdk.TelemetryFanoutConfig: fanout.FANOUT_CONFIG,
    sdk.TelemetryFanoutReport: fanout.FANOUT_REPORT,
    sdk.TelemetryProjection: telemetry.PROJECTION,
    sdk.TelemetryRecord: telemetry.RECORD,
    sdk.TelemetrySinkAck: fanout.SINK_ACK,
    sdk.TelemetrySinkError: fanout.SINK_ERROR,
    sdk.TelemetrySinkHealth: telemetry.SINK_HEALTH,
    sdk.TelemetrySinkSpec: fanout.SINK_SPEC,
    sdk.TelemetrySourceCursor: telemetry.SOURCE_CURSOR,
    sdk.UsageUnits: telemetry.USAGE_UNITS,
    sdk.CompiledEventFilter: filters.COMPILED_FILTER,
    sdk.EventFilter: filters.EVENT_FILTER,
    sdk.ProviderUsage: filters.PROVIDER_USAGE,
    sdk.SubscriberQueueConfig: filters.QUEUE,
    sdk.SubscriptionOptions: filters.SUBSCRIPTION,
}


def decode_contract(record: type[R], value: Any) -> R:
    """Read a record of a known type; a payload or cursor of an unknown variant is its type's ``Other``.

    Args:
        record: The type, for example ``TelemetryExportCursor``; of an enum, the enum itself.
        value: A parsed JSON value.

    Raises:
        RecordRejected: If a member is missing or of a wrong type.
    """
    return cast("R", _CODECS[record].decode(value))


def encode_contract(record: LosslessRecord) -> Any:
    """Write a record, or a variant of an enum, as the JSON value that it was read from."""
    kind = next(kind for kind in type(record).__mro__ if kind in _CODECS)
    return _CODECS[kind].encode(record)


def decode_agent_event(value: Any) -> sdk.AgentEvent:
    """Read an event. An unknown kind stays a string, an unknown payload is ``EventPayload.Other``.

    Raises:
        RecordRejected: If it is no event, or a member is missing or of a wrong type.
    """
    return events.AGENT_EVENT.decode(value)


def encode_agent_event(event: sdk.AgentEvent) -> dict[str, Any]:
    """Write an event as the JSON object that it was read from."""
    return events.AGENT_EVENT.encode(event)


def decode_event_frame(value: Any) -> sdk.EventFrame:
    """Read an event with its place in the stream.

    Raises:
        RecordRejected: If it is no frame, or a member is missing or of a wrong type.
    """
    return events.EVENT_FRAME.decode(value)


def encode_event_frame(frame: sdk.EventFrame) -> dict[str, Any]:
    """Write a frame as the JSON object that it was read from."""
    return events.EVENT_FRAME.encode(frame)


def decode_event_overflow_notice(value: Any) -> sdk.EventOverflowNotice:
    """Read the notice of events that a subscriber did not get (rule R65).

    Raises:
        RecordRejected: If it is no notice, or a member is missing or of a wrong type.
    """
    return events.OVERFLOW_NOTICE.decode(value)


def encode_event_overflow_notice(notice: sdk.EventOverflowNotice) -> dict[str, Any]:
    """Write a notice as the JSON object that it was read from."""
    return events.OVERFLOW_NOTICE.encode(notice)


def decode_telemetry_projection(value: Any) -> sdk.TelemetryProjection:
    """Read a projection. An unknown kind stays a string.

    Raises:
        RecordRejected: If it is no projection, or a member is missing or of a wrong type.
    """
    return telemetry.PROJECTION.decode(value)


def encode_telemetry_projection(projection: sdk.TelemetryProjection) -> dict[str, Any]:
    """Write a projection as the JSON object that it was read from."""
    return telemetry.PROJECTION.encode(projection)


def decode_telemetry_record(value: Any) -> sdk.TelemetryRecord | None:
    """Read a telemetry record.

    Returns:
        The record, or None if its payload is of a variant that is not known.

    Raises:
        RecordRejected: If it is no telemetry record, or a member is missing or of a wrong type.
    """
    record = telemetry.RECORD.decode(value)
    return None if isinstance(record.payload, sdk.TelemetryRecordPayload.Other) else record


def encode_telemetry_record(record: sdk.TelemetryRecord) -> dict[str, Any]:
    """Write a telemetry record as the JSON object that it was read from."""
    return telemetry.RECORD.encode(record)
