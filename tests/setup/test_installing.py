"""Spans of other libraries and of bridges, on providers of the host and on our own: each arrives once, filtered."""

from __future__ import annotations

from collections import Counter
import json
import sys

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
import pytest

from agent_otel.delivery.otlp.stock import endpoint_identity_of
from agent_otel.model import UsageError
from agent_otel.processors import TerminalPreservingProcessor
from agent_otel.processors.content import ContentPolicyProcessor, GuardedSpanExporter
from agent_otel.setup import install
from agent_otel.setup.host_provider import limits_of, processors_of
from agent_otel.setup.ways_out import WayOut, same_destination, ways_out
from agent_otel.testing import OtlpReceiver
from secrets_made_up import github_token
from zero_code.programs import program, run, variables

SECRET = github_token("installing")
HEAD = f"""
import json, logging, os, sys
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from agent_otel import Bridge
from agent_otel.setup import install

SECRET = {SECRET!r}

def foreign(name):
    with trace.get_tracer("another.instrumentation").start_as_current_span(name) as span:
        span.set_attribute("some.text", f"token {{SECRET}}")

def work(bridge, name):
    with bridge.run(agent=name) as run, run.tool_call("t", arguments={{"token": SECRET}}):
        pass

def host(*exporters):
    provider = TracerProvider()
    for exporter in exporters:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider
"""


@pytest.fixture
def run_script(receiver, tmp_path):
    def go(body, **more):
        path = program(tmp_path / "agent.py", "")
        (tmp_path / "agent.py").write_text(HEAD + "\n" + "\n".join(line[8:] for line in body.splitlines()))
        command = [sys.executable, "-W", "error", "-W", "ignore::ResourceWarning", path]
        done = run(command, variables(receiver, OTEL_LOGS_EXPORTER="none", **more))
        assert "Traceback" not in done.stderr
        return done

    return go


def counted(receiver):
    return Counter(span.name for span in receiver.spans())


def is_told_secret(receiver):
    return any(SECRET.encode() in span.raw for span in receiver.spans())


def warnings_in(done):
    return [line for line in done.stderr.splitlines() if line.startswith("WARNING agent_otel")]


# -- Bridge.from_env() without a host ----------------------------------------------------------------------------------


def test_without_a_host_spans_of_other_libraries_are_filtered_and_delivered(run_script, receiver):
    done = run_script(
        """
        bridge = Bridge.from_env()
        foreign("theirs")
        with bridge.run(agent="a"):
            foreign("inside")
        bridge.shutdown()
        foreign("too late")
        """
    )
    assert counted(receiver) == {"theirs": 1, "inside": 1, "invoke_agent a": 1}
    spans = {span.name: span for span in receiver.spans()}
    assert spans["inside"].parent_span_id == spans["invoke_agent a"].span_id
    assert spans["theirs"].attributes["some.text"].startswith("token [REDACTED:")
    assert spans["theirs"].resource == spans["invoke_agent a"].resource
    assert not is_told_secret(receiver)
    assert warnings_in(done) == []


def test_bridges_one_after_the_other_and_at_once_send_each_span_once(run_script, receiver):
    with OtlpReceiver() as second:
        run_script(
            f"""
        first = Bridge.from_env()
        foreign("to the first")
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = {second.http_endpoint!r}
        other = Bridge.from_env()
        foreign("to the second")
        other.shutdown()
        foreign("to the first again")
        first.shutdown()
        foreign("to nobody")
        third = Bridge.from_env()
        foreign("to the third")
        work(third, "a")
        """
        )
        assert counted(receiver) == {"to the first": 1, "to the first again": 1}
        assert counted(second) == {"to the second": 1, "to the third": 1, "invoke_agent a": 1, "execute_tool t": 1}


def test_spans_of_a_forked_child_are_sent_once_by_the_child(run_script, receiver):
    run_script(
        """
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        bridge = Bridge.from_env()
        foreign("before")
        pid = os.fork()
        if pid == 0:
            foreign("in the child")
            work(bridge, "child")
            os._exit(0 if bridge.flush() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        foreign("in the parent")
        """
    )
    assert counted(receiver) == {
        "before": 1,
        "in the child": 1,
        "invoke_agent child": 1,
        "execute_tool t": 1,
        "in the parent": 1,
    }


def test_no_exporter_or_a_disabled_sdk_leaves_the_process_without_a_provider(run_script, receiver):
    for variable in ({"OTEL_TRACES_EXPORTER": "none"}, {"OTEL_SDK_DISABLED": "true"}):
        run_script(
            """
        bridge = Bridge.from_env()
        foreign("theirs")
        assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        """,
            **variable,
        )
    assert receiver.spans() == []


