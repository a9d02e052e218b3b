"""LangGraph agents whose models say what a scenario says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
import json
from typing import Any
import warnings

from langchain_core.callbacks import BaseCallbackHandler, UsageMetadataCallbackHandler
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.graph import START, MessagesState, StateGraph
from pydantic import PrivateAttr

from agent_otel.bridge import Bridge
from agent_otel.integrations.langchain import AgentOtelCallbackHandler
from agent_otel.testing.scenarios import Played, Scenario, Stage, ToolUse, Turn

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # LangGraph 1.0 warns of what it does itself
    from langgraph.prebuilt import ToolNode, tools_condition


class ScriptedModel(BaseChatModel):
    """Says its turns, in order; streamed, in as many parts as there are words."""

    turns: Sequence[Any]
    model: str = "scripted-1"
    _said: int = PrivateAttr(default=0)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": self.model}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        told = super()._get_ls_params(stop=stop, **kwargs)
        return {**told, "ls_provider": "anthropic", "ls_model_name": self.model}

    def _next(self) -> AIMessage:
        turn = self.turns[self._said]
        self._said += 1
        if isinstance(turn, AIMessage):
            return turn
        if turn.error is not None:
            raise RuntimeError(turn.error)
        calls = [{"name": use.name, "args": dict(use.arguments), "id": use.call_id} for use in turn.uses]
        return said(turn.text, *calls, tokens=(turn.input_tokens, turn.output_tokens))

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next())])

    def _parts(self) -> list[AIMessageChunk]:
        message = self._next()
        words = str(message.content).split(" ") if message.content else []
        asked = [
            {"name": call["name"], "args": json.dumps(call["args"]), "id": call["id"], "index": number}
            for number, call in enumerate(message.tool_calls)
        ]
        last = AIMessageChunk(
            content="",
            tool_call_chunks=asked,
            usage_metadata=message.usage_metadata,
            response_metadata=message.response_metadata,
        )
        return [*(AIMessageChunk(content=f"{word} ") for word in words), last]

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        for part in self._parts():
            yield ChatGenerationChunk(message=part)

    async def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for part in self._parts():
            await asyncio.sleep(0)
            yield ChatGenerationChunk(message=part)


def said(text: str = "", *calls: dict[str, Any], tokens: tuple[int, int] = (10, 5), **details: Any) -> AIMessage:
    """Make an answer of a model."""
    read, written = tokens
    usage = {"input_tokens": read, "output_tokens": written, "total_tokens": read + written, **details}
    return AIMessage(
        content=text,
        tool_calls=[{**call, "type": "tool_call"} for call in calls],
        usage_metadata=usage,  # type: ignore[arg-type]
        response_metadata={"model_name": "scripted-1-0504", "finish_reason": "tool_calls" if calls else "stop"},
    )


def calls(name: str, call_id: str = "call_1", **arguments: Any) -> dict[str, Any]:
    """Make a tool call that a model asks for."""
    return {"name": name, "args": arguments, "id": call_id}


def agent(
    turns: Sequence[Turn | AIMessage], tools: Sequence[BaseTool | Callable[..., Any]], name: str, **compiling: Any
) -> Any:
    """Build the usual graph of an agent: a model, and the tools that it asks for."""
    model = ScriptedModel(turns=turns)

    def ask(state: MessagesState, config: RunnableConfig) -> dict[str, list[BaseMessage]]:
        return {"messages": [model.invoke(state["messages"], config)]}

    async def ask_async(state: MessagesState, config: RunnableConfig) -> dict[str, list[BaseMessage]]:
        return {"messages": [await model.ainvoke(state["messages"], config)]}

    graph = StateGraph(MessagesState)
    graph.add_node("model", RunnableLambda(ask, ask_async))
    graph.add_edge(START, "model")
    if tools:
        graph.add_node("tools", ToolNode(tools, handle_tool_errors=True))
        graph.add_conditional_edges("model", tools_condition)
        graph.add_edge("tools", "model")
    return graph.compile(name=name, **compiling)


def _tool(use: ToolUse, stage: Stage) -> BaseTool:
    async def perform(config: RunnableConfig, **arguments: Any) -> str:
        if use.agent is None:
            return await stage.perform(use.name)
        stage_agent = _agent(use.agent, stage)
        state = await stage_agent.ainvoke({"messages": [("user", use.agent.prompt)]}, config)
        return str(state["messages"][-1].content)

    schema = {"type": "object", "properties": {name: {"type": "string"} for name in use.arguments}}
    return StructuredTool.from_function(
        coroutine=perform, name=use.name, description="as scripted", args_schema={"title": use.name, **schema}
    )


def _agent(scenario: Scenario, stage: Stage) -> Any:
    return agent(scenario.turns, [_tool(use, stage) for use in scenario.uses()], scenario.agent)


async def play(scenario: Scenario, stage: Stage, bridge: Bridge) -> Played:
    """Play a scenario."""
    usage = UsageMetadataCallbackHandler()
    handlers: list[BaseCallbackHandler] = [AgentOtelCallbackHandler(bridge), usage]
    graph, config = _agent(scenario, stage), {"callbacks": handlers}
    state: Any = {"messages": [("user", scenario.prompt)]}
    if scenario.is_streamed:
        async for mode, part in graph.astream(state, config, stream_mode=["messages", "values"]):
            state = part if mode == "values" else state
    else:
        state = await graph.ainvoke(state, config)
    sums = usage.usage_metadata.values()
    return Played(
        answer=str(state["messages"][-1].content).strip(),
        input_tokens=sum(one["input_tokens"] for one in sums),
        output_tokens=sum(one["output_tokens"] for one in sums),
    )


__all__ = ["ScriptedModel", "agent", "calls", "play", "said"]
