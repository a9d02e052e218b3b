from __future__ import annotations

import gc
import logging
from pathlib import Path
import socket
import threading
import time
import weakref

from opentelemetry import trace
import pytest

from agent_otel.bridge import Bridge, ModelCall, Retrieval, Run, ToolCall
from agent_otel.bridge.disabled import NoOpCall
from agent_otel.model import AgentEvent, EventIds, EventKind, Names, Origin, Outcome, Phase
from agent_otel.testing import OtlpReceiver, Reply

_DESCRIPTORS = Path("/proc/self/fd")
T0 = 1_900_000_000_000_000_000


@pytest.fixture
def dead_endpoint():
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def make(monkeypatch):
    made = []

    def make_bridge(endpoint, **variables):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")  # the stock one tries on long after the endpoint is gone
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        made.append(Bridge.from_env())
        return made[-1]

    yield make_bridge
    for bridge in made:
        bridge.shutdown(0.2)
        assert_books(bridge)


def assert_books(bridge):
    health = bridge.health()
    assert health.balanced
    for sink in health.sinks.values():
        assert min(sink.values()) >= 0


def one_run(bridge, agent="a"):
    with bridge.run(agent=agent) as run, run.tool_call("t"):
        pass


def test_flush_says_whether_everything_was_acknowledged(bridge, receiver):
    one_run(bridge)
    assert bridge.flush()
    assert len(receiver.spans()) == 2


def test_flush_without_anything_is_true(bridge):
    assert bridge.flush()


def test_flush_is_false_when_the_receiver_refuses_everything(make):
    with OtlpReceiver(respond=lambda signal, number: Reply(400)) as receiver:
        bridge = make(receiver.http_endpoint)
        one_run(bridge)
        assert not bridge.flush(1)
        assert bridge.health().sinks["otlp/traces"]["queued"] == 2  # it refuses us, not the spans: they are kept


def test_flush_with_a_dead_endpoint_gives_up_at_its_deadline(make, dead_endpoint):
    bridge = make(dead_endpoint)
    one_run(bridge)
    before = threading.active_count()
    for _ in range(3):
        assert not bridge.flush(0.05)
    assert threading.active_count() <= before
    assert bridge.health().sinks["otlp/traces"]["queued"] == 2


def test_shutdown_with_a_dead_endpoint_returns_and_counts_what_was_lost(make, dead_endpoint):
    bridge = make(dead_endpoint)
    one_run(bridge)
    bridge.shutdown(0.3)
    books = bridge.health().sinks["otlp/traces"]
    assert (books["accepted"], books["evicted"] + books["rejected"], books["queued"]) == (2, 2, 0)


def test_shutdown_with_a_receiver_that_hangs_returns(make):
    release = threading.Event()
    with OtlpReceiver(respond=lambda signal, number: release.wait(30) and None) as receiver:
        bridge = make(receiver.http_endpoint)
        one_run(bridge)
        bridge.shutdown(0.3)
        assert not release.is_set()
        assert bridge.health().sinks["otlp/traces"]["evicted"] == 2
        release.set()


def test_shutdown_delivers_everything_and_twice_is_once(bridge, receiver):
    for _ in range(1000):
        one_run(bridge)
    bridge.shutdown()
    bridge.shutdown()
    assert len(receiver.spans()) == 2000
    assert bridge.health().handover["queued"] == 0


def test_shutdown_waits_for_room_rather_than_lose_what_a_sink_that_is_well_could_take(make):
    with OtlpReceiver() as receiver:
        bridge = make(receiver.http_endpoint, OTEL_BSP_MAX_QUEUE_SIZE="50", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="10")
        for _ in range(500):
            one_run(bridge)
        bridge.shutdown()
        assert len(receiver.spans()) == 1000
        assert bridge.health().sinks["otlp/traces"]["evicted"] == 0


def test_a_sink_that_fails_does_not_hold_the_worker_up(make, dead_endpoint):
    variables = {"OTEL_BSP_MAX_QUEUE_SIZE": "10", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "5"}
    with OtlpReceiver(respond=lambda signal, number: Reply(400)) as receiver:
        bridge = make(receiver.http_endpoint, **variables)
        one_run(bridge)
        bridge.flush(0.5)
        for _ in range(200):
            one_run(bridge)
        bridge.flush(1)
        assert bridge.health().handover["queued"] == 0