# -- Bridge.from_env() beside a host -----------------------------------------------------------------------------------


def test_a_hosts_provider_gets_our_processors_and_it_is_told(run_script, receiver):
    done = run_script(
        """
        memory = InMemorySpanExporter()
        provider = host(memory)
        bridge = Bridge.from_env()
        foreign("theirs")
        work(bridge, "a")
        bridge.shutdown()
        again = Bridge.from_env()
        foreign("again")
        again.shutdown()
        print(json.dumps([span.name for span in memory.get_finished_spans()]))
        """
    )
    assert json.loads(done.stdout) == ["theirs", "again"]
    assert counted(receiver) == {"theirs": 1, "again": 1, "invoke_agent a": 1, "execute_tool t": 1}
    assert not is_told_secret(receiver)
    assert done.stderr.count("INFO agent_otel added to the tracer provider of this process") == 1
    assert warnings_in(done) == []


def test_the_resource_and_the_sampler_of_a_host_hold_for_the_bridge(run_script, receiver):
    run_script(
        """
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
        trace.set_tracer_provider(TracerProvider(resource=Resource.create({"service.name": "theirs", "team": "blue"})))
        with Bridge.from_env().run(agent="a"):
            pass
        """
    )
    (span,) = receiver.spans()
    assert (span.resource["service.name"], span.resource["team"]) == ("theirs", "blue")
    assert span.resource["telemetry.distro.name"] == "agent-otel"
    run_script(
        """
        from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
        trace.set_tracer_provider(TracerProvider(sampler=ALWAYS_OFF))
        work(Bridge.from_env(), "not sampled")
        """
    )
    assert len(receiver.spans()) == 1


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_where_a_host_exports_to_our_endpoint_nothing_is_sent_twice_and_it_is_told(run_script, receiver, name):
    endpoint = receiver.http_endpoint.replace("127.0.0.1", name)
    done = run_script(
        f"""
        provider = host(OTLPSpanExporter(endpoint="{endpoint}/v1/traces"))
        before = provider._active_span_processor._span_processors
        bridge = Bridge.from_env()
        assert provider._active_span_processor._span_processors is before
        foreign("theirs")
        work(bridge, "a")
        bridge.shutdown()
        Bridge.from_env().shutdown()
        """
    )
    assert counted(receiver) == {"theirs": 1, "invoke_agent a": 1, "execute_tool t": 1}
    (warning,) = warnings_in(done)
    assert "unfiltered" in warning
    assert "take that exporter off" in warning
    assert is_told_secret(receiver)  # as it says


def test_of_several_sinks_only_that_is_left_out_to_which_the_host_exports(run_script, receiver, tmp_path):
    with OtlpReceiver() as archive:
        file = tmp_path / "agent-otel.toml"
        file.write_text(f'[sinks.archive]\nendpoint = "{archive.http_endpoint}"\nsignals = ["traces"]\n')
        run_script(
            f"""
        host(OTLPSpanExporter(endpoint="{receiver.http_endpoint}/v1/traces"))
        bridge = Bridge.from_env()
        foreign("theirs")
        work(bridge, "a")
        """,
            AGENT_OTEL_CONFIG_FILE=str(file),
        )
        expected = {"theirs": 1, "invoke_agent a": 1, "execute_tool t": 1}
        assert (counted(receiver), counted(archive)) == (expected, expected)
        assert not is_told_secret(archive)


@pytest.mark.parametrize("guarded", [False, True])
def test_an_exporter_that_comes_later_is_noticed(run_script, receiver, guarded):
    around = "ContentPolicyProcessor" if guarded else ""
    done = run_script(
        f"""
        from agent_otel.processors.content import ContentPolicyProcessor
        bridge = Bridge.from_env()
        foreign("before")
        exporter = OTLPSpanExporter(endpoint="{receiver.http_endpoint}/v1/traces")
        trace.get_tracer_provider().add_span_processor({around}(BatchSpanProcessor(exporter)))
        foreign("after")
        foreign("and once more")
        trace.get_tracer_provider().shutdown()
        bridge.shutdown()
        """
    )
    assert counted(receiver) == {"before": 1, "after": 1, "and once more": 1}
    assert len(warnings_in(done)) == (0 if guarded else 1)
    assert is_told_secret(receiver) is not guarded


