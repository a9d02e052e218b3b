"""What Bamboo's own published tests ask of its stored metrics, its periods, its token counts and its hooks."""

from __future__ import annotations

import copy
from datetime import date
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from agent_otel.model import RecordRejected
from agent_otel.sources import bamboo
from agent_otel.sources.bamboo import (
    MAX_DURABLE_TOKEN_COUNT,
    AgentEvent,
    DailyMetrics,
    ForwardMetricsFilter,
    ForwardMetricsSummary,
    ForwardRequestMetrics,
    ForwardStatus,
    ForwardTokenDetails,
    HookResult,
    MetricsDateFilter,
    MetricsSummary,
    ModelMetrics,
    ModelMetricsDateFilter,
    PromptMemoryRecallOutcome,
    RoundMetrics,
    RoundStatus,
    SessionMetrics,
    SessionMetricsFilter,
    SessionStatus,
    TaskItem,
    TaskItemStatus,
    TaskList,
    TaskPhase,
    TokenUsage,
    ToolCallCompletion,
    ToolCallMetrics,
    aggregate_monthly,
    aggregate_weekly,
    decode_agent_event,
    decode_record,
    encode_record,
)
from agent_otel.sources.fields import Timestamp
from sources.bamboo_samples import SAMPLES

TIME = "2031-02-03T04:05:06.7Z"
MAX_U64 = 2**64 - 1
NO_TOKENS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
TOKENS = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
DETAILS = {
    "cache_creation_input_tokens": 1,
    "cache_read_input_tokens": 32,
    "cache_write_input_tokens": 48,
    "reasoning_output_tokens": 5,
}
CALL = {
    "tool_call_id": "t-1",
    "tool_name": "look",
    "started_at": TIME,
    "completed_at": TIME,
    "success": False,
    "error": "made-up words",
    "duration_ms": 12,
}
ROUND = {
    "round_id": "r-1",
    "session_id": "s-1",
    "model": "m-1",
    "started_at": TIME,
    "completed_at": None,
    "token_usage": TOKENS,
    "tool_calls": [CALL],
    "status": "running",
    "error": "made-up words",
    "duration_ms": None,
    "prompt_cached_tool_outputs": 1,
    "prompt_cached_tool_tokens_saved": 2,
    "compression_count": 3,
    "tokens_saved": 4,
}
SESSION = {
    "session_id": "s-1",
    "model": "m-1",
    "started_at": TIME,
    "completed_at": TIME,
    "total_rounds": 5,
    "total_token_usage": TOKENS,
    "tool_call_count": 10,
    "tool_breakdown": {"look": 9, "dig": 1},
    "status": "awaiting_response",
    "message_count": 15,
    "duration_ms": 900,
    "prompt_cached_tool_outputs": 1,
    "prompt_cached_tool_tokens_saved": 2,
    "total_compression_events": 3,
    "total_tokens_saved": 4,
}
DAY = {
    "date": "2031-02-03",
    "total_sessions": 1,
    "total_rounds": 2,
    "total_token_usage": TOKENS,
    "total_tool_calls": 3,
    "model_breakdown": {"m-1": TOKENS},
    "tool_breakdown": {"look": 3},
    "prompt_cached_tool_outputs": 4,
}
EVIDENCE = {
    "kind": "tool_call",
    "summary": "made-up words",
    "reference": "made-up words",
    "tool_name": "look",
    "tool_call_id": "t-1",
    "round": 2,
    "success": True,
}
BLOCKER = {"kind": "user_input", "summary": "made-up words", "waiting_on": "made-up words"}
TRANSITION = {
    "from_status": "pending",
    "to_status": "in_progress",
    "reason": "made-up words",
    "round": 1,
    "changed_at": TIME,
}
ITEM = {
    "id": "i-1",
    "description": "made-up words",
    "status": "in_progress",
    "depends_on": ["i-0"],
    "notes": "made-up words",
    "active_form": "made-up words",
    "parent_id": "i-9",
    "phase": "verification",
    "priority": "high",
    "completion_criteria": ["made-up words"],
    "evidence": [EVIDENCE],
    "blockers": [BLOCKER],
    "transitions": [TRANSITION],
}
MEMORY = {
    "memory_id": "k-1",
    "scope": "project",
    "status_at_observation": "active",
    "rank": 1,
    "rendered_chars": 80,
}
REQUEST = {
    "forward_id": "q-1",
    "endpoint": "acme.chat",
    "model": "m-1",
    "is_stream": True,
    "started_at": TIME,
    "completed_at": None,
    "status_code": 200,
    "status": "success",
    "token_usage": None,
    "token_details": DETAILS,
    "error": "made-up words",
    "duration_ms": 250,
}
FORWARDED = {"successful_requests": 9, "failed_requests": 1, "total_requests": 10, "total_tokens": TOKENS}

