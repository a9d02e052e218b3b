"""Status codes of HTTP and gRPC, each in terms of the other, so that one script of faults serves both."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from agent_otel.testing.exchange import Transport

__all__ = ["GrpcCode", "StatusCode", "status_code"]


class GrpcCode(IntEnum):
    """The status codes of gRPC. Not grpcio's own: that is heavy, and optional."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


# As the Collector's OTLP receiver and exporters translate, and RESOURCE_EXHAUSTED for a request that is too large,
# which is what gRPC itself says of one. What neither table names is UNKNOWN over gRPC and 500 over HTTP.
_OF_HTTP: Final = {
    400: GrpcCode.INVALID_ARGUMENT,
    401: GrpcCode.UNAUTHENTICATED,
    403: GrpcCode.PERMISSION_DENIED,
    404: GrpcCode.UNIMPLEMENTED,
    413: GrpcCode.RESOURCE_EXHAUSTED,
    429: GrpcCode.RESOURCE_EXHAUSTED,
    502: GrpcCode.UNAVAILABLE,
    503: GrpcCode.UNAVAILABLE,
    504: GrpcCode.UNAVAILABLE,
}
_OF_GRPC: Final = {
    GrpcCode.OK: 200,
    GrpcCode.CANCELLED: 503,
    GrpcCode.INVALID_ARGUMENT: 400,
    GrpcCode.DEADLINE_EXCEEDED: 503,
    GrpcCode.PERMISSION_DENIED: 403,
    GrpcCode.RESOURCE_EXHAUSTED: 429,
    GrpcCode.ABORTED: 503,
    GrpcCode.OUT_OF_RANGE: 503,
    GrpcCode.UNIMPLEMENTED: 404,
    GrpcCode.UNAVAILABLE: 503,
    GrpcCode.DATA_LOSS: 503,
    GrpcCode.UNAUTHENTICATED: 401,
}


class StatusCode:
    """A status that a request is refused with, in both protocols.

    Args:
        http: Over HTTP.
        grpc: Over gRPC.
    """

    def __init__(self, http: int, grpc: GrpcCode) -> None:
        self._numbers: dict[Transport, int] = {"http": http, "grpc": int(grpc)}

    def over(self, protocol: Transport) -> int:
        """Give the number that a protocol has for it."""
        return self._numbers[protocol]


def status_code(code: int | str) -> StatusCode:
    """Read a status code.

    Args:
        code: An HTTP status code from 300 to 599, or the name of a gRPC status code but ``OK``.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(code, str):
        if code not in GrpcCode.__members__ or code == GrpcCode.OK.name:
            raise ValueError(f"{code!r} is no gRPC status code that refuses a request, such as UNAVAILABLE")
        named = GrpcCode[code]
        return StatusCode(_OF_GRPC.get(named, 500), named)
    if code not in range(300, 600):
        raise ValueError(f"{code} is no HTTP status code that refuses a request: those are 300 to 599")
    return StatusCode(code, _OF_HTTP.get(code, GrpcCode.UNKNOWN))
