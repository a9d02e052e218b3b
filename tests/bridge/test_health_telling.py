"""How delivery fares is told: by log records, metrics, one warning, and the runs' own spans."""

from __future__ import annotations

import logging

import pytest

from agent_otel.bridge import Bridge
from agent_otel.conventions import attributes as a
from agent_otel.conventions import metrics as m
from agent_otel.conventions import names as n
from agent_otel.processors import delivery_warning
from agent_otel.testing import OtlpReceiver
from agent_otel.testing.exchange import Reply
from agent_otel.testing.fault import Fault
from agent_otel.testing.faults import status
from collector import awaited

pytestmark = pytest.mark.incomplete_spans


REFUSED = status(400)
POISON = Fault("poison", lambda arrival: REFUSED.answer(arrival) if b"execute_tool" in arrival.payload else None)


class Collector:
    """Answers traces with a status, or refuses requests that hold a tool call."""

    status = 200
    refuses = False

    def __call__(self, signal, number):
        if signal != "traces":
            return None
        if self.refuses:
            return POISON
        return None if self.status == 200 else Reply(self.status)


@pytest.fixture
def collector():
    return Collector()


@pytest.fixture
def receiver(collector, monkeypatch):
    with OtlpReceiver(respond=collector) as served:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", served.http_endpoint)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
        yield served


@pytest.fixture
def bridge(receiver):
    made = Bridge.from_env()
    yield made
    made.shutdown()
    assert made.health().balanced


def work(bridge):
    with bridge.run(agent="a") as run, run.tool_call("t"):
        pass


def outbox_of(bridge, signal):
    return next(one for one in bridge._telemetry.outboxes if one.sink_id == f"otlp/{signal}")


@pytest.mark.parametrize("status", [503, 401])
def test_a_sink_that_fails_and_recovers_is_told_by_records_metrics_and_one_warning(
    bridge, collector, receiver, caplog, status, monkeypatch
):
    caplog.set_level(logging.WARNING, logger="agent_otel")
    collector.status = status
    work(bridge)
    traces = outbox_of(bridge, "traces")
    awaited(lambda: traces.failed_in_a_row > 0)
    bridge._tell_health()
    bridge._tell_health()
    assert bridge.health().delivery["otlp/traces"]["failing"] == 1
    collector.status = 200
    assert bridge.flush()
    bridge._tell_health()
    assert bridge.flush()
    told = [(record.event_name, record.attributes[a.SINK]) for record in receiver.logs()]
    assert told == [(n.EVENT_SINK_FAILED, "otlp/traces"), (n.EVENT_SINK_RECOVERED, "otlp/traces")]
    failure = receiver.logs()[0].attributes
    assert failure[a.SINK_REASON] == f"status {status}"
    assert failure[a.RECORD_ID] == "telemetry.otlp/traces.sink_failed.1"
    assert failure[a.SINK_KEPT] is not None
    state = bridge.health().delivery["otlp/traces"]
    assert (state["failing"], state["failures"], state["recoveries"]) == (0, 1, 1)
    assert state["acknowledged_s_ago"] >= 0
    points = {point.name for point in receiver.metrics()}
    assert {m.SINK_FAILURES, m.SINK_RECOVERIES, m.SINK_QUEUE_BYTES, m.SINK_OLDEST_AGE} <= points
    lines = [record.getMessage() for record in caplog.records if record.name == "agent_otel"]
    assert len(lines) == 2
    assert f"otlp/traces (status {status}): 2 wait, 0 lost" in lines[0]
    assert lines[1] == "telemetry is delivered again: otlp/traces"


def test_the_warning_comes_again_after_a_minute(bridge, collector, caplog, monkeypatch):
    caplog.set_level(logging.WARNING, logger="agent_otel")
    collector.status = 503
    work(bridge)
    awaited(lambda: outbox_of(bridge, "traces").failed_in_a_row > 0)
    monkeypatch.setattr(delivery_warning, "_PERIOD_S", 0.0)
    bridge._tell_health()
    bridge._tell_health()
    assert len([record for record in caplog.records if "not delivered" in record.getMessage()]) == 2
    collector.status = 200


def test_what_the_collector_refuses_is_told_by_class_and_reason(bridge, collector, receiver):
    collector.refuses = True
    work(bridge)
    awaited(lambda: bridge.health().sinks["otlp/traces"]["rejected"] == 1)
    assert bridge.health().delivery["otlp/traces"]["lost.progress.refused"] == 1
    bridge.flush()
    (point,) = {
        (point.attributes[a.DELIVERY_CLASS], point.attributes[a.LOSS_REASON])
        for point in receiver.metrics()
        if point.name == m.SINK_LOST
    }
    assert point == ("progress", "refused")


def test_what_is_lost_after_the_run_was_told_is_told_by_a_record_of_its_trace(bridge, collector, receiver):
    collector.status = 503
    work(bridge)
    traces = outbox_of(bridge, "traces")
    awaited(lambda: traces.failed_in_a_row > 0)  # the run's span has been tried, and says nothing of losses
    collector.refuses = True
    bridge.flush()
    bridge._tell_health()
    bridge.flush()
    (lost,) = [record for record in receiver.logs() if record.event_name == n.EVENT_LOST]
    dropped = {name: count for name, count in lost.attributes.items() if name.startswith(a.DROPPED_PREFIX)}
    assert dropped == {"agent_otel.dropped.tool.otlp.refused": 1}
    (root,) = receiver.spans()
    assert (lost.trace_id, lost.span_id) == (root.trace_id, root.span_id)
    assert not any(name.startswith(a.DROPPED_PREFIX) for name in root.attributes)


def test_what_found_no_room_in_the_hand_over_queue_is_told_by_the_run(receiver, monkeypatch):
    monkeypatch.setenv("AGENT_OTEL_HANDOVER_BYTES", "20000")
    bridge = Bridge.from_env()
    with bridge.run(agent="a") as run, bridge._handover._lock:  # the worker waits while the calls come
        for _ in range(100):
            with run.tool_call("t"):
                pass
    bridge.shutdown()
    spans = {span.span_id: span for span in receiver.spans()}.values()
    (root,) = [span for span in spans if span.name == "invoke_agent a"]
    dropped = root.attributes["agent_otel.dropped.tool.bridge.handover_full"]
    assert dropped == 100 - (len(spans) - 1) > 0
    assert len(receiver.spans()) == 101 - dropped