# One example per type, with every member.
EXAMPLES: dict[str, Any] = {
    "TokenUsage": TOKENS,
    "ToolCallMetrics": CALL,
    "RoundMetrics": ROUND,
    "SessionMetrics": SESSION,
    "SessionDetail": {"session": SESSION, "rounds": [ROUND, ROUND]},
    "DailyMetrics": DAY,
    "PeriodMetrics": {
        **{name: value for name, value in DAY.items() if name != "date"},
        "label": "2031-02-03..2031-02-04",
        "period_start": "2031-02-03",
        "period_end": "2031-02-04",
    },
    "ModelMetrics": {
        "model": "m-1",
        "sessions": 1,
        "rounds": 2,
        "tokens": TOKENS,
        "tool_calls": 3,
        "prompt_cached_tool_outputs": 4,
    },
    "MetricsSummary": {
        "total_sessions": 100,
        "total_tokens": TOKENS,
        "total_tool_calls": 500,
        "active_sessions": 5,
        "prompt_cached_tool_outputs": 1,
        "tool_context_tokens_saved": 2,
        "total_compression_events": 3,
        "total_tokens_saved": 4,
        "non_tool_compression_tokens_saved": 5,
        "completed_sessions": 80,
        "awaiting_response_sessions": 10,
        "error_sessions": 7,
        "cancelled_sessions": 3,
        "total_sync_mismatches": 6,
        "sync_mismatch_breakdown": {"late": 6},
    },
    "MetricsDateFilter": {"start_date": "2031-02-03", "end_date": None},
    "ModelMetricsDateFilter": {"start_date": None, "end_date": "2031-02-03", "model": "m-1"},
    "SessionMetricsFilter": {"start_date": None, "end_date": "2031-02-03", "model": "m-1", "limit": 9},
    "ForwardMetricsFilter": {
        "start_date": None,
        "end_date": "2031-02-03",
        "endpoint": "acme.chat",
        "model": "m-1",
        "limit": 9,
    },
    "ForwardTokenDetails": DETAILS,
    "ForwardRequestMetrics": REQUEST,
    "ForwardMetricsSummary": {**FORWARDED, "token_details": DETAILS, "avg_duration_ms": 200},
    "ForwardEndpointMetrics": {
        "endpoint": "acme.chat",
        "requests": 10,
        "successful": 9,
        "failed": 1,
        "tokens": TOKENS,
        "token_details": DETAILS,
        "avg_duration_ms": None,
    },
    "PromptMemoryExposureItem": MEMORY,
    "PromptMemoryExposureObservation": {
        "schema_version": 1,
        "round_id": "r-1",
        "session_id": "s-1",
        "project_id": "p-1",
        "observed_at": TIME,
        "recall_enabled": True,
        "query_present": True,
        "recall_outcome": "rerank_fallback",
        "all_compact_exposed_count": 2,
        "project_exposed_count": 1,
        "out_of_project_only": False,
        "compact_section_chars": 300,
        "project_items": [MEMORY],
    },
    "TaskEvidence": EVIDENCE,
    "TaskBlocker": BLOCKER,
    "TaskTransition": TRANSITION,
    "TaskItem": ITEM,
    "TaskList": {
        "session_id": "s-1",
        "title": "made-up words",
        "items": [ITEM],
        "created_at": TIME,
        "updated_at": TIME,
    },
    "HookResult": {"type": "deny", "reason": "made-up words"},
}
HOOKS: dict[str, HookResult] = {
    "continue": HookResult.Continue(),
    "mutated": HookResult.Mutated(),
    "allow": HookResult.Allow(),
    "deny": HookResult.Deny(reason="blocked"),
    "ask": HookResult.Ask(),
    "inject_context": HookResult.InjectContext(text="more to know"),
    "suspend": HookResult.Suspend(reason="waiting"),
    "abort": HookResult.Abort(reason="broken"),
}


