"""What the event bus hands to a subscriber: frames around events, and the notice of what it left out (rule R65)."""

from __future__ import annotations

from attrs import field, frozen

from agent_otel.model.agent_sdk.cursors import ArchiveCursor, EventCursor
from agent_otel.model.agent_sdk.event import AgentEvent
from agent_otel.model.agent_sdk.words import Word, known_word, redacted
from agent_otel.model.lossless import LosslessRecord

__all__ = ["EventFrame", "EventOverflowNotice", "EventOverflowReason", "SubscriberOverflowPolicy"]


class SubscriberOverflowPolicy(Word):
    """What the bus does when a subscriber's queue is full (rule R62): not what telemetry fan-out does."""

    DropNonTerminal = "drop_non_terminal"
    DropProgress = "drop_progress"
    SummarizeAndContinue = "summarize_and_continue"
    BackpressureCaller = "backpressure_caller"
    FailSubscriber = "fail_subscriber"


class EventOverflowReason(Word):
    """Why a subscriber did not get events."""

    SubscriberQueueFull = "subscriber_queue_full"
    SubscriberLagged = "subscriber_lagged"
    LiveBufferExpired = "live_buffer_expired"
    PolicyDroppedProgress = "policy_dropped_progress"
    PolicyDroppedNonTerminal = "policy_dropped_non_terminal"


@frozen(kw_only=True)
class EventOverflowNotice(LosslessRecord):
    """That many events were left out before the frame that carries this, from ``gap_start`` to ``gap_end``.

    Args:
        repair_from: Place in the journal from which the gap can be filled.
        terminal_preserved: Whether no event that ends something was among them.
    """

    policy: SubscriberOverflowPolicy | str = field(repr=known_word)
    dropped_count: int
    gap_start: EventCursor | None = None
    gap_end: EventCursor
    repair_from: str | None = field(default=None, repr=redacted)
    terminal_preserved: bool
    reason: EventOverflowReason | str = field(repr=known_word)


@frozen(kw_only=True)
class EventFrame(LosslessRecord):
    """An event with its place in the stream."""

    event: AgentEvent
    cursor: EventCursor
    archive_cursor: ArchiveCursor | None = None
    overflow: EventOverflowNotice | None = None
