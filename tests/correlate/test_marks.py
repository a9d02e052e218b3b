"""What happens inside work: marks on the most specific open span that an event names (R25, deltas, approvals)."""

from __future__ import annotations

from attrs import evolve
import pytest

from agent_otel.correlate import CorrelationLimits, OperationKind
from agent_otel.model import AgentEvent, EventKind, Fact, Names, Phase

from .correlating import at, correlated, event, run_end, run_start, tool_end, tool_start


def progress(when: float, subject: str, run: str | None = "r", **more: object) -> AgentEvent:
    return event(EventKind.PROGRESS, Phase.POINT, when, subject=subject, run=run, **more)  # type: ignore[arg-type]


def delta(when: float, count: int = 1, run: str | None = "r", **ids: str) -> AgentEvent:
    return evolve(progress(when, "chunks", run, **ids), facts={Fact.CHUNKS: count})


def model_start(when: float, attempt: str, **ids: str) -> AgentEvent:
    return event(EventKind.MODEL, Phase.START, when, run="r", attempt=attempt, **ids)


def model_end(when: float, attempt: str, **ids: str) -> AgentEvent:
    return event(EventKind.MODEL, Phase.END, when, run="r", attempt=attempt, **ids)


def turn(when: float, run: str | None = None) -> AgentEvent:
    return event(EventKind.TURN, Phase.POINT, when, subject="turn", run=run)


def test_an_approval_stands_on_the_tool_call_that_it_names() -> None:
    told = correlated(
        [run_start(0), tool_start(1, "c"), progress(2, "approval", tool_call="c"), tool_end(3, "c"), run_end(4)]
    )
    assert [(mark.name, mark.time_ns) for mark in told.tool.marks] == [("approval", at(2))]
    assert told.run.marks == ()
    assert told.occurrences == []


@pytest.mark.parametrize("with_start", [True, False])
def test_an_approval_before_its_tool_call_waits_for_it(with_start: bool) -> None:
    starts = [tool_start(2, "c")] if with_start else []
    told = correlated([run_start(0), progress(1, "approval", tool_call="c"), *starts, tool_end(3, "c"), run_end(4)])
    assert [mark.name for mark in told.tool.marks] == ["approval"]
    assert told.run.marks == ()


def test_what_waited_for_work_that_never_came_stands_on_the_run() -> None:
    told = correlated([run_start(0), progress(1, "approval", tool_call="denied"), run_end(2)])
    assert [mark.name for mark in told.run.marks] == ["approval"]


def test_an_orphan_keeps_its_marks() -> None:
    told = correlated([run_start(0), tool_start(1, "c"), progress(2, "approval", tool_call="c"), run_end(4)])
    assert [mark.name for mark in told.tool.marks] == ["approval"]


def test_a_mark_names_its_model_call_by_attempt() -> None:
    told = correlated(
        [run_start(0), model_start(1, "a"), progress(2, "hook", attempt="a"), model_end(3, "a"), run_end(4)]
    )
    (model,) = told.of(OperationKind.MODEL)
    assert [mark.name for mark in model.marks] == ["hook"]


def test_deltas_add_up_to_one_mark_and_tell_the_time_to_the_first() -> None:
    events = [
        run_start(0),
        model_start(1, "a"),
        delta(1.5, attempt="a"),
        delta(2, 3, attempt="a"),
        model_end(3, "a"),
        run_end(4),
    ]
    (model,) = correlated(events).of(OperationKind.MODEL)
    (mark,) = model.marks
    assert mark.facts[Fact.CHUNKS] == 4
    assert mark.time_ns == at(1.5)
    assert model.facts[Fact.TIME_TO_FIRST_CHUNK] == 0.5


def test_a_time_to_first_chunk_that_the_source_measured_stays() -> None:
    end = evolve(model_end(3, "a"), facts={Fact.TIME_TO_FIRST_CHUNK: 0.25})
    (model,) = correlated([run_start(0), model_start(1, "a"), delta(2, attempt="a"), end]).of(OperationKind.MODEL)
    assert model.facts[Fact.TIME_TO_FIRST_CHUNK] == 0.25


def test_deltas_of_nothing_that_is_open_are_counted_not_told() -> None:
    told = correlated([delta(1, 5), run_start(2, "other"), run_end(3, "other")])
    assert told.occurrences == []
    assert told.run.marks == ()


def test_progress_of_nothing_that_is_open_is_told_by_itself() -> None:
    told = correlated([run_start(0), run_end(1), progress(2, "hook"), progress(3, "hook", run=None)])
    late, apart = told.occurrences
    assert late.span == told.run.identity.ref
    assert apart.span is None


def test_marks_of_one_span_are_bounded() -> None:
    events = [run_start(0), *(progress(1, "hook") for _ in range(9)), run_end(2)]
    assert len(correlated(events, limits=CorrelationLimits(max_marks=3)).run.marks) == 3


def test_r25_a_turn_without_identity_is_a_mark_on_the_only_open_run() -> None:
    told = correlated([run_start(0), turn(1), run_end(2)])
    assert [mark.name for mark in told.run.marks] == ["turn"]


def test_r25_a_turn_without_identity_is_dropped_where_two_runs_are_open() -> None:
    told = correlated([run_start(0), run_start(0, "r2"), turn(1), run_end(2), run_end(2, "r2")])
    assert [run.marks for run in told.runs] == [(), ()]
    assert told.occurrences == []


def test_r66_a_turn_that_ends_after_its_run_is_told_in_the_runs_trace() -> None:
    told = correlated([run_start(0), run_end(1), turn(2, "r")])
    (late,) = told.occurrences
    assert late.span == told.run.identity.ref


def test_a_retried_attempt_links_to_the_one_before() -> None:
    events = [
        run_start(0),
        model_start(1, "a"),
        model_end(2, "a"),
        model_start(3, "b", retry_of="a"),
        model_end(4, "b", retry_of="a"),
        run_end(5),
    ]
    first, second = correlated(events).of(OperationKind.MODEL)
    assert first.identity.links == ()
    assert second.identity.links == (first.identity.ref,)


def test_names_of_marks_come_from_their_subject_else_their_kind() -> None:
    bare = evolve(progress(1, "x"), names=Names())
    assert [mark.name for mark in correlated([run_start(0), bare, run_end(2)]).run.marks] == ["progress"]
