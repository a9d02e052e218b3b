"""``agent-otel doctor``: against real receivers, and what it never shows."""

from __future__ import annotations

from importlib import metadata
import json
import os
from pathlib import Path
import re
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from agent_otel.cli import main
from agent_otel.cli.doctor import reaching
from agent_otel.cli.doctor.address import address_of, without_credentials
from agent_otel.cli.doctor.places import header_names
from agent_otel.delivery import FileSink, SinkSpec
from agent_otel.delivery.otlp import read_target
from agent_otel.setup.exporters import make_exporter
from agent_otel.testing import OtlpReceiver, Reply, ServerCertificate, faults
from end_to_end.replaying import COMMAND, environment

SIGNALS = ("traces", "logs", "metrics")
SECRET = "hunter2Xq9"
PROGRAM = """
from agent_otel import Bridge
bridge = Bridge.from_env()
with bridge.run(agent="a") as run, run.tool_call("t"):
    pass
bridge.shutdown()
"""


@pytest.fixture(autouse=True)
def _nothing_around(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith(("_proxy", "_ca_bundle")) or name == "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH":
            monkeypatch.delenv(name)
    monkeypatch.setenv("GRPC_VERBOSITY", "NONE")


@pytest.fixture
def doctor(monkeypatch, capfd):
    """Run the command in this process; gives its exit status and its JSON."""

    def run(*arguments, **variables):
        for name, value in {"OTEL_SERVICE_NAME": "tested", **variables}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main(["doctor", "--json", *arguments])
        out, err = capfd.readouterr()
        # Where gRPC was loaded before, its core still writes; a process of its own shows that the command does not.
        assert [line for line in err.splitlines() if "ssl_transport_security.cc" not in line] == []
        return ended.value.code, json.loads(out)

    return run


@pytest.fixture
def said(monkeypatch, capfd):
    """Run the command in this process; gives its exit status and all that it prints."""

    def run(*arguments, **variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main(["doctor", *arguments])
        out, err = capfd.readouterr()
        return ended.value.code, out + err

    return run


@pytest.fixture
def grpc_receiver():
    with OtlpReceiver(grpc=True) as receiver:
        yield receiver


def endpoint(receiver):
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http_endpoint}


def over_grpc(receiver):
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.grpc_endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}


def deliveries(told):
    return {sink["signal"]: sink["delivery"] for sink in told["sinks"]}


def states(told):
    return {signal: delivery["state"] for signal, delivery in deliveries(told).items()}


def setting(told, name):
    (found,) = (one for one in told["settings"] if one["name"] == name)
    return found["value"], found["origin"]


# -- all is well ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variables", [endpoint, over_grpc])
def test_a_span_a_log_record_and_a_metric_are_acknowledged(doctor, grpc_receiver, variables):
    status, told = doctor(**variables(grpc_receiver))
    assert (status, told["status"], told["verdict"]) == (0, 0, "all is well: 3 of 3 acknowledged")
    assert states(told) == dict.fromkeys(SIGNALS, "acknowledged")
    assert all(sink["reached"]["state"] == "connected" for sink in told["sinks"])
    (span,), (record,), (point,) = grpc_receiver.spans(), grpc_receiver.logs(), grpc_receiver.metrics()
    assert (span.name, span.parent_span_id, span.resource["service.name"]) == ("agent_otel.doctor", "", "tested")
    assert (record.event_name, record.trace_id) == ("agent_otel.doctor", span.trace_id)
    assert (point.name, point.value) == ("agent_otel.doctor", 1)
    assert told["trace_id"] == span.trace_id
    assert set(told["versions"]) == {"agent-otel", "opentelemetry-sdk", "python"}


def test_the_same_for_people(said, receiver):
    status, shown = said(**endpoint(receiver), OTEL_SERVICE_NAME="tested")
    (span,) = receiver.spans()
    assert status == 0
    assert "test span acknowledged in " in shown
    assert f"trace {span.trace_id}" in shown
    assert "(environment)" in shown
    assert shown.endswith("all is well: 3 of 3 acknowledged\n")


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_TRACES_SAMPLER": "always_off"},
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"},
        {"TRACEPARENT": f"00-{'1' * 32}-{'2' * 16}-00"},
    ],
)
def test_a_sampler_does_not_keep_the_test_span_and_is_warned_of(doctor, receiver, variables):
    status, told = doctor(**endpoint(receiver), **variables)
    (span,) = receiver.spans()
    assert (status, span.parent_span_id) == (0, "")
    (warning,) = told["warnings"]
    assert warning.endswith("the test span is sent all the same")
    assert any(name in warning for name in variables)


