"""Tool calls: joined by id alone, each counted once, and how they ended."""

from __future__ import annotations

from typing import Any

import pytest

from agent_otel.model import AgentEvent, ContentKind, Outcome
from sources.claude_code_records import SESSION, assistant, call, decode, result, seconds, text, user, uuid


def ended(content: Any = "done", *, error: Any = None, name: Any = "Bash", structured: Any = None) -> AgentEvent:
    told = decode(
        [
            user("go", 1),
            assistant(call("t1", name, x=1), at=2),
            result("t1", 5, content, error=error, toolUseResult=structured),
        ]
    )
    return told.results[0]


def test_call_begins_at_its_block_and_ends_at_its_result() -> None:
    told = decode([user("go", 1), assistant(call("t1", command="ls"), at=2), result("t1", 5, "a.txt")])
    (start,), (end,) = told.calls, told.results
    assert (seconds(start), seconds(end)) == (2, 5)
    assert (start.ids.tool_call, start.ids.run, end.ids.run) == ("t1", uuid(1000), uuid(1000))
    assert (start.names.tool, start.names.tool_type, end.names.tool) == ("Bash", "function", "Bash")
    assert start.contents[ContentKind.TOOL_ARGUMENTS].value == {"command": "ls"}
    assert end.contents[ContentKind.TOOL_RESULT].value == "a.txt"
    assert (end.outcome, end.error_type) == (Outcome.OK, None)


@pytest.mark.parametrize(
    ("content", "outcome", "error_type"),
    [
        ("<tool_use_error>File has not been read yet.</tool_use_error>", Outcome.ERROR, "tool_use_error"),
        ("InputValidationError: x is required", Outcome.ERROR, "tool_use_error"),
        ("Exit code 127\nthis line was blocked", Outcome.ERROR, "exit_code"),
        ([text("Error: Exit code 1")], Outcome.ERROR, "exit_code"),
        ("The user doesn't want to proceed with this tool use. Stop.", Outcome.DENIED, "denied_by_user"),
        ("The user doesn't want to take this action right now.", Outcome.DENIED, "denied_by_user"),
        ("Claude requested permissions to write to /x, but no.", Outcome.DENIED, "permission_denied"),
        ("Permission to use Bash with command x has been denied.", Outcome.DENIED, "permission_denied"),
        ("This command requires approval", Outcome.DENIED, "permission_denied"),
        ("Several operations. The following part requires approval: x", Outcome.DENIED, "permission_denied"),
        ("ls in '/' was blocked. For security", Outcome.DENIED, "blocked"),
        ("[Request interrupted by user for tool use]", Outcome.CANCELLED, "interrupted_by_user"),
        ("Error: no such host\nwas blocked", Outcome.ERROR, "tool_error"),
        ("", Outcome.ERROR, "tool_error"),
        (None, Outcome.ERROR, "tool_error"),
    ],
)
def test_how_a_call_failed(content: Any, outcome: Any, error_type: Any) -> None:
    end = ended(content, error=True)
    assert (end.outcome, end.error_type) == (outcome, error_type)
    assert ContentKind.ERROR_TEXT in end.contents
    assert ContentKind.TOOL_RESULT not in end.contents
    assert ended(content, error=False).outcome is Outcome.OK
    assert ended(content).outcome is Outcome.OK


def test_exit_code_is_told() -> None:
    assert ended("Exit code 127\nx", error=True).lineage == {"tool.exit_code": 127}


def test_interrupted_command_is_cancelled_and_keeps_what_it_printed() -> None:
    end = ended("half", structured={"stdout": "half", "interrupted": True})
    assert (end.outcome, end.error_type) == (Outcome.CANCELLED, "interrupted_by_user")
    assert end.contents[ContentKind.TOOL_RESULT].value == "half"


def test_pasted_image_becomes_its_size() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 400}}
    end = ended([text("see"), image])
    assert end.contents[ContentKind.TOOL_RESULT].value == [text("see"), {"type": "image", "bytes": 300}]


