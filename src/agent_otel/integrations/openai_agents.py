"""The OpenAI Agents SDK: its traces and spans in, through its public ``TracingProcessor``; runs and calls out.

An agent span is a run, a generation or response span a model call, a function span a tool call. A hand-off is a tool
call too (that is what it is to the model), and the agent that is handed to is a sub-agent of the one that hands over,
whose run lasts until that one has answered. An agent as a tool is a sub-agent below the tool. Every other span of the
SDK is no span of ours; what is inside it stands below the next one that is.

The SDK tells of spans in the task that does the work, so that ours are current for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
import functools
import sys
from typing import Any, Final

from attrs import define, field
from opentelemetry.trace import Status, StatusCode

try:
    from agents.tracing import Span, Trace, TracingProcessor, add_trace_processor
except ImportError as error:
    raise ImportError("install the OpenAI Agents SDK: pip install 'agent-otel[openai-agents]'") from error

from agent_otel.bridge import Bridge, ModelCall, Run, ToolCall
from agent_otel.integrations.begun import Begun, Entry
from agent_otel.model import Outcome

__all__ = ["AgentOtelProcessor", "instrument"]

_MAX_TRACES: Final = 10_000  # of which the SDK never told the end
_HANDOFF: Final = "handoff"  # the name of that tool call; the SDK's span does not tell that which the model sees

# What the SDK says of a span that failed without an exception: how it ended, and the error type.
_SAID: Final[Mapping[str, tuple[Outcome, str]]] = {
    "Guardrail tripwire triggered": (Outcome.DENIED, "guardrail_tripwire_triggered"),
    "Tool execution rejected": (Outcome.DENIED, "tool_rejected"),
    "Tool execution cancelled": (Outcome.CANCELLED, "tool_cancelled"),
    "Max turns exceeded": (Outcome.ERROR, "max_turns_exceeded"),
}
_OF_TYPE: Final = {"function": "tool_error", "generation": "model_error", "response": "model_error"}


def instrument(bridge: Bridge) -> AgentOtelProcessor:
    """Tell a bridge everything that the SDK traces, beside whatever processors there are.

    The SDK's own processor, which sends traces to OpenAI, is neither added nor removed: see ``set_trace_processors``.

    Args:
        bridge: Where it is told.
    """
    processor = AgentOtelProcessor(bridge)
    add_trace_processor(processor)
    return processor


@define(eq=False)
class _Note:
    """What is to be remembered of a span of the SDK's.

    Args:
        handled: The exception that was being handled when it began, which is none of its own.
        handed_to: The agent that it handed over to.
        handed_by: The span of the agent that handed over to it.
    """

    handled: BaseException | None = field(repr=False)
    handed_to: str | None = None
    handed_by: str | None = None


def _quiet(told: Callable[[AgentOtelProcessor, Any], None]) -> Callable[[AgentOtelProcessor, Any], None]:
    """Keep our faults from the agent; the SDK would log them, with what they hold."""

    @functools.wraps(told)
    def quietly(self: AgentOtelProcessor, given: Any) -> None:
        try:
            told(self, given)
        except Exception:  # noqa: BLE001  telemetry must not stop the agent
            self._fault()

    return quietly


class AgentOtelProcessor(TracingProcessor):
    """Tells a bridge what the SDK traces. Give it to ``add_trace_processor`` or ``set_trace_processors``.

    Args:
        bridge: Where it is told.
        provider: What serves the models, where the SDK does not tell.
    """

    def __init__(self, bridge: Bridge, *, provider: str = "openai") -> None:
        self._bridge = bridge
        self._provider = provider
        self._begun = Begun(bridge)
        self._conversations: dict[str, str] = {}  # by trace
        self._handing: dict[tuple[str, str | None], str] = {}  # who has handed over, by trace and parent

    @_quiet
    def on_trace_start(self, trace: Trace) -> None:
        """Remember the group of a trace, which ties the runs of a conversation together."""
        group = getattr(trace, "group_id", None)
        if group is not None and len(self._conversations) < _MAX_TRACES:
            self._conversations[trace.trace_id] = group

    @_quiet
    def on_trace_end(self, trace: Trace) -> None:
        """End the runs that handed over to nobody."""
        self._conversations.pop(trace.trace_id, None)
        for key in [key for key in list(self._handing) if key[0] == trace.trace_id]:  # other threads may add to it
            self._end_handing(key, _raised(None))

    @_quiet
    def on_span_start(self, span: Span[Any]) -> None:
        """Begin what a span of the SDK is to us."""
        kind, above = span.span_data.type, span.parent_id
        note = _Note(sys.exc_info()[1])
        if kind == "agent":
            note.handed_by = self._handing.pop((span.trace_id, above), None)
        entry = self._begun.begin(span.span_id, note.handed_by or above, self._maker(kind, span), note=note)
        self._begun.frame(entry)

    @_quiet
    def on_span_end(self, span: Span[Any]) -> None:
        """End it, with what the SDK has said of it meanwhile."""
        entry = self._begun.get(span.span_id)
        if entry is None:
            return
        note: _Note = entry.note
        raised = _raised(note.handled)
        tell = _TELLERS.get(span.span_data.type)
        if tell is not None and entry.call is not None:
            self._attempt(functools.partial(tell, entry, span.span_data))
        if note.handed_to is not None and raised is None:
            self._hand(span)
            return
        self._end_handing((span.trace_id, span.span_id), raised)
        self._end(span, entry, raised)
        self._end_with(note.handed_by, raised)

    def shutdown(self, timeout: float | None = None) -> None:
        """Do nothing: the bridge belongs to the program, which may use it still."""

    def force_flush(self) -> None:
        """Push out everything that was told."""
        self._attempt(self._bridge.flush)

    def _maker(self, kind: str, span: Span[Any]) -> Callable[[Run | None], Any] | None:
        """Give what makes our call of a span; None for one that is none."""
        data = span.span_data
        if kind == "agent":
            conversation = self._conversations.get(span.trace_id)
            return lambda run: (run.sub_agent if run else self._bridge.run)(
                agent=data.name, conversation_id=conversation
            )
        if kind in ("generation", "response"):
            model = getattr(data, "model", None)
            provider = self._provider_of(model, getattr(data, "model_config", None))
            return lambda run: (run or self._bridge).model_call(provider=provider, model=model)  # type: ignore[arg-type]
        if kind in ("function", "handoff"):
            name = data.name if kind == "function" else _HANDOFF
            return lambda run: (run or self._bridge).tool_call(name)
        return None

    def _provider_of(self, model: Any, config: Any) -> str:
        """Give the provider that a model of LiteLLM names, as in ``anthropic/claude``, else the usual one."""
        if isinstance(config, Mapping) and config.get("model_impl") == "litellm" and isinstance(model, str):
            provider, slash, _ = model.partition("/")
            return provider if slash else self._provider
        return self._provider

    def _hand(self, span: Span[Any]) -> None:
        """Let a run that handed over end with the one that it handed over to."""
        self._handing[span.trace_id, span.parent_id] = span.span_id
        if len(self._handing) > _MAX_TRACES:
            self._end_handing(next(iter(self._handing)), None)

    def _end(self, span: Span[Any], entry: Entry, raised: BaseException | None) -> None:
        outcome: tuple[Outcome, str] | None = None
        if raised is None and span.error is not None and entry.call is not None:
            message = str(span.error.get("message", ""))
            outcome = _SAID.get(message, (Outcome.ERROR, _OF_TYPE.get(span.span_data.type, "agent_error")))
            if entry.call.span is not None:
                entry.call.span.set_status(Status(StatusCode.ERROR, _error_text(span.error)))
        self._end_as(span.span_id, raised, outcome)

    def _end_handing(self, key: tuple[str, str | None], raised: BaseException | None) -> None:
        """End a run that handed over to an agent that never began."""
        self._end_with(self._handing.pop(key, None), raised)

    def _end_with(self, span_id: str | None, raised: BaseException | None) -> None:
        """End a run together with the one that it handed over to, and so on up."""
        while span_id is not None and (entry := self._begun.get(span_id)) is not None:
            self._end_as(span_id, raised, None)
            span_id = entry.note.handed_by

    def _end_as(self, span_id: str, raised: BaseException | None, outcome: tuple[Outcome, str] | None) -> None:
        """End it; a guardrail that stops a run is a refusal, and no failure."""
        name = type(raised).__name__
        if name.endswith("TripwireTriggered"):
            raised, outcome = None, (Outcome.DENIED, name)
        self._begun.end(span_id, raised, outcome)

    def _attempt(self, step: Callable[[], Any]) -> None:
        try:
            step()
        except Exception:  # noqa: BLE001  as above
            self._fault()

    def _fault(self) -> None:
        with suppress(Exception):
            self._bridge.fault()


# -- what spans of the SDK say when they end ---------------------------------------------------------------------------


def _tell_tool(entry: Entry, data: Any) -> None:
    call = entry.call
    if isinstance(call, ToolCall):
        if data.input is not None:
            call.arguments(data.input)
        if data.output is not None:
            call.result(data.output)


def _tell_handoff(entry: Entry, data: Any) -> None:
    if data.to_agent is None:
        return
    if isinstance(entry.call, ToolCall):
        entry.call.result({"agent": data.to_agent})
    above = entry.above
    while above is not None and not isinstance(above.call, Run):
        above = above.above
    if above is not None:
        above.note.handed_to = data.to_agent


def _tell_generation(entry: Entry, data: Any) -> None:
    call = entry.call
    if not isinstance(call, ModelCall):
        return
    if data.input is not None:
        call.prompt(data.input)
    if data.output is not None:
        call.response(messages=data.output)
    _tell_usage(call, data.usage)


def _tell_response(entry: Entry, data: Any) -> None:
    call, response = entry.call, data.response
    if not isinstance(call, ModelCall):
        return
    if data.input is not None:
        call.prompt(data.input, instructions=getattr(response, "instructions", None))
    if response is not None:
        call.request(model=response.model)  # that which was asked for is not told
        output = [item.model_dump(mode="json", exclude_none=True) for item in response.output]
        call.response(model=response.model, response_id=response.id, messages=output, finish_reason=response.status)
    usage = getattr(data, "usage", None)
    if usage is None and getattr(response, "usage", None) is not None:
        usage = response.usage.model_dump()
    _tell_usage(call, usage)


_TELLERS: Final[Mapping[str, Callable[[Entry, Any], None]]] = {
    "function": _tell_tool,
    "handoff": _tell_handoff,
    "generation": _tell_generation,
    "response": _tell_response,
}


def _tell_usage(call: ModelCall, usage: Any) -> None:
    """Tell the tokens; the SDK makes zeros of what the model did not say."""
    if not isinstance(usage, Mapping):
        return
    counts = {
        "input_tokens": usage.get("input_tokens"),
        "output_tokens": usage.get("output_tokens"),
        "total_tokens": usage.get("total_tokens"),
        "cache_read_tokens": _detail(usage.get("input_tokens_details"), "cached_tokens"),
        "cache_write_tokens": _detail(usage.get("input_tokens_details"), "cache_write_tokens"),
        "reasoning_tokens": _detail(usage.get("output_tokens_details"), "reasoning_tokens"),
    }
    if any(counts.values()):
        call.usage(**counts)


def _detail(details: Any, key: str) -> Any:
    return details.get(key) if isinstance(details, Mapping) else None


# -- how they end ------------------------------------------------------------------------------------------------------


def _raised(handled: BaseException | None) -> BaseException | None:
    """Give the exception that passes through the span that ends; not one that was being handled when it began."""
    raised = sys.exc_info()[1]
    return raised if raised is not handled else None


def _error_text(error: Mapping[str, Any]) -> str:
    """Give what the SDK says of an error: content, for the policy to decide about."""
    data = error.get("data")
    details = data.get("error") if isinstance(data, Mapping) else None
    return ": ".join(part for part in (error.get("message"), details) if isinstance(part, str))
