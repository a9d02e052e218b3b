"""What an endpoint makes of one request: the answers of both protocols in terms of what to do next.

The tables are those of the OTLP specification (https://opentelemetry.io/docs/specs/otlp, "Failures"), with two
additions: what it calls not retryable is told apart by whether the data was judged, and 408 asks for patience.
"""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
import json
import math
from typing import Any, Final

from attrs import field, frozen
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from agent_otel.delivery.item import Signal
from agent_otel.delivery.sink import FailureKind, SinkFailure

__all__ = ["MAX_RETRY_AFTER_S", "Answer", "Refused", "Taken", "bounded_delay", "of_status", "retry_after", "taken"]

MAX_RETRY_AFTER_S: Final = 3600.0  # what is asked for beyond an hour is a mistake, or no help
_MESSAGE_CHARACTERS: Final = 200
_NOT_NOW: Final = frozenset({408, 429, 502, 503, 504})
_REFUSED: Final = frozenset({400, 413, 422})
_RESPONSES: Final[dict[Signal, tuple[Any, str, str]]] = {
    "traces": (ExportTraceServiceResponse, "rejected_spans", "rejectedSpans"),
    "logs": (ExportLogsServiceResponse, "rejected_log_records", "rejectedLogRecords"),
}


@frozen(kw_only=True)
class Taken:
    """The request was accepted.

    Args:
        partial_count: How many of its items were dropped without saying which (partial success).
        partial_message: What was said of those, or as a warning; at most 200 characters.
    """

    partial_count: int = 0
    partial_message: str = field(default="", repr=False)


@frozen(kw_only=True)
class Refused:
    """The data was judged, and refused for good: all of it, or something in it.

    Args:
        reason: Short and free of content.
        for_size: Whether because there is too much of it.
    """

    reason: str
    for_size: bool = False


Answer = Taken | Refused | SinkFailure


def of_status(status: int, retry_after_s: float | None = None) -> Refused | SinkFailure:
    """Give the answer that an HTTP status other than 2xx is.

    Args:
        status: The code.
        retry_after_s: What the answer asks for; counts only where it asks for patience.
    """
    if status in _REFUSED:
        return Refused(reason=f"status {status}", for_size=status == 413)
    if status in _NOT_NOW:
        return SinkFailure(kind=FailureKind.NOT_NOW, reason=f"status {status}", retry_after_s=retry_after_s)
    return SinkFailure(kind=FailureKind.TROUBLE, reason=f"status {status}")


def bounded_delay(seconds: float) -> float | None:
    """Give a delay that somebody asks for, from 0 s to an hour; None for what is no number."""
    return None if math.isnan(seconds) else min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def retry_after(header: str | None, now: datetime) -> float | None:
    """Read a ``Retry-After`` header: seconds or an HTTP date (RFC 9110, 10.2.3).

    Args:
        header: Its value.
        now: The time, with a time zone.

    Returns:
        Seconds, at most an hour; None if there is none that can be read.
    """
    if header is None:
        return None
    try:
        return bounded_delay(float(header[:64]))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(header[:64])
        return bounded_delay((when.replace(tzinfo=when.tzinfo or timezone.utc) - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def taken(signal: Signal, body: bytes, count: int) -> Taken:
    """Read the body of a success: protobuf, or JSON as some endpoints answer whatever they were asked in.

    What cannot be read is no reason to doubt the success.

    Args:
        signal: What the request carried.
        body: Its answer.
        count: How many items were in the request: no more can have been dropped.
    """
    response, field_name, json_name = _RESPONSES[signal]
    if body[:64].lstrip().startswith(b"{"):  # no field of a response has this byte for a tag
        rejected, message = _partial_of_json(body, json_name)
    else:
        try:
            partial = response.FromString(body).partial_success
        except DecodeError:
            return Taken()
        rejected, message = getattr(partial, field_name), partial.error_message
    return Taken(partial_count=min(max(rejected, 0), count), partial_message=_printable(message))


def _partial_of_json(body: bytes, json_name: str) -> tuple[int, str]:
    try:
        partial = json.loads(body).get("partialSuccess") or {}
        return int(partial.get(json_name) or 0), str(partial.get("errorMessage") or "")
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return 0, ""


def _printable(message: str) -> str:
    return "".join(c if c.isprintable() else " " for c in message[:_MESSAGE_CHARACTERS])
