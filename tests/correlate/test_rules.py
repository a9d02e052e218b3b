"""The correlation rules, one test per rule, named for it."""

from __future__ import annotations

from itertools import permutations

from attrs import evolve
import pytest

from agent_otel.correlate import CorrelationLimits, Correlator, OperationKind, OrphanReason, SpanRef, Surroundings
from agent_otel.model import ContentKind, Cursor, EventKind, Fact, Origin, Outcome, Phase, Usage
from correlate.correlating import (
    SECOND,
    Told,
    at,
    correlated,
    event,
    run_end,
    run_start,
    tool_end,
    tool_start,
)


def session(phase: Phase, when: float, **more: object):
    return event(EventKind.SESSION, phase, when, conversation="c", **more)  # type: ignore[arg-type]


def test_r3_the_normal_order_gives_one_run_with_its_tools() -> None:
    told = correlated(
        [
            session(Phase.START, 0),
            run_start(1, conversation="c"),
            tool_end(2, "a", took=0.5, conversation="c"),
            tool_end(3, "b", took=0.5, conversation="c"),
            run_end(4, conversation="c"),
            event(EventKind.MESSAGE, Phase.POINT, 5, conversation="c"),
            session(Phase.END, 6),
        ]
    )
    assert told.run.tool_calls == 2
    assert {tool.identity.parent_span_id for tool in told.tools} == {told.run.identity.span_id}
    assert [occurrence.event.kind for occurrence in told.occurrences] == [
        EventKind.SESSION,
        EventKind.MESSAGE,
        EventKind.SESSION,
    ]


def test_r3_message_counts_and_session_ends_may_come_at_any_place_around_the_run_end() -> None:
    tail = [
        run_end(4, conversation="c", outcome=Outcome.ERROR),
        event(EventKind.MESSAGE, Phase.POINT, 4, conversation="c"),
        session(Phase.END, 4),
    ]
    for order in permutations(tail):
        told = correlated([session(Phase.START, 0), run_start(1, conversation="c"), *order])
        assert told.run.outcome is Outcome.ERROR
        assert (told.run.start_ns, told.run.end_ns) == (at(1), at(4))


def test_r4_a_resumed_session_links_its_next_run_to_the_one_before() -> None:
    told = correlated(
        [
            session(Phase.START, 0),
            run_start(1, "r1", conversation="c"),
            run_end(2, "r1", conversation="c"),
            session(Phase.END, 3, outcome=Outcome.PAUSED),
            session(Phase.START, 4),
            run_start(5, "r2", conversation="c"),
            run_end(6, "r2", conversation="c"),
            run_start(7, "r3", conversation="c"),
            run_end(8, "r3", conversation="c"),
        ]
    )
    first, second, third = told.runs
    assert second.identity.links == (first.identity.ref,)
    assert first.identity.links == third.identity.links == ()
    assert first.identity.trace_id != second.identity.trace_id


def test_r5_an_end_without_start_gets_its_start_from_the_measured_length() -> None:
    told = correlated([run_end(10, took=4)])
    assert (told.run.start_ns, told.run.end_ns) == (at(6), at(10))


def test_r6_a_tool_end_alone_is_one_span_of_its_length_under_its_run() -> None:
    told = correlated([run_start(0), tool_end(5, "a", took=2), run_end(6)])
    assert (told.tool.start_ns, told.tool.end_ns) == (at(3), at(5))
    assert told.tool.identity.parent_span_id == told.run.identity.span_id


def test_r7_a_completed_request_without_its_start_is_a_root_span_of_its_own() -> None:
    told = correlated([event(EventKind.FORWARD, Phase.END, 5, took=1, request="q")])
    (forward,) = told.of(OperationKind.FORWARD)
    assert forward.identity.parent_span_id is None
    assert forward.names.request_model is None
    assert forward.start_ns == at(4)


def test_r8_a_second_completion_of_one_request_is_a_duplicate_even_with_an_event_id_of_its_own() -> None:
    told = correlated(
        [
            event(EventKind.FORWARD, Phase.START, 4, request="q", event="1"),
            event(EventKind.FORWARD, Phase.END, 5, request="q", event="2"),
            event(EventKind.FORWARD, Phase.END, 6, request="q", event="3"),
        ]
    )
    assert len(told.operations) == 1
    assert told.duplicates == 1


