"""What a receiver gives to tests: spans, metric points and log records as plain values, as a backend stores them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

__all__ = [
    "ReceivedEvent",
    "ReceivedExemplar",
    "ReceivedLink",
    "ReceivedLog",
    "ReceivedPoint",
    "ReceivedSpan",
]


@frozen
class ReceivedEvent:
    """A span event; time in Unix nanoseconds."""

    name: str
    time_ns: int
    attributes: Mapping[str, Any] = field(repr=False)


@frozen
class ReceivedLink:
    """A span link; ids in lower-case hex."""

    trace_id: str
    span_id: str
    attributes: Mapping[str, Any] = field(repr=False)


@frozen(kw_only=True)
class ReceivedSpan:
    """A span. Its repr leaves out everything that can hold content.

    Args:
        name: Span name.
        kind: ``internal``, ``server``, ``client``, ``producer``, ``consumer`` or ``unspecified``.
        trace_id: 32 hex digits.
        span_id: 16 hex digits.
        parent_span_id: 16 hex digits, empty for a root.
        start_ns: Unix time in nanoseconds.
        end_ns: Unix time in nanoseconds.
        status_code: ``unset``, ``ok`` or ``error``.
        status_message: Description of the status.
        attributes: Span attributes; arrays as lists, maps as dicts.
        events: Span events, in the order sent.
        links: Span links, in the order sent.
        resource: Resource attributes.
        scope: Name of the instrumentation scope.
        raw: The span's own protobuf message, serialised deterministically; the resource is not part of it.
    """

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_span_id: str
    start_ns: int
    end_ns: int
    status_code: str
    status_message: str = field(repr=False)
    attributes: Mapping[str, Any] = field(repr=False)
    events: tuple[ReceivedEvent, ...] = field(repr=False)
    links: tuple[ReceivedLink, ...] = field(repr=False)
    resource: Mapping[str, Any] = field(repr=False)
    scope: str
    raw: bytes = field(repr=False)


@frozen
class ReceivedExemplar:
    """An exemplar: a measured value and the span it was measured in, ids in lower-case hex, empty without a span."""

    value: float
    time_ns: int
    trace_id: str
    span_id: str


@frozen(kw_only=True)
class ReceivedPoint:
    """A point of a metric.

    Args:
        name: Metric name.
        unit: Unit of the metric.
        kind: ``sum``, ``gauge``, ``histogram``, ``exponential_histogram`` or ``summary``.
        attributes: Attributes of the series.
        value: Value of a sum or gauge, else None.
        count: Number of measurements of a histogram or summary, else None.
        sum: Sum of the measurements of a histogram or summary, else None.
        bounds: Upper bounds of the buckets of a histogram.
        bucket_counts: Measurements per bucket of a histogram, one more than bounds.
        exemplars: Exemplars, in the order sent.
        start_ns: Unix time in nanoseconds from which the point counts.
        time_ns: Unix time in nanoseconds of the point.
        resource: Resource attributes.
        scope: Name of the instrumentation scope.
    """

    name: str
    unit: str
    kind: str
    attributes: Mapping[str, Any] = field(repr=False)
    value: float | None
    count: int | None
    sum: float | None
    bounds: tuple[float, ...]
    bucket_counts: tuple[int, ...]
    exemplars: tuple[ReceivedExemplar, ...]
    start_ns: int
    time_ns: int
    resource: Mapping[str, Any] = field(repr=False)
    scope: str


@frozen(kw_only=True)
class ReceivedLog:
    """A log record.

    Args:
        event_name: Event name, empty for a plain record.
        time_ns: Unix time in nanoseconds.
        severity: OpenTelemetry severity number.
        body: Body; None if there is none.
        attributes: Attributes of the record.
        trace_id: 32 hex digits, empty outside a span.
        span_id: 16 hex digits, empty outside a span.
        resource: Resource attributes.
        scope: Name of the instrumentation scope.
    """

    event_name: str
    time_ns: int
    severity: int
    body: Any = field(repr=False)
    attributes: Mapping[str, Any] = field(repr=False)
    trace_id: str
    span_id: str
    resource: Mapping[str, Any] = field(repr=False)
    scope: str
