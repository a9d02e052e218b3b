"""What runs, model calls and tool calls share: entering and leaving, what is current in between, handing over the end.

Nothing here raises into the agent, and what the agent raises passes through unchanged.
"""

from __future__ import annotations

from copy import copy
from time import monotonic_ns, time_ns
from types import TracebackType
from typing import Final, TypeVar

from opentelemetry.context import Context, attach, get_current, get_value
from opentelemetry.trace import Span, get_current_span, set_span_in_context

from agent_otel.bridge.endings import outcome_of
from agent_otel.bridge.said import NOT_BEGUN, Host, Said
from agent_otel.correlate import Surroundings
from agent_otel.emit import CurrentSpan, error_text
from agent_otel.emit.current import NOWHERE, live_context, with_current
from agent_otel.model import AgentEvent, Content, ContentKind, EventKind, Outcome, Phase
from agent_otel.processors.interruption import of_signal_handler

__all__ = ["Call", "current_call"]

_AGENT: Final = EventKind.AGENT  # to ask an enumeration for a member takes long
_END: Final = Phase.END
_OK: Final = Outcome.OK

_CALL: Final = "agent-otel-call"

_Self = TypeVar("_Self", bound="Call")


def current_call(host: Host) -> Call | None:
    """Give the innermost call of a bridge, of whatever kind, inside which this is called; None outside any."""
    call = get_value(_CALL, get_current())
    while isinstance(call, Call) and (call.is_over or call.host is not host):
        call = get_value(_CALL, call.outer)
    return call if isinstance(call, Call) else None


