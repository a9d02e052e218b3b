"""``SpanData`` becomes an SDK span: through the host's own Tracer, with derived ids, in the past."""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from agent_otel._version import __version__
from agent_otel.conventions import SCHEMA_URL, names
from agent_otel.correlate import RunOpened, SpanRef
from agent_otel.emit.content import ContentWriter
from agent_otel.emit.derived import ASSIGNED, Assigned
from agent_otel.emit.sampling import Sampling, TraceDecision
from agent_otel.processors.content import travelling
from agent_otel.project import SpanData
from agent_otel.project import SpanKind as DataKind

__all__ = ["SpanEmitter", "span_context"]

_KINDS = {DataKind.INTERNAL: SpanKind.INTERNAL, DataKind.CLIENT: SpanKind.CLIENT}
_ERROR = Status(StatusCode.ERROR)
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_UNSAMPLED = TraceFlags(TraceFlags.DEFAULT)


def span_context(ref: SpanRef, decision: TraceDecision, *, is_remote: bool = False) -> SpanContext:
    """Give the SDK's span context of one of our spans."""
    flags = _SAMPLED if decision.is_sampled else _UNSAMPLED
    return SpanContext(ref.trace_id, ref.span_id, is_remote, flags, decision.trace_state)


class SpanEmitter:
    """Makes spans.

    Args:
        provider: The private provider, with ``DerivedIdGenerator`` and ``DerivedSampler``.
        sampling: The decisions, shared with whoever opens runs on the agent's thread.
        content: Writes what spans say; None: under the default policy.
    """

    def __init__(self, provider: TracerProvider, sampling: Sampling, content: ContentWriter | None = None) -> None:
        self._content = content if content is not None else ContentWriter()
        self._tracer = provider.get_tracer(names.SCOPE_NAME, __version__, SCHEMA_URL)
        self.sampling = sampling
        self._last_parent: tuple[tuple[int, int, bool], Context] | None = None

    def run_opened(self, opened: RunOpened) -> None:
        """Take the sampling decision of a trace that begins."""
        agent = opened.names.agent
        name = f"{names.OP_INVOKE_AGENT} {agent}" if agent else names.OP_INVOKE_AGENT
        self.sampling.decide(opened.identity.trace_id, name, SpanKind.INTERNAL, None, opened.context)

    def emit(self, data: SpanData) -> Context | None:
        """Make a span and end it.

        Args:
            data: The complete span.

        Returns:
            A context in which it is current, for exemplars; None if its trace is not sampled and it was not made.
        """
        identity = data.identity
        kind = _KINDS[data.kind]
        decision = self.sampling.decide(identity.trace_id, data.name, kind, data.attributes, data.context)
        if not decision.is_recording:
            return None
        told = self._content.of_span(data)
        state = self._content.trace_state(decision.trace_state)
        links = [Link(span_context(ref, decision)) for ref in identity.links] if identity.links else []
        token = ASSIGNED.set(Assigned(identity.trace_id, identity.span_id, decision.decision, state))
        try:
            span = self._tracer.start_span(
                told.name,
                context=self._parent_context(data, decision),
                kind=kind,
                attributes=told.attributes,
                links=[*told.links, *links],  # a full span drops its oldest
                start_time=data.start_ns,
            )
        finally:
            ASSIGNED.reset(token)
        for event in told.events:
            span.add_event(event.name, event.attributes, event.time_ns)
        if data.is_error:
            span.set_status(_ERROR if told.error_text is None else Status(StatusCode.ERROR, told.error_text))
        with travelling(told.beside):
            span.end(data.end_ns)
        return set_span_in_context(span, _EMPTY)

    def _parent_context(self, data: SpanData, decision: TraceDecision) -> Context:
        """Give a context with the parent in it, on top of the caller's so that hooks see its baggage.

        The calls of one run follow each other and share their parent: the last context is kept for the next.
        """
        base = data.context if isinstance(data.context, Context) else _EMPTY
        parent_span_id = data.identity.parent_span_id
        if parent_span_id is None:
            return set_span_in_context(_NO_SPAN, base)
        key = (data.identity.trace_id, parent_span_id, data.identity.parent_is_remote)
        if base is _EMPTY and self._last_parent is not None and self._last_parent[0] == key:
            return self._last_parent[1]
        ref = SpanRef(data.identity.trace_id, parent_span_id)
        parent = span_context(ref, decision, is_remote=data.identity.parent_is_remote)
        context = set_span_in_context(NonRecordingSpan(parent), base)
        if base is _EMPTY:
            self._last_parent = (key, context)
        return context


_EMPTY = Context()
_NO_SPAN = NonRecordingSpan(SpanContext(0, 0, is_remote=False))
