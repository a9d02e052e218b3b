"""Runs of a program that instruments itself: context managers, sync and async."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
import os
from typing import Any
from uuid import uuid4

from opentelemetry.context import Context, get_current, get_value, set_value
from opentelemetry.trace import Span, SpanKind, get_current_span, set_span_in_context

from agent_otel.bridge.calls import Call
from agent_otel.bridge.children import ModelCall, Retrieval
from agent_otel.bridge.run_entry import RunEntry
from agent_otel.bridge.said import Host
from agent_otel.bridge.told import ORIGIN, Told
from agent_otel.bridge.tool_calls import ToolCall
from agent_otel.conventions import names as n
from agent_otel.correlate import SpanRef, derive_span_id, derive_trace_id
from agent_otel.emit import CurrentSpan, span_context
from agent_otel.emit.current import live_context
from agent_otel.model import AgentEvent, ContentKind, EventKind, Outcome, Phase

__all__ = ["Run", "current_run"]

_RUN = "agent-otel-run"


def current_run(host: Host) -> Run | None:
    """Give the run of a bridge inside which this is called; None outside any."""
    run = get_value(_RUN, get_current())
    while isinstance(run, Run) and (run.is_over or run.host is not host):
        run = get_value(_RUN, run.outer)
    return run if isinstance(run, Run) else None


class Run(Call):
    """One invocation of an agent.

    Args:
        host: The bridge.
        agent: Name of the agent.
        conversation_id: What ties this run to others.
        within: The run that starts this one, where that is known and not current.
        parent: The caller's context from elsewhere.
    """

    _kind = EventKind.AGENT
    entry: RunEntry

    def __init__(
        self,
        host: Host,
        *,
        agent: str | None,
        conversation_id: str | None,
        within: Run | None = None,
        parent: Context | None = None,
    ) -> None:
        super().__init__(host)
        self.run_id = uuid4().hex
        self._agent = self._named(agent)
        self._within = within
        self._parent = parent
        self.conversation = self._named(conversation_id)
        self.entry = RunEntry(self.run_id)
        # Of the calls in it, which begin on several threads at once: to count is one step.
        self.numbers: Iterator[int | str] = count(1)

    def _renew(self) -> None:
        super()._renew()
        self.run_id, self.numbers = uuid4().hex, count(1)
        self.entry = RunEntry(self.run_id)

    def model_call(self, *, provider: str, model: str, operation: str | None = None) -> ModelCall:
        """Give the context manager of a model call.

        Args:
            provider: For example ``anthropic``.
            model: The model asked for.
            operation: A ``gen_ai.operation.name`` other than ``chat``, for example ``embeddings``.
        """
        return ModelCall(self._host, self, provider=provider, model=model, operation=operation)

    def tool_call(self, name: str, *, call_id: str | None = None, arguments: Any = None) -> ToolCall:
        """Give the context manager of a tool call.

        Args:
            name: Name of the tool.
            call_id: The id that the model gave the call.
            arguments: The arguments: a JSON value, or JSON text. A snapshot is taken.
        """
        return ToolCall(self._host, self, name, call_id, arguments)

    def retrieval(self, data_source: str | None = None, *, query: Any = None) -> Retrieval:
        """Give the context manager of a search in a store of documents.

        Args:
            data_source: Id of the store.
            query: What is searched for.
        """
        return Retrieval(self._host, self, data_source=data_source, query=query)

    def sub_agent(self, *, agent: str | None = None, conversation_id: str | None = None) -> Run:
        """Give the context manager of the run of another agent that this one starts, wherever it then begins.

        Args:
            agent: Name of the agent.
            conversation_id: As for a run; None: that of this run.
        """
        conversation = conversation_id if conversation_id is not None else self.conversation
        return Run(self.host, agent=agent, conversation_id=conversation, within=self)

    def prompt(self, messages: Any) -> None:
        """Keep what the run was asked."""
        self._keep(ContentKind.INPUT_MESSAGES, messages)

    def answer(self, messages: Any) -> None:
        """Keep what the run answered."""
        self._keep(ContentKind.OUTPUT_MESSAGES, messages)

    @property
    def ref(self) -> SpanRef:
        """Its trace and span id; zeros before it begins."""
        return self.entry.ref

    def entered_in(self, context: Context) -> Run:
        """Give the entry of this handle inside which a context is: several tasks may have entered it at once."""
        span = get_current_span(context) if self._earlier else None
        entries = [self, *self._earlier]
        while isinstance(span, CurrentSpan):
            for entry in entries:
                if isinstance(entry, Run) and entry.span is span:
                    return entry
            span = get_current_span(span.outer)
        return self

    def _parent_elsewhere(self) -> Span | None:
        """Give the caller's span from outside the process."""
        return get_current_span(self._host.ambient) if self._host.ambient is not None else None

    def _around_it(self, context: Context) -> Context:
        """As for every call; but what was said to be the parent is it, whatever is current here."""
        context = live_context(context)
        within = self._within
        if within is not None and within.span is not None:
            is_inside = get_current_span(context).get_span_context().trace_id == within.entry.ref.trace_id
            return context if is_inside else set_span_in_context(within.span, context)
        if self._parent is not None:
            return set_span_in_context(get_current_span(self._parent), context)
        return super()._around_it(context)

    def _begin(self, before: Context) -> Context:
        return set_value(_RUN, self, super()._begin(before))

    def _begun(self, context: Context) -> CurrentSpan:
        current = get_current_span(context).get_span_context()
        parent = SpanRef(current.trace_id, current.span_id) if current.is_valid else None
        trace_id = (
            parent.trace_id if parent is not None else derive_trace_id(self._host.namespace, ORIGIN.system, self.run_id)
        )
        ref = SpanRef(trace_id, derive_span_id(trace_id, "run", self.run_id))
        name = f"{n.OP_INVOKE_AGENT} {self._agent}" if self._agent else n.OP_INVOKE_AGENT
        decision = self._host.sampling.decide(trace_id, name, SpanKind.INTERNAL, None, context)
        self._parent_span_id = parent.span_id if parent is not None else None
        self.entry = RunEntry(self.run_id, ref, self._parent_span_id, decision)
        return CurrentSpan(span_context(ref, decision), context)

    def _began(self) -> None:
        self._host.take(self._opening(), self._size, precious=False)

    def disown(self) -> AgentEvent | None:
        """As for every call; a run tells its start, and what is called in it from now on gets ids of its own."""
        super().disown()
        self.numbers = map(f"{os.getpid()}.{{}}".format, count(1))
        return self._opening().event()

    def _opening(self) -> Told:
        return self._told(Phase.START, Outcome.UNSET, None)

    def _names(self) -> tuple[str | None, ...]:
        return (self._agent,)
