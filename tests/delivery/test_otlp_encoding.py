from __future__ import annotations

import gc

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext
import pytest

from agent_otel.delivery.otlp import decode_log, decode_span, encode_log, encode_span, encoding
from delivery.otlp_samples import logs, rich_spans, span, spans

scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text() | st.binary()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3)
)


def whole_span(encoded):
    return encode_spans([encoded]).resource_spans[0]


def test_a_span_is_what_the_stock_encoder_makes_of_it():
    for one in rich_spans():
        envelope, payload = encode_span(one)
        whole = whole_span(one)
        inner = whole.scope_spans[0]
        assert payload == inner.spans[0].SerializeToString()
        assert envelope.signal == "traces"
        assert (envelope.resource, envelope.resource_schema_url) == (
            whole.resource.SerializeToString(),
            whole.schema_url,
        )
        assert (envelope.scope, envelope.scope_schema_url) == (inner.scope.SerializeToString(), inner.schema_url)


def test_the_samples_hold_what_can_be_lost():
    rich = whole_span(rich_spans()[0]).scope_spans[0].spans[0]
    counts = (rich.dropped_attributes_count, rich.dropped_events_count, rich.dropped_links_count)
    parts = (rich.events[0].dropped_attributes_count, rich.links[0].attributes, rich.links[0].dropped_attributes_count)
    assert all((*counts, *parts, rich.trace_state, rich.parent_span_id, rich.status.message))


def test_a_log_record_is_what_the_stock_encoder_makes_of_it():
    for record in logs():
        envelope, payload = encode_log(record)
        whole = encode_logs([record]).resource_logs[0]
        assert payload == whole.scope_logs[0].log_records[0].SerializeToString()
        assert envelope.signal == "logs"
        assert envelope.resource == whole.resource.SerializeToString()
        assert envelope.scope == whole.scope_logs[0].scope.SerializeToString()


def test_a_log_record_may_be_the_one_that_processors_get():
    record = logs()[0]
    live = ReadWriteLogRecord(record.log_record, record.resource, record.instrumentation_scope)
    assert encode_log(live) == encode_log(record)


@pytest.mark.parametrize("is_written_directly", [True, False])
def test_resource_and_scope_are_encoded_once(monkeypatch, is_written_directly):
    many = spans(*"abcdefgh")
    encode_span(many[0])
    if not is_written_directly:
        monkeypatch.setattr(encoding, "span_bytes", lambda span: None)
    calls = []
    monkeypatch.setattr(encoding, "encode_spans", lambda given: calls.append(given) or encode_spans(given))
    first, *others = (encode_span(one)[0] for one in many)
    assert all(other is first for other in others)
    assert len(calls) == (0 if is_written_directly else len(many))
    assert all(one.resource.attributes.get("service.name") is None for (one,) in calls)


def test_what_is_remembered_is_bounded_and_never_taken_for_another():
    encoding._known.clear()
    for number in range(600):  # each resource dies at once, and the next may get its address
        resource = Resource({"number": number})
        one = ReadableSpan("a", SpanContext(1, 1, is_remote=False), resource=resource, start_time=1, end_time=2)
        envelope, _ = encode_span(one)
        assert envelope.resource == whole_span(one).resource.SerializeToString()
        del resource, one
        gc.collect(0)
        assert 0 < len(encoding._known) <= encoding._ENVELOPES


def test_a_span_without_a_scope():
    one = ReadableSpan("a", SpanContext(1, 1, is_remote=False), resource=Resource({}), start_time=1, end_time=2)
    envelope, payload = encode_span(one)
    assert (envelope.scope, envelope.scope_schema_url) == (b"", "")
    assert payload == whole_span(one).scope_spans[0].spans[0].SerializeToString()


# -- and back ---------------------------------------------------------------------------------------------------------


def test_a_decoded_span_encodes_to_the_same_bytes():
    for one in rich_spans():
        again = encode_span(decode_span(*encode_span(one)))
        assert again == encode_span(one)


def test_a_decoded_log_record_encodes_to_the_same_bytes():
    for record in logs():
        assert encode_log(decode_log(*encode_log(record))) == encode_log(record)


@given(st.dictionaries(st.text(min_size=1), values, max_size=4))
def test_any_attributes_come_back(attributes):
    one = span(**{f"k{key}": value for key, value in attributes.items()})
    envelope, payload = encode_span(one)
    back = decode_span(envelope, payload)
    assert encode_span(back) == (envelope, payload)
    assert repr(dict(back.attributes)) == repr(dict(one.attributes))


def test_a_decoded_span_is_the_span():
    rich = rich_spans()[0]
    back = decode_span(*encode_span(rich))
    for name in ("name", "context", "kind", "start_time", "end_time", "resource", "instrumentation_scope"):
        assert getattr(back, name) == getattr(rich, name), name
    assert back.parent.is_remote
    assert back.status.description == "it broke"
    assert (back.dropped_attributes, back.dropped_events, back.dropped_links) == (
        rich.dropped_attributes,
        rich.dropped_events,
        rich.dropped_links,
    )
    assert back.to_json() == rich.to_json()


def test_a_log_record_without_a_span_gets_none_from_its_surroundings():
    from opentelemetry.trace import use_span

    envelope, payload = encode_log(logs()[1])
    with use_span(span()):
        back = decode_log(envelope, payload)
    assert (back.log_record.trace_id, back.log_record.span_id) == (0, 0)


@pytest.mark.parametrize("decode", [decode_span, decode_log])
def test_what_is_no_otlp_is_said_to_be_none(decode):
    from google.protobuf.message import DecodeError

    envelope, _ = encode_span(span())
    with pytest.raises(DecodeError):
        decode(envelope, b"\xff\xff")