def test_a_sink_of_the_settings_file_is_checked_beside_the_others(doctor, receiver, tmp_path):
    config = tmp_path / "agent-otel.toml"
    config.write_text(f"""
content_max_chars = 100
[sinks.archive]
endpoint = "{receiver.http_endpoint}"
signals = ["traces"]
content = "metadata_only"
headers = {{ x-tenant = "{SECRET}" }}
""")
    status, told = doctor(
        AGENT_OTEL_CONFIG_FILE=str(config),
        OTEL_TRACES_EXPORTER="none",
        OTEL_LOGS_EXPORTER="none",
        OTEL_METRICS_EXPORTER="none",
    )
    (sink,) = told["sinks"]
    assert (status, sink["name"], sink["headers"]) == (0, "archive", ["x-tenant"])
    assert sink["endpoint"] == f"{receiver.http_endpoint}/v1/traces"
    assert set(sink["content"].values()) == {"metadata_only", "off"}
    assert setting(told, "AGENT_OTEL_CONTENT_MAX_CHARS") == ("100", "file")
    (request,) = receiver.requests()
    assert request.headers["x-tenant"] == SECRET
    assert SECRET not in json.dumps(told)


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_the_headers_that_are_named_are_those_that_are_sent(doctor, grpc_receiver, tmp_path, protocol):
    own = grpc_receiver.grpc_endpoint if protocol == "grpc" else grpc_receiver.http_endpoint
    config = tmp_path / "agent-otel.toml"
    config.write_text(f"""
[sinks.archive]
endpoint = "{own}"
protocol = "{protocol}"
signals = ["traces"]
headers = {{ x-own = "1" }}
""")
    _, told = doctor(
        AGENT_OTEL_CONFIG_FILE=str(config),
        OTEL_EXPORTER_OTLP_HEADERS="x-of-all=1",
        OTEL_TRACES_EXPORTER="none",
        OTEL_LOGS_EXPORTER="none",
        OTEL_METRICS_EXPORTER="none",
    )
    (sink,), (request,) = told["sinks"], grpc_receiver.requests()
    assert sorted(sink["headers"]) == sorted(name for name in ("x-of-all", "x-own") if name in request.headers)


