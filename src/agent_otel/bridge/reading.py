"""Reading recorded runs on the calling thread: waits for room instead of dropping, and gives the books at the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
import math
import time
from typing import Any, Literal
from uuid import uuid4

from attrs import define, field, frozen
from opentelemetry.trace import get_current_span

from agent_otel.bridge.acknowledgements import Acknowledgements, Store
from agent_otel.bridge.ambient import ambient_context
from agent_otel.bridge.books import BridgeBooks, Problem
from agent_otel.bridge.interruption import Interruption
from agent_otel.bridge.pipeline import Pipeline
from agent_otel.bridge.sink_names import sink_names
from agent_otel.correlate import NO_SURROUNDINGS, Correlator, OrphanReason, SpanRef, Surroundings
from agent_otel.processors import Outbox
from agent_otel.project import SpanData
from agent_otel.setup import (
    Settings,
    Telemetry,
    build_telemetry,
    export_timeout_s,
    is_disabled,
    otlp_endpoint,
    read_settings,
)
from agent_otel.sources import Context, Decoder, Source

__all__ = ["Reading", "ReadingOptions", "ReadingSummary"]

_FLUSH_PERIOD_S = 60.0
_FLUSH_STEP_S = 0.5
_SHUTDOWN_TIMEOUT_S = 5.0
_BATCH = 64  # records, and outputs of correlation; more save little more time
_ABORT_PATIENCE_S = 2.0
_POLL_S = 0.2
_FAILURES_IN_A_ROW = 3


@frozen(kw_only=True)
class ReadingOptions:
    """How to read.

    Args:
        trace_per: ``run`` (a trace per top-level run) or ``conversation`` (a conversation span on top of its runs).
        resume: The inputs may still grow: leave open what is open. See ``Reading.remember``.
        send: False shows only: no exporter is made.
    """

    trace_per: Literal["run", "conversation"] = "run"
    resume: bool = False
    send: bool = True


@define
class ReadingSummary:
    """The books of a reading.

    Args:
        books: What became of the records.
        sinks: The books of each sink, by its id.
        correlation: What correlation counted.
        messages: Why something was lost, and what to do.
        cursors: Where it is remembered what was acknowledged: the last record up to which all is, by name of the input
            and id of the sink.
    """

    books: BridgeBooks
    sinks: dict[str, dict[str, int]] = field(factory=dict)
    correlation: dict[str, int] = field(factory=dict)
    messages: list[str] = field(factory=list)
    cursors: dict[str, dict[str, int]] = field(factory=dict)

    @property
    def problems(self) -> list[Problem]:
        """Records that could not be read, the first hundred."""
        return self.books.problems

    @property
    def undelivered(self) -> int:
        """Spans and log records that were neither delivered nor spooled."""
        lost = sum(sink["rejected"] + sink["evicted"] + sink["queued"] for sink in self.sinks.values())
        return lost + self.books.faults

    def as_dict(self) -> dict[str, Any]:
        """Give plain values, for JSON."""
        return {
            **self.books.as_dict(),
            "spans": self.books.spans,
            "unsampled": self.books.unsampled,
            "faults": self.books.faults,
            "notes": dict(self.books.notes),
            "correlation": self.correlation,
            "problems": [
                {"file": p.file, "line": p.line, "field": p.field, "reason": p.reason} for p in self.books.problems
            ],
            "sinks": self.sinks,
            "cursors": self.cursors,
            "messages": self.messages,
        }


class Reading:
    """One reading of recorded inputs.

    Args:
        telemetry: Where to send.
        settings: Bounds and names.
        options: How to read.
        environ: Environment variables, for messages.
        on_span: Called with every span.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        settings: Settings,
        options: ReadingOptions,
        environ: Mapping[str, str],
        on_span: Callable[[SpanData], None] | None = None,
    ) -> None:
        self._telemetry = telemetry
        self._settings = settings
        self._options = options
        self._environ = environ
        self._around = _surroundings()
        self._queued_before = -1
        self._patience_s = export_timeout_s(environ)
        self._outboxes = telemetry.outboxes
        self._waits_until = math.inf  # seconds of time.monotonic
        self.interruption = Interruption()
        correlator = Correlator(
            telemetry.namespace,
            settings.limits,
            trace_per_conversation=options.trace_per == "conversation",
            nonce=uuid4().hex,
        )
        self._pipeline = Pipeline(
            correlator,
            telemetry,
            duplicate_window=settings.duplicate_window,
            metric_names=settings.metric_names,
            names=settings.names,
            on_span=on_span,
            wait_for_room=self._wait_for_room if self._outboxes else None,
            batch=_BATCH,
        )

    @classmethod
    def from_env(
        cls,
        options: ReadingOptions,
        environ: Mapping[str, str],
        on_span: Callable[[SpanData], None] | None = None,
    ) -> Reading:
        """Build a reading from the environment, as ``Bridge.from_env`` does.

        Raises:
            SettingsError: If a variable has a value that cannot be used.
        """
        settings = read_settings(environ)
        send = options.send and not is_disabled(environ)
        telemetry = build_telemetry(environ, settings, send=send, recorded=True)
        return cls(telemetry, settings, options, environ, on_span)

    @property
    def books(self) -> BridgeBooks:
        """The books so far."""
        return self._pipeline.books

    def remember(self, store: Store) -> None:
        """Tell each sink only what it has not acknowledged in an earlier reading, and remember what it does.

        Before the first record.

        Raises:
            AgentOtelError: If the store cannot be used.
        """
        outboxes, metrics, shown = sink_names(self._telemetry, self._settings.sinks, self._environ)
        self._pipeline.teller.acknowledgements = Acknowledgements(store, outboxes, metrics, shown)

    def take(self, record: Any, source: Source, decoder: Decoder, context: Context, name: str) -> None:
        """Take one parsed record."""
        with self.interruption:
            self._pipeline.take_record(record, source, decoder, context, name=name, around=self._around)
            if self._acknowledgements is not None and self._acknowledgements.is_due:
                self._pipeline.settle()
                self._acknowledgements.save()

    def reject(self, problem: Problem) -> None:
        """Count a record that cannot be parsed."""
        self._pipeline.reject(problem)

    def repeat(self) -> None:
        """Count a record of an input that was read already in this reading."""
        self._pipeline.repeat()

    def feed(self, events: Collection[Any]) -> None:
        """Feed events that no single record gave (the end of a document)."""
        with self.interruption:
            self._pipeline.feed(events, self._around)

    def begin_input(self, key: str, name: str) -> None:
        """Begin an input.

        Args:
            key: What tells inputs apart, whatever they are called.
            name: What it is called now.
        """
        with self.interruption:
            self._pipeline.settle()
        if self._acknowledgements is not None:
            self._acknowledgements.begin_input(key, name)

    def tell_at_once(self) -> None:
        """Collect nothing from now on: what comes next comes from a pipe, which may pause."""
        with self.interruption:
            self._pipeline.settle()
        self._pipeline.batch = self._pipeline.teller.batch = 1

    def finish(self) -> ReadingSummary:
        """Close what is open (unless the inputs may still grow), send everything, and stop. Never raises for a sink."""
        with self.interruption:
            self._pipeline.settle()
            if not self._options.resume:
                self._pipeline.finish(OrphanReason.END_OF_INPUT)
        return self._stop()

    def abort(self) -> ReadingSummary:
        """Send what was completed, and close nothing: a later reading will tell the rest under the same ids."""
        self._waits_until = time.monotonic() + _ABORT_PATIENCE_S
        with self.interruption:
            self._pipeline.teller.settle()
        return self._stop()

    def _stop(self) -> ReadingSummary:
        self._flush()
        is_in_vain = any(map(self._is_dead, self._outboxes))
        self._telemetry.shutdown(time.monotonic() + (_POLL_S if is_in_vain else _SHUTDOWN_TIMEOUT_S))
        summary = ReadingSummary(
            books=self._pipeline.books,
            sinks=self._telemetry.sinks,
            correlation=dict(self._pipeline.correlator.counts),
        )
        if summary.undelivered:
            summary.messages.append(self._advice())
        if self._acknowledgements is not None:
            summary.messages += self._acknowledgements.close()
            summary.cursors = self._acknowledgements.cursors()
        return summary

    @property
    def _acknowledgements(self) -> Acknowledgements | None:
        return self._pipeline.teller.acknowledgements

    def _save_what_came(self) -> None:
        """Remember what was acknowledged while there is nothing to do but to wait: the process may be killed."""
        if self._acknowledgements is not None and self._acknowledgements.is_due:
            self._acknowledgements.save()

    def _flush(self) -> None:
        """Push out everything; a slow sink is waited for as long as it takes something in each period."""
        moved = time.monotonic()
        while not self._telemetry.flush(time.monotonic() + _FLUSH_STEP_S):
            self._save_what_came()
            queued, now = sum(outbox.queued for outbox in self._outboxes), time.monotonic()
            if queued != self._queued_before:
                self._queued_before, moved = queued, now
            if not queued or now - moved > _FLUSH_PERIOD_S or all(map(self._is_settled, self._outboxes)):
                break

    def _is_settled(self, outbox: Outbox) -> bool:
        return outbox.queued == 0 or self._is_dead(outbox)

    def _is_dead(self, outbox: Outbox) -> bool:
        """Whether a sink fails on and on, and for as long as one export may take: it is no restart of a collector."""
        since = outbox.failing_since
        failing_s = time.monotonic() - since if since is not None else 0.0
        return outbox.failed_in_a_row >= _FAILURES_IN_A_ROW and failing_s >= self._patience_s

    def _advice(self) -> str:
        endpoint = otlp_endpoint("traces", self._environ)
        return (
            f"could not deliver to {endpoint}: start a collector there, set OTEL_EXPORTER_OTLP_ENDPOINT, "
            "or set OTEL_TRACES_EXPORTER=none (and the same for metrics and logs) to send nothing"
        )

    def _wait_for_room(self) -> None:
        """Wait until every sink has room, or an interruption; a sink that fails on and on is not waited for."""
        for outbox in self._outboxes:
            while not (outbox.is_on_disk or outbox.has_room):
                if self._is_dead(outbox):
                    outbox.give_up()
                if outbox.wait_for_room(_POLL_S) or time.monotonic() > self._waits_until:
                    break
                self._save_what_came()
                self.interruption.check()


def _surroundings() -> Surroundings:
    """A caller's ``TRACEPARENT`` wins for recorded runs too: they join that trace."""
    context = ambient_context()
    if context is None:
        return NO_SURROUNDINGS
    span = get_current_span(context).get_span_context()
    return Surroundings(SpanRef(span.trace_id, span.span_id), context)
