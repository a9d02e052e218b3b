"""``Operation`` in, ``SpanData``, ``MetricPoint`` and ``LogData`` out. Pure."""

from agent_otel.project.measurements import Measurements
from agent_otel.project.records import record_of
from agent_otel.project.spans import span_of
from agent_otel.project.telemetry import LogData, MetricPoint, SpanData, SpanEvent, SpanKind

__all__ = ["LogData", "Measurements", "MetricPoint", "SpanData", "SpanEvent", "SpanKind", "record_of", "span_of"]
