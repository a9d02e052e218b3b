"""What stock exporters were told is read from their private names: these tests fail when a release moves one."""

from __future__ import annotations

import re
import subprocess
import sys

import grpc
from opentelemetry.context import get_value
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import ConsoleSpanExporter
import pytest
import requests

from agent_otel.delivery.otlp import GrpcTarget, HttpTarget, read_target
from agent_otel.delivery.otlp.stock import untraced
from agent_otel.setup.per_process import PerProcess

OVER_HTTP = {"traces": OTLPSpanExporter, "logs": OTLPLogExporter}
OVER_GRPC = {"traces": GrpcSpanExporter, "logs": GrpcLogExporter}
both_signals = pytest.mark.parametrize("signal", ["traces", "logs"])


@both_signals
def test_arguments_over_http(signal):
    session = requests.Session()
    exporter = OVER_HTTP[signal](
        endpoint="https://me:secret@host:1/path?token=t", certificate_file="ca", client_key_file="key",
        client_certificate_file="cert", headers={"X-Key": "k"}, timeout=3, compression=Compression.Gzip,
        session=session,
    )  # fmt: skip
    target = read_target(exporter)
    assert isinstance(target, HttpTarget)
    assert (target.signal, target.url) == (signal, "https://me:secret@host:1/path?token=t")
    assert (target.compression, target.timeout_s) == ("gzip", 3)
    assert target.session is session
    assert (session.verify, session.cert) == ("ca", ("cert", "key"))
    headers = {name.lower(): value for name, value in target.headers.items()}
    assert (headers["x-key"], headers["content-encoding"]) == ("k", "gzip")
    assert headers["content-type"] == "application/x-protobuf"
    assert headers["user-agent"].startswith("OTel-OTLP-Exporter-Python/")
    assert re.fullmatch("https://host:1/[0-9a-f]{16}", target.identity)
    assert "secret" not in repr(target)


@both_signals
def test_variables_over_http(signal, monkeypatch):
    for name, value in {
        "ENDPOINT": "http://host:2", "HEADERS": "a=b", "TIMEOUT": "4", "COMPRESSION": "deflate",
        "CERTIFICATE": "ca", "CLIENT_CERTIFICATE": "cert", "CLIENT_KEY": "key",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", value)
    target = read_target(OVER_HTTP[signal]())
    assert (target.url, target.headers["a"]) == (f"http://host:2/v1/{signal}", "b")
    assert (target.compression, target.timeout_s) == ("deflate", 4.0)
    assert (target.session.verify, target.session.cert) == ("ca", ("cert", "key"))


@both_signals
def test_defaults_over_http(signal):
    target = read_target(OVER_HTTP[signal]())
    assert (target.url, target.compression, target.timeout_s) == (f"http://localhost:4318/v1/{signal}", "none", 10.0)


@both_signals
def test_arguments_over_grpc(signal):
    credentials = grpc.ssl_channel_credentials()
    exporter = OVER_GRPC[signal](
        endpoint="https://host:1/x", credentials=credentials, headers={"x-key": "k"}, timeout=3,
        compression=grpc.Compression.Gzip, channel_options=(("grpc.max_send_message_length", 9),),
    )  # fmt: skip
    target = read_target(exporter)
    assert isinstance(target, GrpcTarget)
    assert (target.signal, target.address, target.timeout_s) == (signal, "host:1", 3)
    assert target.credentials is credentials
    assert target.headers == (("x-key", "k"),)
    assert target.compression is grpc.Compression.Gzip
    options = dict(target.options)
    assert options["grpc.max_send_message_length"] == 9
    assert options["grpc.primary_user_agent"].startswith("OTel-OTLP-Exporter-Python/")
    assert target.identity == "https://host:1"
    exporter.shutdown()


@both_signals
def test_variables_over_grpc(signal, monkeypatch):
    for name, value in {
        "ENDPOINT": "http://host:2", "HEADERS": "a=b", "TIMEOUT": "4", "COMPRESSION": "gzip"
    }.items():  # fmt: skip
        monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", value)
    exporter = OVER_GRPC[signal]()
    target = read_target(exporter)
    assert (target.address, target.headers, target.timeout_s) == ("host:2", (("a", "b"),), 4.0)
    assert (target.credentials, target.compression) == (None, grpc.Compression.Gzip)
    exporter.shutdown()


def test_what_stands_in_for_an_exporter_is_read_through():
    assert read_target(PerProcess(OTLPSpanExporter)).url == read_target(OTLPSpanExporter()).url


def test_a_forked_child_reads_one_of_its_own(monkeypatch):
    wrapped = PerProcess(OTLPSpanExporter)
    before = read_target(wrapped)
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert read_target(wrapped).session is not before.session
    assert read_target(wrapped).session is read_target(wrapped).session


class Own(OTLPSpanExporter):
    def export(self, spans):
        raise AssertionError("does as it likes")


class Transport:
    def close(self):
        pass


@pytest.mark.parametrize(
    "exporter",
    [
        ConsoleSpanExporter(), OTLPMetricExporter(), Own(), object(), None, PerProcess(Own),
        OTLPSpanExporter(_transport=Transport()),
    ],
)  # fmt: skip
def test_what_is_no_stock_exporter_is_not_read(exporter):
    assert read_target(exporter) is None


def test_requests_of_ours_are_left_alone_by_instrumentation():
    def suppressed():
        from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY

        return bool(get_value(_SUPPRESS_INSTRUMENTATION_KEY))

    with untraced():
        assert suppressed()
    assert not suppressed()


def test_neither_grpc_nor_requests_is_imported_before_a_sink_wants_it():
    program = (
        "import sys, agent_otel.delivery, agent_otel.delivery.otlp as otlp, agent_otel.delivery.stock_sink\n"
        "import agent_otel.delivery.file_sink\n"
        "assert not {'grpc', 'requests'} & set(sys.modules)\n"
        "otlp.OtlpHttpSink; assert 'grpc' not in sys.modules\n"
        "otlp.OtlpGrpcSink; assert 'grpc' in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


def test_other_names_are_not_there():
    from agent_otel.delivery import otlp

    assert not hasattr(otlp, "OtlpPigeonSink")