def test_a_stuck_sink_is_not_waited_for_again(make, monkeypatch):
    monkeypatch.setattr("agent_otel.bridge.facade._HELD_BACK_S", 0.05)
    release = threading.Event()
    with OtlpReceiver(respond=lambda signal, number: release.wait(30) and None) as receiver:
        bridge = make(receiver.http_endpoint, OTEL_BSP_MAX_QUEUE_SIZE="4", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="2")
        for _ in range(200):
            one_run(bridge)
        assert bridge._handover.drain(time.monotonic() + 10)
        assert bridge.health().sinks["otlp/traces"]["evicted"] > 300
        release.set()


def test_what_is_open_at_shutdown_becomes_interrupted(bridge, receiver, caplog):
    with bridge.run(agent="a") as run, run.tool_call("open") as tool:
        bridge.shutdown()
        tool.result("too late")
    bridge.shutdown()
    spans = {span.name: span for span in receiver.spans()}
    assert len(receiver.spans()) == 2
    for span in spans.values():
        assert span.attributes["agent_otel.outcome"] == "interrupted"
        assert span.attributes["error.type"] == "interrupted"
    assert spans["execute_tool open"].parent_span_id == spans["invoke_agent a"].span_id
    assert spans["invoke_agent a"].attributes["agent_otel.tool_calls"] == 1
    assert not caplog.records
    assert not trace.get_current_span().get_span_context().is_valid


def test_starts_that_were_recorded_become_interrupted_too(bridge, receiver):
    ids = EventIds(run="r", tool_call="t")
    for kind in (EventKind.AGENT, EventKind.TOOL):
        bridge.record(AgentEvent(kind=kind, phase=Phase.START, origin=Origin("toy"), time_ns=T0, ids=ids))
    bridge.shutdown()
    assert {span.attributes["agent_otel.orphan.reason"] for span in receiver.spans()} == {"shutdown"}
    assert len(receiver.spans()) == 2


def test_a_worker_that_is_stuck_at_shutdown_keeps_the_pipeline_to_itself(make, receiver):
    bridge = make(receiver.http_endpoint)
    release, entered = threading.Event(), threading.Event()

    def stick(*_):
        entered.set()
        release.wait(30)

    bridge._pipeline.take_event = stick
    finished = []
    bridge._pipeline.finish = lambda *_: finished.append(threading.current_thread())
    one_run(bridge)
    assert entered.wait(10)
    bridge.shutdown(0.1)
    assert not finished
    release.set()


def test_no_thread_is_left_after_shutdown(receiver, make):
    before = set(threading.enumerate())
    bridge = make(receiver.http_endpoint)
    one_run(bridge)
    bridge.shutdown()
    ours = [thread for thread in set(threading.enumerate()) - before if thread.name.startswith(("agent-otel", "Otel"))]
    for thread in ours:
        thread.join(10)
    assert not [thread for thread in ours if thread.is_alive()]


def test_a_bridge_that_was_shut_down_can_be_forgotten(receiver, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint)
    bridge = Bridge.from_env()
    one_run(bridge)
    bridge.shutdown()
    handover = weakref.ref(bridge._handover)
    bridge._handover.stop(0)
    del bridge
    deadline = time.monotonic() + 10
    while handover() is not None and time.monotonic() < deadline:
        gc.collect()
    assert handover() is None


def test_health_books_and_metrics(bridge, receiver):
    one_run(bridge)
    bridge.record({"no": "source"})
    assert bridge.flush()
    health = bridge.health()
    assert health.enabled
    assert health.records == {"received": 4, "mapped": 3, "skipped": 0, "duplicate": 0, "malformed": 1}
    assert health.handover == {"accepted": 4, "handled": 4, "evicted": 0, "queued": 0}
    assert health.sinks["otlp/traces"]["exported"] == 2
    assert (health.open_runs, health.open_operations, health.faults) == (0, 0, 0)
    assert health.as_dict()["records"] == health.records
    assert bridge.flush()
    told = {point.name: point for point in receiver.metrics() if point.name.startswith("agent_otel.")}
    for name in ("agent_otel.bridge.records", "agent_otel.bridge.handover", "agent_otel.sink.items", "agent_otel.runs"):
        assert name in told
    states = {
        point.attributes["agent_otel.state"]: point.value
        for point in receiver.metrics()
        if point.name == "agent_otel.bridge.records"
    }
    assert states["mapped"] == 3


def test_health_of_open_work(bridge):
    with bridge.run():
        assert bridge.flush()
        assert bridge.health().open_runs == 1


def test_books_balance_at_every_moment(bridge):
    done = threading.Event()

    def work():
        for _ in range(300):
            one_run(bridge)
        done.set()

    threading.Thread(target=work).start()
    while not done.is_set():
        assert_books(bridge)
    assert bridge.flush()
    assert_books(bridge)


