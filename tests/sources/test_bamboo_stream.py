"""Bamboo's agent events, bare, wrapped and from the feed: runs, sessions, sub-agents, tool calls."""

from __future__ import annotations

from itertools import permutations
from pathlib import PurePath
from typing import Any

import pytest

from agent_otel.correlate import Correlator, Operation, OperationKind, OrphanReason
from agent_otel.model import (
    MAX_TIME_NS,
    AgentEvent,
    ContentKind,
    EventKind,
    Fact,
    Origin,
    Outcome,
    Phase,
    RecordRejected,
    Usage,
)
from agent_otel.sources import Verdict
from agent_otel.sources.bamboo import BambooSource
from agent_otel.sources.bamboo.open_runs import OpenRuns
from sources.bamboo_samples import TIME, TIME_NS, USAGE, Reader, bare, fed, received, wrapped
from sources.test_bamboo_records import SHAPES

STREAM, FEED, METRICS = (Origin("bamboo", form=form) for form in ("stream", "feed", "metrics"))
LATER = "2031-02-03T04:05:09.700800900Z"


def started(session: str = "s-1", run: str = "r-1", **members: Any) -> dict[str, Any]:
    return bare("execution_started", session_id=session, run_id=run, **members)


def lifecycle(phase: str, call: str = "t-1", **members: Any) -> dict[str, Any]:
    told = {"type": "tool_lifecycle", "tool_call_id": call, "tool_name": "look", "phase": phase}
    return {**told, "is_mutating": True, "auto_approved": False, **members}


def complete(call: str = "t-1", *, success: bool = True, result: str = "seen") -> dict[str, Any]:
    told = {"success": success, "result": result, "display_preference": None}
    return {"type": "tool_complete", "tool_call_id": call, "result": told}


def start(call: str = "t-1") -> dict[str, Any]:
    return bare("tool_start", tool_call_id=call)


def only(events: list[AgentEvent], kind: EventKind, phase: Phase) -> list[AgentEvent]:
    return [event for event in events if event.kind is kind and event.phase is phase]


def correlated(*records: Any, reader: Reader | None = None) -> dict[OperationKind, list[Operation]]:
    """Read records to their end and give the operations by kind."""
    reader = reader or Reader()
    correlator = Correlator("test")
    outputs: list[Any] = []
    for event in [*reader.read(*records), *reader.close()]:
        outputs += correlator.feed(event).outputs
    outputs += correlator.finish(OrphanReason.END_OF_INPUT)
    found: dict[OperationKind, list[Operation]] = {}
    for output in outputs:
        if isinstance(output, Operation):
            found.setdefault(output.kind, []).append(output)
    return found


# Runs and sessions.


def test_run_of_a_bare_stream_is_timed_by_receipt() -> None:
    begun, ended = Reader().read(started(), bare("complete"))
    assert (begun.kind, begun.phase, begun.origin) == (EventKind.AGENT, Phase.START, STREAM)
    assert (begun.ids.conversation, begun.ids.run, begun.ids.nonce) == ("s-1", "s-1/r-1", "n-1")
    assert (begun.time_ns, begun.time_is_receipt) == (received(1), True)
    assert begun.lineage == {"run.id": "r-1", "run.started_at": TIME}
    assert (ended.kind, ended.phase, ended.outcome) == (EventKind.AGENT, Phase.END, Outcome.OK)
    assert (ended.ids.conversation, ended.ids.run) == ("s-1", "s-1/r-1")
    assert (ended.time_ns, ended.usage) == (received(2), Usage(input_tokens=7, output_tokens=5, total_tokens=12))


def test_run_of_a_feed_is_timed_by_the_feed() -> None:
    begun, ended = Reader().read(fed(1, "execution_started", ts=LATER), fed(2, "complete", ts=1_927_857_910_000))
    assert (begun.origin, ended.origin) == (FEED, FEED)
    assert (begun.time_ns, begun.time_is_receipt, begun.ids.nonce) == (TIME_NS, False, None)  # its own word
    assert (ended.time_ns, ended.time_is_receipt) == (1_927_857_910_000_000_000, False)


