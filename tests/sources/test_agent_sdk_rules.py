"""Telemetry about events: completed ends, numbers counted once, sinks, losses. One test per rule where it has one."""

from __future__ import annotations

from typing import Any

import pytest

from agent_otel.correlate import OperationKind
from agent_otel.model import ContentKind, Cost, CostStatus, EventKind, Fact, Names, Outcome, Phase, Usage
from agent_otel.sources import Verdict
from sources.agent_sdk_records import (
    RECEIPT_NS,
    RUN,
    at_ns,
    event,
    frame,
    money,
    notice,
    operations,
    projection,
    sink_failed,
    telemetry,
    tell,
    tool_event,
    usage,
    usage_record,
)

START = event("run_started", 0)
ASKED = event("model_attempt_started", 1, attempt_id="a.1", turn_id="t.1")
ANSWERED = event("model_message_completed", 2, attempt_id="a.1", turn_id="t.1", event="event.answer")
END = event("run_completed", 9, event="event.end")
TURN_END = event("turn_completed", 9.5, turn_id="t.1")
RUN_OF_ONE_CALL = [START, ASKED, ANSWERED, END]
SEVEN = Usage(input_tokens=3, output_tokens=4, total_tokens=7)


def counted(events: list[Any]) -> list[Usage]:
    """Every usage that reaches a metric: of model calls, of records, of runs whose calls told none."""
    told = [one.usage for one in events if one.kind in (EventKind.MODEL, EventKind.USAGE)]
    if not any(told):
        told += [one.usage for one in events if one.kind is EventKind.AGENT]
    return [one for one in told if one is not None]


def test_a_usage_projection_completes_the_end_of_its_model_call() -> None:
    told = tell(START, ASKED, ANSWERED, usage("event.answer"), END)
    end = told.one(EventKind.MODEL, Phase.END)
    assert end.usage == SEVEN
    assert end.names == Names(provider="provider.tide", request_model="model.tide.1", response_model="model.tide.1")
    assert end.time_ns == at_ns(2)
    assert not told.of(EventKind.USAGE)
    assert told.of(EventKind.AGENT, Phase.END)[0].names.provider == "provider.tide"


def test_an_end_waits_for_the_next_event_of_its_run_and_for_no_other() -> None:
    other = event("run_started", 3, run="run.other")
    told = tell(START, ASKED, ANSWERED, other, usage("event.answer"), TURN_END, END)
    assert [len(events) for events in told.by_record] == [1, 1, 0, 1, 0, 2, 1]


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_telemetry_may_come_before_its_event_or_after_it(place: int) -> None:
    records = list(RUN_OF_ONE_CALL)
    records.insert(place, usage("event.answer"))
    assert tell(*records).one(EventKind.MODEL, Phase.END).usage == SEVEN


def test_usage_whose_event_has_gone_by_is_a_point_at_the_time_of_that_event() -> None:
    told = tell(*RUN_OF_ONE_CALL, usage("event.answer"))
    point = told.one(EventKind.USAGE)
    assert (point.usage, point.time_ns, point.time_is_receipt) == (SEVEN, at_ns(2), False)
    assert (point.names.provider, point.names.subject) == ("provider.tide", "usage")
    assert counted(told.events) == [SEVEN]


def test_usage_whose_event_never_comes_is_a_point_of_its_run() -> None:
    told = tell(START, usage("event.lost"), END)
    assert [(one.kind, one.usage) for one in told.events[1:]] == [(EventKind.USAGE, SEVEN), (EventKind.AGENT, None)]
    assert told.events[1].time_is_receipt
    assert told.events[1].ids.nonce == "once"


def test_r59_the_record_of_a_projection_is_the_same_usage() -> None:
    projected, recorded = usage("event.answer"), usage_record("event.answer")
    for records in (
        [START, ASKED, ANSWERED, projected, recorded, END],
        [START, ASKED, ANSWERED, recorded, projected, END],
        [START, recorded, ASKED, ANSWERED, projected, END],
        [*RUN_OF_ONE_CALL, projected, recorded],
        [*RUN_OF_ONE_CALL, recorded, projected],
        [projected, *RUN_OF_ONE_CALL, recorded],
        [START, projected, recorded, END],
    ):
        assert len(counted(tell(*records).events)) == 1


def test_r59_a_repeated_usage_is_skipped_with_a_note() -> None:
    told = tell(*RUN_OF_ONE_CALL, usage("event.answer"), usage_record("event.answer"))
    assert told.verdicts[-1] is Verdict.SKIPPED
    assert told.notes[-1] == "usage_repeated"


