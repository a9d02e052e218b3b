from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
import json
import math

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
import pytest

from agent_otel.delivery import FailureKind, SinkFailure
from agent_otel.delivery.otlp.answer import (
    MAX_RETRY_AFTER_S,
    Refused,
    Taken,
    bounded_delay,
    of_status,
    retry_after,
    taken,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_what_asks_for_patience(status):
    assert of_status(status, 3.0) == SinkFailure(kind=FailureKind.NOT_NOW, reason=f"status {status}", retry_after_s=3.0)


@pytest.mark.parametrize(
    "status", [301, 302, 307, 308, 401, 402, 403, 404, 405, 407, 409, 415, 431, 500, 501, 505, 599]
)
def test_what_is_trouble(status):
    assert of_status(status, 3.0) == SinkFailure(kind=FailureKind.TROUBLE, reason=f"status {status}")


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_judges_the_data(status):
    assert of_status(status, 3.0) == Refused(reason=f"status {status}", for_size=status == 413)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None), ("7", 7.0), (" 7 ", 7.0), ("1.5", 1.5), ("0", 0.0), ("-5", 0.0), ("", None), ("soon", None),
        ("nan", None), ("inf", MAX_RETRY_AFTER_S), ("1e400", MAX_RETRY_AFTER_S), ("86400", MAX_RETRY_AFTER_S),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(days=9), usegmt=True), 0.0),
        ("Fri, 02 Jan 9999 03:04:05 GMT", MAX_RETRY_AFTER_S), ("Fri, 02 Jan 2026 03:04:15", 10.0),
        ("Fri, 32 Jan 2026 03:04:15 GMT", None), ("9" * 10_000, MAX_RETRY_AFTER_S),
    ],
)  # fmt: skip
def test_retry_after(header, seconds):
    assert retry_after(header, NOW) == seconds


@given(st.text())
def test_any_header_gives_a_bounded_delay_or_none(header):
    delay = retry_after(header, NOW)
    assert delay is None or 0 <= delay <= MAX_RETRY_AFTER_S


@given(st.floats())
def test_any_number_is_bounded(number):
    delay = bounded_delay(number)
    assert (delay is None) == math.isnan(number)
    assert delay is None or 0 <= delay <= MAX_RETRY_AFTER_S


TOLD = {"rejected": 3, "message": "too old"}


@pytest.mark.parametrize(
    ("signal", "body"),
    [
        ("traces", ExportTraceServiceResponse(
            partial_success={"rejected_spans": 3, "error_message": "too old"}).SerializeToString()),
        ("logs", ExportLogsServiceResponse(
            partial_success={"rejected_log_records": 3, "error_message": "too old"}).SerializeToString()),
        ("traces", b'{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}'),
        ("logs", b'\n {"partialSuccess":{"rejectedLogRecords":3,"errorMessage":"too old"}}'),
    ],
)  # fmt: skip
def test_partial_success(signal, body):
    assert taken(signal, body, 9) == Taken(partial_count=3, partial_message="too old")
    assert "too old" not in repr(taken(signal, body, 9))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"{", b"<html>", b"\xff\xff\xff", b'{"partialSuccess":null}', b'{"partialSuccess":[]}', b"null",
        b'{"partialSuccess":{"rejectedSpans":"many"}}', b'{"partialSuccess":{"rejectedSpans":Infinity}}',
        b'{"partialSuccess":7}', b'{"a":' + b"[" * 100_000, b"\x0a\x05ab",
    ],
)  # fmt: skip
def test_a_success_that_cannot_be_read_is_one(body):
    assert taken("traces", body, 9) == Taken()


@given(st.binary())
def test_any_body_is_a_success(body):
    found = taken("traces", body, 9)
    assert 0 <= found.partial_count <= 9


def test_what_is_told_is_bounded():
    body = json.dumps({"partialSuccess": {"rejectedSpans": 10**20, "errorMessage": "\x1b[31m\n" + "x" * 10_000}})
    found = taken("traces", body.encode(), 9)
    assert found.partial_count == 9
    assert len(found.partial_message) == 200
    assert found.partial_message.isprintable()
    assert taken("traces", b'{"partialSuccess":{"rejectedSpans":-4}}', 9).partial_count == 0
