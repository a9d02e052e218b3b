"""What projection gives: span data, metric points and log data in the terms of OpenTelemetry, without its types."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from attrs import field, frozen

from agent_otel.correlate import SpanIdentity, SpanRef
from agent_otel.model import Content, ContentKind, DeliveryClass

__all__ = ["LogData", "MetricPoint", "SpanData", "SpanEvent", "SpanKind"]

Attributes = Mapping[str, Any]


class SpanKind(Enum):
    """The span kinds that agent telemetry uses."""

    INTERNAL = "internal"
    CLIENT = "client"


@frozen
class SpanEvent:
    """A point in time inside a span; its content, too, waits for the policy."""

    name: str
    time_ns: int
    attributes: Attributes = field(factory=dict)
    contents: Mapping[ContentKind, Content] = field(factory=dict)


@frozen(kw_only=True)
class SpanData:
    """A complete span, its content kept beside its attributes until the policy has spoken.

    Args:
        name: Span name.
        kind: Span kind.
        identity: Ids and place in the trace.
        start_ns: Unix time in nanoseconds.
        end_ns: Unix time in nanoseconds.
        is_error: Whether the status is ERROR; otherwise it is left UNSET, never OK.
        attributes: Attributes without content, the essential ones last (a full span evicts its oldest).
        contents: Content by surface.
        events: Span events.
        delivery_class: How much its loss would hurt.
        namespace: Prefix of the attributes that are the source's own.
        conversation: Conversation id, for those who route by it.
        run: Run id of the source.
        tool: Tool name, for policies per tool.
        context: The caller's OpenTelemetry context, opaque here.
        additions: What user code added to the current span, opaque here.
    """

    name: str
    kind: SpanKind
    identity: SpanIdentity
    start_ns: int
    end_ns: int
    is_error: bool = False
    attributes: Attributes
    contents: Mapping[ContentKind, Content] = field(factory=dict)
    events: tuple[SpanEvent, ...] = ()
    delivery_class: DeliveryClass = DeliveryClass.PROGRESS
    namespace: str = "agent_otel"
    conversation: str | None = None
    run: str | None = None
    tool: str | None = None
    context: Any = field(default=None, repr=False)
    additions: Any = field(default=None, repr=False)


@frozen
class MetricPoint:
    """One measurement.

    Args:
        instrument: Name of the instrument in ``conventions.INSTRUMENTS``.
        value: In the instrument's unit.
        attributes: From bounded sets only; no ids, no free text.
        span: The span whose exemplar this becomes, if any.
    """

    instrument: str
    value: float
    attributes: Attributes
    span: SpanRef | None = None


@frozen(kw_only=True)
class LogData:
    """One log record.

    Args:
        event_name: From ``conventions``.
        time_ns: Unix time in nanoseconds.
        severity: OpenTelemetry severity number, 9 INFO, 13 WARN, 17 ERROR.
        attributes: Attributes without content.
        contents: Content by surface.
        namespace: Prefix of the attributes that are the source's own.
        run: Run id of the source.
        span: The span in whose context it stands, if known.
        delivery_class: How much its loss would hurt.
    """

    event_name: str
    time_ns: int
    severity: int = 9
    attributes: Attributes
    contents: Mapping[ContentKind, Content] = field(factory=dict)
    namespace: str = "agent_otel"
    run: str | None = None
    span: SpanRef | None = None
    delivery_class: DeliveryClass = DeliveryClass.PROGRESS
