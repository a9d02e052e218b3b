"""All texts that a span, a log record or metrics carry, each with its place: a name for people, never text of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from opentelemetry.sdk._logs import ReadWriteLogRecord
from opentelemetry.sdk.metrics.export import MetricsData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

__all__ = ["Told", "told_by_metrics", "told_by_record", "told_by_resource", "told_by_scope", "told_by_span"]

_NUMBERS = (bool, int, float, type(None))


class Told(NamedTuple):
    """One thing that leaves.

    Attributes:
        place: Where it stands.
        key: Its key there, which says something about the value; empty if it has none.
        value: Text, or a structure that may hold text.
    """

    place: str
    key: str
    value: Any


def told_by_span(span: ReadableSpan) -> Iterator[Told]:
    """Give all that a span says but its resource and scope."""
    yield Told("span name", "", span.name)
    if span.status.description:
        yield Told("status description", "", span.status.description)
    yield from _attributes("attribute", span.attributes)
    for event in span.events:
        yield Told("event name", "", event.name)
        yield from _attributes("event attribute", event.attributes)
    for link in span.links:
        yield from _attributes("link attribute", link.attributes)
    if span.context is not None and span.context.trace_state:
        yield Told("trace state", "", span.context.trace_state.to_header())


def told_by_record(record: ReadWriteLogRecord) -> Iterator[Told]:
    """Give all that a log record says but its resource and scope."""
    log = record.log_record
    for place, text in (("event name of log record", log.event_name), ("severity of log record", log.severity_text)):
        if text:
            yield Told(place, "", text)
    if log.body is not None:
        yield Told("body of log record", "", log.body)
    yield from _attributes("attribute of log record", log.attributes)


def told_by_resource(resource: Resource) -> Iterator[Told]:
    """Give what a resource says."""
    yield from _attributes("resource attribute", resource.attributes)
    if resource.schema_url:
        yield Told("schema URL of resource", "", resource.schema_url)


def told_by_scope(scope: InstrumentationScope) -> Iterator[Told]:
    """Give what an instrumentation scope says."""
    for text in filter(None, (scope.name, scope.version, scope.schema_url)):
        yield Told("instrumentation scope", "", text)
    yield from _attributes("attribute of instrumentation scope", scope.attributes)


def told_by_metrics(data: MetricsData) -> Iterator[list[Told]]:
    """Give what metrics say, for each point."""
    metrics = [metric for part in data.resource_metrics for scope in part.scope_metrics for metric in scope.metrics]
    for metric in metrics:
        for point in metric.data.data_points:
            labels = list(_attributes("metric label", point.attributes))
            for exemplar in getattr(point, "exemplars", ()):
                labels += _attributes("exemplar attribute", exemplar.filtered_attributes)
            yield [Told("metric name", "", metric.name), *labels]


def _attributes(place: str, attributes: Mapping[str, Any] | None) -> Iterator[Told]:
    for key, value in (attributes or {}).items():
        if type(value) not in _NUMBERS:
            yield Told(f"{place} {key}", key, value)
