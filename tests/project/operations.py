"""Builders for project tests: operations and occurrences with as little as they need."""

from __future__ import annotations

from typing import Any

from agent_otel.correlate import Occurrence, Operation, OperationKind, SpanIdentity
from agent_otel.model import NO_IDS, NO_NAMES, AgentEvent, EventKind, Origin, Phase
from agent_otel.project import SpanData
from agent_otel.testing import ReceivedSpan

ORIGIN = Origin("sample-source")
T0 = 1_700_000_000_000_000_000
IDENTITY = SpanIdentity(0xABC, 0xDEF, 0x123)


def operation(kind: OperationKind, **more: Any) -> Operation:
    given = {"identity": IDENTITY, "origin": ORIGIN, "start_ns": T0, "end_ns": T0 + 2_500_000_000}
    return Operation(kind=kind, **{**given, "ids": NO_IDS, "names": NO_NAMES, **more})


def occurrence(kind: EventKind, phase: Phase = Phase.POINT, *, span: Any = None, **more: Any) -> Occurrence:
    return Occurrence(event=AgentEvent(kind=kind, phase=phase, origin=ORIGIN, time_ns=T0, **more), key=1, span=span)


def as_received(data: SpanData) -> ReceivedSpan:
    """Stand in for what a backend would get of this span, so that the conformance rules can judge it."""
    return ReceivedSpan(
        name=data.name,
        kind=data.kind.value,
        trace_id=f"{data.identity.trace_id:032x}",
        span_id=f"{data.identity.span_id:016x}",
        parent_span_id="",
        start_ns=data.start_ns,
        end_ns=data.end_ns,
        status_code="error" if data.is_error else "unset",
        status_message="",
        attributes=data.attributes,
        events=(),
        links=(),
        resource={},
        scope="",
        raw=b"",
    )
