"""Items, sinks and the books: how telemetry leaves the process."""

from agent_otel.delivery.books import SinkBooks
from agent_otel.delivery.item import Item
from agent_otel.delivery.sink import Sink, SinkSpec, SinkVerdict

__all__ = ["Item", "Sink", "SinkBooks", "SinkSpec", "SinkVerdict"]
