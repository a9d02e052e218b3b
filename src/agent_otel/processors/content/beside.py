"""Content that travels beside one of our spans or log records, for sinks that may see more than the span carries.

The span itself holds only what every sink may see, so that no other processor of the provider gets more. Processors are
called while ``span.end()`` runs: what is current then is what was built for that span.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from attrs import field, frozen

from agent_otel.policy import Writing
from agent_otel.policy.scrubbing import Place

__all__ = ["BESIDE", "Beside", "Carried", "travelling"]


@frozen
class Carried:
    """Content, and the attributes through which the span or one of its events carries its part of it.

    Attributes:
        writing: Writes it for any sink.
        keys: Names of those attributes, which what a sink gets takes the place of.
        findings: What was hidden in that part, by detector and place.
        tells_error_apart: Whether error text is the description of the status rather than an attribute.
    """

    writing: Writing
    keys: frozenset[str]
    findings: Mapping[tuple[str, Place], int] = field(factory=dict)
    tells_error_apart: bool = False


@frozen
class Beside:
    """What travels beside a span or log record.

    Attributes:
        span_id: Of the span, or of that in whose context the record stands; 0 for none.
        content: Its own content, if it has any.
        events: That of its events, by their position.
        max_length: Characters that an attribute may have.
    """

    span_id: int
    content: Carried | None = None
    events: Mapping[int, Carried] = field(factory=dict)
    max_length: int | None = None


BESIDE: ContextVar[Beside | None] = ContextVar("agent_otel_beside", default=None)


@contextmanager
def travelling(beside: Beside | None) -> Iterator[None]:
    """Let content travel beside the span or record that is given to the processors meanwhile."""
    if beside is None:
        yield
        return
    token = BESIDE.set(beside)
    try:
        yield
    finally:
        BESIDE.reset(token)
