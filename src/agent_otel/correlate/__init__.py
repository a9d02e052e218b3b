"""Joins starts and ends into operations, closes orphans, derives identities. Pure state: no I/O, no own clock."""

from agent_otel.correlate.correlator import NO_SURROUNDINGS, Correlated, Correlator
from agent_otel.correlate.identity import (
    derive_key,
    derive_span_id,
    derive_trace_id,
    valid_span_id,
    valid_trace_id,
)
from agent_otel.correlate.limits import CorrelationLimits
from agent_otel.correlate.operation import (
    Mark,
    Occurrence,
    Operation,
    OperationKind,
    OrphanReason,
    RunOpened,
    SpanIdentity,
    SpanRef,
    Surroundings,
)
from agent_otel.correlate.windows import RecentKeys, Window
from agent_otel.correlate.work import Output

__all__ = [
    "NO_SURROUNDINGS",
    "Correlated",
    "CorrelationLimits",
    "Correlator",
    "Mark",
    "Occurrence",
    "Operation",
    "OperationKind",
    "OrphanReason",
    "Output",
    "RecentKeys",
    "RunOpened",
    "SpanIdentity",
    "SpanRef",
    "Surroundings",
    "Window",
    "derive_key",
    "derive_span_id",
    "derive_trace_id",
    "valid_span_id",
    "valid_trace_id",
]
