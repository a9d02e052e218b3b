"""Values for the tests of the fan-out: the same facts as a projection of the contract and as a live item."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from agent_otel.delivery import Item
from agent_otel.model import Cursor, DeliveryClass
from agent_otel.model import agent_sdk as sdk
from sources.agent_sdk_contract import projection

KIND = sdk.TelemetryProjectionKind
KINDS = {
    DeliveryClass.RUN_END: KIND.RunTerminal,
    DeliveryClass.USAGE: KIND.Usage,
    DeliveryClass.HEALTH: KIND.SinkHealth,
    DeliveryClass.PROGRESS: KIND.Progress,
}
OVERFLOW = sdk.TelemetryOverflowPolicy


def journal(name: str) -> sdk.TelemetrySourceCursor:
    return sdk.TelemetrySourceCursor.Journal(f"journal.{name}")


def held(name: str, kind: sdk.TelemetryProjectionKind | str = KIND.Progress, **changes: Any) -> sdk.TelemetryProjection:
    """Make a projection named ``name``, from the journal's place of that name."""
    source = evolve(projection().source_record, source_cursor=journal(name))
    return projection(**{"projection_id": name, "projection_kind": kind, "source_record": source, **changes})


def item(name: int, delivery_class: DeliveryClass = DeliveryClass.PROGRESS, size: int = 0, **changes: Any) -> Item:
    values: dict[str, Any] = {
        "payload": b"x" * size,
        "trace_id": 1,
        "span_id": name,
        "run_id": "run",
        "delivery_class": delivery_class,
        "source_cursor": Cursor("stream", name),
    }
    return Item(**{**values, **changes})


def config(capacity: int = 2, reserve: int = 1, overflow: Any = OVERFLOW.DropNonTerminalProgress) -> Any:
    return evolve(
        sdk.TelemetryFanoutConfig.tiny_for_tests(),
        queue_capacity=capacity,
        terminal_reserve=reserve,
        overflow=overflow,
    )


def accept(told: sdk.TelemetryProjection, cursor: sdk.TelemetryExportCursor) -> sdk.TelemetrySinkAck:
    """Take an export as a well sink does."""
    return sdk.TelemetrySinkAck.accepted(cursor.acknowledged(told.source_cursor))
