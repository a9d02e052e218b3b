"""``Sink``: the one method through which everything leaves, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from attrs import field, frozen

from agent_otel.delivery.item import Item
from agent_otel.model import Cursor

__all__ = ["Sink", "SinkSpec", "SinkVerdict"]


@frozen(kw_only=True)
class SinkSpec:
    """A destination as delivery sees it.

    Args:
        sink_id: Unique name.
        kind: For example ``open_telemetry`` or ``durable_trace`` (agent-sdk-core's ``TelemetrySinkKind``).
        content_mode: The most that this sink may see.
        queue_capacity: Items.
        terminal_reserve: Items of the capacity that only terminal-preserved items may take.
        requires_idempotent_replay: Whether a repeated item is harmless only if the sink recognises it.
        endpoint_identity: What makes two sinks the same destination (scheme, host, path), without credentials.
    """

    sink_id: str
    kind: str = "open_telemetry"
    content_mode: str = "metadata_only"
    queue_capacity: int = 2048
    terminal_reserve: int = 512
    requires_idempotent_replay: bool = True
    endpoint_identity: str = ""


@frozen(kw_only=True)
class SinkVerdict:
    """What a sink made of a batch.

    Args:
        accepted: How many items of the head it took.
        retry_after_s: Seconds to wait before the rest is tried again, if it said so.
        rejected: Position in the batch and reason of items that it refuses for good.
        partial_count: How many it dropped without saying which (OTLP partial success).
        partial_message: What it said of those.
    """

    accepted: int
    retry_after_s: float | None = None
    rejected: tuple[tuple[int, str], ...] = ()
    partial_count: int = 0
    partial_message: str = field(default="", repr=False)


class Sink(Protocol):
    """A destination."""

    spec: SinkSpec

    def export(self, items: Sequence[Item], cursor: Cursor | None) -> SinkVerdict:
        """Send a batch. Blocks for at most the sink's timeout; never raises."""
