"""What the fan-out does beyond the contract, switch by switch, as live delivery uses it: items, batches, verdicts."""

from __future__ import annotations

from typing import Any

import pytest

from agent_otel.delivery import (
    FailureKind,
    FanoutAdditions,
    Item,
    LossReason,
    SinkFailure,
    SinkSpec,
    SinkVerdict,
    TelemetryFanout,
)
from agent_otel.model import DeliveryClass
from agent_otel.model import agent_sdk as sdk
from delivery.fanout_values import KIND, OVERFLOW, accept, config, held, item

HEADER = item(0).size
PROGRESS, HEALTH, USAGE, ERROR, RUN_END = (
    DeliveryClass.PROGRESS,
    DeliveryClass.HEALTH,
    DeliveryClass.USAGE,
    DeliveryClass.ERROR,
    DeliveryClass.RUN_END,
)
NOT_NOW = SinkFailure(kind=FailureKind.NOT_NOW, reason="503")


def fanout(capacity: int = 4, reserve: int = 1, overflow: Any = None, **switches: Any) -> TelemetryFanout[Item]:
    setup = config(capacity, reserve, overflow or OVERFLOW.DropNonTerminalProgress)
    made: TelemetryFanout[Item] = TelemetryFanout(setup, FanoutAdditions(**switches))
    made.register_sink(SinkSpec(sink_id="s", queue_capacity=capacity, terminal_reserve=0))
    return made


def names(one: TelemetryFanout[Item]) -> list[int]:
    return [queued.span_id for queued in one.queued_for_sink("s")]


def lost(report: Any) -> list[tuple[str, int, LossReason]]:
    return [(one.sink_id, one.held.span_id, one.reason) for one in report.evicted]


def only_failure(report: Any) -> Any:
    (record,) = report.records
    assert isinstance(record.told, sdk.TelemetrySinkFailureRecord)
    return record.told


def place(name: int) -> Any:
    return sdk.TelemetrySourceCursor.Archive(f"stream#{name}")


def test_live_switches_everything_on_and_the_default_nothing() -> None:
    live = FanoutAdditions.live()
    assert live.tells_coalescing
    assert live.evicts_lower_rank
    assert live.quarantines
    assert live.byte_capacity == 32 * 1024 * 1024
    assert FanoutAdditions.live(5).byte_capacity == 5
    assert FanoutAdditions() == FanoutAdditions(
        byte_capacity=None, tells_coalescing=False, evicts_lower_rank=False, quarantines=False
    )
    with pytest.raises(ValueError, match="byte_capacity"):
        FanoutAdditions(byte_capacity=0)


# --- bytes ---


def test_progress_beyond_the_byte_bound_is_dropped() -> None:
    one = fanout(capacity=9, byte_capacity=2 * HEADER + 10)
    one.record_live(item(1, size=10))
    assert one.record_live(item(2)).enqueued == 1
    report = one.record_live(item(3))
    assert lost(report) == [("s", 3, LossReason.QUEUE_FULL)]
    assert only_failure(report).terminal_preserved
    assert one.counts("s").queued_bytes == 2 * HEADER + 10


def test_a_terminal_evicts_the_oldest_progress_until_its_bytes_fit() -> None:
    one = fanout(capacity=9, byte_capacity=4 * HEADER)
    one.record_live(item(1, USAGE))
    for name in (2, 3, 4):
        one.record_live(item(name))
    report = one.record_live(item(5, RUN_END, size=HEADER))
    assert names(one) == [1, 4, 5]
    assert lost(report) == [("s", 2, LossReason.MADE_ROOM), ("s", 3, LossReason.MADE_ROOM)]
    assert only_failure(report).dropped_count == 2
    assert only_failure(report).repair_cursor == place(5)


def test_a_terminal_that_would_not_fit_even_then_evicts_nothing() -> None:
    one = fanout(capacity=9, byte_capacity=3 * HEADER)
    one.record_live(item(1, USAGE))
    one.record_live(item(2))
    report = one.record_live(item(3, RUN_END, size=HEADER + 1))
    assert names(one) == [1, 2]
    assert lost(report) == [("s", 3, LossReason.QUEUE_FULL)]
    assert not only_failure(report).terminal_preserved


