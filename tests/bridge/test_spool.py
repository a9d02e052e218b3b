"""With a spool, what waits outlives an outage, a full queue and the process."""

from __future__ import annotations

import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
import time

import pytest

from agent_otel.bridge import Bridge
from agent_otel.delivery import Item
from agent_otel.delivery.spool import Destination, Entry, Spool, list_spools
from agent_otel.model import DeliveryClass, SettingsError
from agent_otel.setup import build_telemetry
from agent_otel.testing import OtlpReceiver
from agent_otel.testing.exchange import Reply
from collector import awaited
from end_to_end.replaying import environment

pytestmark = pytest.mark.incomplete_spans


class Collector:
    """Answers as told."""

    def __init__(self):
        self.status = 200
        self.open = threading.Event()
        self.open.set()

    def __call__(self, signal_, number):
        self.open.wait(30)
        return None if self.status == 200 else Reply(self.status)


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.open.set()


@pytest.fixture
def served(collector, monkeypatch, tmp_path):
    with OtlpReceiver(respond=collector) as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint)
        monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
        monkeypatch.setenv("AGENT_OTEL_SPOOL", str(tmp_path / "spool"))
        yield receiver
        collector.open.set()


def work(bridge, calls=3, agent="a"):
    with bridge.run(agent=agent) as run:
        for number in range(calls):
            with run.tool_call(f"t{number}", arguments={"n": number}):
                pass


def traces(bridge):
    return bridge.health().sinks["otlp/traces"]


@pytest.mark.parametrize("status", [503, 500, 401])
def test_what_the_collector_does_not_take_is_delivered_by_the_next_process(served, collector, tmp_path, status):
    collector.status = status
    bridge = Bridge.from_env()
    work(bridge)
    begun = time.monotonic()
    bridge.shutdown()
    assert time.monotonic() - begun < 5
    assert traces(bridge) == {"accepted": 4, "exported": 0, "rejected": 0, "evicted": 0, "queued": 0, "spooled": 4}
    assert bridge.health().balanced
    collector.status = 200
    after = Bridge.from_env()
    awaited(lambda: len(served.spans()) == 4)
    assert {span.name for span in served.spans()} == {"invoke_agent a", *(f"execute_tool t{n}" for n in range(3))}
    awaited(lambda: traces(after)["exported"] == 4)
    after.shutdown()
    assert after.health().balanced
    assert [file for file in list_spools(tmp_path / "spool") if file.amount.items] == []


def test_what_memory_has_no_room_for_waits_on_disk_and_all_of_it_arrives(served, collector, monkeypatch):
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "40")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
    collector.open.clear()
    bridge = Bridge.from_env()
    work(bridge, calls=500)
    awaited(lambda: traces(bridge)["accepted"] == 501)
    assert traces(bridge)["evicted"] == 0
    assert traces(bridge)["spooled"] > 400
    assert bridge.health().balanced
    collector.open.set()
    assert bridge.flush(30)
    assert len(served.spans()) == len({span.span_id for span in served.spans()}) == 501
    assert traces(bridge) == {"accepted": 501, "exported": 501, "rejected": 0, "evicted": 0, "queued": 0, "spooled": 0}
    bridge.shutdown()


def test_items_for_another_policy_or_endpoint_are_not_sent(served, collector, monkeypatch, tmp_path):
    collector.status = 503
    bridge = Bridge.from_env()
    work(bridge)
    bridge.shutdown()
    collector.status = 200
    monkeypatch.setenv("AGENT_OTEL_CONTENT", "off")
    stricter = Bridge.from_env()
    work(stricter, calls=0, agent="stricter")
    assert stricter.flush()
    stricter.shutdown()
    assert {span.name for span in served.spans()} == {"invoke_agent stricter"}
    with OtlpReceiver() as elsewhere:
        monkeypatch.setenv("AGENT_OTEL_CONTENT", "")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", elsewhere.http_endpoint)
        other = Bridge.from_env()
        work(other, calls=0, agent="other")
        assert other.flush()
        other.shutdown()
        assert {span.name for span in elsewhere.spans()} == {"invoke_agent other"}
    assert sum(file.amount.items for file in list_spools(tmp_path / "spool")) == 4


def test_what_is_for_others_is_let_go_at_once(served, collector, monkeypatch, tmp_path):
    collector.status = 503
    bridge = Bridge.from_env()
    work(bridge)
    bridge.shutdown()
    collector.status = 200
    monkeypatch.setenv("AGENT_OTEL_CONTENT", "off")
    stricter = Bridge.from_env()
    awaited(lambda: stricter._telemetry.spooling.held_back == {"policy": 4})
    monkeypatch.setenv("AGENT_OTEL_CONTENT", "")
    same = Bridge.from_env()
    awaited(lambda: len(served.spans()) == 4)
    same.shutdown()
    stricter.shutdown()


