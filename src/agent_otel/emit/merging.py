"""Spans of other instrumentations for what a span of ours tells already: they are that span, and no second one.

The MCP conventions want it so of a tool's request, and the official SDK makes its span all the same. A provider of ours
gives it a tracer that puts what such a span says on the one that there is, and passes that one's context on.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from attrs import frozen
from opentelemetry.context import Context, create_key, get_value, set_value
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind, Tracer, get_current_span

from agent_otel.conventions import attributes as a
from agent_otel.conventions import names as n
from agent_otel.emit.current import CurrentSpan

__all__ = ["MergingProvider", "telling"]

_TOLD: Final = create_key("agent-otel-told")


@frozen(eq=False)
class _Told:
    span: CurrentSpan
    method: str


def telling(span: CurrentSpan, method: str, context: Context) -> Context:
    """Give a context in which a span of ours tells the requests of an MCP method.

    Args:
        span: The span; only while it is current.
        method: As ``mcp.method.name`` has it.
        context: What else is current.
    """
    return set_value(_TOLD, _Told(span, method), context)


class MergingProvider(TracerProvider):
    """Gives tracers as the SDK's does, but to the official MCP SDK one that merges."""

    def get_tracer(self, instrumenting_module_name: str, *args: Any, **kwargs: Any) -> Tracer:
        """Give the tracer of an instrumentation."""
        tracer = super().get_tracer(instrumenting_module_name, *args, **kwargs)
        return _MergingTracer(tracer) if instrumenting_module_name == n.MCP_SDK_SCOPE else tracer


class _MergingTracer(Tracer):
    """Starts no span for a request that is told; gives one that records nothing, as a tracer that is off does."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def start_span(self, name: str, context: Context | None = None, *args: Any, **kwargs: Any) -> Span:
        return _merged(context, *args, **kwargs) or self._tracer.start_span(name, context, *args, **kwargs)

    def start_as_current_span(  # type: ignore[override]  # which is decorated
        self, name: str, context: Context | None = None, *args: Any, **kwargs: Any
    ) -> AbstractContextManager[Span]:
        merged = _merged(context, *args, **kwargs)
        if merged is not None:
            return nullcontext(merged)
        return self._tracer.start_as_current_span(name, context, *args, **kwargs)


def _merged(
    context: Context | None,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, Any] | None = None,
    *_: Any,
    **__: Any,
) -> Span | None:
    """Put a span's attributes on the one that tells the request; None if none does.

    How the request ends is not taken over: that span says it itself, and a tool may get over it.
    """
    told = get_value(_TOLD, context)
    if not isinstance(told, _Told) or kind is not SpanKind.CLIENT or get_current_span(context) is not told.span:
        return None
    if not attributes or attributes.get(a.MCP_METHOD_NAME) != told.method:
        return None
    told.span.set_attributes(attributes)
    return NonRecordingSpan(told.span.get_span_context())
