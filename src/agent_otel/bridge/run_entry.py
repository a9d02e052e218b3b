"""One entry of a run, and the spans of the calls in it: their ids are a function of the run's id and their number."""

from __future__ import annotations

from typing import Final, NamedTuple

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import SpanContext

from agent_otel.correlate import SpanRef, derive_span_id
from agent_otel.emit import CurrentSpan, TraceDecision, span_context
from agent_otel.model import EventKind

__all__ = ["UNDECIDED", "RunEntry", "SpanInRun"]

UNDECIDED: Final = TraceDecision(Decision.DROP, None)


class RunEntry(NamedTuple):
    """What is fixed when a run begins; a handle that is entered again begins another one.

    Args:
        run_id: Its id.
        ref: Its span; zeros before it begins.
        parent_span_id: What it began in.
        decision: Whether its trace is sampled.
    """

    run_id: str
    ref: SpanRef = SpanRef(0, 0)
    parent_span_id: int | None = None
    decision: TraceDecision = UNDECIDED


class SpanInRun(CurrentSpan):
    """The current span of a call in a run. Which one it is, is fixed; its id is computed when somebody asks.

    Args:
        entry: The run.
        kind: Of the call.
        number: Of the call in the run.
        outer: The context in which it begins.
    """

    def __init__(self, entry: RunEntry, kind: EventKind, number: int | str, outer: Context) -> None:
        self.outer = outer  # all that CurrentSpan would do, but for the ids
        self._entry = entry
        self._kind = kind
        self._number = number

    def _derived(self) -> SpanContext:
        entry = self._entry
        trace_id = entry.ref.trace_id
        span_id = derive_span_id(trace_id, self._kind.value, f"{entry.run_id}#{self._number}")
        return span_context(SpanRef(trace_id, span_id), entry.decision)
