"""An agent that calls tools of an MCP server, which is a process of its own and joins its trace. Runs offline.

python examples/mcp_example.py                                          # to localhost:4318
OTEL_TRACES_EXPORTER=console OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none python examples/mcp_example.py

Needs: pip install 'agent-otel[mcp]'
"""

from __future__ import annotations

import asyncio
import os
import sys

from mcp import ClientSession, StdioServerParameters, stdio_client

from agent_otel import Bridge
from agent_otel.integrations.mcp import instrument, joined

try:
    from mcp.server.mcpserver import Context, MCPServer
except ImportError:  # version 1
    from mcp.server.fastmcp import Context
    from mcp.server.fastmcp import FastMCP as MCPServer

WEATHER = {"Lisbon": "clear", "Oslo": "snow"}


def serve() -> None:
    """Serve over standard input and output."""
    bridge = Bridge.from_env()
    server = MCPServer("weather", log_level="CRITICAL")

    @server.tool()
    async def weather(city: str, ctx: Context) -> str:
        """Say what the weather is."""
        with joined(ctx), bridge.retrieval("almanac", query=city) as search:
            found = WEATHER[city]
            search.found(1)
            return f"{found} in {city}"

    server.run("stdio")
    bridge.shutdown()


async def main() -> None:
    """Call the tools once: two on the span of a tool call, one on its own."""
    bridge = Bridge.from_env()
    # Standard output is the connection: the server must not write its spans there.
    environ = {name: "none" if value == "console" else value for name, value in os.environ.items()}
    server = StdioServerParameters(command=sys.executable, args=[__file__, "serve"], env=environ)
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        instrument(session, bridge, transport="pipe")
        await session.initialize()
        with bridge.run(agent="forecaster") as run:
            for number, city in enumerate(("Lisbon", "Atlantis"), 1):
                with run.tool_call("weather", call_id=f"call_{number}"):
                    print(await session.call_tool("weather", {"city": city}))
            print(await session.call_tool("weather", {"city": "Oslo"}))
    bridge.shutdown()


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else asyncio.run(main())
