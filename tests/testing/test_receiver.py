from __future__ import annotations

from contextlib import closing
import gzip
from http.client import HTTPConnection
import subprocess
import sys
import threading
from urllib.parse import urlsplit
import zlib

import grpc
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, set_span_in_context
import pytest

from agent_otel.testing import OtlpReceiver, Reply

RESOURCE = Resource({"service.name": "receiver-test"})
START, EVENT, END = 1_700_000_000_000_000_001, 1_700_000_000_000_000_002, 1_700_000_000_000_000_003


@pytest.fixture
def receiver():
    with OtlpReceiver(grpc=True) as started:
        yield started


def span_exporter(receiver, protocol, compression):
    if protocol == "http":
        url = f"{receiver.http_endpoint}/v1/traces"
        return OTLPSpanExporter(endpoint=url, compression=Compression(compression), headers={"X-Tenant": "one"})
    chosen = {"none": grpc.Compression.NoCompression, "gzip": grpc.Compression.Gzip}[compression]
    return GrpcSpanExporter(
        endpoint=receiver.grpc_endpoint, insecure=True, compression=chosen, headers={"x-tenant": "one"}
    )


def tracing(exporter):
    provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def send_two_spans(exporter):
    provider = tracing(exporter)
    tracer = provider.get_tracer("receiver-scope")
    parent = tracer.start_span("invoke_agent a", start_time=START)
    here = parent.get_span_context()
    with_parent = set_span_in_context(parent)
    child = tracer.start_span(
        "execute_tool t",
        with_parent,
        kind=SpanKind.CLIENT,
        attributes={"text": "v", "flag": True, "whole": 3, "part": 1.5, "many": ["a", "b"]},
        links=[Link(here, {"why": "test"})],
        start_time=START,
    )
    child.add_event("mark", {"n": 1}, EVENT)
    child.set_status(Status(StatusCode.ERROR, "broke"))
    child.end(END)
    parent.end(END)
    provider.shutdown()
    return here, child.get_span_context()


@pytest.mark.parametrize(
    ("protocol", "compression"),
    [("http", "none"), ("http", "gzip"), ("http", "deflate"), ("grpc", "none"), ("grpc", "gzip")],
)
def test_spans_of_the_stock_exporters_arrive_as_sent(receiver, protocol, compression):
    parent, child = send_two_spans(span_exporter(receiver, protocol, compression))

    received, root = receiver.spans()
    assert (root.name, root.kind, root.parent_span_id, root.status_code) == ("invoke_agent a", "internal", "", "unset")
    assert root.span_id == f"{parent.span_id:016x}"
    assert received.trace_id == root.trace_id == f"{child.trace_id:032x}"
    assert received.span_id == f"{child.span_id:016x}"
    assert received.parent_span_id == root.span_id
    assert (received.kind, received.status_code, received.status_message) == ("client", "error", "broke")
    assert (received.start_ns, received.end_ns) == (START, END)
    assert received.attributes == {"text": "v", "flag": True, "whole": 3, "part": 1.5, "many": ["a", "b"]}
    assert [(e.name, e.time_ns, e.attributes) for e in received.events] == [("mark", EVENT, {"n": 1})]
    assert [(x.span_id, x.attributes) for x in received.links] == [(root.span_id, {"why": "test"})]
    assert received.resource["service.name"] == "receiver-test"
    assert received.scope == "receiver-scope"

    (request,) = receiver.requests("traces")
    assert (request.protocol, request.number, request.accepted) == (protocol, 1, True)
    assert request.headers["x-tenant"] == "one"
    assert request.size == request.message.ByteSize()
    if protocol == "http":
        assert (request.wire_size == request.size) is (compression == "none")
        assert request.headers.get("content-encoding", "none") == compression


