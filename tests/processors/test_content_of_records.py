"""The content policy in front of log processors and around exporters of log records and metrics."""

from __future__ import annotations

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider, TraceBasedExemplarFilter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExporter,
    MetricExportResult,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
import pytest

from agent_otel.model import CaptureMode, ContentKind
from agent_otel.policy import ContentPolicy, SinkPolicy
from agent_otel.policy.content_policy import every_kind
from agent_otel.processors.content import (
    ContentPolicyLogProcessor,
    GuardedLogExporter,
    GuardedMetricExporter,
)
from secrets_made_up import github_token

SECRET = github_token("logs")
TEXT = every_kind(CaptureMode.REDACTED_SUMMARY)


class Filtered:
    def __init__(self, policy=None, sink=None):
        self.exporter, self.raw = InMemoryLogRecordExporter(), InMemoryLogRecordExporter()
        provider = LoggerProvider(resource=Resource({"service.name": f"s {SECRET}"}), shutdown_on_exit=False)
        self.processor = ContentPolicyLogProcessor(SimpleLogRecordProcessor(self.exporter), policy, sink)
        provider.add_log_record_processor(self.processor)
        provider.add_log_record_processor(SimpleLogRecordProcessor(self.raw))
        self.logger = provider.get_logger("other.instrumentation")

    def emit(self, **given):
        self.logger.emit(LogRecord(timestamp=1, severity_number=SeverityNumber.INFO, **given))
        return self.told

    @property
    def told(self):
        return self.exporter.get_finished_logs()[-1]

    @property
    def given(self):
        return self.raw.get_finished_logs()[-1]


def plant(filtered):
    filtered.emit(
        body={"message": f"got {SECRET}", "deep": [{"token": SECRET}], "bytes": SECRET.encode()},
        attributes={"note": SECRET, "nested": {"password": "tiny"}, "list": ["a", SECRET], "exception.message": SECRET},
        event_name=f"event {SECRET}",
        severity_text=SECRET,
    )
    filtered.emit(body=f"plain {SECRET}", exception=ValueError(SECRET))
    filtered.emit(body={"content": SECRET}, event_name="gen_ai.user.message")
    filtered.emit(body=SECRET.encode())


@pytest.mark.parametrize("mode", list(CaptureMode))
def test_no_planted_secret_is_left_in_any_mode(mode):
    filtered = Filtered(ContentPolicy(event_modes=every_kind(mode)), SinkPolicy("sink", every_kind(mode)))
    plant(filtered)
    logs = filtered.exporter.get_finished_logs()
    assert len(logs) == 4
    for log in logs:
        shown = log.to_json() + repr(log.log_record.__dict__) + repr(log.resource.attributes)
        assert SECRET[4:] not in shown
        assert "tiny" not in shown
    assert SECRET in filtered.given.to_json() or filtered.given.log_record.body == SECRET.encode()
    assert filtered.processor.counts.stubs == 0


def test_values_keep_their_types():
    told = Filtered().emit(
        body={"n": 1, "note": SECRET}, attributes={"map": {"n": 1, "note": f"a {SECRET}"}, "bytes": b"\xff\x00 plain"}
    )
    assert told.log_record.body == {"n": 1, "note": "[REDACTED:github_token]"}
    assert told.log_record.attributes["map"] == {"n": 1, "note": "a [REDACTED:github_token]"}
    assert told.log_record.attributes["bytes"] == b"\xff\x00 plain"
    assert told.log_record.attributes["agent_otel.content.redacted"] == 2


def test_what_holds_no_secret_stays_the_same():
    filtered = Filtered()
    filtered.processor._guard._guard._resources = {}
    told = filtered.emit(body="plain", attributes={"note": "x"})
    assert (told.log_record.body, dict(told.log_record.attributes)) == ("plain", {"note": "x"})


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("gen_ai.user.message", ContentKind.INPUT_MESSAGES),
        ("gen_ai.system.message", ContentKind.SYSTEM_INSTRUCTIONS),
        ("gen_ai.assistant.message", ContentKind.OUTPUT_MESSAGES),
        ("gen_ai.choice", ContentKind.OUTPUT_MESSAGES),
        ("gen_ai.tool.message", ContentKind.TOOL_RESULT),
    ],
)
def test_messages_in_bodies_are_content(name, kind):
    off = ContentPolicy(event_modes={**TEXT, kind: CaptureMode.OFF})
    assert Filtered(off).emit(event_name=name, body={"content": "said", "role": "x"}).log_record.body == {"role": "x"}
    only = ContentPolicy(event_modes={**every_kind(CaptureMode.OFF), kind: CaptureMode.REDACTED_SUMMARY})
    told = Filtered(only).emit(event_name=name, body={"content": f"said {SECRET}", "role": "x"})
    assert told.log_record.body == {"content": "said [REDACTED:github_token]", "role": "x"}


