"""Derived ids and the run's sampling decision, brought into the SDK by its own extension points.

The SDK asks an ``IdGenerator`` and a ``Sampler``, which see no span data. What they should answer travels in a context
variable that is set around ``Tracer.start_span``; without it both delegate to what the user configured.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from typing import NamedTuple

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

__all__ = ["ASSIGNED", "Assigned", "DerivedIdGenerator", "DerivedSampler"]


class Assigned(NamedTuple):
    """What the next span is to be."""

    trace_id: int
    span_id: int
    decision: Decision
    trace_state: TraceState | None


ASSIGNED: ContextVar[Assigned | None] = ContextVar("agent_otel_assigned", default=None)


class DerivedIdGenerator(IdGenerator):
    """Gives the assigned ids, else those of the configured generator."""

    def __init__(self, delegate: IdGenerator) -> None:
        self._delegate = delegate

    def generate_trace_id(self) -> int:
        """Give the assigned trace id, or a new one."""
        assigned = ASSIGNED.get()
        return assigned.trace_id if assigned is not None else self._delegate.generate_trace_id()

    def generate_span_id(self) -> int:
        """Give the assigned span id, or a new one."""
        assigned = ASSIGNED.get()
        return assigned.span_id if assigned is not None else self._delegate.generate_span_id()

    def is_trace_id_random(self) -> bool:
        """Say whether trace ids are random in the sense of W3C Trace Context level 2: derived ones are not."""
        return ASSIGNED.get() is None and self._delegate.is_trace_id_random()


class DerivedSampler(Sampler):
    """Gives the decision that was taken when the run opened, else asks the configured sampler."""

    def __init__(self, delegate: Sampler) -> None:
        self.delegate = delegate

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Decide as the SDK asks."""
        assigned = ASSIGNED.get()
        if assigned is not None:
            return SamplingResult(assigned.decision, attributes, assigned.trace_state)
        return self.delegate.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """Name the sampler."""
        return f"DerivedSampler({self.delegate.get_description()})"
