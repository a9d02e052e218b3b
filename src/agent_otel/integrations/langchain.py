"""LangChain and LangGraph: a callback handler that tells chains, models, tools and retrievers as runs and calls.

    from agent_otel.integrations.langchain import AgentOtelCallbackHandler

    graph.invoke(state, {"callbacks": [AgentOtelCallbackHandler(bridge)]})

or once for the whole process, ``instrument(bridge)``. A chain or graph that nobody called is a run, a graph within it
that of a sub-agent; steps of chains and nodes of graphs are no spans. Parents are those that LangChain names by
``parent_run_id``, whatever thread or task a callback runs in. Nothing here raises into LangChain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import contextlib
from contextvars import ContextVar
import functools
import sys
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

from attrs import define, field

try:
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.messages import ToolMessage
    from langchain_core.tracers.context import register_configure_hook
except ImportError as error:
    raise ImportError("install LangChain: pip install 'agent-otel[langchain]'") from error

from agent_otel.bridge import Bridge, ModelCall, Retrieval, Run, ToolCall
from agent_otel.integrations.begun import Begun, Entry
from agent_otel.integrations.langchain_values import (
    answer_of,
    finish_reason_of,
    known_as,
    messages_of,
    model_of,
    prompt_of,
    response_id_of,
    result_of,
    tokens_of,
)
from agent_otel.model import Outcome

if TYPE_CHECKING:
    _Handler = BaseCallbackHandler
else:
    try:  # LangGraph tells breakpoints to handlers of its own class only, since 1.1.8
        from langgraph.callbacks import GraphCallbackHandler as _Handler
    except ImportError:
        _Handler = BaseCallbackHandler

__all__ = ["AgentOtelCallbackHandler", "instrument"]

_STEP: Final = "graph:step:"  # the tag of what runs a node of a graph
_CONVERSATIONS: Final = ("thread_id", "conversation_id", "session_id")
_HAS_TASK_CONTEXTS: Final = sys.version_info >= (3, 11)  # else LangChain runs steps in the context of their caller
_PAUSES: Final = frozenset({"GraphInterrupt", "GraphDrained"})
_BUBBLES: Final = "GraphBubbleUp"  # LangGraph's way of leaving a node, which is no failure
_STREAMED: Final = "content-block"  # how events of a streamed answer begin that bring a part of it

_Told = TypeVar("_Told", bound=Callable[..., None])


@define(eq=False)
class _Chain:
    """What is remembered of a chain or graph."""

    name: str
    conversation: str | None = None
    inputs: Any = field(default=None, repr=False)
    start_ns: int = field(factory=time.time_ns)
    is_paused: bool = False
    asked: list[Mapping[str, Any]] = field(factory=list, repr=False)  # tool calls that its model asked for


def _quietly(tell: _Told) -> _Told:
    """Keep what fails in a callback from LangChain, and count it."""

    @functools.wraps(tell)
    def told(self: AgentOtelCallbackHandler, *args: Any, **kwargs: Any) -> None:
        try:
            tell(self, *args, **kwargs)
        except Exception:  # noqa: BLE001  telemetry must not stop the agent
            self.fault()

    return told  # type: ignore[return-value]


class AgentOtelCallbackHandler(_Handler):
    """Tells what LangChain and LangGraph do to a bridge. One handler serves any number of runs at once.

    Args:
        bridge: Where it is told.
        agent: Name of runs that nobody called; None: that of the graph or chain.
    """

    run_inline = True  # in the context of the work, in the order in which it happens

    def __init__(self, bridge: Bridge, *, agent: str | None = None) -> None:
        super().__init__()
        self._agent = agent
        self.use(bridge)

    def use(self, bridge: Bridge) -> None:
        """Tell what begins from now on to another bridge; what has begun is forgotten here, and ends there as open."""
        self._bridge = bridge
        self._begun = Begun(bridge)

    def fault(self) -> None:
        """Count a fault of ours."""
        with contextlib.suppress(Exception):
            self._bridge.fault()

    def __deepcopy__(self, _: Any) -> AgentOtelCallbackHandler:
        """Give itself: a copy would not know what has begun."""
        return self

    # -- chains and graphs ---------------------------------------------------------------------------------------------

    @_quietly
    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Begin a run, if nobody called it; what a graph's first step is part of is one as well."""
        above = self._begun.get(parent_run_id)
        is_step = any(tag.startswith(_STEP) for tag in tags or ())
        if is_step and above is not None:
            self._open_run(above)
        told = metadata or {}
        conversation = next((str(told[key]) for key in _CONVERSATIONS if told.get(key)), None)
        note = _Chain(known_as(serialized, kwargs.get("name"), "chain"), conversation, inputs)
        entry = self._begun.begin(run_id, parent_run_id, note=note)
        if above is None:
            note.name = self._agent or note.name
            if self._bridge.current_run() is None:
                self._open_run(entry)
        if is_step:
            self._begun.frame(entry)

    @_quietly
    def on_chain_end(self, outputs: Any, *, run_id: UUID, **_: Any) -> None:
        """End a run, with the last message of its state; one that waits for a human is paused."""
        entry = self._begun.get(run_id)
        if entry is None:
            return
        paused = isinstance(entry.note, _Chain) and entry.note.is_paused
        try:
            if isinstance(entry.call, Run) and (answer := answer_of(outputs)) is not None:
                entry.call.answer(answer)
        finally:
            self._begun.end(run_id, outcome=(Outcome.PAUSED, None) if paused else None)

    @_quietly
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """End a run that failed, was cancelled, is paused, or leaves the word to another."""
        entry = self._begun.get(run_id)
        outcome = _bubbled(error)
        if outcome is Outcome.PAUSED and entry is not None and entry.above is not None:
            _pause(entry.above)
        self._end(run_id, error, outcome)

    @_quietly
    def on_interrupt(self, event: Any) -> None:
        """Note that a graph stopped at a breakpoint, or to ask a human."""
        entry = self._begun.get(event.run_id)
        if entry is not None:
            _pause(entry)

    # -- models --------------------------------------------------------------------------------------------------------

    @_quietly
    def on_chat_model_start(
        self,
        serialized: dict[str, Any] | None,  # noqa: ARG002  LangChain's signature
        messages: list[list[Any]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Begin a model call."""
        entry = self._model_call(run_id, parent_run_id, metadata, kwargs, None)
        if entry.call is not None and messages:
            entry.call.prompt(messages_of(messages[0]))  # type: ignore[union-attr]  # it is a model call

    @_quietly
    def on_llm_start(
        self,
        serialized: dict[str, Any] | None,  # noqa: ARG002  LangChain's signature
        prompts: list[str],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Begin a call of a model that completes text."""
        entry = self._model_call(run_id, parent_run_id, metadata, kwargs, "text_completion")
        if entry.call is not None and prompts:
            entry.call.prompt(prompts[0])  # type: ignore[union-attr]  # as above

    @_quietly
    def on_llm_new_token(self, token: Any, *, run_id: UUID, **_: Any) -> None:  # noqa: ARG002  as above
        """Note a part of a streamed answer."""
        entry = self._begun.get(run_id)
        if entry is not None and isinstance(entry.call, ModelCall):
            entry.call.chunk()

    @_quietly
    def on_stream_event(self, event: Any, *, run_id: UUID, **_: Any) -> None:
        """Note a part of an answer that is streamed as events."""
        entry = self._begun.get(run_id)
        if entry is not None and isinstance(entry.call, ModelCall) and str(event["event"]).startswith(_STREAMED):
            entry.call.chunk()

    @_quietly
    def on_llm_end(self, response: Any, *, run_id: UUID, **_: Any) -> None:
        """End a model call."""
        entry = self._begun.get(run_id)
        if entry is not None:
            try:
                self._answered(entry, response)
            finally:
                self._begun.end(run_id)

    @_quietly
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """End a model call that failed."""
        self._end(run_id, error, _bubbled(error))

    # -- tools and retrievers ------------------------------------------------------------------------------------------

    @_quietly
    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        inputs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Begin a tool call; it is current for what the tool does."""
        name = known_as(serialized, None, "unknown")
        arguments = inputs if inputs is not None else input_str
        call_id = kwargs.get("tool_call_id")
        if "tool_call_id" not in kwargs:  # before langchain-core 1.1.2
            call_id = _asked_for(self._begun.get(parent_run_id), name, inputs)

        def make(run: Run | None) -> ToolCall:
            return (run or self._bridge).tool_call(name, call_id=call_id, arguments=arguments)

        self._begun.frame(self._begun.begin(run_id, parent_run_id, make))

    @_quietly
    def on_tool_end(self, output: Any, *, run_id: UUID, **_: Any) -> None:
        """End a tool call; what a tool reports as an error is one."""
        entry = self._begun.get(run_id)
        failed = isinstance(output, ToolMessage) and output.status == "error"
        try:
            if entry is not None and isinstance(entry.call, ToolCall):
                entry.call.result(result_of(output))
        finally:
            self._begun.end(run_id, outcome=(Outcome.ERROR, "tool_error") if failed else None)

    @_quietly
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """End a tool call that failed, or waits for a human."""
        self._end(run_id, error, _bubbled(error))

    @_quietly
    def on_retriever_start(
        self,
        serialized: dict[str, Any] | None,
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        """Begin a retrieval."""
        name = known_as(serialized, kwargs.get("name"), "retriever")

        def make(run: Run | None) -> Retrieval:
            return (run or self._bridge).retrieval(name, query=query)

        self._frame_within(self._begun.begin(run_id, parent_run_id, make))

    @_quietly
    def on_retriever_end(self, documents: Sequence[Any], *, run_id: UUID, **_: Any) -> None:
        """End a retrieval."""
        entry = self._begun.get(run_id)
        try:
            if entry is not None and isinstance(entry.call, Retrieval):
                entry.call.found(len(documents))
        finally:
            self._begun.end(run_id)

    @_quietly
    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """End a retrieval that failed."""
        self._end(run_id, error, _bubbled(error))

    # -- what they share -----------------------------------------------------------------------------------------------

    def _open_run(self, entry: Entry) -> None:
        """Make a run of a chain or graph; nothing if it is one, or is no chain."""
        note = entry.note
        if not isinstance(note, _Chain):
            return

        def make(run: Run | None) -> Run:
            if run is not None:
                return run.sub_agent(agent=note.name, conversation_id=note.conversation)
            return self._bridge.run(agent=note.name, conversation_id=note.conversation)

        run = self._begun.enter(entry, make)
        if isinstance(run, Run):
            run.took_place(note.start_ns)  # a graph in a graph is known as one at its first step only
            run.prompt(prompt_of(note.inputs))
            note.inputs = None

    def _model_call(
        self,
        run_id: UUID,
        parent_run_id: UUID | None,
        metadata: Mapping[str, Any] | None,
        more: Mapping[str, Any],
        operation: str | None,
    ) -> Entry:
        told = metadata or {}
        provider, model = told.get("ls_provider"), model_of(told, more.get("invocation_params"))

        def make(run: Run | None) -> ModelCall:
            return (run or self._bridge).model_call(provider=provider, model=model, operation=operation)  # type: ignore[arg-type]  # None is told as unknown

        entry = self._begun.begin(run_id, parent_run_id, make)
        if more.get("batch_size", 1) == 1:  # else the next of the batch begins before this one's work does
            self._frame_within(entry)
        return entry

    def _frame_within(self, entry: Entry) -> None:
        """Make current what may be a generator, whose consumer must not see it: only where LangChain runs it apart."""
        if entry.above is not None and (_HAS_TASK_CONTEXTS or entry.is_framed):
            self._begun.frame(entry)

    def _answered(self, entry: Entry, response: Any) -> None:
        call = entry.call
        if not isinstance(call, ModelCall) or not response.generations or not response.generations[0]:
            return
        generation = response.generations[0][0]
        message = getattr(generation, "message", None)
        told = getattr(message, "response_metadata", None) or {}
        llm_output = response.llm_output or {}
        tokens = tokens_of(message, llm_output)
        if tokens:
            call.usage(**tokens)
        call.response(
            model=model_of({}, told) or model_of({}, llm_output),
            messages=messages_of([message]) if message is not None else generation.text,
            response_id=response_id_of(message),
            finish_reason=finish_reason_of(told, generation.generation_info),
        )
        chain = _chain_above(entry)
        if chain is not None:
            chain.asked = list(getattr(message, "tool_calls", None) or ())

    def _end(self, run_id: UUID, error: BaseException, outcome: Outcome | None) -> None:
        if outcome is None:
            self._begun.end(run_id, error)
        else:
            self._begun.end(run_id, outcome=(outcome, None))


def _pause(entry: Entry) -> None:
    if isinstance(entry.note, _Chain):
        entry.note.is_paused = True


def _bubbled(error: BaseException) -> Outcome | None:
    """Tell how something ended that LangGraph left by an exception which is no failure; None for any other."""
    names = {kind.__name__ for kind in type(error).__mro__ if kind.__module__.startswith("langgraph.")}
    if _BUBBLES not in names:
        return None
    return Outcome.OK if names.isdisjoint(_PAUSES) else Outcome.PAUSED


def _chain_above(entry: Entry | None) -> _Chain | None:
    """Give the run's chain or graph that something belongs to."""
    while entry is not None and not (isinstance(entry.call, Run) and isinstance(entry.note, _Chain)):
        entry = entry.above
    return entry.note if entry is not None else None


def _asked_for(above: Entry | None, name: str, inputs: Mapping[str, Any] | None) -> str | None:
    """Give the id of a tool call that does not tell it: of the first such call that the model asked for (R14)."""
    chain = _chain_above(above)
    for call in list(chain.asked) if chain is not None else ():
        arguments = call.get("args") or {}
        if call.get("name") != name or not arguments.items() <= (inputs or {}).items():
            continue
        try:
            chain.asked.remove(call)  # type: ignore[union-attr]  # it has calls
        except ValueError:  # another thread took it
            continue
        return call.get("id")
    return None


_everywhere: list[AgentOtelCallbackHandler] = []


def instrument(bridge: Bridge) -> AgentOtelCallbackHandler:
    """Tell everything that LangChain and LangGraph do in this process, without naming the handler anywhere.

    Once is enough; another call leads to another bridge. A handler of this class that is passed in ``callbacks`` takes
    the place of this one there.

    Args:
        bridge: Where it is told.
    """
    if _everywhere:
        _everywhere[0].use(bridge)
    else:
        _everywhere.append(AgentOtelCallbackHandler(bridge))
        variable: ContextVar[Any] = ContextVar("agent_otel_langchain", default=_everywhere[0])
        register_configure_hook(variable, inheritable=True, handle_class=AgentOtelCallbackHandler)
    return _everywhere[0]
