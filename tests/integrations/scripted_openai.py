"""A program that uses the OpenAI Agents SDK, and the HTTP API that it needs, with scripted answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
import json
from threading import Thread
from typing import Any

import agents
from openai import AsyncOpenAI

from agent_otel.testing.adapters import Played, Scenario, Stage, ToolUse, Turn

__all__ = ["MODELS", "Program", "Scripts", "serving"]

# Old versions leave the tokens of agents that are tools out of their sum.
ADDS_AGENT_TOOLS = tuple(int(part) for part in version("openai-agents").split(".")[:2]) >= (0, 8)
MODELS = {"chat": agents.OpenAIChatCompletionsModel, "responses": agents.OpenAIResponsesModel}

_PARTS = 3  # of a streamed text


class Scripts:
    """Which agent says what next. Agents are known by their instructions, turns by the tool calls that lie behind."""

    def __init__(self) -> None:
        self.by_agent: dict[str, Scenario] = {}

    def add(self, scenario: Scenario) -> None:
        self.by_agent |= {one.agent: one for one in scenario.everyone()}

    def next_turn(self, instructions: str, said: str) -> Turn:
        turns = self.by_agent[instructions].turns
        return next(turn for turn in turns if not any(f'"{use.call_id}"' in said for use in turn.uses))


def _usage(turn: Turn, names: tuple[str, str]) -> dict[str, Any]:
    total = turn.input_tokens + turn.output_tokens
    return {names[0]: turn.input_tokens, names[1]: turn.output_tokens, "total_tokens": total}


def _completion(turn: Turn, model: str) -> dict[str, Any]:
    calls = [
        {"id": use.call_id, "type": "function", "function": {"name": use.name, "arguments": json.dumps(use.arguments)}}
        for use in turn.uses
    ]
    message = {"role": "assistant", "content": turn.text or None, **({"tool_calls": calls} if calls else {})}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop", "logprobs": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [choice],
        "usage": _usage(turn, ("prompt_tokens", "completion_tokens")),
    }


def _completion_chunks(turn: Turn, model: str) -> Iterator[dict[str, Any]]:
    whole = _completion(turn, model)
    message = whole["choices"][0]["message"]
    deltas: list[dict[str, Any]] = [{"role": "assistant"}]
    deltas += [{"content": part} for part in _in_parts(turn.text)]
    deltas += [{"tool_calls": [{"index": i, **call}]} for i, call in enumerate(message.get("tool_calls", ()))]
    base = {"id": whole["id"], "object": "chat.completion.chunk", "created": 1, "model": model}
    for delta in deltas:
        yield base | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield base | {"choices": [{"index": 0, "delta": {}, "finish_reason": whole["choices"][0]["finish_reason"]}]}
    yield base | {"choices": [], "usage": whole["usage"]}


def _response(turn: Turn, model: str, instructions: str) -> dict[str, Any]:
    output: list[dict[str, Any]] = [
        {
            "type": "function_call",
            "id": f"fc_{use.call_id}",
            "call_id": use.call_id,
            "name": use.name,
            "arguments": json.dumps(use.arguments),
            "status": "completed",
        }
        for use in turn.uses
    ]
    if turn.text:
        text = {"type": "output_text", "text": turn.text, "annotations": []}
        output.append({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text]})
    usage = _usage(turn, ("input_tokens", "output_tokens"))
    usage |= {"input_tokens_details": {"cached_tokens": 2}, "output_tokens_details": {"reasoning_tokens": 1}}
    return {
        "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": model, "output": output,
        "instructions": instructions, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "usage": usage,
    }  # fmt: skip


def _response_events(turn: Turn, model: str, instructions: str) -> Iterator[dict[str, Any]]:
    whole = _response(turn, model, instructions)
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": whole | {"status": "in_progress", "output": [], "usage": None}}
    ]
    for index, item in enumerate(whole["output"]):
        events.append({"type": "response.output_item.added", "output_index": index, "item": item})
        if item["type"] == "message":
            place = {"item_id": item["id"], "output_index": index, "content_index": 0}
            deltas = ({"type": "response.output_text.delta", "delta": part} | place for part in _in_parts(turn.text))
            events += (delta | {"logprobs": []} for delta in deltas)
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    events.append({"type": "response.completed", "response": whole})
    yield from (event | {"sequence_number": number} for number, event in enumerate(events))


def _in_parts(text: str) -> list[str]:
    size = len(text) // _PARTS + 1
    return [text[start : start + size] for start in range(0, len(text), size)]


class _Handler(BaseHTTPRequestHandler):
    scripts: Scripts
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_chat = self.path.endswith("/chat/completions")
        said = json.dumps(asked["messages"] if is_chat else asked["input"])
        instructions = asked["messages"][0]["content"] if is_chat else asked["instructions"]
        turn, model = self.scripts.next_turn(instructions, said), asked["model"]
        if turn.error is not None:
            self._send(500, "application/json", json.dumps({"error": {"message": turn.error, "type": "server_error"}}))
        elif asked.get("stream"):
            chunks = _completion_chunks(turn, model) if is_chat else _response_events(turn, model, instructions)
            lines = [_event(chunk) for chunk in chunks]
            self._send(200, "text/event-stream", "".join([*lines, "data: [DONE]\n\n"]))
        else:
            made = _completion(turn, model) if is_chat else _response(turn, model, instructions)
            self._send(200, "application/json", json.dumps(made))

    def _send(self, status: int, kind: str, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        pass


def _event(chunk: dict[str, Any]) -> str:
    name = f"event: {chunk['type']}\n" if "type" in chunk else ""
    return f"{name}data: {json.dumps(chunk)}\n\n"


@contextmanager
def serving(scripts: Scripts) -> Iterator[str]:
    """Serve in the block; gives the base address for the client."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"scripts": scripts}))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Program:
    """A program that uses the SDK: agents as scenarios want them."""

    def __init__(self, api: str, endpoint: str, scripts: Scripts) -> None:
        self.model = MODELS[api]
        self.endpoint = endpoint
        self.scripts = scripts

    def agent(self, scenario: Scenario, stage: Stage, client: AsyncOpenAI, **more: Any) -> Any:
        self.scripts.add(scenario)
        return agents.Agent(
            name=scenario.agent,
            instructions=scenario.agent,
            model=self.model(model=scenario.model, openai_client=client),
            model_settings=agents.ModelSettings(include_usage=True),
            tools=[self._tool(use, stage, client) for use in scenario.uses()],
            **more,
        )

    def _tool(self, use: ToolUse, stage: Stage, client: AsyncOpenAI) -> Any:
        if use.agent is not None:
            return self.agent(use.agent, stage, client).as_tool(tool_name=use.name, tool_description="Asks an agent.")

        async def tool(path: str = "", auth: str = "") -> str:  # which are the arguments that scenarios pass
            return await stage.perform(use.name)

        return agents.function_tool(tool, name_override=use.name, description_override="A tool.", strict_mode=False)

    def client(self) -> AsyncOpenAI:
        return AsyncOpenAI(api_key="made-up", base_url=self.endpoint, max_retries=0)

    async def run(self, agent: Any, scenario: Scenario, **config: Any) -> Any:
        if not scenario.is_streamed:
            return await agents.Runner.run(agent, scenario.prompt, **config)
        streamed = agents.Runner.run_streamed(agent, scenario.prompt, **config)
        async for _ in streamed.stream_events():
            pass
        return streamed

    async def play(self, scenario: Scenario, stage: Stage) -> Played:
        client = self.client()
        try:
            result = await self.run(self.agent(scenario, stage, client), scenario)
        finally:
            await client.close()
        answer, usage = str(result.final_output), result.context_wrapper.usage
        if not ADDS_AGENT_TOOLS and any(use.agent is not None for use in scenario.uses()):
            return Played(answer=answer)
        return Played(answer=answer, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)
