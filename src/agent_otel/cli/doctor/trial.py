"""The test telemetry: one span, one log record and one metric point, with the resource that an agent here would have.

They are sampled whatever ``OTEL_TRACES_SAMPLER`` says, and hold no content.
"""

from __future__ import annotations

from collections.abc import Mapping
import time
from typing import Any, Final

from attrs import evolve, frozen
from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricsData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan, format_trace_id, set_span_in_context

from agent_otel._version import __version__
from agent_otel.conventions import SCHEMA_URL, names
from agent_otel.delivery import Item
from agent_otel.delivery.otlp import encode_log, encode_span
from agent_otel.model import DeliveryClass
from agent_otel.policy import ContentPolicy, SinkPolicy
from agent_otel.processors.content.records import LogGuard
from agent_otel.processors.content.spans import SpanGuard
from agent_otel.setup import Settings, build_telemetry

__all__ = ["TRIAL_NAME", "Trial", "make_trial"]

TRIAL_NAME: Final = "agent_otel.doctor"  # of the span, of the log record's event and of the metric


@frozen(kw_only=True, eq=False)
class Trial:
    """The test telemetry before any policy.

    Args:
        span: Ended, the root of a trace of its own.
        record: A log record in that span.
        metrics: One point of a counter.
    """

    span: ReadableSpan
    record: ReadWriteLogRecord
    metrics: MetricsData

    @property
    def trace_id(self) -> str:
        """Trace id, 32 hex digits: what to look for in the backend."""
        return format_trace_id(_ids(self.span)[0])

    def span_item(self, policy: ContentPolicy, sink: SinkPolicy) -> Item:
        """Give the span as delivery gets it from an agent: filtered for a sink, and encoded."""
        return _item(encode_span(SpanGuard(policy, sink).filtered(self.span)), self.span)

    def log_item(self, policy: ContentPolicy, sink: SinkPolicy) -> Item:
        """Give the log record in the same way."""
        return _item(encode_log(LogGuard(policy, sink).filtered(self.record)), self.span)


def make_trial(environ: Mapping[str, str], settings: Settings) -> Trial:
    """Make the test telemetry.

    Args:
        environ: Environment variables.
        settings: Our own settings.

    Raises:
        SettingsError: If a variable has a value that cannot be used: an agent would end there too.
    """
    telemetry = build_telemetry(environ, evolve(settings, spool=None), send=False)
    try:
        resource = telemetry.tracer_provider.resource if telemetry.tracer_provider else Resource.create()
        span = _span(resource)
        return Trial(span=span, record=_record(resource, span), metrics=_metrics(resource))
    finally:
        telemetry.shutdown(time.monotonic())


class _Last(SpanProcessor, LogRecordProcessor):
    """Keeps what it was given last."""

    kept: Any = None

    def on_end(self, span: ReadableSpan) -> None:
        """Keep a span."""
        self.kept = span

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Keep a log record."""
        self.kept = log_record

    def shutdown(self) -> None:
        """Do nothing."""

    def force_flush(self, timeout_millis: int = 0) -> bool:  # noqa: ARG002  the processors' signature
        """Do nothing."""
        return True


def _span(resource: Resource) -> ReadableSpan:
    last = _Last()
    provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(last)
    provider.get_tracer(names.SCOPE_NAME, __version__, SCHEMA_URL).start_span(TRIAL_NAME, Context()).end()
    span: ReadableSpan = last.kept
    return span


def _record(resource: Resource, span: ReadableSpan) -> ReadWriteLogRecord:
    last = _Last()
    provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_log_record_processor(last)
    provider.get_logger(names.SCOPE_NAME, __version__, SCHEMA_URL).emit(
        timestamp=time.time_ns(),
        context=set_span_in_context(NonRecordingSpan(span.get_span_context() or INVALID_SPAN_CONTEXT), Context()),
        severity_number=SeverityNumber.INFO,
        severity_text=SeverityNumber.INFO.name,
        event_name=TRIAL_NAME,
    )
    record: ReadWriteLogRecord = last.kept
    return record


def _metrics(resource: Resource) -> MetricsData:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    meter = provider.get_meter(names.SCOPE_NAME, __version__, SCHEMA_URL)
    meter.create_counter(TRIAL_NAME, "{check}", "Checks by agent-otel doctor.").add(1)
    data = reader.get_metrics_data()
    provider.shutdown()
    return data if data is not None else MetricsData([])


def _item(encoded: tuple[Any, bytes], span: ReadableSpan) -> Item:
    envelope, payload = encoded
    trace_id, span_id = _ids(span)
    return Item(
        payload=payload,
        envelope=envelope,
        trace_id=trace_id,
        span_id=span_id,
        run_id=format_trace_id(trace_id),
        delivery_class=DeliveryClass.PROGRESS,
        enqueued_ns=time.time_ns(),
    )


def _ids(span: ReadableSpan) -> tuple[int, int]:
    context = span.get_span_context() or INVALID_SPAN_CONTEXT
    return context.trace_id, context.span_id
