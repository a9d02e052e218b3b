"""A service is waited for by condition, watched, and ended by its process id."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import queue
import signal
import socket
import sys

from backends.errors import ServiceFailed
from backends.ports import Addresses, Ports
from backends.service import Service
import pytest

SERVES = """\
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[2])); self.end_headers()
print("serving", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


class Started:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ended: queue.SimpleQueue[Service] = queue.SimpleQueue()
        self.services: list[Service] = []

    def __call__(self, program: str, status: int = 200) -> Service:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        service = Service(
            "example",
            [sys.executable, "-c", program, str(port), str(status)],
            environment={"OWN": "variable"},
            ready_url=f"http://127.0.0.1:{port}/",
            directory=self.folder / "example",
            end_seconds=0.2,
            on_end=self.ended.put,
        )
        self.services.append(service)
        service.start()
        return service


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    started = Started(tmp_path)
    yield started
    for service in started.services:
        service.stop()


def test_it_is_ready_when_it_answers(started: Started) -> None:
    service = started(SERVES)

    service.wait_ready()

    assert service.tail().startswith("serving")


def test_it_stops_and_starts_again(started: Started) -> None:
    service = started(SERVES)
    service.wait_ready()
    first = service.pid

    service.stop()
    assert (service.pid, service.status) == (None, -signal.SIGTERM)
    service.start()
    service.wait_ready()

    assert service.pid != first
    assert started.ended.empty()


def test_one_that_does_not_listen_to_signals_is_killed(started: Started) -> None:
    service = started(STUBBORN + SERVES)
    service.wait_ready()

    service.stop()

    assert service.status == -signal.SIGKILL


def test_one_that_ends_while_it_is_waited_for_tells_its_log(started: Started) -> None:
    service = started("import sys; sys.exit('no disk')")

    with pytest.raises(ServiceFailed, match=r"example ended on its own with status 1.*\n.*no disk"):
        service.wait_ready()


def test_one_that_never_gets_ready_is_told(started: Started) -> None:
    service = started(SERVES, status=503)

    with pytest.raises(ServiceFailed, match="example is not ready after"):
        service.wait_ready(seconds=0.5)


def test_a_death_is_told(started: Started) -> None:
    service = started(SERVES)
    service.wait_ready()
    assert service.pid

    os.kill(service.pid, signal.SIGKILL)

    assert started.ended.get(timeout=30) is service
    assert "example ended on its own with status -9" in service.death()


def test_it_gets_its_own_variables_and_no_telemetry_settings(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://elsewhere.example")
    service = started("import os; print(sorted(os.environ))\n" + SERVES)

    service.wait_ready()

    assert "'OWN'" in service.tail()
    assert "OTEL_" not in service.tail()


def test_free_ports_differ() -> None:
    ports = Ports.free()

    assert len(set(vars(ports).values())) == len(vars(ports))


def test_the_usual_ports_differ_and_give_the_usual_addresses(tmp_path: Path) -> None:
    addresses = Addresses.of(Ports(), tmp_path)

    assert len(set(vars(Ports()).values())) == len(vars(Ports()))
    assert addresses.environment()["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"
    assert addresses.as_dict()["jaeger"] == "http://127.0.0.1:16686"
