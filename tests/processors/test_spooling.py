"""Memory and disk together: each was wrong once."""

from __future__ import annotations

import shutil
import threading
import time

import pytest

from agent_otel.delivery import FailureKind, Item, SinkFailure, SinkSpec, SinkVerdict
from agent_otel.delivery.spool import SpoolLimits, list_spools
from agent_otel.model import DeliveryClass
from agent_otel.processors import Outbox, OutboxLimits
from agent_otel.processors.spooling import Spooling


class Sink:
    def __init__(self, sink_id="sink"):
        self.spec = SinkSpec(sink_id=sink_id)
        self.taken = []
        self.fails = False
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()

    def export(self, items, cursor):
        self.entered.set()
        self.open.wait(20)
        if self.fails:
            return SinkVerdict(settled=0, failure=SinkFailure(kind=FailureKind.NOT_NOW, reason="HTTP 503"))
        self.taken += [item.span_id for item in items]
        return SinkVerdict(settled=len(items))

    def shutdown(self):
        pass


@pytest.fixture
def make(tmp_path):
    made = []

    def make_spooling(*sinks, capacity=40, limits=None):
        spooling = Spooling(tmp_path / "spool", limits)
        outboxes = [Outbox(sink, OutboxLimits(capacity=capacity, batch=10, delay_s=3600.0)) for sink in sinks]
        for outbox in outboxes:
            spooling.keep(outbox, "policy")
        spooling.start()
        made.append((spooling, outboxes, sinks))
        return spooling, outboxes

    yield make_spooling
    for spooling, outboxes, sinks in made:
        for sink in sinks:
            sink.open.set()
        for outbox in outboxes:
            outbox.shutdown_by(soon(1))
            assert_balanced(outbox)
        spooling.close(soon(5))


def soon(seconds=10.0):
    return time.monotonic() + seconds


def assert_balanced(outbox):
    told = outbox.as_dict()
    assert told["accepted"] == sum(count for name, count in told.items() if name != "accepted")
    assert min(told.values()) >= 0, told


def item(number, kind=DeliveryClass.RUN_END, size=100):
    return Item(payload=b"x" * size, trace_id=1, span_id=number, run_id="r", delivery_class=kind)


def awaited(condition, seconds=10.0):
    until = soon(seconds)
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_what_memory_evicted_before_it_was_written_is_delivered_all_the_same(make):
    sink = Sink()
    _, (outbox,) = make(sink)
    for number in range(100):
        outbox.put(item(number))
    assert outbox.flush(soon())
    assert sorted(sink.taken) == list(range(100))


def test_two_outboxes_share_the_bounds_of_a_file_and_their_books_say_so(make):
    logs, traces = Sink("logs"), Sink("traces")
    logs.fails = traces.fails = True
    spooling, (first, second) = make(logs, traces, capacity=10, limits=SpoolLimits(max_bytes=60_000))
    for number in range(120):
        first.put(item(number, DeliveryClass.PROGRESS))
    spooling.save()
    for number in range(150):
        second.put(item(1000 + number, DeliveryClass.ERROR))
    spooling.save()
    for outbox in (first, second):
        assert_balanced(outbox)
    assert first.as_dict()["evicted"] > 0
    logs.fails = traces.fails = False
    assert first.flush(soon())
    assert second.flush(soon())
    assert len(traces.taken) == 150


def test_a_directory_that_is_removed_costs_what_was_in_it_and_nothing_else(make, tmp_path):
    sink = Sink()
    sink.open.clear()
    spooling, (outbox,) = make(sink, capacity=1000)
    for number in range(12):
        outbox.put(item(number))
    spooling.save()
    shutil.rmtree(tmp_path / "spool")
    for number in range(12, 42):
        outbox.put(item(number))
    spooling.save()
    sink.open.set()
    assert outbox.flush(soon())
    assert sorted(sink.taken) == list(range(42))


def test_a_slow_sink_is_waited_for_at_the_end_and_gets_nothing_twice(make, tmp_path):
    slow = Sink()
    slow.open.clear()
    spooling, (outbox,) = make(slow)
    outbox.put(item(1))
    outbox.begin_flush()
    assert slow.entered.wait(10)
    threading.Timer(0.5, slow.open.set).start()
    assert outbox.wait_while_it_moves(soon())
    outbox.end_flush()
    spooling.save()
    assert sum(file.amount.items for file in list_spools(tmp_path / "spool")) == 0


def test_a_failing_sink_is_not_waited_for_at_the_end(make):
    sink = Sink()
    sink.fails = True
    _, (outbox,) = make(sink)
    outbox.put(item(1))
    outbox.begin_flush()
    begun = time.monotonic()
    assert not outbox.wait_while_it_moves(soon(20))
    assert time.monotonic() - begun < 5
    outbox.end_flush()


def test_what_is_too_large_for_memory_leaves_nothing_on_disk(make, tmp_path):
    sink = Sink()
    spooling, (outbox,) = make(sink)
    outbox.put(item(1, size=40 * 1024 * 1024))
    assert outbox.evicted == 1
    spooling.save()
    spooling.save()
    assert sum(file.amount.items for file in list_spools(tmp_path / "spool")) == 0


def test_memory_does_not_fill_with_what_waits_for_a_disk_that_hangs(make, monkeypatch):
    monkeypatch.setattr("agent_otel.processors.backing._MOST_PENDING_BYTES", 10_000)
    sink = Sink()
    sink.open.clear()
    spooling, (outbox,) = make(sink)
    released = threading.Event()
    append = spooling.spool.append
    monkeypatch.setattr(spooling.spool, "append", lambda *given: released.wait(20) and append(*given))
    for number in range(500):
        outbox.put(item(number))
    ((_, backing),) = spooling._kept
    assert_balanced(outbox)
    assert len(backing._pending) < 50
    assert outbox.evicted > 400
    released.set()
    sink.open.set()
    assert outbox.flush(soon())


def test_what_the_disk_refused_is_written_when_it_takes_again(make, monkeypatch):
    sink = Sink()
    sink.fails = True
    spooling, (outbox,) = make(sink)
    append = spooling.spool.append
    monkeypatch.setattr(spooling.spool, "append", lambda entries, now_ns: append([], now_ns))
    monkeypatch.setattr(spooling, "_append", lambda backing, batch: ((None,) * len(batch), ()))
    for number in range(5):
        outbox.put(item(number))
    spooling.save()
    assert spooling.amounts()["items"] == 0
    monkeypatch.undo()
    spooling._tidy()
    spooling.save()
    assert spooling.amounts()["items"] == 5


@pytest.mark.parametrize("hours", [100, -100])
def test_a_clock_that_is_set_makes_nothing_old(make, monkeypatch, hours):
    sink = Sink()
    sink.fails = True
    spooling, (outbox,) = make(sink)
    real = time.time_ns
    outbox.put(item(1))
    spooling.save()
    monkeypatch.setattr(time, "time_ns", lambda: real() + hours * 3600 * 10**9)
    outbox.put(item(2))
    spooling.save()
    spooling._tidy()
    assert spooling.amounts()["items"] == 2
    assert outbox.as_dict()["evicted"] == 0
