"""Sub-agents: three homes, one place in the trace, and no parent that is not known."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from agent_otel.model import ContentKind, EventKind, Outcome, Phase
from agent_otel.sources.claude_code.links import Link, Links
from sources.claude_code_records import (
    SESSION,
    Told,
    assistant,
    call,
    decode,
    result,
    seconds,
    system,
    text,
    user,
    uuid,
)

MAIN = f"{SESSION}.jsonl"
LAUNCH_TEXT = "Async agent launched successfully.\nagentId: a1"
BELOW = f"{SESSION}/subagents"


def task(call_id: Any, prompt: Any = "look around", agent: Any = "Explore", name: Any = "Task") -> dict[str, Any]:
    return call(call_id, name, prompt=prompt, subagent_type=agent)


def agent_file(agent_id: Any, at: Any, prompt: Any = "look around", **more: Any) -> list[dict[str, Any]]:
    mine = {"agentId": agent_id, "isSidechain": True, **more}
    return [user(prompt, at, **mine), assistant(text("found"), at=at + 1, msg=f"msg_{agent_id}", **mine)]


def link(told: Told, agent_id: Any) -> tuple[str | None, str | None]:
    (start,) = [start for start in told.starts if start.ids.run == f"{SESSION}/{agent_id}"]
    return start.ids.parent_run, start.ids.tool_call


def main_with(*records: Any, prompt: Any = "look around") -> tuple[str, list[Any]]:
    return (MAIN, [user("go", 1), assistant(task("t1", prompt), at=2), *records])


@pytest.mark.parametrize("place", ["agent-a1.jsonl", f"{BELOW}/agent-a1.jsonl"])
def test_file_is_linked_by_the_agent_id_of_the_result(place: Any) -> None:
    answered = result("t1", 9, toolUseResult={"agentId": "a1", "totalDurationMs": 5})
    told = decode(main_with(answered), (place, agent_file("a1", 3, "another text")))
    assert link(told, "a1") == (uuid(1000), "t1")
    assert told.results[0].ids.child_run == f"{SESSION}/a1"
    start, end = told.starts[1], told.ends[1]
    assert (start.names.agent, start.ids.agent, start.ids.conversation) == ("Explore", "a1", SESSION)
    assert start.contents[ContentKind.INPUT_MESSAGES].value == "another text"
    assert (seconds(start), seconds(end), end.outcome) == (3, 4, Outcome.OK)
    assert end.contents[ContentKind.OUTPUT_MESSAGES].value == "found"
    assert [model.ids.run for model in told.models] == [uuid(1000), f"{SESSION}/a1"]
    assert [event.kind.value for event in told.events].count("session") == 2


def test_result_without_a_structured_part_may_name_the_agent_in_a_block_of_its_own() -> None:
    answered = result("t1", 9, [text("All done."), text("agentId: a1 (use SendMessage to go on)")])
    told = decode(main_with(answered), ("agent-a1.jsonl", agent_file("a1", 3, "another text")))
    assert link(told, "a1") == (uuid(1000), "t1")
    quoted = result("t1", 9, [text("It printed agentId: a1 (x)")])
    told = decode(main_with(quoted), ("agent-a1.jsonl", agent_file("a1", 3, "another text")))
    assert link(told, "a1") == (None, None)


def test_call_without_result_is_found_by_its_prompt_first_in_first_out() -> None:
    main = (MAIN, [user("go", 1), assistant(task("t1", agent="One"), task("t2", agent="Two"), at=2)])
    told = decode(main, ("agent-a1.jsonl", agent_file("a1", 3)), ("agent-a2.jsonl", agent_file("a2", 4)))
    assert [link(told, "a1"), link(told, "a2")] == [(uuid(1000), "t1"), (uuid(1000), "t2")]
    assert [start.names.agent for start in told.starts[1:]] == ["One", "Two"]


def test_file_that_no_call_names_stands_alone() -> None:
    told = decode(main_with(), ("agent-a1.jsonl", agent_file("a1", 3, "Warmup")))
    assert link(told, "a1") == (None, None)
    assert told.starts[1].names.agent == "sub-agent"


def test_type_of_an_agent_is_told_by_the_call_then_the_result_then_the_sidecar() -> None:
    def name_of(agent: Any, structured_type: Any, sidecar: Any) -> str | None:
        structured = {"agentId": "a1", "agentType": structured_type}
        main = (
            MAIN,
            [user("go", 1), assistant(task("t1", agent=agent), at=2), result("t1", 9, toolUseResult=structured)],
        )
        told = decode(main, ("agent-a1.jsonl", agent_file("a1", 3)), sidecar=sidecar)
        return told.starts[1].names.agent

    assert name_of("Explore", "general", {"agentType": "side"}) == "Explore"
    assert name_of(None, "general", {"agentType": "side"}) == "general"
    assert name_of(None, None, {"agentType": "side"}) == "side"
    assert name_of(None, None, {}) == "sub-agent"


def test_launch_in_the_background_ends_the_call_and_not_the_agent() -> None:
    launched = {"isAsync": True, "status": "async_launched", "agentId": "a1"}
    told = decode(main_with(result("t1", 3, toolUseResult=launched)), ("agent-a1.jsonl", agent_file("a1", 5)))
    assert link(told, "a1") == (uuid(1000), "t1")
    assert seconds(told.results[0]) == 3
    assert told.results[0].lineage == {"task.async": True}
    assert seconds(told.ends[1]) == 6


def test_agents_of_agents() -> None:
    outer = {"agentId": "a1", "isSidechain": True}
    first = [
        user("look around", 3, **outer),
        assistant(task("t2", "deeper", name="Agent"), at=4, msg="msg_outer", **outer),
        result("t2", 8, toolUseResult={"agentId": "a2"}, **outer),
        assistant(text("both"), at=9, msg="msg_end", **outer),
    ]
    told = decode(
        main_with(result("t1", 10, toolUseResult={"agentId": "a1"})),
        ("agent-a1.jsonl", first),
        ("agent-a2.jsonl", agent_file("a2", 5, "deeper")),
    )
    assert link(told, "a1") == (uuid(1000), "t1")
    assert link(told, "a2") == (f"{SESSION}/a1", "t2")
    assert [end.outcome for end in told.ends[1:]] == [Outcome.OK, Outcome.OK]


def test_agents_of_a_workflow_belong_to_the_call_that_started_it() -> None:
    main = (
        MAIN,
        [
            user("go", 1),
            assistant(call("t1", "Workflow", script="x"), at=2),
            result("t1", 3, toolUseResult={"isAsync": True, "runId": "wf_1"}),
        ],
    )
    inside = agent_file("a1", 4, sessionId=f"{SESSION}#agent-a1")
    told = decode(
        main,
        (f"{BELOW}/workflows/wf_1/agent-a1.jsonl", inside),
        (f"{BELOW}/workflows/wf_2/agent-a2.jsonl", agent_file("a2", 6)),
        (f"{BELOW}/workflows/wf_1/journal.jsonl", [{"type": "started", "key": "k", "agentId": "a1"}]),
        sidecar={"agentType": "workflow-subagent"},
    )
    assert link(told, "a1") == (uuid(1000), "t1")
    assert link(told, "a2") == (None, None)
    assert told.starts[1].ids.conversation == SESSION
    assert told.notes["bookkeeping"] == 1


def test_agent_that_gets_another_prompt_stays_one_run() -> None:
    mine = {"agentId": "a1", "isSidechain": True}
    more = [user("go on", 20, **mine), assistant(text("more"), at=22, msg="msg_more", **mine)]
    told = decode(main_with(), ("agent-a1.jsonl", [*agent_file("a1", 3), *more]))
    assert [(seconds(start), seconds(end)) for start, end in zip(told.starts, told.ends, strict=True)][1] == (3, 22)
    assert told.models[-1].duration_ns == 2_000_000_000


def inline(at: Any, *records: Any, prompt: Any = "look around") -> list[dict[str, Any]]:
    """A sub-agent inside the file: a root, and records that hang off it one by one."""
    made = [user(prompt, at, isSidechain=True, parentUuid=None), *records]
    for before, after in pairwise(made):
        after["parentUuid"] = before["uuid"]
    return made


def found(at: Any, message: Any = "msg_in") -> dict[str, Any]:
    return assistant(text("found"), at=at, msg=message, isSidechain=True)


def test_agent_inside_the_file_is_linked_by_its_prompt_and_ends_with_its_call() -> None:
    told = decode(
        [
            user("go", 1),
            assistant(task("t1"), at=2),
            *inline(3, found(5)),
            result("t1", 9),
            assistant(text("a"), at=11, msg="msg_2"),
        ]
    )
    child_start, child_end = told.starts[1], told.ends[0]
    assert (child_start.ids.run, child_start.ids.parent_run, child_start.ids.tool_call) == (
        uuid(3000),
        uuid(1000),
        "t1",
    )
    assert child_start.names.agent == "Explore"
    assert (child_end.ids.run, seconds(child_end), child_end.outcome) == (uuid(3000), 5, Outcome.OK)
    assert told.events.index(child_end) < told.events.index(told.results[0])
    assert [(model.ids.run, seconds(model)) for model in told.models] == [
        (uuid(3000), 5),
        (uuid(1000), 2),
        (uuid(1000), 11),
    ]


def test_parallel_agents_inside_the_file_stay_apart() -> None:
    first, second = inline(3, found(6, "m_1"), found(8, "m_3")), inline(4, found(7, "m_2"))
    told = decode(
        [
            user("go", 1),
            assistant(task("t1"), task("t2"), at=2),
            first[0],
            second[0],
            first[1],
            second[1],
            first[2],
            result("t2", 9),
            result("t1", 10),
        ]
    )
    assert [(start.ids.run, start.ids.tool_call) for start in told.starts[1:]] == [
        (uuid(3000), "t1"),
        (uuid(4000), "t2"),
    ]
    assert {model.ids.request: model.ids.run for model in told.models if model.ids.request != "msg_1"} == {
        "m_1": uuid(3000),
        "m_2": uuid(4000),
        "m_3": uuid(3000),
    }
    assert [(end.ids.run, seconds(end)) for end in told.ends[:2]] == [(uuid(4000), 7), (uuid(3000), 8)]


def test_record_with_a_lost_parent_goes_to_the_only_agent_at_work_and_is_never_guessed() -> None:
    lost = assistant(text("x"), at=8, msg="m_lost", isSidechain=True, parentUuid=uuid(999))
    one = decode([user("go", 1), assistant(task("t1"), at=2), *inline(3, found(5)), lost])
    assert {model.ids.request: model.ids.run for model in one.models}["m_lost"] == uuid(3000)
    two = decode(
        [
            user("go", 1),
            assistant(task("t1"), task("t2", "other"), at=2),
            *inline(3, found(5)),
            *inline(4, found(6, "m_2"), prompt="other"),
            lost,
        ]
    )
    assert {model.ids.request: model.ids.run for model in two.models}["m_lost"] == uuid(8000)
    assert two.starts[-1].ids.parent_run is None


def test_unreadable_record_does_not_break_the_chain_behind_it() -> None:
    broken = user("x", 4, isSidechain=True, message={"contents": []})
    first, second = inline(3, broken, found(6)), inline(3.5, found(8, "m_2"), prompt="other")
    calls = assistant(task("t1"), task("t2", "other"), at=2)
    told = decode([user("go", 1), calls, first[0], second[0], *first[1:], *second[1:]])
    assert len(told.rejected) == 1
    assert {model.ids.request: model.ids.run for model in told.models}["msg_in"] == uuid(3000)


def test_agent_inside_the_file_never_belongs_to_a_call_that_was_answered_before() -> None:
    told = decode([user("go", 1), assistant(task("t1"), at=2), result("t1", 3), *inline(4, found(5))])
    assert (told.starts[1].ids.run, told.starts[1].ids.parent_run) == (uuid(4000), None)


def test_note_without_a_parent_goes_to_the_only_agent_at_work() -> None:
    boundary = system("compact_boundary", 6, isSidechain=True)
    told = decode([user("go", 1), assistant(task("t1"), at=2), *inline(3, found(5)), boundary])
    assert [point.ids.run for point in told.of(EventKind.HISTORY, Phase.POINT)] == [uuid(3000)]


def test_work_after_the_end_of_an_agent_is_a_run_of_its_own_below_the_same_call() -> None:
    late = assistant(text("x"), at=12, msg="m_late", isSidechain=True, parentUuid=uuid(5000))
    told = decode([user("go", 1), assistant(task("t1"), at=2), *inline(3, found(5)), result("t1", 9), late])
    assert [(start.ids.run, start.ids.tool_call) for start in told.starts[1:]] == [
        (uuid(3000), "t1"),
        (uuid(12000), "t1"),
    ]
    assert len(told.ends) == 3


@pytest.mark.parametrize(("launched", "end"), [(True, 8), (False, 4)])
def test_agent_with_an_id_inside_the_file_ends_with_its_call_unless_that_only_launched_it(
    launched: bool, end: int
) -> None:
    mine = {"agentId": "a1", "isSidechain": True}
    told = decode(
        [
            user("go", 1),
            assistant(task("t1"), at=2),
            *agent_file("a1", 3),
            result("t1", 6, toolUseResult={"agentId": "a1", "isAsync": launched}),
            assistant(text("more"), at=8, msg="m_more", **mine),
        ]
    )
    assert link(told, "a1") == (uuid(1000), "t1")
    assert next(seconds(event) for event in told.ends if event.ids.run == f"{SESSION}/a1") == end


def test_file_of_an_agent_under_another_name_begins_no_session() -> None:
    told = decode(("copy.jsonl", agent_file("a1", 3)))
    assert [event.kind for event in told.events if event.kind is EventKind.SESSION] == []
    assert link(told, "a1") == (None, None)


def test_circle_of_parents_is_survived() -> None:
    first = found(3, "m_1")
    second = found(4, "m_2")
    first["parentUuid"], second["parentUuid"] = second["uuid"], first["uuid"]
    told = decode([first, second])
    assert [model.ids.run for model in told.models] == [uuid(3000), uuid(3000)]


def test_agent_inside_the_file_whose_call_has_no_result_ends_with_the_file() -> None:
    told = decode([user("go", 1), assistant(task("t1"), at=2), *inline(3, found(5))])
    assert [(end.ids.run, seconds(end), end.outcome) for end in told.ends] == [
        (uuid(3000), 5, Outcome.OK),
        (uuid(1000), 2, Outcome.INTERRUPTED),
    ]


def test_prompts_are_kept_as_digests_alone() -> None:
    links = Links()
    links.called(Link("r", "t1"), {"prompt": "a secret prompt"})
    assert "secret" not in repr(vars(links))
    assert links.of_prompt(" a secret prompt\n") == Link("r", "t1")
    assert links.of_prompt("a secret prompt") is None


LAUNCHED = {"isAsync": True, "status": "async_launched", "agentId": "a1"}


def growing(*documents: Any) -> Told:
    return decode(*documents, complete=False, live=True)


def notice(task: str, status: str, at: Any) -> dict[str, Any]:
    return user(f"<task-notification>\n<task-id>{task}</task-id>\n<status>{status}</status>\n</task-notification>", at)


def test_agent_whose_call_was_answered_ends_although_the_files_may_grow() -> None:
    documents = (main_with(result("t1", 9, toolUseResult={"agentId": "a1"})), ("agent-a1.jsonl", agent_file("a1", 3)))
    told, whole = growing(*documents), decode(*documents)
    (end,) = told.ends
    assert end == next(it for it in whole.ends if it.ids.run == f"{SESSION}/a1")
    assert (seconds(end), end.outcome) == (4, Outcome.OK)
    assert [model.ids.run for model in told.models] == [f"{SESSION}/a1"]


def test_agent_that_was_found_by_its_prompt_ends_as_well() -> None:
    told = growing(main_with(result("t1", 9)), ("agent-a1.jsonl", agent_file("a1", 3)))
    assert [(end.ids.run, seconds(end)) for end in told.ends] == [(f"{SESSION}/a1", 4)]


def test_agent_without_an_answer_stays_open_while_the_files_may_grow() -> None:
    told = growing(main_with(), ("agent-a1.jsonl", agent_file("a1", 3)))
    assert (len(told.starts), told.ends, told.models) == (2, [], [])


@pytest.mark.parametrize(
    ("more", "ended"),
    [
        ([], False),
        ([notice("a1", "running", 8)], False),
        ([notice("other", "completed", 8)], False),
        ([notice("a1", "completed", 8)], True),
        ([notice("a1", "killed", 8)], True),
        ([result("t2", 8, toolUseResult={"task": {"task_id": "a1", "status": "running"}})], False),
        ([result("t2", 8, toolUseResult={"task": {"task_id": "a1", "status": "completed"}})], True),
    ],
)
@pytest.mark.parametrize("answer", [{"toolUseResult": LAUNCHED}, {"content": LAUNCH_TEXT}])
def test_agent_in_the_background_ends_once_it_is_said_to_be_done(answer: Any, more: Any, ended: bool) -> None:
    main = main_with(result("t1", 3, **answer), assistant(call("t2", "TaskOutput"), at=7, msg="msg_2"), *more)
    told = growing(main, ("agent-a1.jsonl", agent_file("a1", 5)))
    assert [end.ids.run for end in told.ends] == ([f"{SESSION}/a1"] if ended else [])


def test_agents_of_a_workflow_end_when_its_task_is_done() -> None:
    launch = {"isAsync": True, "runId": "wf_1", "taskId": "w9"}
    for status, ends in (("running", 0), ("completed", 2)):
        started = [user("go", 1), assistant(call("t1", "Workflow", script="x"), at=2)]
        main = (MAIN, [*started, result("t1", 3, toolUseResult=launch), notice("w9", status, 9)])
        files = [(f"{BELOW}/workflows/wf_1/agent-{name}.jsonl", agent_file(name, 4)) for name in ("a1", "a2")]
        assert len(growing(main, *files).ends) == ends


def test_agents_file_waits_for_its_call_only_beside_the_sessions_file() -> None:
    beside = growing((MAIN, [user("go", 1)]), ("agent-a1.jsonl", agent_file("a1", 3)))
    assert (beside.notes["waits_for_its_call"], len(beside.starts)) == (2, 1)
    alone = growing(("agent-a1.jsonl", agent_file("a1", 3)))
    assert (alone.notes["waits_for_its_call"], [start.ids.run for start in alone.starts]) == (0, [f"{SESSION}/a1"])


@pytest.mark.parametrize("odd", ["a [bracket]", "x" * 65, "line\nbreak", "who@where"])
def test_agent_types_that_look_like_no_name_are_not_told(odd: Any) -> None:
    main = (MAIN, [user("go", 1), assistant(task("t1", agent=odd), at=2)])
    structured = result("t1", 9, toolUseResult={"agentId": "a1", "agentType": odd})
    plain = (MAIN, [user("go", 1), assistant(task("t1", agent=None), at=2), structured])
    for told in (
        decode(main, ("agent-a1.jsonl", agent_file("a1", 3))),
        decode(plain, ("agent-a1.jsonl", agent_file("a1", 3))),
        decode(("agent-a1.jsonl", agent_file("a1", 3)), sidecar={"agentType": odd}),
    ):
        assert told.starts[-1].names.agent == "sub-agent"
