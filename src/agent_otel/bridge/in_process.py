"""Runs, model calls and tool calls of a program that instruments itself: context managers, sync and async.

Ids are fixed at entry, so that what happens inside attaches to the right parent at once; the span itself is made on the
worker when the end is known. Nothing here raises into the agent, and what the agent raises passes through unchanged.
"""

from __future__ import annotations

import asyncio
from concurrent import futures
from itertools import count
import time
from types import TracebackType
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from attrs import evolve
from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import SpanKind, get_current_span, set_span_in_context

from agent_otel.conventions import names as n
from agent_otel.correlate import SpanRef, Surroundings, derive_span_id, derive_trace_id
from agent_otel.emit import CurrentSpan, Sampling, snapshot, span_context, text_of, type_name, whole_number
from agent_otel.model import (
    AgentEvent,
    Content,
    ContentKind,
    Cost,
    EventIds,
    EventKind,
    Names,
    Origin,
    Outcome,
    Phase,
    Usage,
    outcome_of_status,
)

__all__ = ["Call", "Host", "ModelCall", "Run", "ToolCall"]

_ORIGIN = Origin("agent-otel", form="in_process", namespace="agent_otel")


_Self = TypeVar("_Self", bound="Call")


class Host(Protocol):
    """What a run needs of its bridge."""

    namespace: str
    sampling: Sampling
    content_bytes: int
    ambient: Context | None  # the caller's context from outside the process (TRACEPARENT)

    def opened(self, call: Call) -> None:
        """Remember a call that is open, to end it if the bridge shuts down first."""

    def closed(self, call: Call) -> None:
        """Forget a call that has ended."""

    def take(self, event: AgentEvent, around: Surroundings, size: int) -> None:
        """Hand over an event. Never raises, never blocks."""

    def fault(self) -> None:
        """Count a fault of our own."""


