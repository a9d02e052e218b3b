"""The model's context: how full it is, and what is taken out of it."""

# No postponed annotations: the codecs are made from them.
from typing import Annotated

from attrs import field, frozen

from agent_otel.sources.bamboo.agent_events.base import AgentEvent, event_variant
from agent_otel.sources.bamboo.members import U32, U64, MemberCodec, OptionalText, Percent, Text, default
from agent_otel.sources.bamboo.results import TokenBudgetUsage
from agent_otel.sources.fields import TEXT, nested

__all__: list[str] = []


@event_variant("token_budget_updated")
@frozen(kw_only=True)
class _TokenBudgetUpdated(AgentEvent):
    """A prompt was prepared."""

    usage: Annotated[TokenBudgetUsage, nested(MemberCodec(TokenBudgetUsage))]


@event_variant("context_compression_status")
@frozen(kw_only=True)
class _ContextCompressionStatus(AgentEvent):
    """A compression has ``started``, ``completed``, ``failed`` or was ``skipped``."""

    phase: Text = field(repr=False)
    status: Text = field(repr=False)


@event_variant("context_summarized")
@frozen(kw_only=True)
class _ContextSummarized(AgentEvent):
    """Old messages were replaced by a summary. The oldest builds tell the first three members only."""

    summary: Text = field(repr=False)
    messages_summarized: U64
    tokens_saved: U32
    usage_before_percent: Percent = None
    usage_after_percent: Percent = None
    trigger_type: Annotated[str, default(TEXT, "")] = field(default="", repr=False)


@event_variant("context_archived")
@frozen(kw_only=True)
class _ContextArchived(AgentEvent):
    """Old messages were taken out of the window; structure only, no text."""

    archive_event_id: Text
    trigger_type: Text = field(repr=False)
    messages_archived: U64
    groups_archived: U64
    user_turns_archived: U64
    active_tokens_before: U32
    active_tokens_after: U32
    target_tokens: U32
    retained_recent_user_turns: U64
    oldest_retained_message_id: OptionalText = None
    oldest_retained_user_message_id: OptionalText = None
    model_context_epoch: U64
    reset_reason: Text = field(repr=False)


@event_variant("context_pressure_notification")
@frozen(kw_only=True)
class _ContextPressureNotification(AgentEvent):
    """The context is nearly full: ``warning`` or ``critical``."""

    percent: Percent = None
    level: Text = field(repr=False)
    message: Text = field(repr=False)
