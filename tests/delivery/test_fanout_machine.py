"""The fan-out against an independent model, step by step: any sinks, bounds, policies, arrivals, answers, additions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from attrs import evolve
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
import pytest

from agent_otel.delivery import (
    FailureKind,
    FanoutAdditions,
    SinkFailure,
    SinkSpec,
    SinkVerdict,
    TelemetryFanout,
    fanout_admission,
    fanout_queue,
    fanout_sink,
)
from agent_otel.model import DeliveryClass
from agent_otel.model import agent_sdk as sdk
from delivery.fanout_model import ModelSink, Switches, Thing, Told
from delivery.fanout_values import KINDS, accept, config, held, item, journal

SINKS = ("a", "b", "c")
MODES = ("off", "metadata_only", "redacted_summary", "payload_refs", "raw_content")
FAILURES = tuple(kind.as_str() for kind in sdk.TelemetrySinkFailureKind if kind.as_str() != "overflow")

switches = st.builds(
    Switches,
    byte_capacity=st.none() | st.integers(1500, 12_000),
    tells_coalescing=st.booleans(),
    evicts_lower_rank=st.booleans(),
    quarantines=st.booleans(),
)
capacities = st.sampled_from([1, 2, 3, 4, 5, 6, 8])
reserves = st.sampled_from([1, 1, 1, 2, 4])
policies = st.sampled_from([policy.as_str() for policy in sdk.TelemetryOverflowPolicy])


arrivals = st.builds(
    Thing,
    name=st.just(0),
    rank=st.sampled_from([0, 2, 3, 4, 4, 4, 4, 4]),
    run=st.sampled_from(["one", "two"]),
    size=st.sampled_from([1024, 1024, 1500, 3000, 8999]),
    raw=st.booleans(),
    mode=st.sampled_from(MODES),
)


def as_projection(thing: Thing) -> sdk.TelemetryProjection:
    made = held(
        str(thing.name),
        KINDS[DeliveryClass(thing.rank)],
        run_id=thing.run,
        content_capture=sdk.TelemetryContentCaptureMode(thing.mode),
        raw_content="" if thing.raw else None,
        redacted_summary="",
    )
    return evolve(made, redacted_summary="x" * (thing.size - made.size))


def as_item(thing: Thing) -> Any:
    made = item(thing.name, DeliveryClass(thing.rank), run_id=thing.run, content_mode=thing.mode)
    return evolve(made, payload=b"x" * (thing.size - made.size), raw_payload=b"" if thing.raw else None)


def name_of(one: Any) -> int:
    return int(one.projection_id) if isinstance(one, sdk.TelemetryProjection) else one.span_id


def place(cursor: Any) -> int | None:
    """Number in a source cursor: ``journal.7`` or ``stream#7``."""
    return None if cursor is None else int(cursor.cursor.replace("#", ".").rsplit(".", 1)[1])


def told(record_id: str, about: int, said: Any) -> Told:
    if isinstance(said, sdk.TelemetrySinkRecoveryRecord):
        return Told(record_id, about, None, export_seq=said.export_cursor.export_seq)
    return Told(
        record_id,
        about,
        str(sdk.TelemetrySinkFailureKind(said.failure_kind).value),
        said.terminal_preserved,
        said.dropped_count,
        said.last_acknowledged_cursor.export_seq,
        place(said.repair_cursor),
        said.unsafe_pending_reason is not None,
    )


def told_live(records: Any) -> list[Told]:
    return [told(record.record_id, name_of(record.about), record.told) for record in records]


def told_contract(records: Any) -> list[Told]:
    """Contract records name the projection that they are about by its source cursor only."""
    return [told(record.record_id, place(record.source_cursor) or 0, record.payload.record) for record in records]