def test_the_picture_in_the_documentation_is_what_it_shows(said, receiver):
    receiver.respond_with(faults.on("logs", faults.status(401)))
    _, shown = said(**endpoint(receiver), OTEL_SERVICE_NAME="tested", OTEL_EXPORTER_OTLP_HEADERS="x-tenant=acme")
    page = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text()
    (picture,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    assert without_numbers(shown).endswith(without_numbers(picture))


def without_numbers(text):
    return re.sub(r"[0-9a-f]{32}|(?<=127.0.0.1:)\d+|\d+(?= ms)", "#", text)


# -- settings ---------------------------------------------------------------------------------------------------------


def test_settings_tell_where_they_come_from(doctor, receiver):
    _, told = doctor(**endpoint(receiver), AGENT_OTEL_CONTENT_MAX_CHARS="7", OTEL_SOMETHING_ELSE=SECRET)
    assert setting(told, "AGENT_OTEL_CONTENT_MAX_CHARS") == ("7", "environment")
    assert setting(told, "AGENT_OTEL_CONTENT_TOOL_RESULT") == ("redacted_summary", "default")
    assert setting(told, "OTEL_TRACES_EXPORTER") == ("otlp", "default")
    assert setting(told, "OTEL_EXPORTER_OTLP_ENDPOINT") == (receiver.http_endpoint, "environment")
    assert told["also_set"] == ["OTEL_SOMETHING_ELSE"]


@pytest.mark.parametrize(
    ("variables", "value", "decided_by"),
    [
        ({"AGENT_OTEL_CONTENT": "off"}, "off", "AGENT_OTEL_CONTENT"),
        ({"AGENT_OTEL_CONTENT": "off", "AGENT_OTEL_CONTENT_TOOL_RESULT": "RAW"}, "RAW", "environment"),
        (
            {
                "AGENT_OTEL_CONTENT": "full",
                "AGENT_OTEL_CONTENT_TOOL_RESULT": "raw",
                "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "NO_CONTENT",
            },
            "off",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
        ),
    ],
)
def test_a_setting_that_another_decides_is_shown_as_it_counts(doctor, variables, value, decided_by):
    _, told = doctor("--no-send", **variables)
    assert setting(told, "AGENT_OTEL_CONTENT_TOOL_RESULT") == (value, decided_by)


def test_an_unknown_setting_is_warned_of(doctor, receiver):
    status, told = doctor(**endpoint(receiver), AGENT_OTEL_SPOL="/x")
    assert status == 0
    assert told["warnings"] == ["AGENT_OTEL_SPOL is no setting; did you mean AGENT_OTEL_SPOOL?"]


@pytest.mark.parametrize(
    ("arguments", "variables", "named"),
    [
        ([], {"AGENT_OTEL_CONTENT": "everything"}, "AGENT_OTEL_CONTENT"),
        ([], {"OTEL_TRACES_EXPORTER": "no_such"}, "OTEL_TRACES_EXPORTER"),
        ([], {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
        (["--timeout", "0"], {}, "--timeout"),
        (["--timeout", "nan"], {}, "--timeout"),
    ],
)
def test_what_no_agent_would_start_with_is_one_error(said, arguments, variables, named):
    status, shown = said(*arguments, **variables)
    assert status == 1
    assert shown.startswith(f"agent-otel: {named}")


def test_no_secret_is_shown_whatever_happens(said, receiver, tmp_path):
    config = tmp_path / "agent-otel.toml"
    config.write_text(f"""
[sinks.archive]
endpoint = "http://user:{SECRET}@localhost:1/{SECRET[:0]}?key={SECRET}"
headers = {{ authorization = "Bearer {SECRET}" }}
""")
    secrets = {
        "AGENT_OTEL_CONFIG_FILE": str(config),
        "AGENT_OTEL_SCRUB_TAG_KEY": f"{SECRET}{SECRET}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http_endpoint.replace("://", f"://user:{SECRET}@") + f"?token={SECRET}",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"http://user:{SECRET}@127.0.0.1:1/v1/traces?token={SECRET}",
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{SECRET},a b={SECRET}",
        "OTEL_RESOURCE_ATTRIBUTES": f"password={SECRET}",
        "NO_PROXY": "127.0.0.1,localhost",
        "HTTPS_PROXY": f"http://user:{SECRET}@proxy.example:3128",
    }
    for arguments in ([], ["--json"]):
        status, shown = said(*arguments, **secrets)
        assert status == 2
        assert SECRET not in shown
        assert "authorization" in shown
        assert "proxy.example:3128" in shown


# -- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        (302, "to the address that it leads to"),
        (400, "does not take this for OTLP"),
        (401, "OTEL_EXPORTER_OTLP_HEADERS"),
        (403, "sent are x-tenant"),
        (415, "OTEL_EXPORTER_OTLP_COMPRESSION=none"),
        (429, "too busy"),
        (500, "see its log"),
        (503, "too busy"),
    ],
)
def test_a_status_is_told_for_every_signal_with_what_to_do(doctor, receiver, code, fix):
    receiver.respond_with(lambda signal, number: Reply(code, {"location": "http://127.0.0.1:1/"}))
    status, told = doctor(**endpoint(receiver), OTEL_EXPORTER_OTLP_HEADERS=f"x-tenant={SECRET}")
    assert status == 2
    assert told["verdict"] == "NOT acknowledged: traces to otlp, logs to otlp, metrics to otlp"
    for signal, delivery in deliveries(told).items():
        assert (delivery["state"], delivery["reason"]) == ("not_acknowledged", f"status {code}"), signal
        assert str(code) in delivery["why"]
        assert fix in delivery["fix"]


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        ("UNAUTHENTICATED", "OTEL_EXPORTER_OTLP_HEADERS"),
        ("UNIMPLEMENTED", "give it a pipeline for"),
        ("UNAVAILABLE", "is the endpoint up"),
        ("INTERNAL", "see its log"),
    ],
)
def test_so_is_a_status_of_grpc(doctor, grpc_receiver, code, fix):
    grpc_receiver.respond_with(faults.status(code))
    status, told = doctor(**over_grpc(grpc_receiver))
    assert status == 2
    for signal, delivery in deliveries(told).items():
        assert (delivery["reason"], delivery["why"].partition(":")[0]) == (code, code), signal
        assert fix in delivery["fix"]


