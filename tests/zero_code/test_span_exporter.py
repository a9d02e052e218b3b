"""The exporter ``agent_otlp`` in the hands of the stock configurator and of a configuration file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
import sys

import pytest

from agent_otel.delivery.spool import list_spools
from agent_otel.setup.span_exporter import AgentOtlpSpanExporter
from secrets_made_up import github_token
from zero_code.programs import everything, program, run, variables

SECRET = github_token("exporter")
APP = f"""
from opentelemetry.sdk._configuration import _OTelSDKConfigurator
class Stock(_OTelSDKConfigurator):
    pass
Stock().configure()
from opentelemetry import trace
SECRET = {SECRET!r}
with trace.get_tracer("x").start_as_current_span("work") as span:
    span.set_attribute("gen_ai.prompt", "what stays at home")
    span.set_attribute("some.text", f"token {{SECRET}}")
"""
FILE = """
file_format: "1.0"
tracer_provider:
  processors:
    - {processor}:
        exporter:
          agent_otlp: {given}
"""


@pytest.fixture
def go(receiver, tmp_path):
    def start(given=None, *, more="", processor="simple", **environ):
        if given is not None:
            (tmp_path / "otel.yaml").write_text(FILE.format(processor=processor, given=given))
            environ["OTEL_CONFIG_FILE"] = str(tmp_path / "otel.yaml")
        path = program(tmp_path / "app.py", APP + more)
        return run([sys.executable, path], variables(receiver, OTEL_LOGS_EXPORTER="none", **environ))

    return start


def assert_sent(receiver, *names):
    assert Counter(span.name for span in receiver.spans()) == Counter(names)
    told = everything(receiver)
    assert SECRET.encode() not in told
    assert b"stays at home" not in told


def test_from_the_variable_it_filters_and_warns_of_the_batch_processor(go, receiver):
    done = go(OTEL_TRACES_EXPORTER="agent_otlp")
    assert_sent(receiver, "work")
    assert done.stderr.count("behind a batch processor") == 1


@pytest.mark.parametrize("processor", ["simple", "batch"])
def test_from_a_configuration_file(go, receiver, processor):
    done = go(f'{{"endpoint": "{receiver.http_endpoint}"}}', processor=processor, OTEL_EXPORTER_OTLP_ENDPOINT="")
    assert_sent(receiver, "work")
    assert done.stderr.count("behind a batch processor") == (processor == "batch")


def test_without_an_endpoint_in_the_file_variables_hold(go, receiver):
    assert go("{}").stderr == ""
    assert_sent(receiver, "work")


def test_a_bridge_beside_it_sends_nothing_twice(go, receiver):
    done = go(
        "{}",
        more="""
from agent_otel import Bridge
bridge = Bridge.from_env()
with trace.get_tracer("x").start_as_current_span("more"), bridge.run(agent="a"):
    pass
""",
    )
    assert done.stderr == ""
    assert_sent(receiver, "work", "more", "invoke_agent a")


def test_under_simple_it_has_a_spool_and_a_kill_loses_nothing(go, receiver, tmp_path):
    spool = str(tmp_path / "spool")
    go(
        "{}",
        more="""
import os
exporter = trace.get_tracer_provider()._active_span_processor._span_processors[0].span_exporter
exporter._telemetry.spooling.save()
os._exit(0)
""",
        AGENT_OTEL_SPOOL=spool,
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
    )
    assert receiver.spans() == []
    (file,) = list_spools(Path(spool))
    assert (file.owner_alive, file.amount.items) == (False, 1)
    assert SECRET.encode() not in file.path.read_bytes()


@pytest.mark.parametrize(
    ("given", "names"),
    [('{"endpoint": "nowhere"}', "endpoint"), ('{"endpoint": "http://a:1", "protocol": "http/json"}', "protocol")],
)
def test_what_cannot_be_used_is_one_line_and_nothing_is_sent(go, receiver, given, names):
    done = go(given)
    (line,) = done.stderr.splitlines()
    assert line.startswith("telemetry is off: ")
    assert names in line
    assert receiver.requests() == []


def test_disabled_it_has_no_thread_and_its_end_is_an_end(monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    exporter = AgentOtlpSpanExporter()
    assert (exporter.destinations, exporter.sinks, exporter.force_flush()) == ([], {}, True)
    exporter.shutdown()
