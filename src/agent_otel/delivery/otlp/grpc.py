"""``OtlpGrpcSink``: items in, calls of OTLP/gRPC out, a verdict back. Importing this imports gRPC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import os
import re
import threading
from typing import Any, Final

from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
import grpc

from agent_otel.delivery.item import Item, Signal
from agent_otel.delivery.otlp.answer import Answer, Refused, bounded_delay, taken
from agent_otel.delivery.otlp.request import request_bytes
from agent_otel.delivery.otlp.sink import OtlpSink
from agent_otel.delivery.otlp.stock import GrpcTarget, read_target, untraced
from agent_otel.delivery.sink import FailureKind, SinkFailure

__all__ = ["OtlpGrpcSink"]

_ROOM: Final = "/opentelemetry.proto.collector"
_METHODS: Final[Mapping[Signal, str]] = {
    "traces": f"{_ROOM}.trace.v1.TraceService/Export",
    "logs": f"{_ROOM}.logs.v1.LogsService/Export",
}
# Channels to one address share connections otherwise, and with them one that is dying and its growing delays.
_OWN_CONNECTIONS: Final = ("grpc.use_local_subchannel_pool", 1)

# As the OTLP specification has them ("Failures" of OTLP/gRPC); of what it does not retry, one code judges the data.
_NOT_NOW: Final = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)
_FOR_SIZE: Final = frozenset({grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.OUT_OF_RANGE})
# What the servers of grpc-go, grpc core, grpc-java, tonic and .NET say of a message above their limit. No code of its
# own tells it from a quota.
_TOO_LARGE: Final = re.compile(
    r"\b(message|request|payload|body|message length)\b.{0,40}\b(larger than|too (large|big))\b"
    r"|\bmessage exceeds (the )?max\w* (configured message )?size\b",
    re.IGNORECASE,
)
# What gRPC's core says of an endpoint that it cannot find or trust; no code of its own tells it from one that is down.
_MISCONFIGURED: Final = (
    ("TLS", re.compile(r"handshake failed|certificate|hostname verification|ssl_error", re.IGNORECASE)),
    ("name not resolved", re.compile(r"errors resolving|dns resolution|domain name|lookup failed", re.IGNORECASE)),
)


class OtlpGrpcSink(OtlpSink):
    """Sends over gRPC. A forked child has a channel of its own."""

    _target: GrpcTarget

    def _settle_in(self) -> None:
        """Take what belongs to this process; a parent's channel is left alone."""
        target = read_target(self._exporter)
        if not isinstance(target, GrpcTarget):
            raise TypeError(f"{type(self._exporter).__name__} is no stock OTLP exporter over gRPC")
        self._target = target
        self._channel: Any = None  # made when it is needed: a process that forks before has nothing to share
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def shutdown(self) -> None:
        """Close the channel, which ends a call that is under way."""
        self._is_over = True
        if self._pid == os.getpid():
            self._hang_up()

    def _send(self, items: Sequence[Item], timeout_s: float) -> Answer:
        if self._pid != os.getpid():
            self._settle_in()
        target = self._target
        body = request_bytes(items, raw=self._raw)
        try:
            with untraced():
                answer: bytes = self._call()(body, timeout=timeout_s, metadata=target.headers)
        except grpc.RpcError as error:
            return self._failure(error)
        except ValueError:  # the channel was closed between two requests; else it is metadata that gRPC does not send
            if not self._is_over:
                raise
            return SinkFailure(kind=FailureKind.NOT_NOW, reason="shut down")
        return taken(target.signal, answer, len(items))

    def _call(self) -> Any:
        with self._lock:
            if self._is_over:
                raise ValueError("shut down")
            if self._channel is None:
                self._channel = _connect(self._target)
            # No serialisers: bytes go in and come out.
            return self._channel.unary_unary(_METHODS[self._target.signal])

    def _hang_up(self) -> None:
        with self._lock:
            channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def _failure(self, error: Any) -> Answer:
        code, details = error.code(), error.details() or ""
        if code is grpc.StatusCode.UNAVAILABLE:
            # A channel that lost its connection waits longer each time, up to two minutes; ours is the only backoff.
            self._hang_up()
        return _answer(code, details, _retry_after(error))


def _connect(target: GrpcTarget) -> Any:
    options = (*target.options, _OWN_CONNECTIONS)
    if target.credentials is None:
        return grpc.insecure_channel(target.address, options, target.compression)
    return grpc.secure_channel(target.address, target.credentials, options, target.compression)


def _answer(code: Any, details: str, retry_after_s: float | None) -> Answer:
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        return Refused(reason=code.name)
    if code in _FOR_SIZE and retry_after_s is None and _TOO_LARGE.search(details):
        return Refused(reason=code.name, for_size=True)
    if code is grpc.StatusCode.UNAVAILABLE and retry_after_s is None:
        for what, said in _MISCONFIGURED:
            if said.search(details):
                return SinkFailure(kind=FailureKind.TROUBLE, reason=what)
    if code in _NOT_NOW:
        return SinkFailure(kind=FailureKind.NOT_NOW, reason=code.name, retry_after_s=retry_after_s)
    return SinkFailure(kind=FailureKind.TROUBLE, reason=code.name)


def _retry_after(error: Any) -> float | None:
    """Read the delay that an endpoint asks for, in seconds: ``RetryInfo`` in the status details, or beside them."""
    try:
        info = next(_retry_infos(dict(error.trailing_metadata() or ())), None)
    except (DecodeError, TypeError, ValueError):
        return None
    if info is None:
        return None
    return bounded_delay(info.retry_delay.seconds + info.retry_delay.nanos / 1e9)


def _retry_infos(trailers: Mapping[str, Any]) -> Iterator[Any]:
    for detail in Status.FromString(trailers.get("grpc-status-details-bin", b"")).details:
        info = RetryInfo()
        if detail.Unpack(info):
            yield info
    if (own := trailers.get("google.rpc.retryinfo-bin")) is not None:
        yield RetryInfo.FromString(own)