def test_two_sinks_that_fail_alike_both_say_why(doctor, grpc_receiver, tmp_path):
    grpc_receiver.respond_with(faults.status("UNAUTHENTICATED"))
    config = tmp_path / "agent-otel.toml"
    config.write_text(f"""
[sinks.archive]
endpoint = "{grpc_receiver.grpc_endpoint}"
protocol = "grpc"
signals = ["metrics"]
""")
    _, told = doctor(**over_grpc(grpc_receiver), AGENT_OTEL_CONFIG_FILE=str(config))
    reasons = {sink["name"]: sink["delivery"]["reason"] for sink in told["sinks"] if sink["signal"] == "metrics"}
    assert reasons == {"otlp": "UNAUTHENTICATED", "archive": "UNAUTHENTICATED"}
    (fix,) = (sink["delivery"]["fix"] for sink in told["sinks"] if sink["name"] == "archive")
    assert fix.startswith("check the credentials in sinks.archive.headers")


def test_one_signal_that_fails_does_not_hide_the_others(doctor, receiver):
    receiver.respond_with(faults.on("logs", faults.status(404)))
    status, told = doctor(**endpoint(receiver))
    assert status == 2
    assert states(told) == {"traces": "acknowledged", "logs": "not_acknowledged", "metrics": "acknowledged"}
    assert told["verdict"] == "NOT acknowledged: logs to otlp"
    assert f"{receiver.http_endpoint}/v1/logs" in deliveries(told)["logs"]["fix"]


def test_the_path_that_a_variable_of_one_signal_lacks_is_named(doctor, receiver):
    _, told = doctor(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=receiver.http_endpoint, **endpoint(receiver))
    assert states(told) == {"traces": "not_acknowledged", "logs": "acknowledged", "metrics": "acknowledged"}
    assert deliveries(told)["traces"]["fix"] == (
        "put /v1/traces at the end of OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: it is appended to"
        " OTEL_EXPORTER_OTLP_ENDPOINT, but not to this variable"
    )


def test_a_path_too_many_is_named(doctor, receiver):
    _, told = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=f"{receiver.http_endpoint}/v1/traces")
    for delivery in deliveries(told).values():
        assert delivery["fix"].startswith("leave /v1/traces out of OTEL_EXPORTER_OTLP_ENDPOINT")


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_where_nobody_listens_a_collector_is_asked_for(doctor, protocol):
    with faults.closed_port() as url:
        status, told = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)
    assert status == 2
    port = url.rpartition(":")[2]
    for delivery in deliveries(told).values():
        assert delivery["why"] == f"connection refused by 127.0.0.1:{port}"
        assert delivery["fix"].startswith(f"is a collector running at 127.0.0.1:{port}?")
    assert {sink["reached"]["state"] for sink in told["sinks"]} == {"refused"}


def test_a_name_that_does_not_resolve_is_told(doctor, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    status, told = doctor(OTEL_EXPORTER_OTLP_ENDPOINT="http://collector.invalid:4318")
    assert status == 2
    for delivery in deliveries(told).values():
        assert delivery["why"].startswith("the name of collector.invalid:4318 is not known here")


def test_a_proxy_that_is_down_is_told_apart_from_the_endpoint(doctor, receiver):
    with faults.closed_port() as url:
        status, told = doctor(
            OTEL_EXPORTER_OTLP_ENDPOINT="http://collector.invalid:4318",
            HTTP_PROXY=url.replace("://", f"://user:{SECRET}@"),
        )
    assert status == 2
    for sink in told["sinks"]:
        assert sink["reached"]["through_proxy"]
        assert sink["delivery"]["why"].startswith("connection refused by the proxy at 127.0.0.1:")
        assert "NO_PROXY" in sink["delivery"]["fix"]


def test_partial_success_is_no_acknowledgement_and_its_message_is_scrubbed(doctor, receiver):
    receiver.respond_with(faults.partial_success(rejected=1, message=f"quota exceeded, password={SECRET}"))
    status, told = doctor(**endpoint(receiver), OTEL_METRICS_EXPORTER="none")
    assert status == 2
    for delivery in deliveries(told).values():
        assert "dropped the test item: quota exceeded" in delivery["why"]
    assert SECRET not in json.dumps(told)


def test_a_warning_of_the_endpoint_is_shown(said, receiver):
    receiver.respond_with(faults.partial_success(rejected=0, message="deprecated path"))
    status, shown = said(**endpoint(receiver))
    assert status == 0
    assert "the endpoint warns: deprecated path" in shown


def test_an_endpoint_that_does_not_answer_is_given_up_on(doctor, receiver):
    receiver.respond_with(faults.stall())
    status, told = doctor("--timeout", "0.2", **endpoint(receiver))
    assert status == 2
    for delivery in deliveries(told).values():
        assert (delivery["reason"], delivery["why"]) == ("timeout", "no answer in time")


def test_a_grpc_endpoint_spoken_to_over_http_is_recognised(doctor, grpc_receiver):
    status, told = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=grpc_receiver.grpc_endpoint)
    assert status == 2
    for delivery in deliveries(told).values():
        assert delivery["why"] == "a gRPC endpoint is spoken to over HTTP"
        assert delivery["fix"].startswith("set OTEL_EXPORTER_OTLP_PROTOCOL=grpc, or use")