def test_r13_a_start_alone_gives_nothing_until_it_is_closed() -> None:
    told = correlated([run_start(0), tool_start(1, "a")], finish=None)
    assert told.operations == []


def test_r13_a_measured_length_beats_two_times_of_receipt() -> None:
    told = correlated([tool_start(1, "a", receipt=True), tool_end(5, "a", receipt=True, took=3)])
    assert told.tool.start_ns == at(2)


def test_r14_arguments_of_the_end_win_and_those_of_the_start_fill_in() -> None:
    told = correlated(
        [
            tool_start(1, "a", arguments="start"),
            tool_end(2, "a", arguments="end"),
            tool_start(3, "b", arguments="start"),
            tool_end(4, "b"),
        ]
    )
    values = [tool.contents[ContentKind.TOOL_ARGUMENTS].value for tool in told.tools]
    assert values == ["end", "start"]


def test_r14_without_ids_equal_arguments_pair_first_then_the_oldest() -> None:
    told = correlated(
        [
            run_start(0),
            tool_start(1, None, arguments="x"),
            tool_start(2, None, arguments="y"),
            tool_end(3, None, arguments="y"),
            tool_end(4, None),
            run_end(5),
        ]
    )
    assert [(tool.start_ns, tool.contents[ContentKind.TOOL_ARGUMENTS].value) for tool in told.tools] == [
        (at(2), "y"),
        (at(1), "x"),
    ]


def test_r15_a_start_without_end_is_closed_at_the_runs_end_as_an_error() -> None:
    told = correlated([run_start(0), tool_start(1, "a"), run_end(3), run_start(20, "other")])
    assert told.tool.orphan is OrphanReason.RUN_END
    assert (told.tool.outcome, told.tool.error_type) == (Outcome.INTERRUPTED, "orphaned")
    assert told.tool.end_ns == at(3)


def test_r15_a_final_run_end_closes_its_children_at_once_before_the_run() -> None:
    told = correlated([run_start(0), tool_start(1, "a"), run_end(3, final=True)], finish=None)
    assert [operation.kind for operation in told.operations] == [OperationKind.TOOL, OperationKind.RUN]


def test_r15_a_silent_run_is_closed_at_the_time_limit_with_what_it_had_open() -> None:
    correlator = Correlator("ns", now_ns=at(0))
    correlator.feed(run_start(0))
    correlator.feed(tool_start(1, "a"))
    told = Told()
    told.add(correlator.advance(at(24 * 3600 + 10)))
    assert told.run.orphan is told.tool.orphan is OrphanReason.TIME_LIMIT
    assert told.run.end_ns == at(1)


def test_r15_children_of_an_ended_run_are_closed_when_their_grace_is_over() -> None:
    correlator = Correlator("ns", now_ns=at(0))
    told = Told()
    for one in (run_start(0), tool_start(1, "a"), run_end(3)):
        told.add(correlator.feed(one).outputs)
    told.add(correlator.advance(at(4)))
    assert told.tools == []
    told.add(correlator.advance(at(10)))
    assert (told.tool.orphan, told.tool.end_ns) == (OrphanReason.RUN_END, at(3))


def test_the_times_of_events_close_nothing_however_far_they_lie() -> None:
    day = 24 * 3600
    told = correlated(
        [
            run_start(0),
            tool_start(1, "question"),
            run_start(200 * 365 * day, "from the future"),
            tool_end(2 * day, "question"),
            run_end(2 * day + 1),
        ]
    )
    assert told.tool.orphan is None
    assert next(run for run in told.runs if run.run == "r").outcome is Outcome.OK


def test_an_id_that_reads_like_a_number_of_ours_is_not_taken_for_one() -> None:
    told = correlated([run_start(0), tool_end(1, None, took=0.1), tool_end(2, "#1", took=0.1), run_end(3)])
    assert len({tool.identity.span_id for tool in told.tools}) == 2


def test_a_repeated_end_does_not_take_the_start_of_another_call() -> None:
    told = correlated(
        [run_start(0), tool_end(1, "a", took=0.1), tool_start(2, None), tool_end(3, "a"), tool_end(4, None), run_end(5)]
    )
    assert [(tool.ids.tool_call, tool.end_ns) for tool in told.tools] == [("a", at(1)), (None, at(4))]


