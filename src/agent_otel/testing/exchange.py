"""What passes between an endpoint and the receiver: a request's bytes in, how to answer them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
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
    "Break",
    "MalformedRequest",
    "ReceivedRequest",
    "Reply",
    "Service",
    "Signal",
    "Transport",
]

Signal = Literal["traces", "metrics", "logs"]
Transport = Literal["http", "grpc"]

# How a connection can end without a whole answer: torn down, closed on the receiver's side, or closed amid the answer.
Break = Literal["reset", "half_close", "truncate"]


class Service(NamedTuple):
    """How one signal is exported: its path over HTTP, its service over gRPC, and the messages of both."""

    path: str
    grpc_name: str
    request: Any
    response: Any
    rejected: str  # the field of a partial success that counts what was refused

    def parse(self, payload: bytes) -> Any:
        """Parse a request message.

        Raises:
            MalformedRequest: The bytes are no such message.
        """
        try:
            return self.request.FromString(payload)
        except DecodeError as error:
            raise MalformedRequest from error

    def partial_success(self, rejected: int, message: str) -> bytes:
        """Render a response that says that some of a request was refused."""
        counts = {self.rejected: rejected, "error_message": message}
        rendered: bytes = self.response(partial_success=counts).SerializeToString()
        return rendered


class MalformedRequest(ValueError):
    """Raised to an endpoint for bytes that are no export request of their signal; leaves the receiver as a status."""


def _service(signal: str, module: Any, word: str, rejected: str) -> Service:
    return Service(
        path=f"/v1/{signal}",
        grpc_name=module.DESCRIPTOR.services_by_name[f"{word}Service"].full_name,
        request=getattr(module, f"Export{word}ServiceRequest"),
        response=getattr(module, f"Export{word}ServiceResponse"),
        rejected=rejected,
    )


SERVICES: Final[Mapping[Signal, Service]] = {
    "traces": _service("traces", trace_service_pb2, "Trace", "rejected_spans"),
    "metrics": _service("metrics", metrics_service_pb2, "Metrics", "rejected_data_points"),
    "logs": _service("logs", logs_service_pb2, "Logs", "rejected_log_records"),
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
    protocol: Transport
    headers: Mapping[str, str] = field(repr=False)  # may hold credentials
    payload: bytes = field(repr=False)
    wire_size: int | None = None


@frozen
class Reply:
    """How a request is answered.

    Args:
        status: HTTP status code, or over gRPC the number of the status code.
        headers: Extra response headers, or over gRPC trailing metadata.
        message: What went wrong: the message of the ``Status`` in an HTTP body, or over gRPC the details.
        retry_after: When to try again, in seconds or as a time: a ``Retry-After`` header, or over gRPC ``RetryInfo``.
        rejected: How many items of an accepted request are refused; None means that nothing is said of it.
        broken: How the connection ends instead of an answer; then the status is not sent.
        keeps: Whether what was sent counts as received; None means if the status is success and it is sent.
    """

    status: int
    headers: Mapping[str, str] = field(factory=dict)
    message: str = ""
    retry_after: float | datetime | None = None
    rejected: int | None = None
    broken: Break | None = None
    keeps: bool | None = None


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
        status: Status that it was answered with; None if the connection was broken instead.
        accepted: Whether what it carried counts as received, if for a partial success not all of it.
        rejected: How many of its items a partial success refused.
    """

    signal: Signal
    protocol: Transport
    number: int
    headers: Mapping[str, str] = field(repr=False)
    size: int
    wire_size: int | None
    message: Any = field(repr=False)
    status: int | None
    accepted: bool
    rejected: int = 0


# What an endpoint calls with each request; raises MalformedRequest.
Accept = Callable[[Arrival], "Reply | None"]
