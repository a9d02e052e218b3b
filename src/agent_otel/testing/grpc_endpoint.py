"""OTLP over gRPC on loopback: exported messages in, the receiver's answers out. Imported only if asked for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from agent_otel.testing.exchange import SERVICES, Accept, Arrival, MalformedRequest, Signal

__all__ = ["GrpcEndpoint"]

_WORKERS = 4
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class GrpcEndpoint:
    """Serves the three OTLP collector services on a port that the system chooses.

    Messages above 4 MiB are refused, as a collector with its default settings does.

    Args:
        accept: Called with each request, on a thread of the server.
    """

    def __init__(self, accept: Accept) -> None:
        self._accept = accept
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="otlp-receiver-grpc")
        self._server = grpc.server(self._pool)
        for signal, service in SERVICES.items():
            # No deserialiser: the receiver parses, so that both protocols go the same way.
            method = grpc.unary_unary_rpc_method_handler(self._export(signal))
            handler = grpc.method_handlers_generic_handler(service.grpc_name, {"Export": method})
            self._server.add_generic_rpc_handlers((handler,))
        self._port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def _export(self, signal: Signal) -> Callable[[bytes, Any], bytes]:
        def export(payload: bytes, context: Any) -> bytes:
            # Binary metadata is no text and none of OTLP's.
            headers = {name: value for name, value in context.invocation_metadata() if isinstance(value, str)}
            try:
                reply = self._accept(Arrival(signal, "grpc", headers, payload))
            except MalformedRequest:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not an export request")
            if reply is not None:
                context.set_trailing_metadata(tuple(reply.headers.items()))
                context.set_code(_CODES[reply.status])
            return b""

        return export

    @property
    def url(self) -> str:
        """Address, as ``OTEL_EXPORTER_OTLP_ENDPOINT`` wants it; the scheme says that it is not encrypted."""
        return f"http://127.0.0.1:{self._port}"

    def close(self) -> None:
        """Stop listening, end every call and wait for the threads."""
        self._server.stop(grace=None).wait()
        self._pool.shutdown(wait=True)
