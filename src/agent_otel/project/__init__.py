"""``Operation`` in, ``SpanData``, ``MetricPoint`` and ``LogData`` out. Pure."""

from agent_otel.project.telemetry import LogData, MetricPoint, SpanData, SpanEvent, SpanKind

__all__ = ["LogData", "MetricPoint", "SpanData", "SpanEvent", "SpanKind"]
