"""OTLP export requests in, plain values out: what a backend would have stored, for tests to look at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import field, frozen

__all__ = [
    "ReceivedEvent",
    "ReceivedExemplar",
    "ReceivedLink",
    "ReceivedLog",
    "ReceivedPoint",
    "ReceivedSpan",
    "logs_of",
    "points_of",
    "spans_of",
]

_SPAN_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUS_CODES = ("unset", "ok", "error")


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


def _value(any_value: Any) -> Any:
    which = any_value.WhichOneof("value")
    if which is None:
        return None
    if which == "array_value":
        return [_value(item) for item in any_value.array_value.values]
    if which == "kvlist_value":
        return _attributes(any_value.kvlist_value.values)
    return getattr(any_value, which)


def _attributes(pairs: Iterable[Any]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _word(words: tuple[str, ...], number: int) -> str:
    # Protobuf enums are open: a number of a newer protocol is kept rather than refused.
    return words[number] if 0 <= number < len(words) else str(number)


def _span(span: Any, resource: Mapping[str, Any], scope: str) -> ReceivedSpan:
    return ReceivedSpan(
        name=span.name,
        kind=_word(_SPAN_KINDS, span.kind),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_span_id=span.parent_span_id.hex(),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        status_code=_word(_STATUS_CODES, span.status.code),
        status_message=span.status.message,
        attributes=_attributes(span.attributes),
        events=tuple(ReceivedEvent(e.name, e.time_unix_nano, _attributes(e.attributes)) for e in span.events),
        links=tuple(
            ReceivedLink(link.trace_id.hex(), link.span_id.hex(), _attributes(link.attributes)) for link in span.links
        ),
        resource=resource,
        scope=scope,
        raw=span.SerializeToString(deterministic=True),
    )


def spans_of(request: Any) -> Iterator[ReceivedSpan]:
    """Read the spans of an ``ExportTraceServiceRequest``, in the order sent."""
    for group in request.resource_spans:
        resource = _attributes(group.resource.attributes)
        for scoped in group.scope_spans:
            for span in scoped.spans:
                yield _span(span, resource, scoped.scope.name)


def _number(point: Any) -> float | None:
    which = point.WhichOneof("value")
    return None if which is None else getattr(point, which)


def _exemplars(point: Any) -> tuple[ReceivedExemplar, ...]:
    return tuple(
        ReceivedExemplar(_number(e) or 0, e.time_unix_nano, e.trace_id.hex(), e.span_id.hex())
        for e in getattr(point, "exemplars", ())
    )


def _point(metric: Any, kind: str, point: Any, resource: Mapping[str, Any], scope: str) -> ReceivedPoint:
    is_number = kind in ("sum", "gauge")
    return ReceivedPoint(
        name=metric.name,
        unit=metric.unit,
        kind=kind,
        attributes=_attributes(point.attributes),
        value=_number(point) if is_number else None,
        count=None if is_number else point.count,
        sum=None if is_number else point.sum,
        bounds=tuple(getattr(point, "explicit_bounds", ())),
        bucket_counts=tuple(getattr(point, "bucket_counts", ())),
        exemplars=_exemplars(point),
        start_ns=point.start_time_unix_nano,
        time_ns=point.time_unix_nano,
        resource=resource,
        scope=scope,
    )


def points_of(request: Any) -> Iterator[ReceivedPoint]:
    """Read the metric points of an ``ExportMetricsServiceRequest``, in the order sent."""
    for group in request.resource_metrics:
        resource = _attributes(group.resource.attributes)
        for scoped in group.scope_metrics:
            for metric in scoped.metrics:
                kind = metric.WhichOneof("data")
                for point in getattr(metric, kind).data_points if kind else ():
                    yield _point(metric, kind, point, resource, scoped.scope.name)


def _log(record: Any, resource: Mapping[str, Any], scope: str) -> ReceivedLog:
    return ReceivedLog(
        event_name=record.event_name,
        time_ns=record.time_unix_nano,
        severity=record.severity_number,
        body=_value(record.body),
        attributes=_attributes(record.attributes),
        trace_id=record.trace_id.hex(),
        span_id=record.span_id.hex(),
        resource=resource,
        scope=scope,
    )


def logs_of(request: Any) -> Iterator[ReceivedLog]:
    """Read the log records of an ``ExportLogsServiceRequest``, in the order sent."""
    for group in request.resource_logs:
        resource = _attributes(group.resource.attributes)
        for scoped in group.scope_logs:
            for record in scoped.log_records:
                yield _log(record, resource, scoped.scope.name)
