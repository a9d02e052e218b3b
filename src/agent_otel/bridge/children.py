"""Calls inside a run, or outside any: of models and retrievals, and what those of tools share with them.

Context managers, sync and async.

Ids are fixed at entry, so that what happens inside attaches to the right parent at once; the span itself is made on the
worker when the end is known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
import time
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from opentelemetry.trace import Span, SpanKind, get_current_span

from agent_otel.bridge.calls import ORIGIN, Call, Host
from agent_otel.conventions import names as n
from agent_otel.correlate import SpanRef, derive_span_id, derive_trace_id
from agent_otel.emit import span_context, whole_number
from agent_otel.model import (
    NANOS_PER_SECOND,
    AgentEvent,
    ContentKind,
    EventIds,
    EventKind,
    Fact,
    Names,
    Outcome,
    Phase,
)

__all__ = ["Child", "ModelCall", "Parent", "Retrieval"]

_T = TypeVar("_T")


class Parent(Protocol):
    """What a call needs of the run in which it is."""

    run_id: str
    conversation: str | None
    ref: SpanRef
    parent_span_id: int | None

    @property
    def span(self) -> Span | None:
        """What is current in the run; None before it begins."""

    def next_number(self) -> int:
        """Number a call of the run."""


class Child(Call):
    """A call inside a run: a child of the span that is current where it begins, if that belongs to the run's trace.

    Outside any run it is a child of whatever span is current, or begins a trace.
    """

    def __init__(self, host: Host, run: Parent | None) -> None:
        super().__init__(host)
        self._run = run
        self._ids = EventIds()

    def _parent_elsewhere(self) -> Span | None:
        """Give the run's own span: the call begins on a thread of its own."""
        if self._run is not None:
            return self._run.span
        return get_current_span(self._host.ambient) if self._host.ambient is not None else None

    def _place(self) -> Any:
        return self._place_alone() if self._run is None else self._place_in(self._run)

    def _place_in(self, run: Parent) -> Any:
        current = get_current_span(self._context).get_span_context()
        is_inside = current.trace_id == run.ref.trace_id and current.span_id != run.parent_span_id
        parent = current.span_id if is_inside else run.ref.span_id
        span_id = derive_span_id(run.ref.trace_id, self._kind.value, f"{run.run_id}#{run.next_number()}")
        return self._placed(run.ref.trace_id, span_id, parent)

    def _place_alone(self) -> Any:
        current = get_current_span(self._context).get_span_context()
        key = uuid4().hex
        trace_id = current.trace_id if current.is_valid else derive_trace_id(self._host.namespace, ORIGIN.system, key)
        span_id = derive_span_id(trace_id, self._kind.value, key)
        return self._placed(trace_id, span_id, current.span_id if current.is_valid else None)

    def _placed(self, trace_id: int, span_id: int, parent: int | None) -> Any:
        run = self._run
        self._ids = EventIds(
            event=f"{span_id:016x}",
            conversation=run.conversation if run is not None else None,
            run=run.run_id if run is not None else None,
            trace=f"{trace_id:032x}",
            span=f"{span_id:016x}",
            parent_span=f"{parent:016x}" if parent is not None else None,
        )
        decision = self._host.sampling.remembered(trace_id)
        if decision is None:
            name = n.OP_INVOKE_AGENT if run is not None else self._kind.value
            decision = self._host.sampling.decide(trace_id, name, SpanKind.INTERNAL, None, self._context)
        return span_context(SpanRef(trace_id, span_id), decision)


class ModelCall(Child):
    """One call of a model."""

    _kind = EventKind.MODEL

    def __init__(
        self, host: Host, run: Parent | None, *, provider: str, model: str, operation: str | None = None
    ) -> None:
        super().__init__(host, run)
        self._provider = self._named(provider)
        self._model = self._named(model)
        self._operation = self._named(operation)
        self._response_model: str | None = None
        self._chunks = 0

    def _renew(self) -> None:
        super()._renew()
        self._chunks = 0

    def request(self, *, model: str) -> None:
        """Say which model is asked, where that is known only after the call began."""
        self._model = self._named(model)

    def prompt(self, messages: Any, *, instructions: Any = None) -> None:
        """Keep what the model was asked.

        Args:
            messages: In the form that the provider takes, or text.
            instructions: System instructions, where they are no part of the messages.
        """
        self._keep(ContentKind.INPUT_MESSAGES, messages)
        if instructions is not None:
            self._keep(ContentKind.SYSTEM_INSTRUCTIONS, instructions)

    def response(
        self,
        *,
        model: str | None = None,
        messages: Any = None,
        response_id: str | None = None,
        finish_reason: str | None = None,
    ) -> None:
        """Say which model answered, and what.

        Args:
            model: The model that answered.
            messages: What it answered, in the form that the provider gives, or text.
            response_id: The provider's id of the response.
            finish_reason: Why it stopped, for example ``stop`` or ``tool_calls``.
        """
        if model is not None:
            self._response_model = self._named(model)
        if messages is not None:
            self._keep(ContentKind.OUTPUT_MESSAGES, messages)
        if response_id is not None:
            self._note(Fact.RESPONSE_ID, self._named(response_id))
        if finish_reason is not None:
            self._note(Fact.FINISH_REASON, self._named(finish_reason))

    def chunk(self) -> None:
        """Say that a part of a streamed answer has come; the first one gives the time to first chunk."""
        self._chunks += 1
        if self._chunks == 1:
            self._note(Fact.STREAM, True)  # noqa: FBT003
            self._note(Fact.TIME_TO_FIRST_CHUNK, max(0, time.time_ns() - self._start_ns) / NANOS_PER_SECOND)

    def stream(self, chunks: Iterator[_T]) -> Iterator[_T]:
        """Give the parts of a streamed answer as they come, each noted; to be read within the call."""
        for chunk in chunks:
            self.chunk()
            yield chunk

    async def astream(self, chunks: AsyncIterator[_T]) -> AsyncIterator[_T]:
        """Give the parts of a streamed answer, as ``stream``, in a coroutine."""
        async for chunk in chunks:
            self.chunk()
            yield chunk

    def _end(self, outcome: Outcome, error_type: str | None) -> AgentEvent:
        names = Names(
            provider=self._provider,
            request_model=self._model,
            response_model=self._response_model,
            operation=self._operation,
        )
        return self._event(Phase.END, self._ids, names, outcome, error_type, time_ns=self._now())


class Retrieval(Child):
    """One search in a store of documents."""

    _kind = EventKind.RETRIEVAL

    def __init__(self, host: Host, run: Parent | None, *, data_source: str | None, query: Any) -> None:
        super().__init__(host, run)
        self._data_source = self._named(data_source)
        if query is not None:
            self._keep(ContentKind.RETRIEVAL_QUERY, query)

    def found(self, count: int) -> None:
        """Say how many documents were found."""
        number = whole_number(count)
        if number is not None:
            self._note(Fact.ITEM_COUNT, number)

    def _end(self, outcome: Outcome, error_type: str | None) -> AgentEvent:
        names = Names(subject=self._data_source)
        return self._event(Phase.END, self._ids, names, outcome, error_type, time_ns=self._now())
