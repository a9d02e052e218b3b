from __future__ import annotations

import os

import pytest

from agent_otel import Bridge
from agent_otel.testing import OtlpReceiver, capture, faults

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def work(bridge, agent="coder"):
    with bridge.run(agent=agent) as run, run.tool_call("shell", call_id="t-1"):
        pass


@pytest.mark.parametrize("grpc", [False, True])
def test_what_a_bridge_sends_is_captured(grpc):
    with capture(grpc=grpc) as captured:
        work(captured.bridge)
        captured.assert_tree("invoke_agent coder\n  execute_tool shell")
        captured.assert_conforms()
        assert "gen_ai.invoke_agent.duration" in {point.name for point in captured.metrics()}
        assert {request.protocol for request in captured.receiver.requests()} == {"grpc" if grpc else "http"}


def test_a_program_that_makes_its_own_bridge_is_captured():
    with capture() as captured:
        bridge = Bridge.from_env()
        work(bridge)
        bridge.shutdown()
        assert len(captured.spans()) == 2


def test_what_was_received_stays():
    with capture() as captured:
        work(captured.bridge)
    assert len(captured.spans()) == 2


def test_what_is_open_at_the_end_is_told_as_interrupted():
    with capture() as captured, captured.bridge.run(agent="coder"):
        captured.close()
        (span,) = captured.spans()
    assert span.attributes["agent_otel.outcome"] == "interrupted"


def test_a_series_is_given_once_with_its_last_value():
    with capture() as captured:
        for _ in range(3):
            work(captured.bridge)
            (runs,) = [point for point in captured.metrics() if point.name == "agent_otel.runs"]
        assert runs.value == 3
        assert sum(point.name == "agent_otel.runs" for point in captured.receiver.metrics()) >= 3


def test_logs_are_captured():
    meta = {"event_id": "e", "occurred_at": "2031-02-03T04:05:06Z", "trace_id": None}
    with capture() as captured:
        started = {"SessionStarted": {"meta": meta, "session_id": "s", "model": "m"}}
        captured.bridge.record({"Chat": started}, source="bamboo")
        assert [log.event_name for log in captured.logs()] == ["agent_otel.session.start"]


def test_the_environment_is_the_captures_own_and_comes_back(monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    monkeypatch.setenv("AGENT_OTEL_EVENT_BYTES", "2048")
    monkeypatch.setenv("TRACEPARENT", "00-11111111111111111111111111111111-2222222222222222-01")
    monkeypatch.setenv("NO_PROXY", "example.invalid")
    monkeypatch.delenv("no_proxy", raising=False)
    before = dict(os.environ)
    with capture({"OTEL_SERVICE_NAME": "mine", "UNTOUCHED_BY_US": "1"}) as captured:
        assert os.environ[ENDPOINT] == captured.receiver.http_endpoint
        assert os.environ["NO_PROXY"] == "example.invalid,127.0.0.1"
        assert not {"OTEL_SDK_DISABLED", "AGENT_OTEL_EVENT_BYTES", "TRACEPARENT"} & os.environ.keys()
        work(captured.bridge)
        run = captured.spans()[-1]
        assert (run.parent_span_id, run.resource["service.name"]) == ("", "mine")
    assert dict(os.environ) == before


def test_the_environment_comes_back_after_an_error():
    before = dict(os.environ)
    with pytest.raises(LookupError), capture():
        raise LookupError
    assert dict(os.environ) == before


def test_a_receiver_may_be_given_and_stays_open():
    with OtlpReceiver() as receiver:
        with capture(receiver=receiver) as captured:
            work(captured.bridge)
        assert len(receiver.spans()) == 2
        assert receiver.http_endpoint


def test_where_the_receiver_refuses_there_is_less_and_no_error():
    with capture() as captured:
        captured.receiver.respond_with(faults.on("traces", faults.status(400)))
        work(captured.bridge)
        assert captured.spans() == []


def test_what_does_not_arrive_though_nothing_refuses_is_an_error(monkeypatch):
    with capture() as captured:
        monkeypatch.setattr(captured.bridge, "flush", lambda: False)
        with pytest.raises(AssertionError, match="could not deliver"):
            captured.spans()


def test_no_bridge_is_made_before_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(Bridge, "from_env", classmethod(lambda cls: pytest.fail("made")))
    with capture() as captured:
        assert (captured.spans(), captured.logs(), captured.metrics()) == ([], [], [])
        captured.assert_tree("")
