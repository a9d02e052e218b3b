"""Tool calls, hooks around them, and what waits for the user."""

# No postponed annotations: the codecs are made from them.
from typing import Annotated

from attrs import field, frozen

from agent_otel.model.variants import known_word
from agent_otel.sources.bamboo.agent_events.base import AgentEvent, event_variant
from agent_otel.sources.bamboo.members import (
    U64,
    DefaultFlag,
    Flag,
    Json,
    NullableTexts,
    OptionalI32,
    OptionalText,
    OptionalU64,
    Text,
)
from agent_otel.sources.bamboo.results import TOOL_RESULT, ToolResult
from agent_otel.sources.bamboo.words import AgentHookPoint, PendingQuestionSource
from agent_otel.sources.fields import nested, optional, word

__all__: list[str] = []


@event_variant("tool_start")
@frozen(kw_only=True)
class _ToolStart(AgentEvent):
    """A tool call begins."""

    tool_call_id: Text
    tool_name: Text
    arguments: Json = field(default=None, repr=False)


@event_variant("tool_token")
@frozen(kw_only=True)
class _ToolToken(AgentEvent):
    """A piece of a running tool's output."""

    tool_call_id: Text
    content: Text = field(repr=False)


@event_variant("tool_complete")
@frozen(kw_only=True)
class _ToolComplete(AgentEvent):
    """A tool call has given a result, which may be that it failed."""

    tool_call_id: Text
    result: Annotated[ToolResult, nested(TOOL_RESULT)]


@event_variant("tool_error")
@frozen(kw_only=True)
class _ToolError(AgentEvent):
    """A tool call has failed."""

    tool_call_id: Text
    error: Text = field(repr=False)


@event_variant("tool_lifecycle")
@frozen(kw_only=True)
class _ToolLifecycle(AgentEvent):
    """The same calls as their executor sees them: phases ``begin``, ``finished``, ``error``, ``cancelled``."""

    tool_call_id: Text
    tool_name: Text
    phase: Text = field(repr=False)
    elapsed_ms: OptionalU64 = None
    is_mutating: Flag
    auto_approved: Flag
    summary: OptionalText = field(default=None, repr=False)
    error: OptionalText = field(default=None, repr=False)


@event_variant("hook_lifecycle")
@frozen(kw_only=True)
class _HookLifecycle(AgentEvent):
    """A hook has run; ``decision`` is an object with a ``type`` of its own."""

    hook_name: Text = field(repr=False)
    point: Annotated[AgentHookPoint | str, word(AgentHookPoint)] = field(repr=known_word)
    phase: Text = field(repr=False)
    duration_ms: U64
    decision: Json = field(default=None, repr=False)


@event_variant("need_clarification")
@frozen(kw_only=True)
class _NeedClarification(AgentEvent):
    """The agent asks the user something."""

    question: Text = field(repr=False)
    options: NullableTexts = field(default=None, repr=False)
    tool_call_id: OptionalText = None
    tool_name: OptionalText = None
    allow_custom: DefaultFlag = True
    source: Annotated[PendingQuestionSource | str | None, optional(word(PendingQuestionSource), skip_empty=True)] = (
        field(default=None, repr=known_word)
    )


@event_variant("tool_approval_requested")
@frozen(kw_only=True)
class _ToolApprovalRequested(AgentEvent):
    """A tool call waits until the user allows it."""

    tool_call_id: Text
    tool_name: Text
    parameters: Json = field(default=None, repr=False)


@event_variant("bash_completed")
@frozen(kw_only=True)
class _BashCompleted(AgentEvent):
    """A command in the background has ended: ``completed``, ``killed`` or ``error``."""

    bash_id: Text
    command: Text = field(repr=False)
    exit_code: OptionalI32 = None
    status: Text = field(repr=False)
