"""A receiver in a process of its own: takes OTLP over HTTP, counts spans, and answers the count on GET.

Kept minimal so that on two cores it takes as little as possible from what is measured.
"""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import sys
import threading

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_count = {"spans": 0, "requests": 0, "bytes": 0}
_lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    """Answers exports and counts."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        spans = 0
        if self.path == "/v1/traces":
            request = ExportTraceServiceRequest.FromString(body)
            spans = sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)
        with _lock:
            _count["spans"] += spans
            _count["requests"] += 1
            _count["bytes"] += len(body)
        self._answer(b"", "application/x-protobuf")

    def do_GET(self) -> None:
        with _lock:
            self._answer(json.dumps(_count).encode(), "application/json")

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        pass


def main() -> None:
    """Serve until standard input closes, so that no receiver outlives its benchmark."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