@pytest.mark.parametrize("told", ["2099-01-01T00:00:00Z", "yesterday", ""])
def test_start_that_is_no_time_or_lies_after_the_feed_gives_way(told: str) -> None:
    (begun,) = Reader().read(fed(1, "execution_started", started_at=told))
    assert begun.time_ns == TIME_NS
    assert begun.lineage.get("run.started_at") == (told if told.endswith("Z") else None)


def test_wrapped_event_takes_session_and_time_of_the_wrapper() -> None:
    reader = Reader()
    reader.read(wrapped("execution_started"))
    (untimed,) = reader.read(wrapped("complete"))
    assert (untimed.origin, untimed.time_is_receipt, untimed.ids.nonce) == (STREAM, True, "n-1")
    assert untimed.ids.run == "s-1/r-1"
    (timed,) = reader.read({**wrapped("runner_progress"), "ts": TIME})
    assert (timed.origin, timed.time_ns, timed.time_is_receipt, timed.ids.nonce) == (STREAM, TIME_NS, False, None)


@pytest.mark.parametrize(
    ("tag", "outcome", "error_type"),
    [("cancelled", Outcome.CANCELLED, "cancelled"), ("error", Outcome.ERROR, "run_error")],
)
def test_run_that_does_not_end_well(tag: str, outcome: Outcome, error_type: str) -> None:
    _, ended = Reader().read(started(), bare(tag, message="boom"))
    assert (ended.outcome, ended.error_type, ended.usage) == (outcome, error_type, None)
    assert ended.contents[ContentKind.ERROR_TEXT].value == "boom"


def test_cancelled_without_a_message_has_no_content() -> None:
    _, ended = Reader().read(started(), {"type": "cancelled"})
    assert (ended.outcome, ended.contents) == (Outcome.CANCELLED, {})


def test_no_usage_is_not_zero_usage() -> None:
    zero = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    assert Reader().read(started(), bare("complete", usage=zero))[1].usage == Usage(
        input_tokens=0, output_tokens=0, total_tokens=0
    )
    assert Reader().read(started(), {"type": "complete", "usage": None})[1].usage is None


def test_budget_that_was_exceeded_is_a_mark_and_the_run_ends_as_it_says() -> None:
    _, budget, ended = Reader().read(started(), bare("budget_exceeded"), bare("complete"))
    assert (budget.kind, budget.names.subject, budget.ids.run) == (EventKind.PROGRESS, "budget", "s-1/r-1")
    assert budget.lineage == {"budget.kind": "max_total_tokens", "budget.limit": 10, "budget.actual": 12}
    assert (ended.outcome, ended.error_type) == (Outcome.OK, None)


def test_runs_of_a_session_one_after_the_other() -> None:
    found = correlated(started(), bare("complete"), started(run="r-2"), bare("complete"))
    assert [run.run for run in found[OperationKind.RUN]] == ["s-1/r-1", "s-1/r-2"]
    assert all(run.orphan is None for run in found[OperationKind.RUN])


def test_run_id_is_unique_over_sessions() -> None:
    first, second = Reader().read(started(session="a/b", run="c"), started(session="a", run="b/c"))
    assert first.ids.run != second.ids.run


def test_r8_second_end_of_a_run_is_told_of_the_same_run() -> None:
    first, second = Reader().read(started(), bare("error"), bare("complete"))[1:]
    assert first.ids.run == second.ids.run == "s-1/r-1"
    found = correlated(started(), bare("error"), bare("complete"))
    assert [run.outcome for run in found[OperationKind.RUN]] == [Outcome.ERROR]


