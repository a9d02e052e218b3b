"""Log records that are written directly are, byte by byte, what the stock encoder makes of them; else it makes them."""

from __future__ import annotations

from enum import IntEnum
import logging

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as PbLogRecord
from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context
import pytest

from agent_otel.delivery.otlp import encode_log, encoding, log_bytes
from delivery.otlp_samples import logs
from delivery.span_values import ATTRIBUTES, BARE_ATTRIBUTES, NOWHERE, TEXTS, VALUES

written = log_bytes.log_bytes
HALF = "\ud800"
TIMES = st.none() | st.integers(0, 2**64 - 1)


def stock(record):
    return encode_logs([record]).resource_logs[0].scope_logs[0].log_records[0].SerializeToString()


def within(trace_id, span_id, flags):
    context = SpanContext(trace_id, span_id, is_remote=False, trace_flags=TraceFlags(flags))
    return set_span_in_context(NonRecordingSpan(context), Context())


LOGS = st.builds(
    LogRecord,
    timestamp=TIMES,
    observed_timestamp=TIMES,
    context=st.builds(within, st.integers(0, 2**128 - 1), st.integers(0, 2**64 - 1), st.integers(0, 255)),
    severity_text=st.none() | TEXTS,
    severity_number=st.none() | st.sampled_from(SeverityNumber),
    body=VALUES,
    attributes=BARE_ATTRIBUTES,
    event_name=st.none() | TEXTS,
)


def live(log, attributes):
    log.attributes = attributes
    return ReadWriteLogRecord(log, NOWHERE)


RECORDS = st.builds(ReadableLogRecord, LOGS, st.just(NOWHERE)) | st.builds(live, LOGS, ATTRIBUTES)


def by_hand(**fields):
    log = LogRecord(timestamp=1, observed_timestamp=2, context=within(1, 2, 1))
    for name, value in fields.items():
        setattr(log, name, value)
    return ReadableLogRecord(log, NOWHERE)


@pytest.fixture(autouse=True)
def _quiet(caplog):
    """Have the stock encoder not log what it leaves out: half a character can be put in no report."""
    caplog.set_level(logging.CRITICAL, "opentelemetry")


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(RECORDS)
def test_any_record_is_what_the_stock_encoder_makes_of_it(record):
    ours, theirs = written(record), stock(record)
    assert ours == theirs
    assert repr(PbLogRecord.FromString(ours)) == repr(PbLogRecord.FromString(theirs))  # NaN equals no NaN
    assert encode_log(record)[1] == theirs


def test_the_samples_are_written():
    assert all(written(record) == stock(record) for record in logs())


def test_every_severity():
    for severity in SeverityNumber:
        record = by_hand(severity_number=severity)
        assert written(record) == stock(record)


class Severity(IntEnum):
    OTHER = 9


class Word(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "fields",
    [
        {"severity_number": Severity.OTHER},
        {"severity_number": 9},
        {"severity_text": Word("x")},
        {"event_name": b"x"},
        {"trace_flags": "3"},
        {"body": Word("x")},
        {"body": range(3)},
        {"attributes": {"k": 2**63}},
        {"attributes": {"k": HALF}},
        {"attributes": {HALF: "k"}},
        {"attributes": {"k": {1, 2}}},
    ],
)
def test_of_what_is_not_known_the_stock_encoder_decides(fields):
    record = by_hand(**fields)
    assert written(record) is None
    assert encode_log(record)[1] == stock(record)


@pytest.mark.parametrize(
    "fields",
    [
        {"body": HALF},
        {"body": 2**63},
        {"body": {1, 2}},
        {"severity_text": HALF},
        {"event_name": 5},
        {"timestamp": -1},
        {"timestamp": True},
        {"observed_timestamp": 2**64},
        {"trace_id": 2**128},
        {"trace_id": None},
        {"span_id": -1},
        {"trace_flags": None},
        {"trace_flags": 2**32},
    ],
)
def test_what_the_stock_encoder_raises_is_raised(fields):
    record = by_hand(**fields)
    assert written(record) is None
    with pytest.raises(Exception) as theirs:  # noqa: PT011  whatever it is
        stock(record)
    with pytest.raises(type(theirs.value)):
        encode_log(record)


@pytest.fixture
def agreement():
    log_bytes._agrees.cache_clear()
    yield
    log_bytes._agrees.cache_clear()


def test_the_installed_release_agrees():
    assert log_bytes._agrees()


def test_nothing_is_written_where_the_stock_encoder_writes_something_else(monkeypatch, agreement):
    def with_other_flags(records):
        request = encode_logs(records)
        request.resource_logs[0].scope_logs[0].log_records[0].flags |= 0x100
        return request

    monkeypatch.setattr(log_bytes, "encode_logs", with_other_flags)
    monkeypatch.setattr(encoding, "encode_logs", with_other_flags)
    record = logs()[0]
    assert written(record) is None
    assert PbLogRecord.FromString(encode_log(record)[1]).flags & 0x100