def test_a_record_that_the_policy_fails_on_goes_out_as_a_stub():
    filtered = Filtered()
    filtered.processor._guard._guard._foreign.scrubber = None
    told = filtered.emit(body=SECRET, attributes={"note": SECRET}, event_name=SECRET)
    assert dict(told.log_record.attributes) == {"agent_otel.content.stub": True}
    assert SECRET not in told.to_json()
    assert told.log_record.timestamp == 1
    assert filtered.processor.counts.stubs == 1


def test_around_a_log_exporter_it_does_the_same():
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(GuardedLogExporter(exporter)))
    provider.get_logger("x").emit(LogRecord(body=f"got {SECRET}"))
    assert exporter.get_finished_logs()[0].log_record.body == "got [REDACTED:github_token]"


class Collected(MetricExporter):
    def __init__(self, **preferred):
        super().__init__(**preferred)
        self.data = []

    def export(self, metrics_data, timeout_millis=10_000, **kwargs):
        self.data.append(metrics_data)
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis=10_000):
        return True

    def shutdown(self, timeout_millis=30_000, **kwargs):
        pass


def metrics_told(policy=None, sink=None, break_it=False):
    exporter = Collected()
    guarded = GuardedMetricExporter(exporter, policy, sink)
    if break_it:
        guarded._guard._guard._foreign.scrubber = None
    reader = PeriodicExportingMetricReader(guarded, export_interval_millis=3_600_000)
    # Labels that a view leaves out stand on exemplars.
    views = [View(instrument_name="asked", attribute_keys={"kept"})]
    resource = Resource({"service.name": SECRET})
    provider = MeterProvider(
        [reader], resource, views=views, exemplar_filter=TraceBasedExemplarFilter(), shutdown_on_exit=False
    )
    meter = provider.get_meter(f"scope {SECRET}")
    with TracerProvider(shutdown_on_exit=False).get_tracer("x").start_as_current_span("s"):
        meter.create_counter("asked", description=f"why {SECRET}").add(1, {"kept": SECRET, "left": SECRET})
        meter.create_histogram("lasted").record(1.5, {"note": f"a {SECRET}", "n": 1})
        meter.create_gauge("now").set(2, {"password": "tiny"})
    assert reader.force_flush()
    provider.shutdown()
    return exporter.data[0], guarded


def test_labels_exemplars_scopes_and_resources_of_metrics():
    data, guarded = metrics_told()
    assert SECRET[4:] not in repr(data) + data.to_json()
    assert "tiny" not in data.to_json()
    metrics = {
        metric.name: metric for part in data.resource_metrics for s in part.scope_metrics for metric in s.metrics
    }
    assert metrics["asked"].data.data_points[0].value == 1
    assert metrics["asked"].data.data_points[0].exemplars[0].filtered_attributes == {"left": "[REDACTED:github_token]"}
    assert metrics["lasted"].data.data_points[0].attributes == {"note": "a [REDACTED:github_token]", "n": 1}
    assert guarded.counts.redacted > 0


def test_metrics_that_the_policy_fails_on_are_left_out_and_counted():
    data, guarded = metrics_told(break_it=True)
    assert data.resource_metrics == []
    assert guarded.counts.stubs > 0


def test_a_guarded_metric_exporter_keeps_what_readers_ask_it_for():
    aggregation = {Histogram: ExplicitBucketHistogramAggregation(boundaries=[1.0, 2.0])}
    exporter = Collected(
        preferred_temporality={Counter: AggregationTemporality.DELTA}, preferred_aggregation=aggregation
    )
    reader = PeriodicExportingMetricReader(GuardedMetricExporter(exporter), export_interval_millis=3_600_000)
    provider = MeterProvider([reader], shutdown_on_exit=False)
    provider.get_meter("x").create_counter("c").add(1)
    provider.get_meter("x").create_histogram("h").record(1.5)
    assert reader.force_flush()
    provider.shutdown()
    metrics = {m.name: m.data for p in exporter.data[0].resource_metrics for s in p.scope_metrics for m in s.metrics}
    assert metrics["c"].aggregation_temporality is AggregationTemporality.DELTA
    assert list(metrics["h"].data_points[0].explicit_bounds) == [1.0, 2.0]