def test_a_terminal_that_fits_once_all_progress_is_gone_evicts_all_progress() -> None:
    one = fanout(capacity=9, byte_capacity=3 * HEADER)
    for name in (1, 2, 3):
        one.record_live(item(name))
    assert len(one.record_live(item(4, RUN_END, size=2 * HEADER)).evicted) == 3
    assert names(one) == [4]


@pytest.mark.parametrize(("delivery_class", "preserved"), [(PROGRESS, True), (RUN_END, False)])
def test_what_is_larger_than_the_bound_alone_is_dropped(delivery_class: DeliveryClass, preserved: bool) -> None:
    one = fanout(byte_capacity=HEADER + 1, overflow=OVERFLOW.FailSinkNotRun)
    assert one.record_live(item(1, size=1)).enqueued == 1
    report = one.record_live(item(2, delivery_class, size=2))
    assert names(one) == [1]
    assert lost(report) == [("s", 2, LossReason.TOO_LARGE)]
    assert only_failure(report).terminal_preserved is preserved
    assert not one.counts("s").failed  # that is no fault of the sink


def test_raw_content_that_the_sink_may_not_see_takes_no_bytes_of_it() -> None:
    one = fanout(byte_capacity=HEADER)
    assert one.record_live(item(1, raw_payload=b"as it was", content_mode="raw_content")).enqueued == 1
    assert one.counts("s").queued_bytes == HEADER


# --- coalescing is told ---


def test_coalescing_is_told_with_the_place_of_what_was_lost() -> None:
    one = fanout(capacity=2, overflow=OVERFLOW.CoalesceProgressByRun, tells_coalescing=True)
    one.record_live(item(1))
    report = one.record_live(item(2))
    assert lost(report) == [("s", 1, LossReason.COALESCED)]
    assert (only_failure(report).terminal_preserved, only_failure(report).repair_cursor) == (True, place(1))
    stranger = only_failure(one.record_live(item(3, run_id="another")))
    assert stranger.repair_cursor == place(3)
    assert "coalesced" in only_failure(report).redacted_summary
    assert "coalesced" not in stranger.redacted_summary


def test_coalescing_drops_both_where_the_newer_one_is_too_many_bytes_even_then() -> None:
    one = fanout(overflow=OVERFLOW.CoalesceProgressByRun, tells_coalescing=True, byte_capacity=3 * HEADER)
    one.record_live(item(1))
    one.record_live(item(2, USAGE))
    report = one.record_live(item(3, size=HEADER + 1))
    assert names(one) == [2]
    assert lost(report) == [("s", 1, LossReason.COALESCED), ("s", 3, LossReason.QUEUE_FULL)]
    assert only_failure(report).dropped_count == 2


# --- rank ---


def test_a_runs_end_evicts_the_oldest_of_the_lowest_class_below_it() -> None:
    one = fanout(evicts_lower_rank=True)
    for name, delivery_class in enumerate([USAGE, ERROR, HEALTH, USAGE], 1):
        one.record_live(item(name, delivery_class))
    reports = [one.record_live(item(name, RUN_END)) for name in range(5, 10)]
    assert [lost(report) for report in reports] == [
        [("s", 3, LossReason.MADE_ROOM)],
        [("s", 1, LossReason.MADE_ROOM)],
        [("s", 4, LossReason.MADE_ROOM)],
        [("s", 2, LossReason.MADE_ROOM)],
        [("s", 9, LossReason.QUEUE_FULL)],  # nothing is below its own class any more: R30
    ]
    assert names(one) == [5, 6, 7, 8]
    assert not any(only_failure(report).terminal_preserved for report in reports)
    assert [only_failure(report).repair_cursor for report in reports] == [place(n) for n in (3, 1, 4, 2, 9)]


def test_progress_goes_first_and_is_no_terminal_loss() -> None:
    one = fanout(evicts_lower_rank=True)
    for name, delivery_class in enumerate([HEALTH, PROGRESS, PROGRESS, HEALTH], 1):
        one.record_live(item(name, delivery_class))
    report = one.record_live(item(5, USAGE))
    assert lost(report) == [("s", 2, LossReason.MADE_ROOM)]
    assert (only_failure(report).terminal_preserved, only_failure(report).repair_cursor) == (True, place(5))