def test_end_of_a_run_that_was_never_seen_keeps_its_usage() -> None:
    (ended,) = Reader().read(wrapped("complete", session="s-9"))
    assert (ended.ids.conversation, ended.ids.run) == ("s-9", None)
    (run,) = correlated(wrapped("complete", session="s-9"))[OperationKind.RUN]
    assert run.usage == Usage(input_tokens=7, output_tokens=5, total_tokens=12)


def test_r18_nothing_is_guessed_among_several_sessions() -> None:
    reader = Reader()
    reader.read(started(session="s-1"), started(session="s-2", run="r-2"))
    for record in (bare("token"), start(), complete(), bare("complete")):
        for event in reader.read(record):
            assert (event.ids.conversation, event.ids.run) == (None, None)
    (wrapped_end,) = reader.read(wrapped("complete", session="s-2"))
    assert wrapped_end.ids.run == "s-2/r-2"
    (ended,) = reader.read(bare("complete"))
    assert ended.ids.run == "s-1/r-1"


def test_a_run_that_starts_ends_the_one_before_whose_end_was_lost() -> None:
    reader = Reader()
    reader.read(started(run="r-1"), start("t-1"))
    lost, begun = reader.read(started(run="r-2"))
    assert (lost.kind, lost.phase, lost.ids.run) == (EventKind.AGENT, Phase.END, "s-1/r-1")
    assert (lost.outcome, lost.error_type) == (Outcome.INTERRUPTED, "superseded")
    assert (begun.phase, begun.ids.run) == (Phase.START, "s-1/r-2")
    assert reader.read(start("t-2"))[0].ids.run == "s-1/r-2"
    (ended,) = reader.read(bare("complete"))
    assert (ended.ids.conversation, ended.ids.run) == ("s-1", "s-1/r-2")


def test_a_start_that_is_told_twice_ends_nothing() -> None:
    reader = Reader()
    assert [event.phase for event in reader.read(started(), started())] == [Phase.START, Phase.START]


def test_session_of_a_stream_stays_known_between_its_runs() -> None:
    reader = Reader()
    reader.read(started(), bare("complete"))
    (event,) = reader.read(bare("bash_completed"))
    assert (event.ids.conversation, event.ids.run) == ("s-1", None)


def test_own_session_of_an_event_wins_over_the_wrapper() -> None:
    (event,) = Reader().read(wrapped("runner_progress", session="s-7"))
    assert event.ids.conversation == "s-1"


def test_bare_event_before_any_run_belongs_to_nothing() -> None:
    (event,) = Reader().read(bare("token"))
    assert (event.ids.conversation, event.ids.run) == (None, None)


# Sub-agents.


def test_sub_agent_is_announced_before_it_runs() -> None:
    _, announced = Reader().read(started(), bare("sub_agent_started"))
    assert (announced.kind, announced.names.subject) == (EventKind.PROGRESS, "sub_agent")
    assert (announced.ids.run, announced.ids.child_conversation) == ("s-1/r-1", "s-2")
    assert announced.facts == {Fact.STATE: "started"}
    assert announced.lineage == {"child.session.id": "s-2"}


def test_sub_agent_is_a_child_of_the_run_that_started_it() -> None:
    found = correlated(
        fed(1, "execution_started"),
        fed(2, "sub_agent_started"),
        fed(3, "execution_started", session="s-2", session_id="s-2", run_id="r-2"),
        fed(4, "complete", session="s-2"),
        fed(5, "sub_agent_completed", status="completed", error=None),
        fed(6, "complete"),
    )
    child, parent = found[OperationKind.RUN]
    assert (child.run, parent.run) == ("s-2/r-2", "s-1/r-1")
    assert child.identity.trace_id == parent.identity.trace_id
    assert child.identity.parent_span_id == parent.identity.span_id
    assert [mark.name for mark in parent.marks] == ["sub_agent", "sub_agent"]