def test_a_conversation_that_speaks_again_after_its_eviction_is_told_once() -> None:
    events = [
        run_end(1, "r1", took=1, conversation="c1"),
        run_end(2, "r2", took=1, conversation="c2"),
        run_end(3, "r3", took=1, conversation="c1"),
    ]
    told = correlated(events, limits=CorrelationLimits(max_conversations=1), per_conversation=True)
    tops = told.of(OperationKind.CONVERSATION)
    assert sorted(top.conversation or "" for top in tops) == ["c1", "c2"]


def test_ids_of_any_length_are_kept_short_and_apart() -> None:
    long = "x" * 1_000_000
    told = correlated([tool_end(1, long, long, took=0.1), tool_end(2, long + "y", long, took=0.1), run_end(3, long)])
    assert len({tool.identity.span_id for tool in told.tools}) == 2
    assert len(told.run.run or "") < 300
    assert {tool.identity.parent_span_id for tool in told.tools} == {told.run.identity.span_id}


def test_records_without_ids_at_equal_places_are_told_apart_by_what_they_say() -> None:
    cursor = Cursor("same first record", 2)
    lost = [
        evolve(event(EventKind.HEALTH, Phase.POINT, 1), cursor=cursor, facts={Fact.LOST_COUNT: count})
        for count in (5, 700, 5)
    ]
    keys = [occurrence.key for occurrence in correlated(lost).occurrences]
    assert keys[0] == keys[2] != keys[1]


def test_r15_the_late_end_of_an_orphan_is_a_duplicate() -> None:
    told = correlated([run_start(0), tool_start(1, "a"), run_end(3, final=True), tool_end(4, "a")])
    assert len(told.tools) == 1
    assert told.duplicates == 1


def test_r17_concurrent_calls_of_one_tool_without_ids_keep_their_own_arguments() -> None:
    told = correlated(
        [
            run_start(0),
            tool_start(1, None, arguments="x"),
            tool_start(1, None, arguments="y"),
            tool_end(2, None, arguments="x"),
            tool_end(3, None, arguments="y"),
            run_end(4),
        ]
    )
    assert len({tool.identity.span_id for tool in told.tools}) == 2
    assert [tool.contents[ContentKind.TOOL_ARGUMENTS].value for tool in told.tools] == ["x", "y"]


def test_r18_work_without_a_run_is_a_root_span_never_a_guessed_child() -> None:
    told = correlated([run_start(0), tool_end(1, "a", run=None), run_end(2)])
    assert told.tool.identity.parent_span_id is None
    assert told.tool.identity.trace_id != told.run.identity.trace_id


def test_r18_the_callers_span_is_the_parent_where_there_is_one() -> None:
    around = Surroundings(parent=SpanRef(7, 8))
    told = correlated([tool_end(1, "a", run=None), run_start(2), run_end(3)], around=around)
    assert (told.tool.identity.trace_id, told.tool.identity.parent_span_id) == (7, 8)
    assert (told.run.identity.trace_id, told.run.identity.parent_span_id) == (7, 8)
    assert told.run.identity.parent_is_remote


@pytest.mark.parametrize(
    "events",
    [
        [run_end(1)],
        [run_start(0), run_end(1), run_end(2)],
        [run_end(1, None)],
        [run_start(0), run_end(1), event(EventKind.MODEL, Phase.END, 2, run="r", request="m")],
        [run_start(0), run_start(1), run_end(2), run_start(3)],
    ],
)
def test_r19_ends_without_start_double_ends_and_late_answers_raise_nothing(events: list[object]) -> None:
    told = correlated(events)  # type: ignore[arg-type]
    assert len(told.runs) == 1


def test_r66_a_child_may_end_after_its_run_and_keeps_its_own_end() -> None:
    told = correlated([run_start(0), tool_start(1, "a"), run_end(3), tool_end(4, "a")])
    assert told.tool.orphan is None
    assert told.tool.end_ns == at(4)
    assert told.tool.identity.parent_span_id == told.run.identity.span_id


def test_r66_a_child_that_begins_after_its_run_still_belongs_to_it() -> None:
    told = correlated([run_start(0), run_end(3), tool_end(9, "late", took=1)])
    assert told.tool.identity.parent_span_id == told.run.identity.span_id
    assert len(told.runs) == 1


