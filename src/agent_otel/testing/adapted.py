"""What an adapter is to the conformance kit, and the tree that it owes for a scenario."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import frozen

from agent_otel.bridge import Bridge
from agent_otel.conventions import attributes as a
from agent_otel.testing.expected import ExpectedSpan, expect
from agent_otel.testing.scenarios import Played, Scenario, Stage, ToolUse, Turn

__all__ = ["Adapter", "Play", "expected_tree"]

Play = Callable[[Scenario, Stage, Bridge], Awaitable[Played]]


@frozen(kw_only=True)
class Adapter:
    """What is judged.

    Args:
        play: Plays a scenario with the framework, hooked up to the bridge that is given, and taken off it again.
            Agents, tools and models carry the scenario's names, tool calls its ids. What fails or is cancelled raises,
            or gives an answer, as the framework does.
        in_parallel: Whether the framework runs the tools of one turn in parallel.
        tells_call_ids: Whether its hooks tell the model's id of a tool call.
        tells_first_chunk: Whether its hooks tell when the first part of a streamed answer came.
        tells_failed_model: Whether its hooks tell which model was asked, where the call failed.
        agent_tool: Name of the tool that asks other agents, where the framework has one of its own for that.
        tells_usage: Whether its hooks tell the tokens of each model call, rather than of the whole run alone.
    """

    play: Play
    in_parallel: bool = True
    tells_call_ids: bool = True
    tells_first_chunk: bool = True
    tells_usage: bool = True
    tells_failed_model: bool = True
    agent_tool: str | None = None


def expected_tree(scenario: Scenario, adapter: Adapter) -> ExpectedSpan:
    """Give the tree of a scenario: below each run its model calls and tool calls, below a tool the agent that it asks.

    A turn that fails ends the run, as does a tool that hangs.
    """
    children: list[ExpectedSpan] = []
    is_cut_short = False
    for turn in scenario.turns:
        children.append(_model_call(scenario, turn, adapter))
        children += (_tool_call(use, adapter) for use in turn.uses)
        is_cut_short = turn.error is not None or any(use.hangs for use in turn.uses)
        if is_cut_short:
            break
    status = "error" if is_cut_short else "unset"
    attributes = {a.AGENT_NAME: scenario.agent}
    return expect(f"invoke_agent {scenario.agent}", *children, kind="internal", status=status, attributes=attributes)


def _model_call(scenario: Scenario, turn: Turn, adapter: Adapter) -> ExpectedSpan:
    if turn.error is not None and not adapter.tells_failed_model:
        return expect("chat", kind="client", status="error")
    attributes: dict[str, Any] = {a.REQUEST_MODEL: scenario.model}
    if adapter.tells_usage and turn.error is None:
        attributes |= {a.USAGE_INPUT_TOKENS: turn.input_tokens, a.USAGE_OUTPUT_TOKENS: turn.output_tokens}
    status = "unset" if turn.error is None else "error"
    return expect(f"chat {scenario.model}", kind="client", status=status, attributes=attributes)


def _tool_name(use: ToolUse, adapter: Adapter) -> str:
    return adapter.agent_tool if use.agent is not None and adapter.agent_tool is not None else use.name


def _tool_call(use: ToolUse, adapter: Adapter) -> ExpectedSpan:
    name = _tool_name(use, adapter)
    attributes: dict[str, Any] = {a.TOOL_NAME: name}
    if adapter.tells_call_ids:
        attributes[a.TOOL_CALL_ID] = use.call_id
    below = [expected_tree(use.agent, adapter)] if use.agent is not None else []
    status = "error" if use.error is not None or use.hangs else "unset"
    return expect(f"execute_tool {name}", *below, kind="internal", status=status, attributes=attributes)
