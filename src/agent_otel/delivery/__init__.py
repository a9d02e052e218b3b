"""Items, sinks, the fan-out between them, and the books: how telemetry leaves the process."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from agent_otel.delivery.fanout import TelemetryFanout
from agent_otel.delivery.fanout_additions import FanoutAdditions
from agent_otel.delivery.fanout_reports import (
    Eviction,
    FanoutCounts,
    FanoutRecord,
    LiveReport,
    LossReason,
    SettleReport,
)
from agent_otel.delivery.item import Envelope, Item, Signal
from agent_otel.delivery.sink import FailureKind, Sink, SinkFailure, SinkSpec, SinkVerdict

if TYPE_CHECKING:
    from agent_otel.delivery.file_sink import FileSink
    from agent_otel.delivery.otlp.grpc import OtlpGrpcSink
    from agent_otel.delivery.otlp.http import OtlpHttpSink
    from agent_otel.delivery.stock_sink import StockLogSink, StockSpanSink

__all__ = [
    "Envelope",
    "Eviction",
    "FailureKind",
    "FanoutAdditions",
    "FanoutCounts",
    "FanoutRecord",
    "FileSink",
    "Item",
    "LiveReport",
    "LossReason",
    "OtlpGrpcSink",
    "OtlpHttpSink",
    "SettleReport",
    "Signal",
    "Sink",
    "SinkFailure",
    "SinkSpec",
    "SinkVerdict",
    "StockLogSink",
    "StockSpanSink",
    "TelemetryFanout",
]

# Imported when they are asked for: gRPC and requests are heavy, and few processes need both.
_LAZY: Final = {
    "FileSink": "file_sink",
    "OtlpGrpcSink": "otlp.grpc",
    "OtlpHttpSink": "otlp.http",
    "StockLogSink": "stock_sink",
    "StockSpanSink": "stock_sink",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
