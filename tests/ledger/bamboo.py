"""The ledger of Bamboo's forms."""

from __future__ import annotations

from typing import Any

from agent_otel.sources import load_source
from ledger.book import Book, Case
from sources.bamboo_samples import SAMPLES, TIME
from sources.test_bamboo_records import SHAPES, USAGE

_BAMBOO = load_source("bamboo")


def _filled(name: str, record: Any) -> Any:
    """Fill what the example leaves null."""
    category, variant = name.split(".")
    body = record[category]
    if isinstance(body, str):
        return record
    fields = dict(body[variant])
    if fields.get("error", "") is None:
        fields["error"] = "it failed"
    if fields.get("usage", "") is None:
        fields["usage"] = USAGE
    if "meta" in fields:
        fields["meta"] = {**fields["meta"], "trace_id": "req-abc-123"}
    return {category: {variant: fields}}


def _metrics(name: str, record: Any) -> Case:
    filled = _filled(name, record)
    category, variant = name.split(".")
    at = (category,) if isinstance(filled[category], str) else (category, variant)
    return Case(record=filled, at=at)


_FIRST = {"meta": {"event_id": "e-0", "occurred_at": TIME, "trace_id": None}}
_OPENING = {"Chat": {"RoundStarted": {**SHAPES["Chat.RoundStarted"]["Chat"]["RoundStarted"], **_FIRST}}}
METRICS = Book(
    title="Bamboo: metrics events",
    source=_BAMBOO,
    cases={name: _metrics(name, record) for name, record in SHAPES.items()},
    opening=[_OPENING],
    dropped={},
)

_STARTED = {
    "seq": 1,
    "session_id": "s-1",
    "ts": TIME,
    "event": {"type": "execution_started", **SAMPLES["execution_started"]},
}


_CALL = {**_STARTED, "seq": 2, "event": {"type": "tool_start", **SAMPLES["tool_start"]}}
_BOXED = {"event": {"type": "tool_error", **SAMPLES["tool_error"]}}


def _event(tag: str) -> Case:
    fields = SAMPLES[tag] | (_BOXED if tag == "sub_agent_event" else {})
    record = {"seq": 7, "ts": TIME, "session_id": "s-1", "event": {"type": tag, **fields}}
    before = [] if tag == "execution_started" else [_STARTED]
    if "tool_call_id" in fields and tag not in _CALL_ENDS:
        before.append(_CALL)
    return Case(record=record, before=before, at=("event",))


_CALL_ENDS = {"tool_start", "tool_complete", "tool_error", "tool_lifecycle"}
_TITLE = "free text of people, no fact; the session is known by its id"
_PATH = "a path names people and machines"
_STREAMED = "parts of an answer that is told whole elsewhere, or nowhere; their number and first time are kept"
EVENTS = Book(
    title="Bamboo: agent events and change events",
    source=_BAMBOO,
    cases={tag: _event(tag) for tag in SAMPLES},
    tag=("type",),
    dropped={
        "token.content": _STREAMED,
        "reasoning_token.content": _STREAMED,
        "tool_token.content": "the result comes whole with tool_complete; the number of parts is kept",
        "tool_lifecycle.summary": "says name and length in words; told as error text where the call was cancelled",
        "need_clarification.tool_name": "the span that it stands on has the name",
        "task_list_updated.task_list.title": _TITLE,
        "task_list_item_progress.item.*": "free text of the plan; the item is known by its id",
        "goal_status_changed.goal_state.goal": "free text of people; the state is kept",
        "sub_agent_started.title": _TITLE,
        "sub_agent_event.parent_session_id": "sub_agent_started has told it",
        "sub_agent_heartbeat.timestamp": "the event's own time is at most a moment later",
        "plan_mode_entered.plan_file_path": _PATH,
        "plan_file_updated.file_path": _PATH,
        "session_title_updated.title": _TITLE,
        "session_created.title": _TITLE,
        "child_approval_changed.*_at": "the events of both moments have times of their own",
        "session_project_updated.workspace_path": _PATH,
        "workflow_*activated.event_id": "a span event has no id; of a log record it is the identity",
        "notification.title": "text for a person's screen; category and priority are kept",
        "notification.body": "text for a person's screen; category and priority are kept",
        "notification.dedup_key": "for screens, not for records: two notifications may share it",
    },
)
BOOKS = [METRICS, EVENTS]
