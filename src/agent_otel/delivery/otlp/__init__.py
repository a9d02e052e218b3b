"""OTLP without the stock exporters' losses: encoding, requests, splitting, and sinks over HTTP and gRPC.

The sinks are imported when they are asked for: theirs are ``requests`` and ``grpc``, and gRPC is heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from agent_otel.delivery.otlp.amending import stub_of, superseding, with_attributes
from agent_otel.delivery.otlp.decoding import decode_log, decode_span
from agent_otel.delivery.otlp.encoding import encode_log, encode_span
from agent_otel.delivery.otlp.request import request_bytes, size_of
from agent_otel.delivery.otlp.stock import GrpcTarget, HttpTarget, read_target

if TYPE_CHECKING:
    from agent_otel.delivery.otlp.grpc import OtlpGrpcSink
    from agent_otel.delivery.otlp.http import OtlpHttpSink

__all__ = [
    "GrpcTarget",
    "HttpTarget",
    "OtlpGrpcSink",
    "OtlpHttpSink",
    "decode_log",
    "decode_span",
    "encode_log",
    "encode_span",
    "read_target",
    "request_bytes",
    "size_of",
    "stub_of",
    "superseding",
    "with_attributes",
]

_LAZY: Final = {"OtlpGrpcSink": "grpc", "OtlpHttpSink": "http"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
