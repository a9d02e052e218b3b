"""Sixteen threads and random faults for a long time: no growth, balanced books, and nothing terminal lost untold.

Two minutes by default; ``make soak`` takes an hour (``AGENT_OTEL_SOAK_SECONDS``).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
import random
import subprocess
import sys
import threading
import time

import pytest

from agent_otel.testing import OtlpReceiver
from agent_otel.testing.exchange import Reply
from agent_otel.testing.faults import delay, reset, status
from end_to_end.replaying import environment

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.incomplete_spans]
AGENT = Path(__file__).with_name("soak_agent.py")
SECONDS = float(os.environ.get("AGENT_OTEL_SOAK_SECONDS", "120"))
MEBIBYTE = 1024 * 1024


class Weather:
    """Faults that change every few seconds; the receiver is well a third of the time."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._until = 0.0
        self._fault = None
        self._lock = threading.Lock()
        self.is_fine = False
        self.changes = 0

    def __call__(self, signal, number):
        with self._lock:
            if self.is_fine:
                return None
            now = time.monotonic()
            if now >= self._until:
                self._until = now + self._random.uniform(0.5, 5.0)
                self._fault = self._random.choice(
                    [None, None, Reply(503), Reply(500), status(429, retry_after=1), reset(), delay(0.5)]
                )
                self.changes += 1
            return self._fault


@pytest.mark.parametrize("with_spool", [False, True], ids=["memory", "spool"])
def test_a_long_time_in_bad_weather(tmp_path, record_property, with_spool):
    weather = Weather(7)
    arrived: set[str] = set()
    more = {"AGENT_OTEL_SPOOL": str(tmp_path / "spool")} if with_spool else {}
    with OtlpReceiver(respond=weather) as receiver:
        environ = environment(receiver, tmp_path / "state", **more)
        agent = subprocess.Popen(
            [sys.executable, str(AGENT)], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        seen = []
        ends = time.monotonic() + SECONDS / 2
        try:
            while time.monotonic() < ends:
                seen.append(json.loads(agent.stdout.readline()))
                arrived.update(terminal_in(receiver))
            weather.is_fine = True
            out, _ = agent.communicate("\n", timeout=900)
        finally:
            agent.kill()
        arrived.update(terminal_in(receiver))
    told = json.loads(out.splitlines()[-1])
    assert weather.changes > 3
    assert told["flushed"] or not with_spool  # in memory alone, what finds no room meanwhile is told as lost
    assert told["balanced"]
    assert (told["faults"], told["last_fault"]) == (0, "")
    terminal = 2 * told["runs"] + told["errors"]  # runs, their model calls with usage, errors
    lost = terminal_lost(told)
    assert lost == 0 or not with_spool
    assert terminal - lost <= len(arrived) <= terminal
    record_property("terminal", terminal)
    record_property("lost", lost)
    assert_steady(seen)


def terminal_in(receiver):
    for span in receiver.take_spans():
        if span.name != "execute_tool t" or span.status_code == "error":
            yield f"{span.trace_id}-{span.span_id}"


def terminal_lost(told):
    """Give how many spans of those the books say are lost: in memory alone bad weather may be longer than the room."""
    classes = tuple(f"lost.{name}." for name in ("run_end", "error", "usage"))
    return sum(count for key, count in told["delivery"]["otlp/traces"].items() if key.startswith(classes))


def assert_steady(seen):
    """Compare the second third with the last one: what is warm is warm by then."""
    third = len(seen) // 3
    assert third > 3
    before, after = seen[third : 2 * third], seen[2 * third :]
    for name, slack in (("threads", 0), ("descriptors", 4), ("resident", 20 * MEBIBYTE)):
        assert max(row[name] for row in after) <= max(row[name] for row in before) + slack, name
