"""What passes between an endpoint and the receiver: a request's bytes in, how to answer them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple

from attrs import field, frozen
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

__all__ = [
    "SERVICES",
    "Accept",
    "Arrival",
    "MalformedRequest",
    "Protocol",
    "ReceivedRequest",
    "Reply",
    "Respond",
    "Service",
    "Signal",
]

Signal = Literal["traces", "metrics", "logs"]
Protocol = Literal["http", "grpc"]


class Service(NamedTuple):
    """How one signal is exported: the path over HTTP, the service over gRPC, the request message of both."""

    path: str
    grpc_name: str
    request: Any

    def parse(self, payload: bytes) -> Any:
        """Parse a request message.

        Raises:
            MalformedRequest: The bytes are no such message.
        """
        try:
            return self.request.FromString(payload)
        except DecodeError as error:
            raise MalformedRequest from error


class MalformedRequest(ValueError):
    """Raised to an endpoint for bytes that are no export request of their signal; leaves the receiver as a status."""


def _service(signal: str, module: Any, name: str, request: Any) -> Service:
    return Service(f"/v1/{signal}", module.DESCRIPTOR.services_by_name[name].full_name, request)


SERVICES: Final[Mapping[Signal, Service]] = {
    "traces": _service("traces", trace_service_pb2, "TraceService", trace_service_pb2.ExportTraceServiceRequest),
    "metrics": _service(
        "metrics", metrics_service_pb2, "MetricsService", metrics_service_pb2.ExportMetricsServiceRequest
    ),
    "logs": _service("logs", logs_service_pb2, "LogsService", logs_service_pb2.ExportLogsServiceRequest),
}


@frozen
class Arrival:
    """A request as an endpoint hands it to the receiver.

    Args:
        signal: What it carries.
        protocol: How it came.
        headers: HTTP headers or gRPC metadata, names in lower case.
        payload: The request message, uncompressed.
        wire_size: Bytes of the body as sent; None over gRPC, which does not tell.
    """

    signal: Signal
    protocol: Protocol
    headers: Mapping[str, str] = field(repr=False)  # may hold credentials
    payload: bytes = field(repr=False)
    wire_size: int | None = None


@frozen
class Reply:
    """How a request is answered.

    Args:
        status: HTTP status code, or over gRPC the number of the status code.
        headers: Extra response headers, or over gRPC trailing metadata.
    """

    status: int
    headers: Mapping[str, str] = field(factory=dict)


@frozen
class ReceivedRequest:
    """A request that was received whole, whether it was accepted or not.

    Args:
        signal: What it carries.
        protocol: How it came.
        number: Its place among the requests of its signal, from 1.
        headers: HTTP headers or gRPC metadata, names in lower case.
        size: Bytes of the request message, uncompressed.
        wire_size: Bytes of the body as sent; None over gRPC, which does not tell.
        message: The parsed protobuf request.
        status: Status that it was answered with.
        accepted: Whether the answer was success; what was not accepted counts as not received.
    """

    signal: Signal
    protocol: Protocol
    number: int
    headers: Mapping[str, str] = field(repr=False)
    size: int
    wire_size: int | None
    message: Any = field(repr=False)
    status: int
    accepted: bool


# Decides the answer to a request, by its signal and its number from 1; None accepts it.
Respond = Callable[[Signal, int], "Reply | None"]

# What an endpoint calls with each request; raises MalformedRequest.
Accept = Callable[[Arrival], "Reply | None"]