def read(name: str, value: Any) -> Any:
    found = decode_record(getattr(bamboo, name), value)
    assert found is not None
    return found


def usage(prompt: int, completion: int, total: int | None = None) -> TokenUsage:
    told = prompt + completion if total is None else total
    return TokenUsage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=told)


def day(
    text: str, *, sessions: int = 1, prompt: int = 1, tools: int = 1, cached: int = 0, **breakdown: Any
) -> DailyMetrics:
    return DailyMetrics(
        date=date.fromisoformat(text),
        total_sessions=sessions,
        total_rounds=sessions + 1,
        total_token_usage=usage(prompt, 1),
        total_tool_calls=tools,
        prompt_cached_tool_outputs=cached,
        model_breakdown=breakdown.get("models", {}),
        tool_breakdown=breakdown.get("tools_by_name", {}),
    )


# Every type


@pytest.mark.parametrize("name", EXAMPLES)
def test_record_comes_back_as_it_was(name: str) -> None:
    assert encode_record(read(name, EXAMPLES[name])) == EXAMPLES[name]


@pytest.mark.parametrize("name", EXAMPLES)
def test_unknown_members_come_back(name: str) -> None:
    record = {**EXAMPLES[name], "later": {"x": [None]}}
    assert encode_record(read(name, record)) == record


@pytest.mark.parametrize(("name", "member"), [(name, member) for name in EXAMPLES for member in EXAMPLES[name]])
def test_missing_member_is_rejected_by_name_unless_it_is_optional(name: str, member: str) -> None:
    rest = {key: value for key, value in EXAMPLES[name].items() if key != member}
    try:
        found = read(name, rest)
    except RecordRejected as error:
        rejected = (error.field, error.reason)
    else:
        rejected = (member, "is missing")
        assert encode_record(found) == rest
    assert rejected == (member, "is missing")


@pytest.mark.parametrize("name", EXAMPLES)
def test_text_that_may_be_content_is_in_no_repr(name: str) -> None:
    assert "made-up" not in repr(read(name, EXAMPLES[name]))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300)
@given(st.sampled_from(sorted(EXAMPLES)), st.data())
def test_a_changed_record_comes_back_or_is_rejected(name: str, data: st.DataObject) -> None:
    record = copy.deepcopy(EXAMPLES[name])
    record[data.draw(st.sampled_from([*record, "other"]))] = data.draw(json_values)
    try:
        found = decode_record(getattr(bamboo, name), record)
    except RecordRejected:
        return
    if found is not None:
        assert json.dumps(encode_record(found), sort_keys=True) == json.dumps(record, sort_keys=True)


@pytest.mark.parametrize(
    ("name", "change", "field"),
    [
        ("DailyMetrics", {"date": "20310203"}, "date"),
        ("DailyMetrics", {"date": "2031-02-30"}, "date"),
        ("DailyMetrics", {"tool_breakdown": {"secret": -1}}, "tool_breakdown.*"),
        ("DailyMetrics", {"model_breakdown": {"secret": {}}}, "model_breakdown.*.prompt_tokens"),
        ("RoundMetrics", {"tool_calls": [CALL, {}]}, "tool_calls.1.tool_call_id"),
        ("ForwardRequestMetrics", {"status_code": 2**16}, "status_code"),
        ("TaskItem", {"evidence": [{"summary": 1}]}, "evidence.0.summary"),
        ("HookResult", {"reason": 1}, "reason"),
    ],
)
def test_wrong_members_are_rejected_with_their_place(name: str, change: Any, field: str) -> None:
    with pytest.raises(RecordRejected) as caught:
        read(name, {**EXAMPLES[name], **change})
    assert caught.value.field == field
    assert "secret" not in str(caught.value)


# Token counts


def test_token_usage_default_is_zero() -> None:
    assert encode_record(TokenUsage.default()) == NO_TOKENS


def test_token_usage_add_assign_accumulates() -> None:
    assert usage(100, 50).add_assign(usage(200, 100)) == usage(300, 150)
    assert usage(MAX_U64, 0).add_assign(usage(1, 0)).prompt_tokens == MAX_U64