def test_raw_bytes_of_a_span_do_not_depend_on_the_batch_or_the_protocol(receiver):
    spans = []

    class Keeper(BatchSpanProcessor):
        def on_end(self, span):
            spans.append(span)

    provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(Keeper(span_exporter(receiver, "http", "none")))
    for name in ("a", "b"):
        provider.get_tracer("s").start_span(name, attributes={"k": name}).end()
    over_http, over_grpc = span_exporter(receiver, "http", "gzip"), span_exporter(receiver, "grpc", "none")
    over_http.export(spans)
    for span in spans:
        over_grpc.export([span])
    over_http.shutdown()
    over_grpc.shutdown()
    provider.shutdown()

    first, second, *again = [span.raw for span in receiver.spans()]
    assert [first, second] == again
    assert first != second


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_metrics_arrive_with_buckets_and_exemplars(receiver, protocol):
    exporter = (
        OTLPMetricExporter(endpoint=f"{receiver.http_endpoint}/v1/metrics")
        if protocol == "http"
        else GrpcMetricExporter(endpoint=receiver.grpc_endpoint, insecure=True)
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    meters = MeterProvider([reader], resource=RESOURCE, shutdown_on_exit=False)
    meter = meters.get_meter("receiver-scope")
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("s")
    histogram = meter.create_histogram("h", "s", explicit_bucket_boundaries_advisory=[1.0, 2.0])
    with tracer.start_as_current_span("s") as span:
        histogram.record(1.5, {"k": "v"})
        histogram.record(5.0, {"k": "v"})
    meter.create_counter("c", "{thing}").add(7)
    meters.shutdown()

    points = {point.name: point for point in receiver.metrics()}
    measured, counted = points["h"], points["c"]
    assert (measured.kind, measured.unit, measured.attributes) == ("histogram", "s", {"k": "v"})
    assert (measured.value, measured.count, measured.sum) == (None, 2, 6.5)
    assert (measured.bounds, measured.bucket_counts) == ((1.0, 2.0), (0, 1, 1))
    context = span.get_span_context()
    assert {(e.trace_id, e.span_id) for e in measured.exemplars} == {
        (f"{context.trace_id:032x}", f"{context.span_id:016x}")
    }
    assert sorted(e.value for e in measured.exemplars) == [1.5, 5.0]
    assert (counted.kind, counted.unit, counted.value, counted.count) == ("sum", "{thing}", 7, None)
    assert 0 < counted.start_ns <= counted.time_ns
    assert (counted.scope, counted.resource["service.name"]) == ("receiver-scope", "receiver-test")


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_log_records_arrive_with_their_span(receiver, protocol):
    exporter = (
        OTLPLogExporter(endpoint=f"{receiver.http_endpoint}/v1/logs")
        if protocol == "http"
        else GrpcLogExporter(endpoint=receiver.grpc_endpoint, insecure=True)
    )
    provider = LoggerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("s")
    with tracer.start_as_current_span("s") as span:
        provider.get_logger("receiver-scope").emit(
            timestamp=EVENT, event_name="agent.test", body={"a": [1, None]}, attributes={"k": 1}
        )
    provider.shutdown()

    (log,) = receiver.logs()
    assert (log.event_name, log.time_ns, log.attributes) == ("agent.test", EVENT, {"k": 1})
    assert log.body == {"a": [1, None]}
    assert log.span_id == f"{span.get_span_context().span_id:016x}"
    assert (log.scope, log.resource["service.name"]) == ("receiver-scope", "receiver-test")


def test_wait_for_sees_a_request_that_comes_later(receiver):
    sender = threading.Thread(target=send_two_spans, args=(span_exporter(receiver, "http", "gzip"),))
    asked = threading.Event()

    def both(of):
        asked.set()
        return len(of.spans()) == 2

    waiting = []
    waiter = threading.Thread(target=lambda: waiting.append(receiver.wait_for(both)))
    waiter.start()
    assert asked.wait(10)
    sender.start()
    sender.join()
    waiter.join()
    assert waiting == [True]


def test_wait_for_gives_up(receiver):
    assert receiver.wait_for(lambda of: bool(of.spans()), timeout_s=0.01) is False


def post(receiver, body, path="/v1/traces", **headers):
    headers = {"content-type": "application/x-protobuf"} | {k.replace("_", "-"): v for k, v in headers.items()}
    with closing(HTTPConnection(urlsplit(receiver.http_endpoint).netloc, timeout=10)) as connection:
        connection.request("POST", path, body, headers)
        return connection.getresponse().status


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 200),
        (gzip.compress(b"", mtime=0), {"content_encoding": "gzip"}, 200),
        (zlib.compress(b""), {"content_encoding": "deflate"}, 200),
        (b"\xff", {}, 400),
        (b"not gzip", {"content_encoding": "gzip"}, 400),
        (gzip.compress(b"abc", mtime=0)[:-9], {"content_encoding": "gzip"}, 400),
        (b"not zlib", {"content_encoding": "deflate"}, 400),
        (b"", {"content_encoding": "br"}, 415),
        (b"{}", {"content_type": "application/json"}, 415),
        (b"", {"path": "/v1/elsewhere"}, 404),
        (iter([b"a"]), {}, 411),
    ],
)
def test_only_well_formed_requests_are_taken(receiver, body, headers, status):
    assert post(receiver, body, **headers) == status
    assert len(receiver.requests()) == (status == 200)


