"""One answer of the Claude Agent SDK: its messages in, in the order in which they came; one run out.

A message with a ``parent_tool_use_id`` is a sub-agent's, below that tool call. What one response of the model says
comes as several messages, one per block, with one id. A model call lasts from what it answers (the prompt, or the last
result of a tool) to the last of its messages.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
import time
from typing import Any, Final

from attrs import define, field
from claude_agent_sdk import AssistantMessage, ResultMessage, SystemMessage, ToolResultBlock, ToolUseBlock, UserMessage
from claude_agent_sdk.types import StreamEvent
from opentelemetry.context import Context
from opentelemetry.trace import Status, StatusCode

from agent_otel.bridge import Bridge, ModelCall, Run, ToolCall
from agent_otel.integrations.begun import Begun
from agent_otel.integrations.claude_values import block_of, counts_of, micros_of, outcome_of, usage_of
from agent_otel.model import Outcome

__all__ = ["ClaudeRun", "HookTimes"]

_RUN: Final = "run"
_SYNTHETIC: Final = "<synthetic>"  # what the CLI gives as the model of an answer of its own, such as an API error
_IN_BACKGROUND: Final = frozenset({"async_launched", "teammate_spawned"})
_INTERRUPTED: Final = (Outcome.INTERRUPTED, "interrupted")


@define
class HookTimes:
    """When a tool ran, as hooks told it, in Unix nanoseconds."""

    start_ns: int | None = None
    end_ns: int | None = None
    is_interrupt: bool = False


@define(eq=False)
class _Response:
    """A response of the model of which more may come."""

    id: str | None
    key: Hashable
    call: ModelCall
    start_ns: int
    end_ns: int
    blocks: list[Any] = field(factory=list, repr=False)
    usage: dict[str, Any] = field(factory=dict)
    is_final: bool = False  # whether its usage is
    is_synthetic: bool = False
    error: str | None = None


@define(eq=False)
class _Agent:
    """What goes on in the run, or in one sub-agent."""

    key: Hashable
    since_ns: int  # when the model was last given something to answer
    response: _Response | None = None
    is_in_background: bool = False


@define(eq=False)
class _Tool:
    """A tool call without a result."""

    begun_ns: int
    agent: str | None  # whose call it is
    kind: str | None  # the sub-agent that it asks, if it says so


class ClaudeRun:
    """Tells the messages of one answer.

    Args:
        bridge: Where it is told.
        times: What hooks told, by tool call.
        agent: Name of the agent.
        conversation_id: What ties it to others; None: the CLI's session id.
        provider: What serves the models.
    """

    def __init__(
        self,
        bridge: Bridge,
        times: dict[str, HookTimes],
        *,
        agent: str | None,
        conversation_id: str | None,
        provider: str,
    ) -> None:
        self._times = times
        self._provider = provider
        self._has_conversation = conversation_id is not None
        self._begun = Begun(bridge)
        self._agents: dict[str | None, _Agent] = {None: _Agent(_RUN, time.time_ns())}
        self._tools: dict[str, _Tool] = {}
        self._told: set[str] = set()  # responses
        self._model: str | None = None
        self._number = 0
        self._order: dict[Hashable, int] = {}  # of what is open, but for responses
        self.is_over = False

        def make(run: Run | None) -> Run:
            names = {"agent": agent, "conversation_id": conversation_id}
            return run.sub_agent(**names) if run is not None else bridge.run(**names)

        self._entry = self._begun.begin(_RUN, None, make)

    @property
    def inside(self) -> Context:
        """What is current where the SDK works for this run."""
        return self._entry.inside

    @staticmethod
    def begins_another(message: Any) -> bool:
        """Say whether a message that comes after the end of a run belongs to another one."""
        return (
            isinstance(message, (AssistantMessage, UserMessage, StreamEvent)) and message.parent_tool_use_id is None
        ) or (isinstance(message, SystemMessage) and message.subtype == "init")

    def prompt(self, prompt: Any) -> None:
        """Keep what the user asked."""
        if isinstance(self._entry.call, Run):
            self._entry.call.prompt(prompt)

    def take(self, message: Any) -> None:
        """Tell what a message says."""
        now = time.time_ns()
        if isinstance(message, AssistantMessage):
            self._assistant(message, now)
        elif isinstance(message, UserMessage):
            self._user(message, now)
        elif isinstance(message, StreamEvent):
            self._stream(message, now)
        elif isinstance(message, ResultMessage):
            self._result(message)
        elif isinstance(message, SystemMessage):
            self._system(message, now)

    def end(self, error: BaseException | None) -> None:
        """End what is open, because no more messages come."""
        self._settle_all()
        if not self.is_over and error is None:
            self._entry.call.outcome(*_INTERRUPTED) if self._entry.call is not None else None
        for key in self._open_keys():
            self._begun.end(key, error, _INTERRUPTED if error is None and key != _RUN else None)
        self._tools.clear()
        self.is_over = True

    # -- one kind of message each -------------------------------------------------------------------------------------

    def _system(self, message: SystemMessage, now: int) -> None:
        if message.subtype == "init":
            self._model = message.data.get("model")
            call, session = self._entry.call, message.data.get("session_id")
            if isinstance(call, Run) and not self._has_conversation and isinstance(session, str):
                call.conversation = session
            self._agents[None].since_ns = now  # until now the CLI was starting
        tool_use_id = getattr(message, "tool_use_id", None)
        if message.subtype == "task_notification" and tool_use_id is not None and tool_use_id in self._agents:
            self._end_agent(tool_use_id, outcome_of(getattr(message, "status", None)))

    def _stream(self, message: StreamEvent, now: int) -> None:
        agent, event = self._agent_of(message.parent_tool_use_id, now), message.event
        kind = event.get("type")
        if kind == "message_start":
            said = event.get("message") or {}
            response = self._response(agent, said.get("id"), said.get("model"), now)
            if response is not None:
                response.usage.update(counts_of(said.get("usage")))
        response = agent.response
        if response is None:
            return
        if kind == "content_block_delta":
            response.call.chunk()
        elif kind == "message_delta":
            response.usage.update(counts_of(event.get("usage")))
            response.is_final = True
            response.call.response(finish_reason=(event.get("delta") or {}).get("stop_reason"))
        if kind in ("message_delta", "message_stop", "content_block_stop"):
            response.end_ns = now

    def _assistant(self, message: AssistantMessage, now: int) -> None:
        agent = self._agent_of(message.parent_tool_use_id, now)
        response = self._response(agent, getattr(message, "message_id", None), message.model, now)
        if response is not None:
            response.end_ns = now
            response.blocks += message.content
            response.error = getattr(message, "error", None) or response.error
            reason = getattr(message, "stop_reason", None)
            if not response.is_final:
                response.usage.update(counts_of(getattr(message, "usage", None)))
                response.is_final = reason is not None
            if reason is not None:
                response.call.response(finish_reason=reason)
        for block in message.content:
            if isinstance(block, ToolUseBlock):
                self._tool_begins(block, message.parent_tool_use_id, agent, now)

    def _user(self, message: UserMessage, now: int) -> None:
        agent = self._agent_of(message.parent_tool_use_id, now)
        self._settle(agent)
        agent.since_ns = now
        if isinstance(message.content, list):
            result = getattr(message, "tool_use_result", None)
            status = result.get("status") if isinstance(result, Mapping) else None
            for block in message.content:
                if isinstance(block, ToolResultBlock):
                    self._tool_ends(block, now, is_in_background=status in _IN_BACKGROUND)

    def _result(self, message: ResultMessage) -> None:
        last = self._agents[None].response
        if last is not None and last.is_synthetic and message.is_error and last.error is None:
            last.error = "api_error"  # as old versions do not say themselves
        self._settle_all()
        call = self._entry.call
        if not isinstance(call, Run):
            return
        call.usage(**usage_of(counts_of(message.usage)))
        micros = micros_of(message.total_cost_usd)
        if micros is not None:
            call.cost(micros)
        if message.result is not None and not message.is_error:
            call.answer(message.result)
        reason = getattr(message, "terminal_reason", None) or ""
        is_aborted = reason.startswith("aborted")
        left = (Outcome.CANCELLED, "cancelled") if is_aborted else _INTERRUPTED
        for key in self._open_keys():
            if key != _RUN and not self._is_in_background(key):
                self._begun.end(key, None, left)
        if is_aborted:
            outcome: tuple[Outcome, str | None] = (Outcome.CANCELLED, reason)
        elif message.is_error:
            outcome = (Outcome.ERROR, "api_error" if message.subtype == "success" else message.subtype)
            self._say(call, message.result)
        else:
            outcome = (Outcome.OK, None)
        self._begun.end(_RUN, None, outcome)
        self.is_over = True

    # -- models -------------------------------------------------------------------------------------------------------

    def _response(self, agent: _Agent, message_id: str | None, model: str | None, now: int) -> _Response | None:
        """Give the response that a message is part of; None for one that was told already."""
        if message_id is not None and message_id in self._told:
            return None
        current = agent.response
        if current is not None and (message_id is None or current.id in (None, message_id)):
            current.id = current.id or message_id
            return current
        self._settle(agent)
        asked = self._model if model in (None, _SYNTHETIC) else model
        key = ("model", self._next())
        entry = self._begun.begin(
            key,
            agent.key,
            lambda run: run.model_call(provider=self._provider, model=asked),  # type: ignore[union-attr, arg-type]
        )
        call = entry.call
        if not isinstance(call, ModelCall):
            return None
        call.took_place(agent.since_ns)
        agent.response = _Response(message_id, key, call, agent.since_ns, now, is_synthetic=model == _SYNTHETIC)
        return agent.response

    def _settle(self, agent: _Agent) -> None:
        """End the response of which no more comes."""
        response, agent.response = agent.response, None
        if response is None:
            return
        agent.since_ns = max(agent.since_ns, response.end_ns)
        if response.id is not None:
            self._told.add(response.id)
        call = response.call
        call.took_place(response.start_ns, response.end_ns)
        content = [block_of(block) for block in response.blocks]
        call.response(messages=[{"role": "assistant", "content": content}], response_id=response.id)
        if response.is_final and any(response.usage.values()):  # else they are those of a response that had not ended
            call.usage(**usage_of(response.usage))
        outcome = None
        if response.error is not None:
            outcome = (Outcome.ERROR, response.error)
            self._say(call, [block.get("text") for block in content])
        self._begun.end(response.key, None, outcome)

    def _settle_all(self) -> None:
        """End all responses."""
        for agent in self._agents.values():
            self._settle(agent)

    # -- tools and sub-agents -----------------------------------------------------------------------------------------

    def _tool_begins(self, block: ToolUseBlock, parent: str | None, agent: _Agent, now: int) -> None:
        if block.id in self._tools:
            return
        kind = block.input.get("subagent_type") if isinstance(block.input, Mapping) else None
        self._tools[block.id] = _Tool(now, parent, kind if isinstance(kind, str) else None)
        self._order["tool", block.id] = self._next()
        entry = self._begun.begin(
            ("tool", block.id),
            agent.key,
            lambda run: run.tool_call(block.name, call_id=block.id, arguments=block.input),  # type: ignore[union-attr]
        )
        if entry.call is not None:
            entry.call.took_place(now)

    def _tool_ends(self, block: ToolResultBlock, now: int, *, is_in_background: bool) -> None:
        tool, entry = self._tools.pop(block.tool_use_id, None), self._begun.get(("tool", block.tool_use_id))
        times = self._times.pop(block.tool_use_id, None) or HookTimes()
        if tool is None or entry is None:
            return
        below = self._agents.get(block.tool_use_id)
        if below is not None and is_in_background:
            below.is_in_background = True
        elif below is not None:
            self._end_agent(block.tool_use_id, None)
        call, outcome = entry.call, None
        if isinstance(call, ToolCall):
            # A sub-agent's messages are as late as the program is; the tool that asked it does not end before them.
            end_ns = times.end_ns if below is None and times.end_ns is not None else max(now, time.time_ns())
            call.took_place(times.start_ns or tool.begun_ns, end_ns)
            if block.is_error:
                outcome = (Outcome.CANCELLED, "interrupted") if times.is_interrupt else (Outcome.ERROR, "tool_error")
                self._say(call, block.content)
            elif block.content is not None:
                call.result(block.content)
        self._begun.end(("tool", block.tool_use_id), None, outcome)

    def _agent_of(self, parent: str | None, now: int) -> _Agent:
        """Give the agent whose message it is; a sub-agent begins with its first one."""
        if parent not in self._agents:
            key = ("agent", parent)
            self._order[key] = self._next()
            tool = self._tools.get(parent) if parent is not None else None
            kind = tool.kind if tool is not None else None
            above = ("tool", parent) if tool is not None else _RUN
            self._begun.begin(key, above, lambda run: run.sub_agent(agent=kind))  # type: ignore[union-attr]
            self._agents[parent] = _Agent(key, now)
        return self._agents[parent]

    def _end_agent(self, tool_use_id: str, outcome: tuple[Outcome, str] | None) -> None:
        agent = self._agents.pop(tool_use_id)
        self._settle(agent)
        self._begun.end(agent.key, None, outcome)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _is_in_background(self, key: Hashable) -> bool:
        """Say whether something is, or is part of, a sub-agent that goes on after the answer."""
        entry = self._begun.get(key)
        while entry is not None:
            if any(agent.key == entry.key and agent.is_in_background for agent in self._agents.values()):
                return True
            entry = entry.above
        return False

    def _open_keys(self) -> list[Hashable]:
        """Give what is open, what stands below before what it stands below of: agents and tools in their order."""
        agents = [agent.key for agent in self._agents.values() if agent.key != _RUN]
        keys = [*agents, *(("tool", tool_use_id) for tool_use_id in self._tools)]
        return [*sorted(keys, key=self._order.__getitem__, reverse=True), _RUN]

    @staticmethod
    def _say(call: Any, text: Any) -> None:
        """Keep the text of an error: content, for the policy to decide about."""
        parts = text if isinstance(text, list) else [text]
        said = (part.get("text") if isinstance(part, Mapping) else part for part in parts)
        if call.span is not None:
            call.span.set_status(Status(StatusCode.ERROR, "\n".join(part for part in said if isinstance(part, str))))
