from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

from opentelemetry.sdk.trace.id_generator import IdGenerator
import pytest

from agent_otel._version import __version__
from agent_otel.correlate import Operation, OperationKind, SpanIdentity
from agent_otel.model import NO_IDS, NO_NAMES, Origin, SettingsError
from agent_otel.project import span_of
from agent_otel.setup import build_telemetry, building, is_disabled
from agent_otel.setup.config_file import CONFIG_VARIABLE
from agent_otel.testing import OtlpReceiver

T0 = 1_700_000_000_000_000_000


def soon(seconds=10.0):
    return time.monotonic() + seconds


@pytest.fixture
def build(monkeypatch, receiver):
    built = []

    def make(**variables):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        built.append(build_telemetry(os.environ))
        return built[-1]

    yield make
    for one in built:
        one.shutdown(soon())


def send(built, trace_id=0xA, count=1, **more):
    for number in range(count):
        given = {"identity": SpanIdentity(trace_id, number + 1), "origin": Origin("s"), "start_ns": T0, "end_ns": T0}
        built.spans.emit(span_of(Operation(kind=OperationKind.RUN, **given, ids=NO_IDS, names=NO_NAMES, **more)))
    return built.flush(soon())


def test_unset_variables_mean_otlp_over_http_for_all_signals(build, receiver):
    built = build()
    assert sorted(built.sinks) == ["otlp/logs", "otlp/traces"]
    assert send(built)
    (request,) = receiver.requests("traces")
    assert request.protocol == "http"
    assert request.headers["content-type"] == "application/x-protobuf"


@pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])
def test_grpc(monkeypatch, variable):
    with OtlpReceiver(grpc=True) as receiver:
        monkeypatch.setenv(variable, "grpc")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", receiver.grpc_endpoint)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=made-up")
        for signal in ("METRICS", "LOGS"):
            monkeypatch.setenv(f"OTEL_{signal}_EXPORTER", "none")
        built = build_telemetry(os.environ)
        assert send(built)
        (request,) = receiver.requests("traces")
        built.shutdown(soon())
    assert (request.protocol, request.headers["x-key"]) == ("grpc", "made-up")


def test_headers_and_compression_reach_the_receiver(build, receiver):
    built = build(OTEL_EXPORTER_OTLP_HEADERS="x-key=made%20up,x-more=2", OTEL_EXPORTER_OTLP_COMPRESSION="gzip")
    send(built, count=50)
    (request,) = receiver.requests("traces")
    assert (request.headers["x-key"], request.headers["x-more"]) == ("made up", "2")
    assert request.headers["content-encoding"] == "gzip"
    assert request.wire_size < request.size
    assert len(receiver.spans()) == 50


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_a_sink_with_an_endpoint_of_its_own_does_not_get_the_credentials_of_another(monkeypatch, tmp_path, protocol):
    file = tmp_path / "agent-otel.toml"
    with OtlpReceiver() as receiver, OtlpReceiver(grpc=True) as other:
        endpoint = other.grpc_endpoint if protocol == "grpc" else other.http_endpoint
        file.write_text(
            f'[sinks.other]\nendpoint = "{endpoint}"\nprotocol = "{protocol}"\nheaders = {{ x-tenant = "acme" }}\n'
        )
        monkeypatch.setenv(CONFIG_VARIABLE, str(file))
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=made-up")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-key=made-up,x-more=2")
        built = build_telemetry(os.environ)
        built.metrics.emit([], None)
        send(built)
        built.shutdown(soon())
        assert receiver.requests("traces")[0].headers["x-key"] == "made-up"
        requests = other.requests()
        assert "traces" in {request.signal for request in requests}
        for request in requests:
            assert request.headers["x-tenant"] == "acme"
            assert not {"x-key", "x-more"} & request.headers.keys()
    assert os.environ["OTEL_EXPORTER_OTLP_HEADERS"] == "x-key=made-up"


def test_the_timeout_is_honoured(monkeypatch):
    release = threading.Event()

    def hang(signal, number):
        release.wait(30)

    with OtlpReceiver(respond=hang) as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
        for signal in ("METRICS", "LOGS"):
            monkeypatch.setenv(f"OTEL_{signal}_EXPORTER", "none")
        built = build_telemetry(os.environ)
        send_with(built, time.monotonic() + 1)
        outbox = built.outboxes[0]
        assert outbox.failed_in_a_row > 0  # the sink gave up while the receiver still hung
        assert (built.lost, outbox.queued) == (0, 1)
        assert not release.is_set()
        release.set()
        built.shutdown(soon())


def test_exporters_none_sends_nothing_and_starts_no_thread(build, receiver):
    before = threading.active_count()
    built = build(OTEL_TRACES_EXPORTER="none", OTEL_METRICS_EXPORTER="none", OTEL_LOGS_EXPORTER="none")
    assert threading.active_count() == before
    assert send(built)
    assert (built.sinks, receiver.requests()) == ({}, [])