def test_without_rank_a_queue_of_usage_drops_a_runs_end() -> None:
    one = fanout()
    for name in range(4):
        one.record_live(item(name, USAGE))
    assert lost(one.record_live(item(4, RUN_END))) == [("s", 4, LossReason.QUEUE_FULL)]


def test_progress_evicts_nobody() -> None:
    one = fanout(capacity=2, reserve=1, evicts_lower_rank=True)
    one.record_live(item(1))
    assert lost(one.record_live(item(2))) == [("s", 2, LossReason.QUEUE_FULL)]


# --- batches ---


def test_peek_gives_the_head_within_bounds_and_at_least_one() -> None:
    one = fanout(capacity=9)
    for name, size in enumerate([100, 0, 0, 0], 1):
        one.record_live(item(name, size=size))
    assert one.peek("s", 9, 0) == one.queued_for_sink("s")[:1]
    assert len(one.peek("s", 0, 10**6)) == 1
    assert len(one.peek("s", 9, 2 * HEADER + 100)) == 2
    assert len(one.peek("s", 3, 10**6)) == 3
    assert (one.counts("s").in_flight, one.counts("s").queued) == (3, 4)
    assert one.settle("s", SinkVerdict(settled=3)).exported == 3
    assert one.peek("s", 9, 10**6) == one.queued_for_sink("s")


def test_an_empty_queue_gives_nothing_and_settles_as_nothing() -> None:
    one = fanout()
    assert one.peek("s", 9, 9) == ()
    assert one.settle("s", SinkVerdict(settled=0)).exported == 0


def test_settle_pops_what_was_acknowledged_and_tells_the_failure_of_the_rest_once() -> None:
    one = fanout(capacity=9)
    for name in (1, 2):
        one.record_live(item(name))
    one.record_live(item(3, RUN_END))
    one.peek("s", 9, 10**6)
    report = one.settle("s", SinkVerdict(settled=2, failure=NOT_NOW))
    assert (report.exported, report.rejected, names(one)) == (2, 0, [3])
    failure = only_failure(report)
    assert failure.failure_kind is sdk.TelemetrySinkFailureKind.SinkUnavailable
    assert (failure.redacted_summary, failure.terminal_preserved) == ("503", True)
    assert failure.repair_cursor == place(3)
    assert failure.last_acknowledged_cursor.export_seq == 2
    assert failure.last_acknowledged_cursor.last_acknowledged_source == place(2)
    assert report.records[0].about.span_id == 3


def test_a_batch_recovers_a_sink_once_with_the_cursor_of_its_first_item() -> None:
    one = fanout(capacity=9)
    for name in (1, 2, 3):
        one.record_live(item(name))
    one.peek("s", 9, 10**6)
    one.settle("s", SinkVerdict(settled=0, failure=NOT_NOW))
    one.peek("s", 9, 10**6)
    (record,) = one.settle("s", SinkVerdict(settled=3)).records
    assert isinstance(record.told, sdk.TelemetrySinkRecoveryRecord)
    assert (record.told.export_cursor.export_seq, record.about.span_id) == (1, 1)
    assert one.export_cursor("s").export_seq == 3


def test_the_refused_are_quarantined_and_the_rest_goes_on() -> None:
    one = fanout(capacity=9, quarantines=True)
    for name, delivery_class in enumerate([PROGRESS, RUN_END, PROGRESS, PROGRESS], 1):
        one.record_live(item(name, delivery_class))
    one.peek("s", 3, 10**6)
    report = one.settle("s", SinkVerdict(settled=3, refused=((1, "400"),)))
    assert (report.exported, report.rejected, names(one)) == (2, 1, [4])
    assert [(gone.held.span_id, gone.reason) for gone in report.quarantined] == [(2, LossReason.REFUSED)]
    failure = only_failure(report)
    assert failure.failure_kind is sdk.TelemetrySinkFailureKind.ExportRejected
    assert (failure.redacted_summary, failure.terminal_preserved, failure.dropped_count) == ("400", False, 0)
    assert failure.repair_cursor == place(2)
    counts = one.counts("s")
    assert not counts.failed
    assert counts.lost == {(RUN_END, LossReason.REFUSED): 1}
    assert one.export_cursor("s").export_seq == 3  # acknowledged, with that verdict


