"""``AgentEvent``: what Bamboo streams to its clients while an agent runs, under the names that Bamboo gives it.

Variants are attributes, as in the source system: ``AgentEvent.ToolStart(tool_call_id="c-1", tool_name="Read",
arguments={})``. Each room of variants is a module of its own; their members tell how they are read (``members``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, TypeVar

from attrs import frozen

from agent_otel.model import LosslessRecord
from agent_otel.model.variants import variant_of
from agent_otel.sources.bamboo.agent_events.feeds import DURABLE, REPLAYABLE

if TYPE_CHECKING:
    from agent_otel.sources.bamboo.agent_events import catalog, children, context, planning, runs, sessions, tools

__all__ = ["TAGS", "VARIANTS", "AgentEvent", "event_variant"]

V = TypeVar("V", bound="AgentEvent")


@frozen(kw_only=True)
class AgentEvent(LosslessRecord):
    """One event of the stream."""

    Token: ClassVar[type[runs._Token]]
    ReasoningToken: ClassVar[type[runs._ReasoningToken]]
    ToolToken: ClassVar[type[tools._ToolToken]]
    ToolStart: ClassVar[type[tools._ToolStart]]
    ToolComplete: ClassVar[type[tools._ToolComplete]]
    ToolError: ClassVar[type[tools._ToolError]]
    ToolLifecycle: ClassVar[type[tools._ToolLifecycle]]
    HookLifecycle: ClassVar[type[tools._HookLifecycle]]
    NeedClarification: ClassVar[type[tools._NeedClarification]]
    TaskListUpdated: ClassVar[type[planning._TaskListUpdated]]
    TaskListItemProgress: ClassVar[type[planning._TaskListItemProgress]]
    TaskListCompleted: ClassVar[type[planning._TaskListCompleted]]
    TaskEvaluationStarted: ClassVar[type[planning._TaskEvaluationStarted]]
    TaskEvaluationCompleted: ClassVar[type[planning._TaskEvaluationCompleted]]
    TaskEvaluationCancelled: ClassVar[type[planning._TaskEvaluationCancelled]]
    GoldEvaluationStarted: ClassVar[type[planning._GoldEvaluationStarted]]
    GoldEvaluationCompleted: ClassVar[type[planning._GoldEvaluationCompleted]]
    GoldEvaluationCancelled: ClassVar[type[planning._GoldEvaluationCancelled]]
    GoalStatusChanged: ClassVar[type[planning._GoalStatusChanged]]
    TokenBudgetUpdated: ClassVar[type[context._TokenBudgetUpdated]]
    ContextCompressionStatus: ClassVar[type[context._ContextCompressionStatus]]
    ContextSummarized: ClassVar[type[context._ContextSummarized]]
    ContextArchived: ClassVar[type[context._ContextArchived]]
    ContextPressureNotification: ClassVar[type[context._ContextPressureNotification]]
    SubAgentStarted: ClassVar[type[children._SubAgentStarted]]
    SubAgentEvent: ClassVar[type[children._SubAgentEvent]]
    SubAgentHeartbeat: ClassVar[type[children._SubAgentHeartbeat]]
    SubAgentCompleted: ClassVar[type[children._SubAgentCompleted]]
    BashCompleted: ClassVar[type[tools._BashCompleted]]
    PlanModeEntered: ClassVar[type[planning._PlanModeEntered]]
    PlanModeExited: ClassVar[type[planning._PlanModeExited]]
    PlanFileUpdated: ClassVar[type[planning._PlanFileUpdated]]
    RunnerProgress: ClassVar[type[runs._RunnerProgress]]
    PermissionPostureActivated: ClassVar[type[runs._PermissionPostureActivated]]
    SessionTitleUpdated: ClassVar[type[sessions._SessionTitleUpdated]]
    SessionPinnedUpdated: ClassVar[type[sessions._SessionPinnedUpdated]]
    SessionCreated: ClassVar[type[sessions._SessionCreated]]
    SessionDeleted: ClassVar[type[sessions._SessionDeleted]]
    SessionCleared: ClassVar[type[sessions._SessionCleared]]
    MessageAppended: ClassVar[type[sessions._MessageAppended]]
    SessionHistoryCommitted: ClassVar[type[sessions._SessionHistoryCommitted]]
    ExecutionStarted: ClassVar[type[runs._ExecutionStarted]]
    ToolApprovalRequested: ClassVar[type[tools._ToolApprovalRequested]]
    ChildApprovalRequested: ClassVar[type[children._ChildApprovalRequested]]
    ChildApprovalChanged: ClassVar[type[children._ChildApprovalChanged]]
    BudgetExceeded: ClassVar[type[runs._BudgetExceeded]]
    Complete: ClassVar[type[runs._Complete]]
    Cancelled: ClassVar[type[runs._Cancelled]]
    Error: ClassVar[type[runs._Error]]
    WorkflowChanged: ClassVar[type[catalog._WorkflowChanged]]
    WorkflowInvalid: ClassVar[type[catalog._WorkflowInvalid]]
    WorkflowRecovered: ClassVar[type[catalog._WorkflowRecovered]]
    ProjectCreated: ClassVar[type[catalog._ProjectCreated]]
    ProjectUpdated: ClassVar[type[catalog._ProjectUpdated]]
    ProjectArchived: ClassVar[type[catalog._ProjectArchived]]
    SessionProjectUpdated: ClassVar[type[sessions._SessionProjectUpdated]]
    ConfigChanged: ClassVar[type[catalog._ConfigChanged]]
    ConfigInvalid: ClassVar[type[catalog._ConfigInvalid]]
    ConfigRecovered: ClassVar[type[catalog._ConfigRecovered]]
    WorkflowActivated: ClassVar[type[catalog._WorkflowActivated]]
    WorkflowDeactivated: ClassVar[type[catalog._WorkflowDeactivated]]
    Notification: ClassVar[type[catalog._Notification]]

    @property
    def session_id(self) -> str | None:
        """The session that it pertains to, where it says so: for a sub-agent's, the session that started it."""
        return None

    def is_replayable_session_state(self) -> bool:
        """Whether Bamboo tells it again to a subscriber who comes late."""
        return TAGS.get(type(self)) in REPLAYABLE

    def is_durable_change(self) -> bool:
        """Whether Bamboo writes it into the account's journal; tokens and tool calls are not in there."""
        return TAGS.get(type(self)) in DURABLE


VARIANTS: dict[str, type[AgentEvent]] = {}
TAGS: dict[type[AgentEvent], str] = {}


def event_variant(tag: str) -> Callable[[type[V]], type[V]]:
    """Make a variant an attribute of ``AgentEvent``, written with this tag."""

    def enter(variant: type[V]) -> type[V]:
        VARIANTS[tag], TAGS[variant] = variant, tag
        return variant_of(AgentEvent)(variant)

    return enter
