"""Items, sinks and the books: how telemetry leaves the process."""

from agent_otel.delivery.books import SinkBooks
from agent_otel.delivery.item import Envelope, Item, Signal
from agent_otel.delivery.sink import FailureKind, Sink, SinkFailure, SinkSpec, SinkVerdict

__all__ = [
    "Envelope",
    "FailureKind",
    "Item",
    "Signal",
    "Sink",
    "SinkBooks",
    "SinkFailure",
    "SinkSpec",
    "SinkVerdict",
]