def test_an_http_endpoint_spoken_to_over_grpc_is_recognised(doctor, receiver):
    status, told = doctor(**endpoint(receiver), OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
    assert status == 2
    for delivery in deliveries(told).values():
        assert delivery["why"] == "an HTTP endpoint is spoken to over gRPC"
        assert delivery["fix"].startswith("set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, or use")


# -- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path):
    return ServerCertificate.issue(tmp_path)


@pytest.fixture
def encrypted(certificate):
    with OtlpReceiver(grpc=True, certificate=certificate) as receiver:
        yield receiver


@pytest.mark.parametrize("variables", [endpoint, over_grpc])
def test_a_certificate_that_is_trusted_is_no_obstacle(doctor, encrypted, certificate, variables):
    trusted = str(certificate.authority_file)
    status, told = doctor(**variables(encrypted), OTEL_EXPORTER_OTLP_CERTIFICATE=trusted)
    assert (status, {sink["reached"]["state"] for sink in told["sinks"]}) == (0, {"connected"})


@pytest.mark.parametrize("variables", [endpoint, over_grpc])
def test_a_certificate_that_nobody_signed_is_told_with_the_variable(doctor, encrypted, variables):
    status, told = doctor(**variables(encrypted))
    assert status == 2
    for sink in told["sinks"]:
        assert sink["reached"]["state"] == "tls"
        assert sink["delivery"]["why"].startswith("TLS: ")
        assert sink["delivery"]["fix"].startswith("set OTEL_EXPORTER_OTLP_CERTIFICATE to the file")


def test_metrics_go_by_the_authorities_of_requests_where_those_are_set(doctor, encrypted, certificate):
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    _, told = doctor(
        **endpoint(encrypted),
        OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificate.authority_file),
        REQUESTS_CA_BUNDLE=DEFAULT_CA_BUNDLE_PATH,
    )
    assert states(told) == {"traces": "acknowledged", "logs": "acknowledged", "metrics": "not_acknowledged"}
    fix = deliveries(told)["metrics"]["fix"]
    assert fix == "put the authority of the endpoint into REQUESTS_CA_BUNDLE: metrics go by that alone"


def test_a_certificate_for_another_name_is_told(doctor, tmp_path):
    certificate = ServerCertificate.issue(tmp_path, host="collector.example")
    with OtlpReceiver(certificate=certificate) as receiver:
        _, told = doctor(**endpoint(receiver), OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificate.authority_file))
    for delivery in deliveries(told).values():
        assert delivery["fix"] == "use a name in OTEL_EXPORTER_OTLP_ENDPOINT that its certificate is for"


@pytest.mark.parametrize("variables", [endpoint, over_grpc])
def test_http_to_an_encrypted_port_is_recognised(doctor, encrypted, variables):
    chosen = variables(encrypted)
    chosen["OTEL_EXPORTER_OTLP_ENDPOINT"] = chosen["OTEL_EXPORTER_OTLP_ENDPOINT"].replace("https://", "http://")
    _, told = doctor("--timeout", "2", **chosen)
    for delivery in deliveries(told).values():
        assert delivery["why"] == "the endpoint speaks TLS, and is spoken to without"
        assert delivery["fix"] == "write https:// in OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.mark.parametrize("variables", [endpoint, over_grpc])