def test_a_directory_that_cannot_be_used_is_one_clear_error(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AGENT_OTEL_SPOOL", str(tmp_path / "file"))
    before = threading.active_count()
    with pytest.raises(SettingsError, match="AGENT_OTEL_SPOOL"):
        Bridge.from_env()
    awaited(lambda: threading.active_count() <= before)


def test_a_disk_that_takes_nothing_more_costs_nothing_but_the_spool(served, monkeypatch):
    bridge = Bridge.from_env()

    class Full:
        def __getattr__(self, name):
            return getattr(spool, name)

        def append(self, entries, now_ns):
            raise OSError(28, "No space left on device")

    spool = bridge._telemetry.spooling.spool
    bridge._telemetry.spooling.spool = Full()
    work(bridge)
    assert bridge.flush()
    assert len(served.spans()) == 4
    bridge.shutdown()
    assert bridge.health().balanced


CHILD = """
import os, sys, threading, time
from agent_otel import Bridge
bridge = Bridge.from_env()
with bridge.run(agent="killed") as run:
    done = 0
    while True:
        with run.tool_call(f"t{done}"):
            pass
        done += 1
        if done % 20 == 0:
            spooling = bridge._telemetry.spooling
            while bridge.health().handover["queued"]:
                time.sleep(0.001)
            spooling.save()
            print(done, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("status", [503, 200])
def test_after_a_kill_all_that_was_durable_arrives_once(served, collector, tmp_path, status):
    collector.status = status
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD],
        env={
            **environment(served, tmp_path),
            "AGENT_OTEL_SPOOL": str(tmp_path / "spool"),
            "OTEL_METRICS_EXPORTER": "none",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    durable = 0
    for line in child.stdout:
        durable = int(line)
        if durable >= 100:
            break
    os.kill(child.pid, signal.SIGKILL)
    durable = max([durable, *(int(line) for line in child.stdout.read().split())])
    child.stdout.close()
    child.wait()
    collector.status = 200
    bridge = Bridge.from_env()
    wanted = {f"execute_tool t{number}" for number in range(durable)}
    awaited(lambda: wanted <= {span.name for span in served.spans()})
    assert bridge.flush()
    bridge.shutdown()
    contents = {}
    for span in served.spans():
        contents.setdefault(span.span_id, set()).add(span.raw)
    assert {len(found) for found in contents.values()} == {1}


def test_a_stopped_owner_is_not_adopted(served, collector, tmp_path):
    collector.status = 503
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD],
        env={
            **environment(served, tmp_path),
            "AGENT_OTEL_SPOOL": str(tmp_path / "spool"),
            "OTEL_METRICS_EXPORTER": "none",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline()
    os.kill(child.pid, signal.SIGSTOP)
    try:
        collector.status = 200
        bridge = Bridge.from_env()
        work(bridge, calls=0, agent="second")
        assert bridge.flush()
        bridge._telemetry.spooling.adopt()
        assert bridge.flush()
        bridge.shutdown()
        assert {span.name for span in served.spans()} == {"invoke_agent second"}
        assert any(file.owner_alive for file in list_spools(Path(tmp_path / "spool")))
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.stdout.close()
        child.wait()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_keeps_a_spool_of_its_own(served, collector):
    collector.status = 503
    bridge = Bridge.from_env()
    work(bridge, calls=2, agent="parent")
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work(bridge, calls=1, agent="child")
            bridge.shutdown()
            code = 0 if traces(bridge)["spooled"] == traces(bridge)["accepted"] == 2 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    bridge.shutdown()
    assert traces(bridge)["spooled"] == 3
    collector.status = 200
    after = Bridge.from_env()
    awaited(lambda: len(served.spans()) == 5)
    after.shutdown()
    assert len({span.span_id for span in served.spans()}) == 5
    assert {span.name for span in served.spans()} >= {"invoke_agent parent", "invoke_agent child"}


def test_health_does_not_wait_for_a_disk_that_hangs(served):
    bridge = Bridge.from_env()
    work(bridge)
    spooling, release = bridge._telemetry.spooling, threading.Event()
    hanging = threading.Event()

    def hang(store):
        hanging.set()
        release.wait(20)

    thread = threading.Thread(target=lambda: spooling.spool._answer(hang, None))
    thread.start()
    assert hanging.wait(10)
    assert bridge.health().spool["durable"] >= 0
    release.set()
    thread.join()
    bridge.shutdown()


def test_what_adoption_gives_up_is_counted_as_evicted(served, collector, monkeypatch):
    collector.status = 503
    monkeypatch.setenv("AGENT_OTEL_SPOOL_BYTES", "65536")
    for _ in range(3):
        bridge = Bridge.from_env()
        for _ in range(45):
            work(bridge, calls=0)
        bridge.shutdown()
    collector.status = 200
    telemetry = build_telemetry(os.environ, recorded=True)
    try:
        awaited(lambda: telemetry.sinks["otlp/traces"]["evicted"] > 0)
        books = telemetry.sinks["otlp/traces"]
        assert books["accepted"] == sum(count for name, count in books.items() if name != "accepted")
    finally:
        telemetry.shutdown(time.monotonic() + 5)


def test_files_for_others_do_not_hide_one_that_is_for_us(served, collector, monkeypatch, tmp_path):
    directory = tmp_path / "spool"
    collector.status = 503
    for number in range(20):
        made = Spool.open(directory)
        elsewhere = Destination("otlp/traces", f"http://elsewhere-{number}")
        item = Item(payload=b"x", trace_id=1, span_id=1, run_id="r", delivery_class=DeliveryClass.RUN_END)
        made.append([Entry(destination=elsewhere, item=item)], time.time_ns())
        made.close()
    bridge = Bridge.from_env()
    work(bridge, calls=0)
    bridge.shutdown()
    collector.status = 200
    telemetry = build_telemetry(os.environ, recorded=True)
    try:
        awaited(lambda: any(span.name == "invoke_agent a" for span in served.spans()))
        awaited(lambda: telemetry.spooling.held_back == {"endpoint": 20})
    finally:
        telemetry.shutdown(time.monotonic() + 5)
