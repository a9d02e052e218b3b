"""Agents of Pydantic AI, which tells of itself: each run calls as many tools as asked for, the first of which fails."""

from __future__ import annotations

import os
import sys

from pydantic_ai import Agent, ModelRetry
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from zero_code.drilled import drilled

RUNS, TOOLS = int(sys.argv[1]), int(sys.argv[2])
SECRET = os.environ["MADE_UP_SECRET"]


def script(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
    if len(messages) > 1:
        return ModelResponse(parts=[TextPart(f"Done with {SECRET}.")])
    return ModelResponse(
        parts=[ToolCallPart("shell", {"number": number, "auth": SECRET}, f"call_{number}") for number in range(TOOLS)]
    )


agent = Agent(FunctionModel(script, model_name="scripted"), name="worker", retries=2)


@agent.tool_plain
def shell(number: int, auth: str) -> str:
    if number == 0:
        raise ModelRetry(f"refused: password={auth}")
    return f"the key is {auth}"


Agent.instrument_all()
with drilled():
    for _ in range(RUNS):
        agent.run_sync(f"Use {SECRET}.")
