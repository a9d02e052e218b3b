"""Bamboo's agent events and change events as models: the same JSON back, and what its own tests say about them."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from agent_otel.model import RecordRejected
from agent_otel.sources.bamboo import (
    AgentEvent,
    AgentHookPoint,
    ChangeEvent,
    GoldCheckpoint,
    GoldConfidence,
    GoldDecision,
    PendingQuestionSource,
    PlanModeStatus,
    ProviderPromptUsage,
    Role,
    SessionKind,
    TaskItemStatus,
    TitleSource,
    TokenBudgetUsage,
    TokenUsage,
    ToolResult,
    ToolResultImage,
    decode_agent_event,
    decode_change_event,
    encode_agent_event,
    encode_change_event,
)
from agent_otel.sources.bamboo.agent_events import VARIANTS
from agent_otel.sources.fields import Timestamp
from sources.bamboo_samples import BUDGET, SAMPLES, TIME, TIME_NS, bare, fed, wrapped

# Members that older builds do not write, or that are left out when there is nothing to say.
OPTIONAL: dict[str, tuple[str, ...]] = {
    "tool_start": ("arguments",),
    "tool_lifecycle": ("elapsed_ms", "summary", "error"),
    "hook_lifecycle": ("decision",),
    "need_clarification": ("options", "tool_call_id", "tool_name", "allow_custom", "source"),
    "task_list_updated": ("task_list", "version"),
    "task_list_item_progress": ("item",),
    "task_list_completed": ("version",),
    "task_evaluation_started": ("generation",),
    "task_evaluation_completed": ("generation",),
    "task_evaluation_cancelled": ("generation",),
    "goal_status_changed": ("goal_state",),
    "context_summarized": ("usage_before_percent", "usage_after_percent", "trigger_type"),
    "context_archived": ("oldest_retained_message_id", "oldest_retained_user_message_id"),
    "context_pressure_notification": ("percent",),
    "sub_agent_started": ("title",),
    "sub_agent_completed": ("error",),
    "bash_completed": ("exit_code",),
    "plan_mode_entered": ("reason", "plan_file_path"),
    "plan_mode_exited": ("plan",),
    "plan_file_updated": ("status",),
    "session_title_updated": ("title_generated",),
    "session_created": ("project_id",),
    "session_project_updated": ("project_id", "workspace_path"),
    "tool_approval_requested": ("parameters",),
    "child_approval_changed": ("child_attempt", "reason", "resolved_at"),
    "complete": ("usage",),
    "cancelled": ("message",),
    "notification": ("dedup_key",),
}
TAGS = sorted(SAMPLES)


def read(record: Any) -> AgentEvent:
    event = decode_agent_event(record)
    assert event is not None
    return event


def written(event: AgentEvent) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(json.dumps(encode_agent_event(event)))
    assert read(value) == event
    return value


def test_there_is_a_sample_of_every_variant() -> None:
    assert set(SAMPLES) == set(VARIANTS)
    assert len(VARIANTS) == 62


@pytest.mark.parametrize("tag", TAGS)
def test_variant_comes_back_as_it_was(tag: str) -> None:
    record = bare(tag)
    before = copy.deepcopy(record)
    event = read(record)
    assert encode_agent_event(event) == before
    assert record == before
    name = "".join(word.capitalize() for word in tag.replace(".", "_").split("_"))
    assert type(event) is getattr(AgentEvent, name)
    assert type(event).__qualname__ == f"AgentEvent.{name}"


@pytest.mark.parametrize("tag", TAGS)
def test_unknown_members_come_back(tag: str) -> None:
    record = bare(tag, later={"a": [1, None]}, also=None, absent=1, unknown_fields=[])
    assert encode_agent_event(read(record)) == record


@pytest.mark.parametrize("tag", TAGS)
def test_variant_without_its_optional_members_comes_back(tag: str) -> None:
    record = bare(tag)
    for name in OPTIONAL.get(tag, ()):
        del record[name]
    assert encode_agent_event(read(record)) == record


@pytest.mark.parametrize(("tag", "name"), [(tag, name) for tag in TAGS for name in SAMPLES[tag]])
def test_missing_member_is_rejected_unless_it_is_optional(tag: str, name: str) -> None:
    record = bare(tag)
    del record[name]
    if name in OPTIONAL.get(tag, ()):
        assert encode_agent_event(read(record)) == record
        return
    with pytest.raises(RecordRejected) as caught:
        decode_agent_event(record)
    assert (caught.value.field, caught.value.reason) == (name, "is missing")


@pytest.mark.parametrize("tag", TAGS)
def test_text_that_may_be_content_is_in_no_repr(tag: str) -> None:
    assert "made-up" not in repr(read(bare(tag)))
    assert "made/up" not in repr(read(bare(tag)))


@pytest.mark.parametrize(
    ("tag", "members", "field", "reason"),
    [
        ("tool_start", {"tool_call_id": 5}, "tool_call_id", "is no string"),
        ("tool_complete", {"result": "done"}, "result", "is no object"),
        ("tool_complete", {"result": {"success": 1, "result": ""}}, "result.success", "is neither true nor false"),
        (
            "tool_complete",
            {"result": {"success": True, "result": "", "images": None}},
            "result.images",
            "is no list",
        ),
        (
            "tool_complete",
            {"result": {"success": True, "result": "", "images": [{"mime_type": "x"}]}},
            "result.images.0.data",
            "is missing",
        ),
        ("tool_lifecycle", {"elapsed_ms": -1}, "elapsed_ms", "is no unsigned integer"),
        ("need_clarification", {"allow_custom": None}, "allow_custom", "is neither true nor false"),
        ("need_clarification", {"options": "yes"}, "options", "is no list"),
        ("bash_completed", {"exit_code": 2**31}, "exit_code", "does not fit into 32 bits"),
        ("bash_completed", {"exit_code": 1.0}, "exit_code", "is no integer"),
        ("runner_progress", {"round_count": 2**32}, "round_count", "does not fit into 32 bits"),
        ("complete", {"usage": []}, "usage", "is no object"),
        ("complete", {"usage": {"prompt_tokens": 1}}, "usage.completion_tokens", "is missing"),
        ("token_budget_updated", {"usage": {**BUDGET, "total_tokens": "6"}}, "usage.total_tokens", None),
        ("sub_agent_heartbeat", {"timestamp": 5}, "timestamp", "is no string"),
        ("sub_agent_event", {"event": {"type": "token"}}, "event.content", "is missing"),
        ("sub_agent_event", {"event": 7}, "event", "is no object"),
    ],
)
def test_wrong_type_is_rejected_with_its_place(tag: str, members: Any, field: str, reason: str | None) -> None:
    with pytest.raises(RecordRejected) as caught:
        decode_agent_event(bare(tag, **members))
    assert caught.value.field == field
    assert reason is None or caught.value.reason == reason


@pytest.mark.parametrize("record", [None, [], "token", 5, {}, {"type": None}, {"type": 5}, {"type": ["token"]}])
def test_what_is_no_agent_event_is_rejected(record: Any) -> None:
    with pytest.raises(RecordRejected):
        decode_agent_event(record)


def test_unknown_variant_is_none() -> None:
    assert decode_agent_event({"type": "of_next_year", "x": 1}) is None


def test_boxed_event_of_an_unknown_variant_stays_as_it_is() -> None:
    record = bare("sub_agent_event", event={"type": "of_next_year", "x": [1]})
    event = read(record)
    assert isinstance(event, AgentEvent.SubAgentEvent)
    assert event.event == {"type": "of_next_year", "x": [1]}
    assert encode_agent_event(event) == record


def test_boxes_in_boxes() -> None:
    record: dict[str, Any] = bare("complete")
    for _ in range(5):
        record = bare("sub_agent_event", event=record)
    assert encode_agent_event(read(record)) == record
    for _ in range(20_000):
        record = {"type": "sub_agent_event", "event": record}
    with pytest.raises(RecordRejected) as caught:
        decode_agent_event(record)
    assert caught.value.reason == "is boxed too deeply" or caught.value.field == "parent_session_id"


@pytest.mark.parametrize("word", ["of_next_year", "", "Completed"])
@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("hook_lifecycle", "point"),
        ("need_clarification", "source"),
        ("task_list_item_progress", "status"),
        ("gold_evaluation_completed", "checkpoint"),
        ("gold_evaluation_completed", "decision"),
        ("gold_evaluation_completed", "confidence"),
        ("plan_mode_entered", "status"),
        ("plan_file_updated", "status"),
        ("session_title_updated", "source"),
        ("session_created", "kind"),
        ("message_appended", "role"),
    ],
)
def test_unknown_word_comes_back(tag: str, name: str, word: str) -> None:
    record = bare(tag, **{name: word})
    assert getattr(read(record), name) == word
    assert encode_agent_event(read(record)) == record


# What Bamboo's own tests of these types say.


def test_task_list_updated_serializes_with_task_names() -> None:
    task_list = {"session_id": "s-9", "title": "t", "items": []}
    value = written(AgentEvent.TaskListUpdated(task_list=task_list, version=7))
    assert (value["type"], value["version"], "todo_list" in value) == ("task_list_updated", 7, False)
    assert value["task_list"] == task_list


def test_context_archived_serializes_structure_and_no_text() -> None:
    event = read(bare("context_archived"))
    wire = json.dumps(encode_agent_event(event))
    assert not any(word in wire for word in ("summary", "raw_message", "tool_result"))
    assert isinstance(event, AgentEvent.ContextArchived)
    assert (event.messages_archived, event.model_context_epoch) == (8, 2)


def test_session_project_updated_serializes_unassignment_as_null() -> None:
    event = AgentEvent.SessionProjectUpdated(session_id="s-9", workspace_path="/w", metadata_version=4)
    assert written(event) == {
        "type": "session_project_updated",
        "session_id": "s-9",
        "project_id": None,
        "workspace_path": "/w",
        "metadata_version": 4,
    }


def test_session_project_updated_of_older_builds_has_no_workspace() -> None:
    event = read({"type": "session_project_updated", "session_id": "s-9", "project_id": "p", "metadata_version": 2})
    assert isinstance(event, AgentEvent.SessionProjectUpdated)
    assert (event.workspace_path, event.project_id, event.metadata_version) == (None, "p", 2)


def test_cancelled_serializes_with_its_message_or_without() -> None:
    assert written(AgentEvent.Cancelled(message="by the user")) == {"type": "cancelled", "message": "by the user"}
    assert written(AgentEvent.Cancelled()) == {"type": "cancelled"}


def test_session_history_committed_names_its_session() -> None:
    event = AgentEvent.SessionHistoryCommitted(session_id="s-9")
    assert written(event) == {"type": "session_history_committed", "session_id": "s-9"}


def test_task_evaluation_keeps_its_generation_and_does_without() -> None:
    made = AgentEvent.TaskEvaluationCompleted(session_id="s-9", updates_count=2, reasoning="because", generation=7)
    assert written(made)["generation"] == 7
    old = read({"type": "task_evaluation_started", "session_id": "s-9", "items_count": 2})
    assert isinstance(old, AgentEvent.TaskEvaluationStarted)
    assert old.generation is None


def test_evaluations_that_were_cancelled() -> None:
    task = AgentEvent.TaskEvaluationCancelled(session_id="s-9", reason="run_suspended", generation=7)
    gold = AgentEvent.GoldEvaluationCancelled(session_id="s-9", reason="run_completed")
    assert written(task)["type"] == "task_evaluation_cancelled"
    assert written(gold) == {"type": "gold_evaluation_cancelled", "session_id": "s-9", "reason": "run_completed"}


def test_gold_evaluation_serializes_with_its_words() -> None:
    event = AgentEvent.GoldEvaluationCompleted(
        session_id="s-9",
        checkpoint=GoldCheckpoint.PostRound,
        iteration=3,
        decision=GoldDecision.Continue,
        confidence=GoldConfidence.Medium,
        reasoning="one more",
    )
    value = written(event)
    assert (value["checkpoint"], value["decision"], value["confidence"]) == ("post_round", "continue", "medium")
    started = read({"type": "gold_evaluation_started", "session_id": "s-9", "checkpoint": "terminal", "iteration": 7})
    assert isinstance(started, AgentEvent.GoldEvaluationStarted)
    assert (started.checkpoint, started.iteration) == (GoldCheckpoint.Terminal, 7)


def test_need_clarification_with_all_members_and_of_older_builds() -> None:
    event = AgentEvent.NeedClarification(
        question="Go on?",
        options=("Yes", "No"),
        tool_call_id="t-9",
        tool_name="ask",
        allow_custom=False,
        source=PendingQuestionSource.PauseTool,
    )
    value = written(event)
    assert (value["options"], value["allow_custom"], value["source"]) == (["Yes", "No"], False, "pause_tool")
    old = read({"type": "need_clarification", "question": "Go on?", "options": ["Yes", "No"]})
    assert isinstance(old, AgentEvent.NeedClarification)
    assert (old.options, old.tool_call_id, old.tool_name, old.source) == (("Yes", "No"), None, None, None)
    assert old.allow_custom
    narrow = read({"type": "need_clarification", "question": "Which?", "allow_custom": False})
    assert isinstance(narrow, AgentEvent.NeedClarification)
    assert (narrow.options, narrow.allow_custom) == (None, False)


def test_plan_mode() -> None:
    entered = AgentEvent.PlanModeEntered(
        session_id="s-9",
        reason="large",
        pre_permission_mode="default",
        entered_at=Timestamp(TIME),
        status=PlanModeStatus.Exploring,
    )
    value = written(entered)
    assert (value["status"], value["entered_at"], "plan_file_path" in value) == ("exploring", TIME, False)
    left = AgentEvent.PlanModeExited(session_id="s-9", approved=True, restored_mode="accept_edits", plan="1. go")
    assert written(left)["restored_mode"] == "accept_edits"
    kept = AgentEvent.PlanFileUpdated(
        session_id="s-9", file_path="/p.md", content_summary="go", status=PlanModeStatus.AwaitingApproval
    )
    assert written(kept)["status"] == "awaiting_approval"


def test_tool_approval_requested_both_ways() -> None:
    event = AgentEvent.ToolApprovalRequested(tool_call_id="t-9", tool_name="write", parameters={"path": "/x"})
    assert written(event)["parameters"] == {"path": "/x"}


def test_child_approval_names_the_parent_and_older_builds_no_attempt() -> None:
    event = read(bare("child_approval_changed"))
    assert isinstance(event, AgentEvent.ChildApprovalChanged)
    assert (event.session_id, event.child_attempt) == ("s-1", 3)
    record = bare("child_approval_changed")
    del record["child_attempt"]
    old = read(record)
    assert isinstance(old, AgentEvent.ChildApprovalChanged)
    assert old.child_attempt == 0


def test_title_of_older_builds_counts_as_generated() -> None:
    record = bare("session_title_updated")
    del record["title_generated"]
    event = read(record)
    assert isinstance(event, AgentEvent.SessionTitleUpdated)
    assert (event.title_generated, event.source) == (True, TitleSource.Manual)


def test_catalog_events_name_no_session() -> None:
    for tag in ("workflow_changed", "workflow_invalid", "workflow_recovered", "token", "complete"):
        assert read(bare(tag)).session_id is None


def test_session_of_an_event_is_that_of_its_list_its_parent_or_its_own() -> None:
    assert read(bare("task_list_updated")).session_id == "s-1"
    assert read(bare("task_list_updated", task_list=None)).session_id is None
    assert read(bare("sub_agent_event")).session_id == "s-1"
    assert read(bare("notification")).session_id == "s-1"


def test_confidence_has_an_order() -> None:
    assert [word.rank() for word in (GoldConfidence.Low, GoldConfidence.Medium, GoldConfidence.High)] == [0, 1, 2]
    assert GoldConfidence.High.meets(GoldConfidence.Medium)
    assert not GoldConfidence.Low.meets(GoldConfidence.Medium)


def test_words_say_what_is_on_the_wire() -> None:
    for words in (AgentHookPoint, GoldCheckpoint, PlanModeStatus, Role, SessionKind, TaskItemStatus, TitleSource):
        assert all(word.as_str() == word.value == word.value.lower() for word in words)


def test_tool_result() -> None:
    event = AgentEvent.ToolComplete(tool_call_id="t-9", result=ToolResult.text(False, "no"))
    assert written(event)["result"] == {"success": False, "result": "no", "display_preference": None}
    image = ToolResultImage(mime_type="image/png", data="bWFkZQ==")
    seen = AgentEvent.ToolComplete(tool_call_id="t-9", result=ToolResult(success=True, result="", images=(image,)))
    assert written(seen)["result"]["images"] == [{"mime_type": "image/png", "data": "bWFkZQ=="}]


def test_token_budget_of_older_builds() -> None:
    usage = {name: BUDGET[name] for name in [*list(BUDGET)[:4], "budget_limit", "truncation_occurred"]}
    record = {"type": "token_budget_updated", "usage": {**usage, "segments_removed": 0}}
    event = read(record)
    assert isinstance(event, AgentEvent.TokenBudgetUpdated)
    assert (event.usage.max_context_tokens, event.usage.provider_prompt_usage) == (0, None)
    assert encode_agent_event(event) == record


def test_token_budget_usage_as_made_here() -> None:
    usage = TokenBudgetUsage(
        system_tokens=1,
        summary_tokens=0,
        window_tokens=2,
        total_tokens=3,
        budget_limit=9,
        truncation_occurred=False,
        segments_removed=0,
    )
    value = written(AgentEvent.TokenBudgetUpdated(usage=usage))["usage"]
    assert value["summary_tokens"] == value["thinking_tokens"] == 0
    assert "provider_prompt_usage" not in value


def test_prompt_usage_counts_cached_tokens() -> None:
    usage = ProviderPromptUsage(input_tokens=10, cache_creation_input_tokens=20, cache_read_input_tokens=10)
    assert (usage.total_input_tokens(), usage.cache_hit_rate()) == (40, 0.25)
    assert ProviderPromptUsage().cache_hit_rate() is None


def test_complete_without_usage_is_not_zero_usage() -> None:
    for record in ({"type": "complete"}, {"type": "complete", "usage": None}):
        event = read(record)
        assert isinstance(event, AgentEvent.Complete)
        assert event.usage is None
        assert encode_agent_event(event) == record
    zero = read(bare("complete", usage={"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}))
    assert isinstance(zero, AgentEvent.Complete)
    assert zero.usage == TokenUsage()


# The change feed.


def change(record: Any) -> ChangeEvent:
    found = decode_change_event(record)
    assert found is not None
    return found


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("ts", [TIME, 1_927_857_906_700])
def test_change_event_comes_back_nested_and_flattened(tag: str, ts: Any) -> None:
    nested = fed(7, tag, ts=ts)
    flat = {"seq": 7, "ts": ts, "session_id": "s-1", **bare(tag)}
    for record, flattened in ((nested, False), (flat, True)):
        for more in ({}, {"later": {"a": None}}):
            found = change(record | more)
            assert (found.seq, found.session_id, found.flattened) == (7, "s-1", flattened)
            assert encode_change_event(found) == record | more
    assert change(nested).event == change(flat).event


@pytest.mark.parametrize("missing", ["seq", "ts", "session_id"])
def test_change_event_without_a_member_comes_back(missing: str) -> None:
    nested = fed(7, "complete")
    del nested[missing]
    assert encode_change_event(change(nested)) == nested
    flat = {"seq": 7, "ts": TIME, "session_id": "s-1", **bare("complete")}
    del flat[missing]
    assert encode_change_event(change(flat)) == flat
    assert encode_change_event(change({**fed(7, "complete"), missing: None})) == {**fed(7, "complete"), missing: None}


def test_time_of_a_change_event() -> None:
    assert change(fed(1, "complete")).time_ns == TIME_NS
    assert change(fed(1, "complete", ts=1_927_857_906_700)).time_ns == 1_927_857_906_700_000_000
    assert change(fed(1, "complete", ts=0)).time_ns == 0
    assert change(wrapped("complete")).time_ns is None


def test_change_event_as_made_here() -> None:
    event = AgentEvent.SessionDeleted(session_id="s-9")
    made = ChangeEvent(seq=1, ts=Timestamp(TIME), session_id="s-9", event=event)
    assert encode_change_event(made) == {"seq": 1, "ts": TIME, "session_id": "s-9", "event": encode_agent_event(event)}
    assert encode_change_event(ChangeEvent(event=event)) == {"event": encode_agent_event(event)}


def test_change_event_of_an_unknown_variant_is_none() -> None:
    assert decode_change_event({"seq": 1, "ts": TIME, "event": {"type": "of_next_year"}}) is None
    assert decode_change_event({"seq": 1, "ts": TIME, "type": "of_next_year"}) is None


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (fed(-1, "complete"), "seq"),
        (fed(1, "complete", ts="yesterday"), "ts"),
        (fed(1, "complete", ts=-1), "ts"),
        (fed(1, "complete", ts=10**16), "ts"),
        (fed(1, "complete", ts=1.5), "ts"),
        (fed(1, "complete", session=["s"]), "session_id"),  # type: ignore[arg-type]
        (fed(1, "error", message=5), "event.message"),
        ({"seq": 1, "ts": TIME, "type": "error", "message": 5}, "message"),
        ({"seq": 1, "ts": TIME}, "event"),
        ({"seq": 1, "event": {"kind": "x"}}, "event.type"),
        ([], ""),
    ],
)
def test_change_event_that_does_not_fit_is_rejected(record: Any, field: str) -> None:
    with pytest.raises(RecordRejected) as caught:
        decode_change_event(record)
    assert caught.value.field == field
