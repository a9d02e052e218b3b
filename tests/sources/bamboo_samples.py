"""One agent event of every variant, all made up, and builders for reading them."""

from __future__ import annotations

from typing import Any

from agent_otel.model import AgentEvent, Cursor
from agent_otel.sources import Context, Decoded, Decoder, Document
from agent_otel.sources.bamboo import BambooSource

TIME = "2031-02-03T04:05:06.700800900Z"
TIME_NS = 1_927_857_906_700_800_900
RECEIPT_NS = 1_999_999_999_000_000_001
SECOND = 1_000_000_000

BUDGET = {
    "system_tokens": 1,
    "summary_tokens": 2,
    "window_tokens": 3,
    "total_tokens": 6,
    "max_context_tokens": 100,
    "budget_limit": 80,
    "truncation_occurred": False,
    "segments_removed": 0,
    "prompt_cached_tool_outputs": 4,
    "prompt_cached_tool_tokens_saved": 5,
    "thinking_tokens": 7,
    "cache_read_input_tokens": 8,
    "provider_prompt_usage": {
        "input_tokens": 9,
        "cache_creation_input_tokens": 10,
        "cache_read_input_tokens": 11,
        "retained_from_previous_call": True,
    },
}
USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
APPROVAL = {"request_id": "q-1", "tool_name": "Bash", "permission": "run it", "resource": "/made/up"}
WORKFLOW = {"workflow_id": "w-1", "revision": 3}
CHILD = {"parent_session_id": "s-1", "child_session_id": "s-2"}

SAMPLES: dict[str, dict[str, Any]] = {
    "token": {"content": "made-up words"},
    "reasoning_token": {"content": "made-up words"},
    "tool_token": {"tool_call_id": "t-1", "content": "made-up words"},
    "tool_start": {"tool_call_id": "t-1", "tool_name": "look", "arguments": {"at": "made-up words"}},
    "tool_complete": {
        "tool_call_id": "t-1",
        "result": {
            "success": True,
            "result": "made-up words",
            "display_preference": None,
            "images": [{"mime_type": "image/png", "data": "bWFkZS11cA=="}],
        },
    },
    "tool_error": {"tool_call_id": "t-1", "error": "made-up words"},
    "tool_lifecycle": {
        "tool_call_id": "t-1",
        "tool_name": "look",
        "phase": "error",
        "elapsed_ms": 12,
        "is_mutating": True,
        "auto_approved": False,
        "summary": "made-up words",
        "error": "made-up words",
    },
    "hook_lifecycle": {
        "hook_name": "guard",
        "point": "before_tool_execution",
        "phase": "completed",
        "duration_ms": 3,
        "decision": {"type": "deny", "reason": "made-up words"},
    },
    "need_clarification": {
        "question": "made-up words?",
        "options": ["made-up words", "no"],
        "tool_call_id": "t-1",
        "tool_name": "ask",
        "allow_custom": False,
        "source": "pause_tool",
    },
    "task_list_updated": {
        "task_list": {
            "session_id": "s-1",
            "title": "made-up words",
            "items": [{"id": "a", "status": "completed"}, {"id": "b", "status": "pending"}],
        },
        "version": 7,
    },
    "task_list_item_progress": {
        "session_id": "s-1",
        "item_id": "a",
        "status": "in_progress",
        "tool_calls_count": 2,
        "version": 4,
        "item": {"description": "made-up words"},
    },
    "task_list_completed": {
        "session_id": "s-1",
        "completed_at": TIME,
        "total_rounds": 3,
        "total_tool_calls": 9,
        "version": 5,
    },
    "task_evaluation_started": {"session_id": "s-1", "items_count": 2, "generation": 7},
    "task_evaluation_completed": {
        "session_id": "s-1",
        "updates_count": 1,
        "reasoning": "made-up words",
        "generation": 7,
    },
    "task_evaluation_cancelled": {"session_id": "s-1", "reason": "run_suspended", "generation": 7},
    "gold_evaluation_started": {"session_id": "s-1", "checkpoint": "terminal", "iteration": 7},
    "gold_evaluation_completed": {
        "session_id": "s-1",
        "checkpoint": "post_round",
        "iteration": 3,
        "decision": "need_input",
        "confidence": "medium",
        "reasoning": "made-up words",
    },
    "gold_evaluation_cancelled": {"session_id": "s-1", "reason": "run_completed"},
    "goal_status_changed": {"session_id": "s-1", "goal_state": {"status": "active", "goal": "made-up words"}},
    "token_budget_updated": {"usage": BUDGET},
    "context_compression_status": {"phase": "mid-turn", "status": "started"},
    "context_summarized": {
        "summary": "made-up words",
        "messages_summarized": 8,
        "tokens_saved": 900,
        "usage_before_percent": 91.5,
        "usage_after_percent": 40,
        "trigger_type": "auto",
    },
    "context_archived": {
        "archive_event_id": "a-1",
        "trigger_type": "manual",
        "messages_archived": 8,
        "groups_archived": 4,
        "user_turns_archived": 2,
        "active_tokens_before": 9000,
        "active_tokens_after": 5000,
        "target_tokens": 6000,
        "retained_recent_user_turns": 3,
        "oldest_retained_message_id": "m-9",
        "oldest_retained_user_message_id": "m-8",
        "model_context_epoch": 2,
        "reset_reason": "compression",
    },
    "context_pressure_notification": {"percent": 92.5, "level": "critical", "message": "made-up words"},
    "sub_agent_started": {**CHILD, "title": "made-up words"},
    "sub_agent_event": {**CHILD, "event": {"type": "token", "content": "made-up words"}},
    "sub_agent_heartbeat": {**CHILD, "timestamp": TIME},
    "sub_agent_completed": {**CHILD, "status": "error", "error": "made-up words"},
    "bash_completed": {"bash_id": "b-1", "command": "made-up words", "exit_code": -9, "status": "killed"},
    "plan_mode_entered": {
        "session_id": "s-1",
        "reason": "made-up words",
        "pre_permission_mode": "default",
        "entered_at": TIME,
        "status": "exploring",
        "plan_file_path": "/made-up/words",
    },
    "plan_mode_exited": {
        "session_id": "s-1",
        "approved": True,
        "restored_mode": "accept_edits",
        "plan": "made-up words",
    },
    "plan_file_updated": {
        "session_id": "s-1",
        "file_path": "/made-up/words",
        "content_summary": "made-up words",
        "status": "awaiting_approval",
    },
    "runner_progress": {"session_id": "s-1", "round_count": 2},
    "permission_posture_activated": {
        "session_id": "s-1",
        "policy_revision": 4,
        "requested_mode": "default",
        "effective_mode": "plan",
        "executor_mapping": "read-only",
    },
    "session_title_updated": {
        "session_id": "s-1",
        "title": "made-up words",
        "title_version": 3,
        "title_generated": False,
        "source": "manual",
        "updated_at": TIME,
    },
    "session_pinned_updated": {"session_id": "s-1", "pinned": True, "updated_at": TIME},
    "session_created": {
        "session_id": "s-1",
        "project_id": None,
        "title": "made-up words",
        "kind": "root",
        "created_at": TIME,
    },
    "session_deleted": {"session_id": "s-1"},
    "session_cleared": {"session_id": "s-1"},
    "message_appended": {
        "session_id": "s-1",
        "message_id": "m-1",
        "role": "assistant",
        "content": "made-up words",
        "created_at": TIME,
    },
    "session_history_committed": {"session_id": "s-1"},
    "execution_started": {"run_id": "r-1", "session_id": "s-1", "started_at": TIME},
    "tool_approval_requested": {
        "tool_call_id": "t-1",
        "tool_name": "write",
        "parameters": {"path": "made-up words"},
    },
    "child_approval_requested": {"child_session_id": "s-2", **APPROVAL},
    "child_approval_changed": {
        **CHILD,
        **APPROVAL,
        "child_attempt": 3,
        "version": 2,
        "status": "approved",
        "reason": "made-up words",
        "created_at": TIME,
        "resolved_at": TIME,
    },
    "budget_exceeded": {"session_id": "s-1", "kind": "max_total_tokens", "limit": 10, "actual": 12},
    "complete": {"usage": USAGE},
    "cancelled": {"message": "made-up words"},
    "error": {"message": "made-up words"},
    "workflow_changed": {**WORKFLOW, "scope": "global"},
    "workflow_invalid": {**WORKFLOW, "scope": "workspace:12"},
    "workflow_recovered": {**WORKFLOW, "scope": "workspace:12"},
    "project_created": {"project_id": "p-1", "revision": 1},
    "project_updated": {"project_id": "p-1", "revision": 2},
    "project_archived": {"project_id": "p-1", "revision": 3},
    "session_project_updated": {
        "session_id": "s-1",
        "project_id": None,
        "workspace_path": "/made-up/words",
        "metadata_version": 4,
    },
    "config.changed": {"section": "models", "revision": 1},
    "config.invalid": {"section": "models", "revision": 2},
    "config.recovered": {"section": "models", "revision": 3},
    "workflow_activated": {**WORKFLOW, "event_id": "e-1", "session_id": "s-1", "invoked_by": "model"},
    "workflow_deactivated": {**WORKFLOW, "event_id": "e-2", "session_id": "s-1"},
    "notification": {
        "id": "n-1",
        "session_id": "s-1",
        "category": "needs_approval",
        "priority": "high",
        "title": "made-up words",
        "body": "made-up words",
        "dedup_key": "made-up",
        "created_at": TIME,
    },
}


