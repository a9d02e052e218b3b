"""Joins starts and ends into operations, closes orphans, derives identities. Pure state, no I/O, no clock of its own."""

from agent_otel.correlate.operation import (
    Mark,
    Occurrence,
    Operation,
    OperationKind,
    OrphanReason,
    RunOpened,
    SpanIdentity,
    SpanRef,
)

__all__ = [
    "Mark",
    "Occurrence",
    "Operation",
    "OperationKind",
    "OrphanReason",
    "RunOpened",
    "SpanIdentity",
    "SpanRef",
]
