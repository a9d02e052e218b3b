"""Outputs of correlation in; spans, measurements and log records of the SDK out: the second half of the pipeline.

Three steps: project, emit, measure. Where nobody waits for an output, each step is taken over a whole batch before the
next: that costs a quarter less than all three over one output after another, because the code of one step stays in the
processor's caches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from attrs import evolve, frozen
from opentelemetry.context import Context

from agent_otel.bridge.acknowledgements import Acknowledgements
from agent_otel.bridge.books import BridgeBooks
from agent_otel.correlate import Occurrence, Operation, Output, RunOpened
from agent_otel.model import Cursor, DeliveryClass
from agent_otel.processors import Losses
from agent_otel.processors.interruption import place_of
from agent_otel.processors.telling import TELLING, Telling
from agent_otel.project import LogData, Measurements, SpanData, record_of, span_of
from agent_otel.setup import Telemetry
from agent_otel.sources.guarded import is_interrupt

__all__ = ["Teller"]

_Worked = Operation | Occurrence
_64_BITS = (1 << 64) - 1


@frozen
class _Told:
    """An output on its way.

    Args:
        output: What correlation gave.
        data: What it became; None for what is a measurement and nothing else.
        telling: What the sinks' processors are to know of it.
        holders: The sinks that have it from an earlier reading, as a mask.
    """

    output: _Worked
    data: SpanData | LogData | None
    telling: Telling
    holders: int = 0


class Teller:
    """Tells outputs, in their order. A fault costs one output and is counted.

    Args:
        telemetry: Where everything goes.
        books: Where spans and faults are counted.
        metric_names: Distinct names per metric label.
        on_span: Called with every span, sent or not; for showing it.
        wait_for_room: Called before each span and log record: holds back while the sinks are full.
        batch: How many outputs are collected before they are told.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        books: BridgeBooks,
        *,
        metric_names: int = 200,
        on_span: Callable[[SpanData], None] | None = None,
        wait_for_room: Callable[[], None] | None = None,
        batch: int = 1,
    ) -> None:
        self.batch = batch
        self.acknowledgements: Acknowledgements | None = None  # what sinks have of earlier readings is not told again
        self.last_fault = ""  # where the last one arose, without content
        self.dropped_before: Losses | None = None  # what found no room on its way here, by run
        self._telemetry = telemetry
        self._books = books
        self._measurements = Measurements(metric_names)
        self._on_span = on_span
        self._wait_for_room = wait_for_room
        self._collected: deque[tuple[Output, Cursor | None]] = deque()
        self._projected: deque[_Told] = deque()
        self._emitted: deque[tuple[_Told, Context | None]] = deque()

    def tell(self, outputs: Iterable[Output], cursor: Cursor | None = None) -> None:
        """Take outputs, and tell them once there are enough.

        Args:
            outputs: What correlation gave.
            cursor: Place of the record by which it did.
        """
        for output in outputs:
            self._collected.append((output, cursor))
            if len(self._collected) >= self.batch:
                self.settle()

    def settle(self) -> None:
        """Tell all that was collected; what an interruption left half done is told by the next call."""
        self._take(self._project, self._collected)
        self._look_ahead()
        self._take(self._emit, self._projected, self._wait_for_room)
        self._take(self._measure, self._emitted)

    def _look_ahead(self) -> None:
        if len(self._projected) > 1:
            spans = [told.data for told in self._projected if isinstance(told.data, SpanData)]
            try:
                self._telemetry.spans.look_ahead(spans)
            except BaseException as error:  # then each is looked at for itself
                if is_interrupt(error):
                    raise
                self._note_fault(error)

    def forget(self) -> None:
        """In a forked child: what the parent was about to tell is the parent's."""
        self._collected.clear()
        self._projected.clear()
        self._emitted.clear()

    def _take(self, step: Callable[[Any], None], queue: deque[Any], wait: Callable[[], None] | None = None) -> None:
        while queue:
            if wait is not None:
                wait()
            item = queue.popleft()
            try:
                step(item)
            except (
                BaseException
            ) as error:  # a value that no rule foresaw, or a processor of the host's, costs one output
                if is_interrupt(error):
                    raise
                self._note_fault(error)

    def _note_fault(self, error: BaseException) -> None:
        self._books.faults += 1
        self.last_fault = place_of(error)

    def _project(self, collected: tuple[Output, Cursor | None]) -> None:
        output, cursor = collected
        if isinstance(output, RunOpened):
            self._telemetry.spans.run_opened(output)
            return
        told, holders = Telling(cursor), 0
        if (known := self.acknowledgements) is not None:
            identity = _identity_of(output)
            holders = known.holders(identity)
            if known.is_complete(holders):
                self._books.notes["told_before"] += 1
                return
            told = known.telling(identity, cursor, holders)
        data = span_of(output) if isinstance(output, Operation) else record_of(output)
        self._projected.append(_Told(output, data, told, holders))

    def _emit(self, told: _Told) -> None:
        context = None
        token = TELLING.set(told.telling)
        try:
            if isinstance(told.data, SpanData):
                context = self._emit_span(told.data, told.holders)
            elif told.data is not None:
                self._telemetry.logs.emit(told.data)
        finally:
            TELLING.reset(token)
        self._emitted.append((told, context))
        if self.acknowledgements is not None:
            self.acknowledgements.emitted(told.telling)

    def _emit_span(self, data: SpanData, holders: int) -> Context | None:
        # One that only a sink of log records or metrics lacks is made, for its context, and counts as told before.
        is_new = self.acknowledgements is None or self.acknowledgements.needs_span(holders)
        self._books.spans += is_new
        if self.dropped_before is not None and data.delivery_class is DeliveryClass.RUN_END and data.run is not None:
            told = self.dropped_before.told_by(data.identity.trace_id, data.run, data.identity.span_id)
            data = evolve(data, attributes={**data.attributes, **told}) if told else data
        context = self._telemetry.spans.emit(data)
        if context is None:
            self._books.unsampled += is_new
        else:
            self._telemetry.logs.emit_details(data)
        if self._on_span is not None and is_new:
            self._on_span(data)
        return context

    def _measure(self, emitted: tuple[_Told, Context | None]) -> None:
        told, context = emitted
        known, output = self.acknowledgements, told.output
        if known is not None and not known.needs_metrics(told.holders):
            return
        if isinstance(output, Operation):
            points = self._measurements.of_operation(output)
        else:
            points, context = self._measurements.of_occurrence(output), None
        self._telemetry.metrics.emit(points, context)
        if known is not None and told.telling.identity is not None:
            known.measured(told.telling.identity, len(points))


def _identity_of(output: _Worked) -> int:
    """Give 64 bits that tell outputs apart; of a span both ids, where a source names spans within their trace only."""
    if isinstance(output, Occurrence):
        return output.key
    trace_id = output.identity.trace_id
    return (trace_id ^ (trace_id >> 64) ^ output.identity.span_id) & _64_BITS
