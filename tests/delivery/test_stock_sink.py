from __future__ import annotations

import io
import json
import os
import threading

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_value
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
import pytest

from agent_otel.delivery import FailureKind, SinkSpec
from agent_otel.delivery.stock_sink import StockLogSink, StockSpanSink
from delivery.otlp_samples import SPEC, bare, encode_span, item, items, log_items, logs, rich_spans, span, with_raw


class Failing(SpanExporter):
    def __init__(self, outcome):
        self.outcome = outcome

    def export(self, spans):
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome

    def shutdown(self):
        raise RuntimeError("will not")


def test_spans_are_handed_over_as_they_were():
    exporter = InMemorySpanExporter()
    sink = StockSpanSink(SPEC, exporter)
    ended = [one for one in rich_spans() if one.end_time]
    verdict = sink.export([item(encode_span(one)) for one in ended], None)
    assert (verdict.settled, verdict.refused, verdict.failure) == (len(ended), (), None)
    assert [one.to_json() for one in exporter.get_finished_spans()] == [one.to_json() for one in ended]
    sink.shutdown()


def test_log_records_are_handed_over_as_they_were():
    exporter = InMemoryLogRecordExporter()
    sink = StockLogSink(SPEC, exporter)
    assert sink.export(log_items(), None).settled == 4
    found = exporter.get_finished_logs()
    assert [one.log_record.event_name for one in found] == ["e", None, None, None]
    assert [one.resource.attributes["service.name"] for one in found] == ["agent"] * 4
    assert [one.log_record.severity_text for one in found] == [one.log_record.severity_text for one in logs()]
    sink.shutdown()


def test_the_console_exporter_writes_them():
    written = io.StringIO()
    sink = StockSpanSink(SPEC, ConsoleSpanExporter(out=written))
    assert sink.export(items("a"), None).settled == 1
    assert json.loads(written.getvalue())["name"] == "a"
    sink.shutdown()


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (SpanExportResult.FAILURE, "export failed"),
        ("SUCCESS", "export failed"),
        (ConnectionError("hunter2"), "ConnectionError"),
        (SystemExit("hunter2"), "SystemExit"),
    ],
)
def test_every_failure_is_trouble_and_keeps_the_items(outcome, reason):
    sink = StockSpanSink(SPEC, Failing(outcome))
    verdict = sink.export(items("a", "b"), None)
    assert (verdict.settled, verdict.refused) == (0, ())
    assert (verdict.failure.kind, verdict.failure.reason) == (FailureKind.TROUBLE, reason)
    sink.shutdown()


def test_an_exporter_that_returns_nothing_has_taken_all():
    sink = StockSpanSink(SPEC, Failing(None))
    verdict = sink.export(items("a", "b"), None)
    assert (verdict.settled, verdict.refused, verdict.failure) == (2, (), None)
    sink.shutdown()


def test_failing_log_exporters_are_the_same():
    class FailingLogs:
        def export(self, batch):
            return LogRecordExportResult.FAILURE

    verdict = StockLogSink(SPEC, FailingLogs()).export(log_items(), None)
    assert (verdict.settled, verdict.failure.reason) == (0, "export failed")


def test_what_cannot_be_handed_over_is_refused_and_the_rest_goes():
    exporter = InMemorySpanExporter()
    sink = StockSpanSink(SPEC, exporter)
    made = [bare(b"\xff"), *items("a"), *log_items()[:1], *items("b")]
    verdict = sink.export(made, None)
    assert (verdict.settled, verdict.refused) == (4, ((0, "DecodeError"), (2, "wrong signal")))
    assert [one.name for one in exporter.get_finished_spans()] == ["a", "b"]
    sink.shutdown()


def test_of_a_batch_that_fails_only_the_refused_at_its_head_are_settled():
    made = [bare(b"\xff"), *items("a"), bare(b"\xff"), *items("b")]
    verdict = StockSpanSink(SPEC, Failing(SpanExportResult.FAILURE)).export(made, None)
    assert (verdict.settled, verdict.refused) == (1, ((0, "DecodeError"),))
    verdict = StockSpanSink(SPEC, Failing(SpanExportResult.FAILURE)).export([bare(b"\xff")], None)
    assert (verdict.settled, verdict.refused, verdict.failure) == (1, ((0, "DecodeError"),), None)


@pytest.mark.parametrize(("mode", "arrives"), [("raw_content", "as it was"), ("redacted_summary", "scrubbed")])
def test_raw_forms_go_only_where_raw_content_may(mode, arrives):
    exporter = InMemorySpanExporter()
    sink = StockSpanSink(SinkSpec(sink_id="s", content_mode=mode), exporter)
    sink.export([with_raw(item(encode_span(span("scrubbed"))), encode_span(span("as it was"))[1])], None)
    assert [one.name for one in exporter.get_finished_spans()] == [arrives]
    sink.shutdown()


def test_an_exporter_that_hangs_is_waited_for_no_longer_than_the_timeout():
    hangs, handed_over = threading.Event(), []

    class Hanging(Failing):
        def export(self, spans):
            handed_over.append(len(spans))
            hangs.wait(60)
            return SpanExportResult.SUCCESS

        def shutdown(self):
            pass

    sink = StockSpanSink(SPEC, Hanging(None), timeout_s=0.05)
    verdict = sink.export(items("a"), None)
    assert (verdict.settled, verdict.failure.kind, verdict.failure.reason) == (0, FailureKind.TROUBLE, "timeout")
    assert sink.export(items("a", "b"), None).failure.reason == "timeout"
    assert handed_over == [1]  # nothing is begun while it hangs
    hangs.set()
    sink._timeout_s = 10.0
    assert sink.export(items("a"), None).settled == 1
    assert handed_over == [1, 1]
    sink.shutdown()
    assert sink.export(items("a"), None).failure.reason == "shut down"


def test_what_an_exporter_sends_is_not_traced():
    seen = []

    class Watching(Failing):
        def export(self, spans):
            seen.append(get_value(_SUPPRESS_INSTRUMENTATION_KEY))
            return SpanExportResult.SUCCESS

    StockSpanSink(SPEC, Watching(None)).export(items("a"), None)
    assert seen == [True]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_exports():
    sink, made = StockSpanSink(SPEC, InMemorySpanExporter()), items("a")
    sink.export(made, None)
    child = os.fork()
    if child == 0:
        os._exit(sink.export(made, None).settled)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    sink.shutdown()
