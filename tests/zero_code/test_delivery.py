"""Under ``opentelemetry-instrument`` what ends is not lost: in a stall, and with a spool in a kill."""

from __future__ import annotations

from collections import Counter
import json
from pathlib import Path
import subprocess
import sys
import time

import pytest

from agent_otel.delivery.spool import list_spools
from agent_otel.testing import OtlpReceiver
from agent_otel.testing.exchange import Reply
from chaos.test_stall_drill import Stalling
from secrets_made_up import github_token
from zero_code.programs import variables

pytestmark = [pytest.mark.chaos, pytest.mark.incomplete_spans]
APP = Path(__file__).with_name("openinference_app.py")
CALLS = 6_000  # three times what waits


def told_to(receiver, **more):
    return variables(receiver, MADE_UP_SECRET=github_token(1), OTEL_LOGS_EXPORTER="none", **more)


def test_a_stall_costs_no_end_and_no_error(started):
    stalling = Stalling()
    stalling.open.clear()
    with OtlpReceiver(respond=stalling) as receiver:
        app = started(told_to(receiver), APP, str(CALLS))
        assert app.stdout.readline() == "ready\n"
        app.stdin.write("\n")
        app.stdin.flush()
        assert app.stdout.readline() == "ended\n"
        stalling.open.set()
        assert receiver.wait_for(lambda seen: any(span.name == "agent" for span in seen.spans()), 60)
        app.communicate("\n", timeout=60)
        spans = {span.span_id: span for span in receiver.spans()}.values()
    assert app.returncode == 0
    assert sum(span.status_code == "error" for span in spans) == CALLS // 20
    assert sum(span.name == "agent" for span in spans) == 1
    assert len(spans) < CALLS  # it was a drill


def test_a_killed_program_loses_nothing_that_was_on_disk(started, tmp_path):
    collector = [503]
    spool = tmp_path / "spool"
    with OtlpReceiver(respond=lambda signal, number: Reply(503) if collector else None) as receiver:
        environ = told_to(receiver, AGENT_OTEL_SPOOL=str(spool))
        app = started(environ, APP, "100")
        app.stdin.write("\n")
        app.stdin.flush()
        assert [app.stdout.readline() for _ in range(2)] == ["ready\n", "ended\n"]
        until = time.monotonic() + 30
        while sum(file.amount.items for file in list_spools(spool)) < 101:
            assert time.monotonic() < until
        app.kill()
        app.communicate()
        collector.clear()
        flush = [sys.executable, "-m", "agent_otel.cli", "flush", "--json"]
        done = subprocess.run(flush, env=environ, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, json.loads(done.stdout)["left"]) == (0, 0)
        assert Counter(span.name for span in receiver.spans()) == {"agent": 1, "shell": 100}


def test_a_program_ends_where_nothing_answers(instrumented):
    done = instrumented(
        """
        from opentelemetry import trace
        with trace.get_tracer("x").start_as_current_span("lost"):
            pass
        """,
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
    )
    assert "telemetry is not delivered" in done.stderr


def test_bridges_use_what_the_configurator_has_put_in_place(instrumented, receiver):
    done = instrumented(
        """
        import json, threading
        from opentelemetry import trace
        from agent_otel import Bridge
        before = sorted(thread.name for thread in threading.enumerate())
        for number in range(2):
            bridge = Bridge.from_env()
            with bridge.run(agent=f"a{number}") as run, run.tool_call("t"):
                with trace.get_tracer("x").start_as_current_span(f"inside {number}"):
                    pass
            bridge.shutdown()
            assert bridge.health().balanced
        with trace.get_tracer("x").start_as_current_span("after"):
            pass
        assert sorted(thread.name for thread in threading.enumerate()) == before
        """
    )
    assert done.stderr == ""
    told = Counter(span.name for span in receiver.spans())
    assert told == {
        "invoke_agent a0": 1,
        "invoke_agent a1": 1,
        "execute_tool t": 2,
        "inside 0": 1,
        "inside 1": 1,
        "after": 1,
    }


def test_processes_of_multiprocessing_and_forks_send_their_own(instrumented, receiver):
    instrumented(
        """
        import multiprocessing, os, sys, warnings
        from opentelemetry import trace
        warnings.simplefilter("ignore", DeprecationWarning)

        def work(name):
            with trace.get_tracer("x").start_as_current_span(name):
                pass

        if __name__ == "__main__":
            work("parent before")
            for method in ("fork", "spawn"):
                child = multiprocessing.get_context(method).Process(target=work, args=(method,))
                child.start()
                child.join()
                assert child.exitcode == 0
            work("parent after")
        """
    )
    assert Counter(span.name for span in receiver.spans()) == {
        "parent before": 1,
        "fork": 1,
        "spawn": 1,
        "parent after": 1,
    }
