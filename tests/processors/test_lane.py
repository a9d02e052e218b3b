from __future__ import annotations

import os
import threading
import time

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
import pytest

from agent_otel.delivery import SinkBooks
from agent_otel.processors import Aside, LogLane, SpanLane


class Exporter(SpanExporter):
    """Does what it is told: takes, refuses, raises, or hangs until it is let go."""

    def __init__(self, answer=SpanExportResult.SUCCESS) -> None:
        self.answer = answer
        self.batches: list[int] = []
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()
        self.stopped = threading.Event()

    def export(self, spans):
        self.entered.set()
        self.open.wait(20)
        self.batches.append(len(spans))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def shutdown(self):
        self.stopped.set()

    def force_flush(self, timeout_millis=30_000):
        return True


class LogExporter(Exporter):
    def export(self, batch):
        super().export(batch)
        return LogRecordExportResult.SUCCESS


@pytest.fixture
def exporter():
    made = Exporter()
    yield made
    made.open.set()


@pytest.fixture
def make(exporter, monkeypatch):
    made = []
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")  # nothing leaves unless a batch is full or it is flushed

    def make_lane(capacity=2048):
        lane = SpanLane("sink", exporter, capacity)
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(lane)
        made.append(lane)
        return lane, provider.get_tracer("test")

    yield make_lane
    exporter.open.set()
    for lane in made:
        lane.lane.shutdown_by(soon())
        assert_balanced(lane.books)


def soon(seconds=10.0):
    return time.monotonic() + seconds


def assert_balanced(books):
    told = books.as_dict()
    assert told["accepted"] == sum(count for name, count in told.items() if name != "accepted")
    assert min(told.values()) >= 0


def spans(tracer, count):
    for _ in range(count):
        tracer.start_span("s").end()


def test_what_is_exported_is_acknowledged(make, exporter):
    lane, tracer = make()
    spans(tracer, 700)
    assert lane.force_flush()
    assert lane.books.as_dict() == {
        "accepted": 700, "exported": 700, "rejected": 0, "evicted": 0, "queued": 0, "spooled": 0,
    }  # fmt: skip
    assert sum(exporter.batches) == 700


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (SpanExportResult.FAILURE, "export failed"),
        (ValueError("made-up secret"), "ValueError"),
        (None, "export failed"),
    ],
)
def test_what_an_exporter_loses_is_rejected_and_the_reason_has_no_text(make, exporter, answer, reason):
    exporter.answer = answer
    lane, tracer = make()
    spans(tracer, 3)
    assert lane.force_flush()
    assert (lane.books.rejected, lane.books.exported, lane.books.last_error) == (3, 0, reason)
    assert lane.books.failed_in_a_row == 1


def test_a_success_ends_a_row_of_failures(make, exporter):
    lane, tracer = make()
    for answer in (SpanExportResult.FAILURE, SpanExportResult.FAILURE, SpanExportResult.SUCCESS):
        exporter.answer = answer
        spans(tracer, 1)
        lane.force_flush()
    assert lane.books.failed_in_a_row == 0


def test_spans_that_are_not_sampled_do_not_enter(make):
    lane, _ = make()
    provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    provider.add_span_processor(lane)
    spans(provider.get_tracer("test"), 2)
    assert lane.books.accepted == 0


def test_beyond_the_capacity_items_are_evicted_and_counted(make, exporter):
    exporter.open.clear()
    lane, tracer = make(capacity=5)
    spans(tracer, 20)
    assert (lane.books.queued, lane.books.evicted) == (5, 15)
    assert not lane.lane.wait_for_room(0.01)
    exporter.open.set()
    assert lane.force_flush()
    assert lane.books.exported == 5


def test_waiting_for_room_ends_when_there_is_some(make, exporter):
    exporter.open.clear()
    lane, tracer = make(capacity=1)
    spans(tracer, 1)
    lane.lane.begin_flush()
    assert exporter.entered.wait(10)
    threading.Timer(0.05, exporter.open.set).start()
    assert lane.lane.wait_for_room(10)


def test_a_lane_that_gave_up_has_room_and_rejects(make):
    lane, tracer = make()
    spans(tracer, 2)
    lane.lane.give_up()
    spans(tracer, 3)
    assert lane.lane.wait_for_room(0)
    assert (lane.books.accepted, lane.books.rejected, lane.books.last_error) == (5, 3, "given up")
    assert lane.force_flush()
    assert lane.books.exported == 2


