"""Tasks, goals and plans: what the agent says about its own progress."""

# No postponed annotations: the codecs are made from them.
from typing import Annotated

from attrs import field, frozen

from agent_otel.model.variants import known_word
from agent_otel.sources.bamboo.agent_events.base import AgentEvent, event_variant
from agent_otel.sources.bamboo.members import U32, U64, Flag, Json, OptionalText, OptionalU64, Text, Time
from agent_otel.sources.bamboo.words import (
    GoldCheckpoint,
    GoldConfidence,
    GoldDecision,
    PlanModeStatus,
    TaskItemStatus,
)
from agent_otel.sources.fields import ANY, optional, word

__all__: list[str] = []

_Checkpoint = Annotated[GoldCheckpoint | str, word(GoldCheckpoint)]
_PlanStatus = Annotated[PlanModeStatus | str, word(PlanModeStatus)]


@event_variant("task_list_updated")
@frozen(kw_only=True)
class _TaskListUpdated(AgentEvent):
    """The task list was written; it stays as it is, an object with ``session_id`` and ``items``."""

    task_list: Json = field(default=None, repr=False)
    version: OptionalU64 = None

    @property
    def session_id(self) -> str | None:
        """The session of the list."""
        session = self.task_list.get("session_id") if isinstance(self.task_list, dict) else None
        return session if isinstance(session, str) else None


@event_variant("task_list_item_progress")
@frozen(kw_only=True)
class _TaskListItemProgress(AgentEvent):
    """A task of the list has moved."""

    session_id: Text
    item_id: Text
    status: Annotated[TaskItemStatus | str, word(TaskItemStatus)] = field(repr=known_word)
    tool_calls_count: U64
    version: U64
    item: Annotated[object, optional(ANY, skip_empty=True)] = field(default=None, repr=False)


@event_variant("task_list_completed")
@frozen(kw_only=True)
class _TaskListCompleted(AgentEvent):
    """All tasks are done."""

    session_id: Text
    completed_at: Time
    total_rounds: U32
    total_tool_calls: U64
    version: OptionalU64 = None


@event_variant("task_evaluation_started")
@frozen(kw_only=True)
class _TaskEvaluationStarted(AgentEvent):
    """The tasks are being judged."""

    session_id: Text
    items_count: U64
    generation: OptionalU64 = None


@event_variant("task_evaluation_completed")
@frozen(kw_only=True)
class _TaskEvaluationCompleted(AgentEvent):
    """The tasks were judged."""

    session_id: Text
    updates_count: U64
    reasoning: Text = field(repr=False)
    generation: OptionalU64 = None


@event_variant("task_evaluation_cancelled")
@frozen(kw_only=True)
class _TaskEvaluationCancelled(AgentEvent):
    """The judgement was stopped with its run."""

    session_id: Text
    reason: Text = field(repr=False)
    generation: OptionalU64 = None


@event_variant("gold_evaluation_started")
@frozen(kw_only=True)
class _GoldEvaluationStarted(AgentEvent):
    """The goal is being judged."""

    session_id: Text
    checkpoint: _Checkpoint = field(repr=known_word)
    iteration: U32


@event_variant("gold_evaluation_completed")
@frozen(kw_only=True)
class _GoldEvaluationCompleted(AgentEvent):
    """The goal was judged."""

    session_id: Text
    checkpoint: _Checkpoint = field(repr=known_word)
    iteration: U32
    decision: Annotated[GoldDecision | str, word(GoldDecision)] = field(repr=known_word)
    confidence: Annotated[GoldConfidence | str, word(GoldConfidence)] = field(repr=known_word)
    reasoning: Text = field(repr=False)


@event_variant("gold_evaluation_cancelled")
@frozen(kw_only=True)
class _GoldEvaluationCancelled(AgentEvent):
    """The judgement was stopped with its run."""

    session_id: Text
    reason: Text = field(repr=False)


@event_variant("goal_status_changed")
@frozen(kw_only=True)
class _GoalStatusChanged(AgentEvent):
    """The goal stands differently; ``goal_state`` stays as it is."""

    session_id: Text
    goal_state: Json = field(default=None, repr=False)


@event_variant("plan_mode_entered")
@frozen(kw_only=True)
class _PlanModeEntered(AgentEvent):
    """The agent plans before it acts."""

    session_id: Text
    reason: OptionalText = field(default=None, repr=False)
    pre_permission_mode: Text = field(repr=False)
    entered_at: Time
    status: _PlanStatus = field(repr=known_word)
    plan_file_path: OptionalText = field(default=None, repr=False)


@event_variant("plan_mode_exited")
@frozen(kw_only=True)
class _PlanModeExited(AgentEvent):
    """The plan was approved or not."""

    session_id: Text
    approved: Flag
    restored_mode: Text = field(repr=False)
    plan: OptionalText = field(default=None, repr=False)


@event_variant("plan_file_updated")
@frozen(kw_only=True)
class _PlanFileUpdated(AgentEvent):
    """The plan was written down."""

    session_id: Text
    file_path: Text = field(repr=False)
    content_summary: Text = field(repr=False)
    status: Annotated[PlanModeStatus | str | None, optional(word(PlanModeStatus), skip_empty=True)] = field(
        default=None, repr=known_word
    )
