"""How a subscriber gets events: how much of each, and through a queue of what size (rule R62)."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import ge

from agent_otel.model.agent_sdk.event_bus import SubscriberOverflowPolicy
from agent_otel.model.agent_sdk.words import Word, known_word
from agent_otel.model.lossless import LosslessRecord

__all__ = ["PayloadAccessMode", "SubscriberQueueConfig", "SubscriptionOptions"]


class PayloadAccessMode(Word):
    """How much of an event a subscriber gets."""

    EnvelopeOnly = "envelope_only"
    RedactedSummary = "redacted_summary"
    PayloadRefs = "payload_refs"
    FullPayloadIfPolicyAllows = "full_payload_if_policy_allows"


@frozen(kw_only=True)
class SubscriberQueueConfig(LosslessRecord):
    """A subscriber's queue (rule R62).

    Args:
        capacity: Frames that it holds.
        terminal_reserve: Places in it that only ends may take.
        overflow: What becomes of events when it is full.

    Raises:
        ValueError: If a size is not at least 1.
    """

    capacity: int = field(default=64, validator=ge(1))
    terminal_reserve: int = field(default=1, validator=ge(1))
    overflow: SubscriberOverflowPolicy | str = field(default=SubscriberOverflowPolicy.DropNonTerminal, repr=known_word)

    @classmethod
    def default(cls) -> SubscriberQueueConfig:
        """Give a queue of 64 with one place for ends, which drops what ends nothing."""
        return cls()


@frozen(kw_only=True)
class SubscriptionOptions(LosslessRecord):
    """A subscriber's queue, and how much of an event it gets."""

    queue: SubscriberQueueConfig = SubscriberQueueConfig()
    payload_access: PayloadAccessMode | str = field(default=PayloadAccessMode.EnvelopeOnly, repr=known_word)

    @classmethod
    def default(cls) -> SubscriptionOptions:
        """Give the default queue, and envelopes only."""
        return cls()