class FanoutMachine(RuleBasedStateMachine):
    @initialize(
        capacity=capacities,
        reserve=reserves,
        policy=policies,
        on=st.just(Switches()) | switches,
        live=st.booleans(),
    )
    def begin(self, capacity: int, reserve: int, policy: str, on: Switches, live: bool) -> None:
        self.bounds, self.policy, self.on, self.live = (capacity, reserve), policy, on, live
        self.arrived = 0
        self.models: dict[str, ModelSink] = {}
        additions = FanoutAdditions(
            byte_capacity=on.byte_capacity,
            tells_coalescing=on.tells_coalescing,
            evicts_lower_rank=on.evicts_lower_rank,
            quarantines=on.quarantines,
        )
        overflow = sdk.TelemetryOverflowPolicy(policy)
        self.fanout: TelemetryFanout[Any] = TelemetryFanout(config(capacity, reserve, overflow), additions)
        self.register("b", capacity, 1, "redacted_summary", idempotent=True)

    @rule(
        sink_id=st.sampled_from(SINKS),
        capacity=capacities,
        reserve=reserves,
        mode=st.sampled_from(MODES),
        idempotent=st.booleans(),
    )
    def register(self, sink_id: str, capacity: int, reserve: int, mode: str, idempotent: bool) -> None:
        if sink_id in self.models and self.arrived % 4:
            return  # replacing loses what was queued (R39): now and then is enough
        if self.live:
            spec: Any = SinkSpec(
                sink_id=sink_id,
                content_mode=mode,
                queue_capacity=capacity,
                terminal_reserve=reserve,
                requires_idempotent_replay=idempotent,
            )
        else:
            spec = evolve(
                sdk.TelemetrySinkSpec.test(sink_id, capacity),
                terminal_reserve=reserve,
                content_capture=sdk.TelemetryContentCaptureMode(mode),
                requires_idempotent_replay=idempotent,
            )
        self.fanout.register_sink(spec)
        bounds = (capacity, reserve)
        self.models[sink_id] = ModelSink.of(sink_id, bounds, self.bounds, self.policy, mode, idempotent, self.on)

    @rule(things=st.lists(arrivals, min_size=1, max_size=6), some=st.just(set(SINKS)) | st.sets(st.sampled_from(SINKS)))
    def arrive_live(self, things: list[Thing], some: set[str]) -> None:
        for thing in map(self.numbered, things):
            outcomes = self.expected(thing, some)
            report = self.fanout.record_live(as_item(thing) if self.live else as_projection(thing), list(outcomes))
            assert report.enqueued == sum(entered for entered, _, _ in outcomes.values())
            lost = [(sink_id, *one) for sink_id, (_, gone, _) in outcomes.items() for one in gone]
            assert [(one.sink_id, name_of(one.held), one.reason.value) for one in report.evicted] == lost
            assert told_live(report.records) == [record for *_, records in outcomes.values() for record in records]

    @precondition(lambda self: not self.live)
    @rule(things=st.lists(arrivals, min_size=1, max_size=6))
    def arrive(self, things: list[Thing]) -> None:
        for thing in map(self.numbered, things):
            outcomes = self.expected(thing, set(SINKS))
            report = self.fanout.try_record(as_projection(thing))
            assert report.enqueued == sum(entered for entered, _, _ in outcomes.values())
            assert report.dropped == sum(len(gone) for _, gone, _ in outcomes.values())
            assert told_contract(report.records) == [record for *_, records in outcomes.values() for record in records]

    def numbered(self, thing: Thing) -> Thing:
        self.arrived += 1
        return replace(thing, name=self.arrived)

    def expected(self, thing: Thing, some: set[str]) -> dict[str, Any]:
        return {sink_id: self.models[sink_id].arrive(thing) for sink_id in sorted(some & set(self.models))}

    @precondition(lambda self: not self.live)
    @rule(sink_id=st.sampled_from(SINKS), script=st.lists(st.sampled_from(["ok", "ok", *FAILURES]), max_size=6))
    def drain(self, sink_id: str, script: list[str]) -> None:
        if sink_id not in self.models:
            return
        model = self.models[sink_id]
        if model.in_flight:
            with pytest.raises(sdk.AgentError.ContractViolation):
                self.fanout.drain_sink(sink_id, accept)
            return
        seen, answers = [], iter(script)

        def export(one: Any, cursor: sdk.TelemetryExportCursor) -> Any:
            seen.append(name_of(one))
            assert cursor.last_attempted_source == journal(one.projection_id)
            answer = next(answers, "ok")
            if answer == "ok":
                return accept(one, cursor)
            return sdk.TelemetrySinkError(failure_kind=sdk.TelemetrySinkFailureKind(answer), redacted_summary="no")

        report = self.fanout.drain_sink(sink_id, export)
        attempts, exported, expected = model.drain(script)
        assert (seen, report.exported) == (attempts, exported)
        assert told_contract(report.records) == expected

    @rule(
        sink_id=st.sampled_from(SINKS),
        most_items=st.sampled_from([1, 1, 2, 3, 6]),
        most_bytes=st.sampled_from([0, 2100, 10**6]),
    )
    def peek(self, sink_id: str, most_items: int, most_bytes: int) -> None:
        if sink_id in self.models:
            batch = self.fanout.peek(sink_id, most_items, most_bytes)
            assert [name_of(one) for one in batch] == self.models[sink_id].peek(most_items, most_bytes)

    @rule(sink_id=st.sampled_from(SINKS), data=st.data())
    def settle(self, sink_id: str, data: Any) -> None:
        if sink_id not in self.models:
            return
        model = self.models[sink_id]
        size = model.in_flight
        answers = data.draw(st.lists(st.sampled_from(["ok", "ok", "refused"]), max_size=size))
        failure = len(answers) < size and data.draw(st.booleans())
        partial = data.draw(st.sampled_from([0, 0, 1, 9]))
        verdict = SinkVerdict(
            settled=len(answers),
            refused=tuple((at, "refused") for at, answer in enumerate(answers) if answer != "ok"),
            failure=SinkFailure(kind=FailureKind.NOT_NOW, reason="503") if failure else None,
            partial_count=partial,
        )
        report = self.fanout.settle(sink_id, verdict)
        exported, rejected, quarantined, expected = model.settle(answers, failure, partial)
        assert (report.exported, report.rejected) == (exported, rejected)
        assert [name_of(one.held) for one in report.quarantined] == quarantined
        assert told_live(report.records) == expected

    @invariant()
    def queues_are_the_same(self) -> None:
        for sink_id, model in self.models.items():
            queue = self.fanout.queued_for_sink(sink_id)
            found = [(name_of(one), one.delivery_class.rank, one.has_raw_content, one.content_mode) for one in queue]
            assert found == [(thing.name, thing.rank, thing.raw, thing.mode) for thing in model.queue]
            assert self.fanout.sink_queue_len(sink_id) == len(queue) <= model.capacity
            assert self.fanout.export_cursor(sink_id).export_seq == model.export_seq
            assert self.fanout.export_cursor(sink_id).last_attempted_source is None  # R45

    @invariant()
    def books_balance(self) -> None:
        for sink_id, model in self.models.items():
            counts = self.fanout.counts(sink_id)
            assert {name: getattr(counts, name) for name in model.books()} == model.books()
            assert counts.accepted == counts.exported + counts.rejected + counts.evicted + counts.queued
            assert sum(counts.queued_by_class.values()) == counts.queued
            assert sum(counts.lost.values()) == counts.evicted + counts.rejected
            lost = {(one and one.rank, reason.value): count for (one, reason), count in counts.lost.items()}
            assert lost == model.lost
            assert self.on.byte_capacity is None or counts.queued_bytes <= self.on.byte_capacity


