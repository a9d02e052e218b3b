"""Sampling, decided once per trace when its first run opens, and remembered for all that follows."""

from __future__ import annotations

from typing import NamedTuple

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler
from opentelemetry.trace import SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

from agent_otel.correlate import Window

__all__ = ["Sampling", "TraceDecision"]

_REMEMBERED = 50_000  # traces; a decision of a forgotten one is taken again


class TraceDecision(NamedTuple):
    """What was decided for a trace."""

    decision: Decision
    trace_state: TraceState | None

    @property
    def is_recording(self) -> bool:
        """Whether spans of this trace are made at all."""
        return self.decision is not Decision.DROP

    @property
    def is_sampled(self) -> bool:
        """Whether spans of this trace are exported."""
        return self.decision is Decision.RECORD_AND_SAMPLE


class Sampling:
    """Decides and remembers.

    Args:
        sampler: The configured sampler.
    """

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler
        self._decided: Window[int, TraceDecision] = Window(_REMEMBERED)

    def remembered(self, trace_id: int) -> TraceDecision | None:
        """Give the decision for a trace if one was taken."""
        return self._decided.get(trace_id)

    def decide(
        self, trace_id: int, name: str, kind: SpanKind, attributes: Attributes, context: Context | None = None
    ) -> TraceDecision:
        """Give the decision for a trace, asking the sampler only the first time.

        Args:
            trace_id: The trace.
            name: Name of the span that opens it.
            kind: Kind of that span.
            attributes: What is known of that span.
            context: The caller's context; its span is the parent if it is of this trace, else there is none.
        """
        known = self._decided.get(trace_id)
        if known is not None:
            return known
        joined = get_current_span(context).get_span_context() if context is not None else None
        parent = context if joined is not None and joined.trace_id == trace_id else Context()
        result = self.sampler.should_sample(parent, trace_id, name, kind, attributes, ())
        decision = TraceDecision(result.decision, result.trace_state)
        self._decided.put(trace_id, decision)
        return decision
