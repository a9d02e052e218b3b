"""A collector that takes nothing for twenty thousand calls: the run and every error arrive, and losses are told."""

from __future__ import annotations

from collections import Counter
import json
from pathlib import Path
import subprocess
import sys
import threading

import pytest

from agent_otel.conventions import attributes as a
from agent_otel.testing import OtlpReceiver
from agent_otel.testing.exchange import Reply
from end_to_end.replaying import environment

pytestmark = [pytest.mark.chaos, pytest.mark.incomplete_spans]
AGENT = Path(__file__).with_name("stalled_agent.py")
CALLS = 20_000
BOUND = (32 + 32 + 20) * 1024 * 1024  # hand-over queue, outbox, and what is asked for beyond


class Stalling:
    """Answers traces while it is open; what comes before that it never takes."""

    def __init__(self):
        self.open = threading.Event()
        self.open.set()

    def __call__(self, signal, number):
        if signal != "traces" or self.open.is_set():
            return None
        self.open.wait(120)
        return Reply(503)  # a request that was given up and taken all the same would be told as lost, and arrive


def drill(tmp_path, *prelude, **more):
    stalling = Stalling()
    with OtlpReceiver(respond=stalling) as receiver:
        environ = environment(receiver, tmp_path / "state", **more)
        agent = subprocess.Popen(
            [sys.executable, *(prelude or (str(AGENT),)), str(CALLS)],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert agent.stdout.readline() == "warm\n"
            stalling.open.clear()
            agent.stdin.write("\n")
            agent.stdin.flush()
            assert agent.stdout.readline() == "recorded\n"
            stalling.open.set()
            out, _ = agent.communicate("\n", timeout=120)
        finally:
            stalling.open.set()
            agent.kill()
        spans = [span for span in receiver.spans() if span.attributes.get(a.AGENT_NAME) != "warm"]
        drilled = {span.trace_id for span in spans if span.name == "invoke_agent drill"}
        # A request that the collector took after we had given it up arrives twice, and says the same.
        contents = {(span.span_id, span.raw) for span in spans if span.trace_id in drilled}
        known = {span.span_id: span for span in spans if span.trace_id in drilled}
        assert len(known) == len(contents)
        return json.loads(out), list(known.values()), receiver.logs()


def losses_of(spans, logs):
    """Give what the run's own span says was dropped, and the log records of its trace."""
    told = Counter()
    for one in [*(span for span in spans if span.name == "invoke_agent drill"), *logs]:
        for name, count in one.attributes.items():
            if name.startswith(a.DROPPED_PREFIX):
                told[name] += count
    return told


def assert_drilled(told, spans, logs):
    assert told["flushed"]
    assert told["balanced"]
    assert sum(span.name == "invoke_agent drill" for span in spans) == 1
    assert sum(span.status_code == "error" for span in spans) == told["failed"] == CALLS // 20  # more than the reserve
    lost = losses_of(spans, logs)
    assert sum(lost.values()) == CALLS + 1 - len(spans)
    assert all(name.startswith("agent_otel.dropped.tool.") for name in lost)
    assert told["grown"] < BOUND


def test_a_stalled_collector(tmp_path):
    told, spans, logs = drill(tmp_path)
    assert_drilled(told, spans, logs)
    assert len(spans) < CALLS  # it was a drill


def test_a_stalled_collector_and_a_small_hand_over_queue(tmp_path):
    told, spans, logs = drill(tmp_path, AGENT_OTEL_HANDOVER_BYTES="1000000")
    assert told["handover"]["evicted"]
    assert_drilled(told, spans, logs)


def test_a_stalled_collector_and_a_spool_lose_nothing(tmp_path):
    told, spans, logs = drill(tmp_path, AGENT_OTEL_SPOOL=str(tmp_path / "spool"))
    assert_drilled(told, spans, logs)
    assert len(spans) == CALLS + 1


WITHOUT_R29 = """
import runpy, sys
from agent_otel.delivery import fanout_admission as admission
admission.Admission._preserve = lambda self, held: admission.Decision(enters=False, lost=admission._unqueued(held))
runpy.run_path(AGENT, run_name="__main__")
"""


@pytest.mark.slow
def test_the_drill_fails_without_r29(tmp_path):
    """The class that the rules are tested on is the one that delivers: break the rule there, and runs lose errors."""
    told, spans, _ = drill(tmp_path, "-c", WITHOUT_R29.replace("AGENT", repr(str(AGENT))))
    assert sum(span.status_code == "error" for span in spans) < told["failed"]
