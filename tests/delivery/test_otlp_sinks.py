"""Both OTLP sinks against a real receiver over loopback: the same faults, the same verdicts."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timezone
import threading

import pytest

from agent_otel.delivery import FailureKind, SinkSpec
from agent_otel.delivery.otlp import OtlpGrpcSink, OtlpHttpSink
from agent_otel.testing import OtlpReceiver, faults
from agent_otel.testing.certificates import ServerCertificate
from delivery.otlp_samples import SPEC, bare, encode_span, item, items, log_items, span, with_raw
from testing.exporting import PROTOCOLS, make_exporter

SINKS = {"http": OtlpHttpSink, "grpc": OtlpGrpcSink}
NOT_NOW, TROUBLE = FailureKind.NOT_NOW, FailureKind.TROUBLE
both_protocols = pytest.mark.parametrize("protocol", PROTOCOLS)


class Nobody:
    def __init__(self, url):
        self.http_endpoint = self.grpc_endpoint = url


@pytest.fixture(params=PROTOCOLS)
def protocol(request):
    return request.param


@pytest.fixture
def receiver():
    with OtlpReceiver(grpc=True) as started:
        yield started


@contextmanager
def sending(receiver, protocol, signal="traces", *, spec=SPEC, stub=None, max_request_bytes=None, **options):
    exporter = make_exporter(receiver, protocol, signal, **options)
    limits = {} if max_request_bytes is None else {"max_request_bytes": max_request_bytes}
    sink = SINKS[protocol](spec, exporter, stub=stub, **limits)
    yield sink
    sink.shutdown()
    exporter.shutdown()


def export(receiver, protocol, *names, **options):
    with sending(receiver, protocol, **options) as sink:
        return sink.export(items(*(names or "ab")), None)


def failure(receiver, protocol, **options):
    verdict = export(receiver, protocol, **options)
    assert (verdict.settled, verdict.refused) == (0, ())
    return verdict.failure


# -- what is taken ----------------------------------------------------------------------------------------------------


def test_spans_arrive_as_they_were(receiver, protocol):
    verdict = export(receiver, protocol, "a", "b")
    assert (verdict.settled, verdict.refused, verdict.failure, verdict.partial_count) == (2, (), None, 0)
    assert [(one.name, one.resource["service.name"], one.scope) for one in receiver.spans()] == [
        ("a", "agent", "scope"), ("b", "agent", "scope"),
    ]  # fmt: skip


def test_log_records_arrive_as_they_were(receiver, protocol):
    with sending(receiver, protocol, "logs") as sink:
        assert sink.export(log_items(), None).settled == 4
    assert len(receiver.logs()) == 4


def test_items_of_the_other_signal_are_refused_and_do_no_harm(receiver, protocol):
    with sending(receiver, protocol) as sink:
        verdict = sink.export([*items("a"), *log_items()[:1], *items("b")], None)
    assert (verdict.settled, verdict.refused) == (3, ((1, "wrong signal"),))
    assert [one.name for one in receiver.spans()] == ["a", "b"]


def test_nothing_is_sent_of_nothing(receiver, protocol):
    with sending(receiver, protocol) as sink:
        assert sink.export([], None).settled == 0
    assert receiver.requests() == []


@both_protocols
@pytest.mark.parametrize(("mode", "arrives"), [("raw_content", "as it was"), ("redacted_summary", "scrubbed")])
def test_raw_forms_go_only_where_raw_content_may(receiver, protocol, mode, arrives):
    one = with_raw(item(encode_span(span("scrubbed"))), encode_span(span("as it was"))[1])
    with sending(receiver, protocol, spec=SinkSpec(sink_id="s", content_mode=mode)) as sink:
        sink.export([one], None)
    assert [found.name for found in receiver.spans()] == [arrives]


def test_headers_of_the_exporter_are_sent(receiver, protocol):
    export(receiver, protocol, headers={"x-key": "k"})
    (request,) = receiver.requests()
    assert request.headers["x-key"] == "k"
    assert request.headers["user-agent"].startswith("OTel-OTLP-Exporter-Python/")


def test_what_is_told_of_a_partial_success_is_told_once_and_not_sent_again(receiver, protocol):
    receiver.respond_with(faults.partial_success(rejected=2, message="too old"))
    verdict = export(receiver, protocol, "a", "b", "c")
    assert (verdict.settled, verdict.refused, verdict.failure) == (3, (), None)
    assert (verdict.partial_count, verdict.partial_message) == (2, "too old")
    assert len(receiver.requests()) == 1


def test_a_warning_is_told(receiver, protocol):
    receiver.respond_with(faults.partial_success(rejected=0, message="old protocol"))
    verdict = export(receiver, protocol)
    assert (verdict.settled, verdict.partial_count, verdict.partial_message) == (2, 0, "old protocol")


# -- what an endpoint answers -----------------------------------------------------------------------------------------


@both_protocols
@pytest.mark.parametrize("seconds", [0, 7, 1.5, 86_400, None])
def test_a_delay_that_is_asked_for_is_told_within_bounds(receiver, protocol, seconds):
    receiver.respond_with(faults.status(503, retry_after=seconds))
    found = failure(receiver, protocol)
    assert found.kind is NOT_NOW
    assert found.retry_after_s == (None if seconds is None else min(seconds, 3600.0))


def test_a_time_that_is_past_asks_for_no_delay(receiver, protocol):
    receiver.respond_with(faults.status(429, retry_after=datetime(2001, 2, 3, tzinfo=timezone.utc)))
    assert failure(receiver, protocol).retry_after_s == 0.0


def test_reasons_hold_nothing_of_what_was_answered(receiver, protocol):
    for code in (500, 400, 503, 401):
        receiver.respond_with(faults.status(code, message="hunter2"))
        assert "hunter2" not in repr(failure(receiver, protocol))


# -- data that is refused ---------------------------------------------------------------------------------------------


def poisoned(receiver, code, name="poison"):
    """Have requests with a span of this name refused."""
    arrivals = []
    real = receiver._decide

    def decide(arrival):
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        arrivals.append(arrival)
        parsed = ExportTraceServiceRequest.FromString(arrival.payload)
        names = [one.name for group in parsed.resource_spans for scope in group.scope_spans for one in scope.spans]
        message = "request larger than 9 bytes" if code == 413 else ""
        return faults.status(code, message=message).answer(arrival) if name in names else real(arrival)

    receiver._decide = decide
    return arrivals


@both_protocols
@pytest.mark.parametrize("code", [400, 413])
def test_one_poisoned_span_is_refused_and_the_rest_goes(receiver, protocol, code):
    arrivals = poisoned(receiver, code)
    verdict = export(receiver, protocol, "a", "b", "poison", "c", "d", "e")
    reason = f"status {code}" if protocol == "http" else {400: "INVALID_ARGUMENT", 413: "RESOURCE_EXHAUSTED"}[code]
    assert (verdict.settled, verdict.refused, verdict.failure) == (6, ((2, reason),), None)
    assert [one.name for one in receiver.spans()] == ["a", "b", "c", "d", "e"]
    assert len(arrivals) <= 8


def test_a_lone_poisoned_span_is_refused_once_the_endpoint_took_the_empty_request(receiver, protocol):
    poisoned(receiver, 400)
    verdict = export(receiver, protocol, "poison")
    assert (verdict.settled, len(verdict.refused), verdict.failure) == (1, 1, None)
    assert [request.size for request in receiver.requests() if request.accepted] == [0]


@both_protocols
@pytest.mark.parametrize("count", [1, 2, 50])
def test_an_endpoint_that_refuses_everything_costs_nothing(receiver, protocol, count):
    receiver.respond_with(faults.status(400))
    verdict = export(receiver, protocol, *["a"] * count)
    assert (verdict.settled, verdict.refused, verdict.failure.kind) == (0, (), TROUBLE)
    assert len(receiver.requests()) < 20


def test_a_span_of_16_mb_among_500_small_ones(receiver, protocol):
    made = items(*["a"] * 500)
    made[250] = item(encode_span(span("giant", text="x" * 16_000_000)))
    with sending(receiver, protocol) as sink:
        verdict = sink.export(made, None)
    assert (verdict.settled, verdict.refused, verdict.failure) == (500, ((250, "too large"),), None)
    assert len(receiver.spans()) == 499
    assert len(receiver.requests()) == 2


def test_a_span_of_16_mb_goes_as_its_stub(receiver, protocol):
    made = [item(encode_span(span("giant", text="x" * 16_000_000))), *items("b")]
    with sending(receiver, protocol, stub=lambda _giant: items("stub")[0]) as sink:
        verdict = sink.export(made, None)
    assert (verdict.settled, verdict.refused) == (2, ())
    assert [one.name for one in receiver.spans()] == ["stub", "b"]


def test_requests_are_as_large_as_a_collector_takes(receiver, protocol):
    made = [item(encode_span(one)) for one in [span("a", text="x" * 900_000) for _ in range(9)]]
    with sending(receiver, protocol) as sink:  # over gRPC the receiver refuses more than 4 MiB, as a collector does
        assert sink.export(made, None).settled == 9
    assert [request.size < 2**22 for request in receiver.requests()] == [True] * 3


def test_an_endpoint_with_a_lower_limit_gets_smaller_requests(receiver, protocol):
    receiver.respond_with(faults.size_limit(1000))
    verdict = export(receiver, protocol, *["a" * 100] * 30)
    assert (verdict.settled, verdict.refused, verdict.failure) == (30, (), None)
    assert len(receiver.spans()) == 30


# -- connections ------------------------------------------------------------------------------------------------------


def test_a_port_that_refuses(protocol):
    with faults.closed_port() as url:
        found = failure(Nobody(url), protocol)
    assert (found.kind, found.reason) == (
        NOT_NOW, {"http": "ConnectionRefusedError", "grpc": "UNAVAILABLE"}[protocol]
    )  # fmt: skip


def test_a_name_that_is_not_resolved(protocol):
    found = failure(Nobody("http://nowhere.invalid:4318"), protocol, timeout=30)
    assert (found.kind, found.reason) == (TROUBLE, "name not resolved")


@both_protocols
@pytest.mark.parametrize("fault", [faults.reset, faults.half_close, faults.truncate])
def test_a_broken_connection_asks_for_patience_and_the_next_request_has_a_new_one(receiver, protocol, fault):
    receiver.respond_with(faults.first(1, fault()))
    with sending(receiver, protocol) as sink:
        verdict = sink.export(items("a"), None)
        assert (verdict.settled, verdict.failure.kind) == (0, NOT_NOW)
        assert sink.export(items("a"), None).settled == 1
    assert len(receiver.spans()) == 1


def test_an_outage_ends(receiver, protocol):
    with sending(receiver, protocol) as sink:
        assert sink.export(items("before"), None).settled == 1
        with receiver.outage():
            assert sink.export(items("lost"), None).failure.kind is NOT_NOW
        assert sink.export(items("after"), None).settled == 1
    assert [one.name for one in receiver.spans()] == ["before", "after"]


def test_an_answer_that_takes_longer_than_the_timeout(receiver, protocol):
    receiver.respond_with(faults.stall())
    found = failure(receiver, protocol, timeout=0.2)
    assert (found.kind, found.reason) == (NOT_NOW, {"http": "timeout", "grpc": "DEADLINE_EXCEEDED"}[protocol])
    receiver.stop()


def test_shutdown_ends_a_request_that_is_under_way(receiver, protocol):
    receiver.respond_with(faults.stall())
    verdicts = []
    with sending(receiver, protocol, timeout=60) as sink:
        thread = threading.Thread(target=lambda: verdicts.append(sink.export(items("a"), None)))
        thread.start()
        assert receiver.wait_for(lambda of: of.held == 1)
        sink.shutdown()
        thread.join(10)
        (verdict,) = verdicts
        assert (verdict.settled, verdict.failure.kind) == (0, NOT_NOW)
        assert sink.export(items("a"), None).failure.kind is NOT_NOW


# -- TLS --------------------------------------------------------------------------------------------------------------


def trusting(certificate, protocol):
    if protocol == "http":
        return {"certificate_file": str(certificate.authority_file)}
    import grpc

    return {"credentials": grpc.ssl_channel_credentials(certificate.authority_file.read_bytes())}


def test_tls_with_the_exporters_certificate(tmp_path, protocol):
    certificate = ServerCertificate.issue(tmp_path)
    with OtlpReceiver(grpc=True, certificate=certificate) as receiver:
        assert export(receiver, protocol, **trusting(certificate, protocol)).settled == 2
        assert len(receiver.spans()) == 2


def test_tls_that_is_not_trusted(tmp_path, protocol):
    with OtlpReceiver(grpc=True, certificate=ServerCertificate.issue(tmp_path)) as receiver:
        found = failure(receiver, protocol)
    assert found.kind is TROUBLE
    assert found.reason.startswith("TLS")


def test_tls_for_another_name(tmp_path, protocol):
    certificate = ServerCertificate.issue(tmp_path, host="other.example")
    with OtlpReceiver(grpc=True, certificate=certificate) as receiver:
        found = failure(receiver, protocol, **trusting(certificate, protocol))
    assert found.kind is TROUBLE
    assert found.reason.startswith("TLS")


def test_tls_to_a_port_without(receiver, protocol):
    class Encrypted:
        http_endpoint = receiver.http_endpoint.replace("http:", "https:")
        grpc_endpoint = receiver.grpc_endpoint.replace("http:", "https:")

    found = failure(Encrypted, protocol)
    assert found.kind is TROUBLE
    assert found.reason.startswith("TLS")


# -- the exporter it is made from -------------------------------------------------------------------------------------


def test_no_sink_is_made_from_anything_else(receiver, protocol):
    other = make_exporter(receiver, {"http": "grpc", "grpc": "http"}[protocol])
    for wrong in (other, object()):
        with pytest.raises(TypeError, match="no stock OTLP exporter"):
            SINKS[protocol](SPEC, wrong)
    other.shutdown()


def test_what_is_no_otlp_is_the_endpoints_to_judge(receiver, protocol):
    with sending(receiver, protocol) as sink:
        verdict = sink.export([*items("a"), bare(b"\xff"), *items("b")], None)
    assert [position for position, _ in verdict.refused] == [1]
    assert [one.name for one in receiver.spans()] == ["a", "b"]