@pytest.mark.parametrize(
    ("name", "structured", "duration"),
    [
        ("Glob", {"durationMs": 328}, 328_000_000),
        ("WebSearch", {"durationSeconds": 1.5}, 1_500_000_000),
        ("WebFetch", {"durationMs": -1}, None),
        ("WebFetch", {"durationMs": float("inf")}, None),
        ("WebFetch", {"durationMs": "9"}, None),
        ("Glob", {"durationMs": 10**40}, 2**63 - 1),
        ("Task", {"durationMs": 5}, None),
        ("Glob", "Error: x", None),
    ],
)
def test_measured_length(name: Any, structured: Any, duration: Any) -> None:
    assert ended(name=name, structured=structured).duration_ns == duration


def test_length_of_a_task_is_lineage_alone() -> None:
    end = ended(name="Task", structured={"totalDurationMs": 1200, "totalTokens": 5, "usage": {"input_tokens": 5}})
    assert (end.duration_ns, end.lineage, end.usage) == (None, {"task.duration_ms": 1200}, None)


def test_parallel_calls_join_by_id_whatever_the_order() -> None:
    told = decode(
        [
            user("go", 1),
            assistant(call("t1"), at=2),
            assistant(call("t2"), at=3),
            assistant(call("t3"), at=4),
            user([*result("t3", 5)["message"]["content"], *result("t1", 5)["message"]["content"]], 6),
            result("t2", 7),
        ]
    )
    assert [end.ids.tool_call for end in told.results] == ["t3", "t1", "t2"]


def test_result_ends_the_call_in_the_run_that_made_it() -> None:
    told = decode([user("go", 1), assistant(call("t1"), at=2), user("next", 3), result("t1", 4)])
    assert told.results[0].ids.run == uuid(1000)


def test_copy_of_a_call_or_a_result_counts_once() -> None:
    told = decode(
        [
            user("go", 1),
            assistant(call("t1"), at=2),
            assistant(call("t1"), at=2.5, uuid=uuid(77)),
            result("t1", 3),
            result("t1", 4),
            result("nobody", 5),
        ]
    )
    assert (len(told.calls), len(told.results)) == (1, 1)
    assert (told.notes["repeated_tool_result"], told.notes["unknown_tool_result"]) == (1, 1)


@pytest.mark.parametrize("bad", [None, "", 5, {"a": 1}])
def test_call_without_an_id_is_a_call(bad: Any) -> None:
    told = decode([user("go", 1), assistant(call(bad), call(bad), at=2)])
    assert [start.ids.tool_call for start in told.calls] == [f"{uuid(2000)}:0", f"{uuid(2000)}:1"]
    assert all(start.ids.tool_call_is_synthetic for start in told.calls)


def test_call_in_a_record_without_uuid_time_and_session_is_a_call() -> None:
    broken = {"type": "assistant", "message": {"id": "m9", "content": [call("t9")]}}
    told = decode([user("go", 1), broken])
    assert [(start.ids.tool_call, start.ids.run) for start in told.calls] == [("t9", uuid(1000))]
    assert told.calls[0].ids.conversation == SESSION


def test_tools_of_the_provider_begin_and_end_inside_the_response() -> None:
    search = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}}
    failed = {"type": "server_tool_use", "id": "s2", "name": "web_search", "input": {}}
    told = decode(
        [
            user("go", 1),
            assistant(search, at=2),
            assistant({"type": "web_search_tool_result", "tool_use_id": "s1", "content": [text("hit")]}, at=4),
            assistant(failed, at=5),
            assistant(
                {
                    "type": "web_search_tool_result",
                    "tool_use_id": "s2",
                    "content": {"type": "web_search_tool_result_error"},
                },
                at=6,
            ),
            assistant(text("a"), at=7),
        ]
    )
    assert [start.names.tool_type for start in told.calls] == ["extension", "extension"]
    assert [(end.outcome, seconds(end)) for end in told.results] == [(Outcome.OK, 4), (Outcome.ERROR, 6)]
    assert told.ends[0].outcome is Outcome.OK
    assert len(told.models) == 1
