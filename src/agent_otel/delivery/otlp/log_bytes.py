"""A log record in, the bytes of its OTLP ``LogRecord`` out, written directly; as ``span_bytes`` does it for spans.

The fields are those of opentelemetry-proto ``logs/v1/logs.proto``, in the order of their numbers.
"""

from __future__ import annotations

from functools import cache
from struct import Struct
from typing import Any, Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from agent_otel.delivery.otlp.attribute_bytes import Keys, add_attributes, any_value
from agent_otel.delivery.otlp.wire import UNDECIDED, Unsure, count_field, field, text_field, time_field

__all__ = ["log_bytes"]

_KEYS: Final = Keys(b"\x32")  # field 6
_FLAGS: Final = Struct("<cI")
# By identity, as the kinds of spans. The API's numbers are those of OTLP.
_SEVERITIES: Final = {id(one): bytes([0x10, one.value]) if one.value else b"" for one in SeverityNumber}


def log_bytes(record: ReadableLogRecord | ReadWriteLogRecord) -> bytes | None:
    """Encode a log record.

    Args:
        record: As a processor or an exporter gets it.

    Returns:
        The OTLP ``LogRecord``; None if only the stock encoder knows what becomes of it.
    """
    return _attempt(record) if _agrees() else None


def _attempt(record: ReadableLogRecord | ReadWriteLogRecord) -> bytes | None:
    try:
        return _written(record)
    except UNDECIDED:
        return None


def _written(record: ReadableLogRecord | ReadWriteLogRecord) -> bytes:
    log: Any = record.log_record  # where it says less than its type does, the stock encoder has to see
    trace_id, span_id, severity = log.trace_id, log.span_id, log.severity_number
    parts = [
        time_field(b"\x09", log.timestamp),
        b"" if severity is None else _severity(severity),
        _text(b"\x1a", log.severity_text),
        field(b"\x2a", any_value(log.body)),
    ]
    add_attributes(parts, log.attributes, _KEYS)
    parts += (
        count_field(b"\x38", record.dropped_attributes),
        _flags(log.trace_flags),
        b"\x4a\x10" + trace_id.to_bytes(16, "big") if trace_id != 0 else b"",
        b"\x52\x08" + span_id.to_bytes(8, "big") if span_id != 0 else b"",
        time_field(b"\x59", log.observed_timestamp),
        _text(b"\x62", log.event_name),
    )
    return b"".join(parts)


def _severity(severity: Any) -> bytes:
    encoded = _SEVERITIES.get(id(severity))
    if encoded is None:
        raise Unsure
    return encoded


def _text(tag: bytes, text: Any) -> bytes:
    return text_field(tag, text) if text is not None else b""


def _flags(flags: Any) -> bytes:
    if type(flags) is not TraceFlags and type(flags) is not int:
        raise Unsure
    return _FLAGS.pack(b"\x45", flags) if flags else b""


@cache
def _agrees() -> bool:
    """Tell whether the stock encoder of the installed release writes what is written here."""
    try:
        return all(_attempt(record) == _stock(record) for record in _samples())
    except (AttributeError, LookupError, TypeError, ValueError):  # a release with other names or arguments
        return False


def _stock(record: ReadableLogRecord) -> bytes:
    encoded: bytes = encode_logs([record]).resource_logs[0].scope_logs[0].log_records[0].SerializeToString()
    return encoded


def _samples() -> list[ReadableLogRecord]:
    """Make a log record with all that is written here, and one with next to nothing."""
    attributes = BoundedAttributes(attributes={"text": "a", "number": -1, "sequence": (1, {"a": None})})
    attributes.dropped = 300
    span = SpanContext(2**127 + 1, 2**63 + 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    whole = LogRecord(
        timestamp=1,
        observed_timestamp=2,
        context=set_span_in_context(NonRecordingSpan(span), Context()),
        severity_text="WARN",
        severity_number=SeverityNumber.WARN2,
        body={"a": [True, 0.5, b"\x00"]},
        attributes=attributes,
        event_name="event",
    )
    nowhere = set_span_in_context(NonRecordingSpan(SpanContext(0, 0, is_remote=False)), Context())
    bare = LogRecord(context=nowhere, observed_timestamp=0, severity_number=SeverityNumber.UNSPECIFIED)
    return [ReadableLogRecord(record, Resource.get_empty()) for record in (whole, bare)]
