"""``MetricPoint`` becomes a measurement of the SDK, with its span's context so that exemplars lead to the trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from opentelemetry.context import Context
from opentelemetry.metrics import Meter, MeterProvider
from opentelemetry.trace import NonRecordingSpan, set_span_in_context

from agent_otel._version import __version__
from agent_otel.conventions import INSTRUMENTS, SCHEMA_URL, Instrument, names
from agent_otel.correlate import SpanRef
from agent_otel.emit.bound_labels import BoundLabels
from agent_otel.emit.content import ContentWriter
from agent_otel.emit.sampling import Sampling
from agent_otel.emit.spans import span_context
from agent_otel.project import MetricPoint

__all__ = ["MetricEmitter"]

_Record = Callable[[float, Mapping[str, Any], Context], None]
_EMPTY = Context()
_MOST_KNOWN = 2048


class MetricEmitter:
    """Records metric points; an instrument is made when it is first used.

    Args:
        provider: Any meter provider.
        sampling: Tells which spans are sampled: only those can be exemplars.
        content: Hides secrets in labels; None: under the default policy.
    """

    def __init__(self, provider: MeterProvider, sampling: Sampling, content: ContentWriter | None = None) -> None:
        self._label = (content if content is not None else ContentWriter()).label
        self._meter = provider.get_meter(names.SCOPE_NAME, __version__, SCHEMA_URL)
        self._sampling = sampling
        self._record: dict[str, _Record] = {}
        self._known: dict[tuple[Any, ...], Mapping[str, Any]] = {}  # labels as they are sent, by those that came

    def emit(self, points: Iterable[MetricPoint], context: Context | None = None) -> None:
        """Record measurements.

        Args:
            points: What was measured.
            context: The context of their span if it is at hand; else it is made from its ids.
        """
        for point in points:
            record = self._record.get(point.instrument)
            if record is None:
                record = self._record[point.instrument] = _recorder(self._meter, INSTRUMENTS[point.instrument])
            record(
                point.value,
                self._labels(point.attributes),
                context if context is not None else self._context(point.span),
            )

    def _labels(self, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
        given = (*attributes.values(), *attributes)
        known = self._known.get(given)
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            label = self._label
            known = {key: label(value) if type(value) is str else value for key, value in attributes.items()}
            self._known[given] = known
        return known

    def _context(self, span: SpanRef | None) -> Context:
        decision = self._sampling.remembered(span.trace_id) if span is not None else None
        if span is None or decision is None:
            return _EMPTY
        return set_span_in_context(NonRecordingSpan(span_context(span, decision)), _EMPTY)


def _recorder(meter: Meter, instrument: Instrument) -> _Record:
    if instrument.kind == "histogram":
        histogram = meter.create_histogram(
            instrument.name,
            instrument.unit,
            instrument.description,
            explicit_bucket_boundaries_advisory=instrument.buckets,
        )
        return BoundLabels(histogram, histogram.record)
    if instrument.kind == "latest":
        return meter.create_gauge(instrument.name, instrument.unit, instrument.description).set
    counter = meter.create_counter(instrument.name, instrument.unit, instrument.description)
    return BoundLabels(counter, counter.add)