def test_a_record_adds_its_id_to_the_call_that_it_is_about() -> None:
    told = tell(START, ASKED, ANSWERED, usage("event.answer"), usage_record("event.answer"), END)
    lineage = told.one(EventKind.MODEL, Phase.END).lineage
    assert lineage["usage.record.id"] == "usage.1"
    assert lineage["retention.class"] == "run_scoped"
    assert lineage["event.kind"] == "model_message_completed"


def test_the_same_usage_record_under_two_record_ids_counts_once() -> None:
    part = {"usage_record_id": "usage.7", "units": {"input_tokens": 5}}
    told = tell(START, telemetry("record.1", "usage", part), telemetry("record.2", "usage", part), END)
    assert [one.input_tokens for one in counted(told.events)] == [5]


def test_the_usage_of_a_whole_run_is_no_second_usage() -> None:
    total = usage("event.end", (30, 40), family="run", event_kind="run_completed")
    told = tell(START, ASKED, ANSWERED, usage("event.answer"), END, total)
    assert counted(told.events) == [SEVEN]
    assert told.notes[-1] == "usage_repeated"
    (run,) = [one for one in operations(tell(START, total, END).events) if one.kind is OperationKind.RUN]
    assert run.usage is not None
    assert run.usage.input_tokens == 30
    alone = tell(START, END, total)
    assert [one.input_tokens for one in counted(alone.events)] == [30]


def test_units_without_tokens_are_lineage() -> None:
    told = tell(START, ASKED, ANSWERED, usage("event.answer", usage={"bytes": 2**63, "media_duration_ms": 40}), END)
    end = told.one(EventKind.MODEL, Phase.END)
    assert end.usage is None
    assert end.lineage["usage.bytes"] == 2**63 - 1
    assert end.lineage["usage.media_duration_ms"] == 40


def test_a_cost_estimate_completes_the_call_and_a_correction_stands_beside_it() -> None:
    told = tell(
        START,
        ASKED,
        ANSWERED,
        projection("cost_estimate", "event.answer", cost=money(1200)),
        projection("cost_correction", "event.answer", cost=money(1100, "corrected")),
        END,
    )
    assert told.one(EventKind.MODEL, Phase.END).cost == Cost(
        amount_micros=1200, currency="USD", rate_table="2030-01", status=CostStatus.ESTIMATED
    )
    assert told.one(EventKind.MODEL, Phase.END).lineage["cost.rate_table.version"] == "2030-01"
    correction = told.one(EventKind.COST)
    assert correction.cost is not None
    assert (correction.cost.amount_micros, correction.cost.status) == (1100, CostStatus.CORRECTED)


def test_costs_follow_each_other_and_replace_nothing() -> None:
    def cost(number: int, micros: int, **more: Any) -> dict[str, Any]:
        part = {"cost_record_id": f"cost.{number}", "units": money(micros, "provider_reported"), **more}
        return telemetry(f"telemetry.cost.{number}", "cost", part)

    told = tell(START, cost(1, 10), cost(2, 4, correction_ref="cost.1"), cost(2, 4, correction_ref="cost.1"), END)
    first, second = told.of(EventKind.COST)
    assert first.cost is not None
    assert second.cost is not None
    assert (first.cost.amount_micros, first.cost.status) == (10, CostStatus.PROVIDER_REPORTED)
    assert (second.cost.amount_micros, second.cost.status) == (4, CostStatus.CORRECTED)
    assert (second.lineage["cost.record.id"], second.lineage["cost.correction_ref"]) == ("cost.2", "cost.1")
    assert first.ids.event != second.ids.event


def test_money_is_integer_and_clamped_beyond_64_bits() -> None:
    told = tell(START, projection("cost_estimate", None, cost=money(2**64 - 1, currency="a lot of text")), END)
    point = told.one(EventKind.COST)
    assert point.cost is not None
    assert (point.cost.amount_micros, point.cost.currency) == (2**63 - 1, "XXX")
    assert told.notes[1] == "clamped_integer"


