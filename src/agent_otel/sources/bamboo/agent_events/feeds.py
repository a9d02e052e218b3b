"""Where Bamboo sends its agent events besides the live stream: the account's journal, and subscribers who come late."""

from __future__ import annotations

from typing import Final

__all__ = ["DURABLE", "REPLAYABLE"]

DURABLE: Final = frozenset(
    {
        "budget_exceeded",
        "cancelled",
        "child_approval_changed",
        "complete",
        "config.changed",
        "config.invalid",
        "config.recovered",
        "error",
        "execution_started",
        "gold_evaluation_cancelled",
        "message_appended",
        "need_clarification",
        "plan_file_updated",
        "plan_mode_entered",
        "plan_mode_exited",
        "project_archived",
        "project_created",
        "project_updated",
        "session_cleared",
        "session_created",
        "session_deleted",
        "session_history_committed",
        "session_pinned_updated",
        "session_project_updated",
        "session_title_updated",
        "sub_agent_completed",
        "sub_agent_started",
        "task_evaluation_cancelled",
        "task_evaluation_completed",
        "task_list_completed",
        "task_list_item_progress",
        "task_list_updated",
        "tool_approval_requested",
        "workflow_activated",
        "workflow_changed",
        "workflow_deactivated",
        "workflow_invalid",
        "workflow_recovered",
    }
)
REPLAYABLE: Final = frozenset(
    {
        "bash_completed",
        "budget_exceeded",
        "child_approval_changed",
        "child_approval_requested",
        "need_clarification",
        "plan_mode_entered",
        "plan_mode_exited",
        "session_pinned_updated",
        "session_title_updated",
        "sub_agent_completed",
        "sub_agent_started",
        "task_list_completed",
        "task_list_updated",
        "workflow_activated",
        "workflow_deactivated",
    }
)