def test_a_run_is_opened_by_its_first_child_and_filled_by_its_start() -> None:
    told = correlated([tool_end(5, "a", took=2), run_start(1, agent="coder"), run_end(6)])
    assert told.run.names.agent == "coder"
    assert told.run.start_ns == at(1)
    assert told.tool.identity.parent_span_id == told.run.identity.span_id


def test_a_run_that_never_ends_is_interrupted_at_the_end_of_the_input_at_its_last_known_time() -> None:
    told = correlated([run_start(0), tool_end(5, "a", took=1)])
    assert told.run.orphan is OrphanReason.END_OF_INPUT
    assert (told.run.outcome, told.run.error_type) == (Outcome.INTERRUPTED, "interrupted")
    assert told.run.end_ns == at(5)


def test_a_sub_agent_stands_under_the_call_that_started_it() -> None:
    told = correlated(
        [
            run_start(0, "parent"),
            tool_start(1, "task", "parent"),
            run_start(2, "child", parent_run="parent", tool_call="task"),
            tool_end(3, "inner", "child", took=0.5),
            run_end(4, "child"),
            tool_end(5, "task", "parent", child_run="child"),
            run_end(6, "parent"),
        ]
    )
    tools = {tool.ids.tool_call: tool for tool in told.tools}
    runs = {run.run: run for run in told.runs}
    assert runs["child"].identity.parent_span_id == tools["task"].identity.span_id
    assert tools["inner"].identity.parent_span_id == runs["child"].identity.span_id
    assert len({operation.identity.trace_id for operation in told.operations}) == 1
    assert tools["task"].identity.links == ()


def test_a_sub_agent_that_comes_after_its_parent_ended_still_stands_under_the_call() -> None:
    told = correlated(
        [
            run_start(0, "parent"),
            tool_end(1, "task", "parent", took=1),
            run_end(2, "parent"),
            run_start(1, "child", parent_run="parent", tool_call="task"),
            run_end(1.5, "child"),
        ]
    )
    child = next(run for run in told.runs if run.run == "child")
    assert child.identity.parent_span_id == told.tool.identity.span_id
    assert child.identity.trace_id == told.tool.identity.trace_id


def test_a_sub_agent_whose_parent_is_unknown_has_a_trace_of_its_own_and_is_linked_when_the_call_names_it() -> None:
    told = correlated(
        [
            run_start(0, "child", parent_run="unseen", tool_call="task"),
            run_end(1, "child"),
            run_start(2, "parent"),
            tool_end(3, "task", "parent", took=2, child_run="child"),
            run_end(4, "parent"),
        ]
    )
    child = next(run for run in told.runs if run.run == "child")
    assert child.identity.parent_span_id is None
    assert told.tool.identity.links == (child.identity.ref,)


def test_a_run_in_a_second_form_is_counted_as_duplicate() -> None:
    other = Origin("sample", form="stream")
    told = correlated(
        [run_start(0), tool_end(1, "a", took=1, origin=other), run_end(2), run_end(3, origin=other)],
    )
    assert told.duplicates == 2
    assert told.tools == []


def test_valid_w3c_ids_of_the_event_are_used_as_they_are() -> None:
    trace, span, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"
    told = correlated([run_start(0, trace=trace, span=span, parent_span=parent), tool_end(1, "a", took=1), run_end(2)])
    identity = told.run.identity
    assert (identity.trace_id, identity.span_id, identity.parent_span_id) == (
        int(trace, 16),
        int(span, 16),
        int(parent, 16),
    )
    assert told.tool.identity.trace_id == int(trace, 16)


@pytest.mark.parametrize("text", ["req-abc-123", "0" * 32, "G" * 32, "AF" * 16, ""])
def test_other_ids_are_not_taken_for_trace_ids(text: str) -> None:
    assert correlated([run_end(1, trace=text)]).run.identity == correlated([run_end(1)]).run.identity


def test_namespaces_keep_equal_ids_of_two_tenants_apart() -> None:
    one, two = (correlated([run_end(1)], namespace=name).run.identity.trace_id for name in ("a", "b"))
    assert one != two


def test_attempts_of_one_call_id_are_told_apart_by_their_event_ids_and_repetitions_are_not() -> None:
    told = correlated(
        [
            run_start(0),
            tool_end(1, "a", took=0.1, event="1"),
            tool_end(2, "a", took=0.1, event="2"),
            tool_end(3, "a", took=0.1),
            run_end(4),
        ]
    )
    assert len({tool.identity.span_id for tool in told.tools}) == len(told.tools) == 2
    assert told.duplicates == 1


