"""Sub-agents that are announced by the run that starts them; forms; nonces."""

from __future__ import annotations

from attrs import evolve
import pytest

from agent_otel.correlate import Operation
from agent_otel.model import AgentEvent, Cost, EventKind, Fact, Origin, Phase, Usage

from .correlating import correlated, event, run_end, run_start, tool_end, tool_start


def started(when: float, run: str = "r", state: str | None = "started", **ids: str) -> AgentEvent:
    told = event(EventKind.PROGRESS, Phase.POINT, when, subject="sub_agent", run=run, **ids)
    return told if state is None else evolve(told, facts={Fact.STATE: state})


def by_run(runs: list[Operation]) -> dict[str | None, Operation]:
    return {run.run: run for run in runs}


def test_an_announced_child_stands_under_its_parents_run() -> None:
    runs = by_run(
        correlated(
            [run_start(0), started(1, child_run="c"), run_start(2, "c"), run_end(3, "c"), run_end(4)],
        ).runs
    )
    assert runs["c"].identity.trace_id == runs["r"].identity.trace_id
    assert runs["c"].identity.parent_span_id == runs["r"].identity.span_id


def test_a_child_that_a_tool_call_started_stands_under_the_call() -> None:
    told = correlated(
        [
            run_start(0),
            tool_start(1, "t", child_run="c"),
            run_start(2, "c"),
            run_end(3, "c"),
            tool_end(4, "t"),
            run_end(5),
        ]
    )
    assert by_run(told.runs)["c"].identity.parent_span_id == told.tool.identity.span_id


def test_a_child_may_be_named_by_its_conversation_once_for_each_start() -> None:
    told = correlated(
        [
            run_start(0, conversation="s"),
            started(1, child_conversation="s2", conversation="s"),
            run_start(2, "c1", conversation="s2"),
            run_end(3, "c1", conversation="s2"),
            started(3, state="completed", child_conversation="s2", conversation="s"),
            run_end(4, conversation="s"),
            run_start(5, "c2", conversation="s2"),
            run_end(6, "c2", conversation="s2"),
        ]
    )
    runs = by_run(told.runs)
    assert runs["c1"].identity.parent_span_id == runs["r"].identity.span_id
    assert runs["c2"].identity.parent_span_id is None


def test_grandchildren_share_the_trace() -> None:
    told = correlated(
        [
            run_start(0),
            started(1, child_run="c"),
            run_start(2, "c"),
            started(3, run="c", child_run="g"),
            run_start(4, "g"),
            run_end(5, "g"),
            run_end(6, "c"),
            run_end(7),
        ]
    )
    runs = by_run(told.runs)
    assert len({run.identity.trace_id for run in told.runs}) == 1
    assert runs["g"].identity.parent_span_id == runs["c"].identity.span_id


def test_a_child_that_was_there_before_it_was_announced_is_linked() -> None:
    told = correlated(
        [
            run_start(0, "c"),
            run_end(1, "c"),
            run_start(2),
            started(3, child_run="c"),
            started(4, child_run="c"),
            run_end(5),
        ]
    )
    runs = by_run(told.runs)
    assert runs["c"].identity.trace_id != runs["r"].identity.trace_id
    assert runs["r"].identity.links == (runs["c"].identity.ref,)


def test_a_run_that_announces_itself_gets_no_parent() -> None:
    told = correlated([started(0, child_run="r"), run_start(1), run_end(2)])
    assert told.run.identity.parent_span_id is None


def test_an_unknown_parent_leaves_a_root() -> None:
    told = correlated([started(0, run="gone", child_run="r"), run_start(1), run_end(2)])
    assert told.run.identity.parent_span_id is None


STREAM = Origin("sample", form="stream")


def test_a_conversation_is_read_in_the_form_that_came_first() -> None:
    first = [run_start(0, "m1", conversation="s"), run_end(2, "m1", conversation="s")]
    second = [
        run_start(0, "x1", conversation="s", origin=STREAM),
        tool_end(1, "t", "x1", conversation="s", origin=STREAM),
        run_end(2, "x1", conversation="s", origin=STREAM),
    ]
    told = correlated([first[0], second[0], second[1], first[1], second[2]])
    assert [run.run for run in told.runs] == ["m1"]
    assert told.tools == []
    assert told.duplicates == 3


def test_another_conversation_may_come_in_another_form() -> None:
    told = correlated(
        [
            run_start(0, "m1", conversation="s"),
            run_start(0, "x1", conversation="s2", origin=STREAM),
            run_end(1, "m1", conversation="s"),
            run_end(1, "x1", conversation="s2", origin=STREAM),
        ]
    )
    assert len(told.runs) == 2
    assert told.duplicates == 0


@pytest.mark.parametrize("run", ["r", None])
def test_a_nonce_gives_untimed_records_other_ids_each_time(run: str | None) -> None:
    def spans(nonce: str | None) -> set[tuple[int, int]]:
        events = [
            run_start(0, run, nonce=nonce),
            tool_start(1, None, run, nonce=nonce),
            tool_end(2, None, run, nonce=nonce),
            run_end(3, run, nonce=nonce),
        ]
        return {(it.identity.trace_id, it.identity.span_id) for it in correlated(events).operations}

    assert spans("one") == spans("one")
    if run is not None:
        assert not spans("one") & spans("two")
        assert not spans("one") & spans(None)


def test_a_nonce_is_no_part_of_the_run_id() -> None:
    assert correlated([run_start(0, nonce="n"), run_end(1, nonce="n")]).run.run == "r"


def test_usage_and_cost_that_were_told_apart_are_marked_on_the_run() -> None:
    usage = evolve(event(EventKind.USAGE, Phase.POINT, 1, run="r"), usage=Usage(input_tokens=1))
    cost = evolve(event(EventKind.COST, Phase.POINT, 1, run="r"), cost=Cost(amount_micros=5, currency="USD"))
    told = correlated([run_start(0), usage, cost, run_end(2)])
    assert told.run.child_usage
    assert told.run.child_cost
