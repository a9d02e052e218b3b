"""The context that goes along with requests over MCP: servers, in other processes too, join the trace of the caller."""

from __future__ import annotations

import asyncio
from pathlib import Path
import subprocess
import sys
from typing import Any
from unittest.mock import ANY

from opentelemetry import baggage
from opentelemetry.context import attach, detach
import pytest

pytest.importorskip("mcp")

from agent_otel.bridge import Bridge
from agent_otel.conventions import attributes as a
from agent_otel.conventions.names import SCOPE_NAME
from agent_otel.integrations.mcp import context_of, instrument, joined
from agent_otel.testing import OtlpReceiver, ReceivedSpan, assert_tree, expect
from end_to_end.replaying import environment
from integrations.scripted_mcp import IS_2, over_http, over_stdio, text_of


def server_environment(receiver: OtlpReceiver, tmp_path: Path) -> dict[str, str]:
    return environment(receiver, tmp_path / "state") | {"OTEL_SERVICE_NAME": "server"}


def test_a_server_in_another_process_joins_the_trace(bridge: Bridge, receiver: OtlpReceiver, tmp_path: Path) -> None:
    async def go() -> None:
        async with over_stdio(server_environment(receiver, tmp_path)) as session:
            instrument(session, bridge, transport="pipe")
            assert await session.initialize() is not None
            token = attach(baggage.set_baggage("tenant", "blue"))
            with bridge.run(agent="client") as run:
                with run.tool_call("work"):
                    await session.call_tool("work", {"text": "hello"})
                assert text_of(await session.call_tool("ask", {"text": "hello"})) == "hello"
                meta = text_of(await session.call_tool("meta", meta={"mine": "kept"}))
            detach(token)
            assert "tenant=blue" in meta
            await session.call_tool("deliver")

    asyncio.run(go())
    assert bridge.flush()
    spans = [span for span in receiver.spans() if span.scope == SCOPE_NAME or _serves(span)]
    spans = [span for span in spans if "deliver" not in span.name]
    version = {a.MCP_PROTOCOL_VERSION: ANY, a.NETWORK_TRANSPORT: "pipe"}
    step, asked = expect("execute_tool step"), expect("invoke_agent asked", "execute_tool step")
    tree = expect(
        "invoke_agent client",
        expect("execute_tool work", *_served("work", step), attributes=version),
        expect("tools/call ask", *_served("ask", asked), kind="client", attributes=version),
        expect("tools/call meta", *_served("meta"), kind="client"),
    )
    assert_tree(spans, tree)
    services = {span.name: span.resource["service.name"] for span in spans}
    assert services["invoke_agent asked"] == services["execute_tool step"] == "server"
    assert services["invoke_agent client"] != "server"


def _serves(span: ReceivedSpan) -> bool:
    return span.kind == "server" and span.name.startswith("tools/call")


def _served(tool: str, *children: Any) -> list[Any]:
    """Give what stands below a request: version 2 of the SDK makes a span around the handler."""
    return [expect(f"tools/call {tool}", *children, kind="server")] if IS_2 else list(children)


def test_a_caller_that_sends_nothing_is_not_joined(bridge: Bridge, receiver: OtlpReceiver) -> None:
    assert context_of(None) == context_of(object()) == {}

    class Broken:
        @property
        def request_context(self) -> Any:
            raise ValueError

    assert context_of(Broken()) == {}
    with joined(Broken()):
        assert bridge.headers() == {}


@pytest.mark.parametrize("meta", [{"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"}, {"traceparent": "no"}])
def test_what_a_handler_is_given(bridge: Bridge, meta: dict[str, str]) -> None:
    class Request:
        pass

    request = Request()
    request.meta = meta  # type: ignore[attr-defined]
    is_valid = meta["traceparent"] != "no"
    assert context_of(request) == (meta if is_valid else {})
    with joined(request):
        assert bridge.headers() == (meta if is_valid else {})
        with bridge.tool_call("step"):
            trace = bridge.headers()["traceparent"].split("-")[1]
            assert (trace == "1" * 32) is is_valid
            assert context_of(request) == {}  # what is current is in that trace already
    assert bridge.headers() == {}


def test_a_server_over_http_joins_the_trace(bridge: Bridge, receiver: OtlpReceiver, tmp_path: Path) -> None:
    async def go() -> None:
        async with over_http(server_environment(receiver, tmp_path)) as (session, session_id):
            instrument(session, bridge, transport="tcp", session_id=session_id)
            await session.initialize()
            with bridge.run(agent="client") as run, run.tool_call("work"):
                await session.call_tool("work", {"text": "hello"})
            await session.call_tool("deliver")

    asyncio.run(go())
    assert bridge.flush()
    spans = [span for span in receiver.spans() if span.scope == SCOPE_NAME or _serves(span)]
    spans = [span for span in spans if "deliver" not in span.name]
    connection = {a.MCP_SESSION_ID: None if IS_2 else ANY, a.NETWORK_TRANSPORT: "tcp", a.MCP_PROTOCOL_VERSION: ANY}
    work = expect("execute_tool work", *_served("work", expect("execute_tool step")), attributes=connection)
    assert_tree(spans, expect("invoke_agent client", work))


@pytest.mark.skipif(not IS_2, reason="version 1 makes no spans")
def test_where_the_provider_is_the_hosts_the_sdk_makes_its_own_span_too(receiver: OtlpReceiver, tmp_path: Path) -> None:
    program = """
import asyncio
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
from agent_otel import Bridge
from agent_otel.integrations.mcp import instrument
from integrations.scripted_mcp import connected, server_of

async def go():
    async with connected(server_of()) as session:
        instrument(session, bridge)
        with bridge.tool_call("echo"):
            await session.call_tool("echo", {"text": "hello"})

bridge = Bridge.from_env()
asyncio.run(go())
bridge.shutdown()
"""
    environ = environment(receiver, tmp_path / "state")
    subprocess.run([sys.executable, "-c", program], env=environ, check=True, timeout=60)
    spans = [span for span in receiver.spans() if "tools/call" in span.name or span.scope == SCOPE_NAME]
    of_sdk = expect("MCP send tools/call echo", "tools/call echo")
    assert_tree(spans, expect("execute_tool echo", of_sdk, attributes={a.MCP_METHOD_NAME: "tools/call"}))
