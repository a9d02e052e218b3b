"""The receiver: what it counts, that it stalls and recovers; and one measurement from the driver to it and back."""

from __future__ import annotations

import gzip
import http.client
import json
import sys
import threading
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
import pytest

from peers import workers
from peers.driver import play
from peers.environments import NotInstalled
from peers.measures import Job, jobs
from peers.receiving import Receiver
from peers.table import CONTENDERS
from peers.work import planted
from peers.workers import Failed, worker

ROWS = {row.name: row for row in CONTENDERS}


@pytest.fixture(scope="module")
def running():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def receiver(running):
    running.reset()
    return running


@pytest.fixture
def own_python(monkeypatch):
    monkeypatch.setattr(workers, "python", lambda _: sys.executable)


def body(*spans, text=""):
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number, name in spans:
        span = scope.spans.add(trace_id=b"t" * 16, span_id=number.to_bytes(8, "big"), name=name)
        span.attributes.add(key="text").value.string_value = text
    return request.SerializeToString()


def post(receiver, data, path="/v1/traces", **headers):
    with urlopen(Request(receiver.endpoint + path, data, headers)) as answer:
        assert answer.status == 200


def job(measure, condition, *, quick=True):
    return next(each for each in jobs(quick=quick) if (each.measure, each.condition) == (measure, condition))


def test_tool_calls_are_told_from_other_spans_and_repetitions(receiver):
    first = body((1, "invoke_agent coder"), (2, "execute_tool shell"), (3, "grep"))
    second = body((3, "grep"), (4, "list_dir"))
    post(receiver, first)
    post(receiver, second)
    told = receiver.told()
    assert told == {
        "spans": 4,
        "tool_calls": 3,
        "duplicates": 1,
        "traces": 1,
        "requests": 2,
        "bytes": len(first) + len(second),
    }


def test_bytes_are_those_on_the_wire_and_markers_those_in_the_text(receiver):
    data = gzip.compress(body((1, "shell"), text="here is needle-1"))
    post(receiver, data, "/api/public/otel/v1/traces", **{"Content-Encoding": "gzip"})
    assert receiver.told()["bytes"] == len(data)
    assert receiver.told()["tool_calls"] == 1
    assert receiver.found(["needle-1", "needle-2"]) == ["needle-1"]


def test_the_json_of_openai_agents_is_understood(receiver):
    span = {"object": "trace.span", "trace_id": "trace_1", "id": "span_1", "span_data": {"name": "shell"}}
    post(receiver, json.dumps({"data": [{"object": "trace", "id": "trace_1"}, span]}).encode(), "/v1/traces/ingest")
    assert receiver.told()["tool_calls"] == 1


def test_pending_spans_are_no_calls(receiver):
    post(receiver, body((1, "shell"), text="pending_span"))
    assert receiver.told()["spans"] == 0


def test_a_stalled_receiver_never_answers_and_takes_nothing_until_it_recovers(receiver):
    address = urlsplit(receiver.endpoint)
    outcome = []

    def send():
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        connection.request("POST", "/v1/traces", body((1, "shell")))
        sent.set()
        try:
            outcome.append(connection.getresponse().status)
        except http.client.RemoteDisconnected:
            outcome.append("hung up")
        finally:
            connection.close()

    sent = threading.Event()
    receiver.stall()
    thread = threading.Thread(target=send)
    thread.start()
    assert sent.wait(30)
    assert receiver.told()["requests"] == 0
    held = receiver.held(1)
    receiver.recover()
    thread.join(30)
    assert held
    assert outcome == ["hung up"]
    assert receiver.told()["requests"] == 0
    post(receiver, body((1, "shell")))
    assert receiver.told()["tool_calls"] == 1


def test_the_bare_sdk_lets_every_secret_through(own_python):
    (record,) = play([job("secrets", "planted")], [ROWS["bare"]], 1, lambda *_: None)
    assert record.error == ""
    assert record.figures["lost"] == record.figures["duplicated"] == 0
    assert record.figures["secrets"] == len(planted())


def test_the_bridge_lets_no_secret_through(own_python):
    (record,) = play([job("secrets", "planted")], [ROWS["agent-otel"]], 1, lambda *_: None)
    assert record.error == ""
    assert record.figures["lost"] == record.figures["duplicated"] == 0
    assert record.figures["secrets"] == 0


def test_what_cannot_be_run_is_reported_with_its_reason(monkeypatch, own_python, receiver):
    with (
        pytest.raises(Failed, match="no_such_measure"),
        worker(ROWS["bare"], "no_such_measure", {}, endpoint=receiver.endpoint) as running,
    ):
        running.line()

    def refuse(_):
        raise NotInstalled("no such package")

    monkeypatch.setattr(workers, "python", refuse)
    (record,) = play([job("secrets", "planted")], [ROWS["bare"]], 1, lambda *_: None)
    assert record.error == "cannot be installed: no such package"
    assert record.figures == {}


def test_one_that_takes_too_long_is_ended(own_python, receiver):
    given = {"count": 1}
    with (
        pytest.raises(Failed, match=r"not done after 0\.01 s"),
        worker(ROWS["bare"], "delivery", given, endpoint=receiver.endpoint, seconds=0.01) as running,
    ):
        running.line()


def test_contenders_take_turns_and_begin_with_another_one_in_each_round():
    seen = []
    rows = [ROWS[name] for name in ("bare", "bare-lossless", "util-genai")]

    def run(row, _):
        seen.append(row.name)
        return {"figure": 1.0}

    chosen = [Job("one", "a", run), Job("two", "b", run, only=("bare",))]
    records = list(play(chosen, rows, 2, lambda *_: None))
    assert seen[:4] == ["bare", "bare-lossless", "util-genai", "bare"]
    assert sorted(seen[4:7]) == sorted(seen[:3])
    assert seen[4] != "bare"
    assert [record.round for record in records] == [0, 0, 0, 0, 1, 1, 1, 1]
