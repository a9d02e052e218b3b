"""Agents of Pydantic AI whose models say what a script says."""

from __future__ import annotations

import asyncio
import json

from pydantic_ai import Agent, ModelRetry
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.usage import RequestUsage

from agent_otel.testing.adapters import made_up_secret

__all__ = [
    "ANSWER",
    "ARGUMENTS",
    "FAILURE",
    "HELPER_USAGE",
    "MODEL",
    "RESULT",
    "Agent",
    "InstrumentationSettings",
    "answering",
    "team",
    "usage_of",
]

ARGUMENTS = {"path": "a.txt", "auth": made_up_secret("argument")}
RESULT, FAILURE, ANSWER = made_up_secret("result"), made_up_secret("failure"), made_up_secret("answer")
MODEL = "scripted-1"
HELPER_USAGE = (17, 5)  # tokens in and out of the agent that is asked, which the run that asks it does not count


def answering(*turns):
    """Make a model that says its turns, in order; one that is asked to stream does."""

    def turn(messages):
        return turns[sum(isinstance(message, ModelResponse) for message in messages)]

    def plain(messages, info: AgentInfo):
        parts = [TextPart(part) if isinstance(part, str) else ToolCallPart(*part) for part in turn(messages)]
        return ModelResponse(parts=parts, usage=RequestUsage(input_tokens=17, output_tokens=5), model_name=MODEL)

    async def streamed(messages, info: AgentInfo):
        for number, part in enumerate(turn(messages)):
            if isinstance(part, str):
                for word in part.split(" "):
                    yield f"{word} "
            else:
                name, arguments, call_id = part
                yield {number: DeltaToolCall(name=name, json_args=json.dumps(arguments), tool_call_id=call_id)}

    return FunctionModel(plain, stream_function=streamed, model_name=MODEL)


def team(suffix=""):
    """Make an agent with two tools that run in parallel, one of which fails, and one that asks another agent."""
    helper = Agent(answering(["It is there."]), name=f"helper{suffix}")
    first, second = asyncio.Event(), asyncio.Event()
    lead = Agent(
        answering(
            [("deploy", ARGUMENTS, "call_1"), ("broken", {}, "call_2")], [("ask", {}, "call_3")], [f"Done, {ANSWER}."]
        ),
        name=f"lead{suffix}",
        retries=2,
    )

    @lead.tool_plain
    async def deploy(path: str, auth: str) -> str:
        first.set()
        await second.wait()
        return f"deployed {path} {RESULT}"

    @lead.tool_plain
    async def broken() -> str:
        second.set()
        await first.wait()
        raise ModelRetry(f"cannot log in with {FAILURE}")

    @lead.tool_plain
    async def ask() -> str:
        return (await helper.run("Where is it?")).output

    return lead


def usage_of(result):
    """Give what the framework says that a run used: tokens in, and tokens out."""
    usage = result.usage if hasattr(result.usage, "input_tokens") else result.usage()
    return usage.input_tokens, usage.output_tokens