def test_boxed_event_is_an_event_of_the_sub_agent() -> None:
    child = {"parent_session_id": "s-1", "child_session_id": "s-2"}
    reader = Reader()
    reader.read(started())

    def boxed(event: Any) -> dict[str, Any]:
        return {"type": "sub_agent_event", **child, "event": event}

    begun, call, ended = reader.read(
        boxed(started(session="s-2", run="r-2")), boxed(start()), boxed(bare("complete", usage=USAGE))
    )
    assert [event.ids.conversation for event in (begun, call, ended)] == ["s-2"] * 3
    assert [event.ids.run for event in (begun, call, ended)] == ["s-2/r-2"] * 3
    (own,) = reader.read(bare("token"))  # the stream itself is still the parent's
    assert (own.ids.conversation, own.ids.run) == ("s-1", "s-1/r-1")
    deep = boxed({"type": "sub_agent_event", "parent_session_id": "s-2", "child_session_id": "s-3", "event": start()})
    assert reader.read(deep)[0].ids.conversation == "s-3"


def test_boxed_event_of_an_unknown_variant_is_skipped() -> None:
    decoded = Reader().decode(bare("sub_agent_event", event={"type": "of_next_year"}))
    assert (decoded.verdict, decoded.note) == (Verdict.SKIPPED, "unknown_variant")


def test_end_of_a_sub_agent_never_reads_like_its_start() -> None:
    for status in ("started", "Started"):
        (event,) = Reader().read(bare("sub_agent_completed", status=status))
        assert event.facts == {Fact.STATE: "unknown"}


# Tool calls.


def test_tool_call_as_bamboo_tells_it() -> None:
    """The loop's order: start, begin, the executor's end, and the result once all calls of the turn have ended."""
    reader = Reader()
    reader.read(started())
    (begun,) = reader.read(start())
    assert (begun.kind, begun.phase, begun.names.tool) == (EventKind.TOOL, Phase.START, "look")
    assert begun.contents[ContentKind.TOOL_ARGUMENTS].value == {"at": "made-up words"}
    assert (begun.ids.tool_call, begun.ids.run) == ("t-1", "s-1/r-1")
    assert reader.read(lifecycle("begin"), lifecycle("finished", elapsed_ms=1500, summary="completed")) == []
    (ended,) = reader.read(complete())
    assert (ended.kind, ended.phase, ended.outcome, ended.error_type) == (EventKind.TOOL, Phase.END, Outcome.OK, None)
    assert (ended.time_ns, ended.duration_ns) == (received(4), 1_500_000_000)  # when it ended, not when that was told
    assert ended.cursor is not None
    assert ended.cursor.ordinal == 5
    assert ended.names.tool == "look"
    assert ended.contents == {ContentKind.TOOL_RESULT: ended.contents[ContentKind.TOOL_RESULT]}
    assert ended.contents[ContentKind.TOOL_RESULT].value == "seen"
    assert ended.lineage == {"tool.is_mutating": True, "tool.auto_approved": False}
    assert reader.close() == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_one_end_in_whichever_order_the_two_accounts_come(order: tuple[int, ...]) -> None:
    told = [lifecycle("begin"), lifecycle("finished", elapsed_ms=7), complete()]
    reader = Reader()
    events = reader.read(started(), start(), *(told[place] for place in order), bare("complete"))
    (ended,) = only([*events, *reader.close()], EventKind.TOOL, Phase.END)
    assert ended.contents[ContentKind.TOOL_RESULT].value == "seen"
    (call,) = correlated(started(), start(), *(told[place] for place in order))[OperationKind.TOOL]
    assert (call.names.tool, call.outcome, call.orphan) == ("look", Outcome.OK, None)
    assert ContentKind.TOOL_ARGUMENTS in call.contents


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_parallel_calls_do_not_mix(order: tuple[int, ...]) -> None:
    told = [lifecycle("finished", "a", elapsed_ms=1), lifecycle("error", "b"), complete("a"), bare("tool_error")]
    told[3]["tool_call_id"] = "b"
    found = correlated(started(), start("a"), start("b"), *(told[place] for place in order), bare("complete"))
    outcomes = {call.ids.tool_call: call.outcome for call in found[OperationKind.TOOL]}
    assert outcomes == {"a": Outcome.OK, "b": Outcome.ERROR}
    assert len(found[OperationKind.TOOL]) == 2