class Call(Said):
    """What runs, model calls and tool calls share: enter, exit, and what is current in between."""

    _tool_name: str | None = None
    _before = NOWHERE  # what was current before
    here: Context | None = None  # what was made current; None once it is left
    _is_entered = False
    _is_over = False
    _is_told = False  # its end; an interruption may come in between
    _earlier: list[Call] | tuple[()] = ()  # entries that are still open while the handle is entered once more
    _given: tuple[dict[ContentKind, str | Content], int] | None = None  # before it was entered

    def __enter__(self: _Self) -> _Self:
        """Begin, and make the call's context current; a handle that is entered again is a call of its own."""
        try:
            if self._given is None:
                self._given = self._contents.copy(), self._size
            else:
                self._renew()
            self._start_ns = now = time_ns()
            self._clock_ns = now - monotonic_ns()
            self._before = before = get_current()
            self.here = here = self._begin(before)
            attach(here)
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
            if self._earlier:
                entry = self._entry_to_leave()
            if not entry._is_entered:  # it never began
                return
            entry._leave(error)
            if self._earlier:
                self._left(entry)
        except BaseException as fault:  # as above
            if not isinstance(fault, Exception) or of_signal_handler(fault):
                entry._undo(fault)
                raise
            self._host.fault()

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

    # -- leaving ------------------------------------------------------------------------------------------------------

    def _leave(self, error: BaseException | None) -> None:
        self._is_entered = False
        self._host.closed(self)
        span = self._span
        if span is NOT_BEGUN:
            return
        outcome, error_type = self._ending(error)
        if outcome is not _OK:
            self._keep_error(error, span)
        span.is_ended = True
        self._make_outer_current(span)
        if not self._is_over:
            self._tell_end(outcome, error_type)

    def _ending(self, error: BaseException | None) -> tuple[Outcome, str | None]:
        if error is not None:
            return outcome_of(error)
        if self._outcome is not None:
            return self._outcome, self._error_type
        return (Outcome.ERROR, "error") if self._span.marked_error else (_OK, None)

    def _keep_error(self, error: BaseException | None, span: CurrentSpan) -> None:
        """Keep the text of an error, and which tools it comes out of."""
        raised = self._host.raised
        said = error_text(error) if error is not None else span.error_text if span.marked_error else None
        if said and ContentKind.ERROR_TEXT not in self._contents:
            self._keep(ContentKind.ERROR_TEXT, said, raised.tools_of(error) if error is not None else ())
        if error is not None and self._tool_name is not None:
            raised.note(error, self._tool_name)

    def _make_outer_current(self, span: CurrentSpan) -> None:
        """Make current what was before; not so where others began since, or in another task: they climb over it."""
        here = get_current()
        if here is self.here or get_current_span(here) is span:
            before, run = self._before, self._run
            # What the run made current is live until the run is left.
            attach(before if run is not None and before is run.here else live_context(before))
        self.here = None

    def _tell_end(self, outcome: Outcome, error_type: str | None) -> None:
        self._is_over = True
        is_precious = outcome is not _OK or self._usage is not None or self._kind is _AGENT
        self._host.take(self._told(_END, outcome, error_type), self._size, precious=is_precious)
        self._contents = {}  # what was said is the worker's now
        self._is_told = True

    def _undo(self, error: BaseException) -> None:
        """Leave nothing behind of a call that was interrupted while it was entered or left, such as by Ctrl-C."""
        self._is_entered = False
        self._host.closed(self)
        span = self._span
        if span is NOT_BEGUN:
            return
        span.is_ended = True
        self._make_outer_current(span)
        if not self._is_told:
            self._tell_end(*outcome_of(error))

    def interrupt(self) -> None:
        """End it because the bridge shuts down while it is open."""
        if not self._is_over:
            self._tell_end(Outcome.INTERRUPTED, "interrupted")

    def disown(self) -> AgentEvent | None:
        """In a forked child: its end is the parent's to tell. Gives what told its start, if that was told."""
        self._is_over = self._is_told = True
        self._span.reset_after_fork()
        return None

    # -- a handle that is entered again -------------------------------------------------------------------------------

    def _renew(self) -> None:
        """Make a call of its own of a handle that was entered before; what it was given before that holds again."""
        if self._is_entered:
            self._earlier = self._earlier or []
            earlier = copy(self)
            self._earlier.append(earlier)
            self._host.closed(self)
            self._host.opened(earlier)
        if self._given is not None:
            contents, self._size = self._given
            self._contents = contents.copy()
        self._is_entered = self._is_over = self._is_told = False
        self._span, self.here = NOT_BEGUN, None
        self._outcome = self._error_type = self._usage = self._cost = self._end_ns = None
        self._facts = {}

    def _entry_to_leave(self) -> Call:
        """Give the entry whose span is current here, of a handle that is entered more than once."""
        current = get_current_span()
        return next((entry for entry in (self, *self._earlier) if entry._span is current), self)

    def _left(self, entry: Call) -> None:
        """Forget an entry that was left; if it was the last one, be again what this handle was before it."""
        if not self._earlier:
            return
        if entry is not self:
            self._earlier.remove(entry)
            return
        earlier = self._earlier.pop()
        self._host.closed(earlier)
        self.__dict__ = vars(earlier).copy()  # in one step
        earlier._is_over = True  # it was only kept for this handle
        self._host.opened(self)

    # -- what is current ----------------------------------------------------------------------------------------------

    def _begin(self, before: Context) -> Context:
        """Fix its span and its parent; gives what is to be current inside."""
        context = self._around_it(before)
        self._span = span = self._begun(context)
        return self._inside(span, context)

    def _inside(self, span: CurrentSpan, context: Context) -> Context:
        """Give what is current inside."""
        return with_current(span, context, _CALL, self)

    def _around_it(self, context: Context) -> Context:
        """Give the context in which it begins; where no span is current in it, another one stands in."""
        context = live_context(context)
        elsewhere = self._parent_elsewhere()
        if elsewhere is not None and not get_current_span(context).get_span_context().is_valid:
            return set_span_in_context(elsewhere, context)
        return context

    def _parent_elsewhere(self) -> Span | None:
        """Give the parent where no span is current."""
        raise NotImplementedError

    def _begun(self, context: Context) -> CurrentSpan:
        """Give its span, whose parent is current in the context."""
        raise NotImplementedError

    def _began(self) -> None:
        """Tell the start, where one is told."""

    # -- what the bridge asks -----------------------------------------------------------------------------------------

    @property
    def host(self) -> Host:
        """The bridge."""
        return self._host

    @property
    def span(self) -> Span | None:
        """What is current inside; None before it begins."""
        return self._span if self._span is not NOT_BEGUN else None

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
        at = self._span.get_span_context()
        return (at.trace_id, at.span_id) if at.is_valid else None

    def as_interrupted(self) -> tuple[AgentEvent, Surroundings]:
        """Give the end that is to be told if nobody can tell it later."""
        told = self._told(_END, Outcome.INTERRUPTED, "interrupted")
        return told.event(), told.around()
