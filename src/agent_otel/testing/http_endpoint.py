"""OTLP over HTTP/protobuf on loopback: posted bodies in, the receiver's answers out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from email.utils import format_datetime
import gzip
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import socket
import ssl
import sys
from threading import Lock, Thread
from typing import Any
import zlib

from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from agent_otel.testing.exchange import SERVICES, Accept, Arrival, MalformedRequest, Reply, Signal
from agent_otel.testing.ports import RESET_ON_CLOSE, held_port, port_of

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
_PROMISED = 64  # bytes that a truncated answer promises, twice what it gives
_CHUNK = 65_536


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # the stock exporters keep their connection open
    wbufsize = -1  # head and body leave together: apart, Nagle and the delayed acknowledgement cost 40 ms
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if length.isdigit():
            signal, reply = self._reply(self.rfile.read(int(length)))
        else:
            signal, reply = None, Reply(HTTPStatus.LENGTH_REQUIRED)
            self.close_connection = True  # where its body ends is not known
        if reply.broken is None:
            self._send(reply, _body(reply, signal))
        else:
            self._break(reply)

    def _send(self, reply: Reply, body: bytes, length: int | None = None) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.retry_after is not None:
            self.send_header("retry-after", _retry_after(reply.retry_after))
        self.send_header("content-type", _PROTOBUF)
        self.send_header("content-length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def _break(self, reply: Reply) -> None:
        self.close_connection = True
        if reply.broken == "reset":
            self.connection.setsockopt(*RESET_ON_CLOSE)
            self.server.is_to_reset(self.connection)
            return
        if reply.broken == "truncate":
            self._send(Reply(HTTPStatus.OK), b"\0" * (_PROMISED // 2), _PROMISED)
            self.wfile.flush()
        _shut(self.connection, socket.SHUT_WR)
        while self.rfile.read1(_CHUNK):
            pass

    def _reply(self, body: bytes) -> tuple[Signal | None, Reply]:
        signal = _PATHS.get(self.path)
        decode = _DECODINGS.get(self.headers.get("content-encoding", "").lower())
        if signal is None:
            return None, Reply(HTTPStatus.NOT_FOUND)
        if decode is None or self.headers.get_content_type() != _PROTOBUF:
            return signal, Reply(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            reply = self.server.accept(Arrival(signal, "http", headers, decode(body), len(body)))
        except (MalformedRequest, OSError, EOFError, zlib.error):  # the last three: not compressed as it says
            return signal, Reply(HTTPStatus.BAD_REQUEST)
        return signal, reply or Reply(HTTPStatus.OK)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
        """Stay quiet."""


def _body(reply: Reply, signal: Signal | None) -> bytes:
    """Give the body of an answer: an export response, or a status; what has nothing to say is an empty message."""
    if reply.rejected is not None and signal is not None:
        return SERVICES[signal].partial_success(reply.rejected, reply.message)
    rendered: bytes = Status(message=reply.message).SerializeToString()
    return rendered


def _retry_after(when: float | datetime) -> str:
    if isinstance(when, datetime):
        return format_datetime(when.astimezone(timezone.utc), usegmt=True)
    return f"{when:g}"


def _shut(connection: socket.socket, how: int) -> None:
    """Shut the TCP connection down; TLS objects forget their state in theirs, under the hands of who reads them."""
    with suppress(OSError):  # the client was faster
        socket.socket.shutdown(connection, how)


class _Server(ThreadingHTTPServer):
    """Remembers its connections: their threads wait for the next request until somebody hangs up."""

    request_queue_size = 128

    def __init__(
        self, accept: Accept, taken: socket.socket, tls: ssl.SSLContext | None, alarm: Callable[[], None]
    ) -> None:
        self.accept = accept
        self._tls = tls
        self._alarm = alarm
        self._lock = Lock()
        self._connections: dict[socket.socket, Thread] = {}
        self._resetting: set[socket.socket] = set()
        super().__init__(taken.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()  # the base class makes one in any case
        self.socket = taken
        self.server_activate()

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        if self._tls is not None:
            # The handshake belongs to the connection's thread: a client that says nothing must not hold up the others.
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

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

    def finish_request(self, request: Any, client_address: Any) -> None:
        if isinstance(request, ssl.SSLSocket):
            try:
                request.do_handshake()
            except OSError:
                self._alarm()
                return
        super().finish_request(request, client_address)

    def is_to_reset(self, request: socket.socket) -> None:
        """Remember that a connection is to end without a goodbye."""
        with self._lock:
            self._resetting.add(request)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.pop(request, None)
            is_reset = request in self._resetting
            self._resetting.discard(request)
        if not is_reset:
            _shut(request, socket.SHUT_WR)
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that hangs up is no fault of the test; anything else is, and is shown.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        with self._lock:
            connections = dict(self._connections)
        for connection, thread in connections.items():
            _shut(connection, socket.SHUT_RDWR)
            thread.join(_JOIN_SECONDS)


class HttpEndpoint:
    """Serves ``POST /v1/traces``, ``/v1/metrics`` and ``/v1/logs`` on a port that the system chooses.

    Args:
        accept: Called with each request, on the connection's thread.
        tls: What to serve TLS with; None means no TLS.
        alarm: Called for each TLS handshake that fails.
    """

    def __init__(self, accept: Accept, tls: ssl.SSLContext | None, alarm: Callable[[], None]) -> None:
        self._accept = accept
        self._tls = tls
        self._alarm = alarm
        self._server: _Server | None = None
        self._taken = held_port()
        self._port = port_of(self._taken)
        self.listen()

    @property
    def url(self) -> str:
        """Base address, as ``OTEL_EXPORTER_OTLP_ENDPOINT`` wants it."""
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self._port}"

    def listen(self) -> None:
        """Take connections."""
        server = self._server = _Server(self._accept, self._taken, self._tls, self._alarm)
        self._thread = Thread(target=server.serve_forever, args=(0.05,), name="otlp-receiver-http", daemon=True)
        self._thread.start()

    def refuse(self) -> None:
        """Hang up on every client and refuse connections; the port stays ours."""
        self._end_server()
        self._taken = held_port(self._port)

    def close(self) -> None:
        """Stop listening, hang up on every client and wait for the threads."""
        self._end_server()
        self._taken.close()

    def _end_server(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            self._thread.join()
            server.server_close()
            server.hang_up()