def test_result_that_says_that_it_failed() -> None:
    _, _, ended = Reader().read(started(), start(), complete(success=False, result="no such thing"))
    assert (ended.outcome, ended.error_type) == (Outcome.ERROR, "tool_error")
    assert ended.contents[ContentKind.TOOL_RESULT].value == "no such thing"


def test_error_of_the_loop_wins_over_the_executors() -> None:
    told = lifecycle("error", elapsed_ms=2, error="short")
    _, _, ended = Reader().read(started(), start(), told, bare("tool_error", error="long"))
    assert (ended.outcome, ended.error_type, ended.duration_ns) == (Outcome.ERROR, "tool_error", 2_000_000)
    assert ended.contents[ContentKind.ERROR_TEXT].value == "long"


def test_error_before_any_start_is_a_call_without_a_name() -> None:
    """Bamboo refuses some calls before it announces them."""
    _, ended = Reader().read(started(), bare("tool_error"))
    assert (ended.kind, ended.outcome, ended.names.tool) == (EventKind.TOOL, Outcome.ERROR, None)


def test_error_after_a_result_is_a_mark() -> None:
    _, _, ended, mark = Reader().read(started(), start(), complete(), bare("tool_error", error="so it said"))
    assert (ended.phase, ended.outcome) == (Phase.END, Outcome.OK)
    assert (mark.kind, mark.names.subject, mark.facts) == (EventKind.PROGRESS, "tool", {Fact.STATE: "error"})
    assert (mark.ids.tool_call, mark.ids.run, mark.time_ns) == ("t-1", "s-1/r-1", received(4))
    assert mark.contents[ContentKind.ERROR_TEXT].value == "so it said"


@pytest.mark.parametrize("after", [[], [complete()], [bare("tool_error")], [lifecycle("finished")]])
def test_cancelled_call_is_told_at_once_and_once(after: list[Any]) -> None:
    reader = Reader()
    reader.read(started(), start())
    (ended,) = reader.read(lifecycle("cancelled", elapsed_ms=3, summary="by the user"))
    assert (ended.outcome, ended.error_type, ended.duration_ns) == (Outcome.CANCELLED, "cancelled", 3_000_000)
    assert ended.contents[ContentKind.ERROR_TEXT].value == "by the user"
    assert only([*reader.read(*after), *reader.close()], EventKind.TOOL, Phase.END) == []


def test_call_that_was_cancelled_after_it_had_ended_is_cancelled() -> None:
    reader = Reader()
    told = reader.read(started(), start(), lifecycle("finished", elapsed_ms=1), lifecycle("cancelled"))
    (ended,) = only([*told, *reader.close()], EventKind.TOOL, Phase.END)
    assert ended.outcome is Outcome.CANCELLED


@pytest.mark.parametrize("release", [bare("complete"), bare("error"), bare("runner_progress"), start()])
def test_end_that_waits_for_its_result_comes_without_it(release: Any) -> None:
    reader = Reader()
    reader.read(started(), start(), lifecycle("error", elapsed_ms=4, error="boom"))
    ended, after = reader.read(release)
    assert (ended.kind, ended.phase, ended.outcome, ended.time_ns) == (
        EventKind.TOOL,
        Phase.END,
        Outcome.ERROR,
        received(3),
    )
    assert ended.contents[ContentKind.ERROR_TEXT].value == "boom"
    assert after.kind is not EventKind.TOOL or after.phase is Phase.START
    assert only(reader.close(), EventKind.TOOL, Phase.END) == []


