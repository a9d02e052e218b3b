"""Spans and log records with everything in them, items made of them, and stock exporters to make sinks from."""

from __future__ import annotations

from attrs import evolve
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from agent_otel.delivery import Envelope, Item, SinkSpec
from agent_otel.delivery.otlp import encode_log, encode_span
from agent_otel.model import DeliveryClass
from testing.exporting import make_exporter

SPEC = SinkSpec(sink_id="s", content_mode="redacted_summary")
RESOURCE = Resource({"service.name": "agent", "host.cores": 2}, "https://example.com/resource")
TEXT = {"n": 1, "list": ["a", "b"], "deep": {"x": [1, 2.5, None, b"\0\xff"], "y": {"z": True}}, "empty": ""}


def span(name="a", **attributes):
    return spans(name, **attributes)[0]


def spans(*names, resource=RESOURCE, **attributes):
    tracer = TracerProvider(resource=resource, shutdown_on_exit=False).get_tracer(
        "scope", "1.2", "https://example.com/scope"
    )
    made = [tracer.start_span(name, attributes=attributes) for name in names]
    for one in made:
        one.end()
    return made


def rich_spans():
    """Give spans with events, links, dropped counts, nested attributes, parents and states, of two scopes."""
    limits = SpanLimits(max_span_attributes=6, max_events=2, max_links=2, max_event_attributes=1, max_link_attributes=1)
    provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False, span_limits=limits)
    tracer = provider.get_tracer("one", "1", "https://example.com/one", {"scope.attribute": (1, 2)})
    elsewhere = SpanContext(3, 4, is_remote=True, trace_flags=TraceFlags(1))
    remote = TraceContextTextMapPropagator().extract(
        {"traceparent": f"00-{7:032x}-{8:016x}-01", "tracestate": "vendor=x,other=y"}
    )
    made = tracer.start_span(
        "rich",
        context=remote,
        kind=SpanKind.CLIENT,
        attributes={**TEXT, **{f"k{i}": i for i in range(5)}},
        links=[Link(elsewhere), Link(elsewhere, {"a": 1, "b": 2}), Link(elsewhere, {"c": [True]})],
    )
    for number in range(4):
        made.add_event(f"event {number}", {"first": number, "second": [1.5]}, timestamp=number + 1)
    made.set_status(Status(StatusCode.ERROR, "it broke"))
    child = provider.get_tracer("two").start_span("child", context=set_span_in_context(made))
    child.end(9)
    made.end(10)
    other = spans("other", resource=Resource({}))[0]
    return [made, child, other, tracer.start_span("unended start", start_time=5)]


class _Keeping(LogRecordProcessor):
    def __init__(self):
        self.records = []

    def on_emit(self, log_record):
        self.records.append(
            ReadableLogRecord(log_record.log_record, log_record.resource, log_record.instrumentation_scope)
        )

    def shutdown(self):
        pass

    def force_flush(self, timeout_millis=0):
        return True


def logs():
    """Give log records with bodies of all kinds, with a span and without."""
    provider = LoggerProvider(resource=RESOURCE, shutdown_on_exit=False)
    keeping = _Keeping()
    provider.add_log_record_processor(keeping)
    logger = provider.get_logger("scope", "1", "https://example.com/scope")
    within = set_span_in_context(span())
    logger.emit(timestamp=1, observed_timestamp=2, context=within, body="text", event_name="e", attributes=TEXT)
    logger.emit(timestamp=1, body=TEXT, severity_text="WARN")
    logger.emit(observed_timestamp=3, body=None)
    provider.get_logger("two").emit(timestamp=1, body=b"\0", attributes={"a": 1})
    return keeping.records


def item(encoded, trace_id=1, **known):
    envelope, payload = encoded
    return Item(
        payload=payload,
        envelope=envelope,
        trace_id=trace_id,
        span_id=2,
        run_id="r",
        delivery_class=DeliveryClass.PROGRESS,
        **known,
    )


def items(*names, **attributes):
    return [item(encode_span(one)) for one in spans(*names, **attributes)]


def log_items():
    return [item(encode_log(record)) for record in logs()]


def bare(payload=b"", envelope=None):
    """Give an item of any bytes."""
    return item((envelope or Envelope("traces", b""), payload))


def with_raw(one, payload):
    return evolve(one, raw_payload=payload, content_mode="raw_content")


__all__ = ["RESOURCE", "SPEC", "make_exporter"]