def test_a_raw_exporter_to_elsewhere_is_warned_about(run_script, receiver):
    with OtlpReceiver() as elsewhere:
        done = run_script(
            f"""
        provider = TracerProvider()
        exporter = OTLPSpanExporter(endpoint="{elsewhere.http_endpoint}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
        trace.set_tracer_provider(provider)
        bridge = Bridge.from_env()
        foreign("theirs")
        foreign("more")
        bridge.shutdown()
        Bridge.from_env().shutdown()
        """
        )
        assert counted(receiver) == counted(elsewhere) == {"theirs": 1, "more": 1}
        assert not is_told_secret(receiver)
        assert is_told_secret(elsewhere)
        (warning,) = warnings_in(done)
        assert "beside agent-otel" in warning
        assert "ContentPolicyProcessor" in warning


# -- install() ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["before", "after", "before and after", "without"])
@pytest.mark.parametrize("is_global", [True, False])
def test_an_installed_provider_and_a_bridge_give_each_other_their_spans(run_script, receiver, order, is_global):
    done = run_script(
        f"""
        memory = InMemorySpanExporter()
        provider = host(memory) if {is_global} else TracerProvider()
        if not {is_global}:
            provider.add_span_processor(SimpleSpanProcessor(memory))
        if "before" in {order!r} or {order!r} == "without":
            install(provider)
        if {order!r} != "without":
            bridge = Bridge.from_env()
        if "after" in {order!r}:
            install(provider)
        install(provider)
        with provider.get_tracer("another.instrumentation").start_as_current_span("theirs") as span:
            span.set_attribute("some.text", f"token {{SECRET}}")
        if {order!r} != "without":
            work(bridge, "a")
            bridge.shutdown()
        print(json.dumps([json.loads(span.to_json()) for span in memory.get_finished_spans()]))
        """
    )
    seen = json.loads(done.stdout)
    ours = [] if order == "without" else ["execute_tool t", "invoke_agent a"]
    assert sorted(span["name"] for span in seen) == sorted([*ours, "theirs"])
    assert counted(receiver) == Counter([*ours, "theirs"])
    told = {span["name"]: span for span in seen}
    if ours:
        assert SECRET not in json.dumps(told["execute_tool t"])
        assert "[REDACTED" in told["execute_tool t"]["attributes"]["gen_ai.tool.call.arguments"]
    assert not is_told_secret(receiver)
    assert warnings_in(done) == []


def test_an_installed_provider_that_exports_to_our_endpoint_sends_nothing_twice(run_script, receiver):
    done = run_script(
        f"""
        memory = InMemorySpanExporter()
        provider = host(memory, OTLPSpanExporter(endpoint="{receiver.http_endpoint}/v1/traces"))
        bridge = Bridge.from_env()
        install(provider)
        install(provider)
        foreign("theirs")
        work(bridge, "a")
        bridge.shutdown()
        print(len(memory.get_finished_spans()))
        """
    )
    assert done.stdout == "3\n"
    assert counted(receiver) == {"theirs": 1, "invoke_agent a": 1, "execute_tool t": 1}
    assert len(warnings_in(done)) == 1


def test_the_processors_of_a_host_see_no_more_than_every_sink_may(run_script, receiver, tmp_path):
    file = tmp_path / "agent-otel.toml"
    with OtlpReceiver() as archive:
        file.write_text(
            f'content = "redacted_summary"\n[sinks.archive]\nendpoint = "{archive.http_endpoint}"\ncontent = "off"\n'
        )
        done = run_script(
            """
        memory = InMemorySpanExporter()
        provider = host(memory)
        bridge = Bridge.from_env()
        install(provider)
        with bridge.run(agent="a") as run, run.tool_call("t", arguments={"innocent": "words"}):
            pass
        bridge.shutdown()
        print([dict(span.attributes) for span in memory.get_finished_spans()])
        """,
            AGENT_OTEL_CONFIG_FILE=str(file),
        )
        assert "innocent" not in done.stdout
        assert any("innocent" in str(span.attributes) for span in receiver.spans())
        assert not any("innocent" in str(span.attributes) for span in archive.spans())


