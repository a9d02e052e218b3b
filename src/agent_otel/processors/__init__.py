"""The OpenTelemetry processors through which everything leaves."""

from agent_otel.processors.aside import Aside
from agent_otel.processors.forking import in_forked_child
from agent_otel.processors.lane import Lane, LogLane, SpanLane

__all__ = ["Aside", "Lane", "LogLane", "SpanLane", "in_forked_child"]
