"""``Sink``: the one method through which everything leaves, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from attrs import field, frozen

from agent_otel.delivery.item import Item
from agent_otel.model import Cursor

__all__ = ["FailureKind", "Sink", "SinkFailure", "SinkSpec", "SinkVerdict"]


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


class FailureKind(Enum):
    """Why a sink did not take what it was given, as far as it matters for what to do next.

    Attributes:
        NOT_NOW: It asks for patience (429, 502, 503, 504, a lost connection): try again, with growing delays.
        TROUBLE: It is broken or refuses us as such (500, 401, a redirect, TLS, DNS): the data is not judged. Keep it,
            and find out by one small request now and then.
    """

    NOT_NOW = "not_now"
    TROUBLE = "trouble"


@frozen(kw_only=True)
class SinkFailure:
    """That a sink did not take the head of what it was given.

    Args:
        kind: What to do next.
        reason: Short and free of content: a status, the class of an exception.
        retry_after_s: Seconds to wait before the next try, if the sink said so.
    """

    kind: FailureKind
    reason: str
    retry_after_s: float | None = None


@frozen(kw_only=True)
class SinkVerdict:
    """What a sink made of a batch.

    Args:
        settled: How many items of the head are done with: taken, or refused for good.
        refused: Position in the batch and reason of those among them that it refuses for good.
        failure: Why the rest was not taken; None if nothing is left.
        partial_count: How many of those that it took it dropped without saying which (OTLP partial success).
        partial_message: What it said of those.
    """

    settled: int
    refused: tuple[tuple[int, str], ...] = ()
    failure: SinkFailure | None = None
    partial_count: int = 0
    partial_message: str = field(default="", repr=False)


class Sink(Protocol):
    """A destination."""

    spec: SinkSpec

    def export(self, items: Sequence[Item], cursor: Cursor | None) -> SinkVerdict:
        """Send a batch. Blocks for at most the sink's timeout; never raises."""

    def shutdown(self) -> None:
        """Close connections; a request that is under way ends soon."""
