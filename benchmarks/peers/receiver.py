"""A receiver in a process of its own: keeps what arrives, and says on request what it was; or stalls.

Bodies are decoded when somebody asks, not while others are measured. Takes OTLP over HTTP on any path that ends as
those of OTLP do, and the JSON of openai-agents. It answers
    GET  any path       what arrived: spans, tool calls, repeated ones, their traces, requests, bytes
    POST /control       {"stalled": true}: read requests and never answer; false: hang up on these, answer again
                        {"held": n}: wait until n requests are held
                        {"reset": true}: forget what arrived; {"markers": [...]}: which of these texts arrived
It ends when standard input closes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import gzip
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import sys
import threading
from typing import Any
import zlib

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from peers.work import NAMES

_INGEST = "/v1/traces/ingest"
_PATIENCE = 30  # seconds
_UNPACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}


class Books:
    """What arrived since the last reset."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.is_well = threading.Event()
        self.is_well.set()
        self._held = 0
        self._holding = threading.Condition()
        self.reset()

    def reset(self) -> None:
        """Forget all."""
        with self.lock:
            self._bodies: list[tuple[str, bytes]] = []
            self._requests = self._bytes = 0

    def keep(self, path: str, encoding: str, body: bytes) -> None:
        """Take the body of one request."""
        unpack = _UNPACK.get(encoding)
        with self.lock:
            self._bodies.append((path, unpack(body) if unpack else body))
            self._requests += 1
            self._bytes += len(body)

    def hold(self) -> None:
        """Keep one request waiting until all is well."""
        with self._holding:
            self._held += 1
            self._holding.notify_all()
        self.is_well.wait()
        with self._holding:
            self._held -= 1

    def await_held(self, requests: int) -> bool:
        """Wait until so many requests are kept waiting; False if that takes too long."""
        with self._holding:
            return self._holding.wait_for(lambda: self._held >= requests, _PATIENCE)

    def told(self) -> dict[str, int]:
        """Count."""
        with self.lock:
            bodies, requests, size = list(self._bodies), self._requests, self._bytes
        spans = [span for path, body in bodies for span in _spans(path, body)]
        tools = [identity for identity, name in spans if any(tool in name for tool in NAMES)]
        return {
            "spans": len({identity for identity, _ in spans}),
            "tool_calls": len(set(tools)),
            "duplicates": len(tools) - len(set(tools)),
            "traces": len({trace_id for trace_id, _ in tools}),
            "requests": requests,
            "bytes": size,
        }

    def found(self, markers: list[str]) -> list[str]:
        """Say which texts stand in anything that arrived, as they are or as JSON within JSON would have them."""
        with self.lock:
            everything = b"\0".join(body for _, body in self._bodies)
        return [marker for marker in markers if marker.encode() in everything]


def _spans(path: str, body: bytes) -> Iterator[tuple[tuple[Any, Any], str]]:
    """Give identity and name of each span in a body."""
    if path.endswith(_INGEST):
        for item in json.loads(body)["data"]:
            if item["object"] == "trace.span":
                yield (item["trace_id"], item["id"]), item["span_data"].get("name", "")
    elif path.endswith("/v1/traces"):
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    if not any(each.value.string_value == "pending_span" for each in span.attributes):
                        yield (span.trace_id, span.span_id), span.name


class Handler(BaseHTTPRequestHandler):
    """Takes exports and orders."""

    protocol_version = "HTTP/1.1"
    books: Books

    def do_POST(self) -> None:
        body = self._body()
        if self.path == "/control":
            self._answer(json.dumps(self._order(json.loads(body))).encode())
        elif not self.books.is_well.is_set():
            self.books.hold()
            self.close_connection = True  # without an answer
        else:
            self.books.keep(self.path, self.headers.get("Content-Encoding", ""), body)
            self._answer(b"{}" if self.path.endswith(_INGEST) else b"", "application/x-protobuf")

    def do_GET(self) -> None:
        self._answer(json.dumps(self.books.told()).encode())

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _order(self, order: dict[str, Any]) -> Any:
        if order.get("reset"):
            self.books.reset()
        if order.get("stalled") is True:
            self.books.is_well.clear()
        elif order.get("stalled") is False:
            self.books.is_well.set()
        if "held" in order:
            return self.books.await_held(order["held"])
        return self.books.found(order.get("markers", []))

    def _answer(self, body: bytes, kind: str = "application/json") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        pass


class Server(ThreadingHTTPServer):
    """One that says nothing of clients that were killed."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        pass


def main() -> None:
    """Serve until standard input closes, so that no receiver outlives its benchmark."""
    Handler.books = Books()
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    Handler.books.is_well.set()
    server.shutdown()


if __name__ == "__main__":
    main()
