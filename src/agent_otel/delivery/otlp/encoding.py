"""An ended span or a log record in, its envelope and its OTLP bytes out: encoded once, as the stock encoder does it.

Both are written directly, and given to the stock encoder where that one has to judge. It encodes resource and scope for
every call; here a span or record is encoded among empty ones, and resource and scope once for as long as they are in
use, recognised by identity.
"""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext

from agent_otel.delivery.item import Envelope, Signal
from agent_otel.delivery.otlp.log_bytes import log_bytes
from agent_otel.delivery.otlp.span_bytes import span_bytes

__all__ = ["encode_log", "encode_span", "stock_log_bytes", "stock_span_bytes"]

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
    return _envelope_of("traces", span), stock_span_bytes(span) if payload is None else payload


def stock_span_bytes(span: ReadableSpan) -> bytes:
    """Encode a span by the stock encoder, whatever the span is; as ``encode_span``, without the envelope."""
    bare: Any = _Bare(span)
    encoded: bytes = encode_spans([bare]).resource_spans[0].scope_spans[0].spans[0].SerializeToString()
    return encoded


def encode_log(record: ReadableLogRecord | ReadWriteLogRecord) -> tuple[Envelope, bytes]:
    """Encode a log record; as ``encode_span``, with the OTLP ``LogRecord``."""
    payload = log_bytes(record)
    return _envelope_of("logs", record), stock_log_bytes(record) if payload is None else payload


def stock_log_bytes(record: ReadableLogRecord | ReadWriteLogRecord) -> bytes:
    """Encode a log record by the stock encoder; as ``stock_span_bytes``."""
    bare: Any = _Bare(record)
    encoded: bytes = encode_logs([bare]).resource_logs[0].scope_logs[0].log_records[0].SerializeToString()
    return encoded


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


# By signal and the identities of resource and scope, which comparing by value would cost more than encoding. They are
# kept with their envelope, so that no others can take their identities.
_known: Final[dict[tuple[Signal, int, int], tuple[Envelope, object, object]]] = {}


def _envelope_of(signal: Signal, encoded: Any) -> Envelope:
    resource, scope = encoded.resource, encoded.instrumentation_scope
    key = signal, id(resource), id(scope)
    known = _known.get(key)
    if known is None:
        if len(_known) >= _ENVELOPES:
            _known.clear()
        known = _known[key] = _envelope(signal, resource, scope), resource, scope
    return known[0]


def _envelope(signal: Signal, resource: Resource | None, scope: InstrumentationScope | None) -> Envelope:
    carrier = ReadableSpan(
        "", SpanContext(1, 1, is_remote=False), resource=resource or Resource({}), instrumentation_scope=scope
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
