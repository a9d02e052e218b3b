"""The pipeline behind the facade: records or events in, through correlate and project, to the emitters.

One thread at a time: the worker of a live bridge, or the thread that replays a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from agent_otel.bridge.books import BridgeBooks, Fate, Problem
from agent_otel.correlate import (
    NO_SURROUNDINGS,
    Correlator,
    Occurrence,
    Operation,
    OrphanReason,
    Output,
    RecentKeys,
    RunOpened,
    Surroundings,
)
from agent_otel.model import AgentEvent, RecordRejected
from agent_otel.project import Measurements, SpanData, record_of, span_of
from agent_otel.setup import Telemetry
from agent_otel.sources import Context, Decoder, Source, Verdict

__all__ = ["Pipeline"]


class Pipeline:
    """Takes records and events.

    Args:
        correlator: Joins events.
        telemetry: Where everything goes.
        duplicate_window: Record ids that are remembered.
        metric_names: Distinct names per metric label.
        on_span: Called with every span, sent or not; for showing it.
        wait_for_room: Called before each output: holds back while the sinks are full.
    """

    def __init__(
        self,
        correlator: Correlator,
        telemetry: Telemetry,
        *,
        duplicate_window: int = 100_000,
        metric_names: int = 200,
        on_span: Callable[[SpanData], None] | None = None,
        wait_for_room: Callable[[], None] | None = None,
    ) -> None:
        self.books = BridgeBooks()
        self.correlator = correlator
        self._telemetry = telemetry
        self._seen = RecentKeys(duplicate_window)
        self._measurements = Measurements(metric_names)
        self._on_span = on_span
        self._wait_for_room = wait_for_room
        self.delivered_before: set[int] = set()  # identities that an earlier reading delivered; not told again
        self.told: list[int] | None = None  # identities told in this reading, if somebody collects them

    def take_record(
        self,
        record: Any,
        source: Source,
        decoder: Decoder,
        context: Context,
        *,
        name: str,
        around: Surroundings = NO_SURROUNDINGS,
    ) -> None:
        """Take one parsed record of a source.

        Args:
            record: A JSON value.
            source: Its source.
            decoder: The decoder of its group of documents.
            context: Its place and time of receipt.
            name: Name of the input, for problems.
            around: What surrounded a live record.
        """
        self.books.settle(self._fate_of_record(record, source, decoder, context, name, around))

    def _fate_of_record(
        self, record: Any, source: Source, decoder: Decoder, context: Context, name: str, around: Surroundings
    ) -> Fate:
        place = name, context.cursor.ordinal
        try:
            key = source.record_key(record)
            if key is not None and (key := f"{source.name}:{key}") in self._seen:
                return "duplicate"
            decoded = decoder.decode(record, context)
        except RecordRejected as rejected:
            return self.books.keep(Problem(*place, rejected.field, rejected.reason))
        except Exception as error:  # noqa: BLE001  a fault of one decoder costs one record, not the stream
            return self.books.keep(Problem(*place, "", f"decoder fault ({type(error).__name__})"))
        if key is not None:
            self._seen.add(key)
        if decoded.note is not None:
            self.books.note(decoded.note)
        new = self.feed(decoded.events, around)
        if decoded.verdict is Verdict.SKIPPED:
            return "skipped"
        return "duplicate" if decoded.events and not new else "mapped"

    def take_event(self, event: AgentEvent, around: Surroundings = NO_SURROUNDINGS) -> None:
        """Take one event as it is."""
        self.books.settle(self._fate_of_event(event, around))

    def _fate_of_event(self, event: AgentEvent, around: Surroundings) -> Fate:
        faults = self.books.faults
        if event.ids.event is not None:
            key = f"{event.origin.system}:{event.ids.event}"
            if key in self._seen:
                return "duplicate"
            self._seen.add(key)
        if self.feed((event,), around):
            return "mapped"
        if self.books.faults > faults:
            return self.books.keep(Problem("event", 0, "", "holds a value that no rule foresees"))
        return "duplicate"

    def reject(self, problem: Problem) -> None:
        """Count a record that could not even be parsed."""
        self.books.settle(self.books.keep(problem))

    def repeat(self) -> None:
        """Count a record of an input that was read already."""
        self.books.settle("duplicate")

    def feed(self, events: Iterable[AgentEvent], around: Surroundings = NO_SURROUNDINGS) -> int:
        """Feed events to correlation and tell what they complete; gives how many were new."""
        new = 0
        for event in events:
            try:
                correlated = self.correlator.feed(event, around)
            except Exception:  # noqa: BLE001  a value that no rule foresaw costs one event
                self.books.faults += 1
                continue
            self._tell(correlated.outputs)
            new += not correlated.is_duplicate
        return new

    def advance(self, now_ns: int) -> None:
        """Let time pass, in Unix nanoseconds (live use)."""
        self._tell(self.correlator.advance(now_ns))

    def finish(self, reason: OrphanReason, now_ns: int | None = None) -> None:
        """Close what is open and tell it."""
        self._tell(self.correlator.finish(reason, now_ns))

    def disown(self, openings: Iterable[AgentEvent]) -> None:
        """In a forked child: what is open is the parent's to tell, but what comes may still belong to it.

        Args:
            openings: Starts of runs that the parent's worker may not have seen when it forked.
        """
        counts = self.correlator.counts.copy()
        for event in openings:
            self.correlator.feed(event)
        self.correlator.finish(OrphanReason.SHUTDOWN)
        self.correlator.counts.clear()
        self.correlator.counts.update(counts)

    def _tell(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            if isinstance(output, RunOpened):
                self._open(output)
                continue
            identity = output.identity.span_id if isinstance(output, Operation) else output.key
            if identity in self.delivered_before:
                self.books.notes["told_before"] += 1
                continue
            if self._wait_for_room is not None:
                self._wait_for_room()
            try:
                if isinstance(output, Operation):
                    self._tell_operation(output)
                else:
                    self._tell_occurrence(output)
            except Exception:  # noqa: BLE001  as above
                self.books.faults += 1
                continue
            if self.told is not None:
                self.told.append(identity)

    def _open(self, opened: RunOpened) -> None:
        try:
            self._telemetry.spans.run_opened(opened)
        except Exception:  # noqa: BLE001  a sampler of the host's
            self.books.faults += 1

    def _tell_operation(self, operation: Operation) -> None:
        data = span_of(operation)
        self.books.spans += 1
        context = self._telemetry.spans.emit(data)
        if context is None:
            self.books.unsampled += 1
        self._telemetry.metrics.emit(self._measurements.of_operation(operation), context)
        if self._on_span is not None:
            self._on_span(data)

    def _tell_occurrence(self, occurrence: Occurrence) -> None:
        self._telemetry.logs.emit(record_of(occurrence))
        self._telemetry.metrics.emit(self._measurements.of_occurrence(occurrence))
