"""Changes to spans that are encoded already."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agent_otel.conventions import attributes as a

__all__ = ["superseding", "with_attributes"]


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
