"""OTLP over gRPC on loopback: exported messages in, the receiver's answers out. Imported only if asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
import grpc

from agent_otel.testing.certificates import ServerCertificate
from agent_otel.testing.exchange import SERVICES, Accept, Arrival, MalformedRequest, Reply, Signal
from agent_otel.testing.relay import Relay

__all__ = ["GrpcEndpoint"]

_WORKERS = 32  # each request that a fault holds keeps one
_CODES = {code.value[0]: code for code in grpc.StatusCode}
_DETAILS = "grpc-status-details-bin"
_PYTHON_RETRY_INFO = "google.rpc.retryinfo-bin"  # where the Python exporter looks, and no other client


class GrpcEndpoint:
    """Serves the three OTLP collector services on a port that the system chooses.

    Messages above 4 MiB are refused, as a collector with its default settings does.

    Args:
        accept: Called with each request, on a thread of the server.
        certificate: What to serve TLS with; None means no TLS.
    """

    def __init__(self, accept: Accept, certificate: ServerCertificate | None = None) -> None:
        self._accept = accept
        self._is_encrypted = certificate is not None
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="otlp-receiver-grpc")
        self._server = grpc.server(self._pool)
        for signal, service in SERVICES.items():
            # No deserialiser: the receiver parses, so that both protocols go the same way.
            method = grpc.unary_unary_rpc_method_handler(self._export(signal))
            handler = grpc.method_handlers_generic_handler(service.grpc_name, {"Export": method})
            self._server.add_generic_rpc_handlers((handler,))
        if certificate is None:
            port = self._server.add_insecure_port("127.0.0.1:0")
        else:
            credentials = grpc.ssl_server_credentials([(certificate.key, certificate.chain)])
            port = self._server.add_secure_port("127.0.0.1:0", credentials)
        self._server.start()
        self._relay = Relay(port)

    def _export(self, signal: Signal) -> Callable[[bytes, Any], bytes]:
        service = SERVICES[signal]

        def export(payload: bytes, context: Any) -> bytes:
            # Binary metadata is no text and none of OTLP's.
            headers = {name: value for name, value in context.invocation_metadata() if isinstance(value, str)}
            try:
                reply = self._accept(Arrival(signal, "grpc", headers, payload))
            except MalformedRequest:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not an export request")
            if reply is None:
                return b""
            if reply.broken is not None:
                return self._break(reply, context.peer())
            if reply.rejected is not None:
                return service.partial_success(reply.rejected, reply.message)
            context.set_trailing_metadata(tuple(_trailers(reply)))
            context.set_details(reply.message)
            context.set_code(_CODES[reply.status])
            return b""

        return export

    def _break(self, reply: Reply, peer: str) -> bytes:
        port = int(peer.rpartition(":")[2])
        if reply.broken == "reset":
            self._relay.reset(port)
        else:
            self._relay.half_close(port)
        return b""  # nobody gets it

    @property
    def url(self) -> str:
        """Address, as ``OTEL_EXPORTER_OTLP_ENDPOINT`` wants it; the scheme says whether it is encrypted."""
        return f"{'https' if self._is_encrypted else 'http'}://127.0.0.1:{self._relay.port}"

    def listen(self) -> None:
        """Take connections."""
        self._relay.listen()

    def refuse(self) -> None:
        """Hang up on every client and refuse connections; the port stays ours."""
        self._relay.refuse()

    def close(self) -> None:
        """Stop listening, end every call and wait for the threads."""
        self._server.stop(grace=None).wait()
        self._pool.shutdown(wait=True)  # its threads may still want something of the relay
        self._relay.close()


def _trailers(reply: Reply) -> Iterator[tuple[str, str | bytes]]:
    yield from reply.headers.items()
    if reply.retry_after is not None:
        info = RetryInfo()
        info.retry_delay.FromNanoseconds(int(_seconds(reply.retry_after) * 1e9))
        detail = AnyMessage()
        detail.Pack(info)
        status = Status(code=reply.status, message=reply.message, details=[detail])
        yield _DETAILS, status.SerializeToString()
        yield _PYTHON_RETRY_INFO, info.SerializeToString()


def _seconds(when: float | datetime) -> float:
    """Give a time as the delay that gRPC wants."""
    if isinstance(when, datetime):
        return max(0.0, (when - datetime.now(timezone.utc)).total_seconds())
    return when
