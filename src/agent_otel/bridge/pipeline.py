"""The pipeline behind the facade: records or events in, through correlation, to the teller.

One thread at a time: the worker of a live bridge, or the thread that replays a file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
import re
from typing import Any, Final

from agent_otel.bridge.books import BridgeBooks, Fate, Problem
from agent_otel.bridge.naming import Naming
from agent_otel.bridge.teller import Teller
from agent_otel.correlate import (
    NO_SURROUNDINGS,
    Correlator,
    OrphanReason,
    RecentKeys,
    Surroundings,
)
from agent_otel.model import AgentEvent, Cursor, RecordRejected
from agent_otel.project import SpanData
from agent_otel.setup import Telemetry
from agent_otel.sources import Context, Decoder, Source, Verdict
from agent_otel.sources.guarded import fault_name, is_interrupt

__all__ = ["Pipeline"]

_NOTE: Final = re.compile(r"[a-z0-9_]{1,40}")
_OTHER_NOTE: Final = "other_note"
_MAX_NOTES: Final = 200
_NO_NAMES: Final[Mapping[str, str]] = {}


class Pipeline:
    """Takes records and events.

    Args:
        correlator: Joins events.
        telemetry: Where everything goes.
        duplicate_window: Record ids that are remembered.
        metric_names: Distinct names per metric label.
        names: Names that the host gives to ids.
        on_span: Called with every span, sent or not; for showing it.
        wait_for_room: Called before each output: holds back while the sinks are full.
        batch: How many records or outputs are collected before each step is taken over all of them (see ``Teller``);
            live, none waits for another.
    """

    def __init__(
        self,
        correlator: Correlator,
        telemetry: Telemetry,
        *,
        duplicate_window: int = 100_000,
        metric_names: int = 200,
        names: Mapping[str, str] = _NO_NAMES,
        on_span: Callable[[SpanData], None] | None = None,
        wait_for_room: Callable[[], None] | None = None,
        batch: int = 1,
    ) -> None:
        self.books = BridgeBooks()
        self.correlator = correlator
        self.teller = Teller(
            telemetry,
            self.books,
            metric_names=metric_names,
            on_span=on_span,
            wait_for_room=wait_for_room,
            batch=batch,
        )
        self.batch = batch
        self._naming = Naming(names)
        self._decoded: deque[tuple[tuple[AgentEvent, ...], bool, Surroundings, Cursor | None]] = deque()
        self._at: Cursor | None = None  # the last record
        self._seen = RecentKeys(duplicate_window)

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
        self._at = context.cursor
        taken = self._decode(record, source, decoder, context, name)
        if isinstance(taken, str):
            self.books.settle(taken)
            return
        self._decoded.append((*taken, around, context.cursor))
        if len(self._decoded) >= self.batch:
            self._correlate()

    def _decode(
        self, record: Any, source: Source, decoder: Decoder, context: Context, name: str
    ) -> Fate | tuple[tuple[AgentEvent, ...], bool]:
        """Give the events of a record and whether it counts as skipped; or its fate if it has none."""
        place = name, context.cursor.ordinal
        try:
            key = source.record_key(record)
            if key is not None and (key := f"{source.name}:{key}") in self._seen:
                return "duplicate"
            decoded = decoder.decode(record, context)
            events, note, is_skipped = tuple(decoded.events), decoded.note, decoded.verdict is Verdict.SKIPPED
        except RecordRejected as rejected:
            return self.books.keep(Problem(*place, rejected.field, rejected.reason))
        except BaseException as error:
            if is_interrupt(error):
                raise
            # A fault of one decoder costs one record, not the stream.
            return self.books.keep(Problem(*place, "", f"decoder fault ({fault_name(error)})"))
        if key is not None:
            self._seen.add(key)
        if note is not None:
            self._note(note)
        return events, is_skipped

    def _correlate(self) -> None:
        """Correlate what was decoded."""
        while self._decoded:
            events, is_skipped, around, cursor = self._decoded.popleft()
            new = self._feed(events, around, cursor)
            self.books.settle("skipped" if is_skipped else "duplicate" if events and not new else "mapped")

    def _note(self, note: object) -> None:
        """Count a note: an identifier, one of a bounded number."""
        word = note if isinstance(note, str) and _NOTE.fullmatch(note) else _OTHER_NOTE
        known = self.books.notes
        self.books.note(word if word in known or len(known) < _MAX_NOTES else _OTHER_NOTE)

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
        self._correlate()
        if self._feed((event,), around, event.cursor):
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
        self._correlate()
        return self._feed(events, around, self._at)

    def _feed(self, events: Iterable[AgentEvent], around: Surroundings, cursor: Cursor | None) -> int:
        new = 0
        for event in events:
            try:
                correlated = self.correlator.feed(self._naming(event), around)
            except Exception:  # noqa: BLE001  a value that no rule foresaw costs one event
                self.books.faults += 1
                continue
            self.teller.tell(correlated.outputs, cursor)
            new += not correlated.is_duplicate
        return new

    def advance(self, now_ns: int) -> None:
        """Let time pass, in Unix nanoseconds (live use)."""
        self.teller.tell(self.correlator.advance(now_ns))

    def finish(self, reason: OrphanReason, now_ns: int | None = None) -> None:
        """Close what is open and tell it."""
        self._correlate()
        self.teller.tell(self.correlator.finish(reason, now_ns), self._at)
        self.teller.settle()

    def settle(self) -> None:
        """Correlate and tell all that was collected.

        Not after an interruption, which may have cost a record: what came after it would be told without it. Then only
        the teller is settled.
        """
        self._correlate()
        self.teller.settle()
        if self._at is not None and self.teller.acknowledgements is not None:
            self.teller.acknowledgements.reached(self._at)

    def disown(self, openings: Iterable[AgentEvent]) -> None:
        """In a forked child: what is open is the parent's to tell, but what comes may still belong to it.

        Args:
            openings: Starts of runs that the parent's worker may not have seen when it forked.
        """
        self._decoded.clear()
        self.teller.forget()
        counts = self.correlator.counts.copy()
        for event in openings:
            self.correlator.feed(event)
        self.correlator.finish(OrphanReason.SHUTDOWN)
        self.correlator.counts.clear()
        self.correlator.counts.update(counts)
