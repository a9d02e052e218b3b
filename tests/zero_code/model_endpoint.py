"""A model endpoint on loopback that answers every chat completion with the same words, or with an error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import threading


@contextmanager
def model_endpoint(answer: str, arguments: str = "{}") -> Iterator[str]:
    """Serve; gives the base URL. A request for the model ``broken`` gets an error that repeats the answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            is_broken = asked["model"] == "broken"
            call = {"id": "call_1", "type": "function", "function": {"name": "shell", "arguments": arguments}}
            message = {"role": "assistant", "content": answer, "tool_calls": [call]}
            told = {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": asked["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
                "usage": {"prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19},
            }
            body = json.dumps({"error": {"message": answer}} if is_broken else told).encode()
            self.send_response(400 if is_broken else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
