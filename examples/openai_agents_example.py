"""Agents of the OpenAI Agents SDK: tools in parallel, one of which fails, and a hand-off. Runs offline.

python examples/openai_agents_example.py                                # to localhost:4318
OTEL_TRACES_EXPORTER=console OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none \
    python examples/openai_agents_example.py

Needs: pip install 'agent-otel[openai-agents]'
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from agents import Agent, Model, ModelResponse, Runner, Usage, function_tool, generation_span
from agents.tracing import set_trace_processors
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from agent_otel import Bridge
from agent_otel.integrations.openai_agents import AgentOtelProcessor


@function_tool
def weather(city: str) -> str:
    """Say what the weather is."""
    if city == "Atlantis":
        raise LookupError(city)
    return f"clear in {city}"


def calls(*wanted: tuple[str, dict[str, str]]) -> list[Any]:
    """Ask for tools."""
    return [
        ResponseFunctionToolCall(
            type="function_call", call_id=f"call_{name}_{number}", name=name, arguments=json.dumps(arguments)
        )
        for number, (name, arguments) in enumerate(wanted, 1)
    ]


def says(text: str) -> list[Any]:
    """Answer."""
    part = ResponseOutputText(type="output_text", text=text, annotations=[])
    return [ResponseOutputMessage(type="message", id="msg_1", role="assistant", status="completed", content=[part])]


class Scripted(Model):
    """Stand in for a model. Those of the SDK make their spans themselves, as this one does."""

    def __init__(self, *answers: list[Any]) -> None:
        self._answers = iter(answers)

    async def get_response(self, *_: Any, **__: Any) -> ModelResponse:
        """Give the next answer."""
        with generation_span(model="gpt-x") as span:
            span.span_data.usage = {"input_tokens": 40, "output_tokens": 12}
            usage = Usage(requests=1, input_tokens=40, output_tokens=12, total_tokens=52)
            return ModelResponse(output=next(self._answers), usage=usage, response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> Any:
        """Nothing here streams."""
        raise NotImplementedError


async def main() -> None:
    """Run the agents once."""
    bridge = Bridge.from_env()
    set_trace_processors([AgentOtelProcessor(bridge)])  # in place of the SDK's own, which sends to OpenAI
    forecaster = Agent(
        name="forecaster",
        model=Scripted(calls(("weather", {"city": "Lisbon"}), ("weather", {"city": "Atlantis"})), says("Clear.")),
        tools=[weather],
    )
    triage = Agent(name="triage", model=Scripted(calls(("transfer_to_forecaster", {}))), handoffs=[forecaster])
    result = await Runner.run(triage, "How is the weather?")
    print(result.final_output)
    bridge.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