def test_https_to_a_port_without_is_recognised(doctor, grpc_receiver, variables):
    chosen = variables(grpc_receiver)
    chosen["OTEL_EXPORTER_OTLP_ENDPOINT"] = chosen["OTEL_EXPORTER_OTLP_ENDPOINT"].replace("http://", "https://")
    _, told = doctor("--timeout", "2", **chosen)
    for delivery in deliveries(told).values():
        assert delivery["why"] == "the endpoint speaks no TLS, and is spoken to with it"
        assert delivery["fix"].startswith("write http:// in OTEL_EXPORTER_OTLP_ENDPOINT")


# -- nothing to send, or to send to -----------------------------------------------------------------------------------


def test_without_sending_only_the_way_is_checked(doctor, receiver):
    status, told = doctor("--no-send", **endpoint(receiver))
    assert (status, told["trace_id"], receiver.requests()) == (0, None, [])
    assert states(told) == dict.fromkeys(SIGNALS, "not_sent")
    assert {sink["reached"]["state"] for sink in told["sinks"]} == {"connected"}
    with receiver.outage():
        status, told = doctor("--no-send", **endpoint(receiver))
    assert (status, told["verdict"]) == (2, "NOT reached: traces to otlp, logs to otlp, metrics to otlp")


def test_console_and_none_are_no_failures(doctor):
    status, told = doctor(OTEL_TRACES_EXPORTER="console", OTEL_LOGS_EXPORTER="none", OTEL_METRICS_EXPORTER="none")
    assert (status, told["verdict"]) == (0, "nothing was sent, and nothing stands in the way")
    (sink,) = told["sinks"]
    assert (sink["name"], sink["endpoint"], sink["delivery"]["state"]) == ("console", None, "not_sent")
    assert told["warnings"] == [
        "OTEL_LOGS_EXPORTER=none: log records are sent nowhere",
        "OTEL_METRICS_EXPORTER=none: metrics are sent nowhere",
    ]


class Offered:
    def __init__(self, made):
        self._made = made

    def load(self):
        return self._made


@pytest.fixture
def offer(monkeypatch):
    """Have an exporter be installed under a name."""
    real = metadata.entry_points

    def put(group, name, made):
        asked = {"group": group, "name": name}
        monkeypatch.setattr(metadata, "entry_points", lambda **by: [Offered(made)] if by == asked else real(**by))

    return put


def test_what_is_scraped_is_not_even_made(doctor, offer):
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    class Scraped(InMemoryMetricReader):
        def __init__(self):
            raise AssertionError("it would take the port of a running agent")

    offer("opentelemetry_metrics_exporter", "scraped", Scraped)
    status, told = doctor(OTEL_METRICS_EXPORTER="scraped", OTEL_TRACES_EXPORTER="none", OTEL_LOGS_EXPORTER="none")
    assert status == 0
    assert deliveries(told)["metrics"]["reason"].startswith("it is scraped")


@pytest.mark.parametrize(
    ("result", "expected", "reason"), [("SUCCESS", 0, ""), ("FAILURE", 2, "export failed"), (None, 2, "LookupError")]
)
def test_any_other_exporter_is_asked_and_its_word_taken(doctor, offer, result, expected, reason):
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    class Vendor(SpanExporter):
        def export(self, spans):
            assert [span.name for span in spans] == ["agent_otel.doctor"]
            if result is None:
                raise LookupError(SECRET)
            return SpanExportResult[result]

    offer("opentelemetry_traces_exporter", "vendor", Vendor)
    status, told = doctor(OTEL_TRACES_EXPORTER="vendor", OTEL_LOGS_EXPORTER="none", OTEL_METRICS_EXPORTER="none")
    (sink,) = told["sinks"]
    assert (status, sink["protocol"], sink["endpoint"], sink["reached"]["state"]) == (
        expected,
        "vendor",
        None,
        "not_checked",
    )
    assert sink["delivery"]["reason"] == reason
    assert SECRET not in json.dumps(told)


def test_a_sink_that_is_a_file_gets_the_span_as_a_line(doctor, offer, tmp_path):
    path = tmp_path / "traces.jsonl"
    offer("opentelemetry_traces_exporter", "file", lambda: FileSink(SinkSpec(sink_id="file/traces"), path))
    status, told = doctor(OTEL_TRACES_EXPORTER="file", OTEL_LOGS_EXPORTER="none", OTEL_METRICS_EXPORTER="none")
    assert (status, states(told)) == (0, {"traces": "acknowledged"})
    assert "agent_otel.doctor" in path.read_text()


