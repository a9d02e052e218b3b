"""Under ``opentelemetry-instrument`` what ends is not lost: in a stall, and with a spool in a kill."""

from __future__ import annotations

from collections import Counter
import json
from pathlib import Path
import subprocess
import sys
import time

from attrs import frozen
import pytest

from agent_otel.delivery.spool import list_spools
from agent_otel.testing import OtlpReceiver
from agent_otel.testing.exchange import Reply
from chaos.test_stall_drill import Stalling
from secrets_made_up import github_token
from zero_code.model_endpoint import model_endpoint
from zero_code.programs import everything, variables

pytestmark = [pytest.mark.chaos, pytest.mark.incomplete_spans]
HERE = Path(__file__).parent
SECRET = github_token(1)
QUEUE = 500


@frozen(kw_only=True)
class Drilled:
    """A program that others instrument.

    Args:
        file: Its file.
        needs: What has to be installed.
        arguments: What it is given.
        kept: The ends, errors and usage among its spans, by name and status: what no stall may cost.
        others: How many more there are.
    """

    file: str
    needs: str | None = None
    arguments: tuple[int, ...]
    kept: dict[tuple[str, str], int]
    others: int


def openinference(calls):
    kept = {("agent", "unset"): 1, ("shell", "error"): calls // 20}
    others = calls - calls // 20
    return Drilled(file="openinference_app.py", arguments=(calls,), kept=kept, others=others)


def genai(calls, steps):
    failed = calls // 20
    kept = {("agent", "unset"): 1, ("chat broken", "error"): failed, ("chat small", "unset"): calls - failed}
    needs = "opentelemetry.instrumentation.genai.openai"
    return Drilled(file="genai_drill_app.py", needs=needs, arguments=(calls, steps), kept=kept, others=calls * steps)


def pydantic_ai(runs, tools):
    kept = {
        ("invoke_agent worker", "unset"): runs,
        ("chat scripted", "unset"): 2 * runs,
        ("execute_tool shell", "error"): runs,
    }
    others = runs * (tools - 1)
    return Drilled(
        file="pydantic_ai_drill_app.py", needs="pydantic_ai", arguments=(runs, tools), kept=kept, others=others
    )


LONG = (openinference(3 * QUEUE), genai(60, 3 * QUEUE // 60), pydantic_ai(30, 3 * QUEUE // 30))
SHORT = (openinference(100), genai(20, 3), pydantic_ai(5, 20))


@pytest.fixture(scope="module")
def endpoint():
    with model_endpoint(f"the key is {SECRET}") as url:
        yield url


@pytest.fixture
def begun(started, endpoint):
    """Start a program, and let it do its work; it waits for a line to end."""

    def go(drilled, environ):
        if drilled.needs is not None:
            pytest.importorskip(drilled.needs)
        app = started(environ | {"MADE_UP_ENDPOINT": endpoint}, HERE / drilled.file, *map(str, drilled.arguments))
        app.stdin.write("\n")
        app.stdin.flush()
        assert [app.stdout.readline() for _ in range(2)] == ["ready\n", "ended\n"], app.stderr.read()
        return app

    return go


def told_to(receiver, **more):
    return variables(receiver, MADE_UP_SECRET=SECRET, OTEL_LOGS_EXPORTER="none", **more)


def outcomes(receiver):
    spans = {span.span_id: span for span in receiver.spans()}.values()
    return Counter((span.name, span.status_code) for span in spans)


@pytest.mark.parametrize("drilled", LONG, ids=lambda one: one.file)
def test_a_stall_costs_no_end_no_error_and_no_usage(begun, drilled):
    stalling = Stalling()
    stalling.open.clear()
    with OtlpReceiver(respond=stalling) as receiver:
        app = begun(drilled, told_to(receiver, OTEL_BSP_MAX_QUEUE_SIZE=str(QUEUE)))
        stalling.open.set()
        app.communicate("\n", timeout=60)
        told = outcomes(receiver)
        assert SECRET.encode() not in everything(receiver)
    assert app.returncode == 0
    assert {key: told[key] for key in drilled.kept} == drilled.kept
    assert told.total() < sum(drilled.kept.values()) + drilled.others  # it was a drill


@pytest.mark.parametrize("drilled", SHORT, ids=lambda one: one.file)
def test_a_killed_program_loses_nothing_that_was_on_disk(begun, tmp_path, drilled):
    collector = [503]
    spool = tmp_path / "spool"
    total = sum(drilled.kept.values()) + drilled.others
    with OtlpReceiver(respond=lambda signal, number: Reply(503) if collector else None) as receiver:
        environ = told_to(receiver, AGENT_OTEL_SPOOL=str(spool))
        app = begun(drilled, environ)
        until = time.monotonic() + 30
        while sum(file.amount.items for file in list_spools(spool)) < total:
            assert time.monotonic() < until
        app.kill()
        app.communicate()
        collector.clear()
        flush = [sys.executable, "-m", "agent_otel.cli", "flush", "--json"]
        done = subprocess.run(flush, env=environ, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, json.loads(done.stdout)["left"]) == (0, 0)
        assert SECRET.encode() not in everything(receiver)
        told = outcomes(receiver)
    assert {key: told[key] for key in drilled.kept} == drilled.kept
    assert told.total() == len(receiver.spans()) == total


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
