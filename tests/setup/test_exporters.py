from __future__ import annotations

import os

import pytest

from agent_otel.model import SettingsError
from agent_otel.setup import endpoint_is_set, exporters, otlp_endpoint, otlp_protocol
from agent_otel.setup.exporters import exporter_names, make_exporter
from agent_otel.setup.per_process import PerProcess

SIGNALS = ("traces", "metrics", "logs")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "http/protobuf"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": ""}, "http/protobuf"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "grpc"),
        ({"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "grpc"),
    ],
)
def test_protocol(environ, expected):
    assert otlp_protocol("traces", environ) == expected


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL"])
@pytest.mark.parametrize("value", ["http/json", "carrier pigeon"])
def test_a_protocol_that_is_not_spoken_is_an_error(name, value):
    with pytest.raises(SettingsError, match=f"{name}='{value}': expected http/protobuf or grpc"):
        otlp_protocol("logs", {name: value})


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "http://localhost:4318"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http://localhost:4317"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, "http://c:4318"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "c:4317"}, "c:4317"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://me:made-up@c/x?token=made-up"}, "https://c/x"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t/v1/traces"},
            "http://t/v1/traces",
        ),
    ],
)
def test_endpoint_for_messages_holds_no_credentials(environ, expected):
    assert otlp_endpoint("traces", environ) == expected
    assert endpoint_is_set(environ) is any("ENDPOINT" in name for name in environ)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ["otlp"]), ("", ["otlp"]), ("none", []), ("otlp,none", []), ("None", []), ("console", ["console"]),
     (" otlp , console,otlp", ["otlp", "console"]), (",", [])],
)  # fmt: skip
@pytest.mark.parametrize("signal", SIGNALS)
def test_exporter_names(signal, value, expected):
    environ = {} if value is None else {f"OTEL_{signal.upper()}_EXPORTER": value}
    assert exporter_names(signal, environ) == expected


@pytest.mark.parametrize("signal", SIGNALS)
def test_an_unknown_exporter_is_an_error_that_names_those_that_exist(signal):
    with pytest.raises(SettingsError) as raised:
        make_exporter("zipkn", signal, {})
    told = str(raised.value)
    assert told.startswith(f"OTEL_{signal.upper()}_EXPORTER='zipkn': expected one of ")
    assert "console" in told
    assert "otlp" in told


def test_an_exporter_that_does_not_start_is_an_error(monkeypatch):
    class Entry:
        def load(self):
            raise ImportError("no module named grpc\nand a second line")

    monkeypatch.setattr(exporters.metadata, "entry_points", lambda **_: [Entry()])
    with pytest.raises(SettingsError) as raised:
        make_exporter("otlp", "traces", {})
    assert str(raised.value) == (
        "OTEL_TRACES_EXPORTER='otlp': expected an exporter that starts with the settings given (no module named grpc)"
    )


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_makes_an_exporter_of_its_own():
    made = []

    class Exporter:
        def __init__(self):
            made.append(self)
            self.pid = os.getpid()

    exporter = PerProcess(Exporter)
    assert exporter.pid == os.getpid()
    pid = os.fork()
    if pid == 0:
        os._exit(0 if exporter.pid == exporter.pid == os.getpid() and len(made) == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert exporter.pid == os.getpid()
    assert len(made) == 1