@pytest.mark.parametrize(
    ("status", "kind", "outcome", "error_type"),
    [
        ("completed", "tool_failed", Outcome.ERROR, "tool_failed"),
        ("completed", "tool_completed", Outcome.OK, None),
        ("timed_out", "tool_failed", Outcome.TIMED_OUT, "timeout"),
        ("cancelled", "tool_failed", Outcome.CANCELLED, "cancelled"),
        ("cancelled", "tool_completed", Outcome.CANCELLED, "cancelled"),
        ("failed", "tool_failed", Outcome.ERROR, "tool_failed"),
        ("failed", "tool_denied", Outcome.DENIED, "tool_denied"),
        ("unknown", "tool_completed", Outcome.OK, None),
        ("vanished", "tool_completed", Outcome.OK, None),
    ],
)
def test_r57_a_terminal_status_counts_where_it_says_more_than_the_event(
    status: str, kind: str, outcome: Outcome, error_type: str | None
) -> None:
    about = f"event.call.1.{kind}"
    told = tell(START, tool_event(kind, 1, "call.1"), projection("progress", about, terminal_status=status), END)
    end = told.one(EventKind.TOOL)
    assert (end.outcome, end.error_type) == (outcome, error_type)


def test_r58_the_end_of_a_run_is_told_by_its_event_and_not_again_by_its_projection() -> None:
    terminal = projection("run_terminal", "event.end", family="run", event_kind="run_failed", terminal_status="failed")
    failed = event("run_failed", 9, event="event.end")
    for records in ([START, failed, terminal], [START, terminal, failed], [terminal, START, failed]):
        ends = tell(*records).of(EventKind.AGENT, Phase.END)
        assert [(one.time_ns, one.outcome, one.error_type) for one in ends] == [(at_ns(9), Outcome.ERROR, "run_failed")]


def test_r58_a_run_whose_end_telemetry_alone_tells_ends() -> None:
    terminal = projection(
        "run_terminal",
        "event.end",
        family="run",
        event_kind="run_failed",
        terminal_status="failed",
        redacted_summary="the tide went out",
    )
    told = tell(START, ASKED, ANSWERED, usage("event.answer"), terminal)
    end = told.one(EventKind.AGENT, Phase.END)
    assert told.events[-1] is end
    assert told.one(EventKind.MODEL, Phase.END).usage == SEVEN
    assert (end.outcome, end.error_type, end.time_is_receipt) == (Outcome.ERROR, "error", True)
    assert end.contents[ContentKind.ERROR_TEXT].value == "the tide went out"


def test_live_telemetry_of_a_run_that_nobody_saw_waits_for_nothing() -> None:
    terminal = projection("run_terminal", "event.end", family="run", terminal_status="completed")
    told = tell(usage("event.answer"), terminal, live=True)
    assert [[one.kind for one in events] for events in told.by_record] == [[EventKind.USAGE], [EventKind.AGENT]]
    assert told.one(EventKind.AGENT).outcome is Outcome.OK


def test_progress_projections_of_events_that_came_add_nothing() -> None:
    hook = event("hook_completed", 1, event="event.hook")
    about = {"family": "hook", "event_kind": "hook_completed"}
    assert len(tell(START, hook, projection("progress", "event.hook", **about), END).of(EventKind.PROGRESS)) == 1
    assert len(tell(START, projection("progress", "event.hook", **about), hook, END).of(EventKind.PROGRESS)) == 1
    (alone,) = tell(START, projection("progress", "event.hook", **about), END).of(EventKind.PROGRESS)
    assert (alone.names.subject, alone.facts[Fact.STATE]) == ("hook", "completed")


@pytest.mark.parametrize("is_late", [False, True])
def test_a_tool_is_named_by_telemetry_about_its_start_too(is_late: bool) -> None:
    start = tool_event("tool_started", 1, "call.1")
    name = projection("progress", "event.call.1.tool_started", event_kind="tool_started", tool_name="depth_read")
    pair = [start, name] if is_late else [name, start]
    told = tell(START, *pair, event("hook_invoked", 1.5), tool_event("tool_completed", 2, "call.1"), END)
    (call,) = [one for one in operations(told.events) if one.kind is OperationKind.TOOL]
    assert call.names.tool == "depth_read"
    assert len(told.of(EventKind.PROGRESS)) == 1


def test_the_tokens_of_a_tool_are_counted_beside_it() -> None:
    about = usage("event.call.1.tool_completed", event_kind="tool_completed", family="tool")
    for pair in (
        [about, tool_event("tool_completed", 2, "call.1")],
        [tool_event("tool_completed", 2, "call.1"), about],
    ):
        told = tell(START, *pair, END)
        assert told.one(EventKind.TOOL).usage is None
        assert counted(told.events) == [SEVEN]


def test_what_a_child_costs_is_no_cost_of_its_parent() -> None:
    wrapped = event("subagent_usage_rolled_up", 3, event="event.roll")
    rolled = projection("cost_estimate", "event.roll", family="subagent", cost=money(77))
    told = tell(START, wrapped, rolled, END)
    assert all(one.cost is None for one in told.events)
    mark = told.of(EventKind.PROGRESS)[-1]
    assert (mark.lineage["subagent.cost.amount_micros"], mark.lineage["subagent.cost.currency"]) == (77, "USD")