WATCHED = """
import sys
opened = []
sys.addaudithook(lambda event, _: opened.append(event) if event.startswith("socket.") else None)
from agent_otel.cli import main
try:
    main(["doctor", "--json"])
except SystemExit as end:
    assert end.code == 0, end.code
assert not opened, opened
assert "grpc" not in sys.modules
"""


def test_when_disabled_it_says_so_and_opens_no_socket(tmp_path):
    with OtlpReceiver() as receiver:
        environ = environment(receiver, tmp_path / "state", OTEL_SDK_DISABLED="true", AGENT_OTEL_SPOOL=str(tmp_path))
        command = [sys.executable, "-c", WATCHED]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
        assert receiver.requests() == []
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["disabled"], told["sinks"], told["spool"]) == (True, [], None)
    assert told["verdict"].startswith("OTEL_SDK_DISABLED is true")


# -- the spool --------------------------------------------------------------------------------------------------------


def test_what_dead_processes_left_is_counted_and_left_alone(doctor, tmp_path):
    with OtlpReceiver(respond=faults.status(503)) as receiver:
        more = {"AGENT_OTEL_SPOOL": str(tmp_path / "spool"), "OTEL_METRICS_EXPORTER": "none"}
        environ = environment(receiver, tmp_path / "state", **more)
        subprocess.run([sys.executable, "-c", PROGRAM], env=environ, timeout=60, check=True)
        receiver.respond_with(None)
        before = sorted(path.name for path in (tmp_path / "spool").glob("*.db"))
        status, told = doctor(**endpoint(receiver), **more)
        assert [span.name for span in receiver.spans()] == ["agent_otel.doctor"]
    spool = told["spool"]
    assert status == 0
    assert (spool["left_files"], spool["left_items"], spool["items"], spool["in_use"]) == (1, 2, 2, 0)
    assert (spool["mode"], spool["owner"], spool["problem"]) == ("0700", os.geteuid(), "")
    assert spool["free_bytes"] > 0
    assert spool["oldest_age_s"] is not None
    assert sorted(path.name for path in (tmp_path / "spool").glob("*.db")) == before


def test_what_is_left_is_told_with_the_command(said, tmp_path):
    with OtlpReceiver(respond=faults.status(503)) as receiver:
        more = {"AGENT_OTEL_SPOOL": str(tmp_path / "spool"), "OTEL_METRICS_EXPORTER": "none"}
        environ = environment(receiver, tmp_path / "state", **more)
        subprocess.run([sys.executable, "-c", PROGRAM], env=environ, timeout=60, check=True)
        _, shown = said(**endpoint(receiver), **more)
    assert "2 left behind by dead processes: run agent-otel flush" in shown


def test_a_directory_that_is_not_there_is_not_made(doctor, receiver, tmp_path):
    status, told = doctor(**endpoint(receiver), AGENT_OTEL_SPOOL=str(tmp_path / "a" / "b"))
    assert (status, told["spool"]["exists"], told["spool"]["problem"]) == (0, False, "")
    assert not (tmp_path / "a").exists()


def others_write(path):
    path.mkdir()
    path.chmod(0o777)
    return path


def link(path):
    target = path.with_name("target")
    target.mkdir()
    path.symlink_to(target)
    return path


def plain_file(path):
    path.write_text("")
    return path


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (others_write, "others can write there (mode 0777)"),
        (link, "it is a symbolic link"),
        (plain_file, "it is not a directory"),
        (lambda path: Path("~") / path.name, "a ~ is expanded by shells, not here"),
    ],
)
def test_a_directory_that_no_agent_starts_with_is_told_and_is_status_1(doctor, receiver, tmp_path, make, problem):
    status, told = doctor(**endpoint(receiver), AGENT_OTEL_SPOOL=str(make(tmp_path / "spool")))
    assert (status, told["spool"]["problem"]) == (1, problem)
    assert told["spool"]["fix"]
    assert states(told) == dict.fromkeys(SIGNALS, "acknowledged")


# -- as a process -----------------------------------------------------------------------------------------------------