TestFanoutMachine = FanoutMachine.TestCase
TestFanoutMachine.settings = settings(stateful_step_count=40)


# The same machine has to find every fault that is put into the package: else it would prove nothing above.


def newest_is_evicted(queue: Any, rank: int) -> Any:
    return queue._evict(next(reversed(queue._lines[rank])), rank)


def in_flight_is_evicted(queue: Any, rank: int) -> Any:
    reached = queue._in_flight and queue._in_flight[0].rank == rank
    return queue.pop() if reached else queue._evict(next(iter(queue._lines[rank])), rank)


def newest_of_run_is_evicted(queue: Any, run_id: str) -> Any:
    of_run = queue._progress_of_runs.get(run_id)
    return queue._evict(next(reversed(of_run)), fanout_queue.PROGRESS_RANK) if of_run else None


def eviction_is_silent(decide: Any) -> Any:
    return lambda admission, one: evolve(decide(admission, one), summary=None)


def eviction_is_not_counted(decide: Any) -> Any:
    return lambda admission, one: evolve(decide(admission, one), lost=())


def reserve_is_ignored(of: Any) -> Any:
    def ignoring(*arguments: Any) -> Any:
        bounds = of(*arguments)
        return evolve(bounds, normal=bounds.capacity)

    return ignoring


def failure_is_forgotten(fail: Any) -> Any:
    def forgetting(state: Any, *arguments: Any) -> Any:
        record = fail(state, *arguments)
        state._failed = False
        return record

    return forgetting


def nothing_is_put_back(release: Any) -> Any:
    return lambda queue: None


QUEUE, ADMISSION, BOUNDS, SINK = (
    fanout_queue.FanoutQueue,
    fanout_admission.Admission,
    fanout_admission.Bounds,
    fanout_sink.SinkState,
)
FAULTS: dict[str, tuple[type, str, Callable[[Any], Any]]] = {
    "r28_progress_takes_the_reserve": (BOUNDS, "of", reserve_is_ignored),
    "r29_newest_evicted": (QUEUE, "evict_oldest", lambda _: newest_is_evicted),
    "r29_no_record": (ADMISSION, "_preserve", eviction_is_silent),
    "r29_not_counted": (ADMISSION, "_preserve", eviction_is_not_counted),
    "r33_newest_of_run_evicted": (QUEUE, "evict_first_of_run", lambda _: newest_of_run_is_evicted),
    "r37_boundary_forgotten": (fanout_sink, "within_boundary", lambda _: lambda one, mode: one),
    "r43_not_failed": (SINK, "fail", failure_is_forgotten),
    "in_flight_evicted": (QUEUE, "evict_oldest", lambda _: in_flight_is_evicted),
    "in_flight_forever": (QUEUE, "release", nothing_is_put_back),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_machine_finds_the_fault(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, broken = FAULTS[fault]
    monkeypatch.setattr(owner, name, broken(getattr(owner, name)))
    searching = settings(
        max_examples=300,
        stateful_step_count=40,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        report_multiple_bugs=False,
    )
    with pytest.raises((AssertionError, LookupError)):
        run_state_machine_as_test(FanoutMachine, settings=searching)
