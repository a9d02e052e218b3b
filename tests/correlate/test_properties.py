"""Properties over any interleaving, loss, duplication and reordering of a valid stream."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from agent_otel.correlate import CorrelationLimits, Operation, OperationKind, RecentKeys
from agent_otel.model import AgentEvent, EventKind, Phase
from correlate.correlating import Told, correlated, event, run_end, run_start, tool_end, tool_start


@st.composite
def streams(draw: st.DrawFn) -> list[AgentEvent]:
    """Draw the events of up to four runs in a valid order, each event with an id of its own."""
    lanes: list[list[AgentEvent]] = []
    number = 0

    def fresh() -> str:
        nonlocal number
        number += 1
        return f"e{number}"

    for index in range(draw(st.integers(1, 4))):
        run = f"run{index}"
        lane = [run_start(index, run, event=fresh())]
        for call in range(draw(st.integers(0, 4))):
            begin = index + call + 1
            for subject in draw(st.lists(st.sampled_from(["approval", "hook"]), max_size=2)):
                ids = {"tool_call": f"c{call}"} if subject == "approval" else {}
                lane.append(
                    event(EventKind.PROGRESS, Phase.POINT, begin, subject=subject, run=run, event=fresh(), **ids)
                )
            if draw(st.booleans()):
                lane.append(tool_start(begin, f"c{call}", run, event=fresh()))
            lane.append(tool_end(begin + 1, f"c{call}", run, took=0.5, event=fresh()))
        lane.append(run_end(index + 9, run, event=fresh()))
        lanes.append(lane)
    merged: list[AgentEvent] = []
    while any(lanes):
        lane = draw(st.sampled_from([lane for lane in lanes if lane]))
        merged.append(lane.pop(0))
    return merged


def deduplicated(events: list[AgentEvent]) -> list[AgentEvent]:
    """Drop repeated events as the pipeline does, before correlation."""
    seen = RecentKeys(1000)
    kept = []
    for one in events:
        assert one.ids.event is not None
        if one.ids.event not in seen:
            seen.add(one.ids.event)
            kept.append(one)
    return kept


def assert_sound(told: Told) -> None:
    """No span twice, every parent is the right one and was told too."""
    spans = Counter((operation.identity.trace_id, operation.identity.span_id) for operation in told.operations)
    assert set(spans.values()) <= {1}
    runs = {run.run: run for run in told.runs}
    for tool in told.tools:
        run = runs[tool.run]
        assert tool.identity.parent_span_id == run.identity.span_id
        assert tool.identity.trace_id == run.identity.trace_id
    for operation in told.operations:
        assert operation.end_ns >= operation.start_ns >= 0


def shape(operation: Operation) -> tuple[object, ...]:
    return (operation.kind, operation.identity, operation.start_ns, operation.end_ns, operation.outcome)


@given(streams())
def test_any_interleaving_gives_every_call_once_under_its_run(events: list[AgentEvent]) -> None:
    told = correlated(events)
    assert_sound(told)
    calls = {(one.ids.run, one.ids.tool_call) for one in events if one.ids.tool_call}
    assert {(tool.run, tool.ids.tool_call) for tool in told.tools} == calls
    assert all(operation.orphan is None for operation in told.operations)


@given(streams())
def test_every_mark_of_a_complete_stream_stands_on_one_span(events: list[AgentEvent]) -> None:
    told = correlated(events)
    marks = Counter((mark.name, operation.run) for operation in told.operations for mark in operation.marks)
    assert marks == Counter((one.names.subject, one.ids.run) for one in events if one.kind is EventKind.PROGRESS)
    assert all(mark.name == "approval" for tool in told.tools for mark in tool.marks)
    assert told.occurrences == []


@given(streams(), st.randoms(use_true_random=False))
def test_reordering_gives_the_same_spans_with_the_same_ids(events: list[AgentEvent], random: object) -> None:
    expected = {shape(operation)[1] for operation in correlated(events).operations}
    shuffled = list(events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    told = correlated(shuffled)
    assert_sound(told)
    assert {operation.identity for operation in told.operations} == expected


@given(streams(), st.data())
def test_duplication_changes_nothing(events: list[AgentEvent], data: st.DataObject) -> None:
    doubled = []
    for one in events:
        doubled += [one] * data.draw(st.integers(1, 3))
    extra = data.draw(st.lists(st.sampled_from(events), max_size=5))
    again = deduplicated(doubled + extra)
    assert list(map(shape, correlated(again).operations)) == list(map(shape, correlated(events).operations))


@given(streams(), st.data())
def test_duplicates_without_event_ids_are_recognised_by_what_they_end(
    events: list[AgentEvent], data: st.DataObject
) -> None:
    from attrs import evolve

    bare = [evolve(one, ids=evolve(one.ids, event=None)) for one in events]
    extra = data.draw(st.lists(st.sampled_from(bare), max_size=8))
    told = correlated([*bare, *extra])
    assert_sound(told)
    starts = sum(one.phase.value == "start" and one.ids.tool_call is not None for one in extra)
    assert len(told.operations) <= len(correlated(bare).operations) + starts


@given(streams(), st.data())
def test_loss_leaves_no_wrong_parent_and_no_unclosed_start(events: list[AgentEvent], data: st.DataObject) -> None:
    kept = [one for one in events if data.draw(st.booleans())]
    told = correlated(kept)
    assert_sound(told)
    assert {run.run for run in told.runs} == {one.ids.run for one in kept if one.kind is not EventKind.PROGRESS}


@given(streams(), st.integers(1, 3), st.integers(1, 3))
def test_tight_limits_evict_and_count_but_never_confuse(events: list[AgentEvent], runs: int, starts: int) -> None:
    limits = CorrelationLimits(max_open_runs=runs, max_open_operations=starts)
    told = correlated(events, limits=limits)
    assert_sound(told)
    for run in told.runs:
        assert run.kind is OperationKind.RUN