def test_without_quarantine_the_first_refused_stays_at_the_head() -> None:
    one = fanout(capacity=9)
    for name in (1, 2, 3):
        one.record_live(item(name))
    one.peek("s", 3, 10**6)
    report = one.settle("s", SinkVerdict(settled=3, refused=((2, "413"), (1, "400"))))
    assert only_failure(report).redacted_summary == "400"
    assert (report.exported, report.rejected, report.quarantined, names(one)) == (1, 0, (), [2, 3])
    assert only_failure(report).failure_kind is sdk.TelemetrySinkFailureKind.ExportRejected


@pytest.mark.parametrize("quarantines", [True, False])
def test_drain_quarantines_what_the_contracts_sink_rejects(quarantines: bool) -> None:
    one: TelemetryFanout[sdk.TelemetryProjection] = TelemetryFanout(
        config(4, 1), FanoutAdditions(quarantines=quarantines)
    )
    one.register_sink(sdk.TelemetrySinkSpec.test("s", 4))
    for name in ("1", "2", "3"):
        one.try_record(held(name, KIND.Usage))
    no = sdk.TelemetrySinkError(failure_kind=sdk.TelemetrySinkFailureKind.ExportRejected, redacted_summary="no")
    report = one.drain_sink("s", lambda told, cursor: no if told.projection_id == "2" else accept(told, cursor))
    assert (report.exported, one.sink_queue_len("s")) == ((2, 0) if quarantines else (1, 2))
    (record,) = report.records
    assert record.payload.record.terminal_preserved is not quarantines
    assert one.counts("s").failed is not quarantines


def test_a_partial_success_is_counted_and_told_without_its_message() -> None:
    one = fanout(capacity=9)
    for name, delivery_class in enumerate([PROGRESS, USAGE, PROGRESS], 1):
        one.record_live(item(name, delivery_class))
    one.peek("s", 9, 10**6)
    report = one.settle("s", SinkVerdict(settled=3, partial_count=2, partial_message="the words of it"))
    assert (report.exported, report.rejected) == (1, 2)
    failure = only_failure(report)
    assert failure.failure_kind is sdk.TelemetrySinkFailureKind.ExportRejected
    assert not failure.terminal_preserved  # one of the dropped may be
    assert "the words" not in failure.redacted_summary
    assert one.counts("s").lost == {(None, LossReason.PARTIAL_SUCCESS): 2}


@pytest.mark.parametrize(("said", "held_to"), [(9, 2), (-3, 0)])
def test_a_sink_cannot_drop_more_than_it_took_nor_less_than_nothing(said: int, held_to: int) -> None:
    one = fanout(capacity=9)
    one.record_live(item(1))
    one.record_live(item(2))
    one.peek("s", 9, 10**6)
    report = one.settle("s", SinkVerdict(settled=2, partial_count=said))
    assert (report.exported, report.rejected) == (2 - held_to, held_to)


@pytest.mark.parametrize(
    "verdict",
    [
        SinkVerdict(settled=3),
        SinkVerdict(settled=-1),
        SinkVerdict(settled=2, failure=NOT_NOW),
        SinkVerdict(settled=1, refused=((1, "400"),)),
        SinkVerdict(settled=2, refused=((0, "400"), (0, "400"))),
        SinkVerdict(settled=2, refused=((-1, "400"),)),
    ],
)
def test_a_verdict_about_something_else_changes_nothing(verdict: SinkVerdict) -> None:
    one = fanout(capacity=9, quarantines=True)
    for name in (1, 2, 3):
        one.record_live(item(name))
    one.peek("s", 2, 10**6)
    before = one.counts("s")
    with pytest.raises(sdk.AgentError.ContractViolation):
        one.settle("s", verdict)
    assert (one.counts("s"), names(one)) == (before, [1, 2, 3])
    assert one.settle("s", SinkVerdict(settled=2)).exported == 2


# --- in flight ---