def test_a_conversation_span_stands_on_top_where_asked_for() -> None:
    told = correlated(
        [
            session(Phase.START, 0),
            run_start(1, "r1", conversation="c"),
            run_end(2, "r1", conversation="c"),
            run_start(3, "r2", conversation="c"),
            run_end(9, "r2", conversation="c"),
            session(Phase.END, 8),
        ],
        per_conversation=True,
    )
    (top,) = told.of(OperationKind.CONVERSATION)
    assert (top.start_ns, top.end_ns) == (at(0), at(9))
    assert {run.identity.parent_span_id for run in told.runs} == {top.identity.span_id}
    assert {run.identity.trace_id for run in told.runs} == {top.identity.trace_id}
    assert told.opened[0].kind is OperationKind.CONVERSATION


def test_marks_and_compaction_stay_on_their_run_and_marks_are_bounded() -> None:
    marks = [event(EventKind.PROGRESS, Phase.POINT, 1, run="r", subject="hook") for _ in range(150)]
    told = correlated([run_start(0), *marks, event(EventKind.HISTORY, Phase.POINT, 2, run="r"), run_end(3)])
    assert len(told.run.marks) == 100
    assert [occurrence.span for occurrence in told.occurrences] == [told.run.identity.ref]


def test_usage_of_model_calls_is_noted_on_the_run() -> None:
    call = evolve(event(EventKind.MODEL, Phase.END, 1, took=1, run="r", request="m"), usage=Usage(input_tokens=1))
    told = correlated([run_start(0), call, run_end(2)])
    assert told.run.child_usage
    assert told.run.model_calls == 1


def test_durations_longer_than_all_time_are_clamped() -> None:
    told = correlated([tool_end(1, "a", took=10**10), run_end(2, took=10**10)])
    assert told.tool.start_ns == 0
    assert told.run.start_ns == 0


def test_an_end_before_its_start_is_no_negative_span() -> None:
    told = correlated([run_start(5), tool_start(4, "a"), tool_end(2, "a"), run_end(1)])
    assert told.tool.end_ns == told.tool.start_ns == at(4)
    assert told.run.end_ns == told.run.start_ns == at(5)


def test_time_that_passes_without_events_closes_what_is_silent() -> None:
    correlator = Correlator("ns")
    correlator.feed(run_start(0))
    assert correlator.advance(at(10)) == []
    outputs = correlator.advance(at(0) + 25 * 3600 * SECOND)
    assert len(outputs) == 1
    assert correlator.open_runs == 0


def test_r5_a_measured_length_of_a_run_beats_two_times_of_receipt() -> None:
    told = correlated([run_start(9.9, receipt=True), run_end(10, took=4, receipt=True)])
    assert told.run.start_ns == at(6)
    assert told.run.end_ns == at(10)


def test_r5_a_start_that_has_a_time_of_its_own_stays() -> None:
    assert correlated([run_start(1), run_end(10, took=4)]).run.start_ns == at(1)


def test_an_end_without_id_is_not_spent_on_a_run_that_was_given_up() -> None:
    correlator = Correlator("ns", now_ns=at(0))
    correlator.feed(run_start(0, None))
    assert len(correlator.advance(at(25 * 3600))) == 1
    correlator.feed(run_start(1, None))
    told = correlator.feed(run_end(2, None))
    assert not told.is_duplicate
    assert [output.outcome for output in told.outputs] == [Outcome.OK]
    assert correlator.open_runs == 0


def test_tokens_are_told_once_where_neither_runs_nor_model_calls_have_ids() -> None:
    usage = Usage(input_tokens=10, output_tokens=5)
    answer = evolve(event(EventKind.MODEL, Phase.END, 1, took=1), usage=usage)
    told = correlated([run_start(0, None), answer, evolve(run_end(2, None), usage=usage)])
    assert told.run.child_usage
    alone = correlated([run_start(0, None), run_end(2, None), answer])
    assert not alone.run.child_usage


def test_log_records_of_two_runs_that_number_their_events_alike_are_told_apart() -> None:
    notices = [event(EventKind.USAGE, Phase.POINT, 1, run=run, event="event.1") for run in ("a", "b", "a")]
    first, second, again = (occurrence.key for occurrence in correlated(notices).occurrences)
    assert first == again != second
