"""Tasks, goals and plans to the model's events: marks on the run, one function per variant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from agent_otel.model import AgentEvent, Fact
from agent_otel.sources.bamboo.agent_events import AgentEvent as BambooEvent
from agent_otel.sources.bamboo.place import Place, identifier, number, word_of, wrote

__all__ = ["PROGRESS"]


def _task_list_updated(event: Any, place: Place) -> AgentEvent:
    items = event.task_list.get("items") if isinstance(event.task_list, dict) else None
    told: dict[str, Any] = {"task.version": number(event.version)}
    if isinstance(items, list):
        done = [item for item in items if isinstance(item, dict) and item.get("status") == "completed"]
        told |= {"task.items": len(items), "task.completed": len(done)}
    return place.mark("task", state="updated", lineage=told)


def _task_list_item_progress(event: Any, place: Place) -> AgentEvent:
    told = {
        "task.item.id": event.item_id,
        "task.tool_calls": number(event.tool_calls_count),
        "task.version": number(event.version),
    }
    return place.mark("task", state=word_of(event.status), lineage=told)


def _task_list_completed(event: Any, place: Place) -> AgentEvent:
    told = {
        "task.rounds": event.total_rounds,
        "task.tool_calls": number(event.total_tool_calls),
        "task.version": number(event.version),
        "task.completed_at": event.completed_at.text,
    }
    return place.mark("task", state="completed", lineage=told)


def _task_evaluation_started(event: Any, place: Place) -> AgentEvent:
    told = {"evaluation.of": "tasks", "task.items": number(event.items_count)}
    return place.mark("evaluation", state="started", lineage={**told, "task.version": number(event.generation)})


def _task_evaluation_completed(event: Any, place: Place) -> AgentEvent:
    told = {"evaluation.of": "tasks", "task.updates": number(event.updates_count)}
    told["task.version"] = number(event.generation)
    return place.mark("evaluation", state="completed", lineage=told, contents=wrote(event.reasoning))


def _task_evaluation_cancelled(event: Any, place: Place) -> AgentEvent:
    told = {"evaluation.of": "tasks", "evaluation.reason": word_of(event.reason)}
    return place.mark("evaluation", state="cancelled", lineage={**told, "task.version": number(event.generation)})


def _gold_evaluation_started(event: Any, place: Place) -> AgentEvent:
    told = {"evaluation.of": "goal", "evaluation.checkpoint": word_of(event.checkpoint)}
    return place.mark("evaluation", state="started", lineage={**told, "evaluation.iteration": event.iteration})


def _gold_evaluation_completed(event: Any, place: Place) -> AgentEvent:
    told = {
        "evaluation.of": "goal",
        "evaluation.checkpoint": word_of(event.checkpoint),
        "evaluation.iteration": event.iteration,
        "evaluation.confidence": word_of(event.confidence),
    }
    facts = {Fact.DECISION: word_of(event.decision)}
    return place.mark("evaluation", state="completed", facts=facts, lineage=told, contents=wrote(event.reasoning))


def _gold_evaluation_cancelled(event: Any, place: Place) -> AgentEvent:
    told = {"evaluation.of": "goal", "evaluation.reason": word_of(event.reason)}
    return place.mark("evaluation", state="cancelled", lineage=told)


def _goal_status_changed(event: Any, place: Place) -> AgentEvent:
    status = event.goal_state.get("status") if isinstance(event.goal_state, dict) else None
    return place.mark("goal", state=word_of(status if isinstance(status, str) else None) or "changed")


def _plan_mode_entered(event: Any, place: Place) -> AgentEvent:
    told = {
        "plan.status": word_of(event.status),
        "plan.permission_mode": identifier(event.pre_permission_mode),
        "plan.entered_at": event.entered_at.text,
    }
    return place.mark("plan", state="entered", lineage=told, contents=wrote(event.reason))


def _plan_mode_exited(event: Any, place: Place) -> AgentEvent:
    facts = {Fact.DECISION: "approved" if event.approved else "denied"}
    told = {"plan.permission_mode": identifier(event.restored_mode)}
    return place.mark("plan", state="exited", facts=facts, lineage=told, contents=wrote(event.plan))


def _plan_file_updated(event: Any, place: Place) -> AgentEvent:
    told = {"plan.status": word_of(event.status)}
    return place.mark("plan", state="updated", lineage=told, contents=wrote(event.content_summary))


PROGRESS: Final[dict[type[BambooEvent], Callable[[Any, Place], AgentEvent]]] = {
    BambooEvent.TaskListUpdated: _task_list_updated,
    BambooEvent.TaskListItemProgress: _task_list_item_progress,
    BambooEvent.TaskListCompleted: _task_list_completed,
    BambooEvent.TaskEvaluationStarted: _task_evaluation_started,
    BambooEvent.TaskEvaluationCompleted: _task_evaluation_completed,
    BambooEvent.TaskEvaluationCancelled: _task_evaluation_cancelled,
    BambooEvent.GoldEvaluationStarted: _gold_evaluation_started,
    BambooEvent.GoldEvaluationCompleted: _gold_evaluation_completed,
    BambooEvent.GoldEvaluationCancelled: _gold_evaluation_cancelled,
    BambooEvent.GoalStatusChanged: _goal_status_changed,
    BambooEvent.PlanModeEntered: _plan_mode_entered,
    BambooEvent.PlanModeExited: _plan_mode_exited,
    BambooEvent.PlanFileUpdated: _plan_file_updated,
}