def test_what_is_in_flight_is_not_evicted_and_can_be_again_afterwards() -> None:
    one = fanout(capacity=4)
    for name in (1, 2, 3):
        one.record_live(item(name))
    one.record_live(item(4, USAGE))
    one.peek("s", 2, 10**6)
    assert lost(one.record_live(item(5, USAGE))) == [("s", 3, LossReason.MADE_ROOM)]
    assert lost(one.record_live(item(6, USAGE))) == [("s", 6, LossReason.QUEUE_FULL)]  # all other progress is under way
    one.settle("s", SinkVerdict(settled=1, failure=NOT_NOW))
    one.record_live(item(7, USAGE))
    assert lost(one.record_live(item(8, USAGE))) == [("s", 2, LossReason.MADE_ROOM)]
    assert names(one) == [4, 5, 7, 8]


def test_what_is_in_flight_is_not_coalesced() -> None:
    one = fanout(capacity=3, overflow=OVERFLOW.CoalesceProgressByRun)
    one.record_live(item(1))
    one.record_live(item(2))
    one.peek("s", 1, 0)
    assert lost(one.record_live(item(3))) == [("s", 2, LossReason.COALESCED)]
    one.peek("s", 2, 10**6)
    assert lost(one.record_live(item(4))) == [("s", 4, LossReason.QUEUE_FULL)]
    one.settle("s", SinkVerdict(settled=0))
    assert lost(one.record_live(item(5))) == [("s", 1, LossReason.COALESCED)]
    assert names(one) == [3, 5]


def test_peeking_again_gives_the_earlier_head_up() -> None:
    one = fanout(capacity=4)
    for name in (1, 2, 3):
        one.record_live(item(name))
    assert [held.span_id for held in one.peek("s", 3, 10**6)] == [1, 2, 3]
    assert [held.span_id for held in one.peek("s", 1, 10**6)] == [1]
    assert (one.counts("s").in_flight, names(one)) == (1, [1, 2, 3])


# --- arrivals for some sinks, names that nobody has, what is shown ---


def test_an_arrival_may_be_for_some_sinks_only() -> None:
    one = fanout()
    one.register_sink(SinkSpec(sink_id="other", terminal_reserve=1))
    assert one.record_live(item(1), ["other"]).enqueued == 1
    assert (one.sink_queue_len("s"), one.sink_queue_len("other")) == (0, 1)
    with pytest.raises(sdk.AgentError.HostConfigurationNeeded):
        one.record_live(item(2), ["nobody", "other"])
    assert one.sink_queue_len("other") == 1


def test_every_question_about_an_unknown_sink_is_an_error() -> None:
    one = fanout()
    for ask in (
        lambda: one.peek("nobody", 1, 1),
        lambda: one.settle("nobody", SinkVerdict(settled=0)),
        lambda: one.counts("nobody"),
        lambda: one.export_cursor("nobody"),
    ):
        with pytest.raises(sdk.AgentError.HostConfigurationNeeded):
            ask()


@pytest.mark.parametrize(("kind", "told"), [("durable_trace", sdk.TelemetrySinkKind.DurableTrace), ("own", "own")])
def test_records_name_the_kind_of_sink_in_the_contracts_words(kind: str, told: Any) -> None:
    one = fanout(capacity=1)
    one.register_sink(SinkSpec(sink_id="s", kind=kind))
    found = only_failure(one.record_live(item(1))).sink_kind
    assert (found, type(found)) == (told, type(told))


def test_a_sink_without_capacity_is_refused() -> None:
    with pytest.raises(ValueError, match="queue_capacity"):
        fanout().register_sink(SinkSpec(sink_id="none", queue_capacity=0))


def test_reports_show_no_content() -> None:
    one = fanout(capacity=1)
    one.record_live(item(1, payload=b"the words of it", raw_payload=b"the words of it"))
    report = one.record_live(item(2, payload=b"the words of it", raw_payload=b"the words of it"))
    one.record_live(item(3, RUN_END, payload=b"the words of it"))
    one.peek("s", 1, 0)
    settled = one.settle("s", SinkVerdict(settled=0, failure=NOT_NOW))
    assert "the words" not in repr((report, settled, one.counts("s"), one))
