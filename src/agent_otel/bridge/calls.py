"""What runs, model calls and tool calls share: entering and leaving, what is current in between, handing over the end.

Nothing here raises into the agent, and what the agent raises passes through unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
import time
from types import TracebackType
from typing import Any, Protocol, TypeVar

from opentelemetry.context import Context, attach, get_current, get_value, set_value
from opentelemetry.trace import Span, get_current_span, set_span_in_context

from agent_otel.bridge.endings import identifier, known_outcome, outcome_of
from agent_otel.bridge.raised import RaisedByTools
from agent_otel.correlate import Surroundings
from agent_otel.emit import CurrentSpan, Sampling, error_text, snapshot, text_of, whole_number
from agent_otel.emit.current import live_context
from agent_otel.model import (
    AgentEvent,
    Content,
    ContentKind,
    Cost,
    EventIds,
    EventKind,
    Fact,
    Names,
    Origin,
    Outcome,
    Phase,
    Usage,
)
from agent_otel.processors.interruption import of_signal_handler

__all__ = ["ORIGIN", "Call", "Host", "current_call"]

ORIGIN = Origin("agent-otel", form="in_process", namespace="agent_otel")

_CALL = "agent-otel-call"

_Self = TypeVar("_Self", bound="Call")


class Host(Protocol):
    """What a run needs of its bridge."""

    namespace: str
    sampling: Sampling
    content_bytes: int
    raised: RaisedByTools
    ambient: Context | None  # the caller's context from outside the process (TRACEPARENT)

    def opened(self, call: Call) -> None:
        """Remember a call that is open, to end it if the bridge shuts down first."""

    def closed(self, call: Call) -> None:
        """Forget a call that has ended."""

    def take(self, event: AgentEvent, around: Surroundings, size: int) -> None:
        """Hand over an event. Never raises, never blocks."""

    def fault(self) -> None:
        """Count a fault of our own."""


def current_call(host: Host) -> Call | None:
    """Give the innermost call of a bridge, of whatever kind, inside which this is called; None outside any."""
    call = get_value(_CALL, get_current())
    while isinstance(call, Call) and (call.is_over or call.host is not host):
        call = get_value(_CALL, call.outer)
    return call if isinstance(call, Call) else None


class Call:
    """What runs, model calls and tool calls share: enter, exit, and what is current in between."""

    _kind: EventKind
    _tool_name: str | None = None

    def __init__(self, host: Host) -> None:
        self._host = host
        self._raised = host.raised
        self._span: CurrentSpan | None = None
        self._is_entered = False
        self._before = Context()  # what was current before
        self._context = Context()  # and with the parent in it
        self._earlier: list[Call] = []  # entries that are still open while the handle is entered once more
        self._start_ns = 0
        self._clock_ns = 0  # between the time of day and the clock that nobody sets: no length depends on the former
        self._end_ns: int | None = None  # where it is not when it is left
        self._contents: dict[ContentKind, Content] = {}
        self._facts: Mapping[Fact, Any] = {}
        self._size = 512
        self._given: tuple[dict[ContentKind, Content], int] | None = None  # before it was entered
        self._outcome: Outcome | None = None
        self._is_over = False
        self._is_told = False  # its end; an interruption may come in between
        self._error_type: str | None = None
        self._usage: Usage | None = None
        self._cost: Cost | None = None

    def __enter__(self: _Self) -> _Self:
        """Begin, and make the call's context current; a handle that is entered again is a call of its own."""
        try:
            self._renew()
            self._start_ns = time.time_ns()
            self._clock_ns = self._start_ns - time.monotonic_ns()
            self._before = get_current()
            self._context = self._around_it(live_context(self._before))
            self._span = CurrentSpan(self._place(), self._context)
            attach(self._inside(self._context))
            self._is_entered = True
            self._host.opened(self)
            self._began()
        except BaseException as error:  # telemetry must not stop the agent
            if not isinstance(error, Exception) or of_signal_handler(error):
                self._undo(error)  # nobody else will: it is not entered
                raise
            self._host.fault()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; an exception sets the outcome and passes through."""
        entry: Call = self
        try:
            entry = self._entry_to_leave()
            if not entry._is_entered:  # it never began
                return
            entry._leave(error)
            if entry is not self:
                self._earlier.remove(entry)
            elif self._earlier:
                self._return_to(self._earlier.pop())
        except BaseException as fault:  # as above
            if not isinstance(fault, Exception) or of_signal_handler(fault):
                entry._undo(fault)
                raise
            self._host.fault()

    def _undo(self, error: BaseException) -> None:
        """Leave nothing behind of a call that was interrupted while it was entered or left, such as by Ctrl-C."""
        self._is_entered = False
        self._host.closed(self)
        span = self._span
        if span is None:
            return
        span.is_ended = True
        if get_current_span() is span:
            attach(live_context(self._before))
        if not self._is_told:
            self._tell_end(*outcome_of(error))

    def _leave(self, error: BaseException | None) -> None:
        self._is_entered = False
        self._host.closed(self)
        span = self._span
        if span is not None:
            ending = self._ending(error)
            said = error_text(error) if error is not None else span.error_text if span.marked_error else None
            if said and ContentKind.ERROR_TEXT not in self._contents and ending[0] is not Outcome.OK:
                self._keep(ContentKind.ERROR_TEXT, said, self._raised.tools_of(error) if error is not None else ())
            if error is not None and self._tool_name is not None:
                self._raised.note(error, self._tool_name)
            span.is_ended = True
            if get_current_span() is span:  # not so where others began since, or in another task: they climb over it
                attach(live_context(self._before))
            if not self._is_over:
                self._tell_end(*ending)

    def _tell_end(self, outcome: Outcome, error_type: str | None) -> None:
        self._is_over = True
        self._ended(outcome, error_type)
        self._is_told = True

    def _renew(self) -> None:
        """Make a call of its own of a handle that was entered before; what it was given before that holds again."""
        if self._given is None:
            self._given = (dict(self._contents), self._size)
            return
        if self._is_entered:
            earlier = copy(self)
            self._earlier.append(earlier)
            self._host.closed(self)
            self._host.opened(earlier)
        contents, self._size = self._given
        self._contents = dict(contents)
        self._is_entered = self._is_over = self._is_told = False
        self._outcome = self._error_type = self._usage = self._cost = self._end_ns = None
        self._facts = {}

    def _return_to(self, earlier: Call) -> None:
        """Be again what this handle was before it was entered once more."""
        self._host.closed(earlier)
        vars(self).update(vars(earlier))
        earlier._is_over = True  # it was only kept for this handle
        self._host.opened(self)

    def _entry_to_leave(self) -> Call:
        """Give the entry whose span is current here, of a handle that is entered more than once."""
        if not self._earlier:
            return self
        current = get_current_span()
        return next((entry for entry in (self, *self._earlier) if entry._span is current), self)

    def interrupt(self) -> None:
        """End it because the bridge shuts down while it is open."""
        if not self._is_over:
            self._tell_end(Outcome.INTERRUPTED, "interrupted")

    def disown(self) -> AgentEvent | None:
        """In a forked child: its end is the parent's to tell. Gives what told its start, if that was told."""
        self._is_over = self._is_told = True
        if self._span is not None:
            self._span.additions.reset_after_fork()
        return None

    def took_place(self, start_ns: int, end_ns: int | None = None) -> None:
        """Say when it began and ended, where that is not when it is entered and left.

        Args:
            start_ns: Unix time in nanoseconds.
            end_ns: As above; None: when it is left.
        """
        start, end = whole_number(start_ns), whole_number(end_ns) if end_ns is not None else None
        if start is None or (end_ns is not None and end is None):
            self._host.fault()
            return
        self._start_ns, self._end_ns = start, end

    async def __aenter__(self: _Self) -> _Self:
        """Begin, as ``__enter__``."""
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, as ``__exit__``."""
        self.__exit__(kind, error, trace)

    def outcome(self, outcome: Outcome, error_type: str | None = None) -> None:
        """Say how it ended, where no exception says so.

        Args:
            outcome: For example ``Outcome.DENIED``.
            error_type: A short identifier from a bounded set, or a status code; what is neither becomes ``_OTHER``.
        """
        self._outcome, self._error_type = known_outcome(outcome), identifier(text_of(error_type))

    def cost(self, amount_micros: int, currency: str = "USD", *, rate_table: str | None = None) -> None:
        """Say what it cost, in millionths of ``currency``."""
        amount = whole_number(amount_micros)
        if amount is None:
            self._host.fault()
            return
        self._cost = Cost(amount_micros=amount, currency=text_of(currency) or "USD", rate_table=text_of(rate_table))

    def usage(
        self,
        *,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        total_tokens: int | None = None,
        cache_read_tokens: int | None = None,
        cache_write_tokens: int | None = None,
        reasoning_tokens: int | None = None,
    ) -> None:
        """Say how many tokens it used; ``input_tokens`` includes cached and ``output_tokens`` reasoning tokens."""
        self._usage = Usage(
            input_tokens=whole_number(input_tokens),
            output_tokens=whole_number(output_tokens),
            total_tokens=whole_number(total_tokens),
            cache_read_tokens=whole_number(cache_read_tokens),
            cache_write_tokens=whole_number(cache_write_tokens),
            reasoning_tokens=whole_number(reasoning_tokens),
        )

    def holds(self, kind: ContentKind) -> bool:
        """Say whether content of a kind was given."""
        return kind in self._contents

    def _named(self, value: Any) -> str | None:
        """Take a name or id as text, and account for its size."""
        text = text_of(value)
        self._size += len(text or "")
        return text

    def _keep(self, kind: ContentKind, value: Any, tools: tuple[str, ...] = ()) -> None:
        """Keep a snapshot of content; never raises, whatever the value is."""
        try:
            copy, size = snapshot(value, self._host.content_bytes)
            self._contents[kind] = Content(copy, is_cut=size > self._host.content_bytes, tools=tools)
            self._size += size
        except Exception as error:  # such as nesting that meets the agent's own recursion limit
            if of_signal_handler(error):
                raise
            self._host.fault()

    def _around_it(self, context: Context) -> Context:
        """Give the context in which it begins; where no span is current in it, another one stands in."""
        elsewhere = self._parent_elsewhere()
        if elsewhere is not None and not get_current_span(context).get_span_context().is_valid:
            return set_span_in_context(elsewhere, context)
        return context

    def _inside(self, context: Context) -> Context:
        """Give what is current inside."""
        return context if self._span is None else set_value(_CALL, self, set_span_in_context(self._span, context))

    def _note(self, fact: Fact, value: Any) -> None:
        """Keep a fact that the end tells."""
        self._facts = {**self._facts, fact: value}

    def _parent_elsewhere(self) -> Span | None:
        """Give the parent where no span is current."""
        raise NotImplementedError

    def _place(self) -> Any:
        raise NotImplementedError

    def _began(self) -> None:
        """Tell the start, where one is told."""

    def _ended(self, outcome: Outcome, error_type: str | None) -> None:
        self._host.take(self._end(outcome, error_type), self._around(), self._size)

    def _end(self, outcome: Outcome, error_type: str | None) -> AgentEvent:
        """Give the event of the end, now."""
        raise NotImplementedError

    @property
    def host(self) -> Host:
        """The bridge."""
        return self._host

    @property
    def span(self) -> Span | None:
        """What is current inside; None before it begins."""
        return self._span

    @property
    def outer(self) -> Context:
        """The context in which it began."""
        return self._before

    @property
    def start_ns(self) -> int:
        """When it began, in Unix nanoseconds."""
        return self._start_ns

    @property
    def is_over(self) -> bool:
        """Whether its end was told, or is another process's to tell."""
        return self._is_over

    @property
    def key(self) -> tuple[int, int] | None:
        """Trace and span id; None before it begins."""
        span = self._span
        return None if span is None else (span.get_span_context().trace_id, span.get_span_context().span_id)

    def as_interrupted(self) -> tuple[AgentEvent, Surroundings]:
        """Give the end that is to be told if nobody can tell it later."""
        return self._end(Outcome.INTERRUPTED, "interrupted"), self._around()

    def _ending(self, error: BaseException | None) -> tuple[Outcome, str | None]:
        if error is not None:
            return outcome_of(error)
        if self._outcome is not None:
            return self._outcome, self._error_type
        if self._span is not None and self._span.marked_error:
            return Outcome.ERROR, "error"
        return Outcome.OK, None

    def _around(self) -> Surroundings:
        additions = self._span.additions.taken() if self._span is not None else None
        return Surroundings(context=self._context, additions=additions)

    def _now(self) -> int:
        """Give when it ends, if it ends now, in Unix nanoseconds."""
        return self._end_ns if self._end_ns is not None else self._clock_ns + time.monotonic_ns()

    def _event(
        self, phase: Phase, ids: EventIds, names: Names, outcome: Outcome, error_type: str | None, *, time_ns: int
    ) -> AgentEvent:
        ending = phase is Phase.END
        return AgentEvent(
            kind=self._kind,
            phase=phase,
            origin=ORIGIN,
            time_ns=time_ns,
            duration_ns=max(0, time_ns - self._start_ns) if ending else None,
            ids=ids,
            names=names,
            outcome=outcome,
            error_type=error_type,
            usage=self._usage if ending else None,
            cost=self._cost if ending else None,
            contents=dict(self._contents) if ending else {},
            facts=self._facts if ending else {},
        )