def test_flush_gives_up_at_its_deadline_and_does_not_pile_up_threads(make, exporter):
    exporter.open.clear()
    lane, tracer = make()
    spans(tracer, 1)
    before = threading.active_count()
    for _ in range(5):
        assert not lane.lane.flush(soon(0.02))
    assert threading.active_count() <= before
    exporter.open.set()
    assert lane.lane.flush(soon())


def test_a_flush_serves_what_came_while_another_one_hung(make, exporter):
    exporter.open.clear()
    lane, tracer = make()
    spans(tracer, 1)
    lane.lane.begin_flush()
    assert exporter.entered.wait(10)
    spans(tracer, 2)
    lane.lane.begin_flush()
    exporter.open.set()
    assert lane.books.wait_until_empty(soon())
    assert exporter.batches == [1, 2]


def test_shutdown_with_a_hanging_exporter_returns_in_time_and_writes_off_what_is_left(make, exporter):
    exporter.open.clear()
    lane, tracer = make()
    spans(tracer, 4)
    lane.lane.begin_flush()
    assert exporter.entered.wait(10)
    lane.lane.shutdown_by(soon(0.1))
    assert exporter.batches == []  # it hangs still
    assert lane.books.as_dict()["evicted"] == 4
    assert_balanced(lane.books)
    # The export that hung comes to its end after all: what was written off was delivered.
    exporter.open.set()
    assert exporter.stopped.wait(10)
    assert (lane.books.exported, lane.books.evicted, lane.books.queued) == (4, 0, 0)


def test_shutdown_delivers_what_is_queued(make, exporter):
    lane, tracer = make()
    spans(tracer, 3)
    lane.lane.shutdown_by(soon())
    assert lane.books.exported == 3
    assert exporter.stopped.is_set()


def test_after_shutdown_items_are_rejected(make):
    lane, tracer = make()
    lane.shutdown()
    spans(tracer, 2)
    assert lane.books.rejected == 2


def test_no_thread_is_left_after_shutdown(exporter):
    before = set(threading.enumerate())
    lane = SpanLane("sink", exporter, 10)
    assert len(threading.enumerate()) > len(before)
    lane.lane.shutdown_by(soon())
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert set(threading.enumerate()) <= before


def test_a_sink_is_waited_for_only_while_it_is_well(make, exporter):
    lane, tracer = make(capacity=1)
    assert lane.lane.is_well
    lane.lane.mark_stuck()
    assert not lane.lane.is_well
    spans(tracer, 1)
    assert lane.force_flush()
    assert lane.lane.is_well
    exporter.answer = SpanExportResult.FAILURE
    spans(tracer, 1)
    lane.force_flush()
    assert not lane.lane.is_well


def test_log_records_have_a_lane_too(monkeypatch):
    monkeypatch.setenv("OTEL_BLRP_SCHEDULE_DELAY", "60000")
    exporter = LogExporter()
    lane = LogLane("sink", exporter, 2)
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(lane)
    for number in range(3):
        provider.get_logger("test").emit(timestamp=number, event_name="e")
    assert lane.force_flush()
    assert (lane.books.exported, lane.books.evicted) == (2, 1)
    lane.shutdown()
    assert_balanced(lane.books)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_forgets_the_parents_items_and_delivers_its_own(make, exporter):
    lane, tracer = make()
    spans(tracer, 3)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            inherited = lane.books.as_dict()["queued"]
            spans(tracer, 2)
            code = 0 if inherited == 0 and lane.force_flush() and exporter.batches == [2] else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert lane.force_flush()
    assert exporter.batches == [3]


def test_books_balance_while_threads_write():
    books = SinkBooks("sink", 50)
    done = threading.Event()

    def admit():
        while not done.is_set():
            if books.admit():
                books.acknowledge(1)

    writers = [threading.Thread(target=admit) for _ in range(3)]
    for writer in writers:
        writer.start()
    for _ in range(2000):
        assert_balanced(books)
    done.set()
    for writer in writers:
        writer.join()
    assert_balanced(books)


def test_aside_runs_jobs_in_order_and_survives_what_they_raise():
    aside, told = Aside("test-aside"), []

    def fail():
        raise ValueError

    assert aside.run(fail).wait(10)
    first, second = aside.run(lambda: told.append(1)), aside.run(lambda: told.append(2))
    assert first.wait(10)
    assert second.wait(10)
    assert told == [1, 2]
    aside.stop()
    assert aside.run(lambda: told.append(3)).is_set()
    assert told == [1, 2]
