"""Rules R26 to R49 of agent-sdk-core's fan-out, one by one, with nothing beyond the contract switched on."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import evolve
import pytest

from agent_otel import delivery
from agent_otel.delivery import TelemetryFanout
from agent_otel.model import agent_sdk as sdk
from delivery.fanout_values import KIND, OVERFLOW, accept, config, held, journal

Fanout = TelemetryFanout[sdk.TelemetryProjection]
SINK = "sink.a"
RAW = sdk.TelemetryContentCaptureMode.RawContent


def fanout(capacity: int = 2, reserve: int = 1, overflow: Any = OVERFLOW.DropNonTerminalProgress) -> Fanout:
    made: Fanout = TelemetryFanout(config(capacity, reserve, overflow))
    made.register_sink(sdk.TelemetrySinkSpec.test(SINK, capacity))
    return made


def names(one: Fanout, sink_id: str = SINK) -> list[str]:
    return [queued.projection_id for queued in one.queued_for_sink(sink_id)]


def record_all(one: Fanout, *arrivals: sdk.TelemetryProjection) -> sdk.TelemetryFanoutReport:
    """Record several; gives the last report."""
    return [one.try_record(arrival) for arrival in arrivals][-1]


def failures(report: Any) -> list[Any]:
    """Give what sink_failed records of a report say; all of its records are such."""
    failed = sdk.TelemetryRecordPayload.SinkFailed
    assert all(isinstance(record.payload, failed) for record in report.records)
    return [record.payload.record for record in report.records]


def only_failure(report: Any) -> Any:
    (failure,) = failures(report)
    return failure


def failing(*names: str, error: sdk.TelemetrySinkError | None = None) -> Callable[..., Any]:
    """Make an export that fails at some projections and takes all others."""
    answer = error or sdk.TelemetrySinkError.unavailable("an outage")
    return lambda told, cursor: answer if told.projection_id in names else accept(told, cursor)


def end(name: str) -> sdk.TelemetryProjection:
    return held(name, KIND.RunTerminal)


# --- arrivals ---


@pytest.mark.parametrize(("capacity", "reserve", "normal"), [(4, 1, 3), (4, 3, 1), (2, 1, 1)])
def test_r26_progress_enters_below_capacity_and_below_the_normal_part(capacity: int, reserve: int, normal: int) -> None:
    one = fanout(capacity, reserve)
    reports = [one.try_record(held(f"p{n}")) for n in range(capacity)]
    assert [report.enqueued for report in reports] == [1] * normal + [0] * (capacity - normal)


def test_r26_progress_does_not_enter_a_queue_that_terminals_have_filled() -> None:
    one = fanout(3, 1)
    record_all(one, end("t1"), end("t2"), end("t3"))
    assert one.try_record(held("p")).enqueued == 0


def test_r26_the_lesser_capacity_and_the_greater_reserve_hold() -> None:
    one: Fanout = TelemetryFanout(config(4, 1))
    one.register_sink(sdk.TelemetrySinkSpec.test("wide", 9).with_terminal_reserve(2))
    one.register_sink(sdk.TelemetrySinkSpec.test("narrow", 2))
    record_all(one, *(held(f"p{n}") for n in range(9)), *(end(f"t{n}") for n in range(9)))
    assert (one.sink_queue_len("wide"), one.sink_queue_len("narrow")) == (4, 2)
    fresh: Fanout = TelemetryFanout(config(4, 1))
    fresh.register_sink(sdk.TelemetrySinkSpec.test("wide", 9).with_terminal_reserve(2))
    record_all(fresh, *(held(f"p{n}") for n in range(9)))
    assert fresh.sink_queue_len("wide") == 2


@pytest.mark.parametrize("kind", [kind for kind in KIND if kind is not KIND.Progress] + ["brand_new", "progress"])
def test_r27_what_is_terminal_preserved_may_fill_the_whole_queue(kind: Any) -> None:
    one = fanout(4, 1)
    reports = [one.try_record(held(f"t{n}", kind)) for n in range(4)]
    assert [report.enqueued for report in reports] == [1, 1, 1, 1]
    assert one.sink_queue_len(SINK) == 4


@pytest.mark.parametrize("kind", [*KIND, "brand_new", "progress"])
def test_r27_rank_and_kind_agree_on_what_is_terminal_preserved(kind: Any) -> None:
    told = held("t", kind)
    assert told.delivery_class.is_terminal_preserved is told.is_terminal_preserved()


@pytest.mark.parametrize(("capacity", "reserve"), [(1, 1), (2, 2), (2, 9)])
def test_r28_where_all_is_reserved_no_progress_ever_enters(capacity: int, reserve: int) -> None:
    one = fanout(capacity, reserve)
    assert (one.try_record(held("p")).enqueued, names(one)) == (0, [])
    assert one.try_record(end("t")).enqueued == 1


def test_r29_a_terminal_at_a_full_queue_evicts_the_oldest_progress() -> None:
    one = fanout(4, 1)
    record_all(one, end("t1"), held("p1"), held("p2"), held("p3"))
    report = one.try_record(end("t2"))
    assert names(one) == ["t1", "p2", "p3", "t2"]
    assert (report.enqueued, report.dropped) == (1, 1)
    failure = only_failure(report)
    assert failure.failure_kind is sdk.TelemetrySinkFailureKind.Overflow
    assert failure.terminal_preserved is True
    assert failure.repair_cursor == journal("t2")  # the arrival's
    assert failure.dropped_count == 1


def test_r30_a_terminal_at_a_queue_of_terminals_is_dropped_itself() -> None:
    one = fanout(2, 1)
    record_all(one, end("t1"), held("u1", KIND.Usage))
    report = one.try_record(end("t2"))
    assert names(one) == ["t1", "u1"]
    assert (report.enqueued, report.dropped) == (0, 1)
    failure = only_failure(report)
    assert failure.failure_kind is sdk.TelemetrySinkFailureKind.Overflow
    assert failure.terminal_preserved is False
    assert failure.repair_cursor == journal("t2")


def test_r31_a_terminal_that_fits_makes_no_record() -> None:
    report = record_all(fanout(2, 1), held("p1"), end("t1"))
    assert (report.enqueued, report.dropped, report.records) == (1, 0, ())


def test_r32_progress_that_does_not_fit_is_dropped_with_a_record() -> None:
    one = fanout(2, 1)
    report = record_all(one, held("p1"), held("p2"))
    assert names(one) == ["p1"]
    assert (report.enqueued, report.dropped) == (0, 1)
    failure = only_failure(report)
    assert failure.failure_kind is sdk.TelemetrySinkFailureKind.Overflow
    assert (failure.terminal_preserved, failure.repair_cursor) == (True, journal("p2"))


def test_r33_progress_takes_the_place_of_the_first_of_its_run_without_a_record() -> None:
    one = fanout(4, 1, OVERFLOW.CoalesceProgressByRun)
    record_all(one, held("other", run_id="run.2"), held("p1"), held("p2"))
    report = one.try_record(held("p3"))
    assert names(one) == ["other", "p2", "p3"]
    assert (report.enqueued, report.dropped, report.records) == (1, 1, ())


def test_r33_what_is_terminal_preserved_is_not_coalesced() -> None:
    one = fanout(2, 1, OVERFLOW.CoalesceProgressByRun)
    record_all(one, end("t1"), held("p1"))
    one.try_record(held("p2"))
    assert names(one) == ["t1", "p2"]


def test_r33_progress_of_its_run_makes_room_among_terminals_too() -> None:
    one = fanout(3, 1, OVERFLOW.CoalesceProgressByRun)
    record_all(one, held("p1"), end("t1"), end("t2"))
    assert one.try_record(held("p2")).enqueued == 1
    assert names(one) == ["t1", "t2", "p2"]


def test_r33_without_progress_of_its_run_only_the_new_one_is_dropped() -> None:
    one = fanout(2, 1, OVERFLOW.CoalesceProgressByRun)
    report = record_all(one, held("p1"), held("p2", run_id="run.2"))
    assert names(one) == ["p1"]
    assert (report.enqueued, report.dropped, report.records) == (0, 1, ())


def test_r34_a_sink_may_fail_by_overflow_and_its_queue_stays_usable() -> None:
    one = fanout(2, 1, OVERFLOW.FailSinkNotRun)
    report = record_all(one, held("p1"), held("p2"))
    assert (report.enqueued, report.dropped, only_failure(report).terminal_preserved) == (0, 1, True)
    assert one.counts(SINK).failed
    assert one.try_record(end("t1")).enqueued == 1
    drained = one.drain_sink(SINK, accept)
    assert drained.exported == 2
    assert [type(record.payload) for record in drained.records] == [sdk.TelemetryRecordPayload.SinkRecovered]


def test_r35_the_dropped_count_is_that_of_the_sinks_life_and_outlives_recovery() -> None:
    one = fanout(2, 1)
    counts = [only_failure(record_all(one, held("p1"), held("p2"))).dropped_count]
    counts.append(only_failure(one.drain_sink(SINK, failing("p1"))).dropped_count)
    one.drain_sink(SINK, accept)
    record_all(one, held("p3"), held("p4"))
    counts.append(only_failure(one.try_record(held("p5"))).dropped_count)
    assert counts == [1, 1, 3]


def test_r36_one_arrival_goes_to_every_sink_in_the_order_of_their_ids() -> None:
    one: Fanout = TelemetryFanout(config(2, 1))
    for sink_id in ("z", "a", "m"):
        one.register_sink(sdk.TelemetrySinkSpec.test(sink_id, 2))
    report = record_all(one, held("p1"), held("p2"))
    assert [failure.sink_id for failure in failures(report)] == ["a", "m", "z"]
    assert (report.enqueued, report.dropped) == (0, 3)


def test_r36_one_sinks_trouble_changes_no_other_sinks_queue() -> None:
    one: Fanout = TelemetryFanout(config(4, 1))
    one.register_sink(sdk.TelemetrySinkSpec.test("narrow", 1))
    one.register_sink(sdk.TelemetrySinkSpec.test("wide", 4))
    record_all(one, held("p1"), held("p2"), end("t1"))
    one.drain_sink("narrow", failing("t1"))
    assert (names(one, "narrow"), names(one, "wide")) == (["t1"], ["p1", "p2", "t1"])
    assert (one.counts("narrow").failed, one.counts("wide").failed) == (True, False)


@pytest.mark.parametrize("sink_mode", list(sdk.TelemetryContentCaptureMode))
@pytest.mark.parametrize("mode", list(sdk.TelemetryContentCaptureMode))
@pytest.mark.parametrize("content", ["words", "", None])
def test_r37_raw_content_enters_only_where_sink_and_projection_both_say_so(
    sink_mode: sdk.TelemetryContentCaptureMode, mode: sdk.TelemetryContentCaptureMode, content: str | None
) -> None:
    one: Fanout = TelemetryFanout(config(2, 1))
    one.register_sink(sdk.TelemetrySinkSpec.test(SINK, 2).with_content_capture(sink_mode))
    one.try_record(held("p", content_capture=mode, raw_content=content))
    (queued,) = one.queued_for_sink(SINK)
    kept = content is None or sink_mode is mode is RAW
    stripped = mode is RAW and not kept
    assert queued.raw_content == (content if kept else None)
    assert queued.content_capture is (sdk.TelemetryContentCaptureMode.RedactedSummary if stripped else mode)


def test_r37_the_boundary_is_each_sinks_own_and_holds_for_what_is_told_of_the_dropped() -> None:
    one: Fanout = TelemetryFanout(config(1, 1))
    one.register_sink(sdk.TelemetrySinkSpec.test("bare", 1))
    one.register_sink(sdk.TelemetrySinkSpec.test("raw", 1).with_content_capture(RAW))
    report = one.try_record(held("p", content_capture=RAW, raw_content="words"))
    assert [record.content_capture for record in report.records] == [
        sdk.TelemetryContentCaptureMode.RedactedSummary,
        RAW,
    ]


def test_r38_record_ids_count_for_each_sink_over_failures_and_recoveries() -> None:
    one: Fanout = TelemetryFanout(config(2, 1))
    one.register_sink(sdk.TelemetrySinkSpec.test("a", 2))
    one.register_sink(sdk.TelemetrySinkSpec.test("b", 2))
    records = [*record_all(one, held("p1"), held("p2")).records]
    records += one.drain_sink("a", failing("p1")).records
    records += one.drain_sink("a", accept).records
    records += one.drain_sink("b", failing("p1")).records
    assert [record.record_id for record in records] == [
        "telemetry.a.sink_failed.1",
        "telemetry.b.sink_failed.1",
        "telemetry.a.sink_failed.2",
        "telemetry.a.sink_recovered.3",
        "telemetry.b.sink_failed.2",
    ]


def test_r39_a_sink_needs_an_id() -> None:
    with pytest.raises(sdk.AgentError.MissingRequiredField, match=r"telemetry\.sink_id"):
        fanout().register_sink(sdk.TelemetrySinkSpec.test("", 2))


def test_r39_registering_an_id_again_replaces_queue_cursor_and_counts() -> None:
    one = fanout(2, 1)
    record_all(one, held("p1"), held("p2"))
    one.drain_sink(SINK, accept)
    record_all(one, held("p3"), held("p4"))
    one.register_sink(sdk.TelemetrySinkSpec.test(SINK, 2))
    assert names(one) == []
    assert one.export_cursor(SINK) == sdk.TelemetryExportCursor.new(SINK)
    record = record_all(one, held("p5"), held("p6")).records[0]
    assert (record.record_id, record.payload.record.dropped_count) == (f"telemetry.{SINK}.sink_failed.1", 1)


def test_r40_draining_a_sink_that_is_not_registered_is_an_error() -> None:
    one = fanout()
    with pytest.raises(sdk.AgentError.HostConfigurationNeeded):
        one.drain_sink("nobody", accept)
    assert (one.sink_queue_len("nobody"), one.queued_for_sink("nobody")) == (None, ())


# --- exports ---


def test_r41_drain_exports_in_order_each_with_the_cursor_of_its_attempt() -> None:
    one = fanout(4, 1)
    record_all(one, held("p1"), end("t1"), held("p2"))
    seen = []

    def export(told: sdk.TelemetryProjection, cursor: sdk.TelemetryExportCursor) -> sdk.TelemetrySinkAck:
        seen.append((told.projection_id, cursor.export_seq, cursor.last_attempted_source))
        return accept(told, cursor)

    assert one.drain_sink(SINK, export).exported == 3
    assert seen == [("p1", 0, journal("p1")), ("t1", 1, journal("t1")), ("p2", 2, journal("p2"))]


def test_r42_the_sinks_cursor_replaces_ours_and_a_duplicate_is_a_success() -> None:
    one = fanout(4, 1)
    record_all(one, held("p1"), held("p2"))
    theirs = evolve(sdk.TelemetryExportCursor.new("any"), export_seq=40, sink_dedupe_key="key")
    report = one.drain_sink(SINK, lambda told, cursor: sdk.TelemetrySinkAck.duplicate(theirs))
    assert (report.exported, report.records, names(one)) == (2, (), [])
    assert one.export_cursor(SINK) == theirs


@pytest.mark.parametrize("kind", list(sdk.TelemetrySinkFailureKind))
@pytest.mark.parametrize("first", ["p", "t"])
def test_r43_a_failure_stays_at_the_head_and_stops_the_drain(kind: sdk.TelemetrySinkFailureKind, first: str) -> None:
    one = fanout(4, 1)
    record_all(one, held("p") if first == "p" else end("t"), end("t2"))
    error = sdk.TelemetrySinkError(failure_kind=kind, redacted_summary="why it failed")
    report = one.drain_sink(SINK, failing(first, error=error))
    assert (report.exported, names(one)) == (0, [first, "t2"])
    failure = only_failure(report)
    assert (failure.failure_kind, failure.redacted_summary) == (kind, "why it failed")
    assert failure.terminal_preserved is (first == "t")
    assert failure.repair_cursor == journal(first)


def test_r43_every_failing_drain_adds_a_record() -> None:
    one = fanout(4, 1)
    record_all(one, end("t1"), held("p1"))
    reports = [one.drain_sink(SINK, failing("t1")) for _ in range(3)]
    assert [only_failure(report).repair_cursor for report in reports] == [journal("t1")] * 3
    assert one.sink_queue_len(SINK) == 2


def test_r44_the_first_success_after_a_failure_is_told_once() -> None:
    one = fanout(4, 1)
    record_all(one, held("p1"), held("p2"))
    one.drain_sink(SINK, failing("p1"))
    one.drain_sink(SINK, failing("p1"))
    report = one.drain_sink(SINK, accept)
    assert report.exported == 2
    (record,) = report.records
    assert isinstance(record.payload, sdk.TelemetryRecordPayload.SinkRecovered)
    assert record.payload.record.export_cursor.export_seq == 1
    assert record.source_cursor == journal("p1")
    assert not one.counts(SINK).failed


def test_r45_a_failed_attempt_leaves_no_trace_in_the_cursor() -> None:
    one = fanout(4, 1)
    record_all(one, held("p1"), held("p2"))
    one.drain_sink(SINK, failing("p2"))
    cursor = one.export_cursor(SINK)
    assert (cursor.last_acknowledged_source, cursor.last_attempted_source) == (journal("p1"), None)


def test_r46_failure_records_always_have_the_acknowledged_cursor() -> None:
    one = fanout(2, 1)
    first = only_failure(record_all(one, held("p1"), held("p2")))
    assert first.last_acknowledged_cursor == sdk.TelemetryExportCursor.new(SINK)
    one.drain_sink(SINK, accept)
    later = only_failure(record_all(one, held("p3"), held("p4")))
    assert later.last_acknowledged_cursor == one.export_cursor(SINK)
    assert later.last_acknowledged_cursor.last_acknowledged_source == journal("p1")


@pytest.mark.parametrize("idempotent", [True, False])
def test_r47_the_unsafe_reason_is_ours_and_there_only_without_idempotent_replay(idempotent: bool) -> None:
    one = fanout(2, 1)
    spec = evolve(sdk.TelemetrySinkSpec.test(SINK, 2), requires_idempotent_replay=idempotent)
    one.register_sink(spec)
    dropped = only_failure(record_all(one, held("p1"), held("p2")))
    theirs = evolve(sdk.TelemetrySinkError.unavailable("gone"), unsafe_pending_reason="the sink's own")
    failed = only_failure(one.drain_sink(SINK, failing("p1", error=theirs)))
    assert dropped.unsafe_pending_reason == failed.unsafe_pending_reason != "the sink's own"
    assert (failed.unsafe_pending_reason is None) is idempotent


def test_r48_what_is_tried_again_is_the_very_copy_that_the_sink_may_see() -> None:
    one = fanout(2, 1)
    one.try_record(held("p", content_capture=RAW, raw_content="words"))
    seen: list[sdk.TelemetryProjection] = []

    def export(told: sdk.TelemetryProjection, cursor: sdk.TelemetryExportCursor) -> Any:
        seen.append(told)
        return accept(told, cursor) if len(seen) == 2 else sdk.TelemetrySinkError.unavailable("gone")

    one.drain_sink(SINK, export)
    one.drain_sink(SINK, export)
    assert seen[0] is seen[1]
    assert seen[0].raw_content is None


def test_r48_the_fan_out_can_run_nothing_but_the_export_that_it_is_given() -> None:
    """It imports values and containers: no thread, clock, socket, file, process or OpenTelemetry."""
    allowed = {"__future__", "attrs", "collections", "enum", "heapq", "operator", "typing", "agent_otel"}
    rooms = {"agent_otel.delivery", "agent_otel.model"}
    found = set()
    for path in Path(delivery.__file__).parent.glob("fanout*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                found.add(node.module or "")
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
    assert {module.split(".")[0] for module in found} <= allowed
    assert {".".join(module.split(".")[:2]) for module in found if module.startswith("agent_otel")} <= rooms


def test_r49_a_live_event_cursor_is_no_place_to_repair_from() -> None:
    one = fanout(1, 1)
    only_live = evolve(held("p"), source_record=evolve(held("p").source_record, source_cursor=None))
    assert only_live.source_record.event_cursor is not None
    failure = only_failure(one.try_record(only_live))
    assert failure.repair_cursor is None
    assert isinstance(failure.last_acknowledged_cursor, sdk.TelemetryExportCursor)
    kinds = {sdk.TelemetryExportCursor, sdk.EventCursor, type(journal("p"))}
    assert len(kinds) == 3
    assert not any(issubclass(a, b) for a in kinds for b in kinds if a is not b)


# --- what the rules leave to an implementation ---


def test_a_sink_that_records_while_it_exports_does_not_lose_what_it_exports() -> None:
    one = fanout(2, 1)
    record_all(one, held("p1"), end("t1"))

    def export(told: sdk.TelemetryProjection, cursor: sdk.TelemetryExportCursor) -> sdk.TelemetrySinkAck:
        if told.projection_id == "p1":
            assert one.try_record(end("t2")).dropped == 1
        return accept(told, cursor)

    assert one.drain_sink(SINK, export).exported == 2
    assert one.counts(SINK).evicted == 1


def test_an_export_that_raises_leaves_the_queue_as_it_was() -> None:
    one = fanout(2, 1)
    record_all(one, held("p1"), end("t1"))

    def export(told: sdk.TelemetryProjection, cursor: sdk.TelemetryExportCursor) -> sdk.TelemetrySinkAck:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        one.drain_sink(SINK, export)
    assert (names(one), one.counts(SINK).in_flight) == (["p1", "t1"], 0)
    assert one.drain_sink(SINK, accept).exported == 2


def test_an_overflow_policy_that_is_not_known_drops_with_a_record() -> None:
    one = fanout(2, 1, "brand_new")
    report = record_all(one, held("p1"), held("p2"))
    assert (report.dropped, only_failure(report).terminal_preserved, one.counts(SINK).failed) == (1, True, False)


def test_the_contracts_own_configurations() -> None:
    safe: Fanout = TelemetryFanout.safe_defaults()
    safe.register_sink(sdk.TelemetrySinkSpec.safe_local_diagnostic(SINK))
    record_all(safe, *(held(f"p{n}") for n in range(80)), *(end(f"t{n}") for n in range(10)))
    counts = safe.counts(SINK)
    assert (counts.queued, counts.evicted) == (64, 26)
