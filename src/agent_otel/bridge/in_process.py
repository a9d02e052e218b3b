"""Runs, model calls and tool calls of a program that instruments itself: context managers, sync and async.

Ids are fixed at entry, so that what happens inside attaches to the right parent at once; the span itself is made on the
worker when the end is known.
"""

from __future__ import annotations

from itertools import count
import time
from typing import Any
from uuid import uuid4

from attrs import evolve
from opentelemetry.trace import Span, SpanKind, get_current_span

from agent_otel.bridge.calls import ORIGIN, Call, Host
from agent_otel.conventions import names as n
from agent_otel.correlate import SpanRef, Surroundings, derive_span_id, derive_trace_id
from agent_otel.emit import span_context
from agent_otel.model import AgentEvent, ContentKind, EventIds, EventKind, Names, Outcome, Phase

__all__ = ["ModelCall", "Run", "ToolCall"]


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

    def _renew(self) -> None:
        if self._given is not None:
            super()._renew()
            self.run_id, self._calls = uuid4().hex, count(1)
        else:
            super()._renew()

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

    def _parent_elsewhere(self) -> Span | None:
        """Give the caller's span from outside the process."""
        return get_current_span(self._host.ambient) if self._host.ambient is not None else None

    def _place(self) -> Any:
        current = get_current_span(self._context).get_span_context()
        parent = SpanRef(current.trace_id, current.span_id) if current.is_valid else None
        trace_id = (
            parent.trace_id if parent is not None else derive_trace_id(self._host.namespace, ORIGIN.system, self.run_id)
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
        super().disown()
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

    def _parent_elsewhere(self) -> Span | None:
        """Give the run's own span: the call begins on a thread of its own."""
        return self._run._span

    def _place(self) -> Any:
        run = self._run
        current = get_current_span(self._context).get_span_context()
        is_inside = current.trace_id == run._ref.trace_id and current.span_id != run._parent_span_id
        parent = current.span_id if is_inside else run._ref.span_id
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
        self._tool_name = self._name
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
