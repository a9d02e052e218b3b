"""Follow the live stream of a Bamboo session and send it as OpenTelemetry.

    python examples/follow_agent_stream.py http://localhost:9562/api/v1/events/SESSION

Without an address it serves a made-up session on this machine and follows that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
import json
import sys
from threading import Thread
from urllib.request import urlopen

from agent_otel import Bridge

USAGE = {"prompt_tokens": 812, "completion_tokens": 64, "total_tokens": 876}
STREAM = (
    {"type": "execution_started", "run_id": "run-1", "session_id": "demo", "started_at": "2026-05-04T10:11:12Z"},
    {"type": "tool_start", "tool_call_id": "call_1", "tool_name": "Bash", "arguments": {"command": "ls"}},
    {"type": "tool_complete", "tool_call_id": "call_1", "result": {"success": True, "result": "README.md"}},
    {"type": "complete", "usage": USAGE},
)


class Session(BaseHTTPRequestHandler):
    """A session that has a lot to say."""

    def do_GET(self) -> None:
        """Stream it."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for frame in (*map(json.dumps, STREAM), "[DONE]"):
            self.wfile.write(f"data: {frame}\n\n".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing about requests."""


@contextmanager
def made_up_session() -> Iterator[str]:
    """Serve the session; give its address."""
    server = HTTPServer(("127.0.0.1", 0), Session)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v1/events/demo"
    finally:
        server.shutdown()
        server.server_close()


def follow(address: str, bridge: Bridge) -> int:
    """Record every frame until the stream ends; most events do not name their session, the address does."""
    session, frames = address.rstrip("/").rpartition("/")[2], 0
    with urlopen(address) as stream:  # noqa: S310  an address that you give
        for line in stream:
            name, _, data = line.decode().partition(":")
            if name == "data" and data.strip().startswith("{"):
                bridge.record({"session_id": session, "event": json.loads(data)}, source="bamboo")
                frames += 1
    return frames


def main() -> None:
    """Follow the stream given, or a made-up one."""
    bridge = Bridge.from_env()
    if len(sys.argv) > 1:
        frames = follow(sys.argv[1], bridge)
    else:
        with made_up_session() as address:
            frames = follow(address, bridge)
    bridge.shutdown()
    print(f"{frames} events, {bridge.health().records['mapped']} of them told")


if __name__ == "__main__":
    main()