def test_a_burst_beyond_the_bound_loses_ordinary_things_first_and_counts(make, receiver):
    bridge = make(receiver.http_endpoint, AGENT_OTEL_HANDOVER_BYTES="65536")
    release = threading.Event()
    take = bridge._pipeline.take_event

    def wait(*arguments):
        release.wait(30)
        take(*arguments)

    bridge._pipeline.take_event = wait
    with bridge.run(agent="a") as run:
        for _ in range(1000):
            with run.tool_call("t"):
                pass
    release.set()
    assert bridge.flush()
    health = bridge.health()
    assert health.handover["evicted"] > 500
    assert "invoke_agent a" in {span.name for span in receiver.spans()}


def test_settings_warnings_are_told(make, receiver, caplog):
    with caplog.at_level(logging.WARNING, "agent_otel"):
        make(receiver.http_endpoint, AGENT_OTEL_HANDOVER_BYTE="1")
    assert "AGENT_OTEL_HANDOVER_BYTE is no setting; did you mean AGENT_OTEL_HANDOVER_BYTES?" in caplog.text


def test_grpc(monkeypatch):
    with OtlpReceiver(grpc=True) as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.grpc_endpoint)
        bridge = Bridge.from_env()
        one_run(bridge)
        assert bridge.flush()
        bridge.shutdown()
        assert_books(bridge)
        assert len(receiver.spans()) == 2
        assert {request.protocol for request in receiver.requests()} == {"grpc"}
        assert receiver.metrics()


def descriptors():
    return {(open_file.name, open_file.readlink()) for open_file in _DESCRIPTORS.iterdir() if open_file.exists()}


@pytest.mark.skipif(not _DESCRIPTORS.is_dir(), reason="needs /proc")
def test_disabled_means_no_thread_no_socket_no_file(make):
    threads, files = set(threading.enumerate()), descriptors()
    bridge = make("http://127.0.0.1:1", OTEL_SDK_DISABLED="true")
    with bridge.run(agent="a", conversation_id="c") as run:
        run.prompt("x")
        with run.model_call(provider="p", model="m") as call:
            call.usage(input_tokens=1)
            call.response(model="m", messages=[])
        with run.tool_call("t", call_id="1", arguments={}) as tool:
            tool.result(1)
            tool.outcome(Outcome.DENIED)
            tool.cost(1)
        assert not trace.get_current_span().get_span_context().is_valid
    bridge.record({"a": 1})
    assert bridge.flush()
    assert not bridge.health().enabled
    assert bridge.health().balanced
    assert (set(threading.enumerate()), descriptors()) == (threads, files)
    bridge.shutdown()


_OURS = {
    "interrupt", "disown", "as_interrupted", "key", "start_ns", "is_over", "outer", "next_number", "span", "host",
    "ref", "entry", "entered_in", "here", "conversation",
}  # fmt: skip


def test_what_a_disabled_bridge_gives_out_has_all_that_the_real_ones_have():
    for real in (Run, ModelCall, ToolCall, Retrieval):
        public = {name for name in dir(real) if not name.startswith("_")} - _OURS
        assert public <= set(dir(NoOpCall)) | {"run_id"}
        assert {"__enter__", "__exit__", "__aenter__", "__aexit__"} <= set(dir(NoOpCall))


def test_a_host_may_record_with_names_of_any_kind(bridge):
    bridge.record(
        AgentEvent(
            kind=EventKind.TOOL,
            phase=Phase.END,
            origin=Origin("toy"),
            time_ns=T0,
            ids=EventIds(tool_call="t" * 1_000_000),
            names=Names(tool="\ud800\x00" * 1000),
        )
    )
    assert bridge.flush()
    assert bridge.health().faults == 0


def test_a_second_shutdown_waits_for_the_first(bridge, receiver, monkeypatch):
    entered, release = threading.Event(), threading.Event()
    shut = type(bridge._telemetry).shutdown

    def slow(telemetry, deadline):
        entered.set()
        release.wait(10)
        shut(telemetry, deadline)

    monkeypatch.setattr(type(bridge._telemetry), "shutdown", slow)
    first = threading.Thread(target=bridge.shutdown)
    first.start()
    assert entered.wait(10)
    second = threading.Thread(target=bridge.shutdown)
    second.start()
    assert second.is_alive()
    bridge.shutdown(0)  # it waits no longer than it may
    release.set()
    second.join(10)
    assert not second.is_alive()
    assert bridge._is_shut
