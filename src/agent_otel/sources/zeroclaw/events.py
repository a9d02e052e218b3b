"""ZeroClaw's ``ObserverEvent`` as it names it: what its agent runtime says about agents, models, tools and itself.

Its old shape has sixteen variants, its present one twenty-one and more fields; both are read by these models, so what
only one of them has is optional. Variants are attributes of their enum, as in the source system:
``ObserverEvent.ToolCall(tool="shell", duration=Duration.from_millis(42), success=True)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import field, frozen

from agent_otel.model import LosslessRecord
from agent_otel.model.variants import variant_of
from agent_otel.sources.codec import UnitRecord
from agent_otel.sources.zeroclaw.duration import Duration
from agent_otel.sources.zeroclaw.types import LlmMessageSnapshot, TurnTokenUsage

__all__ = ["ObserverEvent", "SpelledEvent"]


@frozen(kw_only=True)
class ObserverEvent(LosslessRecord):
    """One thing that the runtime says."""

    AgentStart: ClassVar[type[_AgentStart]]
    LlmRequest: ClassVar[type[_LlmRequest]]
    LlmResponse: ClassVar[type[_LlmResponse]]
    AgentEnd: ClassVar[type[_AgentEnd]]
    ToolCallStart: ClassVar[type[_ToolCallStart]]
    ToolCall: ClassVar[type[_ToolCall]]
    MemoryRecall: ClassVar[type[_MemoryRecall]]
    MemoryStore: ClassVar[type[_MemoryStore]]
    MemoryAudit: ClassVar[type[_MemoryAudit]]
    RagRetrieve: ClassVar[type[_RagRetrieve]]
    TurnComplete: ClassVar[type[_TurnComplete]]
    ChannelMessage: ClassVar[type[_ChannelMessage]]
    HeartbeatTick: ClassVar[type[_HeartbeatTick]]
    CacheHit: ClassVar[type[_CacheHit]]
    CacheMiss: ClassVar[type[_CacheMiss]]
    Error: ClassVar[type[_Error]]
    DeploymentStarted: ClassVar[type[_DeploymentStarted]]
    DeploymentCompleted: ClassVar[type[_DeploymentCompleted]]
    DeploymentFailed: ClassVar[type[_DeploymentFailed]]
    RecoveryCompleted: ClassVar[type[_RecoveryCompleted]]
    HistoryTrimmed: ClassVar[type[_HistoryTrimmed]]


@frozen(kw_only=True)
class SpelledEvent(ObserverEvent):
    """What has members that producers name differently.

    Args:
        spelling: Members that were read under another name than theirs: ``provider`` for ``model_provider``, as before
            version 0.8, and ``duration_ms`` for ``duration``. They are written under that name.
    """

    spelling: Mapping[str, str] = field(factory=dict, repr=False, eq=False)


@frozen(kw_only=True)
class _InTurn(SpelledEvent):
    """What belongs to a turn, where the source says so."""

    channel: str | None = None
    agent_alias: str | None = None
    turn_id: str | None = None
    conversation_id: str | None = None


@frozen(kw_only=True)
class _OfModel(_InTurn):
    """What names a model and its provider."""

    model_provider: str | None = None
    model: str | None = None


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _AgentStart(_OfModel):
    """A turn of an agent begins."""


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _AgentEnd(_OfModel):
    """A turn ends, also after an error; it does not say which.

    Args:
        duration: Its length.
        tokens_used: A total in old versions, two counts in new ones (rule R20).
        cost_usd: What it cost, in dollars.
    """

    duration: Duration | None = None
    tokens_used: TurnTokenUsage | int | None = None
    cost_usd: float | None = None


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _LlmRequest(_OfModel):
    """A model is about to be called."""

    messages_count: int | None = None
    parent_agent_alias: str | None = None


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _LlmResponse(_OfModel):
    """A model call has ended."""

    success: bool
    duration: Duration | None = None
    error_message: str | None = field(default=None, repr=False)
    input_tokens: int | None = None
    output_tokens: int | None = None
    messages: LlmMessageSnapshot | None = None
    parent_agent_alias: str | None = None


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _ToolCallStart(_InTurn):
    """A tool is about to run; the arguments are JSON text, or a JSON value, and not scrubbed."""

    tool: str
    tool_call_id: str | None = None
    arguments: Any = field(default=None, repr=False)
    parent_agent_alias: str | None = None


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _ToolCall(_InTurn):
    """A tool call has ended; where it failed, the result is the reason."""

    tool: str
    success: bool
    tool_call_id: str | None = None
    duration: Duration | None = None
    arguments: Any = field(default=None, repr=False)
    result: Any = field(default=None, repr=False)
    parent_agent_alias: str | None = None


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _MemoryRecall(_InTurn):
    """The memory was searched."""

    success: bool
    query_summary: str | None = field(default=None, repr=False)
    duration: Duration | None = None
    num_entries: int | None = None
    backend: str | None = None


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _MemoryStore(_InTurn):
    """Something was put into the memory."""

    success: bool
    category: str | None = None
    backend: str | None = None
    duration: Duration | None = None


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _MemoryAudit(SpelledEvent):
    """The audit trail of the memory has noted an operation."""

    action: str
    success: bool
    backend: str | None = None
    duration: Duration | None = None


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _RagRetrieve(_InTurn):
    """The index of hardware data sheets was searched; that cannot fail."""

    query_summary: str | None = field(default=None, repr=False)
    duration: Duration | None = None
    num_chunks: int | None = None
    num_boards: int | None = None


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _TurnComplete(UnitRecord, ObserverEvent):
    """A final answer was given; it does not say in which turn (rule R25)."""


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _ChannelMessage(ObserverEvent):
    """A message went through a channel, ``inbound`` or ``outbound``."""

    channel: str
    direction: str


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _HeartbeatTick(UnitRecord, ObserverEvent):
    """The runtime is alive."""


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _CacheHit(ObserverEvent):
    """An answer came from the cache."""

    cache_type: str
    tokens_saved: int | None = None


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _CacheMiss(ObserverEvent):
    """An answer was not in the cache."""

    cache_type: str


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _Error(ObserverEvent):
    """A component failed."""

    component: str = field(repr=False)
    message: str = field(repr=False)


@frozen(kw_only=True)
class _Deployment(ObserverEvent):
    """What belongs to a deployment."""

    deploy_id: str


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _DeploymentStarted(_Deployment):
    """A deployment begins."""


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _DeploymentCompleted(_Deployment):
    """A deployment has succeeded."""

    commit_sha: str


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _DeploymentFailed(_Deployment):
    """A deployment has failed."""

    reason: str = field(repr=False)


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _RecoveryCompleted(_Deployment):
    """A failed deployment is recovered from."""


@variant_of(ObserverEvent)
@frozen(kw_only=True)
class _HistoryTrimmed(_InTurn):
    """The oldest turns were cut from the history; the reason is a sentence in the user's language."""

    dropped_messages: int
    kept_turns: int
    reason: str | None = field(default=None, repr=False)
