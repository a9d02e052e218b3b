"""An agent loop of your own: the model is asked until it has an answer, its tools run in parallel, one asks an agent.

python examples/own_loop.py                                             # to localhost:4318
OTEL_TRACES_EXPORTER=console OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none python examples/own_loop.py
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from agent_otel import Bridge, Run

Message = dict[str, Any]

SCRIPT = {  # what the models of the two agents say, in order
    "planner": [
        {"calls": [("weather", {"city": "Lisbon"}), ("hotels", {"city": "Lisbon"})], "tokens": (120, 18)},
        {"text": "Take the train, and a coat.", "tokens": (310, 9)},
    ],
    "hotels": [{"text": "There are three with rooms left.", "tokens": (80, 11)}],
}


async def streamed(text: str) -> AsyncIterator[str]:
    """Stand in for a streamed answer."""
    for word in text.split(" "):
        yield f"{word} "


async def ask_model(run: Run, agent: str, turn: int, messages: list[Message]) -> Message:
    """Ask the model once; its answer is streamed."""
    said = SCRIPT[agent][turn]
    async with run.model_call(provider="anthropic", model="claude-x") as call:
        call.prompt(messages)
        words = [word async for word in call.astream(streamed(str(said.get("text", ""))))]
        calls = [
            {"id": f"{agent}_{turn}_{name}", "name": name, "arguments": given} for name, given in said.get("calls", [])
        ]
        answer: Message = {"role": "assistant", "content": "".join(words).strip(), "tool_calls": calls}
        call.usage(input_tokens=said["tokens"][0], output_tokens=said["tokens"][1])
        call.response(model="claude-x-1", messages=[answer], finish_reason="tool_calls" if calls else "stop")
    return answer


async def weather(_: Run, city: str) -> str:
    """Stand in for a tool that looks something up."""
    return f"rain in {city}"


async def hotels(run: Run, city: str) -> str:
    """Ask another agent."""
    return await run_agent(run.sub_agent(agent="hotels"), "hotels", f"Is there a room in {city}?")


TOOLS = {"weather": weather, "hotels": hotels}


async def use_tool(run: Run, asked: Message) -> Message:
    """Run a tool; that it fails is the model's to know, and no failure of the run."""
    try:
        async with run.tool_call(asked["name"], call_id=asked["id"], arguments=asked["arguments"]) as call:
            result = await TOOLS[asked["name"]](run, **asked["arguments"])
            call.result(result)
    except LookupError as error:
        result = f"failed: {error}"
    return {"role": "tool", "tool_call_id": asked["id"], "content": result}


async def run_agent(run: Run, agent: str, prompt: str) -> str:
    """Ask and act until the model has an answer."""
    messages: list[Message] = [{"role": "user", "content": prompt}]
    async with run:
        run.prompt(messages)
        for turn in range(len(SCRIPT[agent])):
            answer = await ask_model(run, agent, turn, messages)
            messages.append(answer)
            messages += await asyncio.gather(*(use_tool(run, asked) for asked in answer["tool_calls"]))
        run.answer(answer["content"])
    return str(answer["content"])


def main() -> None:
    """Run the agent once."""
    bridge = Bridge.from_env()
    print(asyncio.run(run_agent(bridge.run(agent="planner", conversation_id="c-1"), "planner", "How do I get there?")))
    bridge.shutdown()


if __name__ == "__main__":
    main()
