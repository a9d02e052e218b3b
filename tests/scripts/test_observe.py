"""`make observe`: starts all, tells where they are, stops all, whatever ends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
import json
import os
from pathlib import Path
import signal
import socket
import subprocess
import sys

from backends import Backends, Ports, cache_directory, present
from observe import main
import pytest

from scripts.fake_programs import write_fake_programs

SCRIPT = Path(__file__).parents[2] / "scripts" / "observe.py"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    cache = write_fake_programs(tmp_path / "cache")
    (tmp_path / "tmp").mkdir()
    return dict(os.environ) | {"AGENT_OTEL_BACKENDS": str(cache), "TMPDIR": str(tmp_path / "tmp")}


def observe(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--ports", "auto", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture
def observing(environment: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(SCRIPT), "--ports", "auto", "--json"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.terminate()  # no kill: its backends would stay


def children(pid: int) -> dict[str, int]:
    """Give the process ids of the backends by their names."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    commands = {int(child): Path(f"/proc/{child}/cmdline").read_text().split("\0") for child in found}
    return {Path(command[1]).name: child for child, command in commands.items()}


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_command_gets_the_addresses_and_its_status_is_the_end(environment: dict[str, str]) -> None:
    script = "import os, sys; print(os.environ['OTEL_EXPORTER_OTLP_ENDPOINT'], os.environ['TEMPO_URL']); sys.exit(7)"

    done = observe(environment, "--json", "--exec", sys.executable, "-c", script)

    addresses, printed = done.stdout.splitlines()
    assert done.returncode == 7, done.stderr
    assert printed == f"{json.loads(addresses)['otlp_http']} {json.loads(addresses)['tempo']}"


def test_a_command_that_a_signal_ended_gives_the_status_that_shells_give(environment: dict[str, str]) -> None:
    assert observe(environment, "--exec", "/bin/sh", "-c", "kill -TERM $$").returncode == 128 + signal.SIGTERM


def test_a_command_that_is_not_there_is_told(environment: dict[str, str]) -> None:
    done = observe(environment, "--exec", "no-such-command")

    assert done.returncode == 127
    assert "cannot run no-such-command" in done.stderr


def test_without_json_the_variables_to_set_are_shown(environment: dict[str, str]) -> None:
    done = observe(environment, "--exec", "/bin/true")

    assert done.stdout == ""
    assert "export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:" in done.stderr


def test_what_is_stored_goes_unless_it_is_to_be_kept(environment: dict[str, str], tmp_path: Path) -> None:
    observe(environment, "--exec", "/bin/true")
    assert list((tmp_path / "tmp").iterdir()) == []

    observe(environment, "--state", str(tmp_path / "state"), "--exec", "/bin/true")
    assert {path.name for path in (tmp_path / "state").iterdir()} == {"otelcol", "jaeger", "tempo", "prometheus"}


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_all(observing: subprocess.Popen[str], number: signal.Signals, status: int) -> None:
    assert observing.stdout
    json.loads(observing.stdout.readline())
    pids = children(observing.pid)
    assert set(pids) == {"otelcol", "jaeger", "tempo", "prometheus"}

    observing.send_signal(number)

    assert observing.wait(timeout=60) == status
    assert not any(is_running(pid) for pid in pids.values())


def test_the_death_of_one_is_told_and_ends_all(observing: subprocess.Popen[str]) -> None:
    assert observing.stdout
    assert observing.stderr
    observing.stdout.readline()
    pids = children(observing.pid)

    os.kill(pids["tempo"], signal.SIGKILL)

    assert observing.wait(timeout=60) == 1
    assert "tempo ended on its own with status -9; the end of its log:\ntempo serves" in observing.stderr.read()
    assert not any(is_running(pid) for pid in pids.values())


def test_the_death_of_one_ends_the_command(environment: dict[str, str]) -> None:
    script = (
        "import os, pathlib, signal\n"
        "us = os.getppid()\n"
        "for child in map(int, pathlib.Path(f'/proc/{us}/task/{us}/children').read_text().split()):\n"
        "    if 'jaeger-' in pathlib.Path(f'/proc/{child}/cmdline').read_text() and child != os.getpid():\n"
        "        os.kill(child, signal.SIGKILL)\n"
        "signal.pause()\n"
    )

    done = observe(environment, "--exec", sys.executable, "-c", script)

    assert done.returncode == 128 + signal.SIGTERM
    assert "jaeger ended on its own with status -9" in done.stderr


def test_a_taken_port_is_told_with_the_way_out(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGENT_OTEL_BACKENDS", environment["AGENT_OTEL_BACKENDS"])
    monkeypatch.setattr("observe._END_SIGNALS", ())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = replace(Ports.free(), prometheus_http=taken.getsockname()[1])
        monkeypatch.setattr("observe.Ports", lambda: ports)

        assert main(["--exec", "/bin/true"]) == 1

    told = capsys.readouterr().err
    assert f"prometheus_http 127.0.0.1:{ports.prometheus_http}: address already in use" in told
    assert "--ports auto takes free ports" in told


def test_a_free_port_that_somebody_takes_is_no_failure(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_OTEL_BACKENDS", environment["AGENT_OTEL_BACKENDS"])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = Ports.free()
        choices = iter([replace(free, jaeger_health=taken.getsockname()[1]), free])
        monkeypatch.setattr(Ports, "free", lambda: next(choices))
        programs = present(cache_directory())
        assert programs

        with Backends(programs) as backends:
            assert backends.addresses.otlp_http.endswith(str(free.otlp_http))


def test_bad_usage_is_told(environment: dict[str, str]) -> None:
    done = observe(environment, "--exec")

    assert done.returncode == 2
    assert "--exec needs a command" in done.stderr