def test_end_that_waits_comes_at_the_end_of_the_input_but_not_before() -> None:
    reader = Reader()
    reader.read(started(), start(), lifecycle("finished", elapsed_ms=4))
    assert reader.close(complete=False) == []
    (ended,) = reader.close()
    assert (ended.outcome, ended.names.tool, ended.duration_ns) == (Outcome.OK, "look", 4_000_000)
    assert reader.close() == []


def test_turn_of_another_session_releases_nothing() -> None:
    reader = Reader()
    reader.read(wrapped("execution_started"), {"session_id": "s-1", "event": lifecycle("finished")})
    assert len(reader.read(bare("runner_progress", session_id="s-2"))) == 1
    assert len(reader.read({"session_id": "s-1", "event": complete()})) == 1


def test_id_that_is_used_again_is_another_call() -> None:
    round_one = [start(), lifecycle("begin"), lifecycle("finished", elapsed_ms=1), complete(result="one")]
    round_two = [start(), lifecycle("begin"), lifecycle("finished", elapsed_ms=1), complete(result="two")]
    found = correlated(started(), *round_one, bare("runner_progress"), *round_two, bare("complete"))
    results = [call.contents[ContentKind.TOOL_RESULT].value for call in found[OperationKind.TOOL]]
    assert results == ["one", "two"]


def test_call_keeps_the_run_that_it_began_in() -> None:
    reader = Reader()
    reader.read(started(), start(), started(run="r-2"))
    (ended,) = reader.read(complete())
    assert ended.ids.run == "s-1/r-1"


def test_equal_ids_in_two_sessions_are_two_calls() -> None:
    reader = Reader()
    reader.read(wrapped("execution_started"), wrapped("execution_started", session="s-2", session_id="s-2"))
    for session in ("s-1", "s-2"):
        reader.read({"session_id": session, "event": start()}, {"session_id": session, "event": lifecycle("finished")})
    ends = [reader.read({"session_id": session, "event": complete()}) for session in ("s-1", "s-2")]
    assert [end[0].ids.conversation for end in ends] == ["s-1", "s-2"]


@pytest.mark.parametrize("phase", ["begin", "executing", "of_next_year"])
def test_other_phases_tell_nothing_by_themselves(phase: str) -> None:
    decoded = Reader().decode(lifecycle(phase))
    assert (tuple(decoded.events), decoded.verdict) == ((), Verdict.MAPPED)


def test_images_and_display_of_a_result() -> None:
    told = complete()
    told["result"] |= {"display_preference": "json", "images": [{"mime_type": "image/png", "data": "bWFkZQ=="}]}
    _, _, ended = Reader().read(started(), start(), told)
    assert ended.lineage == {"tool.display_preference": "json", "tool.images": 1}
    assert "bWFkZQ" not in repr(ended.contents[ContentKind.TOOL_RESULT].value)


def test_calls_that_never_end_are_bounded() -> None:
    reader = Reader()
    reader.read(started(), lifecycle("finished", "held", elapsed_ms=1))
    told = [event for number in range(10_050) for event in reader.read(lifecycle("begin", f"t{number}"))]
    (ended,) = told
    assert ended.ids.tool_call == "held"


def test_sessions_that_never_end_are_bounded() -> None:
    reader = Reader()
    for number in range(10_050):
        reader.read(started(session=f"s{number}"))
    assert reader.read(wrapped("complete", session="s0"))[0].ids.run is None
    assert reader.read(wrapped("complete", session="s10049"))[0].ids.run == "s10049/r-1"


def test_streamed_pieces_add_up_to_one_mark() -> None:
    tokens = [bare("token")] * 3 + [bare("reasoning_token")] * 2 + [start()] + [bare("tool_token")] * 4
    found = correlated(started(), *tokens, complete(), bare("complete"))
    (run,), (call,) = found[OperationKind.RUN], found[OperationKind.TOOL]
    assert {mark.name: mark.facts[Fact.CHUNKS] for mark in run.marks} == {"chunks": 3, "reasoning": 2}
    assert {mark.name: mark.facts[Fact.CHUNKS] for mark in call.marks} == {"output": 4}


