"""An ended span or a log record in, its envelope and its OTLP bytes out: encoded once, as the stock encoder does it.

Spans are written directly, and given to the stock encoder where that one has to judge. It encodes resource and scope
for every call; here a span or record is encoded among empty ones, and resource and scope once for as long as they are
in use, recognised by identity.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext

from agent_otel.delivery.item import Envelope, Signal
from agent_otel.delivery.otlp.span_bytes import span_bytes

__all__ = ["encode_log", "encode_span"]

_ENVELOPES: Final = 256  # resource and scope pairs that are remembered; more than a process has tracers


def encode_span(span: ReadableSpan) -> tuple[Envelope, bytes]:
    """Encode a span.

    Args:
        span: One that has ended.

    Returns:
        Its envelope and the OTLP ``Span``.

    Raises:
        Exception: What the stock encoder raises, for example for text that is not Unicode. An attribute whose value it
            cannot encode it leaves out, and logs it.
    """
    payload = span_bytes(span)
    if payload is None:
        bare: Any = _Bare(span)
        payload = encode_spans([bare]).resource_spans[0].scope_spans[0].spans[0].SerializeToString()
    return _envelope_of("traces", span), payload


def encode_log(record: ReadableLogRecord | ReadWriteLogRecord) -> tuple[Envelope, bytes]:
    """Encode a log record; as ``encode_span``, with the OTLP ``LogRecord``."""
    bare: Any = _Bare(record)
    encoded = encode_logs([bare]).resource_logs[0].scope_logs[0].log_records[0]
    return _envelope_of("logs", record), encoded.SerializeToString()


class _Nothing:
    """Stands for a resource: telling real ones apart costs the encoder as much as a small span."""

    attributes: Final[dict[str, Any]] = {}
    schema_url = ""


class _Bare:
    """A span or log record as it is, but for its resource and scope."""

    resource = _Nothing()
    instrumentation_scope = None

    def __init__(self, encoded: Any) -> None:
        self._encoded = encoded

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoded, name)


class _Same:
    """An object that equals nothing but itself: comparing resources by value costs more than encoding one."""

    def __init__(self, wrapped: Any) -> None:
        self.wrapped = wrapped

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.wrapped is other.wrapped

    def __hash__(self) -> int:
        return id(self.wrapped)


def _envelope_of(signal: Signal, encoded: Any) -> Envelope:
    return _envelope(signal, _Same(encoded.resource), _Same(encoded.instrumentation_scope))


@lru_cache(_ENVELOPES)
def _envelope(signal: Signal, resource: _Same, scope: _Same) -> Envelope:
    """Encode resource and scope. The cache keeps the objects alive, so that no other can take their identities."""
    found: Resource | None = resource.wrapped
    within: InstrumentationScope | None = scope.wrapped
    carrier = ReadableSpan(
        "", SpanContext(1, 1, is_remote=False), resource=found or Resource({}), instrumentation_scope=within
    )
    around = encode_spans([carrier]).resource_spans[0]
    inner = around.scope_spans[0]
    return Envelope(
        signal=signal,
        resource=around.resource.SerializeToString(),
        resource_schema_url=around.schema_url,
        scope=inner.scope.SerializeToString(),
        scope_schema_url=inner.schema_url,
    )
