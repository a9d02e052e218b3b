"""What an operation of the fan-out costs does not depend on how much is queued, and nothing that has left is kept."""

from __future__ import annotations

from collections.abc import Callable
import gc
import sys
from types import FrameType
from typing import Any
import weakref

import pytest

from agent_otel.delivery import FanoutAdditions, Item, SinkSpec, SinkVerdict, TelemetryFanout, fanout_queue
from agent_otel.model import DeliveryClass
from delivery.fanout_values import OVERFLOW, config, item

FEW, MANY = 256, 16_384
PROGRESS, USAGE, RUN_END = DeliveryClass.PROGRESS, DeliveryClass.USAGE, DeliveryClass.RUN_END


def lines_run(operation: Callable[[], object]) -> int:
    """Count the lines of Python that an operation runs: a cost that no busy machine changes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        operation()
    finally:
        sys.settrace(before)
    return count


def full(queued: int, delivery_class: DeliveryClass, overflow: Any) -> TelemetryFanout[Item]:
    """Make a fan-out whose queue is full, with the rare ones that an operation looks for at its far end."""
    made: TelemetryFanout[Item] = TelemetryFanout(config(queued, 1, overflow), FanoutAdditions.live(2**40))
    made.register_sink(SinkSpec(sink_id="s", queue_capacity=queued, terminal_reserve=1))
    for name in range(queued - 9):
        made.record_live(item(name, delivery_class, run_id="many"))
    for name in range(8):
        made.record_live(item(queued + name, PROGRESS, run_id="rare"))
    made.record_live(item(2 * queued, USAGE))
    assert made.sink_queue_len("s") == queued
    return made


def take(one: TelemetryFanout[Item]) -> None:
    one.peek("s", 8, 2**40)
    one.settle("s", SinkVerdict(settled=4))


OPERATIONS: dict[str, tuple[DeliveryClass, Callable[[TelemetryFanout[Item]], object]]] = {
    "drop_progress": (PROGRESS, lambda one: one.record_live(item(-1, run_id="new"))),
    "evict_oldest_progress_behind_terminals": (USAGE, lambda one: one.record_live(item(-1, RUN_END))),
    "evict_oldest_progress": (PROGRESS, lambda one: one.record_live(item(-1, USAGE))),
    "coalesce_first_of_run": (PROGRESS, lambda one: one.record_live(item(-1, run_id="rare"))),
    "peek_and_settle": (PROGRESS, take),
    "counts": (PROGRESS, lambda one: one.counts("s")),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_costs_the_same_at_any_length(name: str) -> None:
    delivery_class, operation = OPERATIONS[name]

    def costs(queued: int) -> list[int]:
        one = full(queued, delivery_class, OVERFLOW.CoalesceProgressByRun)
        return [lines_run(lambda: operation(one)) for _ in range(8)]

    few, many = costs(FEW), costs(MANY)
    assert many == few
    assert max(many) < 600


def test_no_index_grows_while_much_comes_and_goes() -> None:
    bound = 2048
    one = full(bound, PROGRESS, OVERFLOW.CoalesceProgressByRun)
    for name in range(20_000):
        one.record_live(item(name, PROGRESS if name % 3 else USAGE, run_id=f"run {name}"))
        if name % 7 == 0:
            take(one)
    queue = one._sinks["s"].queue
    assert len(queue) == sum(map(len, queue._lines)) + len(queue._in_flight) <= bound
    runs = queue._progress_of_runs
    assert runs is not None
    assert all(runs.values())
    assert sum(map(len, runs.values())) == len(queue._lines[fanout_queue.PROGRESS_RANK])
    counts = one.counts("s")
    assert counts.accepted == counts.exported + counts.rejected + counts.evicted + counts.queued


def test_what_was_taken_is_let_go() -> None:
    one: TelemetryFanout[Item] = TelemetryFanout(config(8, 1), FanoutAdditions.live())
    one.register_sink(SinkSpec(sink_id="s", terminal_reserve=1))
    arrival = item(1)
    watched = weakref.ref(arrival)
    one.record_live(arrival)
    del arrival
    one.peek("s", 1, 1)
    one.settle("s", SinkVerdict(settled=1))
    gc.collect()
    assert watched() is None