# The forms in one decoder.


@pytest.mark.parametrize(("frame", "note"), [("[KEEPALIVE]", "keep_alive"), ("[DONE]", "stream_done")])
def test_control_frames_are_skipped(frame: str, note: str) -> None:
    decoded = Reader().decode(frame)
    assert (decoded.verdict, decoded.note, tuple(decoded.events)) == (Verdict.SKIPPED, note, ())
    assert BambooSource().record_key(frame) is None


def test_all_forms_in_one_decoder() -> None:
    reader = Reader()
    metrics = {
        "Chat": {"SessionStarted": {"meta": {"event_id": "e", "occurred_at": TIME}, "session_id": "s", "model": "m"}}
    }
    events = reader.read(metrics, started(), fed(1, "session_deleted"), {"System": "WorkerStarted"})
    assert [event.origin for event in events] == [METRICS, STREAM, FEED, METRICS]


@pytest.mark.parametrize(
    "record", [{"type": "of_next_year"}, fed(1, "token") | {"event": {"type": "of_next_year"}}, {"seq": 1, "type": "x"}]
)
def test_unknown_variant_is_skipped(record: Any) -> None:
    decoded = Reader().decode(record)
    assert (decoded.verdict, decoded.note) == (Verdict.SKIPPED, "unknown_variant")


@pytest.mark.parametrize("record", [{"type": 5}, bare("token", content=5), fed(-1, "token"), [], None, 5, {}])
def test_decoder_stays_usable_after_a_rejection(record: Any) -> None:
    reader = Reader()
    reader.read(started())
    with pytest.raises(RecordRejected):
        reader.decode(record)
    assert reader.read(bare("token"))[0].ids.run == "s-1/r-1"


def test_r12_integers_beyond_int64_are_clamped_and_told() -> None:
    most = 2**64 - 1
    usage = {"prompt_tokens": most, "completion_tokens": 1, "total_tokens": 1}
    for record in (
        bare("complete", usage=usage),
        bare("budget_exceeded", limit=most),
        lifecycle("begin", elapsed_ms=most),
    ):
        assert Reader().decode(record).note == "clamped_integer"
    assert Reader().read(bare("complete", usage=usage))[0].usage == Usage(
        input_tokens=MAX_TIME_NS, output_tokens=1, total_tokens=1
    )
    reader = Reader()
    reader.read(lifecycle("finished", elapsed_ms=most))
    assert reader.read(complete())[0].duration_ns == MAX_TIME_NS


def test_unknown_word_is_told() -> None:
    decoded = Reader().decode(bare("gold_evaluation_completed", decision="of next year"))
    assert decoded.note == "unknown_word"
    assert decoded.events[0].facts[Fact.DECISION] == "unknown"
    assert Reader().decode(bare("gold_evaluation_completed")).note is None


def test_r8_repeated_change_event_is_known_by_its_place_in_the_feed() -> None:
    source = BambooSource()
    key = source.record_key(fed(1, "complete"))
    assert key is not None
    assert key == source.record_key({"seq": 1, "ts": TIME, "session_id": "s-1", **bare("complete")})
    others = [fed(2, "complete"), fed(1, "complete", ts=LATER), fed(1, "complete", session="s-2"), fed(1, "error")]
    assert len({key, *map(source.record_key, others)}) == 5
    for record in (bare("complete"), wrapped("complete"), {**fed(1, "complete"), "seq": None}, fed(1, "token", ts=[])):
        assert source.record_key(record) is None
    assert source.record_key({"seq": True, "event": bare("token")}) is None