def test_a_usage_that_was_told_as_a_point_does_not_go_into_its_call_as_well() -> None:
    crowd = [usage(f"event.{number}") for number in range(64)]
    told = tell(START, usage("event.answer"), *crowd, ASKED, ANSWERED, usage_record("event.answer"), END)
    assert told.one(EventKind.MODEL, Phase.END).usage is None
    assert told.one(EventKind.MODEL, Phase.END).lineage["usage.record.id"] == "usage.1"
    assert len(counted(told.events)) == 65


def test_usage_told_about_the_start_of_a_call_is_not_lost() -> None:
    early = usage("event.asked", event_kind="model_attempt_started")
    asked = event("model_attempt_started", 1, attempt_id="a.1", event="event.asked")
    told = tell(START, early, asked, event("model_message_completed", 2, attempt_id="a.1"), END)
    assert counted(told.events) == [SEVEN]
    assert told.one(EventKind.MODEL, Phase.START).names.provider == "provider.tide"


def test_usage_about_an_event_without_time_has_none_either() -> None:
    answer = event("model_message_completed", None, event="event.answer")
    told = tell(event("run_started", None), answer, event("run_completed", None), usage("event.answer"))
    point = told.one(EventKind.USAGE)
    assert point.time_is_receipt
    assert point.ids.nonce == "once"


def test_r35_only_what_a_sink_dropped_since_its_last_record_is_a_new_loss() -> None:
    told = tell(START, sink_failed(1, 2), sink_failed(2, 5), sink_failed(3, 5), sink_failed(4, 4), END)
    health = told.of(EventKind.HEALTH)
    assert [one.facts.get(Fact.LOST_COUNT) for one in health] == [2, 3, None, None]
    assert [one.lineage["telemetry.sink.dropped_total"] for one in health] == [2, 5, 5, 4]
    first = health[0]
    assert (first.names.subject, first.outcome, first.error_type) == ("telemetry_sink", Outcome.ERROR, "overflow")
    assert first.facts[Fact.LOSS_REASON] == "overflow"
    assert first.lineage["telemetry.sink.id"] == "sink.north"
    assert first.lineage["telemetry.export.cursor"] == 2
    assert first.lineage["telemetry.repair.cursor"] == "journal.9"
    assert first.contents[ContentKind.ERROR_TEXT].value == "the north sink is full"
    assert first.time_ns == RECEIPT_NS + 2


def test_r44_a_recovery_and_an_export_cursor_are_health() -> None:
    export = {"sink_id": "sink.north", "export_seq": 7, "last_acknowledged_source": {"type": "usage", "cursor": "u.1"}}
    recovered = {"sink_id": "sink.north", "sink_kind": "test", "export_cursor": export, "redacted_summary": "well"}
    told = tell(
        telemetry("telemetry.sink.north.sink_recovered.1", "sink_recovered", recovered),
        telemetry("telemetry.cursor.1", "export_cursor", {"cursor": export}),
    )
    well, far = told.events
    assert (well.kind, well.names.subject, well.facts[Fact.STATE]) == (EventKind.HEALTH, "telemetry_sink", "recovered")
    assert (far.kind, far.names.subject) == (EventKind.HEALTH, "telemetry_export_cursor")
    for one in (well, far):
        assert one.lineage["telemetry.export.cursor"] == 7
        assert one.lineage["telemetry.export.acknowledged"] == "u.1"
        assert one.ids.run == RUN


@pytest.mark.parametrize(
    ("state", "failure", "outcome", "error_type"),
    [
        ("failed", "sink_unavailable", Outcome.ERROR, "sink_unavailable"),
        ("failed", None, Outcome.ERROR, "telemetry_sink_failed"),
        ("recovered", None, Outcome.OK, None),
        ("dizzy with text", None, Outcome.OK, None),
    ],
)
def test_r60_sink_health_is_told_each_time(
    state: str, failure: str | None, outcome: Outcome, error_type: str | None
) -> None:
    health = {
        "sink_id": "sink.north",
        "sink_kind": "test",
        "state": state,
        "failure_kind": failure,
        "terminal_preserved": True,
        "dropped_count": 0,
    }
    made = projection("sink_health", None, family="telemetry", sink_health=health)
    told = tell(made, made)
    assert len(told.events) == 2
    assert (told.events[0].outcome, told.events[0].error_type) == (outcome, error_type)
    assert told.events[0].facts[Fact.STATE] in (state, "other")


