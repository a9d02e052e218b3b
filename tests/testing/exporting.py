"""Stock exporters of OpenTelemetry, and spans to send with them."""

from __future__ import annotations

from contextlib import contextmanager
import threading

from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult

PROTOCOLS = ("http", "grpc")
PATIENT, HASTY = 30.0, 0.7  # seconds that an exporter takes; a hasty one gives up instead of trying again after 0.8 s
_OVER_HTTP = {"traces": OTLPSpanExporter, "metrics": OTLPMetricExporter, "logs": OTLPLogExporter}
_OVER_GRPC = {"traces": GrpcSpanExporter, "metrics": GrpcMetricExporter, "logs": GrpcLogExporter}


def make_exporter(receiver, protocol, signal="traces", **options):
    if protocol == "http":
        return _OVER_HTTP[signal](endpoint=f"{receiver.http_endpoint}/v1/{signal}", **options)
    return _OVER_GRPC[signal](endpoint=receiver.grpc_endpoint, **options)


def finished_spans(*names):
    provider = TracerProvider(shutdown_on_exit=False)
    spans = [provider.get_tracer("s").start_span(name) for name in names]
    for span in spans:
        span.end()
    return spans


def export(receiver, protocol, *names, timeout=PATIENT, **options):
    """Send spans in one request, and give whether the exporter says that it did."""
    exporter = make_exporter(receiver, protocol, timeout=timeout, **options)
    try:
        return exporter.export(finished_spans(*(names or ("a",)))) is SpanExportResult.SUCCESS
    finally:
        exporter.shutdown()


@contextmanager
def exporting(receiver, protocol, *names, timeout=PATIENT):
    """Send spans on another thread; gives the list that will hold what ``export`` gives."""
    results = []
    thread = threading.Thread(
        target=lambda: results.append(export(receiver, protocol, *names, timeout=timeout)), daemon=True
    )
    thread.start()
    yield results
    thread.join(60)
    assert not thread.is_alive()


def send_metric(receiver, protocol):
    reader = PeriodicExportingMetricReader(make_exporter(receiver, protocol, "metrics"), 3_600_000)
    meters = MeterProvider([reader], shutdown_on_exit=False)
    meter = meters.get_meter("s")
    for name in ("one", "two"):
        meter.create_counter(name).add(1)
    meters.shutdown()


def send_logs(receiver, protocol):
    loggers = LoggerProvider(shutdown_on_exit=False)
    loggers.add_log_record_processor(BatchLogRecordProcessor(make_exporter(receiver, protocol, "logs")))
    for name in ("one", "two"):
        loggers.get_logger("s").emit(timestamp=1, event_name=name)
    loggers.shutdown()