def test_send_false_starts_no_thread_either():
    before = threading.active_count()
    build_telemetry(os.environ, send=False)
    assert threading.active_count() == before


def test_several_exporters_each_get_everything_and_have_their_own_books(build, receiver):
    built = build(OTEL_TRACES_EXPORTER="otlp,console")
    assert send(built, count=2)
    assert {name: books["exported"] for name, books in built.sinks.items() if "traces" in name} == {
        "otlp/traces": 2,
        "console/traces": 2,
    }
    assert len(receiver.spans()) == 2


def test_resource(build, receiver):
    built = build(OTEL_RESOURCE_ATTRIBUTES="team=blue,service.namespace=agents", OTEL_SERVICE_NAME="coder")
    send(built)
    resource = receiver.spans()[0].resource
    expected = {
        "service.name": "coder",
        "service.namespace": "agents",
        "team": "blue",
        "telemetry.distro.name": "agent-otel",
        "telemetry.distro.version": __version__,
    }
    assert expected.items() <= resource.items()
    assert built.namespace == '["agents", "coder"]'


def test_without_a_service_name_the_namespace_does_not_depend_on_the_interpreter(build):
    assert build().namespace == '["", ""]'


def test_each_process_is_an_instance_of_its_own_unless_the_user_says_which(build, receiver):
    script = (
        "import os; from agent_otel.setup import build_telemetry; "
        "print(build_telemetry(os.environ, send=False).tracer_provider.resource.attributes['service.instance.id'])"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    first, second = (
        subprocess.run([sys.executable, "-c", script], env=environ, check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    )
    assert first.strip()
    assert first != second
    send(build(OTEL_RESOURCE_ATTRIBUTES="service.instance.id=pod-7"))
    assert receiver.spans()[0].resource["service.instance.id"] == "pod-7"


def test_recorded_spans_name_no_instance_unless_the_user_says_which(monkeypatch, receiver):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint)
    built = build_telemetry(os.environ, recorded=True)
    assert "service.instance.id" not in built.tracer_provider.resource.attributes
    assert "service.instance.id" not in built.logger_provider.resource.attributes
    assert built.meter_provider._sdk_config.resource.attributes["service.instance.id"]
    built.shutdown(time.monotonic() + 10)
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=pod-7")
    built = build_telemetry(os.environ, recorded=True)
    assert built.tracer_provider.resource.attributes["service.instance.id"] == "pod-7"
    built.shutdown(time.monotonic() + 10)


@pytest.mark.parametrize(
    ("sampler", "argument", "kept"),
    [("always_on", "", [1, 2**64 - 1]), ("always_off", "", []), ("traceidratio", "0.5", [1]),
     ("parentbased_traceidratio", "0.5", [1]), ("parentbased_always_off", "", [])],
)  # fmt: skip
def test_samplers(build, receiver, sampler, argument, kept):
    built = build(OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG=argument)
    for trace_id in (1, 2**64 - 1):
        assert send(built, trace_id, count=3)
    assert sorted(int(span.trace_id, 16) for span in receiver.spans()) == [id_ for id_ in kept for _ in range(3)]


def test_batches_and_queue_follow_their_variables(build, receiver):
    built = build(OTEL_BSP_MAX_QUEUE_SIZE="20", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="5", OTEL_BSP_SCHEDULE_DELAY="60000")
    assert built.outboxes[0].limits.capacity == 20
    send(built, count=10)
    assert len(receiver.requests("traces")) >= 2
    for request in receiver.requests("traces"):
        assert len(request.message.resource_spans[0].scope_spans[0].spans) <= 5


@pytest.mark.incomplete_spans
def test_span_limits(build, receiver):
    built = build(OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT="4", OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT="5")
    send(built, lineage={f"key{number}": "x" * 100 for number in range(10)})
    attributes = receiver.spans()[0].attributes
    assert len(attributes) == 4
    assert all(len(value) <= 5 for value in attributes.values() if isinstance(value, str))


class Numbered(IdGenerator):
    def generate_trace_id(self):
        return 77

    def generate_span_id(self):
        return 88


def test_the_id_generator_serves_what_has_no_derived_id(build, monkeypatch):
    class Entry:
        def load(self):
            return Numbered

    offering = _offering("opentelemetry_id_generator", "numbered", Entry())
    monkeypatch.setattr(building.metadata, "entry_points", offering)
    built = build(OTEL_PYTHON_ID_GENERATOR="numbered")
    context = built.tracer_provider.get_tracer("host").start_span("theirs").get_span_context()
    assert (context.trace_id, context.span_id) == (77, 88)


def _offering(group, name, entry):
    real = building.metadata.entry_points

    def entry_points(**asked):
        return [entry] if asked == {"group": group, "name": name} else real(**asked)

    return entry_points


BAD = [
    ({"OTEL_PYTHON_ID_GENERATOR": "no-such"}, "OTEL_PYTHON_ID_GENERATOR"),
    ({"OTEL_EXPORTER_OTLP_PROTOCOL": "smoke"}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
    ({"OTEL_TRACES_EXPORTER": "no-such"}, "OTEL_TRACES_EXPORTER"),
    ({"OTEL_METRICS_EXPORTER": "no-such"}, "OTEL_METRICS_EXPORTER"),
    ({"OTEL_LOGS_EXPORTER": "no-such"}, "OTEL_LOGS_EXPORTER"),
    ({"OTEL_BSP_MAX_QUEUE_SIZE": "0"}, "OTEL_BSP_MAX_QUEUE_SIZE"),
    ({"OTEL_BSP_MAX_QUEUE_SIZE": "many"}, "OTEL_BSP_MAX_QUEUE_SIZE"),
    ({"OTEL_BLRP_MAX_QUEUE_SIZE": "-1"}, "OTEL_BLRP_MAX_QUEUE_SIZE"),
    ({"OTEL_BSP_SCHEDULE_DELAY": "-1"}, "OTEL_BSP_SCHEDULE_DELAY"),
    ({"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "5000"}, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"),
    ({"OTEL_SPAN_EVENT_COUNT_LIMIT": "x"}, "OTEL_SPAN_EVENT_COUNT_LIMIT"),
    ({"OTEL_SPAN_LINK_COUNT_LIMIT": "-1", "OTEL_SPAN_EVENT_COUNT_LIMIT": "7"}, "OTEL_SPAN_LINK_COUNT_LIMIT"),
    ({"OTEL_ATTRIBUTE_COUNT_LIMIT": "x"}, "OTEL_ATTRIBUTE_COUNT_LIMIT"),
    ({"OTEL_METRIC_EXPORT_INTERVAL": "-3"}, "OTEL_METRIC_EXPORT_INTERVAL"),
    ({"OTEL_METRICS_EXEMPLAR_FILTER": "foo"}, "OTEL_METRICS_EXEMPLAR_FILTER"),
]


@pytest.mark.parametrize(("variables", "named"), BAD)
def test_a_bad_value_is_one_clear_error_and_leaves_no_thread(build, variables, named):
    before = set(threading.enumerate())
    with pytest.raises(SettingsError) as raised:
        build(**variables)
    assert str(raised.value).startswith(f"{named}={variables[named]!r}: expected ")
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_RESOURCE_ATTRIBUTES": "not a pair"},
        {"OTEL_EXPORTER_OTLP_TIMEOUT": ""},
    ],
)
def test_where_the_sdk_warns_and_goes_on_so_do_we(build, receiver, variables):
    assert send(build(**variables))
    assert len(receiver.spans()) == 1


@pytest.mark.parametrize(
    ("value", "disabled"), [("true", True), ("TRUE", True), (" true ", True), ("1", False), ("", False)]
)
def test_disabled(value, disabled):
    assert is_disabled({"OTEL_SDK_DISABLED": value}) is disabled


def test_one_sink_that_hangs_does_not_take_the_others_time(monkeypatch):
    release = threading.Event()

    def hang_on_traces(signal, number):
        if signal == "traces":
            release.wait(30)

    with OtlpReceiver(respond=hang_on_traces) as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint)
        built = build_telemetry(os.environ)
        assert not send_with(built, soon(0.2))
        built.logger_provider.get_logger("x").emit(timestamp=T0, event_name="e")
        built.shutdown(soon(0.5))
        assert receiver.wait_for(lambda r: r.logs())
        assert not release.is_set()
        release.set()


def send_with(built, deadline):
    given = {"identity": SpanIdentity(1, 1), "origin": Origin("s"), "start_ns": T0, "end_ns": T0}
    built.spans.emit(span_of(Operation(kind=OperationKind.RUN, **given, ids=NO_IDS, names=NO_NAMES)))
    return built.flush(deadline)


def test_a_dead_sink_does_not_use_up_the_time_of_a_healthy_one(monkeypatch):
    release = threading.Event()
    with OtlpReceiver(respond=lambda signal, number: release.wait(20) and None) as hanging, OtlpReceiver() as healthy:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{hanging.http_endpoint}/v1/traces")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", f"{healthy.http_endpoint}/v1/logs")
        monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
        monkeypatch.setenv("OTEL_BLRP_SCHEDULE_DELAY", "3600000")
        built = build_telemetry(os.environ)
        send_with(built, time.monotonic() + 0.2)
        for number in range(3):
            built.logger_provider.get_logger("x").emit(timestamp=number, event_name="e")
            assert not built.flush(time.monotonic() + 0.3)
        assert len(healthy.logs()) == 3
        release.set()
        built.shutdown(soon())