def test_token_usage_copies_and_compares_by_value() -> None:
    first = usage(100, 50)
    assert copy.copy(first) == first == usage(100, 50)


def test_recompute_total_stops_at_the_largest_count() -> None:
    assert usage(MAX_U64 - 5, MAX_U64 - 9, 0).recompute_total().total_tokens == MAX_U64


def test_r12_durable_counts_are_clamped_and_their_total_recomputed() -> None:
    clamped = usage(MAX_U64, MAX_U64, 1).clamped_for_durable_metrics()
    assert encode_record(clamped) == dict.fromkeys(NO_TOKENS, MAX_DURABLE_TOKEN_COUNT)


def test_r12_durable_sums_are_clamped() -> None:
    nearly = usage(MAX_DURABLE_TOKEN_COUNT - 2, MAX_DURABLE_TOKEN_COUNT - 3, MAX_DURABLE_TOKEN_COUNT)
    total = nearly.add_assign_durable(usage(10, 20))
    assert encode_record(total) == dict.fromkeys(NO_TOKENS, MAX_DURABLE_TOKEN_COUNT)


# Status words


@pytest.mark.parametrize("words", [RoundStatus, SessionStatus, ForwardStatus, PromptMemoryRecallOutcome])
def test_status_words_are_found_by_what_is_in_the_database(words: Any) -> None:
    assert all(words.from_db(status.as_str()) is status for status in words)
    assert words.from_db("invalid") is None


def test_status_words_of_the_wire() -> None:
    assert SessionStatus.AwaitingResponse.as_str() == "awaiting_response"
    assert SessionStatus.AwaitingResponse is not SessionStatus.Completed
    assert RoundStatus.Success.as_str() == "success"
    assert ForwardStatus.Pending.as_str() == "pending"


# Filters


def test_filters_restrict_nothing_by_default() -> None:
    assert encode_record(MetricsDateFilter.default()) == {"start_date": None, "end_date": None}
    assert (SessionMetricsFilter.default().model, SessionMetricsFilter.default().limit) == (None, None)
    assert (ForwardMetricsFilter.default().endpoint, ForwardMetricsFilter.default().limit) == (None, None)
    assert ModelMetricsDateFilter.default().model is None


def test_model_filter_of_an_older_filter_means_all_models() -> None:
    older = MetricsDateFilter(start_date=date(2031, 2, 3))
    assert ModelMetricsDateFilter.from_(older) == ModelMetricsDateFilter(start_date=date(2031, 2, 3))


# What is written


def test_tool_call_metrics_made_here() -> None:
    started = Timestamp(TIME)
    call = ToolCallMetrics(tool_call_id="t-9", tool_name="look", started_at=started, success=True, duration_ms=150)
    assert encode_record(call) == {
        "tool_call_id": "t-9",
        "tool_name": "look",
        "started_at": TIME,
        "completed_at": None,
        "success": True,
        "error": None,
        "duration_ms": 150,
    }
    assert ToolCallCompletion(completed_at=started, success=False, error="x").success is False


def test_round_and_session_metrics_made_here() -> None:
    started = Timestamp(TIME)
    found = RoundMetrics(
        round_id="r-9",
        session_id="s-9",
        model="m-9",
        started_at=started,
        token_usage=TokenUsage.default(),
        tool_calls=(),
        status=RoundStatus.Running,
    )
    written = encode_record(found)
    assert (written["model"], written["tool_calls"], written["compression_count"]) == ("m-9", [], 0)
    assert read("RoundMetrics", written) == found
    session = SessionMetrics(
        session_id="s-9",
        model="m-9",
        started_at=started,
        total_rounds=5,
        total_token_usage=TokenUsage.default(),
        tool_call_count=10,
        tool_breakdown={},
        status=SessionStatus.Running,
        message_count=15,
    )
    assert (encode_record(session)["total_rounds"], encode_record(session)["status"]) == (5, "running")