class Call:
    """What runs, model calls and tool calls share: enter, exit, and what is current in between."""

    _kind: EventKind

    def __init__(self, host: Host) -> None:
        self._host = host
        self._span: CurrentSpan | None = None
        self._token: Any = None
        self._context: Any = None
        self._start_ns = 0
        self._contents: dict[ContentKind, Content] = {}
        self._size = 512
        self._outcome: Outcome | None = None
        self._is_over = False
        self._error_type: str | None = None
        self._usage: Usage | None = None
        self._cost: Cost | None = None

    def __enter__(self: _Self) -> _Self:
        """Begin, and make the call's context current."""
        try:
            self._start_ns = time.time_ns()
            self._context = _surrounding(self._host)
            self._span = CurrentSpan(self._place())
            self._token = attach(set_span_in_context(self._span, self._context))
            self._host.opened(self)
            self._began()
        except Exception:  # noqa: BLE001  telemetry must not stop the agent
            self._host.fault()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; an exception sets the outcome and passes through."""
        try:
            if self._token is None:  # it never began
                return
            token, self._token = self._token, None
            detach(token)
            self._host.closed(self)
            if not self._is_over:
                self._is_over = True
                self._ended(*self._ending(error))
        except Exception:  # noqa: BLE001  as above
            self._host.fault()

    def interrupt(self) -> None:
        """End it because the bridge shuts down while it is open."""
        if not self._is_over:
            self._is_over = True
            self._ended(Outcome.INTERRUPTED, "interrupted")

    def disown(self) -> AgentEvent | None:
        """In a forked child: its end is the parent's to tell. Gives what told its start, if that was told."""
        self._is_over = True
        return None

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
            error_type: A short identifier from a bounded set; never error text.
        """
        self._outcome, self._error_type = _known_outcome(outcome), text_of(error_type)

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

    def _named(self, value: Any) -> str | None:
        """Take a name or id as text, and account for its size."""
        text = text_of(value)
        self._size += len(text or "")
        return text

    def _keep(self, kind: ContentKind, value: Any) -> None:
        """Keep a snapshot of content; never raises, whatever the value is."""
        try:
            copy, size = snapshot(value, self._host.content_bytes)
            self._contents[kind] = Content(copy)
            self._size += size
        except Exception:  # noqa: BLE001  such as nesting that meets the agent's own recursion limit
            self._host.fault()

    def _place(self) -> Any:
        raise NotImplementedError

    def _began(self) -> None:
        """Tell the start, where one is told."""

    def _ended(self, outcome: Outcome, error_type: str | None) -> None:
        raise NotImplementedError

    def _ending(self, error: BaseException | None) -> tuple[Outcome, str | None]:
        if error is not None:
            return _outcome_of(error)
        if self._outcome is not None:
            return self._outcome, self._error_type
        if self._span is not None and self._span.marked_error:
            return Outcome.ERROR, "error"
        return Outcome.OK, None

    def _around(self) -> Surroundings:
        additions = self._span.additions if self._span is not None else None
        return Surroundings(context=self._context, additions=additions)

    def _hand_over(
        self, phase: Phase, ids: EventIds, names: Names, outcome: Outcome, error_type: str | None, *, time_ns: int
    ) -> None:
        event = self._event(phase, ids, names, outcome, error_type, time_ns=time_ns)
        around = self._around() if phase is Phase.END else Surroundings(context=self._context)
        self._host.take(event, around, self._size)

    def _event(
        self, phase: Phase, ids: EventIds, names: Names, outcome: Outcome, error_type: str | None, *, time_ns: int
    ) -> AgentEvent:
        ending = phase is Phase.END
        return AgentEvent(
            kind=self._kind,
            phase=phase,
            origin=_ORIGIN,
            time_ns=time_ns,
            duration_ns=max(0, time_ns - self._start_ns) if ending else None,
            ids=ids,
            names=names,
            outcome=outcome,
            error_type=error_type,
            usage=self._usage if ending else None,
            cost=self._cost if ending else None,
            contents=dict(self._contents) if ending else {},
        )


class Run(Call):
    """One invocation of an agent."""

    _kind = EventKind.AGENT

    def __init__(self, host: Host, *, agent: str | None, conversation_id: str | None) -> None:
        super().__init__(host)
        self.run_id = uuid4().hex
        self._agent = self._named(agent)
        self._conversation = self._named(conversation_id)
        self._ref = SpanRef(0, 0)
        self._parent_span_id: int | None = None
        self._calls = count(1)  # next() is atomic: calls begin on several threads

    def model_call(self, *, provider: str, model: str) -> ModelCall:
        """Give the context manager of a model call.

        Args:
            provider: For example ``anthropic``.
            model: The model asked for.
        """
        return ModelCall(self, provider=provider, model=model)

    def tool_call(self, name: str, *, call_id: str | None = None, arguments: Any = None) -> ToolCall:
        """Give the context manager of a tool call.

        Args:
            name: Name of the tool.
            call_id: The id that the model gave the call.
            arguments: The arguments: a JSON value, or JSON text. A snapshot is taken.
        """
        return ToolCall(self, name=name, call_id=call_id, arguments=arguments)

    def prompt(self, messages: Any) -> None:
        """Keep what the run was asked."""
        self._keep(ContentKind.INPUT_MESSAGES, messages)

    def answer(self, messages: Any) -> None:
        """Keep what the run answered."""
        self._keep(ContentKind.OUTPUT_MESSAGES, messages)

    def _place(self) -> Any:
        current = get_current_span(self._context).get_span_context()
        parent = SpanRef(current.trace_id, current.span_id) if current.is_valid else None
        trace_id = (
            parent.trace_id
            if parent is not None
            else derive_trace_id(self._host.namespace, _ORIGIN.system, self.run_id)
        )
        self._parent_span_id = parent.span_id if parent is not None else None
        self._ref = SpanRef(trace_id, derive_span_id(trace_id, "run", self.run_id))
        name = f"{n.OP_INVOKE_AGENT} {self._agent}" if self._agent else n.OP_INVOKE_AGENT
        decision = self._host.sampling.decide(trace_id, name, SpanKind.INTERNAL, None, self._context)
        return span_context(self._ref, decision)

    def _ids(self) -> EventIds:
        parent = self._parent_span_id
        return EventIds(
            conversation=self._conversation,
            run=self.run_id,
            trace=f"{self._ref.trace_id:032x}",
            span=f"{self._ref.span_id:016x}",
            parent_span=f"{parent:016x}" if parent is not None else None,
        )

    def _began(self) -> None:
        self._host.take(self._opening(), Surroundings(context=self._context), self._size)

    def disown(self) -> AgentEvent | None:
        """As for every call; a run tells its start."""
        self._is_over = True
        return self._opening()

    def _opening(self) -> AgentEvent:
        names = Names(agent=self._agent)
        return self._event(Phase.START, self._ids(), names, Outcome.UNSET, None, time_ns=self._start_ns)

    def _ended(self, outcome: Outcome, error_type: str | None) -> None:
        names = Names(agent=self._agent)
        self._hand_over(Phase.END, self._ids(), names, outcome, error_type, time_ns=time.time_ns())


class _Child(Call):
    """A call inside a run: a child of the span that is current where it begins, if that belongs to the run's trace."""

    def __init__(self, run: Run) -> None:
        super().__init__(run._host)
        self._run = run
        self._ids = EventIds()

    def _place(self) -> Any:
        run = self._run
        current = get_current_span(self._context).get_span_context()
        parent = current.span_id if current.trace_id == run._ref.trace_id else run._ref.span_id
        span_id = derive_span_id(run._ref.trace_id, self._kind.value, f"{run.run_id}#{next(run._calls)}")
        self._ids = EventIds(
            event=f"{span_id:016x}",
            conversation=run._conversation,
            run=run.run_id,
            trace=f"{run._ref.trace_id:032x}",
            span=f"{span_id:016x}",
            parent_span=f"{parent:016x}",
        )
        decision = self._host.sampling.remembered(run._ref.trace_id)
        if decision is None:
            decision = self._host.sampling.decide(run._ref.trace_id, n.OP_INVOKE_AGENT, SpanKind.INTERNAL, None)
        return span_context(SpanRef(run._ref.trace_id, span_id), decision)


