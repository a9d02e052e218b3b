"""Agents of Pydantic AI, which makes spans itself: the bridge filters and delivers them. Runs offline, scripted.

python examples/pydantic_ai_example.py                                  # to localhost:4318
OTEL_TRACES_EXPORTER=console OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none python examples/pydantic_ai_example.py

Needs: pip install 'agent-otel[pydantic-ai]'
"""

from __future__ import annotations

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from agent_otel import Bridge


def script(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
    """Stand in for a model: asks for the weather of two cities at once, then answers."""
    if len(messages) == 1:
        cities = enumerate(("Lisbon", "Porto"), 1)
        return ModelResponse(
            parts=[ToolCallPart("weather", {"city": city}, f"call_{number}") for number, city in cities]
        )
    return ModelResponse(parts=[TextPart("Clear.")])


def main() -> None:
    """Run the agent once, in a run of our own that ties it to a conversation."""
    bridge = Bridge.from_env()  # its provider is that of the process now, unless the process has one
    Agent.instrument_all()
    forecaster = Agent(FunctionModel(script, model_name="scripted"), name="forecaster")

    @forecaster.tool_plain
    def weather(city: str) -> str:
        """Say what the weather is."""
        return f"clear in {city}"

    with bridge.run(agent="travel", conversation_id="c-1"):
        print(forecaster.run_sync("How is the weather?").output)
    bridge.shutdown()


if __name__ == "__main__":
    main()
