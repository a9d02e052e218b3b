"""The OpenTelemetry processors through which everything leaves."""

from agent_otel.processors.lane import Lane, LogLane, SpanLane, run_bounded

__all__ = ["Lane", "LogLane", "SpanLane", "run_bounded"]
