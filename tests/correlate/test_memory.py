"""Memory is bounded and every eviction is counted."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc

import pytest

from agent_otel.correlate import CorrelationLimits, Correlator
from agent_otel.correlate.bounds import size_of
from agent_otel.model import ContentKind, EventKind, Phase
from correlate.correlating import at, event, run_end, run_start, tool_end, tool_start

LIMITS = CorrelationLimits(
    max_open_runs=200,
    max_open_operations=200,
    max_closed_runs=200,
    max_finished_operations=200,
    max_conversations=200,
)


def feed_endless_runs(correlator: Correlator, first: int, count: int) -> None:
    for number in range(first, first + count):
        correlator.feed(run_start(number * 0.001, f"run{number}", conversation=f"c{number}"))
        correlator.feed(tool_start(number * 0.001, f"call{number}", f"run{number}"))


def test_runs_that_never_end_take_no_more_memory_and_are_counted() -> None:
    correlator = Correlator("ns", LIMITS)
    tracemalloc.start()
    try:
        feed_endless_runs(correlator, 0, 1100)
        before = tracemalloc.get_traced_memory()[0]
        feed_endless_runs(correlator, 1100, 5000)
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert after - before < 300_000  # what the windows hold, renewed; 5000 runs would be some 15 MB
    assert correlator.open_runs == 200
    assert correlator.counts["evicted_runs"] == 6100 - 200
    assert correlator.counts["orphan_evicted"] == 2 * (6100 - 200)


def test_one_endless_run_with_endless_calls_takes_no_more_memory() -> None:
    correlator = Correlator("ns", LIMITS)
    correlator.feed(run_start(0))
    for number in range(5000):
        correlator.feed(tool_start(number, f"call{number}"))
    assert correlator.open_operations == 200
    assert correlator.counts["evicted_operations"] == 4800


def test_children_of_ended_runs_do_not_pile_up_where_time_stands_still() -> None:
    correlator = Correlator("ns", LIMITS)
    for number in range(5000):
        correlator.feed(run_start(0, f"run{number}"))
        correlator.feed(tool_start(0, "call", f"run{number}"))
        correlator.feed(run_end(0, f"run{number}"))
    assert correlator.open_operations == 200
    assert len(correlator._state.grace) <= 2 * LIMITS.max_open_operations + 1


ENDLESS = """
import resource, sys
from agent_otel.correlate import Correlator
from correlate.test_memory import feed_endless_runs
correlator = Correlator("ns")
feed_endless_runs(correlator, 0, 240_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
feed_endless_runs(correlator, 240_000, 260_000)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(before, after, correlator.open_runs, correlator.counts["evicted_runs"])
"""


@pytest.mark.slow
def test_a_million_events_of_runs_that_never_end_stay_flat() -> None:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, "-c", ENDLESS], env={**os.environ, "PYTHONPATH": path}, check=True, capture_output=True
    )
    before, after, open_runs, evicted = map(int, done.stdout.split())
    assert after < before * 1.1  # tables that are resized, not what they hold
    assert (open_runs, evicted) == (10_000, 490_000)


def test_marks_of_endless_calls_that_never_start_take_no_more_memory_and_are_counted() -> None:
    correlator = Correlator("ns", LIMITS)
    correlator.feed(run_start(0))
    tracemalloc.start()
    try:
        for number in range(5000):
            correlator.feed(
                event(EventKind.PROGRESS, Phase.POINT, 1, run="r", tool_call=f"call{number}", subject="approval")
            )
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < 300_000
    (run,) = (output for output in correlator.feed(run_end(2)).outputs)
    assert len(run.marks) == LIMITS.max_marks
    assert correlator.counts["dropped_marks"] == 5000 - LIMITS.max_marks


def test_ends_are_compared_with_a_bounded_number_of_starts() -> None:
    class Counting(dict[str, int]):
        compared = 0
        __hash__ = None

        def __eq__(self, other: object) -> bool:
            Counting.compared += 1
            return dict.__eq__(self, other)

    correlator = Correlator("ns")
    for number in range(1000):
        correlator.feed(tool_start(number, None, arguments=Counting(start=number)))
    correlator.feed(tool_end(2000, None, arguments=Counting(end=1)))
    assert 0 < Counting.compared <= 256
    assert correlator.open_operations == 999


def test_content_of_starts_that_never_end_takes_bounded_memory_and_what_is_let_go_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agent_otel.correlate.work._MAX_HELD_BYTES", 1_000_000)
    correlator = Correlator("ns")
    tracemalloc.start()
    try:
        for number in range(500):
            correlator.feed(tool_start(number, f"call{number}", arguments={"text": ["x" * 20_000 + str(number)]}))
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < 3_000_000  # of 10 MB
    assert correlator.open_operations == 500
    dropped = correlator.counts["dropped_contents"]
    assert 450 <= dropped < 500
    (first,) = correlator.feed(tool_end(501, "call0")).outputs
    (last,) = correlator.feed(tool_end(502, "call499")).outputs
    assert (dict(first.contents), first.start_ns) == ({}, at(0))
    assert ContentKind.TOOL_ARGUMENTS in last.contents


def test_the_size_of_what_holds_itself_is_known_too() -> None:
    circle: list[object] = []
    circle.append(circle)
    assert size_of(circle, 10_000) >= 10_000
    assert size_of({"a": ["x" * 1000]}, 10_000) < 2000
