"""The caller's context from outside the process."""

from __future__ import annotations

import os

from opentelemetry.context import Context
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

__all__ = ["ambient_context"]


def ambient_context() -> Context | None:
    """Give the context that ``TRACEPARENT`` and ``TRACESTATE`` of the environment name, if they are valid."""
    carrier = {name: os.environ[name.upper()] for name in ("traceparent", "tracestate") if os.environ.get(name.upper())}
    if not carrier:
        return None
    context = TraceContextTextMapPropagator().extract(carrier, Context())
    return context if get_current_span(context).get_span_context().is_valid else None