class ModelCall(_Child):
    """One call of a model."""

    _kind = EventKind.MODEL

    def __init__(self, run: Run, *, provider: str, model: str) -> None:
        super().__init__(run)
        self._provider = self._named(provider)
        self._model = self._named(model)
        self._response_model: str | None = None

    def response(self, *, model: str | None = None, messages: Any = None) -> None:
        """Say which model answered, and what."""
        self._response_model = self._named(model)
        if messages is not None:
            self._keep(ContentKind.OUTPUT_MESSAGES, messages)

    def _ended(self, outcome: Outcome, error_type: str | None) -> None:
        names = Names(provider=self._provider, request_model=self._model, response_model=self._response_model)
        self._hand_over(Phase.END, self._ids, names, outcome, error_type, time_ns=time.time_ns())


class ToolCall(_Child):
    """One call of a tool."""

    _kind = EventKind.TOOL

    def __init__(self, run: Run, *, name: str, call_id: str | None, arguments: Any) -> None:
        super().__init__(run)
        self._name = self._named(name)
        self._call_id = self._named(call_id)
        if arguments is not None:
            self._keep(ContentKind.TOOL_ARGUMENTS, arguments)

    def result(self, value: Any) -> None:
        """Keep what the tool gave."""
        self._keep(ContentKind.TOOL_RESULT, value)

    def _ended(self, outcome: Outcome, error_type: str | None) -> None:
        ids = self._ids
        if self._call_id is not None:
            ids = evolve(ids, tool_call=self._call_id)
        names = Names(tool=self._name, tool_type="function")
        self._hand_over(Phase.END, ids, names, outcome, error_type, time_ns=time.time_ns())


def _surrounding(host: Host) -> Context:
    """Give the current context; where it has no span, the caller's span from outside the process stands in."""
    context = get_current()
    if host.ambient is not None and not get_current_span(context).get_span_context().is_valid:
        return set_span_in_context(get_current_span(host.ambient), context)
    return context


def _known_outcome(outcome: Any) -> Outcome:
    """Accept an outcome's word as well."""
    return outcome if isinstance(outcome, Outcome) else outcome_of_status(text_of(outcome) or "")[0]


def _outcome_of(error: BaseException) -> tuple[Outcome, str]:
    """Tell a cancellation and a timeout from a failure; the type's name is the error type, its text is content."""
    name = type_name(error)
    if isinstance(error, _CANCELLATIONS):
        return Outcome.CANCELLED, name
    if isinstance(error, _TIMEOUTS):
        return Outcome.TIMED_OUT, name
    return Outcome.ERROR, name


_CANCELLATIONS = (asyncio.CancelledError, futures.CancelledError, KeyboardInterrupt, GeneratorExit)
_TIMEOUTS = (TimeoutError, asyncio.TimeoutError, futures.TimeoutError)  # one class only since Python 3.11