def test_day_model_and_summary_made_here() -> None:
    assert encode_record(day("2031-02-03", sessions=10))["date"] == "2031-02-03"
    model = ModelMetrics(model="m-9", sessions=50, rounds=200, tokens=TokenUsage.default(), tool_calls=100)
    assert (encode_record(model)["model"], encode_record(model)["sessions"]) == ("m-9", 50)
    summary = MetricsSummary(
        total_sessions=100, total_tokens=TokenUsage.default(), total_tool_calls=500, active_sessions=5
    )
    assert (encode_record(summary)["active_sessions"], encode_record(summary)["sync_mismatch_breakdown"]) == (5, {})


def test_forwarded_request_keeps_cache_writes_apart_and_leaves_out_what_is_not_told() -> None:
    details = ForwardTokenDetails(cache_read_input_tokens=32, cache_write_input_tokens=48, reasoning_output_tokens=5)
    request = ForwardRequestMetrics(
        forward_id="q-9",
        endpoint="acme.chat",
        model="m-9",
        is_stream=True,
        started_at=Timestamp(TIME),
        status_code=200,
        status=ForwardStatus.Success,
        token_details=details,
    )
    written = encode_record(request)
    assert written["token_details"] == {
        "cache_read_input_tokens": 32,
        "cache_write_input_tokens": 48,
        "reasoning_output_tokens": 5,
    }
    assert read("ForwardRequestMetrics", written) == request


def test_forward_summary_without_details_has_none() -> None:
    summary = ForwardMetricsSummary(
        total_requests=1000, successful_requests=950, failed_requests=50, total_tokens=TokenUsage(), avg_duration_ms=200
    )
    assert "token_details" not in encode_record(summary)
    assert summary.token_details.is_empty()
    told = {**encode_record(summary), "token_details": {}}
    assert encode_record(read("ForwardMetricsSummary", told)) == told


def test_zero_tokens_are_told_and_no_tokens_are_not() -> None:
    assert not ForwardTokenDetails(cache_read_input_tokens=0).is_empty()
    assert ForwardTokenDetails.default().is_empty()


# What older builds leave out


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("RoundMetrics", ["compression_count", "tokens_saved", "prompt_cached_tool_tokens_saved"]),
        ("SessionMetrics", ["total_compression_events", "total_tokens_saved", "prompt_cached_tool_tokens_saved"]),
        ("MetricsSummary", list(EXAMPLES["MetricsSummary"])[4:14]),
    ],
)
def test_counts_of_newer_builds_are_zero_in_older_ones(name: str, left_out: list[str]) -> None:
    record = {key: value for key, value in EXAMPLES[name].items() if key not in left_out}
    found = read(name, record)
    assert [getattr(found, member) for member in left_out] == [0] * len(left_out)
    assert encode_record(found) == record


# Weeks and months


def test_days_of_one_week_become_one_period() -> None:
    days = [
        day(
            "2026-02-09", sessions=2, prompt=10, tools=4, cached=3, models={"a": usage(1, 1)}, tools_by_name={"look": 1}
        ),
        day("2026-02-10", sessions=1, prompt=5, tools=1, cached=2, models={"a": usage(2, 0)}, tools_by_name={"dig": 2}),
    ]
    (week,) = aggregate_weekly(days)
    assert (week.total_sessions, week.total_rounds, week.total_tool_calls) == (3, 5, 5)
    assert (week.total_token_usage, week.prompt_cached_tool_outputs) == (usage(15, 2), 5)
    assert (week.model_breakdown, week.tool_breakdown) == ({"a": usage(3, 1)}, {"look": 1, "dig": 2})
    assert week.label == "2026-02-09..2026-02-10"


def test_weeks_begin_on_monday_and_stand_in_their_order() -> None:
    weeks = aggregate_weekly([day("2026-02-16"), day("2026-02-15"), day("2026-02-12")])
    assert [(week.period_start.isoformat(), week.period_end.isoformat()) for week in weeks] == [
        ("2026-02-09", "2026-02-15"),
        ("2026-02-16", "2026-02-16"),
    ]
    assert weeks[1].label == "2026-02-16"


def test_months_begin_on_their_first_day() -> None:
    months = aggregate_monthly([day("2026-01-31"), day("2026-02-01", sessions=2)])
    assert [month.period_start for month in months] == [date(2026, 1, 1), date(2026, 2, 1)]
    assert [month.label for month in months] == ["2026-01-01..2026-01-31", "2026-02-01"]
    assert aggregate_monthly([]) == []