def bare(tag: str, **members: Any) -> dict[str, Any]:
    """Give an event as a session streams it: the sample with some members changed."""
    return {"type": tag, **SAMPLES[tag], **members}


def wrapped(tag: str, session: str | None = "s-1", **members: Any) -> dict[str, Any]:
    """Give an event as a subscriber wraps it with the session that it knows from the address."""
    return {"session_id": session, "event": bare(tag, **members)}


def fed(seq: int, tag: str, session: str | None = "s-1", ts: Any = TIME, **members: Any) -> dict[str, Any]:
    """Give an event as the account's feed has it."""
    return {"seq": seq, "ts": ts, "session_id": session, "event": bare(tag, **members)}


class Reader:
    """Reads records with one decoder; each is received one second after the one before."""

    def __init__(self, *, nonce: str = "n-1", live: bool = False) -> None:
        self.decoder: Decoder = BambooSource().decoder()
        self.decoder.open(Document("stream", "key", nonce=nonce, live=live))
        self.ordinal = 0

    def decode(self, record: Any) -> Decoded:
        self.ordinal += 1
        context = Context(Cursor("stream", self.ordinal), RECEIPT_NS + self.ordinal * SECOND)
        return self.decoder.decode(record, context)

    def read(self, *records: Any) -> list[AgentEvent]:
        return [event for record in records for event in self.decode(record).events]

    def close(self, *, complete: bool = True) -> list[AgentEvent]:
        return list(self.decoder.close(complete=complete))


def received(ordinal: int) -> int:
    """Give the time at which the record of that number was received."""
    return RECEIPT_NS + ordinal * SECOND
