"""Changes to spans that are encoded already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agent_otel.conventions import attributes as a
from agent_otel.delivery.item import Item

__all__ = ["stub_of", "superseding", "with_attributes"]

_MOST_BYTES: Final = 1024  # of a value that a stub keeps


def with_attributes(span: bytes, attributes: Mapping[str, int]) -> bytes:
    """Add attributes to an OTLP ``Span``; what it says already stays.

    Args:
        span: The span, encoded.
        attributes: Names and integers.
    """
    added = [KeyValue(key=name, value=AnyValue(int_value=count)) for name, count in attributes.items()]
    more: bytes = Span(attributes=added).SerializeToString()
    return span + more  # messages that follow each other are merged


def superseding(span: bytes, span_id: int) -> bytes:
    """Give a span another id, and a link to the span of its own, that was sent already and said less.

    Args:
        span: The span, encoded.
        span_id: The other id.
    """
    told = Span.FromString(span)
    link = Span.Link(trace_id=told.trace_id, span_id=told.span_id)
    link.attributes.append(KeyValue(key=a.SUPERSEDES, value=AnyValue(bool_value=True)))
    told.links.append(link)
    told.span_id = span_id.to_bytes(8, "big")
    changed: bytes = told.SerializeToString()
    return changed


def stub_of(item: Item) -> Item:
    """Give what goes in the place of an item that is too large for any request: all of it that is small.

    Ids, name, times, status and short values stay; events, links and long values go, and it says that it is a stub.

    Raises:
        google.protobuf.message.DecodeError: If its payload is not what it says.
    """
    told: Any = (
        Span.FromString(item.payload) if item.envelope.signal == "traces" else LogRecord.FromString(item.payload)
    )
    kept = [attribute for attribute in told.attributes if attribute.ByteSize() <= _MOST_BYTES]
    dropped = len(told.attributes) - len(kept)
    del told.attributes[:]
    told.attributes.extend([*kept, KeyValue(key=a.CONTENT_STUB, value=AnyValue(bool_value=True))])
    told.dropped_attributes_count += dropped
    if isinstance(told, Span):
        told.dropped_events_count += len(told.events)
        told.dropped_links_count += len(told.links)
        del told.events[:], told.links[:]
        if len(told.status.message) > _MOST_BYTES:
            told.status.message = ""
    elif told.body.ByteSize() > _MOST_BYTES:
        told.ClearField("body")
    return evolve(item, payload=told.SerializeToString(), raw_payload=None)
