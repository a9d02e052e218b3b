"""The source: whose files, which belong together, what is a duplicate, what is skipped and what rejected."""

from __future__ import annotations

from fnmatch import fnmatch
import json
from pathlib import PurePath
from typing import Any

import pytest

from agent_otel.sources import Verdict, detect_source, load_source
from agent_otel.sources.claude_code import ClaudeCodeSource, chains
from agent_otel.sources.claude_code.reading import Recent
from sources.claude_code_records import SESSION, assistant, call, decode, record, result, system, text, user, uuid

SOURCE = ClaudeCodeSource()
JOURNAL = {"type": "started", "key": "v2:x", "agentId": "a1"}
BOOKKEEPING = [
    {"type": "summary", "leafUuid": "x", "summary": "y"},
    {"type": "file-history-snapshot", "messageId": "x", "snapshot": {}},
    {"type": "file-history-delta", "messageId": "x", "timestamp": "2026-03-01T10:00:00Z"},
    record("last-prompt", None, lastPrompt="x"),
    record("ai-title", None),
    record("custom-title", None),
    record("mode", None),
    record("permission-mode", None),
    record("agent-name", None),
    record("agent-setting", None),
    record("pr-link", None),
    record("worktree-state", None),
    record("queue-operation", 1, operation="enqueue", content="x"),
    record("attachment", 1, attachment={"type": "hook_success"}),
    record("attachment", 1, attachment="x"),
    record("progress", 1, data={"type": "hook_progress"}),
    record("system", 1, content="a note", level="info"),
    system("stop_hook_summary", 1),
    system("away_summary", 1),
    system("turn_duration", 1, durationMs=5),
    JOURNAL,
    {"type": "result", "key": "v2:x", "agentId": "a1", "result": "text"},
]


def test_files_are_recognised_by_content() -> None:
    session = [{"type": "summary", "leafUuid": "x", "summary": "y"}, user("go", 1), assistant(text("a"), at=2)]
    assert SOURCE.detect(session) == 1.0
    assert SOURCE.detect([*session, "x", 5, {"silly": 1}, None]) == 3 / 7
    assert SOURCE.detect([JOURNAL]) == 1.0
    assert SOURCE.detect([]) == 0.0
    assert detect_source(session) is load_source("claude-code")


@pytest.mark.parametrize(
    "other",
    [
        {"type": "session_meta", "payload": {"id": "x"}, "timestamp": "2026-03-01T10:00:00Z"},
        {"type": "user", "content": "x"},
        {"type": ["user"], "sessionId": "s", "uuid": "u"},
        {"type": "result", "value": 5},
        ["stream", {"type": "user"}],
        "user",
        None,
        3,
    ],
)
def test_records_of_others_are_not_ours(other: Any) -> None:
    assert SOURCE.detect([other]) == 0.0
    assert SOURCE.record_key(other) is None


def test_copies_are_recognised_by_uuid() -> None:
    original = user("go", 1)
    copy = {**original, "sessionId": "fork", "timestamp": "2026-03-02T00:00:00Z"}
    assert SOURCE.record_key(original) == SOURCE.record_key(copy) == uuid(1000)
    assert SOURCE.record_key(assistant(text("a"), at=2)) == uuid(2000)
    assert SOURCE.record_key({"type": "summary", "uuid": "x"}) is None
    assert SOURCE.record_key(user("go", None)) is None
    assert SOURCE.record_key(user("go", 1, uuid=5)) is None


def test_id_that_is_no_uuid_does_not_meet_that_of_another_session() -> None:
    keys = {SOURCE.record_key(user("go", at, uuid="u-root", sessionId=session)) for at in (1, 2) for session in "ab"}
    assert len(keys) == 4
    assert SOURCE.record_key(user("a", 1, uuid="u")) == SOURCE.record_key(user("b", 1, uuid="u"))


def test_companions_are_looked_for_in_all_three_homes() -> None:
    patterns = SOURCE.companions(PurePath(f"/p/{SESSION}.jsonl"))
    for place in (
        "agent-0a1b.jsonl",
        f"{SESSION}/subagents/agent-0a1b.jsonl",
        f"{SESSION}/subagents/workflows/wf_1/agent-0a1b.jsonl",
        f"{SESSION}/subagents/workflows/wf_1/journal.jsonl",
    ):
        assert any(fnmatch(place, pattern) for pattern in patterns)
        assert SOURCE.is_companion(PurePath(place))
    assert SOURCE.companions(PurePath("a[1].jsonl"))[0].startswith("a[[]1]/")
    assert not SOURCE.is_companion(PurePath(f"{SESSION}.jsonl"))
    assert SOURCE.sidecar(PurePath("x/agent-0a1b.jsonl")) == "agent-0a1b.meta.json"
    assert SOURCE.sidecar(PurePath(f"{SESSION}.jsonl")) is None


