"""Servers of the MCP SDK, in versions 1 and 2, and clients that are connected to them: in memory, and over stdio.

Run as a program, this is a server with a bridge of its own: over stdio, or with `http` over that.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
import socket
import sys
from typing import Any

import mcp
from mcp import ClientSession, StdioServerParameters, stdio_client, types
from mcp.client import streamable_http
import uvicorn

from agent_otel.bridge import Bridge
from agent_otel.conventions.names import SCOPE_NAME
from agent_otel.integrations.mcp import context_of, instrument, joined
from agent_otel.testing import OtlpReceiver, ReceivedSpan

IS_2 = hasattr(mcp, "MCPError")
if IS_2:
    from mcp import Client, MCPError
    from mcp.server.mcpserver import Context, MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
else:
    from mcp import McpError
    from mcp.server.fastmcp import Context, FastMCP
    from mcp.server.fastmcp.exceptions import ToolError
    from mcp.server.lowlevel import Server
    from mcp.shared.memory import create_connected_server_and_client_session

__all__ = [
    "ERROR",
    "IS_2",
    "PIXEL",
    "connected",
    "is_error",
    "ours",
    "over_http",
    "over_stdio",
    "refusing",
    "seconds",
    "server_of",
    "text_of",
    "use",
]

ERROR = MCPError if IS_2 else McpError
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


# Named anew in version 1.24, where the old name warns.
streams_to = getattr(streamable_http, "streamable_http_client", None) or streamable_http.streamablehttp_client


def text_of(result: Any) -> str:
    """Give what a tool said."""
    return str(result.content[0].text)


def is_error(result: Any) -> bool:
    """Say whether a tool said that it failed."""
    return bool(result.is_error if IS_2 else result.isError)


def seconds(number: float) -> Any:
    """Give a time limit as the SDK takes it."""
    return number if IS_2 else timedelta(seconds=number)


def server_of(bridge: Bridge | None = None, started: asyncio.Event | None = None) -> Any:
    """Make a server with the tools that tests call.

    Args:
        bridge: What its tools tell; None: they tell nothing.
        started: Set when the tool that never ends has begun.
    """
    server = MCPServer("scripted") if IS_2 else FastMCP("scripted")

    @server.tool()
    async def echo(text: str) -> str:
        return text

    @server.tool()
    async def fail(text: str) -> str:
        raise ToolError(text)

    @server.tool(structured_output=False)
    async def picture() -> Any:
        return [image(), types.TextContent(type="text", text="a pixel")]

    @server.tool()
    async def wait() -> str:
        if started is not None:
            started.set()
        await asyncio.Event().wait()
        return ""

    if bridge is not None:
        _add_telling_tools(server, bridge)
    return server


def image() -> Any:
    return types.ImageContent(
        type="image", data=PIXEL, **({"mime_type": "image/png"} if IS_2 else {"mimeType": "image/png"})
    )


def _add_telling_tools(server: Any, bridge: Bridge) -> None:
    @server.tool()
    async def work(text: str, ctx: Context) -> str:
        with joined(ctx), bridge.tool_call("step", arguments={"text": text}) as call:
            call.result(text)
        return text

    @server.tool()
    async def ask(text: str, ctx: Context) -> str:
        with bridge.run(agent="asked", parent=context_of(ctx)), bridge.tool_call("step"):
            return text

    @server.tool()
    async def meta(ctx: Context) -> str:
        with joined(ctx):
            return str(bridge.headers())

    @server.tool()
    async def deliver() -> bool:
        return await asyncio.to_thread(bridge.flush)


def refusing(code: int, message: str) -> Any:
    """Make a server that answers every call of a tool with an error of the protocol."""
    if IS_2:
        server = MCPServer("refusing")

        @server.tool()
        async def refuse() -> str:
            raise MCPError(code=code, message=message)

        return server
    low = Server("refusing")

    async def refuse_all(_: Any) -> Any:
        raise McpError(types.ErrorData(code=code, message=message))

    low.request_handlers[types.CallToolRequest] = refuse_all
    return low


@asynccontextmanager
async def connected(server: Any) -> AsyncIterator[Any]:
    """Give a session that is connected to a server in this process, over streams in memory."""
    if IS_2:
        async with Client(server, mode="legacy") as client:
            yield client.session
    else:
        async with create_connected_server_and_client_session(server) as session:
            yield session


Use = Callable[[Any], Coroutine[Any, Any, Any]]


def use(bridge: Bridge, use: Use, server: Any = None, **options: Any) -> Any:
    """Connect to a server in memory, and use the session that is told; gives what that gives."""

    async def go() -> Any:
        async with connected(server or server_of()) as session:
            assert instrument(session, bridge, **options) is session
            return await use(session)

    result = asyncio.run(go())
    assert bridge.flush()
    assert bridge.health().faults == 0
    return result


def ours(receiver: OtlpReceiver) -> list[ReceivedSpan]:
    """Give our spans, without those of the SDK, which must have none for a request that ours tell."""
    others = [span for span in receiver.spans() if span.scope != SCOPE_NAME]
    assert [span.name for span in others if span.kind == "client" and "tools/call" in span.name] == []
    return [span for span in receiver.spans() if span.scope == SCOPE_NAME]


@asynccontextmanager
async def over_stdio(environ: dict[str, str]) -> AsyncIterator[ClientSession]:
    """Give a session with the server that this program is, in a process of its own; it is not yet initialised."""
    parameters = StdioServerParameters(command=sys.executable, args=[str(Path(__file__))], env=environ)
    async with stdio_client(parameters) as (read, write), ClientSession(read, write) as session:
        yield session


@asynccontextmanager
async def over_http(environ: dict[str, str]) -> AsyncIterator[tuple[ClientSession, Callable[[], str | None]]]:
    """Give the same over HTTP, and what tells the session's id: version 2 does not."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "http", env=environ, stdout=asyncio.subprocess.PIPE
    )
    try:
        url = (await server.stdout.readline()).decode().strip()
        async with streams_to(url) as (read, write, *of_version_1), ClientSession(read, write) as session:
            yield session, of_version_1[0] if of_version_1 else lambda: None
    finally:
        server.terminate()
        await server.wait()


def serve_http(server: Any) -> None:
    """Serve until terminated, and print the address first."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp\n")
        sys.stdout.flush()
        config = uvicorn.Config(server.streamable_http_app(), log_level="error", timeout_graceful_shutdown=1)
        uvicorn.Server(config).run([listening])


def main() -> None:
    bridge = Bridge.from_env()
    server = server_of(bridge)
    if sys.argv[1:] == ["http"]:
        serve_http(server)
    else:
        server.run("stdio")
    bridge.shutdown()


if __name__ == "__main__":
    main()