@pytest.mark.parametrize(
    ("policy", "note"),
    [
        ("drop_non_terminal", "usage_may_be_lost"),
        ("drop_progress", "usage_may_be_lost"),
        ("summarize_and_continue", "usage_may_be_lost"),
        ("fail_subscriber", "usage_may_be_lost"),
        ("a_new_policy", "usage_may_be_lost"),
        ("backpressure_caller", None),
    ],
)
def test_r64_an_overflow_that_can_lose_usage_says_so(policy: str, note: str | None) -> None:
    made = notice(policy)
    riding, alone = tell(START, frame(END, made)), tell(made)
    for told in (riding, alone):
        assert told.notes[-1] == note
        health = told.one(EventKind.HEALTH)
        assert health.facts.get(Fact.USAGE_INCOMPLETE, False) == (note is not None)
        assert health.facts[Fact.LOST_COUNT] == 3
        assert health.ids.run == RUN
    assert riding.one(EventKind.HEALTH).time_ns == at_ns(9)
    assert alone.one(EventKind.HEALTH).time_is_receipt


def test_r65_an_overflow_notice_comes_before_the_event_that_it_rides_on() -> None:
    made = notice(
        dropped=2**64 - 1, gap_start={"scope": "all", "event_seq": 4, "event_id": "event.4"}, repair_from="journal.4"
    )
    told = tell(START, frame(END, made))
    health, end = told.events[1:]
    assert (health.kind, end.kind) == (EventKind.HEALTH, EventKind.AGENT)
    assert health.names.subject == "event_overflow"
    assert health.facts[Fact.LOST_COUNT] == 2**63 - 1
    assert health.facts[Fact.LOSS_REASON] == "policy_dropped_non_terminal"
    assert dict(health.lineage) == {
        "overflow.policy": "drop_non_terminal",
        "overflow.terminal_preserved": True,
        "overflow.gap_start.event_id": "event.4",
        "overflow.gap_start.event_seq": 4,
        "overflow.gap_end.event_id": "event.lost",
        "overflow.gap_end.event_seq": 9,
        "overflow.repair_from": "journal.4",
    }


def test_r66_what_comes_after_the_end_of_a_run_is_told_at_once() -> None:
    late = tool_event("tool_completed", 9.2, "call.1")
    told = tell(START, tool_event("tool_started", 3, "call.1"), END, late, TURN_END)
    assert [len(events) for events in told.by_record] == [1, 1, 1, 1, 1]
    end = told.of(EventKind.AGENT, Phase.END)[0]
    assert not end.final
    call = next(one for one in operations(told.events) if one.kind is OperationKind.TOOL)
    assert (call.start_ns, call.end_ns, call.outcome) == (at_ns(3), at_ns(9.2), Outcome.OK)


def test_the_end_of_a_run_is_never_held_back_and_releases_what_is() -> None:
    told = tell(START, ANSWERED, tool_event("tool_requested", 3, "call.1"), usage("event.later"), END)
    last = [(one.kind, one.phase) for one in told.by_record[-1]]
    assert last == [(EventKind.TOOL, Phase.START), (EventKind.USAGE, Phase.POINT), (EventKind.AGENT, Phase.END)]


def test_closing_tells_everything_unless_the_stream_may_go_on() -> None:
    records = [START, ANSWERED, tool_event("tool_requested", 3, "call.1"), tool_event("tool_completed", 4, "call.2")]
    more = [*records, usage("event.later"), projection("run_terminal", "event.end", terminal_status="completed")]
    kinds = [(one.kind, one.phase) for one in tell(*more).events[-4:]]
    assert kinds == [
        (EventKind.TOOL, Phase.END),
        (EventKind.TOOL, Phase.START),
        (EventKind.USAGE, Phase.POINT),
        (EventKind.AGENT, Phase.END),
    ]
    assert tell(*more, complete=False).events == tell(*more).events[:-4]


def test_memory_is_bounded_and_what_is_forgotten_is_told() -> None:
    runs = 1_100
    records = [
        record
        for number in range(runs)
        for record in (
            event("run_started", 0, run=f"run.{number}"),
            event("model_message_completed", 1, run=f"run.{number}"),
        )
    ]
    told = tell(*records, complete=False)
    assert len(told.of(EventKind.MODEL)) == runs - 1_024
    waiting = [usage(f"event.{number}") for number in range(70)]
    assert len(tell(START, *waiting, complete=False).of(EventKind.USAGE)) == 70 - 64