def test_hooks_of_a_host_work_on_spans_of_the_bridge_and_their_faults_cost_nothing(run_script, receiver):
    done = run_script(
        """
        class Marking(SpanProcessor):
            def on_start(self, span, parent_context=None):
                span.set_attribute("acme.team", "blue")

        class Failing(SpanProcessor):
            def on_end(self, span):
                if span.instrumentation_scope.name != "another.instrumentation":
                    raise RuntimeError

        provider = TracerProvider()
        provider.add_span_processor(Marking())
        provider.add_span_processor(Failing())
        bridge = Bridge.from_env()
        install(provider)
        work(bridge, "a")
        bridge.shutdown()
        assert bridge.health().faults == 0
        """
    )
    assert counted(receiver) == {"invoke_agent a": 1, "execute_tool t": 1}
    assert {span.attributes["acme.team"] for span in receiver.spans()} == {"blue"}
    (warning,) = warnings_in(done)
    assert "RuntimeError" in warning


def test_a_bridge_shares_what_install_has_built_and_does_not_end_it(run_script, receiver):
    run_script(
        """
        import threading
        provider = host(InMemorySpanExporter())
        install(provider)
        threads = {thread.name for thread in threading.enumerate()}
        for number in range(2):
            bridge = Bridge.from_env()
            work(bridge, f"a{number}")
            bridge.shutdown()
            assert bridge.health().balanced
        foreign("after the bridges")
        assert {thread.name for thread in threading.enumerate()} == threads
        """
    )
    assert counted(receiver) == {
        "invoke_agent a0": 1,
        "invoke_agent a1": 1,
        "execute_tool t": 2,
        "after the bridges": 1,
    }


def test_install_wants_a_provider_of_the_sdk_and_does_nothing_when_disabled(monkeypatch):
    with pytest.raises(UsageError, match="TracerProvider"):
        install(object())  # type: ignore[arg-type]
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    provider = TracerProvider(shutdown_on_exit=False)
    install(provider)
    assert processors_of(provider) == ()


# -- where processors send ---------------------------------------------------------------------------------------------


def test_what_the_sdk_does_not_tell_in_public_is_still_where_it_was():
    provider = TracerProvider(shutdown_on_exit=False)
    processor = SimpleSpanProcessor(ConsoleSpanExporter())
    provider.add_span_processor(processor)
    assert processors_of(provider) == (processor,)
    assert processors_of(provider) is processors_of(provider)
    assert limits_of(provider) is not None
    assert limits_of(None) is None


class OfSomebody(OTLPSpanExporter):
    pass


def test_ways_out_are_found_through_what_stands_around_an_exporter():
    endpoint = "http://user:pass@collector.example:4318/v1/traces"
    told = "http://collector.example:4318/v1/traces"
    exporter = OTLPSpanExporter(endpoint=endpoint)
    batch = BatchSpanProcessor(OfSomebody(endpoint=endpoint))
    preserving = TerminalPreservingProcessor(exporter)
    processors = [
        SimpleSpanProcessor(exporter),
        batch,
        SimpleSpanProcessor(GuardedSpanExporter(exporter)),
        ContentPolicyProcessor(SimpleSpanProcessor(exporter)),
        preserving,
        SimpleSpanProcessor(InMemorySpanExporter()),
    ]
    expected = [(told, False), (told, False), (told, True), (told, True), (told, True)]
    assert ways_out(processors) == [WayOut(*each) for each in expected]
    assert endpoint_identity_of(InMemorySpanExporter()) == ""
    batch.shutdown()
    preserving.shutdown()


def test_grpc_exporters_are_known_too():
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter

    exporter = GrpcExporter(endpoint="http://localhost:4317")
    assert endpoint_identity_of(exporter) == "http://localhost:4317"
    exporter.shutdown()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a:4318/v1/traces", "http://a:4318/v1/traces", True),
        ("http://a:4318/v1/traces", "http://A:4318/v1/traces/", True),
        ("http://localhost:4318/v1/traces", "http://127.0.0.1:4318/v1/traces", True),
        ("http://localhost:4318/v1/traces", "http://[::1]:4318/v1/traces", True),
        ("http://localhost:4318/v1/traces", "http://localhost:4317", True),  # one collector, by HTTP and by gRPC
        ("https://a/v1/traces", "https://a:443/v1/traces", True),
        ("http://a:4318/v1/traces", "http://b:4318/v1/traces", False),
        ("http://a:4318/v1/traces", "http://a:9999/v1/traces", False),
        ("https://a/one/v1/traces", "https://a/other/v1/traces", False),
        ("http://a:4318/v1/traces", "", False),
        ("", "", False),
        ("http://a:port/v1/traces", "http://a:4318/v1/traces", False),
    ],
)
def test_one_destination_by_two_names(one, other, same):
    assert same_destination(one, other) is same
    assert same_destination(other, one) is same
