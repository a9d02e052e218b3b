"""Records in, every place of the telemetry that comes of them out: which values stand where.

The ledger asks of each field what changes if the field does. To answer, it needs all that leaves: spans, span events,
links, status, metric points and their labels, log records, content by surface, and the books.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agent_otel.correlate import Correlator, Occurrence, Operation, OrphanReason
from agent_otel.model import Content, ContentKind, Cursor, RecordRejected
from agent_otel.project import Measurements, record_of, span_of
from agent_otel.sources import Context, Document, Source

__all__ = ["Places", "changed", "places_of"]

Places = dict[str, Counter[str]]
_RECEIPT_NS = 1_900_000_000_000_000_000


class _Told:
    """What came out, as places."""

    def __init__(self) -> None:
        self.places: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, place: str, value: object) -> None:
        self.places[place][repr(value)] += 1

    def contents(self, contents: Mapping[ContentKind, Content]) -> None:
        for kind, content in contents.items():
            self.add(f"content `{kind.value}`", (content.value, content.permitted_by_source, content.reference))

    def operation(self, operation: Operation, measurements: Measurements) -> None:
        span = span_of(operation)
        self.add("span name", span.name)
        self.add("trace id", span.identity.trace_id)
        self.add("span id", span.identity.span_id)
        self.add("parent span", span.identity.parent_span_id)
        self.add("span start", span.start_ns)
        self.add("span end", span.end_ns)
        self.add("span status", span.is_error)
        for link in span.identity.links:
            self.add("span link", (link.trace_id, link.span_id))
        for key, value in span.attributes.items():
            self.add(f"`{key}`", value)
        for event in span.events:
            self.add("span event", (operation.kind.value, event.name))
            self.add("span event time", event.time_ns)
            for key, value in event.attributes.items():
                self.add(f"`{key}` on a span event", value)
            self.contents(event.contents)
        self.contents(span.contents)
        self.points(measurements.of_operation(operation))

    def occurrence(self, occurrence: Occurrence, measurements: Measurements) -> None:
        record = record_of(occurrence)
        if record is not None:
            self.add("log record", record.event_name)
            self.add("log record time", record.time_ns)
            self.add("log record severity", record.severity)
            for key, value in record.attributes.items():
                self.add(f"`{key}` on a log record", value)
            self.contents(record.contents)
        self.points(measurements.of_occurrence(occurrence))

    def points(self, points: Iterable[Any]) -> None:
        for point in points:
            self.add(f"metric `{point.instrument}`", point.value)
            for key, value in point.attributes.items():
                self.add(f"label `{key}`", value)


def places_of(source: Source, records: Sequence[Any]) -> Places:
    """Read records as one document and give what came of them.

    Args:
        source: Who reads them.
        records: Parsed JSON values.
    """
    told = _Told()
    decoder = source.decoder()
    decoder.open(Document(name="ledger", key="k" * 64, nonce="nonce"))
    correlator = Correlator("ns", nonce="nonce")
    measurements = Measurements()
    outputs: list[object] = []
    seen: set[str] = set()
    for ordinal, record in enumerate(records, start=1):
        key = source.record_key(record)
        if key is not None and key in seen:
            told.add("recognised as a repetition", "yes")
            continue
        seen |= {key} if key is not None else set()
        try:
            decoded = decoder.decode(record, Context(Cursor("k" * 64, ordinal), _RECEIPT_NS + ordinal))
        except RecordRejected as rejected:
            told.add("rejected", rejected.field)
            continue
        if decoded.note is not None:
            told.add("note", decoded.note)
        for event in decoded.events:
            outputs += correlator.feed(event).outputs
    for event in decoder.close(complete=True):
        outputs += correlator.feed(event).outputs
    outputs += correlator.finish(OrphanReason.END_OF_INPUT)
    for output in outputs:
        if isinstance(output, Operation):
            told.operation(output, measurements)
        elif isinstance(output, Occurrence):
            told.occurrence(output, measurements)
    return dict(told.places)


def changed(before: Places, after: Places) -> list[str]:
    """Give the places whose values differ, sorted."""
    return sorted(place for place in {*before, *after} if before.get(place) != after.get(place))