def test_companion_belongs_by_session() -> None:
    main = [{"type": "summary", "leafUuid": "x"}, 5, user("go", 1)]
    assert SOURCE.belongs(user("x", 2, agentId="a1"), main)
    assert SOURCE.belongs(user("x", 2, sessionId=f"{SESSION}#agent-a1"), main)
    assert SOURCE.belongs(JOURNAL, main)
    assert not SOURCE.belongs(user("x", 2, sessionId="other"), main)
    assert not SOURCE.belongs({"type": "user"}, [{"type": "user"}])
    assert not SOURCE.belongs([1], main)


@pytest.mark.parametrize("value", BOOKKEEPING, ids=lambda value: str(value.get("subtype") or value["type"]))
def test_bookkeeping_is_skipped(value: Any) -> None:
    told = decode([value])
    assert told.notes == {"bookkeeping": 1}
    assert told.verdicts == {Verdict.SKIPPED: 1}
    assert [event for event in told.events if event.kind.value != "session"] == []


@pytest.mark.parametrize("value", [{"silly": 1}, {"type": "brand-new"}, {"type": 5}, {"type": ["user"]}, {}])
def test_unknown_types_are_skipped_and_told(value: Any) -> None:
    assert decode([value]).notes == {"unknown_record_type": 1}


@pytest.mark.parametrize("value", ["x", 5, None, [1], True])
def test_what_is_no_object_is_rejected(value: Any) -> None:
    (error,) = decode([value]).rejected
    assert (error.field, error.reason) == ("", "is no object")


@pytest.mark.parametrize(
    "message",
    ["secret", None, {}, {"content": None}, {"content": 5}, {"content": ["secret"]}, {"content": {"a": "secret"}}],
)
@pytest.mark.parametrize("kind", ["user", "assistant"])
def test_message_without_usable_content_is_rejected_without_its_text(kind: Any, message: Any) -> None:
    (error,) = decode([record(kind, 1, message=message)]).rejected
    assert error.field == "message.content"
    assert "secret" not in str(error)


def test_wrong_types_spoil_the_member_and_not_the_record() -> None:
    told = decode(
        [
            user("go", 1, version=5, entrypoint=["x"], parentUuid={}, isMeta="no"),
            assistant({"type": 5}, {"type": "text", "text": 5}, "x", call("t1"), at=2, requestId=7, stop=[], usage=[]),
            result("t1", 3, {"odd": 1}, toolUseResult=[1], error="yes"),  # type: ignore[arg-type]
            user([{"type": "tool_result", "tool_use_id": 5}], 4),
            system("compact_boundary", 5, compactMetadata={"trigger": "other", "preTokens": "many"}),
        ]
    )
    assert told.rejected == []
    assert (len(told.starts), len(told.models), len(told.calls), len(told.results)) == (1, 1, 1, 1)
    assert told.starts[0].lineage == {}


def test_no_path_branch_or_directory_is_told() -> None:
    private = {"cwd": "/home/someone", "gitBranch": "secret-branch", "slug": "secret-slug", "teamName": "secret-team"}
    told = decode(
        [
            user("go", 1, **private),
            assistant(call("t1"), at=2, **private),
            result("t1", 3, toolUseResult={"agentId": "a1", "worktreePath": "/home/someone"}, **private),
        ]
    )
    shown = json.dumps([str((event.ids, event.names, dict(event.lineage), dict(event.facts))) for event in told.events])
    assert "someone" not in shown
    assert "secret" not in shown


def test_decoding_again_gives_the_same() -> None:
    records = [user("go", 1), assistant(call("t1"), at=2), result("t1", 3), assistant(text("a"), at=4, msg="m2")]
    assert decode(records).events == decode(records).events


def test_tables_forget_the_oldest_and_keep_long_ids_as_digests() -> None:
    table: Recent[int] = Recent(2)
    for key in ("a", "b", "x" * 1_000_000):
        table.put(key, len(key))
    assert ("a" in table, "b" in table, len(table)) == (False, True, 2)
    assert table.get("x" * 1_000_000) == table.pop("x" * 1_000_000) == 1_000_000
    assert len(table) == 1
    assert all(len(key) < 200 for key in table._entries)


def test_too_many_lines_of_work_end_the_oldest(monkeypatch: Any) -> None:
    monkeypatch.setattr(chains, "_MAX_CHAINS", 2)
    agents = [user("look", at, agentId=f"a{at}") for at in (2, 3, 4)]
    roots = [user("look", at, isSidechain=True) for at in (8, 9, 10)]
    told = decode([user("go", 1), agents[0], assistant(text("a"), at=2.5), *agents[1:], *roots], complete=False)
    assert [end.ids.run for end in told.ends] == [f"{SESSION}/a2", uuid(1000), uuid(8000)]
    assert len(told.starts) == 7