def test_detection_knows_all_forms() -> None:
    source = BambooSource()
    assert source.detect([started(), bare("runner_progress"), "[KEEPALIVE]"]) == 1.0
    assert source.detect([fed(1, "error"), wrapped("token"), {"seq": 1, "ts": TIME, **bare("complete")}]) == 1.0
    assert source.detect([bare("token"), bare("error")]) == 0.5  # other systems have such events as well
    assert source.detect(["[KEEPALIVE]", "[DONE]"]) == 0.0
    foreign = [
        {"type": "user", "uuid": "u", "sessionId": "s"},
        {"type": "error"},
        {"type": ["error"]},
        {"event": {}},
        {"seq": 1, "type": 5},
        {"event": {"type": []}},
        {"event": {"type": "of_next_year"}},
    ]
    assert source.detect(foreign) == 0.0


def test_files_of_a_journal_are_read_as_one() -> None:
    source = BambooSource()
    first, later = PurePath("d/events-00000000000000000001.jsonl"), PurePath("d/events-00000000000000000420.jsonl")
    assert (list(source.companions(first)), source.is_companion(first)) == (["events-*.jsonl"], False)
    assert (list(source.companions(later)), source.is_companion(later)) == ([], True)
    assert source.belongs(fed(420, "complete"), [fed(1, "execution_started")])
    assert not source.belongs(bare("complete"), [])
    assert not source.belongs(wrapped("complete"), [])


def test_endless_runs_of_one_session_take_no_more_memory() -> None:
    runs = OpenRuns()
    for number in range(1000):
        runs.start("s-1", f"r-{number}", boxed=False)
    assert len(runs._open) == 1
    assert runs.end("s-1") == "r-999"


@pytest.mark.parametrize("form", ["stream", "metrics"])
def test_a_tool_that_was_asked_for_in_free_words_has_no_name_of_them(form: str) -> None:
    words = "look up what Ann wrote"
    if form == "metrics":
        record = SHAPES["Chat.ToolCalled"]["Chat"]["ToolCalled"]
        (event,) = Reader().read({"Chat": {"ToolCalled": {**record, "tool_name": words}}})
    else:
        (event,) = Reader().read(bare("tool_start", tool_call_id="t-1", tool_name=words))
    assert event.names.tool == "other"


def test_an_approval_outside_any_run_tells_no_free_words_as_a_tool() -> None:
    (event,) = Reader().read(bare("tool_approval_requested", tool_call_id="t-1", tool_name="what Ann wrote"))
    assert event.names.tool == "other"


def test_end_of_a_run_whose_start_was_lost_is_no_second_word_about_the_run_before() -> None:
    reader = Reader()
    reader.read(started(), bare("complete"))
    reader.read(start("t-2"), complete("t-2"))
    (event,) = reader.read(bare("complete", usage=USAGE))
    assert (event.ids.conversation, event.ids.run) == ("s-1", None)
    assert event.usage is not None


def test_a_session_that_is_said_to_start_its_own_starter_stays_on_top() -> None:
    """Its next run is another one, asked for by somebody else."""
    records = [
        fed(1, "execution_started", session="s-1", session_id="s-1", run_id="r-1"),
        fed(2, "sub_agent_started", session="s-1", parent_session_id="s-1", child_session_id="s-2"),
        fed(3, "execution_started", session="s-2", session_id="s-2", run_id="q-1"),
        fed(4, "sub_agent_started", session="s-2", parent_session_id="s-2", child_session_id="s-1"),
        fed(5, "complete", session="s-2"),
        fed(6, "complete", session="s-1"),
        fed(7, "execution_started", session="s-1", session_id="s-1", run_id="r-2"),
        fed(8, "complete", session="s-1"),
    ]
    child, parent, later = correlated(*records)[OperationKind.RUN]
    assert child.identity.parent_span_id == parent.identity.span_id
    assert later.identity.parent_span_id is None
    assert later.identity.trace_id != parent.identity.trace_id
