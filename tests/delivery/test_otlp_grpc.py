"""What is OTLP over gRPC's own: its codes, messages that tell sizes from quotas, retry details, channels."""

from __future__ import annotations

from contextlib import contextmanager

from google.rpc.error_details_pb2 import RetryInfo
import grpc
import pytest

from agent_otel.delivery import FailureKind, SinkFailure
from agent_otel.delivery.otlp import OtlpGrpcSink
from agent_otel.delivery.otlp.answer import Refused
from agent_otel.delivery.otlp.grpc import _answer
from agent_otel.testing import OtlpReceiver, faults
from delivery.otlp_samples import SPEC, items
from testing.exporting import make_exporter

NOT_NOW, TROUBLE = FailureKind.NOT_NOW, FailureKind.TROUBLE


@pytest.fixture
def receiver():
    with OtlpReceiver(grpc=True) as started:
        yield started


@contextmanager
def sink_to(receiver, **options):
    exporter = make_exporter(receiver, "grpc", **options)
    sink = OtlpGrpcSink(SPEC, exporter)
    yield sink
    sink.shutdown()
    exporter.shutdown()


def export(receiver, *names, **options):
    with sink_to(receiver, **options) as sink:
        return sink.export(items(*(names or "a")), None)


@pytest.mark.parametrize(
    "code",
    ["CANCELLED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"],
)
def test_codes_that_ask_for_patience(receiver, code):
    receiver.respond_with(faults.status(code))
    verdict = export(receiver)
    assert (verdict.settled, verdict.failure.kind, verdict.failure.reason) == (0, NOT_NOW, code)
    assert len(receiver.requests()) == 1


@pytest.mark.parametrize(
    "code",
    [
        "UNAUTHENTICATED", "PERMISSION_DENIED", "UNIMPLEMENTED", "NOT_FOUND", "INTERNAL", "UNKNOWN",
        "FAILED_PRECONDITION", "ALREADY_EXISTS",
    ],
)  # fmt: skip
def test_codes_that_are_trouble(receiver, code):
    receiver.respond_with(faults.status(code))
    verdict = export(receiver)
    assert (verdict.settled, verdict.failure.kind, verdict.failure.reason) == (0, TROUBLE, code)
    assert len(receiver.requests()) == 1


def test_the_code_that_judges_the_data(receiver):
    receiver.respond_with(faults.first(1, faults.status("INVALID_ARGUMENT")))
    verdict = export(receiver)
    assert (verdict.settled, verdict.refused, verdict.failure) == (1, ((0, "INVALID_ARGUMENT"),), None)


@pytest.mark.parametrize(
    "details",
    [
        "grpc: received message larger than max (5000000 vs. 4194304)",
        "grpc: received message after decompression larger than max 4194304",
        "SERVER: Received message larger than max (5000000 vs. 4194304)",
        "Received message larger than max (5000000 vs. 4194304)",
        "gRPC message exceeds maximum size 4194304: 5000000",
        "Received message exceeds the maximum configured message size.",
        "Error, decoded message length too large: found 5000000 bytes, the limit is: 4194304 bytes",
        "request larger than 9 bytes",
        "http: request body too large",
    ],
)
def test_what_servers_say_of_a_message_that_is_too_large(details):
    for code in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.OUT_OF_RANGE):
        assert _answer(code, details, None) == Refused(reason=code.name, for_size=True)
    assert isinstance(_answer(grpc.StatusCode.RESOURCE_EXHAUSTED, details, 1.0), SinkFailure)  # it gives a time


@pytest.mark.parametrize(
    "details",
    [
        "", "quota exceeded", "rate limit exceeded", "request rate exceeds maximum", "message rate exceeds maximum",
        "too many requests", "ingestion rate limit (1000 bytes) exceeded while adding 10 bytes", "server overloaded",
    ],
)  # fmt: skip
def test_what_servers_say_of_a_quota(details):
    assert _answer(grpc.StatusCode.RESOURCE_EXHAUSTED, details, None).kind is NOT_NOW


@pytest.mark.parametrize(
    ("details", "kind"),
    [
        ("errors resolving x:4317: [Domain name not found]", TROUBLE),
        ("DNS resolution failed for x:4317", TROUBLE),
        ("Tls handshake failed (TSI_PROTOCOL_FAILURE): SSL_ERROR_SSL", TROUBLE),
        ("CERTIFICATE_VERIFY_FAILED", TROUBLE),
        ("Hostname Verification Check failed.", TROUBLE),
        ("failed to connect to all addresses; last error: Connection refused", NOT_NOW),
        ("Socket closed", NOT_NOW),
        ("", NOT_NOW),
    ],
)
def test_unavailable_for_good_or_for_now(details, kind):
    assert _answer(grpc.StatusCode.UNAVAILABLE, details, None).kind is kind
    assert _answer(grpc.StatusCode.UNAVAILABLE, details, 1.0).kind is NOT_NOW  # somebody is there, and asks for time


@pytest.mark.parametrize(
    "trailers", [{"grpc-status-details-bin": b"\xff"}, {"google.rpc.retryinfo-bin": b"\xff"}, {"x": "y"}]
)
def test_retry_details_that_cannot_be_read_ask_for_nothing(receiver, trailers):
    receiver.respond_with(faults.status("UNAVAILABLE", headers=trailers))
    verdict = export(receiver)
    assert (verdict.failure.kind, verdict.failure.retry_after_s) == (NOT_NOW, None)


def test_retry_details_where_only_python_looks(receiver):
    info = RetryInfo()
    info.retry_delay.FromSeconds(5)
    receiver.respond_with(faults.status("UNAVAILABLE", headers={"google.rpc.retryinfo-bin": info.SerializeToString()}))
    assert export(receiver).failure.retry_after_s == 5.0


def test_compression_is_the_exporters(receiver, monkeypatch):
    made = []
    real = grpc.insecure_channel
    monkeypatch.setattr(grpc, "insecure_channel", lambda *args: made.append(args) or real(*args))
    assert export(receiver, compression=grpc.Compression.Gzip).settled == 1
    assert [args[2] for args in made] == [grpc.Compression.Gzip]
    assert len(receiver.spans()) == 1


def test_one_channel_serves_many_exports(receiver, monkeypatch):
    with sink_to(receiver) as sink:
        made = []
        real = grpc.insecure_channel
        monkeypatch.setattr(grpc, "insecure_channel", lambda *args: made.append(args) or real(*args))
        for _ in range(10):
            assert sink.export(items("a"), None).settled == 1
        assert len(made) == 1
    assert len({request.headers.get("user-agent") for request in receiver.requests()}) == 1


def test_metadata_that_grpc_does_not_send_is_trouble(receiver):
    verdict = export(receiver, headers={"Not Allowed": "x"})
    assert (verdict.settled, verdict.failure.kind) == (0, TROUBLE)


def test_shutdown_may_be_asked_for_twice_and_before_anything_was_sent(receiver):
    with sink_to(receiver) as sink:
        sink.shutdown()
        sink.shutdown()
        assert sink.export(items("a"), None).failure.reason == "shut down"


def test_another_process_has_a_channel_of_its_own(receiver, monkeypatch):
    with sink_to(receiver) as sink:
        sink.export(items("a"), None)
        channel = sink._channel
        monkeypatch.setattr("os.getpid", lambda: -1)
        assert sink.export(items("b"), None).settled == 1
        assert sink._channel is not channel
        channel.close()
    assert [one.name for one in receiver.spans()] == ["a", "b"]
