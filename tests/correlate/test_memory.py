"""Memory is bounded and every eviction is counted."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc

import pytest

from agent_otel.correlate import CorrelationLimits, Correlator
from correlate.correlating import run_end, run_start, tool_start

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
