"""``Held``: what the fan-out asks of what it holds. The contract's projections and the live items both answer."""

from __future__ import annotations

from typing import Protocol, TypeVar

from agent_otel.model import Cursor, DeliveryClass
from agent_otel.model.agent_sdk.telemetry_cursors import TelemetrySourceCursor
from agent_otel.model.agent_sdk.telemetry_kinds import TelemetryContentCaptureMode

__all__ = ["H", "Held", "contract_cursor", "within_boundary"]


class Held(Protocol):
    """Something that waits for a sink: a ``TelemetryProjection`` or an ``Item``."""

    @property
    def run_id(self) -> str:
        """The run that it belongs to (R33)."""

    @property
    def delivery_class(self) -> DeliveryClass:
        """Its rank, and by it whether it is terminal-preserved (R26 to R30)."""

    @property
    def source_cursor(self) -> TelemetrySourceCursor | Cursor | None:
        """Its place in the source, where a repair has to begin if it is lost (R29, R43)."""

    @property
    def content_mode(self) -> str:
        """The capture mode under which it was made (R37)."""

    @property
    def has_raw_content(self) -> bool:
        """Whether it holds raw content (R37)."""

    @property
    def size(self) -> int:
        """Bytes that it takes in a queue."""

    def without_raw_content(self: H) -> H:
        """Give it without its raw content (R37)."""


H = TypeVar("H", bound=Held)


def within_boundary(held: H, sink_mode: str) -> H:
    """Give the copy that a sink may see: raw content only where sink and copy are both of the raw mode (R37)."""
    if not held.has_raw_content:
        return held
    raw = TelemetryContentCaptureMode.RawContent
    return held if sink_mode == raw == held.content_mode else held.without_raw_content()


def contract_cursor(cursor: TelemetrySourceCursor | Cursor | None) -> TelemetrySourceCursor | None:
    """Give a place in the source in the contract's words: a place in an input is one in an archive (R49)."""
    if isinstance(cursor, Cursor):
        return TelemetrySourceCursor.Archive(f"{cursor.stream}#{cursor.ordinal}")
    return cursor
