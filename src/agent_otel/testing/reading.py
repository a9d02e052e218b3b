"""OTLP export requests in, plain values out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from agent_otel.testing.received import (
    ReceivedEvent,
    ReceivedExemplar,
    ReceivedLink,
    ReceivedLog,
    ReceivedPoint,
    ReceivedSpan,
)

__all__ = ["logs_of", "points_of", "spans_of"]

_SPAN_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUS_CODES = ("unset", "ok", "error")


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
