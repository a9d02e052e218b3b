"""Claude Code's side of the SDK's protocol, played from a scenario: messages, partial messages, hooks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
import json
from typing import Any

from attrs import evolve
import claude_agent_sdk as sdk
from claude_agent_sdk import Transport

from agent_otel.bridge import Bridge
from agent_otel.integrations.claude_agent import ClaudeSession
from agent_otel.testing.adapters import Played, Scenario, Stage, ToolUse, Turn

__all__ = ["HAS_USAGE", "ScriptedClaude", "answer", "asking", "play"]

_DONE = object()


class ScriptedClaude(Transport):
    """Stands in for the CLI.

    Args:
        scenario: What it does with every prompt.
        stage: What its tools do.
        tells_final_usage: Whether its messages tell all tokens of a response; without partial messages the CLI often
            gives the count of the moment in which the response began.
    """

    def __init__(self, scenario: Scenario, stage: Stage, *, tells_final_usage: bool = True) -> None:
        self._scenario = scenario
        self._stage = stage
        self._is_final = tells_final_usage
        self._out: asyncio.Queue[Any] = asyncio.Queue()
        self._hooks: dict[str, list[str]] = {}
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._playing: asyncio.Task[None] | None = None
        self._numbers = iter(range(1, 1_000_000))
        self.decisions: list[Any] = []
        self._decided = asyncio.Condition()
        self.is_connected = False

    # -- the SDK's side -----------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        self.is_connected = True

    async def write(self, data: str) -> None:
        said = json.loads(data)
        if said["type"] == "control_request":
            for event, matchers in (said["request"].get("hooks") or {}).items():
                self._hooks[event] = [one for matcher in matchers for one in matcher["hookCallbackIds"]]
            answer = {"subtype": "success", "request_id": said["request_id"], "response": {"commands": []}}
            self._send({"type": "control_response", "response": answer})
        elif said["type"] == "control_response":
            answered = said["response"]
            self._answers.pop(answered["request_id"]).set_result(answered.get("response"))
        elif said["type"] == "user":
            self._playing = asyncio.ensure_future(self._play())

    async def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        while (message := await self._out.get()) is not _DONE:
            yield message

    async def end_input(self) -> None:
        pass

    async def close(self) -> None:
        self.is_connected = False
        if self._playing is not None:
            self._playing.cancel()
        self._out.put_nowait(_DONE)

    def is_ready(self) -> bool:
        return self.is_connected

    # -- Claude Code's side -------------------------------------------------------------------------------------------

    def _send(self, message: dict[str, Any]) -> None:
        self._out.put_nowait(message)

    def _say(self, kind: str, **more: Any) -> None:
        self._send({"type": kind, "uuid": f"u-{next(self._numbers)}", "session_id": "session-1", **more})

    async def _hook(self, event: str, use: ToolUse | None, **more: Any) -> None:
        for callback in self._hooks.get(event, ()):
            request_id = f"hook-{next(self._numbers)}"
            self._answers[request_id] = asyncio.get_running_loop().create_future()
            told = {"hook_event_name": event, "session_id": "session-1", "transcript_path": "", "cwd": "/", **more}
            if use is not None:
                told |= {"tool_name": use.name, "tool_input": dict(use.arguments), "tool_use_id": use.call_id}
            request = {
                "subtype": "hook_callback",
                "callback_id": callback,
                "input": told,
                "tool_use_id": use.call_id if use is not None else None,
            }
            waiting = self._answers[request_id]
            self._send({"type": "control_request", "request_id": request_id, "request": request})
            decision = await waiting
            async with self._decided:
                self.decisions.append(decision)
                self._decided.notify_all()

    async def until_decided(self, count: int) -> None:
        """Wait until hooks have answered so many times."""
        async with self._decided:
            await self._decided.wait_for(lambda: len(self.decisions) >= count)

    async def _play(self) -> None:
        scenario = self._scenario
        await self._hook("UserPromptSubmit", None, prompt=scenario.prompt)
        self._say("system", subtype="init", model=scenario.model, tools=[], cwd="/")
        failed = await self._answer(scenario, None)
        total = {"input_tokens": scenario.input_tokens, "output_tokens": scenario.output_tokens}
        self._say(
            "result",
            subtype="success",
            is_error=failed is not None,
            result=failed or scenario.turns[-1].text,
            duration_ms=5,
            duration_api_ms=3,
            num_turns=len(scenario.turns),
            total_cost_usd=0.0125,
            usage=total | {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0},
        )
        self._out.put_nowait(_DONE)

    async def _answer(self, scenario: Scenario, parent: str | None) -> str | None:
        for turn in scenario.turns:
            if turn.error is not None:
                text = [{"type": "text", "text": f"API Error: {turn.error}"}]
                message = {"id": f"msg_{next(self._numbers)}", "model": "<synthetic>", "content": text}
                self._say("assistant", message=message, error="authentication_failed", parent_tool_use_id=parent)
                return turn.error
            self._respond(scenario, turn, parent)
            await asyncio.gather(*(self._use(use, parent) for use in turn.uses))
        return None

    def _respond(self, scenario: Scenario, turn: Turn, parent: str | None) -> None:
        """Say one response: a message per block, between partial messages if these are wanted."""
        message_id, is_partial = f"msg_{next(self._numbers)}", self._scenario.is_streamed
        cached = min(3, turn.input_tokens)
        usage = {"input_tokens": turn.input_tokens - cached, "cache_read_input_tokens": cached, "output_tokens": 1}
        done = {"output_tokens": turn.output_tokens}
        is_final = self._is_final and not is_partial
        reason = "tool_use" if turn.uses else "end_turn"
        if is_partial:
            self._event(
                {"type": "message_start", "message": {"id": message_id, "model": scenario.model, "usage": usage}},
                parent,
            )
            for part in turn.text.split():
                delta = {"type": "text_delta", "text": part}
                self._event({"type": "content_block_delta", "index": 0, "delta": delta}, parent)
        blocks = [{"type": "text", "text": turn.text}] if turn.text else []
        blocks += [
            {"type": "tool_use", "id": use.call_id, "name": use.name, "input": _arguments(use)} for use in turn.uses
        ]
        for block in blocks:
            message = {
                "id": message_id,
                "model": scenario.model,
                "content": [block],
                "usage": usage | done if is_final else usage,
                "stop_reason": reason if is_final else None,
            }
            self._say("assistant", message=message, parent_tool_use_id=parent)
        if is_partial:
            self._event({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": done}, parent)
            self._event({"type": "message_stop"}, parent)

    def _event(self, event: dict[str, Any], parent: str | None) -> None:
        self._say("stream_event", event=event, parent_tool_use_id=parent)

    async def _use(self, use: ToolUse, parent: str | None) -> None:
        await self._hook("PreToolUse", use)
        error = None
        if use.agent is not None:
            self._user([{"type": "text", "text": use.agent.prompt}], use.call_id)
            await self._answer(use.agent, use.call_id)
            said = use.agent.turns[-1].text
        else:
            try:
                said = await self._stage.perform(use.name)
            except RuntimeError as raised:
                said = error = str(raised)
        if error is None:
            await self._hook("PostToolUse", use, tool_response=said)
        else:
            await self._hook("PostToolUseFailure", use, error=error)
        self._user(
            [{"type": "tool_result", "tool_use_id": use.call_id, "content": said, "is_error": error is not None}],
            parent,
        )

    def _user(self, content: list[dict[str, Any]], parent: str | None) -> None:
        self._say("user", message={"role": "user", "content": content}, parent_tool_use_id=parent)


def _arguments(use: ToolUse) -> dict[str, Any]:
    if use.agent is None:
        return dict(use.arguments)
    return {**use.arguments, "subagent_type": use.agent.agent, "prompt": use.agent.prompt}


# Old versions tell tokens in partial messages alone.
HAS_USAGE = hasattr(sdk.AssistantMessage, "usage")


async def asking(prompt: str) -> AsyncIterator[dict[str, Any]]:
    """Ask in the way in which old versions have hooks too."""
    yield {"type": "user", "message": {"role": "user", "content": prompt}, "parent_tool_use_id": None}


async def play(scenario: Scenario, stage: Stage, bridge: Bridge) -> Played:
    session = ClaudeSession(bridge, agent=scenario.agent)
    if not HAS_USAGE:
        scenario = evolve(scenario, is_streamed=True)
    return await answer(session, scenario, ScriptedClaude(scenario, stage))


async def answer(session: ClaudeSession, scenario: Scenario, cli: ScriptedClaude, **options: Any) -> Played:
    given = sdk.ClaudeAgentOptions(include_partial_messages=scenario.is_streamed, **options)
    messages = sdk.query(prompt=asking(scenario.prompt), options=session.instrument(given), transport=cli)
    result = None
    async for message in session.watch(messages):
        if isinstance(message, sdk.ResultMessage):
            result = message
    return Played(
        answer=result.result,
        input_tokens=result.usage["input_tokens"],
        output_tokens=result.usage["output_tokens"],
    )
