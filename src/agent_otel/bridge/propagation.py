"""Context in and out: W3C headers, the environment of subprocesses, and ``params._meta`` of MCP."""

from __future__ import annotations

from collections.abc import Mapping
import os
from typing import Any, Final

from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

__all__ = ["context_in", "subprocess_variables", "w3c_fields"]

_W3C: Final = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])


def w3c_fields() -> dict[str, str]:
    """Give ``traceparent``, ``tracestate`` and ``baggage`` of what is current; empty where no span is."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier


def subprocess_variables(environ: Mapping[str, str] | None) -> dict[str, str]:
    """Give the environment for a subprocess: ``TRACEPARENT``, ``TRACESTATE`` and ``BAGGAGE`` of what is current.

    Args:
        environ: What else it holds; None: that of this process. Its own three are replaced.
    """
    given = dict(environ if environ is not None else os.environ)
    fields = w3c_fields()
    if fields:
        for name in _W3C.fields:
            given.pop(name.upper(), None)
    given.update({name.upper(): value for name, value in fields.items()})
    return given


def context_in(carrier: Any) -> Context | None:
    """Give the context that a carrier names: headers, ``params._meta``, or a context itself; None if it names none.

    Args:
        carrier: A mapping, its keys in any case.
    """
    if isinstance(carrier, Context):
        return carrier if get_current_span(carrier).get_span_context().is_valid else None
    if not isinstance(carrier, Mapping):
        return None
    lowered = {str(key).lower(): value for key, value in carrier.items() if isinstance(value, str)}
    context = _W3C.extract(lowered, Context())
    return context if get_current_span(context).get_span_context().is_valid else None
