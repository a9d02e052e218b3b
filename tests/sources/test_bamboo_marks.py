"""What becomes of Bamboo's agent events that are no run and no tool call: one row per variant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent_otel.model import AgentEvent, ContentKind, EventKind, Fact, Phase
from sources.bamboo_samples import BUDGET, SAMPLES, TIME, Reader, bare

P, H, X, S, M = EventKind.PROGRESS, EventKind.HISTORY, EventKind.OTHER, EventKind.SESSION, EventKind.MESSAGE
OUT, ARGUMENTS, ERROR = ContentKind.OUTPUT_MESSAGES, ContentKind.TOOL_ARGUMENTS, ContentKind.ERROR_TEXT
WORKFLOW = {"workflow.id": "w-1", "workflow.revision": 3}
CHILD = {"child.session.id": "s-2"}
CONTEXT = {f"context.{name}": value for name, value in BUDGET.items() if name != "provider_prompt_usage"}
PROMPT = {f"context.prompt.{name}": value for name, value in BUDGET["provider_prompt_usage"].items()}  # type: ignore[attr-defined]

# By the type of the event: kind, subject, facts, lineage and surface of content of what it becomes.
ROWS: dict[str, tuple[EventKind, str, dict[Fact, Any], dict[str, Any], ContentKind | None]] = {
    "token": (P, "chunks", {Fact.CHUNKS: 1}, {}, None),
    "reasoning_token": (P, "reasoning", {Fact.CHUNKS: 1}, {}, None),
    "tool_token": (P, "output", {Fact.CHUNKS: 1}, {}, None),
    "runner_progress": (P, "turn", {Fact.STATE: "started"}, {"round": 2}, None),
    "budget_exceeded": (
        P,
        "budget",
        {Fact.STATE: "exceeded"},
        {"budget.kind": "max_total_tokens", "budget.limit": 10, "budget.actual": 12},
        None,
    ),
    "permission_posture_activated": (
        P,
        "permission",
        {Fact.STATE: "activated"},
        {
            "permission.policy_revision": 4,
            "permission.requested_mode": "default",
            "permission.effective_mode": "plan",
            "permission.executor_mapping": "read-only",
        },
        None,
    ),
    "hook_lifecycle": (
        P,
        "hook",
        {Fact.STATE: "completed", Fact.DECISION: "deny"},
        {"hook.name": "guard", "hook.point": "before_tool_execution", "hook.duration_ms": 3},
        ERROR,
    ),
    "need_clarification": (
        P,
        "clarification",
        {Fact.STATE: "requested"},
        {"clarification.options": 2, "clarification.allow_custom": False, "clarification.source": "pause_tool"},
        OUT,
    ),
    "tool_approval_requested": (P, "approval", {Fact.STATE: "requested"}, {"tool.name": "write"}, ARGUMENTS),
    "child_approval_requested": (
        P,
        "approval",
        {Fact.STATE: "requested"},
        {**CHILD, "approval.request.id": "q-1", "tool.name": "Bash"},
        ARGUMENTS,
    ),
    "child_approval_changed": (
        P,
        "approval",
        {Fact.STATE: "approved", Fact.DECISION: "approved"},
        {**CHILD, "approval.request.id": "q-1", "tool.name": "Bash", "approval.version": 2, "child.attempt": 3},
        ARGUMENTS,
    ),
    "bash_completed": (P, "bash", {Fact.STATE: "killed"}, {"bash.id": "b-1", "bash.exit_code": -9}, ARGUMENTS),
    "task_list_updated": (
        P,
        "task",
        {Fact.STATE: "updated"},
        {"task.version": 7, "task.items": 2, "task.completed": 1},
        None,
    ),
    "task_list_item_progress": (
        P,
        "task",
        {Fact.STATE: "in_progress"},
        {"task.item.id": "a", "task.tool_calls": 2, "task.version": 4},
        None,
    ),
    "task_list_completed": (
        P,
        "task",
        {Fact.STATE: "completed"},
        {"task.rounds": 3, "task.tool_calls": 9, "task.version": 5, "task.completed_at": TIME},
        None,
    ),
    "task_evaluation_started": (
        P,
        "evaluation",
        {Fact.STATE: "started"},
        {"evaluation.of": "tasks", "task.items": 2, "task.version": 7},
        None,
    ),
    "task_evaluation_completed": (
        P,
        "evaluation",
        {Fact.STATE: "completed"},
        {"evaluation.of": "tasks", "task.updates": 1, "task.version": 7},
        OUT,
    ),
    "task_evaluation_cancelled": (
        P,
        "evaluation",
        {Fact.STATE: "cancelled"},
        {"evaluation.of": "tasks", "evaluation.reason": "run_suspended", "task.version": 7},
        None,
    ),
    "gold_evaluation_started": (
        P,
        "evaluation",
        {Fact.STATE: "started"},
        {"evaluation.of": "goal", "evaluation.checkpoint": "terminal", "evaluation.iteration": 7},
        None,
    ),
    "gold_evaluation_completed": (
        P,
        "evaluation",
        {Fact.STATE: "completed", Fact.DECISION: "need_input"},
        {
            "evaluation.of": "goal",
            "evaluation.checkpoint": "post_round",
            "evaluation.iteration": 3,
            "evaluation.confidence": "medium",
        },
        OUT,
    ),
    "gold_evaluation_cancelled": (
        P,
        "evaluation",
        {Fact.STATE: "cancelled"},
        {"evaluation.of": "goal", "evaluation.reason": "run_completed"},
        None,
    ),
    "goal_status_changed": (P, "goal", {Fact.STATE: "active"}, {}, None),
    "plan_mode_entered": (
        P,
        "plan",
        {Fact.STATE: "entered"},
        {"plan.status": "exploring", "plan.permission_mode": "default", "plan.entered_at": TIME},
        OUT,
    ),
    "plan_mode_exited": (
        P,
        "plan",
        {Fact.STATE: "exited", Fact.DECISION: "approved"},
        {"plan.permission_mode": "accept_edits"},
        OUT,
    ),
    "plan_file_updated": (P, "plan", {Fact.STATE: "updated"}, {"plan.status": "awaiting_approval"}, OUT),
    "token_budget_updated": (P, "context", {Fact.STATE: "prepared"}, {**CONTEXT, **PROMPT}, None),
    "context_pressure_notification": (
        P,
        "context",
        {Fact.STATE: "critical"},
        {"context.used_percent": 92.5},
        OUT,
    ),
    "context_compression_status": (
        P,
        "compaction",
        {Fact.STATE: "started"},
        {"compaction.phase": "mid_turn"},
        None,
    ),
    "context_summarized": (
        H,
        "compaction",
        {Fact.STATE: "summarized", Fact.TRIGGER: "auto", Fact.DROPPED_MESSAGES: 8},
        {
            "compaction.tokens_saved": 900,
            "compaction.before_percent": 91.5,
            "compaction.after_percent": 40,
        },
        OUT,
    ),
    "context_archived": (
        H,
        "compaction",
        {
            Fact.STATE: "archived",
            Fact.TRIGGER: "manual",
            Fact.DROPPED_MESSAGES: 8,
            Fact.KEPT_TURNS: 3,
            Fact.PRE_TOKENS: 9000,
        },
        {
            "compaction.id": "a-1",
            "compaction.groups": 4,
            "compaction.user_turns": 2,
            "compaction.tokens_after": 5000,
            "compaction.target_tokens": 6000,
            "compaction.oldest_message.id": "m-9",
            "compaction.oldest_user_message.id": "m-8",
            "compaction.epoch": 2,
            "compaction.reason": "compression",
        },
        None,
    ),
    "sub_agent_started": (P, "sub_agent", {Fact.STATE: "started"}, CHILD, None),
    "sub_agent_heartbeat": (P, "heartbeat", {Fact.STATE: "running", Fact.CHUNKS: 1}, CHILD, None),
    "sub_agent_completed": (P, "sub_agent", {Fact.STATE: "error"}, CHILD, ERROR),
    "session_created": (
        S,
        "session_created",
        {},
        {"session.kind": "root", "session.created_at": TIME},
        None,
    ),
    "session_deleted": (S, "session_deleted", {Fact.STATE: "deleted"}, {}, None),
    "session_cleared": (X, "session_cleared", {Fact.STATE: "cleared"}, {}, None),
    "session_title_updated": (
        X,
        "session_title_updated",
        {Fact.STATE: "updated"},
        {
            "session.title.version": 3,
            "session.title.generated": False,
            "session.title.source": "manual",
            "session.updated_at": TIME,
        },
        None,
    ),
    "session_pinned_updated": (
        X,
        "session_pinned_updated",
        {Fact.STATE: "updated"},
        {"session.pinned": True, "session.updated_at": TIME},
        None,
    ),
    "session_project_updated": (
        X,
        "session_project_updated",
        {Fact.STATE: "updated"},
        {"session.metadata_version": 4},
        None,
    ),
    "session_history_committed": (X, "session_history_committed", {Fact.STATE: "committed"}, {}, None),
    "message_appended": (
        M,
        "message_appended",
        {},
        {"message.id": "m-1", "message.role": "assistant", "message.created_at": TIME},
        OUT,
    ),
    "workflow_changed": (
        X,
        "workflow_changed",
        {Fact.STATE: "changed"},
        {**WORKFLOW, "workflow.scope": "global"},
        None,
    ),
    "workflow_invalid": (
        X,
        "workflow_invalid",
        {Fact.STATE: "invalid"},
        {**WORKFLOW, "workflow.scope": "workspace:12"},
        None,
    ),
    "workflow_recovered": (
        X,
        "workflow_recovered",
        {Fact.STATE: "recovered"},
        {**WORKFLOW, "workflow.scope": "workspace:12"},
        None,
    ),
    "workflow_activated": (
        P,
        "workflow",
        {Fact.STATE: "activated"},
        {**WORKFLOW, "workflow.invoked_by": "model"},
        None,
    ),
    "workflow_deactivated": (P, "workflow", {Fact.STATE: "deactivated"}, WORKFLOW, None),
    "project_created": (
        X,
        "project_created",
        {Fact.STATE: "created"},
        {"project.id": "p-1", "project.revision": 1},
        None,
    ),
    "project_updated": (
        X,
        "project_updated",
        {Fact.STATE: "updated"},
        {"project.id": "p-1", "project.revision": 2},
        None,
    ),
    "project_archived": (
        X,
        "project_archived",
        {Fact.STATE: "archived"},
        {"project.id": "p-1", "project.revision": 3},
        None,
    ),
    "config.changed": (
        X,
        "config_changed",
        {Fact.STATE: "changed"},
        {"config.section": "models", "config.revision": 1},
        None,
    ),
    "config.invalid": (
        X,
        "config_invalid",
        {Fact.STATE: "invalid"},
        {"config.section": "models", "config.revision": 2},
        None,
    ),
    "config.recovered": (
        X,
        "config_recovered",
        {Fact.STATE: "recovered"},
        {"config.section": "models", "config.revision": 3},
        None,
    ),
    "notification": (
        X,
        "notification",
        {},
        {
            "notification.id": "n-1",
            "notification.category": "needs_approval",
            "notification.priority": "high",
            "notification.created_at": TIME,
        },
        None,
    ),
}
# Rows that refer to the row above, and ids that a sentence above the tables tells.
FAMILIES = {
    "reasoning_token",
    "tool_token",
    "child_approval_changed",
    "sub_agent_event",
    "sub_agent_heartbeat",
    "sub_agent_completed",
    "task_evaluation_completed",
    "gold_evaluation_completed",
}
SHARED = {"session_id", "tool_call_id", "usage", "result", "decision", "task_list", "goal_state"}
ELSEWHERE = {
    "execution_started",
    "complete",
    "cancelled",
    "error",
    "tool_start",
    "tool_complete",
    "tool_error",
    "tool_lifecycle",
    "sub_agent_event",
}


DOCS = Path(__file__).parents[2] / "docs" / "sources" / "bamboo.md"


def in_run(record: Any) -> AgentEvent:
    reader = Reader()
    reader.read(bare("execution_started"))
    (event,) = reader.read(record)
    return event


def test_there_is_a_row_for_every_variant() -> None:
    assert set(ROWS) | ELSEWHERE == set(SAMPLES)


@pytest.mark.parametrize("tag", SAMPLES)
def test_every_member_is_in_the_docs(tag: str) -> None:
    rows = [line for line in DOCS.read_text().splitlines() if line.startswith("|") and f"`{tag}`" in line]
    assert rows
    told = " ".join(rows) if tag not in FAMILIES else DOCS.read_text()
    assert [name for name in SAMPLES[tag] if f"`{name}" not in told and name not in SHARED] == []


@pytest.mark.parametrize("tag", ROWS)
def test_variant(tag: str) -> None:
    kind, subject, facts, lineage, content = ROWS[tag]
    event = in_run(bare(tag))
    assert (event.kind, event.names.subject) == (kind, subject)
    assert event.facts == facts
    assert event.lineage == lineage
    assert content is None or content in event.contents
    assert content is not None or not event.contents
    assert (event.ids.conversation, event.ids.run) == ("s-1", "s-1/r-1")


@pytest.mark.parametrize("tag", [*ROWS, "tool_start", "tool_error", "cancelled", "error"])
def test_what_people_or_models_wrote_is_nowhere_but_in_contents(tag: str) -> None:
    event = in_run(bare(tag))
    told = repr((event.ids, event.names, event.facts, event.lineage, event.error_type, event))
    assert "made-up" not in told
    assert "made/up" not in told


def test_session_starts_and_ends() -> None:
    assert in_run(bare("session_created", project_id="p-1")).phase is Phase.START
    assert in_run(bare("session_created", project_id="p-1")).lineage["project.id"] == "p-1"
    assert in_run(bare("session_deleted")).phase is Phase.END


@pytest.mark.parametrize("tag", ["need_clarification", "tool_approval_requested", "tool_token"])
def test_mark_of_a_tool_call_names_it(tag: str) -> None:
    assert in_run(bare(tag)).ids.tool_call == "t-1"


def test_clarification_of_older_builds_names_no_call() -> None:
    event = in_run({"type": "need_clarification", "question": "Which?"})
    assert event.ids.tool_call is None
    assert event.lineage == {"clarification.allow_custom": True}


def test_lifecycle_of_a_workflow_is_known_by_its_id() -> None:
    assert in_run(bare("workflow_activated")).ids.event == "e-1"


def test_compression_that_was_completed_is_a_change_of_the_history() -> None:
    assert in_run(bare("context_compression_status", status="completed")).kind is H
    for status in ("started", "failed", "skipped"):
        assert in_run(bare("context_compression_status", status=status)).kind is P


@pytest.mark.parametrize(
    ("decision", "word", "reason"),
    [
        ({"type": "continue"}, "continue", None),
        ({"type": "abort", "reason": "no"}, "abort", "no"),
        ({"type": "inject_context", "text": "made-up words"}, "inject_context", None),
        ({"type": "with_context", "text": "made-up", "result": {"type": "deny", "reason": "no"}}, "deny", "no"),
        ("Continue", "continue", None),
        ({"type": "two words!"}, "unknown", None),
        (None, None, None),
        ([], None, None),
        ({"type": 5, "reason": 5}, None, None),
    ],
)
def test_decision_of_a_hook(decision: Any, word: str | None, reason: str | None) -> None:
    event = in_run(bare("hook_lifecycle", decision=decision))
    assert event.facts.get(Fact.DECISION) == word
    content = event.contents.get(ERROR)
    assert (content.value if content is not None else None) == reason
    assert "made-up" not in repr(event)


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        ("user", ContentKind.INPUT_MESSAGES),
        ("assistant", OUT),
        ("system", ContentKind.SYSTEM_INSTRUCTIONS),
        ("tool", ContentKind.TOOL_RESULT),
        ("of next year", ContentKind.INPUT_MESSAGES),
    ],
)
def test_message_is_content_by_its_role(role: str, kind: ContentKind) -> None:
    event = in_run(bare("message_appended", role=role))
    ((surface, content),) = event.contents.items()
    assert surface is kind
    if role in ("user", "assistant"):
        assert content.value == [{"role": role, "parts": [{"type": "text", "content": "made-up words"}]}]
    else:
        assert content.value == "made-up words"


def test_question_is_content_in_the_form_of_a_message() -> None:
    event = in_run(bare("need_clarification"))
    assert event.contents[OUT].value == [
        {"role": "assistant", "parts": [{"type": "text", "content": "made-up words?"}]}
    ]


def test_what_looks_like_no_word_and_no_name_is_not_told() -> None:
    text = "made-up words, with a comma"
    for tag, members, key in (
        ("hook_lifecycle", {"hook_name": text}, "hook.name"),
        ("budget_exceeded", {"kind": text}, "budget.kind"),
        ("workflow_changed", {"scope": "/made-up/path"}, "workflow.scope"),
        ("config.changed", {"section": text}, "config.section"),
        ("permission_posture_activated", {"effective_mode": text}, "permission.effective_mode"),
        ("context_archived", {"reset_reason": text}, "compaction.reason"),
        ("notification", {"created_at": text}, "notification.created_at"),
        ("tool_approval_requested", {"tool_name": text}, "tool.name"),
    ):
        assert in_run(bare(tag, **members)).lineage[key] in ("other", "unknown")
    for tag, name in (
        ("context_compression_status", "status"),
        ("bash_completed", "status"),
        ("hook_lifecycle", "phase"),
    ):
        assert in_run(bare(tag, **{name: text})).facts[Fact.STATE] == "unknown"


@pytest.mark.parametrize(
    ("tag", "members", "lineage"),
    [
        ("task_list_updated", {"task_list": [1], "version": None}, {}),
        (
            "task_list_updated",
            {"task_list": {"items": [1, None]}},
            {"task.version": 7, "task.items": 2, "task.completed": 0},
        ),
        ("goal_status_changed", {"goal_state": "active"}, {}),
        ("context_pressure_notification", {"percent": None}, {}),
        ("context_pressure_notification", {"percent": float("nan")}, {}),
        ("context_pressure_notification", {"percent": 10**30}, {"context.used_percent": 2**63 - 1}),
    ],
)
def test_odd_values_are_left_out_or_clamped(tag: str, members: Any, lineage: Any) -> None:
    assert in_run(bare(tag, **members)).lineage == lineage
