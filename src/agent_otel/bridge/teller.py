"""Outputs of correlation in; spans, measurements and log records of the SDK out: the second half of the pipeline.

Three steps: project, emit, measure. Where nobody waits for an output, each step is taken over a whole batch before the
next: that costs a quarter less than all three over one output after another, because the code of one step stays in the
processor's caches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from opentelemetry.context import Context

from agent_otel.bridge.books import BridgeBooks
from agent_otel.correlate import Occurrence, Operation, Output, RunOpened
from agent_otel.project import LogData, Measurements, SpanData, record_of, span_of
from agent_otel.setup import Telemetry

__all__ = ["Teller"]

_Worked = Operation | Occurrence


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
        self.delivered_before: set[int] = set()  # identities that an earlier reading delivered; not told again
        self.told: list[int] | None = None  # identities told in this reading, if somebody collects them
        self._telemetry = telemetry
        self._books = books
        self._measurements = Measurements(metric_names)
        self._on_span = on_span
        self._wait_for_room = wait_for_room
        self._collected: deque[Output] = deque()
        self._projected: deque[tuple[_Worked, SpanData | LogData | None]] = deque()
        self._emitted: deque[tuple[_Worked, Context | None]] = deque()

    def tell(self, outputs: Iterable[Output]) -> None:
        """Take outputs, and tell them once there are enough."""
        for output in outputs:
            self._collected.append(output)
            if len(self._collected) >= self.batch:
                self.settle()

    def settle(self) -> None:
        """Tell all that was collected; what an interruption left half done is told by the next call."""
        self._take(self._project, self._collected)
        self._take(self._emit, self._projected, self._wait_for_room)
        self._take(self._measure, self._emitted)

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
            except Exception:  # noqa: BLE001  a value that no rule foresaw costs one output
                self._books.faults += 1

    def _project(self, output: Output) -> None:
        if isinstance(output, RunOpened):
            self._telemetry.spans.run_opened(output)
        elif _identity_of(output) in self.delivered_before:
            self._books.notes["told_before"] += 1
        else:
            self._projected.append((output, span_of(output) if isinstance(output, Operation) else record_of(output)))

    def _emit(self, projected: tuple[_Worked, SpanData | LogData | None]) -> None:
        output, data = projected
        context = None
        if isinstance(data, SpanData):
            context = self._emit_span(data)
        elif data is not None:
            self._telemetry.logs.emit(data)
        self._emitted.append((output, context))
        if self.told is not None:
            self.told.append(_identity_of(output))

    def _emit_span(self, data: SpanData) -> Context | None:
        self._books.spans += 1
        context = self._telemetry.spans.emit(data)
        if context is None:
            self._books.unsampled += 1
        else:
            self._telemetry.logs.emit_details(data)
        if self._on_span is not None:
            self._on_span(data)
        return context

    def _measure(self, emitted: tuple[_Worked, Context | None]) -> None:
        output, context = emitted
        if isinstance(output, Operation):
            self._telemetry.metrics.emit(self._measurements.of_operation(output), context)
        else:
            self._telemetry.metrics.emit(self._measurements.of_occurrence(output))


def _identity_of(output: _Worked) -> int:
    return output.identity.span_id if isinstance(output, Operation) else output.key
