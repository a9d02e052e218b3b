"""``Item``: what delivery queues hold. Encoded once; queue, spool, retry and split all work on the bytes."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import Final, Literal

from attrs import evolve, field, frozen

from agent_otel.model import Cursor, DeliveryClass

__all__ = ["Envelope", "Item", "Signal"]

Signal = Literal["traces", "logs"]
_HEADER_BYTES: Final = 256  # what an item takes in memory beside its payload


@frozen(slots=False)
class Envelope:
    """What items of one resource and scope share: the messages that stand around them in a request.

    Attributes:
        signal: Whether the items are spans or log records.
        resource: OTLP ``Resource``, encoded.
        resource_schema_url: Of the resource.
        scope: OTLP ``InstrumentationScope``, encoded.
        scope_schema_url: Of the scope.
    """

    signal: Signal
    resource: bytes = field(repr=False)
    resource_schema_url: str = ""
    scope: bytes = field(default=b"", repr=False)
    scope_schema_url: str = ""

    @cached_property
    def digest(self) -> str:
        """What tells envelopes apart that are stored."""
        texts = (self.signal, self.resource_schema_url, self.scope_schema_url)
        parts = (*(text.encode() for text in texts), self.resource, self.scope)
        return sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()[:32]


@frozen(kw_only=True)
class Item:
    """One encoded span or log record with the header that delivery decides by.

    Args:
        payload: OTLP ``Span`` or ``LogRecord``, encoded, already filtered by the sink's policy.
        envelope: What stands around it in a request.
        trace_id: Trace id; 0 for a log record without one.
        span_id: Span id; 0 for a log record without one.
        run_id: Run id of the source, or the trace id in hex.
        delivery_class: Rank and whether it is terminal-preserved.
        source_cursor: Place of the record whose reading completed it, for replay.
        content_mode: The capture mode under which the payload was made.
        raw_payload: The same with raw content, present only where every gate passed (R51).
        enqueued_ns: When it was handed over, Unix time in nanoseconds; 0 if nobody needs to know.
        kind: What it is, in one word, for those who are told that it was lost: ``tool``, ``model``, ``span``, ``log``.
        identity: 64-bit identity by which a reading remembers that it was delivered; None if nobody does.
    """

    payload: bytes = field(repr=False)
    envelope: Envelope = Envelope("traces", b"")
    trace_id: int
    span_id: int
    run_id: str
    delivery_class: DeliveryClass
    source_cursor: Cursor | None = None
    content_mode: str = "off"
    raw_payload: bytes | None = field(default=None, repr=False)
    enqueued_ns: int = 0
    kind: str = field(default="span", eq=False)  # not stored
    identity: int | None = field(default=None, eq=False)  # not stored

    @property
    def size(self) -> int:
        """Bytes that it takes in a queue."""
        return len(self.payload) + len(self.raw_payload or b"") + _HEADER_BYTES

    def is_terminal_preserved(self) -> bool:
        """Whether it must survive backpressure (R26 to R30)."""
        return self.delivery_class.is_terminal_preserved

    @property
    def has_raw_content(self) -> bool:
        """Whether it holds raw content (R37)."""
        return self.raw_payload is not None

    def without_raw_content(self) -> Item:
        """Give the item without its raw form; mode ``raw_content`` becomes ``redacted_summary`` (R37)."""
        if self.raw_payload is None:
            return self
        mode = "redacted_summary" if self.content_mode == "raw_content" else self.content_mode
        return evolve(self, raw_payload=None, content_mode=mode)
