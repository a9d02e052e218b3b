"""What is too large for any request goes as a stub: all of it that is small."""

from __future__ import annotations

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
import pytest

from agent_otel.conventions import attributes as a
from agent_otel.delivery import Envelope, Item
from agent_otel.delivery.otlp import stub_of
from agent_otel.model import DeliveryClass


def item(message, signal):
    return Item(
        payload=message.SerializeToString(),
        raw_payload=b"raw",
        envelope=Envelope(signal, b""),
        trace_id=1,
        span_id=2,
        run_id="r",
        delivery_class=DeliveryClass.ERROR,
    )


def attribute(name, text):
    return KeyValue(key=name, value=AnyValue(string_value=text))


@pytest.mark.parametrize("length", [10, 5_000_000])
def test_a_span_keeps_what_is_small(length):
    attributes = [attribute("small", "x"), attribute("large", "x" * length), attribute(a.ERROR_TYPE, "made_up")]
    span = Span(
        trace_id=bytes(16),
        span_id=bytes(7) + b"\x02",
        name="execute_tool t",
        attributes=attributes,
        status=Status(code=Status.STATUS_CODE_ERROR, message="y" * length),
    )
    span.events.add(name="event")
    span.links.add(trace_id=bytes(16))
    stub = stub_of(item(span, "traces"))
    told = Span.FromString(stub.payload)
    kept = {one.key for one in told.attributes}
    assert kept == {"small", a.ERROR_TYPE, a.CONTENT_STUB} | ({"large"} if length == 10 else set())
    assert (told.name, told.status.code) == ("execute_tool t", Status.STATUS_CODE_ERROR)
    assert told.status.message == ("y" * length if length == 10 else "")
    assert (told.dropped_attributes_count, told.dropped_events_count, told.dropped_links_count) == (length > 10, 1, 1)
    assert len(stub.payload) < 2000
    assert stub.raw_payload is None


def test_a_log_record_loses_a_large_body():
    record = LogRecord(
        event_name="e", body=AnyValue(string_value="x" * 5_000_000), attributes=[attribute("small", "x")]
    )
    told = LogRecord.FromString(stub_of(item(record, "logs")).payload)
    assert (told.event_name, told.HasField("body")) == ("e", False)
    assert [one.key for one in told.attributes] == ["small", a.CONTENT_STUB]
