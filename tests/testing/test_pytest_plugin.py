"""The plugin in pytest runs of its own."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
import subprocess
import sys

import pytest

pytest_plugins = "pytester"

PLUGIN = "agent_otel.testing.pytest_plugin"


@pytest.fixture
def run(pytester, monkeypatch):
    """Run a test file with the plugin and no other."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run_file(text, *arguments, outcomes=None):
        pytester.makepyfile(text)
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--strict-markers", "-p", PLUGIN, *arguments)
        if outcomes is not None:
            result.assert_outcomes(**outcomes)
        return result

    return run_file


def test_the_project_declares_the_plugin_once():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert text.count(f'agent_otel = "{PLUGIN}"') == 1
    entries = [entry for entry in metadata.entry_points(group="pytest11") if entry.value == PLUGIN]
    assert [entry.name for entry in entries] in ([], ["agent_otel"])  # none before it is installed anew


def test_the_receiver_listens(run):
    run(
        """
        from urllib.request import Request, urlopen

        def test_it(otlp_receiver):
            url = otlp_receiver.http_endpoint + "/v1/traces"
            with urlopen(Request(url, b"", {"content-type": "application/x-protobuf"})) as response:
                assert response.status == 200
            assert len(otlp_receiver.requests()) == 1

        def test_each_has_its_own(otlp_receiver):
            assert otlp_receiver.requests() == []
        """,
        outcomes={"passed": 2},
    )


def test_the_capture_has_a_bridge_and_the_receiver(run):
    run(
        """
        import pytest

        def work(bridge):
            with bridge.run(agent="a") as run, run.tool_call("t"):
                pass

        def test_http(agent_otel_capture, otlp_receiver):
            work(agent_otel_capture.bridge)
            agent_otel_capture.assert_tree("invoke_agent a\\n  execute_tool t")
            assert agent_otel_capture.receiver is otlp_receiver

        @pytest.mark.agent_otel(grpc=True, environ={"OTEL_SERVICE_NAME": "mine"})
        def test_grpc(agent_otel_capture, otlp_receiver):
            work(agent_otel_capture.bridge)
            assert {span.resource["service.name"] for span in agent_otel_capture.spans()} == {"mine"}
            assert {request.protocol for request in otlp_receiver.requests()} == {"grpc"}
        """,
        outcomes={"passed": 2},
    )


NONCONFORMING = """
    import pytest
    from agent_otel.testing import check_span
    import agent_otel.testing.verdicts as verdicts

    @pytest.fixture(autouse=True)
    def _every_span_is_wrong(monkeypatch):
        monkeypatch.setattr(verdicts, "check_span", lambda span: ["some_rule"])

    def work(bridge):
        with bridge.run(agent="a"):
            pass
"""


def test_what_was_received_is_judged_at_the_end(run):
    result = run(
        NONCONFORMING
        + """
    def test_it(agent_otel_capture):
        work(agent_otel_capture.bridge)
    """,
        outcomes={"passed": 1, "errors": 1},
    )
    result.stdout.fnmatch_lines(["*invoke_agent a (internal): some_rule"])


def test_judgement_can_be_switched_off_and_the_nearest_marker_wins(run):
    run(
        NONCONFORMING
        + """
    pytestmark = pytest.mark.agent_otel(conformance=False)

    def test_off(agent_otel_capture):
        work(agent_otel_capture.bridge)

    @pytest.mark.agent_otel(environ={"OTEL_SERVICE_NAME": "x"})
    def test_other_options_leave_it_off(agent_otel_capture):
        work(agent_otel_capture.bridge)

    @pytest.mark.agent_otel(conformance=True)
    def test_on_again(agent_otel_capture):
        work(agent_otel_capture.bridge)
    """,
        outcomes={"passed": 3, "errors": 1},
    )


def test_spans_of_others_are_not_judged(run):
    run(
        """
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.trace import StatusCode
        from agent_otel.testing import check_span

        def test_it(agent_otel_capture):
            provider = TracerProvider(shutdown_on_exit=False)
            provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
            with provider.get_tracer("theirs").start_as_current_span("x") as span:
                span.set_status(StatusCode.OK)
            provider.shutdown()
            (received,) = agent_otel_capture.spans()
            assert check_span(received)
        """,
        outcomes={"passed": 1},
    )


def test_a_marker_that_says_something_else_is_an_error(run):
    result = run(
        """
        import pytest

        @pytest.mark.agent_otel(gprc=True)
        def test_misspelt(otlp_receiver):
            pass

        @pytest.mark.agent_otel(True)
        def test_nameless(otlp_receiver):
            pass
        """,
        outcomes={"errors": 2},
    )
    assert str(result.stdout).count("marker agent_otel takes grpc, environ, conformance by name") >= 2


def test_the_marker_is_documented(run):
    result = run("", "--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.agent_otel(*"])


def test_a_failing_tree_points_into_the_test(run):
    result = run(
        """
        def test_it(agent_otel_capture):
            with agent_otel_capture.bridge.run(agent="a"):
                pass
            agent_otel_capture.assert_tree("invoke_agent b")
        """,
        outcomes={"failed": 1},
    )
    result.stdout.fnmatch_lines(
        ["*-invoke_agent b", "*+invoke_agent a", "*test_a_failing_tree_points_into_the_test.py:4: *"]
    )
    result.stdout.no_fnmatch_line("*trees.py*")


def test_loading_the_plugin_loads_nothing_else():
    program = (
        "import sys, pytest, agent_otel\n"
        "before = set(sys.modules)\n"
        f"import {PLUGIN}\n"
        f"assert set(sys.modules) - before == {{'agent_otel.testing', '{PLUGIN}'}}, set(sys.modules) - before\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_names_of_the_kit_load_when_they_are_asked_for():
    program = (
        "import sys, agent_otel.testing as kit\n"
        "assert not [name for name in sys.modules if name.startswith('agent_otel.testing.')]\n"
        "kit.assert_tree([], '')\n"
        "assert 'agent_otel.testing.http_endpoint' not in sys.modules\n"
        "assert {name for name in kit.__all__ if not hasattr(kit, name)} == set()\n"
        "try: kit.nothing\n"
        "except AttributeError as error: assert 'nothing' in str(error)\n"
        "else: raise SystemExit('no error')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
