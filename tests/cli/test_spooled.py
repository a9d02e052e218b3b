"""``agent-otel flush`` and ``agent-otel spool``, in processes of their own."""

from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys

import pytest

from agent_otel.testing import OtlpReceiver
from collector import Collector
from end_to_end.replaying import COMMAND, environment

PROGRAM = """
from agent_otel import Bridge
bridge = Bridge.from_env()
with bridge.run(agent="a") as run, run.tool_call("t"):
    pass
bridge.shutdown()
"""


@pytest.fixture
def collector():
    made = Collector()
    made.status = 503
    return made


@pytest.fixture
def environ(collector, tmp_path):
    with OtlpReceiver(respond=collector) as receiver:
        made = environment(
            receiver, tmp_path / "state", AGENT_OTEL_SPOOL=str(tmp_path / "spool"), OTEL_METRICS_EXPORTER="none"
        )
        yield {**made, "RECEIVER": receiver}


def run(environ, *arguments):
    given = {name: value for name, value in environ.items() if name != "RECEIVER"}
    return subprocess.run(arguments, env=given, capture_output=True, text=True, timeout=60, check=False)


def command(environ, *arguments):
    return run(environ, *COMMAND, *arguments)


def test_flush_delivers_what_a_process_left_and_ls_tells_of_it(environ, collector):
    assert run(environ, sys.executable, "-c", PROGRAM).returncode == 0
    (file,) = json.loads(command(environ, "spool", "ls", "--json").stdout)
    assert (file["items"], file["owner_alive"], file["problem"]) == (2, False, "")
    assert "left behind: 2 items" in command(environ, "spool", "ls").stdout
    collector.status = 200
    done = command(environ, "flush", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"delivered": 2, "refused": 0, "left": 0, "held_back": {}, "in_use": 0}
    assert {span.name for span in environ["RECEIVER"].spans()} == {"invoke_agent a", "execute_tool t"}
    assert command(environ, "spool", "ls").stdout == "nothing is spooled\n"
    assert command(environ, "flush").stdout.startswith("delivered 0  refused 0  left 0")


def test_flush_keeps_what_it_cannot_deliver(environ):
    run(environ, sys.executable, "-c", PROGRAM)
    done = command(environ, "flush", "--timeout", "2")
    assert done.returncode == 2
    assert "left 2" in done.stdout
    assert json.loads(command(environ, "spool", "ls", "--json").stdout)[0]["items"] == 2


def test_flush_under_another_policy_sends_nothing_and_says_why(environ, collector):
    run(environ, sys.executable, "-c", PROGRAM)
    collector.status = 200
    done = command({**environ, "AGENT_OTEL_CONTENT": "off"}, "flush")
    assert done.returncode == 2
    assert "held back: 2 that were filtered for another policy" in done.stdout
    assert environ["RECEIVER"].spans() == []


def test_drop_deletes_a_file(environ, tmp_path):
    run(environ, sys.executable, "-c", PROGRAM)
    (file,) = json.loads(command(environ, "spool", "ls", "--json").stdout)
    assert command(environ, "spool", "drop", f"../{file['file']}").returncode == 1
    assert command(environ, "spool", "drop", "no-such.db").returncode == 1
    assert command(environ, "spool", "drop", file["file"]).returncode == 0
    assert not list(Path(tmp_path / "spool").glob("*.db"))


@pytest.mark.parametrize("arguments", [["flush"], ["spool", "ls"]])
def test_without_a_directory_it_says_what_to_set(environ, arguments):
    done = command({name: value for name, value in environ.items() if name != "AGENT_OTEL_SPOOL"}, *arguments)
    assert done.returncode == 1
    assert "AGENT_OTEL_SPOOL is not set" in done.stderr


def test_show_lists_the_rows_of_a_file_and_no_content(environ):
    assert run(environ, sys.executable, "-c", PROGRAM).returncode == 0
    (file,) = json.loads(command(environ, "spool", "ls", "--json").stdout)
    name = Path(file["file"]).name
    rows = [json.loads(line) for line in command(environ, "spool", "show", name, "--json").stdout.splitlines()]
    assert [(row["sink"], row["signal"], row["last_will"]) for row in rows] == [("otlp/traces", "traces", False)] * 2
    assert {row["class"] for row in rows} == {"run_end", "progress"}
    assert len({row["trace_id"] for row in rows}) == 1
    told = command(environ, "spool", "show", name, "--limit", "1").stdout
    assert "the oldest 1;" in told
    done = command(environ, "spool", "show", "none")
    assert (done.returncode, "there is no spool file of that name" in done.stderr) == (1, True)
