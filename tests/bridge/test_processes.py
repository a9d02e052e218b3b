"""Real processes: exit, fork, signals. What they send is looked at from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from textwrap import dedent

import pytest

from agent_otel.testing import assert_tree

HEAD = """
import os, signal, sys, threading, time
from agent_otel.bridge import Bridge
bridge = Bridge.from_env()
"""


@pytest.fixture
def run_script(receiver, tmp_path):
    def run(body, *, check=True, **variables):
        script = tmp_path / "agent.py"
        script.write_text(HEAD + dedent(body))
        environ = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http_endpoint, **variables}
        environ["PYTHONPATH"] = os.pathsep.join(sys.path)
        # ResourceWarning: the HTTP library of the stock exporter leaves its idle connections to the collector.
        command = [sys.executable, "-W", "error", "-W", "ignore::ResourceWarning", script]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
        if check:
            assert (done.returncode, done.stderr) == (0, "")
        return done

    return run


def names(receiver):
    return sorted(span.name for span in receiver.spans())


def test_what_was_recorded_is_delivered_at_exit(run_script, receiver):
    run_script(
        """
        with bridge.run(agent="a") as run, run.tool_call("t"):
            pass
        """
    )
    assert names(receiver) == ["execute_tool t", "invoke_agent a"]
    assert any(point.name == "agent_otel.runs" for point in receiver.metrics())


def test_what_is_open_at_exit_is_interrupted(run_script, receiver):
    run_script(
        """
        run = bridge.run(agent="a").__enter__()
        tool = run.tool_call("t").__enter__()
        """
    )
    assert {span.attributes["agent_otel.outcome"] for span in receiver.spans()} == {"interrupted"}
    assert names(receiver) == ["execute_tool t", "invoke_agent a"]


def test_an_exception_that_ends_the_process_is_told(run_script, receiver):
    done = run_script(
        """
        with bridge.run(agent="a") as run, run.tool_call("t"):
            raise ValueError("made-up")
        """,
        check=False,
    )
    assert done.returncode == 1
    assert "ValueError: made-up" in done.stderr
    assert {span.attributes["error.type"] for span in receiver.spans()} == {"ValueError"}


def test_sys_exit_keeps_its_status(run_script, receiver):
    done = run_script("with bridge.run(agent='a'): sys.exit(7)", check=False)
    assert done.returncode == 7
    assert names(receiver) == ["invoke_agent a"]


def test_exit_with_a_dead_endpoint_is_bounded(run_script):
    run_script(
        """
        import atexit, logging
        logging.disable(logging.CRITICAL)
        import agent_otel.bridge.facade as facade
        facade._EXIT_TIMEOUT_S = 0.5
        with bridge.run(agent="a"):
            pass
        """,
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
    )


def test_recording_at_exit_raises_nothing(run_script, receiver):
    run_script(
        """
        import atexit
        late = Bridge.from_env()
        def record():
            with late.run(agent="late"):
                pass
        atexit.register(record)
        """
    )
    assert names(receiver) == ["invoke_agent late"]


def test_a_signal_handler_may_shut_down(run_script, receiver):
    run_script(
        """
        def stop(number, frame):
            bridge.shutdown()
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        with bridge.run(agent="a") as run:
            for number in range(100000):
                with run.tool_call("t"):
                    pass
                if number == 200:
                    os.kill(os.getpid(), signal.SIGTERM)
        """
    )
    runs = [span for span in receiver.spans() if span.name == "invoke_agent a"]
    assert [span.attributes["agent_otel.outcome"] for span in runs] == ["interrupted"]


def test_a_forked_child_records_and_delivers_and_leaves_the_parents_alone(run_script, receiver):
    run_script(
        """
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        with bridge.run(agent="before"):
            pass
        with bridge.run(agent="parent") as run, run.tool_call("open in both"):
            pid = os.fork()
            if pid == 0:
                with run.tool_call("in the child"):
                    pass
                with bridge.run(agent="child"):
                    pass
                bridge.shutdown()
                health = bridge.health()
                os._exit(0 if health.balanced and health.faults == 0 and not health.open_runs else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        bridge.shutdown()
        assert bridge.health().balanced
        """
    )
    assert len(receiver.spans()) == len({span.span_id for span in receiver.spans()})
    assert_tree(
        receiver.spans(),
        """
        invoke_agent before
        invoke_agent parent
          execute_tool open in both
            execute_tool in the child
            invoke_agent child
        """,
    )
    ended = {span.name: span.attributes["agent_otel.outcome"] for span in receiver.spans()}
    assert set(ended.values()) == {"ok"}


def test_a_child_that_leaves_the_parents_context_managers_tells_nothing_of_them(run_script, receiver):
    run_script(
        """
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        with bridge.run(agent="a") as run:
            with run.tool_call("t"):
                pid = os.fork()
            with run.tool_call("after"):
                pass
        if pid:
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        """
    )
    told = names(receiver)
    assert (told.count("invoke_agent a"), told.count("execute_tool t")) == (1, 1)


def test_parent_and_children_that_send_at_once_do_not_share_a_connection(run_script, receiver):
    run_script(
        """
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        def work(name):
            for number in range(40):
                with bridge.run(agent=name):
                    pass
                assert bridge.flush(), name
        work("warm")  # the connection is open now
        children = []
        for number in range(3):
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    work(f"child{number}")
                    code = 0
                finally:
                    os._exit(code)
            children.append(pid)
        work("parent")
        for pid in children:
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        """
    )
    told = names(receiver)
    assert {name: told.count(name) for name in set(told)} == {
        f"invoke_agent {name}": 40 for name in ("warm", "parent", "child0", "child1", "child2")
    }


def test_disabled_opens_no_socket(run_script, receiver):
    run_script(
        """
        import socket
        def refuse(*_, **__):
            raise AssertionError
        socket.socket = refuse
        with bridge.run(agent="a"):
            pass
        assert threading.active_count() == 1
        """,
        OTEL_SDK_DISABLED="true",
    )
    assert receiver.requests() == []


def test_a_killed_process_needs_no_help(run_script, receiver):
    done = run_script(
        """
        with bridge.run(agent="a"):
            assert bridge.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        """,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert receiver.spans() == []


def test_calls_of_both_sides_of_a_fork_have_ids_of_their_own(run_script, receiver):
    run_script(
        """
        with bridge.run(agent="a") as run:
            with run.tool_call("before"):
                pass
            pid = os.fork()
            with run.tool_call("after"):
                pass
            bridge.flush()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
        """
    )
    spans = receiver.spans()
    assert names(receiver) == ["execute_tool after"] * 2 + ["execute_tool before", "invoke_agent a"]
    assert len({(span.trace_id, span.span_id) for span in spans}) == 4
    assert len({span.trace_id for span in spans}) == 1
