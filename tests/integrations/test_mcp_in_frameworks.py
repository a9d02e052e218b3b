"""Tools of MCP servers that agent frameworks call: one span for each, that of the framework's tool call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
import sys
from typing import Any

import pytest

pytest.importorskip("mcp")

from agent_otel.bridge import Bridge
from agent_otel.conventions import attributes as a
from agent_otel.conventions.names import SCOPE_NAME
from agent_otel.integrations.mcp import instrument
from agent_otel.testing import OtlpReceiver, assert_tree, expect
from agent_otel.testing.adapters import Scenario, Stage, ToolUse, Turn
from end_to_end.replaying import environment
from integrations import scripted_mcp
from integrations.scripted_mcp import connected, server_of
from secrets_made_up import github_token

OF_MCP = {a.MCP_METHOD_NAME: "tools/call"}


@pytest.fixture
def _no_processors() -> Iterator[None]:
    tracing = pytest.importorskip("agents.tracing")
    tracing.set_trace_processors([])
    yield
    tracing.set_trace_processors([])


def uses(*names_and_texts: tuple[str, str]) -> Scenario:
    asked = tuple(
        ToolUse(name=name, call_id=f"call_{number}", arguments={"text": text})
        for number, (name, text) in enumerate(names_and_texts)
    )
    return Scenario(agent="worker", turns=(Turn(uses=asked), Turn(text="Done.")))


@pytest.mark.usefixtures("_no_processors")
def test_the_openai_agents_sdk_with_a_server_over_stdio(bridge: Bridge, receiver: OtlpReceiver, tmp_path: Path) -> None:
    agents_mcp = pytest.importorskip("agents.mcp")
    from agent_otel.integrations.openai_agents import instrument as instrument_agents
    from integrations.scripted_openai import Program, Scripts, serving

    secret, scripts = github_token("agents"), Scripts()
    scenario = uses(("echo", "one"), ("work", secret), ("fail", f"no {secret}"))
    command = {
        "command": sys.executable,
        "args": [scripted_mcp.__file__],
        "env": environment(receiver, tmp_path / "state", OTEL_SERVICE_NAME="server"),
    }

    async def go(endpoint: str) -> Any:
        program = Program("chat", endpoint, scripts)
        client = program.client()
        async with agents_mcp.MCPServerStdio(params=command, client_session_timeout_seconds=30) as server:
            instrument(server.session, bridge, transport="pipe")
            agent = program.agent(scenario, Stage(scenario), client, mcp_servers=[server])
            agent.tools = []
            result = await program.run(agent, scenario)
            await server.session.call_tool("deliver")
        await client.close()
        return result

    instrument_agents(bridge)
    with serving(scripts) as endpoint:
        assert asyncio.run(go(endpoint)).final_output == "Done."
    assert bridge.flush()
    told = [span for span in receiver.spans() if span.scope == SCOPE_NAME and "deliver" not in span.name]
    in_client = [span for span in told if span.resource["service.name"] != "server"]
    of_tools = expect(
        "invoke_agent worker",
        "chat scripted-1",
        expect("execute_tool echo", kind="internal", status="unset", attributes=OF_MCP | {a.NETWORK_TRANSPORT: "pipe"}),
        expect("execute_tool work", status="unset", attributes=OF_MCP),
        expect("execute_tool fail", status="error", attributes=OF_MCP | {a.ERROR_TYPE: "tool_error"}),
        "chat scripted-1",
    )
    assert_tree(in_client, of_tools, any_order=True)
    (step,) = (span for span in told if span.name == "execute_tool step")
    (work,) = (span for span in told if span.name == "execute_tool work")
    assert step.trace_id == work.trace_id
    assert all(secret.encode() not in request.message.SerializeToString() for request in receiver.requests())


def test_a_tool_of_langchain_that_calls_a_session(bridge: Bridge, receiver: OtlpReceiver) -> None:
    tools = pytest.importorskip("langchain_core.tools")
    from agent_otel.integrations.langchain import AgentOtelCallbackHandler

    secret = github_token("langchain")

    async def go() -> list[str]:
        async with connected(server_of()) as session:
            instrument(session, bridge)

            @tools.tool
            async def echo(text: str) -> str:
                """Echo, as the adapters of LangChain do it."""
                result = await session.call_tool("echo", {"text": text})
                return str(result.content[0].text)

            config = {"callbacks": [AgentOtelCallbackHandler(bridge)]}
            with bridge.run(agent="worker"):
                return await asyncio.gather(*(echo.ainvoke({"text": text}, config) for text in ("one", secret)))

    assert asyncio.run(go()) == ["one", secret]
    assert bridge.flush()
    told = [span for span in receiver.spans() if span.scope == SCOPE_NAME]
    of_tool = expect("execute_tool echo", kind="internal", status="unset", attributes=OF_MCP)
    assert_tree(told, expect("invoke_agent worker", of_tool, of_tool))
    assert all(secret.encode() not in request.message.SerializeToString() for request in receiver.requests())
