"""Each fault over real sockets to the stock exporters: what the client got shows that it was delivered."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timezone
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected
import socket
import subprocess
import sys
import threading
from urllib.parse import urlsplit

from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
import pytest

from agent_otel.testing import OtlpReceiver, Reply, faults
from agent_otel.testing.exchange import SERVICES
from testing.exporting import HASTY, PATIENT, PROTOCOLS, export, exporting, send_logs, send_metric

RESPONSES = {
    "traces": ExportTraceServiceResponse,
    "metrics": ExportMetricsServiceResponse,
    "logs": ExportLogsServiceResponse,
}
both_protocols = pytest.mark.parametrize("protocol", PROTOCOLS)


@pytest.fixture
def receiver():
    with OtlpReceiver(grpc=True) as started:
        yield started


def connect(receiver):
    return closing(HTTPConnection(urlsplit(receiver.http_endpoint).netloc, timeout=10))


def post(connection, signal="traces"):
    connection.request("POST", f"/v1/{signal}", b"", {"content-type": "application/x-protobuf"})
    return connection.getresponse()


def call(receiver, signal="traces"):
    """Send an empty request over gRPC; gives the response, or the error."""
    # Channels to one address share connections otherwise: a new one may get the dying one of the last.
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(urlsplit(receiver.grpc_endpoint).netloc, options) as channel:
        method = channel.unary_unary(f"/{SERVICES[signal].grpc_name}/Export")
        try:
            return method(b"", timeout=10)
        except grpc.RpcError as error:
            return error


# -- statuses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [302, 400, 401, 403, 404, 413, 429, 500, 502, 503, 504])
def test_a_status_over_http(receiver, code):
    receiver.respond_with(faults.status(code))
    assert export(receiver, "http", timeout=PATIENT if code == 302 else HASTY) is (
        code == 302
    )  # which the stock exporter takes for success
    assert {request.status for request in receiver.requests()} == {code}
    assert receiver.spans() == []


@pytest.mark.parametrize(
    "code",
    ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "INVALID_ARGUMENT", "UNAUTHENTICATED", "DEADLINE_EXCEEDED", "INTERNAL", 413],
)
def test_a_status_over_grpc(receiver, code):
    receiver.respond_with(faults.status(code, message="so it is"))
    assert not export(receiver, "grpc", timeout=HASTY)
    error = call(receiver)
    assert error.code().name == ("RESOURCE_EXHAUSTED" if code == 413 else code)
    assert error.details() == "so it is"
    assert {request.status for request in receiver.requests()} == {error.code().value[0]}
    assert receiver.spans() == []


@both_protocols
@pytest.mark.parametrize(
    "when", [0, datetime(2001, 2, 3, 4, 5, 6, tzinfo=timezone.utc)], ids=["seconds", "a date that is past"]
)
def test_a_client_that_may_retry_at_once_does(receiver, protocol, when):
    receiver.respond_with(faults.first(3, faults.status(429, retry_after=when)))
    assert export(receiver, protocol)  # in time only because it does not back off by itself: 0.8 s, 1.6 s, 3.2 s
    assert [request.accepted for request in receiver.requests()] == [False, False, False, True]
    assert len(receiver.spans()) == 1


@pytest.mark.parametrize(
    ("when", "header"),
    [
        (7, "7"),
        (1.5, "1.5"),
        (datetime(2031, 2, 3, 4, 5, 6, tzinfo=timezone.utc), "Mon, 03 Feb 2031 04:05:06 GMT"),
    ],
)
def test_retry_after_in_a_header(receiver, when, header):
    receiver.respond_with(faults.status(503, retry_after=when, headers={"x-shard": "3"}, message="busy"))
    with connect(receiver) as connection:
        response = post(connection)
        assert (response.headers["retry-after"], response.headers["x-shard"]) == (header, "3")
        assert Status.FromString(response.read()).message == "busy"


def test_retry_info_in_trailers(receiver):
    receiver.respond_with(faults.status("UNAVAILABLE", retry_after=1.5, headers={"x-shard": "3"}, message="busy"))
    trailers = dict(call(receiver).trailing_metadata())
    status = Status.FromString(trailers["grpc-status-details-bin"])
    assert (status.code, status.message) == (grpc.StatusCode.UNAVAILABLE.value[0], "busy")
    told, again = RetryInfo(), RetryInfo.FromString(trailers["google.rpc.retryinfo-bin"])
    assert status.details[0].Unpack(told)
    assert told.retry_delay.ToMilliseconds() == again.retry_delay.ToMilliseconds() == 1500
    assert trailers["x-shard"] == "3"


def test_a_time_to_come_is_a_delay_over_grpc(receiver):
    receiver.respond_with(faults.status(503, retry_after=datetime(9000, 1, 1, tzinfo=timezone.utc)))
    info = RetryInfo.FromString(dict(call(receiver).trailing_metadata())["google.rpc.retryinfo-bin"])
    assert info.retry_delay.seconds > 10**9


# -- partial success and size -----------------------------------------------------------------------------------------


@both_protocols
def test_partial_success_keeps_the_rest(receiver, protocol):
    receiver.respond_with(faults.first(1, faults.partial_success(rejected=2, message="too old")))
    assert export(receiver, protocol, "a", "b", "c")
    assert export(receiver, protocol, "d")
    assert [span.name for span in receiver.spans()] == ["a", "d"]
    assert [(request.accepted, request.rejected) for request in receiver.requests()] == [(True, 2), (True, 0)]


@both_protocols
def test_partial_success_of_metrics_and_logs(receiver, protocol):
    receiver.respond_with(faults.partial_success(rejected=1))
    send_metric(receiver, protocol)
    send_logs(receiver, protocol)
    assert [point.name for point in receiver.metrics()] == ["one"]
    assert [log.event_name for log in receiver.logs()] == ["one"]


@both_protocols
def test_rejecting_more_than_came_keeps_nothing(receiver, protocol):
    receiver.respond_with(faults.partial_success(rejected=9))
    assert export(receiver, protocol, "a", "b")
    assert receiver.spans() == []


@both_protocols
@pytest.mark.parametrize("signal", RESPONSES)
def test_partial_success_is_told_in_the_response_of_the_signal(receiver, protocol, signal):
    receiver.respond_with(faults.partial_success(rejected=2, message="too old"))
    if protocol == "http":
        with connect(receiver) as connection:
            response = post(connection, signal)
            assert response.status == 200
            body = response.read()
    else:
        body = call(receiver, signal)
    partial = RESPONSES[signal].FromString(body).partial_success
    assert (getattr(partial, SERVICES[signal].rejected), partial.error_message) == (2, "too old")


@both_protocols
def test_a_size_limit_refuses_what_is_larger(receiver, protocol):
    receiver.respond_with(faults.size_limit(1000))
    assert not export(receiver, protocol, "a" * 2000, timeout=HASTY)
    assert export(receiver, protocol, "a")
    assert [span.name for span in receiver.spans()] == ["a"]
    assert receiver.requests()[0].status == (413 if protocol == "http" else 8)


# -- waiting ----------------------------------------------------------------------------------------------------------


@both_protocols
def test_a_stall_ends_when_it_is_released(receiver, protocol):
    stall = faults.stall()
    receiver.respond_with(stall)
    with exporting(receiver, protocol) as results:
        assert receiver.wait_for(lambda of: of.held == 1)
        assert (results, receiver.requests()) == ([], [])
        stall.release()
    assert results == [True]
    assert receiver.held == 0
    assert export(receiver, protocol)  # what was released holds nothing any more
    assert len(receiver.spans()) == 2


@both_protocols
def test_a_stall_outlasts_a_client(receiver, protocol):
    receiver.respond_with(faults.first(2, faults.stall()))  # the exporter asks twice over HTTP
    assert not export(receiver, protocol, timeout=HASTY)
    assert receiver.wait_for(lambda of: of.held > 0)
    receiver.stop()
    assert receiver.held == 0
    assert receiver.spans() == []
    assert {request.status for request in receiver.requests()} == {None}


@both_protocols
def test_after_a_stall_may_come_a_fault(receiver, protocol):
    stall = faults.stall(then=faults.status(400))
    receiver.respond_with(stall)
    with exporting(receiver, protocol) as results:
        assert receiver.wait_for(lambda of: of.held == 1)
        stall.release()
    assert results == [False]


@both_protocols
def test_a_delay_ends_by_itself(receiver, protocol):
    receiver.respond_with(faults.delay(0.01))
    assert export(receiver, protocol)
    assert len(receiver.spans()) == 1


@both_protocols
def test_a_delay_beyond_the_clients_deadline(receiver, protocol):
    receiver.respond_with(faults.delay(600))
    assert not export(receiver, protocol, timeout=HASTY)
    assert receiver.wait_for(lambda of: of.held > 0)
    receiver.stop()  # does not take ten minutes
    assert receiver.spans() == []


def test_many_stalls_hold_up_nothing_else(receiver):
    stall = faults.stall()
    receiver.respond_with(faults.on("traces", stall))
    threads = [threading.Thread(target=call, args=(receiver,), daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert receiver.wait_for(lambda of: of.held == 8)
    send_logs(receiver, "grpc")
    assert len(receiver.logs()) == 2
    stall.release()
    for thread in threads:
        thread.join(30)


# -- broken connections -----------------------------------------------------------------------------------------------


def raw_answer(receiver):
    """Post over a plain socket; gives what is read up to the end of the stream."""
    host, port = urlsplit(receiver.http_endpoint).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n"
        )
        answer = b""
        while chunk := connection.recv(1000):
            answer += chunk
        connection.sendall(b"still there")  # a half-closed connection takes it
        return answer


def test_a_reset_over_http_is_one(receiver):
    receiver.respond_with(faults.reset())
    with pytest.raises(ConnectionResetError):
        raw_answer(receiver)


def test_a_half_closed_connection_is_one(receiver):
    receiver.respond_with(faults.half_close())
    assert raw_answer(receiver) == b""
    with connect(receiver) as connection, pytest.raises(RemoteDisconnected):
        post(connection)


def test_a_truncated_answer_is_one(receiver):
    receiver.respond_with(faults.truncate())
    assert raw_answer(receiver).startswith(b"HTTP/1.1 200")
    with connect(receiver) as connection:
        response = post(connection)
        with pytest.raises(IncompleteRead):
            response.read()


@pytest.mark.parametrize("fault", [faults.reset, faults.half_close, faults.truncate])
def test_a_broken_connection_over_grpc_ends_the_call(receiver, fault):
    receiver.respond_with(faults.first(1, fault()))
    assert call(receiver).code() is grpc.StatusCode.UNAVAILABLE
    assert call(receiver) == b""
    assert [request.status for request in receiver.requests()] == [None, 0]


@pytest.mark.parametrize("fault", [faults.reset, faults.half_close])
def test_the_http_exporter_tries_again_after_a_broken_connection(receiver, fault):
    receiver.respond_with(faults.first(1, fault()))
    assert export(receiver, "http")
    assert [(request.status, request.accepted) for request in receiver.requests()] == [(None, False), (200, True)]
    assert len(receiver.spans()) == 1


def test_the_grpc_exporter_tries_again_after_a_broken_connection(receiver):
    receiver.respond_with(faults.first(1, faults.reset()))
    assert export(receiver, "grpc")
    assert [(request.status, request.accepted) for request in receiver.requests()] == [(None, False), (0, True)]


@both_protocols
@pytest.mark.parametrize("fault", [faults.reset, faults.half_close])
def test_a_lost_acknowledgement_brings_the_spans_twice(receiver, protocol, fault):
    receiver.respond_with(faults.first(1, fault(keeps=True)))
    assert export(receiver, protocol)
    assert [request.status for request in receiver.requests()] == [None, 200 if protocol == "http" else 0]
    first, second = receiver.spans()
    assert first.raw == second.raw


@both_protocols
def test_other_connections_live_on(receiver, protocol):
    stall = faults.stall()
    receiver.respond_with(faults.sequence(stall, faults.reset()))
    with exporting(receiver, protocol, "a") as results:
        assert receiver.wait_for(lambda of: of.held == 1)
        export(receiver, protocol, "b", timeout=HASTY)
        stall.release()
    assert results == [True]


# -- no connection ----------------------------------------------------------------------------------------------------


class Nobody:
    def __init__(self, url):
        self.http_endpoint = self.grpc_endpoint = url


@both_protocols
def test_a_closed_port_refuses(protocol):
    with faults.closed_port() as url:
        assert not export(Nobody(url), protocol, timeout=HASTY)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=10)


@both_protocols
def test_after_an_outage_it_is_there_again_on_the_same_port(receiver, protocol):
    assert export(receiver, protocol, "before")
    endpoint = receiver.http_endpoint, receiver.grpc_endpoint
    for _ in range(2):
        with receiver.outage():
            assert not export(receiver, protocol, "lost", timeout=HASTY)
        assert (receiver.http_endpoint, receiver.grpc_endpoint) == endpoint
        assert export(receiver, protocol, "after")
    assert [span.name for span in receiver.spans()] == ["before", "after", "after"]


def test_an_outage_hangs_up(receiver):
    with connect(receiver) as connection:
        post(connection).read()
        with receiver.outage(), pytest.raises((RemoteDisconnected, ConnectionResetError, BrokenPipeError)):
            post(connection)


@both_protocols
def test_an_outage_ends_what_is_held(receiver, protocol):
    receiver.respond_with(faults.stall())
    with exporting(receiver, protocol, timeout=HASTY) as results:
        assert receiver.wait_for(lambda of: of.held == 1)
        with receiver.outage():
            assert receiver.wait_for(lambda of: of.held == 0)
    assert results == [False]
    assert receiver.spans() == []


@both_protocols
def test_a_receiver_may_be_stopped_in_an_outage(receiver, protocol):
    with receiver.outage():
        receiver.stop()
    receiver.start()
    assert export(receiver, protocol)


# -- scripts ----------------------------------------------------------------------------------------------------------


@both_protocols
def test_numbers_count_from_when_a_script_is_given(receiver, protocol):
    assert export(receiver, protocol)
    receiver.respond_with(faults.first(1, faults.status(400)))
    assert not export(receiver, protocol)
    assert export(receiver, protocol)
    receiver.respond_with(None)
    assert export(receiver, protocol)
    assert [request.number for request in receiver.requests()] == [1, 2, 3, 4]


@both_protocols
def test_an_outage_by_script_ends_when_it_is_released(receiver, protocol):
    script = faults.until_released(faults.on("traces", faults.status(503, retry_after=0)))
    receiver.respond_with(script)
    with exporting(receiver, protocol) as results:
        assert receiver.wait_for(lambda of: of.requests("traces"))
        script.release()
    assert results == [True]


def test_signals_fail_apart(receiver):
    receiver.respond_with(faults.on("logs", faults.status(400)))
    send_logs(receiver, "http")
    send_metric(receiver, "http")
    assert export(receiver, "http")
    assert (len(receiver.logs()), len(receiver.metrics()), len(receiver.spans())) == (0, 2, 1)


def test_replies_and_faults_may_be_mixed_in_a_function(receiver):
    receiver.respond_with(lambda _signal, number: {1: Reply(400, message="no"), 2: faults.status(401)}.get(number))
    with connect(receiver) as connection:
        answers = [(response.status, response.read()) for response in (post(connection) for _ in range(3))]
    assert answers == [(400, Status(message="no").SerializeToString()), (401, b""), (200, b"")]


def test_nothing_is_left_of_broken_connections():
    program = (
        "import threading, warnings; warnings.simplefilter('error')\n"
        "from testing.test_faults_delivered import *\n"
        "with OtlpReceiver(grpc=True) as receiver:\n"
        "    for fault in (faults.reset(), faults.half_close(), faults.truncate()):\n"
        "        receiver.respond_with(fault)\n"
        "        for protocol in PROTOCOLS: export(receiver, protocol, timeout=HASTY)\n"
        "    with receiver.outage(): pass\n"
        "left = {t.name for t in threading.enumerate() if t.name.startswith('otlp-receiver')}\n"
        "assert not left, left\n"
    )
    environ = {"PYTHONPATH": ":".join(entry for entry in sys.path if entry), "PYTHONASYNCIODEBUG": "1"}
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program], env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "ResourceWarning" not in done.stderr
