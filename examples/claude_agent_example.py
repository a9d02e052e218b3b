"""The Claude Agent SDK: a tool, a sub-agent, and what it cost. Runs offline: Claude Code is played from a script.

python examples/claude_agent_example.py                                 # to localhost:4318
OTEL_TRACES_EXPORTER=console OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none \
    python examples/claude_agent_example.py

Needs: pip install 'agent-otel[claude-agent-sdk]'
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
import json
from typing import Any

from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, Transport, query

from agent_otel import Bridge
from agent_otel.integrations.claude_agent import ClaudeSession

Message = dict[str, Any]
NUMBERS = iter(range(1, 1000))


def says(*blocks: Message, parent: str | None = None) -> Message:
    """Say something, as the model does."""
    usage = {"input_tokens": 40, "cache_read_input_tokens": 900, "output_tokens": 12}
    message = {
        "id": f"msg_{next(NUMBERS)}", "model": "claude-x", "content": list(blocks), "usage": usage,
        "stop_reason": "tool_use" if blocks[0]["type"] == "tool_use" else "end_turn",
    }  # fmt: skip
    return {"type": "assistant", "message": message, "parent_tool_use_id": parent}


def gives(tool_use_id: str, content: str, *, parent: str | None = None, is_error: bool = False) -> Message:
    """Give the result of a tool."""
    block = {"type": "tool_result", "tool_use_id": tool_use_id, "content": content, "is_error": is_error}
    return {"type": "user", "message": {"role": "user", "content": [block]}, "parent_tool_use_id": parent}


def script() -> Iterator[Message]:
    """Look for files, and ask a sub-agent to read one."""
    asked = {"subagent_type": "reader", "description": "read", "prompt": "Read notes.txt"}
    yield {"type": "system", "subtype": "init", "session_id": "c-1", "model": "claude-x", "tools": []}
    yield says({"type": "tool_use", "id": "toolu_1", "name": "Glob", "input": {"pattern": "*.txt"}})
    yield gives("toolu_1", "notes.txt")
    yield says({"type": "tool_use", "id": "toolu_2", "name": "Task", "input": asked})
    yield says({"type": "tool_use", "id": "toolu_3", "name": "Read", "input": {"path": "notes.txt"}}, parent="toolu_2")
    yield gives("toolu_3", "no such file", parent="toolu_2", is_error=True)
    yield says({"type": "text", "text": "It is gone."}, parent="toolu_2")
    yield gives("toolu_2", "It is gone.")
    yield says({"type": "text", "text": "There was one, and it is gone."})
    yield {
        "type": "result", "subtype": "success", "session_id": "c-1", "is_error": False, "num_turns": 3,
        "duration_ms": 1, "duration_api_ms": 1, "result": "There was one, and it is gone.", "total_cost_usd": 0.0031,
        "usage": {"input_tokens": 200, "cache_read_input_tokens": 4500, "output_tokens": 60},
    }  # fmt: skip


class Scripted(Transport):
    """Stand in for Claude Code, which the SDK otherwise starts as a process."""

    def __init__(self) -> None:
        self._said: asyncio.Queue[Message | None] = asyncio.Queue()

    async def connect(self) -> None:
        """Do nothing."""

    async def write(self, data: str) -> None:
        """Take what the SDK says."""
        said = json.loads(data)
        if said["type"] == "control_request":
            done = {"subtype": "success", "request_id": said["request_id"], "response": {}}
            self._said.put_nowait({"type": "control_response", "response": done})
        elif said["type"] == "user":
            for message in [*script(), None]:
                self._said.put_nowait(message)

    async def read_messages(self) -> AsyncIterator[Message]:
        """Give what is said to the SDK."""
        while (message := await self._said.get()) is not None:
            yield message

    async def close(self) -> None:
        """Say no more."""
        self._said.put_nowait(None)

    def is_ready(self) -> bool:
        """Be ready."""
        return True

    async def end_input(self) -> None:
        """Do nothing."""


async def main() -> None:
    """Ask once."""
    bridge = Bridge.from_env()
    session = ClaudeSession(bridge, agent="librarian")
    options = session.instrument(ClaudeAgentOptions(allowed_tools=["Glob", "Read", "Task"]))
    answer = query(prompt="Which texts are there?", options=options, transport=Scripted())
    async for message in session.watch(answer):
        if isinstance(message, ResultMessage):
            print(message.result)
    bridge.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
