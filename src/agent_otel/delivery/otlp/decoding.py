"""OTLP bytes and their envelope in, the SDK's span or log record out: for exporters that know no bytes.

What the stock encoder writes comes back whole; encoding it again gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope as PbScope
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as PbLogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as PbResource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, SpanFlags
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from agent_otel.delivery.item import Envelope

__all__ = ["decode_log", "decode_span"]

_ENVELOPES: Final = 256
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)  # nothing else is exported, and the stock encoder does not write it


def decode_span(envelope: Envelope, payload: bytes) -> ReadableSpan:
    """Give the span that was encoded.

    Args:
        envelope: Its resource and scope.
        payload: The OTLP ``Span``.

    Raises:
        google.protobuf.message.DecodeError: It is none.
    """
    span = Span.FromString(payload)
    resource, scope = _surroundings(envelope)
    trace_id = int.from_bytes(span.trace_id, "big")
    return ReadableSpan(
        span.name,
        SpanContext(
            trace_id,
            int.from_bytes(span.span_id, "big"),
            is_remote=False,
            trace_flags=_SAMPLED,
            trace_state=TraceState.from_header([span.trace_state]),
        ),
        _reference(trace_id, span.parent_span_id, span.flags) if span.parent_span_id else None,
        resource,
        _attributes(span.attributes, span.dropped_attributes_count),
        _counted((_event(event) for event in span.events), span.dropped_events_count),
        _counted((_link(link) for link in span.links), span.dropped_links_count),
        # OTLP has a kind "unspecified" before the five
        SpanKind(max(span.kind - 1, 0)),
        status=Status(StatusCode(span.status.code), span.status.message or None),
        start_time=span.start_time_unix_nano,
        end_time=span.end_time_unix_nano,
        instrumentation_scope=scope,
    )


def decode_log(envelope: Envelope, payload: bytes) -> ReadableLogRecord:
    """Give the log record that was encoded; as ``decode_span``, with the OTLP ``LogRecord``."""
    record = PbLogRecord.FromString(payload)
    resource, scope = _surroundings(envelope)
    context = SpanContext(
        int.from_bytes(record.trace_id, "big"),
        int.from_bytes(record.span_id, "big"),
        is_remote=False,
        trace_flags=TraceFlags(record.flags & 0xFF),
    )
    made = LogRecord(
        timestamp=record.time_unix_nano or None,
        observed_timestamp=record.observed_time_unix_nano,
        context=set_span_in_context(NonRecordingSpan(context)),
        severity_text=record.severity_text or None,
        severity_number=SeverityNumber(record.severity_number) if record.severity_number else None,
        body=_value(record.body),
        attributes=_attributes(record.attributes, record.dropped_attributes_count),
        event_name=record.event_name or None,
    )
    return ReadableLogRecord(made, resource, scope)


@lru_cache(_ENVELOPES)
def _surroundings(envelope: Envelope) -> tuple[Resource, InstrumentationScope]:
    resource = PbResource.FromString(envelope.resource)
    scope = PbScope.FromString(envelope.scope)
    return (
        Resource(_attributes(resource.attributes), envelope.resource_schema_url),
        InstrumentationScope(scope.name, scope.version, envelope.scope_schema_url, _attributes(scope.attributes)),
    )


def _event(event: Any) -> Event:
    return Event(event.name, _attributes(event.attributes, event.dropped_attributes_count), event.time_unix_nano)


def _link(link: Any) -> Link:
    context = _reference(int.from_bytes(link.trace_id, "big"), link.span_id, link.flags)
    return Link(context, _attributes(link.attributes, link.dropped_attributes_count))


def _reference(trace_id: int, span_id: bytes, flags: int) -> SpanContext:
    is_remote = bool(flags & SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
    return SpanContext(trace_id, int.from_bytes(span_id, "big"), is_remote=is_remote, trace_flags=_SAMPLED)


def _attributes(pairs: Iterable[KeyValue], dropped: int = 0) -> BoundedAttributes:
    attributes = BoundedAttributes(attributes={pair.key: _value(pair.value) for pair in pairs})
    attributes.dropped = dropped
    return attributes


def _counted(made: Iterable[Any], dropped: int) -> BoundedList[Any]:
    counted: BoundedList[Any] = BoundedList.from_seq(None, made)
    counted.dropped = dropped
    return counted


def _value(value: AnyValue) -> Any:
    """Give what a value holds; sequences are tuples, as attributes have them."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return tuple(_value(part) for part in value.array_value.values)
    if kind == "kvlist_value":
        return {pair.key: _value(pair.value) for pair in value.kvlist_value.values}
    return getattr(value, kind) if kind is not None else None
