"""``SpanData`` becomes an SDK span, with derived ids, in the past: through a Tracer, where somebody sees it begin."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from agent_otel._version import __version__
from agent_otel.conventions import SCHEMA_URL, names
from agent_otel.correlate import RunOpened, SpanRef
from agent_otel.emit.content import ContentWriter
from agent_otel.emit.derived import ASSIGNED, Assigned
from agent_otel.emit.private_provider import PrivateTracerProvider
from agent_otel.emit.sampling import Sampling, TraceDecision
from agent_otel.emit.told import Told
from agent_otel.emit.whole_span import WholeSpan
from agent_otel.processors.content import travelling
from agent_otel.project import SpanData
from agent_otel.project import SpanKind as DataKind

__all__ = ["SpanEmitter", "span_context"]

_KINDS = {DataKind.INTERNAL: SpanKind.INTERNAL, DataKind.CLIENT: SpanKind.CLIENT}
_UNSET = Status(StatusCode.UNSET)
_ERROR = Status(StatusCode.ERROR)
_SCOPE = InstrumentationScope(names.SCOPE_NAME, __version__, SCHEMA_URL)
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_UNSAMPLED = TraceFlags(TraceFlags.DEFAULT)


def span_context(ref: SpanRef, decision: TraceDecision, *, is_remote: bool = False) -> SpanContext:
    """Give the SDK's span context of one of our spans."""
    flags = _SAMPLED if decision.is_sampled else _UNSAMPLED
    return SpanContext(ref.trace_id, ref.span_id, is_remote, flags, decision.trace_state)


class SpanEmitter:
    """Makes spans.

    Args:
        provider: One with ``DerivedIdGenerator`` and ``DerivedSampler``; of a ``PrivateTracerProvider``'s spans, those
            that need no Tracer are made without it.
        sampling: The decisions, shared with whoever opens runs on the agent's thread.
        content: Writes what spans say; None: under the default policy.
    """

    def __init__(self, provider: TracerProvider, sampling: Sampling, content: ContentWriter | None = None) -> None:
        self._content = content if content is not None else ContentWriter()
        self._tracer = provider.get_tracer(names.SCOPE_NAME, __version__, SCHEMA_URL)
        self._private = provider if isinstance(provider, PrivateTracerProvider) else None
        self._resource = provider.resource
        self._most_attributes = self._private.limits.max_span_attributes if self._private is not None else None
        self.sampling = sampling
        self._last_parent: tuple[tuple[int, int, bool], SpanContext] | None = None

    def run_opened(self, opened: RunOpened) -> None:
        """Take the sampling decision of a trace that begins."""
        agent = opened.names.agent
        name = f"{names.OP_INVOKE_AGENT} {agent}" if agent else names.OP_INVOKE_AGENT
        self.sampling.decide(opened.identity.trace_id, name, SpanKind.INTERNAL, None, opened.context)

    def look_ahead(self, spans: Sequence[SpanData]) -> None:
        """Look in one go at what the spans say that are emitted next. Changes nothing but what that costs."""
        self._content.look_ahead([data for data in spans if self._may_be_made(data)])

    def _may_be_made(self, data: SpanData) -> bool:
        decision = self.sampling.remembered(data.identity.trace_id)
        return decision is None or decision.is_recording

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
        takers = self._private.takers if self._private is not None else None
        if takers is None or not self._is_bare(data, told):
            return self._made_by_sdk(data, told, decision, state)
        flags = _SAMPLED if decision.is_sampled else _UNSAMPLED
        own = SpanContext(identity.trace_id, identity.span_id, is_remote=False, trace_flags=flags, trace_state=state)
        span = WholeSpan(
            told.name,
            own,
            self._parent_of(data, decision),
            kind,
            (data.start_ns, data.end_ns),
            told.attributes,
            _status_of(data, told),
            self._resource,
            _SCOPE,
        )
        for taker in takers:
            taker.on_end(span)
        return set_span_in_context(NonRecordingSpan(own), _EMPTY)

    def _is_bare(self, data: SpanData, told: Told) -> bool:
        """Whether a span has nothing that the SDK would have to cut or copy: attributes alone, and not too many."""
        if told.events or told.links or told.beside is not None or data.identity.links:
            return False
        return self._most_attributes is None or len(told.attributes) <= self._most_attributes

    def _made_by_sdk(
        self, data: SpanData, told: Told, decision: TraceDecision, state: TraceState | None
    ) -> Context | None:
        """Make a span as every instrumentation makes one."""
        identity = data.identity
        links = [Link(span_context(ref, decision)) for ref in identity.links]
        token = ASSIGNED.set(Assigned(identity.trace_id, identity.span_id, decision.decision, state))
        try:
            span = self._tracer.start_span(
                told.name,
                context=self._parent_context(data, decision),
                kind=_KINDS[data.kind],
                attributes=told.attributes,
                links=[*told.links, *links],  # a full span drops its oldest
                start_time=data.start_ns,
            )
        finally:
            ASSIGNED.reset(token)
        for event in told.events:
            span.add_event(event.name, event.attributes, event.time_ns)
        if data.is_error:
            span.set_status(_status_of(data, told))
        with travelling(told.beside):
            span.end(data.end_ns)
        return set_span_in_context(span, _EMPTY)

    def _parent_context(self, data: SpanData, decision: TraceDecision) -> Context:
        """Give a context with the parent in it, on top of the caller's so that hooks see its baggage."""
        base = data.context if isinstance(data.context, Context) else _EMPTY
        parent = self._parent_of(data, decision)
        return set_span_in_context(NonRecordingSpan(parent) if parent is not None else _NO_SPAN, base)

    def _parent_of(self, data: SpanData, decision: TraceDecision) -> SpanContext | None:
        """Give the parent. The calls of one run follow each other and share theirs: the last one is kept."""
        identity = data.identity
        if identity.parent_span_id is None:
            return None
        key = (identity.trace_id, identity.parent_span_id, identity.parent_is_remote)
        if self._last_parent is not None and self._last_parent[0] == key:
            return self._last_parent[1]
        ref = SpanRef(identity.trace_id, identity.parent_span_id)
        parent = span_context(ref, decision, is_remote=identity.parent_is_remote)
        self._last_parent = (key, parent)
        return parent


def _status_of(data: SpanData, told: Told) -> Status:
    if not data.is_error:
        return _UNSET
    return _ERROR if told.error_text is None else Status(StatusCode.ERROR, told.error_text)


_EMPTY = Context()
_NO_SPAN = NonRecordingSpan(SpanContext(0, 0, is_remote=False))
