"""The span that is current inside a run or call: a light recording span whose ids are known before the span exists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    Span,
    SpanContext,
    Status,
    StatusCode,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.util.types import Attributes, AttributeValue

from agent_otel.conventions import attributes as a
from agent_otel.emit.additions import Additions
from agent_otel.emit.snapshot import error_text, text_of, type_name

__all__ = ["NOWHERE", "CurrentSpan", "live_context", "with_current"]

NOWHERE: Final = Context()
(_SPAN_KEY,) = set_span_in_context(INVALID_SPAN, NOWHERE)  # under which a context holds the current span
_ADDITIONS: Final = "_additions"


class CurrentSpan(Span):
    """What ``get_current_span()`` gives inside our context managers.

    Attributes, events and links that are set on it are kept, and go out with the operation under the content policy.
    Its name, times and end are the operation's own: ``update_name`` and ``end`` change nothing.

    Most of what it holds is only made when it is first written to: most spans are never asked for anything.

    Args:
        context: Ids, and whether the trace is sampled.
        outer: The context in which it begins.
    """

    is_ended = False  # it may still be current: generators and tasks leave their contexts in any order
    marked_error = False
    error_text: str | None = None  # content, for the policy to decide about
    _context: SpanContext | None = None

    def __init__(self, context: SpanContext, outer: Context = NOWHERE) -> None:
        self._context = context
        self.outer = outer

    def get_span_context(self) -> SpanContext:
        """Give the ids."""
        context = self._context
        if context is None:  # two threads that ask at once are given the same
            context = self._context = self._derived()
        return context

    def _derived(self) -> SpanContext:
        """Give the ids, in a class that is not given them but derives them when somebody asks; always the same."""
        raise NotImplementedError

    @property
    def additions(self) -> Additions:
        """What was set on it."""
        held: dict[str, Any] = vars(self)
        made: Additions | None = held.get(_ADDITIONS)
        # setdefault() is one step, whatever threads add at once; a lock might be another thread's while one forks
        return made if made is not None else held.setdefault(_ADDITIONS, Additions())

    def taken_additions(self) -> Additions | None:
        """Give a copy of what was set on it so far; None if there is nothing."""
        return self.additions.taken() if _ADDITIONS in vars(self) else None

    def reset_after_fork(self) -> None:
        """Take a new lock: a thread that is gone may hold the old one."""
        if _ADDITIONS in vars(self):
            self.additions.reset_after_fork()

    def is_recording(self) -> bool:
        """Say whether what is set here arrives anywhere."""
        return not self.is_ended and self.get_span_context().trace_flags.sampled

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Keep an attribute."""
        if not self.is_ended:
            self.additions.set_attribute(key, value)

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Keep attributes."""
        if not self.is_ended:
            self.additions.set_attributes(attributes)

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Keep an event."""
        if not self.is_ended:
            self.additions.add_event(name, attributes, timestamp)

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Keep a link."""
        if not self.is_ended:
            self.additions.add_link(context, attributes)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: ARG002, FBT001, FBT002  the SDK's signature
    ) -> None:
        """Keep the type of an exception and what it was raised with; no stack trace, which takes long to write."""
        if not self.is_ended:
            self.additions.add_event("exception", _typed(exception, attributes), timestamp)

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Note whether user code marked an error, and how it described it."""
        code = status.status_code if isinstance(status, Status) else status
        description = status.description if isinstance(status, Status) else description
        self.marked_error = code is StatusCode.ERROR
        self.error_text = text_of(description) if self.marked_error else None

    def update_name(self, name: str) -> None:
        """Change nothing: the name follows the conventions."""

    def end(self, end_time: int | None = None) -> None:
        """Change nothing: the operation ends with its context manager."""

    def __exit__(self, *exception: object) -> None:
        """Change nothing, as ``end``."""


def live_context(context: Context) -> Context:
    """Give a context in which no ended span of ours is current: what enclosed that span takes its place.

    Args:
        context: What else it holds, such as baggage, is kept.
    """
    span = current = get_current_span(context)
    while isinstance(span, CurrentSpan) and span.is_ended:
        span = get_current_span(span.outer)
    return context if span is current else set_span_in_context(span, context)


def with_current(span: Span, context: Context, key: str, value: object) -> Context:
    """Give a context in which a span is current, and one more value set; in one step, for it is done for every call."""
    return Context({**context, _SPAN_KEY: span, key: value})


def _typed(exception: BaseException, attributes: Attributes) -> dict[str, AttributeValue]:
    """Put the type of an exception, and its text, beside what else is said of it."""
    kept: dict[str, AttributeValue] = dict(attributes) if isinstance(attributes, Mapping) else {}
    if text := error_text(exception):
        kept.setdefault(a.EXCEPTION_MESSAGE, text)
    return {**kept, a.EXCEPTION_TYPE: type_name(exception)}
