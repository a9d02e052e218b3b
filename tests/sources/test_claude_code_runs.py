"""Runs of a session: where they begin, when they end, and how."""

from __future__ import annotations

from typing import Any

import pytest

from agent_otel.model import ContentKind, EventKind, Outcome, Phase
from sources.claude_code_records import (
    SESSION,
    Told,
    assistant,
    call,
    decode,
    record,
    result,
    seconds,
    system,
    text,
    user,
    uuid,
)


def bounds(told: Told) -> list[tuple[float, float]]:
    return [(seconds(start), seconds(end)) for start, end in zip(told.starts, told.ends, strict=True)]


def outcomes(told: Told) -> list[tuple[Outcome, str | None]]:
    return [(end.outcome, end.error_type) for end in told.ends]


def test_a_run_reaches_from_its_prompt_to_the_last_work_before_the_next() -> None:
    told = decode(
        [
            user("one", 1),
            assistant(text("a"), at=3),
            user([text("two"), {"type": "image", "source": {"type": "base64", "data": "AAAA"}}], 10),
            assistant(text("b"), at=11, msg="msg_2"),
        ]
    )
    assert bounds(told) == [(1, 3), (10, 11)]
    assert [start.ids.run for start in told.starts] == [uuid(1000), uuid(10000)]
    assert outcomes(told) == [(Outcome.OK, None)] * 2
    first, second = told.starts
    assert (first.names.agent, first.names.provider) == ("claude-code", "anthropic")
    assert first.ids.conversation == SESSION
    assert first.contents[ContentKind.INPUT_MESSAGES].value == "one"
    assert second.contents[ContentKind.INPUT_MESSAGES].value == [text("two"), {"type": "image", "bytes": 3}]
    assert told.ends[0].contents[ContentKind.OUTPUT_MESSAGES].value == "a"
    assert told.ends[0].names.request_model == "model-x"
    assert all(event.usage is None for event in told.starts + told.ends)


@pytest.mark.parametrize(
    "wrapper",
    [
        user("<local-command-stdout>x</local-command-stdout>", 5),
        user("<local-command-caveat>Caveat: x", 5, isMeta=True),
        user("Caveat: The messages below were generated", 5),
        user("<bash-input>ls</bash-input>", 5),
        user("<bash-stdout></bash-stdout>", 5),
        user("<command-name>/exit</command-name>", 5),
        user("<task-notification>x", 5),
        user("told by the client", 5, isMeta=True),
        user("the story so far", 5, isCompactSummary=True),
        user([], 5),
        record("attachment", 5, attachment={"type": "hook_success"}),
        system("away_summary", 5),
        system("local_command", 5),
    ],
)
def test_what_the_client_writes_begins_no_run(wrapper: Any) -> None:
    assert decode([wrapper]).starts == []
    after = decode([user("go", 1), assistant(text("a"), at=2), wrapper])
    assert len(after.starts) == 1
    assert outcomes(after) == [(Outcome.OK, None)]


def test_what_comes_after_the_work_does_not_make_the_run_longer() -> None:
    told = decode(
        [
            user("go", 1),
            assistant(text("a"), at=2),
            record("attachment", 300, attachment={"type": "hook_success"}),
            user("<command-name>/exit</command-name>", 301),
            user("<local-command-stdout>bye</local-command-stdout>", 302),
        ]
    )
    assert bounds(told) == [(1, 2)]


def test_stop_hooks_belong_to_the_run() -> None:
    told = decode([user("go", 1), assistant(text("a"), at=2), system("stop_hook_summary", 4)])
    assert bounds(told) == [(1, 4)]


@pytest.mark.parametrize("before", [[], [user("go", 1), assistant(text("a"), at=2)]])
def test_command_that_the_model_works_on_begins_a_run(before: Any) -> None:
    told = decode(
        [
            *before,
            user("<command-message>init</command-message>\n<command-name>/init</command-name>", 10),
            user("Look at the code", 11, isMeta=True),
            assistant(text("b"), at=13, msg="msg_2"),
        ]
    )
    assert told.starts[-1].ids.run == uuid(10000)
    assert bounds(told)[-1] == (10, 13)
    assert len(told.starts) == len(before) // 2 + 1
    assert told.models[-1].duration_ns == 2_000_000_000


def test_prompt_after_a_command_begins_the_run_itself() -> None:
    told = decode([user("<command-name>/model</command-name>", 1), user("go", 5), assistant(text("a"), at=6)])
    assert bounds(told) == [(5, 6)]


