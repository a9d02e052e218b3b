"""OTLP over HTTP/protobuf on loopback: posted bodies in, the receiver's answers out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import gzip
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import socket
import sys
from threading import Lock, Thread
from typing import Any, cast
import zlib

from agent_otel.testing.exchange import SERVICES, Accept, Arrival, MalformedRequest, Reply, Signal

__all__ = ["HttpEndpoint"]

_PROTOBUF = "application/x-protobuf"
_PATHS: dict[str, Signal] = {service.path: signal for signal, service in SERVICES.items()}
_DECODINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}
_JOIN_SECONDS = 5.0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # the stock exporters keep their connection open
    wbufsize = -1  # head and body leave together: apart, Nagle and the delayed acknowledgement cost 40 ms
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if length.isdigit():
            reply = self._reply(self.rfile.read(int(length)))
        else:
            reply = Reply(HTTPStatus.LENGTH_REQUIRED)
            self.close_connection = True  # where its body ends is not known
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("content-type", _PROTOBUF)
        self.send_header("content-length", "0")  # an export response that says nothing is an empty message
        self.end_headers()

    def _reply(self, body: bytes) -> Reply:
        signal = _PATHS.get(self.path)
        decode = _DECODINGS.get(self.headers.get("content-encoding", "").lower())
        if signal is None:
            return Reply(HTTPStatus.NOT_FOUND)
        if decode is None or self.headers.get_content_type() != _PROTOBUF:
            return Reply(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            reply = self.server.accept(Arrival(signal, "http", headers, decode(body), len(body)))
        except (MalformedRequest, OSError, EOFError, zlib.error):  # the last three: not compressed as it says
            return Reply(HTTPStatus.BAD_REQUEST)
        return reply or Reply(HTTPStatus.OK)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
        """Stay quiet."""


class _Server(ThreadingHTTPServer):
    """Remembers its connections: their threads wait for the next request until somebody hangs up."""

    request_queue_size = 128

    def __init__(self, accept: Accept) -> None:
        self.accept = accept
        self._lock = Lock()
        self._connections: dict[socket.socket, Thread] = {}
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name="otlp-receiver-http-connection",
            daemon=True,
        )
        with self._lock:
            self._connections[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that hangs up is no fault of the test; anything else is, and is shown.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        with self._lock:
            connections = dict(self._connections)
        for connection, thread in connections.items():
            with suppress(OSError):  # the client was faster
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(_JOIN_SECONDS)


class HttpEndpoint:
    """Serves ``POST /v1/traces``, ``/v1/metrics`` and ``/v1/logs`` on a port that the system chooses.

    Args:
        accept: Called with each request, on the connection's thread.
    """

    def __init__(self, accept: Accept) -> None:
        self._server = _Server(accept)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="otlp-receiver-http", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Base address, as ``OTEL_EXPORTER_OTLP_ENDPOINT`` wants it."""
        host, port = cast("tuple[str, int]", self._server.server_address[:2])
        return f"http://{host}:{port}"

    def close(self) -> None:
        """Stop listening, hang up on every client and wait for the threads."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.hang_up()