def test_the_process_writes_nothing_to_standard_error(encrypted, tmp_path):
    environ = {**environment(encrypted, tmp_path / "state"), **over_grpc(encrypted)}
    done = subprocess.run([*COMMAND, "doctor", "--json"], env=environ, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (2, "")
    assert {sink["reached"]["state"] for sink in json.loads(done.stdout)["sinks"]} == {"tls"}


@pytest.mark.parametrize("variables", [endpoint, over_grpc])
def test_the_process_ends_though_an_endpoint_does_not_answer(tmp_path, variables):
    with OtlpReceiver(grpc=True, respond=faults.stall()) as receiver:
        environ = {**environment(receiver, tmp_path / "state"), **variables(receiver)}
        done = subprocess.run(
            [*COMMAND, "doctor", "--timeout", "0.3"], env=environ, capture_output=True, text=True, timeout=60
        )
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.endswith("NOT acknowledged: traces to otlp, logs to otlp, metrics to otlp\n")


# -- addresses --------------------------------------------------------------------------------------------------------


def where(target):
    """The identity, but with its path: that of a sink tells other paths than OTLP's own as digests."""
    parts = urlsplit(getattr(target, "url", target.identity))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:1"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://user:pw@h/base/"},
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://h:1/own?q=1", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://other"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "h:4317"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "https://h:4317/ignored"},
        {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://[::1]:4317"},
        {
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "h:4317",
            "OTEL_EXPORTER_OTLP_INSECURE": "true",
        },
    ],
)
def test_an_address_is_the_one_that_the_exporter_has(monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for signal in ("traces", "logs"):
        target = read_target(make_exporter("otlp", signal, os.environ))
        address = address_of("otlp", signal, os.environ)
        assert target is not None
        assert address is not None
        assert address.url == where(target)
        assert address.encrypted == target.identity.startswith("https://")


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_so_it_is_for_metrics(monkeypatch, protocol):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://h:1/base")
    exporter = make_exporter("otlp", "metrics", os.environ)
    address = address_of("otlp", "metrics", os.environ)
    assert address is not None
    assert address.url.endswith(exporter.made._endpoint)


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ("authorization=Bearer%20x", ("authorization",)),
        ("X-Scope-OrgID=1, x_team=2,api.key=3,DD-API-KEY=4", ("x-scope-orgid", "x_team", "api.key", "dd-api-key")),
        ("authorization=Basic dXNl,cjpwYXNz==,Zm9v=1", ("authorization", "…", "…")),
        ("", ()),
    ],
)
def test_of_headers_the_names_are_shown_and_no_piece_of_a_value(listed, names):
    assert header_names(listed) == names


@pytest.mark.parametrize(("no_proxy", "through"), [("", True), ("127.0.0.1", False)])
def test_the_proxy_of_grpc_is_tried_in_the_place_of_the_endpoint(receiver, no_proxy, through):
    environ = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http_endpoint,
        "no_proxy": no_proxy,
    }
    address = address_of("otlp", "traces", environ)
    assert address is not None
    with faults.closed_port() as proxy:
        reached = reaching.reach(address, reaching.Trust(), {**environ, "https_proxy": proxy}, 5.0)
    assert (reached.through_proxy, reached.state) == (through, "refused" if through else "connected")


def test_an_address_that_only_grpc_can_read_is_not_tried(monkeypatch):
    environ = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "unix:///run/otel.sock"}
    address = address_of("otlp", "traces", environ)
    assert address is not None
    assert (address.host, address.url) == (None, "unix:///run/otel.sock")
    assert reaching.reach(address, reaching.Trust(), environ, 1.0).state == "not_checked"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h:4318", "http://h:4318"),
        (f"http://user:{SECRET}@h:4318/v1/traces", "http://h:4318/v1/traces"),
        (f"https://h/v1/traces?key={SECRET}", "https://h/v1/traces"),
        (f"https://h/v1/traces#{SECRET}", "https://h/v1/traces"),
        (f"https://h?key=a@{SECRET}", "https://h"),
        (f"http://user:a?{SECRET}@h/", "http://…"),
        (f"http://user:a/{SECRET}@h/x", "http://h/x"),
        (f"user:{SECRET}@h:4317", "h:4317"),
        ("http://[::1]:4317", "http://[::1]:4317"),
    ],
)
def test_what_may_be_a_credential_is_left_out_of_an_address(url, shown):
    assert without_credentials(url) == shown
