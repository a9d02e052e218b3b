"""``OTEL_PYTHON_CONFIGURATOR=agent_otel``: all signals, all settings, and no fault of ours stops a program."""

from __future__ import annotations

from collections import Counter
from importlib import metadata

import pytest

from agent_otel.setup import configurator
from agent_otel.setup.configurator import AgentOtelConfigurator
from agent_otel.testing import OtlpReceiver
from secrets_made_up import github_token
from zero_code.programs import everything

SECRET = github_token("configurator")
SIGNALS = f"""
from opentelemetry import metrics, trace
from opentelemetry._logs import SeverityNumber, get_logger
SECRET = {SECRET!r}
with trace.get_tracer("x").start_as_current_span("work") as span:
    span.set_attribute("some.text", f"token {{SECRET}}")
    get_logger("x").emit(body=f"token {{SECRET}}", severity_number=SeverityNumber.WARN, event_name="noted")
metrics.get_meter("x").create_counter("counted").add(1, {{"label": f"token {{SECRET}}"}})
print("done")
"""


def test_traces_metrics_and_logs_of_the_whole_process(instrumented, receiver):
    done = instrumented(SIGNALS, OTEL_METRICS_EXPORTER="otlp")
    assert (done.stdout, done.stderr) == ("done\n", "")
    (span,), (record,) = receiver.spans(), receiver.logs()
    assert record.event_name == "noted"
    assert {point.name for point in receiver.metrics()} == {"counted"}
    assert span.resource["service.name"] == "tested"
    assert span.resource["telemetry.distro.name"] == "agent-otel"
    assert "telemetry.auto.version" in span.resource
    assert SECRET.encode() not in everything(receiver)


def test_several_sinks_of_a_settings_file_and_grpc(instrumented, receiver, tmp_path):
    with OtlpReceiver(grpc=True) as archive:
        file = tmp_path / "agent-otel.toml"
        file.write_text(
            f'[sinks.archive]\nendpoint = "{archive.grpc_endpoint}"\nprotocol = "grpc"\nsignals = ["traces", "logs"]\n'
        )
        done = instrumented(SIGNALS, AGENT_OTEL_CONFIG_FILE=str(file))
        assert done.stderr == ""
        for one in (receiver, archive):
            assert ([span.name for span in one.spans()], len(one.logs())) == (["work"], 1)
            assert SECRET.encode() not in everything(one)


@pytest.mark.parametrize(
    "setting",
    [
        {"AGENT_OTEL_CONTENT": "everything"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
        {"OTEL_BSP_MAX_QUEUE_SIZE": "none"},
        {"AGENT_OTEL_CONFIG_FILE": "/does/not/exist.toml"},
        {"OTEL_TRACES_EXPORTER": "unheard_of"},
        {"AGENT_OTEL_SPOOL": "/proc/nowhere"},
        {"AGENT_OTEL_CONTENT_SINKS": "agent_otlp=off"},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_a_bad_setting_is_one_line_and_telemetry_is_off(instrumented, receiver, setting):
    done = instrumented(SIGNALS, **setting)
    assert done.stdout == "done\n"
    (line,) = done.stderr.splitlines()
    assert line.startswith("telemetry is off: ")
    assert next(iter(setting)) in line
    assert receiver.requests() == []


def test_an_unknown_setting_is_a_warning(instrumented, receiver):
    done = instrumented(SIGNALS, AGENT_OTEL_SPOOOL="x")
    assert done.stderr == "AGENT_OTEL_SPOOOL is no setting; did you mean AGENT_OTEL_SPOOL?\n"
    assert len(receiver.spans()) == 1


def test_disabled_is_nothing(instrumented, receiver):
    done = instrumented(
        """
        import threading
        from opentelemetry import trace
        assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        assert threading.active_count() == 1
        """,
        OTEL_SDK_DISABLED="true",
    )
    assert (done.stderr, receiver.requests()) == ("", [])


@pytest.mark.parametrize("name", ["agent_otlp", "otlp", "agent_otlp,otlp"])
def test_our_exporter_is_otlp_here(instrumented, receiver, name):
    done = instrumented(SIGNALS, OTEL_TRACES_EXPORTER=name)
    assert done.stderr == ""
    assert [span.name for span in receiver.spans()] == ["work"]


def test_a_provider_of_the_environment_gets_our_processors(instrumented, receiver):
    done = instrumented(SIGNALS, OTEL_PYTHON_TRACER_PROVIDER="sdk_tracer_provider")
    assert done.stderr == ""
    assert [span.name for span in receiver.spans()] == ["work"]


def test_a_configuration_file_is_not_read_and_that_is_told(instrumented, receiver, tmp_path):
    done = instrumented(SIGNALS, OTEL_CONFIG_FILE=str(tmp_path / "otel.yaml"))
    assert done.stderr.startswith("OTEL_CONFIG_FILE is not read")
    assert len(receiver.spans()) == 1


def test_python_logging_is_sent_where_the_standard_variable_says_so(instrumented, receiver):
    instrumented(
        f"""
        import logging
        logging.basicConfig(level=logging.INFO)
        logging.getLogger("mine").warning("password=%s", {SECRET!r})
        """,
        OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED="true",
    )
    assert Counter(record.scope for record in receiver.logs()) == {"mine": 1}
    assert SECRET.encode() not in everything(receiver)


class Another:
    asked = 0

    def configure(self, **_):
        Another.asked += 1


@pytest.mark.parametrize("name", ["", "agent_otel"])
def test_another_configurator_comes_first_unless_ours_is_named(monkeypatch, name):
    entry = metadata.EntryPoint("configurator", f"{__name__}:Another", configurator._GROUP)
    monkeypatch.setattr(metadata.EntryPoint, "load", lambda self: Another)
    monkeypatch.setattr(metadata, "entry_points", lambda group: [entry])
    monkeypatch.setenv("OTEL_PYTHON_CONFIGURATOR", name)
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    Another.asked = 0
    AgentOtelConfigurator().configure(auto_instrumentation_version="1")
    assert Another.asked == (name == "")