def test_notification_joins_the_open_run_and_begins_one_after_its_end() -> None:
    note = "<task-notification>\n<status>completed</status>"
    joined = decode([user("go", 1), assistant(text("a"), at=2), user(note, 5), assistant(text("b"), at=6, msg="msg_2")])
    assert bounds(joined) == [(1, 6)]
    told = decode(
        [
            user("go", 1),
            assistant(text("a"), at=2),
            system("turn_duration", 3, durationMs=1900),
            user(note, 5),
            assistant(text("b"), at=6, msg="msg_2"),
        ]
    )
    assert bounds(told) == [(1, 3), (5, 6)]
    assert told.starts[1].contents[ContentKind.INPUT_MESSAGES].value == note


def test_turn_duration_ends_the_run_and_tells_its_length() -> None:
    told = decode(
        [
            user("go", 1),
            assistant(text("a"), at=2),
            system("turn_duration", 3, durationMs=1900),
            assistant(text("b"), at=9, msg="msg_2"),
        ]
    )
    assert bounds(told) == [(1, 3), (9, 9)]
    assert told.ends[0].duration_ns == 1_900_000_000
    assert told.starts[1].ids.run == uuid(9000)


@pytest.mark.parametrize("length", [1e300, -5, "x", True, 2**70, 10_000_000])
def test_senseless_length_of_a_turn_is_not_told(length: Any) -> None:
    told = decode([user("go", 1), assistant(text("a"), at=2), system("turn_duration", 3, durationMs=length)])
    assert told.ends[0].duration_ns is None


def test_work_before_any_prompt_opens_a_run() -> None:
    told = decode([assistant(text("a"), at=2), user("next", 5), assistant(text("b"), at=6, msg="msg_2")])
    assert [start.ids.run for start in told.starts] == [uuid(2000), uuid(5000)]
    assert ContentKind.INPUT_MESSAGES not in told.starts[0].contents


def test_cut_file_begins_with_the_result_of_a_lost_call() -> None:
    told = decode([result("lost", 1), assistant(text("a"), at=3)])
    assert bounds(told) == [(1, 3)]
    assert told.starts[0].ids.run == uuid(1000)
    assert told.notes["unknown_tool_result"] == 1


def test_run_without_a_uuid_is_named_by_its_place() -> None:
    told = decode([user("go", 1, uuid=None), assistant(text("a"), at=2)])
    assert told.starts[0].ids.run == "key0#1"
    other = decode([user("go", 1, uuid="u-root"), assistant(text("a"), at=2)])
    assert other.starts[0].ids.run == "key0#u-root"


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], (Outcome.INTERRUPTED, "interrupted")),
        ([assistant(call("t1"), at=2)], (Outcome.INTERRUPTED, "interrupted")),
        ([assistant(call("t1"), at=2), result("t1", 3)], (Outcome.INTERRUPTED, "interrupted")),
        (
            [assistant(call("t1"), at=2), result("t1", 3), assistant(text("a"), at=4, msg="m2")],
            (Outcome.OK, None),
        ),
        # A result that got lost on the way does not count once the model has gone on.
        ([assistant(call("t1"), at=2), assistant(text("a"), at=4, msg="m2")], (Outcome.OK, None)),
        ([user([text("[Request interrupted by user]")], 3)], (Outcome.CANCELLED, "interrupted_by_user")),
        (
            [
                assistant(call("t1"), at=2),
                result("t1", 3, "The user doesn't want to proceed with this tool use.", error=True),
                user([text("[Request interrupted by user for tool use]")], 3.5),
            ],
            (Outcome.CANCELLED, "interrupted_by_user"),
        ),
    ],
)
def test_how_a_run_ended(records: Any, expected: Any) -> None:
    assert outcomes(decode([user("go", 1), *records])) == [expected]


def test_interruption_is_told_inside_the_run() -> None:
    told = decode([user("go", 1), user("[Request interrupted by user]", 3), user("again", 4)])
    (mark,) = told.of(EventKind.PROGRESS, Phase.POINT)
    assert (mark.names.subject, mark.ids.run, seconds(mark)) == ("interrupted", uuid(1000), 3)
    assert bounds(told)[0] == (1, 3)


