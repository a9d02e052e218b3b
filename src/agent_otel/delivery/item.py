"""``Item``: what delivery queues hold. Encoded once; queue, spool, retry and split all work on the bytes."""

from __future__ import annotations

from attrs import evolve, field, frozen

from agent_otel.model import Cursor, DeliveryClass

__all__ = ["Item"]


@frozen(kw_only=True)
class Item:
    """One encoded span or log record with the header that delivery decides by.

    Args:
        payload: OTLP protobuf bytes, already filtered by the sink's policy.
        trace_id: Trace id.
        span_id: Span id; 0 for a log record without one.
        run_id: Run id of the source, or the trace id in hex.
        delivery_class: Rank and whether it is terminal-preserved.
        source_cursor: Place in the source, for replay.
        content_mode: The capture mode under which the payload was made.
        raw_payload: Bytes with raw content, present only where every gate passed (R51).
    """

    payload: bytes = field(repr=False)
    trace_id: int
    span_id: int
    run_id: str
    delivery_class: DeliveryClass
    source_cursor: Cursor | None = None
    content_mode: str = "off"
    raw_payload: bytes | None = field(default=None, repr=False)

    @property
    def size(self) -> int:
        """Bytes that it takes in a queue."""
        return len(self.payload) + len(self.raw_payload or b"")

    @property
    def is_terminal_preserved(self) -> bool:
        """Whether it must survive backpressure (R26 to R30)."""
        return self.delivery_class.is_terminal_preserved

    def without_raw_content(self) -> Item:
        """Give the item without its raw form; mode ``raw_content`` becomes ``redacted_summary`` (R37)."""
        if self.raw_payload is None:
            return self
        mode = "redacted_summary" if self.content_mode == "raw_content" else self.content_mode
        return evolve(self, raw_payload=None, content_mode=mode)
