"""What is OTLP over HTTP's own: statuses, redirects, kept connections, compression, proxies, sessions."""

from __future__ import annotations

from contextlib import contextmanager, suppress
import os
import socket
import subprocess
import sys
import threading

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_value
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
import pytest
import requests

from agent_otel.delivery import FailureKind
from agent_otel.delivery.otlp import OtlpHttpSink
from agent_otel.setup.per_process import PerProcess
from agent_otel.testing import OtlpReceiver, Reply, faults
from agent_otel.testing.certificates import ServerCertificate
from delivery.otlp_samples import SPEC, items
from testing.exporting import make_exporter

NOT_NOW, TROUBLE = FailureKind.NOT_NOW, FailureKind.TROUBLE


@contextmanager
def sink_to(receiver, **options):
    exporter = make_exporter(receiver, "http", **options)
    sink = OtlpHttpSink(SPEC, exporter)
    yield sink
    sink.shutdown()
    exporter.shutdown()


def export(receiver, *names, **options):
    with sink_to(receiver, **options) as sink:
        return sink.export(items(*(names or "a")), None)


@pytest.mark.parametrize("code", [408, 429, 502, 503, 504])
def test_statuses_that_ask_for_patience(receiver, code):
    receiver.respond_with(faults.status(code))
    verdict = export(receiver)
    assert (verdict.settled, verdict.failure.kind, verdict.failure.reason) == (0, NOT_NOW, f"status {code}")
    assert len(receiver.requests()) == 1


@pytest.mark.parametrize("code", [300, 301, 302, 303, 307, 308, 401, 403, 404, 405, 407, 415, 500, 501, 505])
def test_statuses_that_are_trouble(receiver, code):
    receiver.respond_with(faults.status(code, headers={"location": f"{receiver.http_endpoint}/v1/traces"}))
    verdict = export(receiver)
    assert (verdict.settled, verdict.failure.kind, verdict.failure.reason) == (0, TROUBLE, f"status {code}")
    assert len(receiver.requests()) == 1  # not sent on to where a redirect points


@pytest.mark.parametrize("code", [400, 413, 422])
def test_statuses_that_judge_the_data(receiver, code):
    receiver.respond_with(faults.first(1, faults.status(code)))
    verdict = export(receiver)
    assert (verdict.settled, verdict.refused, verdict.failure) == (1, ((0, f"status {code}"),), None)


@pytest.mark.parametrize("code", [200, 202, 204])
def test_every_2xx_is_a_success(receiver, code):
    receiver.respond_with(lambda _signal, _number: Reply(code))
    assert export(receiver).settled == 1


def test_a_path_that_is_not_there(receiver):
    exporter = OTLPSpanExporter(endpoint=f"{receiver.http_endpoint}/nowhere")
    sink = OtlpHttpSink(SPEC, exporter)
    assert sink.export(items("a"), None).failure.reason == "status 404"
    sink.shutdown()


# -- connections ------------------------------------------------------------------------------------------------------


def count_connections(receiver, monkeypatch):
    opened = []
    server = receiver._http._server
    real = server.get_request
    monkeypatch.setattr(server, "get_request", lambda: opened.append(1) or real())
    return opened


@pytest.mark.parametrize("fault", [None, faults.status(503), faults.status(500), faults.status(400, message="x" * 999)])
def test_one_connection_serves_many_exports(receiver, monkeypatch, fault):
    opened = count_connections(receiver, monkeypatch)
    receiver.respond_with(faults.every(2, fault) if fault else None)
    with sink_to(receiver) as sink:
        for _ in range(20):
            sink.export(items("a"), None)
    assert len(receiver.requests()) >= 20
    assert len(opened) == 1


def test_shutdown_closes_the_connection(receiver, monkeypatch):
    with sink_to(receiver) as sink:
        sink.export(items("a"), None)
        sink.shutdown()
        sink.shutdown()  # once more does no harm
        assert sink.export(items("a"), None).failure.reason == "shut down"


@pytest.mark.parametrize(
    ("compression", "encoding"), [(Compression.Gzip, "gzip"), (Compression.Deflate, "deflate"), (None, None)]
)
def test_compression_is_the_exporters(receiver, compression, encoding):
    assert export(receiver, "a" * 5000, compression=compression).settled == 1
    (request,) = receiver.requests()
    assert request.headers.get("content-encoding") == encoding
    assert (request.wire_size < request.size / 2) == (encoding is not None)