def test_compaction_is_told_and_the_run_goes_on() -> None:
    told = decode(
        [
            user("go", 1),
            assistant(text("a"), at=2),
            system("compact_boundary", 3, compactMetadata={"trigger": "auto", "preTokens": 155_000}),
            user("the story so far", 4, isCompactSummary=True),
            assistant(text("b"), at=6, msg="msg_2"),
        ]
    )
    (point,) = told.of(EventKind.HISTORY, Phase.POINT)
    assert {fact.value: value for fact, value in point.facts.items()} == {"trigger": "auto", "pre_tokens": 155_000}
    assert point.ids.run == uuid(1000)
    assert bounds(told) == [(1, 6)]
    assert told.models[1].duration_ns == 2_000_000_000


def test_veto_of_a_hook_is_told_inside_the_run() -> None:
    veto = {"type": "hook_blocking_error", "hookEvent": "PreToolUse", "toolUseID": "t1"}
    told = decode(
        [
            user("go", 1),
            assistant(call("t1"), at=2),
            record("attachment", 2.5, attachment=veto),
            result("t1", 3, "PreToolUse:Bash hook error", error=True),
        ]
    )
    assert [mark.names.subject for mark in told.of(EventKind.PROGRESS, Phase.POINT)] == ["hook"]
    assert (told.results[0].outcome, told.results[0].error_type) == (Outcome.DENIED, "blocked")


def test_incomplete_input_ends_nothing_that_may_grow() -> None:
    records = [
        user("one", 1),
        assistant(text("a"), at=2),
        user("two", 3),
        assistant(text("b"), at=4, msg="msg_2"),
    ]
    told = decode(records, complete=False)
    assert [end.ids.run for end in told.ends] == [uuid(1000)]
    assert [model.ids.request for model in told.models] == ["msg_1"]
    assert told.of(EventKind.SESSION, Phase.END) == []
    assert told.events == decode(records).events[: len(told.events)]


def test_two_sessions_in_one_file_do_not_end_each_other() -> None:
    told = decode(
        [
            user("one", 1),
            user("other", 2, sessionId="s2"),
            assistant(text("a"), at=3),
            assistant(text("b"), at=4, msg="msg_2", sessionId="s2"),
        ]
    )
    assert [(model.ids.conversation, model.ids.run) for model in told.models] == [
        (SESSION, uuid(1000)),
        ("s2", uuid(2000)),
    ]


def test_session_starts_at_the_first_time_and_ends_at_the_last() -> None:
    told = decode(
        [
            {"type": "summary", "leafUuid": "x", "summary": "y"},
            record("queue-operation", 1, operation="dequeue"),
            user("go", 2),
            record("attachment", 9, attachment={"type": "date_change"}),
            user("late", 8),
        ]
    )
    (start,) = told.of(EventKind.SESSION, Phase.START)
    (end,) = told.of(EventKind.SESSION, Phase.END)
    assert (seconds(start), seconds(end), start.ids.conversation) == (1, 9, SESSION)
    assert start.lineage == {"version": "2.1.9"}


def test_copies_in_a_fork_stay_with_the_session_they_come_from() -> None:
    told = decode(
        [
            user("one", 1, sessionId="fork", forkedFrom={"sessionId": SESSION, "messageUuid": uuid(1000)}),
            assistant(text("a"), at=2, sessionId="fork", forkedFrom={"sessionId": SESSION, "messageUuid": uuid(2000)}),
            user("two", 3, sessionId="fork"),
        ]
    )
    assert [start.ids.conversation for start in told.starts] == [SESSION, "fork"]
    assert [seconds(start) for start in told.of(EventKind.SESSION, Phase.START)] == [3]


def test_time_that_runs_backwards_gives_no_negative_length() -> None:
    told = decode(
        [
            user("go", 10),
            assistant(call("t1"), at=5),
            result("t1", 3),
            assistant(text("a"), at=2, msg="msg_2"),
        ]
    )
    assert bounds(told) == [(10, 10)]
    assert [(seconds(model), model.duration_ns) for model in told.models] == [(5, 0), (2, 0)]
    assert seconds(told.results[0]) == 5


def test_record_without_time_gets_that_of_its_chain() -> None:
    told = decode(
        [
            user("go", 1),
            assistant(call("t1"), at=None),
            user("bad", 2, timestamp="yesterday", uuid=uuid(7)),
        ]
    )
    assert [seconds(start) for start in told.calls] == [1]
    assert [seconds(start) for start in told.starts] == [1, 1]
    assert told.notes["time_of_chain"] == 2


def test_first_record_without_time_is_rejected() -> None:
    told = decode([user("go", None), user("go", 1)])
    assert [error.field for error in told.rejected] == ["timestamp"]
    assert len(told.starts) == 1
