"""TLS: a client that trusts the receiver, and those that must not."""

from __future__ import annotations

from contextlib import closing
from http.client import HTTPSConnection
from pathlib import Path
import socket
import ssl
import sys
from urllib.parse import urlsplit

import grpc
import pytest

from agent_otel.testing import OtlpReceiver, ServerCertificate, faults
from testing.exporting import HASTY, PROTOCOLS, export

both_protocols = pytest.mark.parametrize("protocol", PROTOCOLS)


@pytest.fixture(autouse=True)
def _no_authorities_of_the_machine(monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # win over what the exporter is told
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def certificate(tmp_path):
    return ServerCertificate.issue(tmp_path)


def trusting(certificate, protocol):
    """What a stock exporter needs to trust an authority."""
    if protocol == "http":
        return {"certificate_file": str(certificate.authority_file)}
    return {"credentials": grpc.ssl_channel_credentials(certificate.authority_file.read_bytes())}


@both_protocols
def test_a_client_with_the_authority_is_served(certificate, protocol):
    with OtlpReceiver(grpc=True, certificate=certificate) as receiver:
        assert receiver.http_endpoint.startswith("https://")
        assert receiver.grpc_endpoint.startswith("https://")
        assert export(receiver, protocol, **trusting(certificate, protocol))
        assert len(receiver.spans()) == 1
        assert receiver.failed_handshakes == 0


@both_protocols
def test_the_variable_of_opentelemetry_names_the_authority(certificate, protocol, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(certificate.authority_file))
    with OtlpReceiver(grpc=True, certificate=certificate) as receiver:
        assert export(receiver, protocol)


@both_protocols
def test_a_client_without_the_authority_hangs_up(certificate, protocol):
    with OtlpReceiver(grpc=True, certificate=certificate) as receiver:
        assert not export(receiver, protocol, timeout=HASTY)
        if protocol == "http":
            assert receiver.wait_for(lambda of: of.failed_handshakes > 0)
        assert receiver.requests() == []


@both_protocols
def test_a_certificate_for_another_host_is_refused(tmp_path, protocol):
    elsewhere = ServerCertificate.issue(tmp_path, host="collector.invalid")
    with OtlpReceiver(grpc=True, certificate=elsewhere) as receiver:
        assert not export(receiver, protocol, timeout=HASTY, **trusting(elsewhere, protocol))
        assert receiver.requests() == []


def test_why_a_client_refuses(tmp_path, certificate):
    (tmp_path / "other").mkdir()
    elsewhere = ServerCertificate.issue(tmp_path / "other", host="collector.invalid")
    for shown, trusted, reason in (
        (certificate, None, "certificate verify failed"),
        (elsewhere, elsewhere, "IP address mismatch"),
    ):
        with OtlpReceiver(certificate=shown) as receiver:
            context = ssl.create_default_context(cafile=trusted and trusted.authority_file)
            address = urlsplit(receiver.http_endpoint).netloc
            connection = HTTPSConnection(address, timeout=10, context=context)
            with closing(connection), pytest.raises(ssl.SSLCertVerificationError, match=reason):
                connection.connect()


@both_protocols
@pytest.mark.parametrize("fault", [faults.reset, faults.half_close])
def test_connections_break_under_tls_as_well(certificate, protocol, fault):
    with OtlpReceiver(grpc=True, certificate=certificate, respond=faults.first(1, fault())) as receiver:
        assert export(receiver, protocol, **trusting(certificate, protocol))
        assert [request.accepted for request in receiver.requests()] == [False, True]


@both_protocols
def test_an_outage_under_tls(certificate, protocol):
    with OtlpReceiver(grpc=True, certificate=certificate) as receiver:
        with receiver.outage():
            assert not export(receiver, protocol, timeout=HASTY, **trusting(certificate, protocol))
        assert export(receiver, protocol, **trusting(certificate, protocol))


def test_a_client_that_says_nothing_holds_up_nobody(certificate):
    with OtlpReceiver(certificate=certificate) as receiver:
        address = ("127.0.0.1", urlsplit(receiver.http_endpoint).port)
        with socket.create_connection(address, timeout=10):
            assert export(receiver, "http", **trusting(certificate, "http"))


def test_a_client_without_tls_is_counted(certificate):
    with OtlpReceiver(certificate=certificate) as receiver, socket.socket() as plain:
        plain.settimeout(10)
        plain.connect(("127.0.0.1", urlsplit(receiver.http_endpoint).port))
        plain.sendall(b"POST /v1/traces HTTP/1.1\r\n\r\n")
        assert receiver.wait_for(lambda of: of.failed_handshakes == 1)


def test_the_key_is_shown_nowhere(tmp_path, certificate):
    assert "PRIVATE" not in repr(certificate)
    certificate.context()
    assert [path.name for path in tmp_path.iterdir()] == ["authority.pem"]
    assert "PRIVATE" not in Path(certificate.authority_file).read_text()


def test_without_its_library_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(ImportError, match="trustme"):
        ServerCertificate.issue(tmp_path)
