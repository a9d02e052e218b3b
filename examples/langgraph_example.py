"""A LangGraph agent whose tools and model calls are told by one callback handler. Runs offline: the model is scripted.

python examples/langgraph_example.py                                    # to localhost:4318
OTEL_TRACES_EXPORTER=console OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none python examples/langgraph_example.py

Needs: pip install 'agent-otel[langchain]' langgraph
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from agent_otel import Bridge
from agent_otel.integrations.langchain import AgentOtelCallbackHandler


@tool
def weather(city: str) -> str:
    """Say what the weather is."""
    if city == "Atlantis":
        raise LookupError(city)
    return f"clear in {city}"


def script() -> Iterator[AIMessage]:
    """Stand in for a model: asks for the weather of two cities at once, then answers."""
    asked = [
        {"name": "weather", "args": {"city": city}, "id": f"call_{number}", "type": "tool_call"}
        for number, city in enumerate(("Lisbon", "Atlantis"), 1)
    ]
    yield AIMessage("", tool_calls=asked, usage_metadata={"input_tokens": 40, "output_tokens": 12, "total_tokens": 52})
    yield AIMessage("Clear.", usage_metadata={"input_tokens": 70, "output_tokens": 3, "total_tokens": 73})


def forecaster() -> Any:
    """Build the usual graph of an agent: a model, and the tools that it asks for."""
    named = {"ls_provider": "anthropic", "ls_model_name": "claude-x"}  # as models of a provider say of themselves
    model = GenericFakeChatModel(messages=script(), metadata=named)

    def ask(state: MessagesState) -> dict[str, list[BaseMessage]]:
        return {"messages": [model.invoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("model", ask)
    graph.add_node("tools", ToolNode([weather], handle_tool_errors=True))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    return graph.compile(name="forecaster")


def main() -> None:
    """Run the agent once."""
    bridge = Bridge.from_env()
    config = {"callbacks": [AgentOtelCallbackHandler(bridge)], "configurable": {"thread_id": "c-1"}}
    state = forecaster().invoke({"messages": [("user", "How is the weather?")]}, config)
    print(state["messages"][-1].content)
    bridge.shutdown()


if __name__ == "__main__":
    main()