# Hooks


def test_a_hook_changes_nothing_by_default() -> None:
    assert HookResult.default() == HookResult.Continue()


@pytest.mark.parametrize("tag", HOOKS)
def test_hook_results_come_back(tag: str) -> None:
    written = encode_record(HOOKS[tag])
    assert written["type"] == tag
    assert decode_record(HookResult, written) == HOOKS[tag]
    event = decode_agent_event({"type": "hook_lifecycle", **SAMPLES["hook_lifecycle"], "decision": written})
    assert isinstance(event, AgentEvent.HookLifecycle)
    assert decode_record(HookResult, event.decision) == HOOKS[tag]


def test_hook_result_of_a_later_build_is_none() -> None:
    assert decode_record(HookResult, {"type": "dream"}) is None


# Tasks


def test_task_list_of_an_event_can_be_read() -> None:
    event = decode_agent_event({"type": "task_list_updated", "task_list": EXAMPLES["TaskList"], "version": 7})
    assert isinstance(event, AgentEvent.TaskListUpdated)
    tasks = decode_record(TaskList, event.task_list)
    assert tasks is not None
    assert (tasks.session_id, tasks.items[0].phase) == (event.session_id, TaskPhase.Verification)
    assert tasks.has_active_execution_tasks()


def test_a_task_made_here_leaves_out_what_is_not_said() -> None:
    assert encode_record(TaskItem.default()) == {
        "id": "",
        "description": "",
        "status": "pending",
        "depends_on": [],
        "notes": "",
        "phase": "execution",
        "priority": "medium",
    }


@pytest.mark.parametrize(
    ("name", "member", "alias"), [("TaskItem", "active_form", "activeForm"), ("TaskEvidence", "reference", "ref")]
)
def test_members_under_their_other_name_come_back_so(name: str, member: str, alias: str) -> None:
    record = {key: value for key, value in EXAMPLES[name].items() if key != member}
    found = read(name, {**record, alias: "spelled"})
    assert getattr(found, member) == "spelled"
    assert encode_record(found) == {**record, alias: "spelled"}
    both = {**EXAMPLES[name], alias: "spelled"}
    assert encode_record(read(name, both)) == both


def test_what_is_shown_of_a_task() -> None:
    assert TaskItem(active_form="digging").effective_active_form() == "digging"
    assert TaskItem(notes=" so far ", status=TaskItemStatus.InProgress).effective_active_form() == "so far"
    assert TaskItem(notes="so far").effective_active_form() is None
    assert TaskItem(status=TaskItemStatus.InProgress).effective_active_form() is None
    assert TaskItem(depends_on=("a", "b")).dependencies_ready({"a", "b", "c"})
    assert not TaskItem(depends_on=("a", "b")).dependencies_ready({"a"})


# Where events go


def event_of(tag: str) -> AgentEvent:
    event = decode_agent_event({"type": tag, **SAMPLES[tag]})
    assert event is not None
    return event


@pytest.mark.parametrize(
    "tag",
    [
        "session_history_committed",
        "task_evaluation_cancelled",
        "gold_evaluation_cancelled",
        "child_approval_changed",
        "workflow_changed",
        "workflow_invalid",
        "workflow_recovered",
        "execution_started",
        "complete",
        "config.changed",
    ],
)
def test_durable_changes(tag: str) -> None:
    assert event_of(tag).is_durable_change()


@pytest.mark.parametrize("tag", ["token", "tool_start", "tool_complete", "sub_agent_heartbeat", "runner_progress"])
def test_what_is_only_streamed(tag: str) -> None:
    assert not event_of(tag).is_durable_change()
    assert not event_of(tag).is_replayable_session_state()


def test_a_question_is_told_again_and_a_token_is_not() -> None:
    assert event_of("need_clarification").is_replayable_session_state()
    assert event_of("bash_completed").is_replayable_session_state()
    assert not event_of("bash_completed").is_durable_change()
    assert not AgentEvent.Token(content="soon gone").is_replayable_session_state()


def test_as_many_kinds_as_there_are_go_to_either() -> None:
    events = [event_of(tag) for tag in SAMPLES]
    assert sum(event.is_durable_change() for event in events) == 38
    assert sum(event.is_replayable_session_state() for event in events) == 15
