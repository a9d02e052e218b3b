"""Runs: their start, the text that streams, their guard rails, and the three ways in which they end."""

# No postponed annotations: the codecs are made from them.
from typing import Annotated

from attrs import field, frozen

from agent_otel.sources.bamboo.agent_events.base import AgentEvent, event_variant
from agent_otel.sources.bamboo.codec import TOKEN_USAGE
from agent_otel.sources.bamboo.members import U32, U64, OptionalText, Text
from agent_otel.sources.bamboo.types import TokenUsage
from agent_otel.sources.fields import nested, optional

__all__: list[str] = []


@event_variant("execution_started")
@frozen(kw_only=True)
class _ExecutionStarted(AgentEvent):
    """A run begins; ``started_at`` is RFC 3339."""

    run_id: Text
    session_id: Text
    started_at: Text = field(repr=False)


@event_variant("token")
@frozen(kw_only=True)
class _Token(AgentEvent):
    """A piece of the answer."""

    content: Text = field(repr=False)


@event_variant("reasoning_token")
@frozen(kw_only=True)
class _ReasoningToken(AgentEvent):
    """A piece of what the model thinks."""

    content: Text = field(repr=False)


@event_variant("runner_progress")
@frozen(kw_only=True)
class _RunnerProgress(AgentEvent):
    """A turn of the loop begins."""

    session_id: Text
    round_count: U32


@event_variant("permission_posture_activated")
@frozen(kw_only=True)
class _PermissionPostureActivated(AgentEvent):
    """What a worker may do without asking."""

    session_id: Text
    policy_revision: U64
    requested_mode: Text = field(repr=False)
    effective_mode: Text = field(repr=False)
    executor_mapping: Text = field(repr=False)


@event_variant("budget_exceeded")
@frozen(kw_only=True)
class _BudgetExceeded(AgentEvent):
    """A limit on tokens, tool calls or sub-agents stops the run; ``Complete`` follows."""

    session_id: Text
    kind: Text = field(repr=False)
    limit: U64
    actual: U64


@event_variant("complete")
@frozen(kw_only=True)
class _Complete(AgentEvent):
    """The run has ended well."""

    usage: Annotated[TokenUsage | None, optional(nested(TOKEN_USAGE))] = None


@event_variant("cancelled")
@frozen(kw_only=True)
class _Cancelled(AgentEvent):
    """The run was cancelled."""

    message: OptionalText = field(default=None, repr=False)


@event_variant("error")
@frozen(kw_only=True)
class _Error(AgentEvent):
    """The run has failed."""

    message: Text = field(repr=False)
