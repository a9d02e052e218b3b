"""Spans as the backends show them, in one shape, so that trees can be drawn and compared."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from backend.asking import jaeger_spans, tempo_spans

__all__ = ["SeenSpan", "in_jaeger", "in_tempo"]


@frozen(kw_only=True)
class SeenSpan:
    """A span as a backend shows it; times in Unix nanoseconds, as precise as the backend has them."""

    name: str
    trace_id: str
    span_id: str
    parent_span_id: str
    start_ns: int
    kind: str
    status_code: str
    attributes: Mapping[str, Any] = field(repr=False)


def in_jaeger(jaeger: str, trace_id: str) -> list[SeenSpan]:
    """Give the spans of a trace as Jaeger shows them."""
    found = []
    for span in jaeger_spans(jaeger, trace_id):
        parents = [ref["spanID"] for ref in span["references"] if ref["refType"] == "CHILD_OF"]
        tags = {tag["key"]: tag["value"] for tag in span["tags"]}
        found.append(
            SeenSpan(
                name=span["operationName"],
                trace_id=span["traceID"],
                span_id=span["spanID"],
                parent_span_id=parents[0] if parents else "",
                start_ns=span["startTime"] * 1000,
                kind=tags.get("span.kind", ""),
                status_code=tags.get("otel.status_code", "unset").lower(),
                attributes=tags,
            )
        )
    return found


def in_tempo(tempo: str, trace_id: str) -> list[SeenSpan]:
    """Give the spans of a trace as Tempo has them."""
    return [
        SeenSpan(
            name=span["name"],
            trace_id=b64decode(span["traceId"]).hex(),
            span_id=b64decode(span["spanId"]).hex(),
            parent_span_id=b64decode(span.get("parentSpanId", "")).hex(),
            start_ns=int(span["startTimeUnixNano"]),
            kind=span.get("kind", "").removeprefix("SPAN_KIND_").lower(),
            status_code=span.get("status", {}).get("code", "unset").removeprefix("STATUS_CODE_").lower(),
            attributes={each["key"]: _value(each["value"]) for each in span.get("attributes", [])},
        )
        for span in tempo_spans(tempo, trace_id)
    ]


def _value(given: dict[str, Any]) -> Any:
    (kind, value), *_ = [*given.items(), ("none", None)]
    return int(value) if kind == "intValue" else value
