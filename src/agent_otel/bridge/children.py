"""Calls inside a run, or outside any: of models and retrievals, and what those of tools share with them.

Context managers, sync and async.

Ids are fixed at entry, so that what happens inside attaches to the right parent at once; the span itself is made on the
worker when the end is known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
import time
from typing import Any, TypeVar
from uuid import uuid4

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, get_current_span

from agent_otel.bridge.calls import Call
from agent_otel.bridge.run_entry import UNDECIDED, SpanInRun
from agent_otel.bridge.said import Host, Parent
from agent_otel.bridge.told import ORIGIN
from agent_otel.conventions import names as n
from agent_otel.correlate import SpanRef, derive_span_id, derive_trace_id
from agent_otel.emit import CurrentSpan, TraceDecision, span_context, whole_number
from agent_otel.model import NANOS_PER_SECOND, ContentKind, EventKind, Fact

__all__ = ["Child", "ModelCall", "Retrieval"]

_T = TypeVar("_T")


class Child(Call):
    """A call inside a run: a child of the span that is current where it begins, if that belongs to the run's trace.

    Outside any run it is a child of whatever span is current, or begins a trace.
    """

    def _parent_elsewhere(self) -> Span | None:
        """Give the run's own span: the call begins on a thread of its own."""
        if self._run is not None:
            return self._run.span
        return get_current_span(self._host.ambient) if self._host.ambient is not None else None

    def _begin(self, before: Context) -> Context:
        """As for every call; directly in its run, where most begin, nothing needs to be looked for."""
        run = self._run
        if run is None or before is not run.here:
            return super()._begin(before)
        self.entry = entry = run.entry
        self.conversation = run.conversation
        self._parent_span_id = entry.ref.span_id
        self._span = span = SpanInRun(entry, self._kind, next(run.numbers), before)
        return self._inside(span, before)

    def _begun(self, context: Context) -> CurrentSpan:
        run = self._run
        if run is None:
            return self._begun_alone(context)
        self._run = run = run.entered_in(context)
        self.entry = entry = run.entry
        self.conversation = run.conversation
        trace_id = entry.ref.trace_id
        current = get_current_span(context).get_span_context()
        is_inside = current.trace_id == trace_id and current.span_id != entry.parent_span_id
        self._parent_span_id = current.span_id if is_inside else entry.ref.span_id
        if entry.decision is UNDECIDED:
            entry = entry._replace(decision=self._decision(trace_id, n.OP_INVOKE_AGENT, context))
        return SpanInRun(entry, self._kind, next(run.numbers), context)

    def _begun_alone(self, context: Context) -> CurrentSpan:
        current = get_current_span(context).get_span_context()
        self._parent_span_id = current.span_id if current.is_valid else None
        key = uuid4().hex
        trace_id = current.trace_id if current.is_valid else derive_trace_id(self._host.namespace, ORIGIN.system, key)
        ref = SpanRef(trace_id, derive_span_id(trace_id, self._kind.value, key))
        return CurrentSpan(span_context(ref, self._decision(trace_id, self._kind.value, context)), context)

    def _decision(self, trace_id: int, name: str, context: Context) -> TraceDecision:
        return self._host.sampling.decide(trace_id, name, SpanKind.INTERNAL, None, context)


class ModelCall(Child):
    """One call of a model."""

    _kind = EventKind.MODEL
    _response_model: str | None = None
    _chunks = 0

    def __init__(
        self, host: Host, run: Parent | None, *, provider: str, model: str, operation: str | None = None
    ) -> None:
        super().__init__(host, run)
        self._provider = self._named(provider)
        self._model = self._named(model)
        self._operation = self._named(operation)

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

    def _names(self) -> tuple[str | None, ...]:
        return self._provider, self._model, self._response_model, self._operation


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

    def _names(self) -> tuple[str | None, ...]:
        return (self._data_source,)
