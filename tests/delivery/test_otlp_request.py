from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span
import pytest

from agent_otel.delivery import Envelope
from agent_otel.delivery.otlp import encode_log, encode_span, request_bytes, size_of
from agent_otel.delivery.otlp.request import RequestSize, at_most
from delivery.otlp_samples import bare, item, items, logs, rich_spans, with_raw

texts = st.text(max_size=5) | st.integers(120, 140).map("x".__mul__) | st.integers(16_370, 16_390).map("y".__mul__)
attributes = st.lists(st.builds(KeyValue, key=texts, value=st.builds(AnyValue, string_value=texts)), max_size=2)
envelopes = st.builds(
    lambda signal, resource, url, scope, scope_url: Envelope(
        signal, resource.SerializeToString(), url, scope.SerializeToString(), scope_url
    ),
    st.just("traces"),
    st.builds(Resource, attributes=attributes),
    st.sampled_from(["", "https://example.com/1", "ü"]),
    st.builds(InstrumentationScope, name=texts, attributes=attributes),
    st.sampled_from(["", "https://example.com/2"]),
)
messages = st.builds(Span, name=texts, attributes=attributes)
batches = st.lists(envelopes, min_size=1, max_size=4).flatmap(
    lambda made: st.lists(st.tuples(st.sampled_from(made), messages), max_size=12)
)


@given(batches)
def test_parsed_it_gives_each_message_in_its_envelope_and_order(batch):
    made = [bare(message.SerializeToString(), envelope) for envelope, message in batch]
    parsed = ExportTraceServiceRequest.FromString(request_bytes(made))
    found = [
        (around.resource, around.schema_url, inner.scope, inner.schema_url, message)
        for around in parsed.resource_spans
        for inner in around.scope_spans
        for message in inner.spans
    ]
    for envelope, _ in batch:
        assert [message for *around, message in found if _is(envelope, around)] == [
            message for other, message in batch if other == envelope
        ]
    assert len(found) == len(batch)
    assert len(parsed.resource_spans) == len({(e.resource, e.resource_schema_url) for e, _ in batch})
    assert sum(len(around.scope_spans) for around in parsed.resource_spans) == len({e for e, _ in batch})
    assert parsed.SerializeToString() == request_bytes(made)  # nothing beside it, nothing in another form


def _is(envelope, around):
    resource, url, scope, scope_url = around
    return (resource.SerializeToString(), url, scope.SerializeToString(), scope_url) == (
        envelope.resource,
        envelope.resource_schema_url,
        envelope.scope,
        envelope.scope_schema_url,
    )


@given(batches)
def test_the_size_is_exact_and_grows_with_each_item(batch):
    made = [bare(message.SerializeToString(), envelope) for envelope, message in batch]
    assert size_of(made) == len(request_bytes(made))
    size = RequestSize()
    for count, one in enumerate(made, 1):
        assert size.add(one) == len(request_bytes(made[:count]))


@given(batches, st.booleans())
def test_the_size_at_a_glance_is_never_too_small_and_not_much_too_large(batch, raw):
    made = [bare(message.SerializeToString(), envelope) for envelope, message in batch]
    made = [with_raw(one, one.payload + b"raw") if place % 2 else one for place, one in enumerate(made)]
    envelopes = sum(size_of([bare(b"", one.envelope)]) for one in made)
    rendered = sum(len(one.raw_payload or b"") for one in made)
    assert size_of(made, raw=raw) <= at_most(made, raw=raw)
    assert at_most(made, raw=raw) <= size_of(made) + rendered + 4 * envelopes + 100 * len(made)


@pytest.mark.parametrize("length", [0, 1, 126, 127, 128, 129, 16_383, 16_384, 2**21 - 1, 2**21, 2**21 + 40])
def test_the_size_is_exact_where_lengths_grow_by_an_octet(length):
    made = [bare(b"x" * length), bare(b"", Envelope("traces", b"r"))]
    assert size_of(made) == len(request_bytes(made))


def test_no_items_are_the_empty_request():
    assert request_bytes([]) == b""
    assert size_of([]) == 0


def test_it_is_what_the_stock_encoder_makes_of_spans():
    spans = rich_spans()
    assert request_bytes([item(encode_span(span)) for span in spans]) == encode_spans(spans).SerializeToString()


def test_it_is_what_the_stock_encoder_makes_of_log_records():
    records = logs()
    made = request_bytes([item(encode_log(record)) for record in records])
    assert made == encode_logs(records).SerializeToString()
    assert ExportLogsServiceRequest.FromString(made).resource_logs[0].scope_logs[0].log_records[0].body.string_value


def test_raw_forms_go_only_if_they_are_asked_for():
    one = with_raw(bare(Span(name="scrubbed").SerializeToString()), Span(name="as it was").SerializeToString())
    assert b"as it was" not in request_bytes([one])
    assert b"as it was" in request_bytes([one], raw=True)
    assert size_of([one], raw=True) == len(request_bytes([one], raw=True))


def test_equal_envelopes_of_different_make_are_one():
    parsed = ExportTraceServiceRequest.FromString(request_bytes(items("a") + items("b")))
    assert [len(around.scope_spans) for around in parsed.resource_spans] == [1]


def test_log_records_have_the_same_field_numbers():
    body = LogRecord(body=AnyValue(string_value="x")).SerializeToString()
    parsed = ExportLogsServiceRequest.FromString(request_bytes([bare(body, Envelope("logs", b"", "u", b"", "v"))]))
    (around,) = parsed.resource_logs
    assert (around.schema_url, around.scope_logs[0].schema_url) == ("u", "v")
    assert around.scope_logs[0].log_records[0].body.string_value == "x"
