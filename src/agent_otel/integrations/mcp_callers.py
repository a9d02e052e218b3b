"""The context of whoever calls a tool, as a server's handler finds it in ``params._meta``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import baggage
from opentelemetry.context import Context, attach, get_current
from opentelemetry.trace import get_current_span, set_span_in_context

from agent_otel.bridge.propagation import context_in
from agent_otel.integrations.mcp_values import w3c_fields_of

__all__ = ["context_of", "joined"]


def context_of(ctx: Any) -> dict[str, str]:
    """Give the caller's context from inside a server's handler, for ``bridge.run(parent=...)``; never raises.

    Empty where the caller sent none, and where what is current is in the caller's trace already: version 2 of the SDK
    makes a span around a handler, and what begins in it belongs below that span.

    Args:
        ctx: What the SDK gives a handler: the ``Context`` of a tool, or a request's own.
    """
    fields, caller = _sent(ctx)
    return {} if caller is None or _is_inside(caller) else fields


@contextmanager
def joined(ctx: Any) -> Iterator[None]:
    """Make the caller's span and baggage current in a server's handler: what begins inside joins the caller's trace.

    Args:
        ctx: As for ``context_of``; a span that is current in the caller's trace stays so.
    """
    around, (_, caller) = get_current(), _sent(ctx)
    inside = _joining(caller, around) if caller is not None else around
    attach(inside)
    try:
        yield
    finally:
        if get_current() is inside:
            attach(around)


def _sent(ctx: Any) -> tuple[dict[str, str], Context | None]:
    """Give what a caller sent, as it is and as a context."""
    try:
        fields = w3c_fields_of(getattr(getattr(ctx, "request_context", ctx), "meta", None))
        return fields, context_in(fields)
    except Exception:  # noqa: BLE001  outside a request there is none
        return {}, None


def _is_inside(caller: Context) -> bool:
    current, sent = get_current_span().get_span_context(), get_current_span(caller).get_span_context()
    return current.trace_id == sent.trace_id


def _joining(caller: Context, around: Context) -> Context:
    context = around if _is_inside(caller) else set_span_in_context(get_current_span(caller), around)
    for name, value in baggage.get_all(caller).items():
        context = baggage.set_baggage(name, value, context)
    return context