@pytest.mark.parametrize(("protocol", "status"), [("http", 400), ("grpc", 3)])
def test_what_is_refused_is_kept_apart(protocol, status):
    asked = []

    def respond(signal, number):
        asked.append((signal, number))
        return Reply(status, {"x-why": "test"}) if number == 1 else None

    with OtlpReceiver(grpc=True, respond=respond) as receiver:
        for _ in range(2):
            send_two_spans(span_exporter(receiver, protocol, "none"))
        assert asked == [("traces", 1), ("traces", 2)]
        assert [request.accepted for request in receiver.requests()] == [False, True]
        assert receiver.requests()[0].status == status
        assert len(receiver.spans()) == 2


def test_headers_of_a_reply_are_sent():
    with OtlpReceiver(respond=lambda _signal, _number: Reply(429, {"retry-after": "7"})) as receiver:
        connection = HTTPConnection(urlsplit(receiver.http_endpoint).netloc, timeout=10)
        with closing(connection):
            connection.request("POST", "/v1/logs", b"", {"content-type": "application/x-protobuf"})
            response = connection.getresponse()
        assert (response.status, response.headers["retry-after"]) == (429, "7")


def test_stop_leaves_no_thread_and_no_open_port_and_keeps_what_came():
    before = set(threading.enumerate())
    receiver = OtlpReceiver(grpc=True)
    receiver.start()
    receiver.start()
    send_two_spans(span_exporter(receiver, "grpc", "none"))
    address = urlsplit(receiver.http_endpoint).netloc
    with closing(HTTPConnection(address, timeout=10)) as idle:
        idle.request("POST", "/v1/traces", b"", {"content-type": "application/x-protobuf"})
        idle.getresponse().read()  # the connection stays open: its thread waits for more
        receiver.stop()
    receiver.stop()

    assert {thread.name for thread in set(threading.enumerate()) - before} == set()
    assert len(receiver.spans()) == 2
    with closing(HTTPConnection(address, timeout=10)) as late, pytest.raises(ConnectionRefusedError):
        late.connect()


def test_grpc_is_imported_only_when_asked_for():
    program = (
        "import sys; from agent_otel.testing import OtlpReceiver\n"
        "with OtlpReceiver(): pass\n"
        "assert 'grpc' not in sys.modules\n"
        "with OtlpReceiver(grpc=True): pass\n"
        "assert 'grpc' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_endpoints_are_known_only_while_it_listens():
    receiver = OtlpReceiver()
    with pytest.raises(RuntimeError):
        _ = receiver.http_endpoint
    with receiver, pytest.raises(RuntimeError, match="gRPC"):
        _ = receiver.grpc_endpoint


def test_reprs_show_no_content(receiver):
    send_two_spans(span_exporter(receiver, "http", "none"))
    shown = repr((receiver.spans(), receiver.requests()))
    assert "execute_tool t" in shown
    for content in ("broke", "text", "mark", "why", "x-tenant"):
        assert content not in shown


def test_nested_values_and_unknown_enum_numbers_are_kept(receiver):
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(name="s", kind=99)
    pair = span.attributes.add(key="deep").value.kvlist_value.values.add(key="in")
    pair.value.array_value.values.add(bytes_value=b"\0")
    span.attributes.add(key="nothing")
    assert post(receiver, request.SerializeToString()) == 200
    (received,) = receiver.spans()
    assert received.attributes == {"deep": {"in": [b"\0"]}, "nothing": None}
    assert received.kind == "99"
