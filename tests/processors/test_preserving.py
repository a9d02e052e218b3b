"""The processors in the place of the stock batch processors."""

from __future__ import annotations

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags
import pytest

from agent_otel.delivery import SinkSpec, SinkVerdict
from agent_otel.model import DeliveryClass
from agent_otel.processors import OutboxLimits, TerminalPreservingLogProcessor, TerminalPreservingProcessor
from agent_otel.processors.classifying import class_of_span
from secrets_made_up import github_token

NEVER = OutboxLimits(delay_s=3600.0)
SECRET = github_token("preserving")


class Kept:
    """A sink that keeps the items."""

    def __init__(self):
        self.spec = SinkSpec(sink_id="kept")
        self.items = []

    def export(self, items, cursor):
        self.items += items
        return SinkVerdict(settled=len(items))

    def shutdown(self):
        pass


def provider_with(processor, **more):
    provider = TracerProvider(shutdown_on_exit=False, **more)
    provider.add_span_processor(processor)
    return provider


def test_any_exporter_gets_what_may_leave():
    exporter = InMemorySpanExporter()
    provider = provider_with(TerminalPreservingProcessor(exporter, limits=NEVER, sink_id="memory"))
    provider.get_tracer("x").start_span("s", attributes={"note": f"a {SECRET}", "n": 1}).end()
    assert provider.force_flush()
    (span,) = exporter.get_finished_spans()
    assert dict(span.attributes) == {
        "note": "a [REDACTED:github_token]",
        "n": 1,
        "agent_otel.content.redacted": 1,
        "agent_otel.content.redacted_by": ("github_token=1",),
    }
    provider.shutdown()


def test_otlp_exporters_are_asked_where_to_send(receiver):
    exporter = OTLPSpanExporter(endpoint=f"{receiver.http_endpoint}/v1/traces", headers={"x-tenant": "acme"})
    processor = TerminalPreservingProcessor(exporter, limits=NEVER)
    provider = provider_with(processor)
    provider.get_tracer("x").start_span("s").end()
    assert provider.force_flush()
    (request,) = receiver.requests("traces")
    assert request.headers["x-tenant"] == "acme"
    assert [span.name for span in receiver.spans()] == ["s"]
    provider.shutdown()
    assert processor.outbox.as_dict()["exported"] == 1


def test_spans_that_are_not_sampled_do_not_enter():
    processor = TerminalPreservingProcessor(Kept(), limits=NEVER)
    provider = provider_with(processor, sampler=ALWAYS_OFF)
    provider.get_tracer("x").start_span("s").end()
    assert processor.outbox.accepted == 0
    provider.shutdown()


def test_what_cannot_be_encoded_is_counted_and_harms_nobody():
    processor = TerminalPreservingProcessor(Kept(), limits=NEVER)
    provider = provider_with(processor)
    provider.get_tracer("x").start_span("lone \ud800 surrogate").end()
    provider.get_tracer("x").start_span("fine").end()
    assert provider.force_flush()
    told = processor.outbox.as_dict()
    assert (told["accepted"], told["exported"] + told["rejected"]) == (2, 2)
    provider.shutdown()


PARENT = SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(1))
REMOTE = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1))
ERROR = Status(StatusCode.ERROR)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"parent": PARENT}, DeliveryClass.PROGRESS),
        ({"parent": PARENT, "attributes": {"gen_ai.usage.input_tokens": 1}}, DeliveryClass.USAGE),
        ({"parent": PARENT, "attributes": {"llm.token_count.total": 1}}, DeliveryClass.USAGE),
        ({"parent": PARENT, "attributes": {"gen_ai.usage.input_tokens": 1}, "status": ERROR}, DeliveryClass.ERROR),
        ({"parent": PARENT, "attributes": {"gen_ai.operation.name": "invoke_agent"}}, DeliveryClass.RUN_END),
        ({"parent": None}, DeliveryClass.RUN_END),
        ({"parent": REMOTE}, DeliveryClass.RUN_END),
    ],
)
def test_spans_are_classified_whoever_made_them(given, expected):
    span = ReadableSpan("s", **given)
    assert class_of_span(span, span.attributes) is expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, DeliveryClass.PROGRESS),
        ({"severity_number": SeverityNumber.ERROR}, DeliveryClass.ERROR),
        ({"event_name": "agent_otel.session.end"}, DeliveryClass.RUN_END),
        ({"event_name": "agent_otel.cost"}, DeliveryClass.USAGE),
        ({"event_name": "agent_otel.source.health"}, DeliveryClass.HEALTH),
        ({"attributes": {"error.type": "x"}}, DeliveryClass.ERROR),
    ],
)
def test_log_records_are_classified(given, expected):
    sink = Kept()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(TerminalPreservingLogProcessor(sink, limits=NEVER))
    provider.get_logger("x").emit(LogRecord(timestamp=1, **given))
    assert provider.force_flush()
    assert [item.delivery_class for item in sink.items] == [expected]
    provider.shutdown()


def test_log_records_reach_any_exporter():
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(TerminalPreservingLogProcessor(exporter, limits=NEVER))
    provider.get_logger("x").emit(LogRecord(body=f"got {SECRET}"))
    assert provider.force_flush()
    assert exporter.get_finished_logs()[0].log_record.body == "got [REDACTED:github_token]"
    provider.shutdown()