@contextmanager
def raw_server(*chunks):
    """Serve one connection after the other: read a request, say this, and wait until the client hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, suppress(ConnectionError):
                    connection.recv(65_536)
                    for chunk in chunks:
                        connection.sendall(chunk)
                    while connection.recv(65_536):
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


class At:
    def __init__(self, url):
        self.http_endpoint = url


@pytest.mark.parametrize(
    "chunks",
    [
        (),  # never an answer
        (b"HTTP/1.1 200 OK\r\n",),  # never the end of its head
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", b"1"),  # never the end of its body
    ],
)
def test_an_answer_that_does_not_end_is_waited_for_no_longer_than_the_timeout(chunks):
    with raw_server(*chunks) as url:
        verdict = export(At(url), timeout=0.2)
    assert (verdict.settled, verdict.failure.kind, verdict.failure.reason) == (0, NOT_NOW, "timeout")


def test_what_is_no_http_is_connection_trouble():
    with raw_server(b"SSH-2.0-OpenSSH_9.6\r\n") as url:
        verdict = export(At(url), timeout=5)
    assert verdict.failure.kind is NOT_NOW


def test_a_success_with_an_endless_body_is_one(receiver):
    with raw_server(b"HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n" + b"x" * 200_000) as url:
        assert export(At(url), timeout=5).settled == 1


def test_a_success_of_another_content_type_is_one():
    body = b'{"partialSuccess":{"rejectedSpans":"1","errorMessage":"old"}}'
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    with raw_server(head + body) as url:
        verdict = export(At(url), timeout=5)
    assert (verdict.settled, verdict.partial_count, verdict.partial_message) == (1, 1, "old")


def test_a_proxy_that_refuses_the_tunnel_is_trouble(monkeypatch):
    with raw_server(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n") as url:
        monkeypatch.setenv("HTTPS_PROXY", url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("https_proxy", url)
        verdict = export(At("https://collector.invalid"), timeout=5)
    assert (verdict.failure.kind, verdict.failure.reason) == (TROUBLE, "status 407")


def test_a_bundle_for_other_requests_does_not_go_before_the_exporters_certificate(tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ServerCertificate.issue(tmp_path / "other").authority_file))
    certificate = ServerCertificate.issue(tmp_path)
    with OtlpReceiver(certificate=certificate) as receiver:
        assert export(receiver, certificate_file=str(certificate.authority_file)).settled == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"certificate_file": "/nowhere/ca.pem"}, "OSError"),
        ({"headers": {"x": "a\nb"}}, "InvalidHeader"),
    ],
)
def test_settings_that_no_request_can_be_made_with_are_trouble(receiver, options, reason):
    class Encrypted:
        http_endpoint = receiver.http_endpoint.replace("http:", "https:")

    verdict = export(Encrypted, **options)
    assert (verdict.settled, verdict.failure.kind, verdict.failure.reason) == (0, TROUBLE, reason)


# -- the exporter's session -------------------------------------------------------------------------------------------


def test_the_session_of_a_credential_provider_is_used(receiver):
    session = requests.Session()
    session.auth = ("me", "secret")
    assert export(receiver, session=session).settled == 1
    assert receiver.requests()[0].headers["authorization"].startswith("Basic ")


def test_a_credential_provider_that_fails_is_trouble(receiver):
    class NoCredentials(Exception):
        pass

    def fail(_request):
        raise NoCredentials("secret")

    session = requests.Session()
    session.auth = fail
    verdict = export(receiver, session=session)
    assert (verdict.failure.kind, verdict.failure.reason) == (TROUBLE, "NoCredentials")


def test_our_own_requests_are_not_traced(receiver):
    seen = []

    class Watching(requests.Session):
        def request(self, *args, **kwargs):
            seen.append(get_value(_SUPPRESS_INSTRUMENTATION_KEY))
            return super().request(*args, **kwargs)

    assert export(receiver, session=Watching()).settled == 1
    assert seen == [True]
    assert get_value(_SUPPRESS_INSTRUMENTATION_KEY) is None


def test_what_is_exported_at_the_interpreters_exit_arrives(receiver):
    program = (
        "import atexit\n"
        "from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter\n"
        "from delivery.otlp_samples import SPEC, items\n"
        "from agent_otel.delivery import OtlpHttpSink\n"
        f"sink = OtlpHttpSink(SPEC, OTLPSpanExporter(endpoint='{receiver.http_endpoint}/v1/traces'))\n"
        "atexit.register(lambda: sink.export(items('last'), None))\n"
    )
    environ = {**os.environ, "PYTHONPATH": ":".join(entry for entry in sys.path if entry)}
    assert subprocess.run([sys.executable, "-c", program], env=environ, timeout=60).returncode == 0
    assert [one.name for one in receiver.spans()] == ["last"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_has_a_connection_of_its_own(receiver, monkeypatch):
    opened = count_connections(receiver, monkeypatch)
    exporter = PerProcess(lambda: make_exporter(receiver, "http"))
    sink = OtlpHttpSink(SPEC, exporter)
    assert sink.export(items("parent"), None).settled == 1
    made = items("child")
    child = os.fork()
    if child == 0:
        os._exit(sink.export(made, None).settled)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert sink.export(items("parent"), None).settled == 1
    sink.shutdown()
    assert [one.name for one in receiver.spans()] == ["parent", "child", "parent"]
    assert len(opened) == 2
