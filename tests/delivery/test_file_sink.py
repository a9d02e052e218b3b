"""The file sink: what stands in the file is what the stock JSON file exporter would have written."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
import stat

from google.protobuf.json_format import ParseDict
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)
import pytest

from agent_otel.delivery import FailureKind, SinkSpec
from agent_otel.delivery.file_sink import FileSink
from agent_otel.delivery.otlp import encode_log, encode_span, request_bytes
from delivery.otlp_samples import SPEC, bare, item, items, log_items, rich_spans, span, with_raw

# What opentelemetry-exporter-otlp-json-file 0.66b1 wrote of the spans and the log record below.
STOCK_TRACES = (
    r'{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"agent"}},{"key":"co'
    r'res","value":{"intValue":"2"}}]},"scopeSpans":[{"scope":{"name":"scope","version":"1.2","attributes":[{"key":"'
    r'a","value":{"boolValue":true}}]},"spans":[{"traceId":"00000000000000000000000000000abc","spanId":"000000000000'
    r'0def","traceState":"v=x","parentSpanId":"0000000000000123","flags":768,"name":"rich","kind":3,"startTimeUnixNa'
    r'no":"1700000000000000000","endTimeUnixNano":"1700000000000000002","attributes":[{"key":"n","value":{"intValue"'
    r':"9007199254740993"}},{"key":"nested","value":{"kvlistValue":{"values":[{"key":"list","value":{"arrayValue":{"'
    r'values":[{"intValue":"1"},{"stringValue":"b"},{},{"doubleValue":0.5}]}}},{"key":"yes","value":{"boolValue":fal'
    r'se}}]}}},{"key":"raw","value":{"bytesValue":"AP8="}}],"droppedAttributesCount":3,"events":[{"timeUnixNano":"17'
    r'00000000000000001","name":"event","attributes":[{"key":"why","value":{"stringValue":"\u00fc"}}]}],"links":[{"t'
    r'raceId":"00000000000000000000000000000abc","spanId":"0000000000000123","attributes":[{"key":"l","value":{"intV'
    r'alue":"1"}}],"flags":768}],"status":{"message":"it broke","code":2}}],"schemaUrl":"https://example.com/scope"}'
    r'],"schemaUrl":"https://example.com/resource"},{"resource":{},"scopeSpans":[{"scope":{},"spans":[{"traceId":"00'
    r'000000000000000000000000000001","spanId":"0000000000000002","flags":256,"name":"plain","kind":1,"startTimeUnix'
    r'Nano":"1","endTimeUnixNano":"2","status":{}}]}]}]}'
)
STOCK_LOGS = (
    r'{"resourceLogs":[{"resource":{"attributes":[{"key":"r","value":{"intValue":"1"}}]},"scopeLogs":[{"scope":{"nam'
    r'e":"scope"},"logRecords":[{"timeUnixNano":"5","observedTimeUnixNano":"6","severityNumber":13,"severityText":"W'
    r'ARN","body":{"kvlistValue":{"values":[{"key":"k","value":{"arrayValue":{"values":[{"intValue":"1"},{"stringVal'
    r'ue":"v"}]}}}]}},"attributes":[{"key":"a","value":{"bytesValue":"AA=="}}],"flags":1,"traceId":"0000000000000000'
    r'0000000000000abc","spanId":"0000000000000def","eventName":"e"}]}]}]}'
)
HERE = SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(1), trace_state=TraceState([("v", "x")]))
THERE = SpanContext(0xABC, 0x123, is_remote=True)


def fixed_spans():
    attributes = BoundedAttributes(
        attributes={"n": 2**53 + 1, "nested": {"list": [1, "b", None, 0.5], "yes": False}, "raw": b"\0\xff"}
    )
    attributes.dropped = 3
    rich = ReadableSpan(
        "rich",
        HERE,
        THERE,
        Resource({"service.name": "agent", "cores": 2}, "https://example.com/resource"),
        attributes,
        [Event("event", {"why": "ü"}, 1_700_000_000_000_000_001)],
        [Link(THERE, {"l": 1})],
        SpanKind.CLIENT,
        status=Status(StatusCode.ERROR, "it broke"),
        start_time=1_700_000_000_000_000_000,
        end_time=1_700_000_000_000_000_002,
        instrumentation_scope=InstrumentationScope("scope", "1.2", "https://example.com/scope", {"a": True}),
    )
    context = SpanContext(1, 2, is_remote=False)
    return [rich, ReadableSpan("plain", context, None, Resource({}), start_time=1, end_time=2)]


def fixed_log():
    within = set_span_in_context(NonRecordingSpan(HERE))
    record = LogRecord(
        timestamp=5,
        observed_timestamp=6,
        context=within,
        severity_text="WARN",
        severity_number=SeverityNumber.WARN,
        body={"k": [1, "v"]},
        attributes={"a": b"\0"},
        event_name="e",
    )
    return ReadableLogRecord(record, Resource({"r": 1}), InstrumentationScope("scope"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "telemetry.jsonl"


def lines(path):
    return path.read_text(encoding="utf-8").splitlines()


def test_lines_are_those_of_the_stock_file_exporter(path):
    made = [item(encode_span(one)) for one in fixed_spans()] + [item(encode_log(fixed_log()))]
    assert FileSink(SPEC, path).export(made, None).settled == 3
    traces, logs = lines(path)
    assert json.loads(traces) == json.loads(STOCK_TRACES)
    assert json.loads(logs) == json.loads(STOCK_LOGS)


def test_a_line_read_back_by_the_mapping_of_protobuf_is_the_request(path):
    made = [item(encode_span(one)) for one in rich_spans()]
    FileSink(SPEC, path).export(made, None)
    (line,) = lines(path)
    parsed = json.loads(line)
    for group in parsed["resourceSpans"]:
        for scope in group["scopeSpans"]:
            for one in scope["spans"]:
                for carrier in (one, *one.get("links", ())):
                    _base64_ids(carrier)
    assert ParseDict(parsed, ExportTraceServiceRequest()).SerializeToString() == request_bytes(made)


def _base64_ids(carrier):
    from base64 import b64encode

    for name, length in (("traceId", 32), ("spanId", 16), ("parentSpanId", 16)):
        if name in carrier:
            assert len(carrier[name]) == length
            carrier[name] = b64encode(bytes.fromhex(carrier[name])).decode()


def test_each_batch_is_a_line_and_is_there_when_it_is_settled(path):
    sink = FileSink(SPEC, path)
    for count in (1, 2, 3):
        assert sink.export(items(*["a"] * count), None).settled == count
        assert len(lines(path)) == count
    assert sink.export([], None).settled == 0
    sink.shutdown()
    assert len(lines(path)) == 3


def test_the_file_is_its_owners_and_may_be_moved_away(path):
    sink = FileSink(SPEC, path)
    sink.export(items("a"), None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.rename(path.with_suffix(".old"))
    sink.export(items("b"), None)
    assert len(lines(path)) == 1


def test_what_is_no_otlp_is_refused_and_the_rest_is_written(path):
    made = [*items("a"), bare(b"\xff"), *items("b"), bare(b"\xff"), *log_items()[:1]]
    verdict = FileSink(SPEC, path).export(made, None)
    assert (verdict.settled, verdict.refused) == (5, ((1, "DecodeError"), (3, "DecodeError")))
    traces, logs = map(json.loads, lines(path))
    assert [one["name"] for one in traces["resourceSpans"][0]["scopeSpans"][0]["spans"]] == ["a", "b"]
    assert "resourceLogs" in logs


@pytest.mark.parametrize(("mode", "arrives"), [("raw_content", "as it was"), ("redacted_summary", "scrubbed")])
def test_raw_forms_are_written_only_where_raw_content_may(path, mode, arrives):
    one = with_raw(item(encode_span(span("scrubbed"))), encode_span(span("as it was"))[1])
    FileSink(SinkSpec(sink_id="s", content_mode=mode), path).export([one], None)
    assert json.loads(lines(path)[0])["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"] == arrives


@pytest.mark.parametrize(("fault", "reason"), [(errno.ENOSPC, "ENOSPC"), (errno.EIO, "EIO"), (errno.EDQUOT, "EDQUOT")])
def test_a_full_or_broken_disk_is_trouble_and_leaves_no_half_line(path, monkeypatch, fault, reason):
    sink = FileSink(SPEC, path)
    sink.export(items("before"), None)
    real, calls = os.write, []

    def write(file, text):
        calls.append(1)
        if len(calls) == 2:
            raise OSError(fault, "no")
        return real(file, text[:10])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write)
        verdict = sink.export(items("lost"), None)
    assert (verdict.settled, verdict.refused) == (0, ())
    assert (verdict.failure.kind, verdict.failure.reason) == (FailureKind.TROUBLE, reason)
    assert sink.export(items("after"), None).settled == 1
    assert [json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"] for line in lines(path)] == [
        "before", "after",
    ]  # fmt: skip


def test_writes_that_take_a_part_at_a_time_make_whole_lines(path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, text: real(file, text[:7]))
    assert FileSink(SPEC, path).export(items("a"), None).settled == 1
    assert json.loads(lines(path)[0])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_a_device_that_is_full():
    verdict = FileSink(SPEC, "/dev/full").export(items("a"), None)
    assert (verdict.settled, verdict.failure.reason) == (0, "ENOSPC")


def test_a_directory_that_is_not_there(tmp_path):
    verdict = FileSink(SPEC, tmp_path / "nowhere" / "file").export(items("a"), None)
    assert (verdict.settled, verdict.failure.kind, verdict.failure.reason) == (0, FailureKind.TROUBLE, "ENOENT")
    assert str(tmp_path) not in repr(verdict)
