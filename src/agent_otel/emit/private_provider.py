"""The provider that our own spans go through: it knows whether anybody wants to see them before they end."""

from __future__ import annotations

import os
from typing import Any, Protocol, runtime_checkable

from opentelemetry.sdk.environment_variables import OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider

__all__ = ["PrivateTracerProvider", "TakesEnds"]


@runtime_checkable
class TakesEnds(Protocol):
    """A span processor that does nothing when a span of ours begins, nor while it ends."""

    takes_ends: bool

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span that ended."""


class PrivateTracerProvider(TracerProvider):
    """A tracer provider whose spans may be made at their end, as long as no processor wants more.

    Our spans are known whole when they are made. Where nobody looks at them in between, they need no lock, no limits
    and no life of their own.

    Arguments are those of ``TracerProvider``.
    """

    def __init__(self, *, resource: Resource, span_limits: SpanLimits | None, **others: Any) -> None:
        self.limits = span_limits if span_limits is not None else SpanLimits()
        super().__init__(resource=resource, span_limits=self.limits, **others)
        counts_itself = os.environ.get(OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED, "").strip().lower() == "true"
        cuts = self.limits.max_span_attribute_length is not None
        self.takers: tuple[SpanProcessor, ...] | None = None if counts_itself or cuts else ()
        """Those who take spans at their end; None where the SDK has to make them."""

    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        """Add a processor, as ``TracerProvider`` does."""
        super().add_span_processor(span_processor)
        takes_ends = isinstance(span_processor, TakesEnds) and span_processor.takes_ends
        if self.takers is not None:
            self.takers = (*self.takers, span_processor) if takes_ends else None
