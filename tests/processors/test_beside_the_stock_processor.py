"""Ours beside the batch processors of OpenTelemetry, both outcomes of one scenario: see docs/batch-processor.md."""

from __future__ import annotations

from asyncio import CancelledError
import gc
import logging
import math
import os
import signal as signals
import threading
import time
from unittest import mock
import weakref

from opentelemetry._logs import LogRecord
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, Context, get_value
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
import pytest

from agent_otel.delivery import Item
from agent_otel.model import SettingsError
from agent_otel.processors import OutboxLimits, TerminalPreservingLogProcessor, TerminalPreservingProcessor
from agent_otel.setup import build_telemetry

NEVER_S = 3600.0
LONG_MILLIS = 3_600_000
STOCK = {"spans": BatchSpanProcessor, "logs": BatchLogRecordProcessor}
OURS = {"spans": TerminalPreservingProcessor, "logs": TerminalPreservingLogProcessor}
CALLER = SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(1))
WITHIN = set_span_in_context(NonRecordingSpan(CALLER))

both = pytest.mark.parametrize("whose", ["stock", "ours"])
of_either_signal = pytest.mark.parametrize("signal", ["spans", "logs"])
forks = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Exporter:
    """An exporter of either signal: takes, answers, raises, or hangs until ``open`` is set."""

    def __init__(self):
        self._told = threading.Condition()
        self.open = threading.Event()
        self.open.set()
        self.answers = []
        self.batches = []
        self.names = []
        self.suppressed = []
        self.calls = self.shutdowns = self._at_once = self.most_at_once = 0
        self.opens_at_shutdown = False
        self.shutdown_error = None

    def export(self, batch):
        with self._told:
            self.calls += 1
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.suppressed.append(get_value(_SUPPRESS_INSTRUMENTATION_KEY))
            self._told.notify_all()
        self.open.wait(60)
        with self._told:
            self._at_once -= 1
            answer = self.answers.pop(0) if self.answers else SpanExportResult.SUCCESS
            if isinstance(answer, BaseException):
                raise answer
            if answer is not SpanExportResult.FAILURE:
                self.batches.append(len(batch))
                self.names += [one.log_record.body if hasattr(one, "log_record") else one.name for one in batch]
            self._told.notify_all()
        return answer

    def shutdown(self):
        with self._told:
            self.shutdowns += 1
            self._told.notify_all()
        if self.opens_at_shutdown:
            self.open.set()
        if self.shutdown_error is not None:
            raise self.shutdown_error

    def shows(self, condition, seconds=20.0):
        with self._told:
            return self._told.wait_for(lambda: condition(self), seconds)


class Side:
    """A provider with one processor, of the SDK's or of ours, and what its exporter got."""

    def __init__(self, whose, signal, *, queue=1000, batch=100, delay_s=NEVER_S, sampler=ALWAYS_ON, **more):
        self.is_ours = whose == "ours"
        self.signal = signal
        self.exporter = Exporter()
        if self.is_ours:
            limits = OutboxLimits(capacity=queue, batch=batch, delay_s=delay_s, **more)
            self.processor = OURS[signal](self.exporter, limits=limits)
        else:
            self.processor = STOCK[signal](
                self.exporter,
                max_queue_size=queue,
                max_export_batch_size=batch,
                schedule_delay_millis=delay_s * 1000,
                **more,
            )
        if signal == "spans":
            self.provider = TracerProvider(shutdown_on_exit=False, sampler=sampler)
            self.provider.add_span_processor(self.processor)
        else:
            self.provider = LoggerProvider(shutdown_on_exit=False)
            self.provider.add_log_record_processor(self.processor)

    def emit(self, *names, context=WITHIN, **attributes):
        for name in names:
            if self.signal == "spans":
                self.provider.get_tracer("x").start_span(name, context=context, attributes=attributes).end()
            else:
                self.provider.get_logger("x").emit(LogRecord(body=name, attributes=attributes))

    def books(self):
        return self.processor.outbox.as_dict()


@pytest.fixture
def make():
    made = []

    def made_with(whose, signal="spans", **more):
        made.append(Side(whose, signal, **more))
        return made[-1]

    yield made_with
    for side in made:
        side.exporter.open.set()
        side.exporter.shutdown_error = None
        side.provider.shutdown()


def names(count, prefix=""):
    return [f"{prefix}{number}" for number in range(count)]


def started(work):
    """Start work in a thread; gives what to wait for, and where its result will be."""
    done, results = threading.Event(), []

    def run():
        results.append(work())
        done.set()

    threading.Thread(target=run, daemon=True).start()
    return done, results


def in_threads(count, work):
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def held(name):
    """Give how many bytes of items with this in them are in memory."""
    gc.collect()
    items = [one for one in gc.get_objects() if type(one) is Item]  # not every object bears being asked for its class
    return sum(len(one.payload) for one in items if name in one.payload)


def succeeds_in_a_child(work):
    """Fork, and give whether work is true there; a child that hangs is ended by its alarm."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            signals.alarm(60)
            code = 0 if work() else 2
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


# -- when it sends -----------------------------------------------------------------------------------------------------


@both
@of_either_signal
def test_a_full_batch_is_sent_at_once(make, whose, signal):
    side = make(whose, signal, queue=100, batch=5)
    side.emit(*names(5))
    assert side.exporter.shows(lambda it: it.batches == [5])


@both
@of_either_signal
def test_what_is_no_full_batch_waits(make, whose, signal):
    side = make(whose, signal, queue=100, batch=5)
    side.exporter.open.clear()
    side.emit(*names(5))
    assert side.exporter.shows(lambda it: it.calls == 1)
    side.emit(*names(7, "later"))
    side.exporter.open.set()
    assert side.exporter.shows(lambda it: it.batches == [5, 5])
    side.processor.force_flush()
    assert side.exporter.batches == [5, 5, 2]


@both
@of_either_signal
def test_after_the_delay_what_waits_is_sent(make, whose, signal):
    side = make(whose, signal, delay_s=0.01)
    side.emit("a", "b")
    assert side.exporter.shows(lambda it: it.names == ["a", "b"])


@of_either_signal
def test_a_batch_that_fills_up_while_one_is_settled_is_sent_at_once(make, signal):
    side = make("ours", signal, queue=100, batch=5)
    pace = side.processor.outbox._pace
    learn, first = pace.learn, [True]

    def meanwhile(*given, **more):
        learn(*given, **more)
        if first:
            first.clear()
            side.emit(*names(5, "meanwhile"))

    with mock.patch.object(pace, "learn", meanwhile):
        side.emit(*names(5))
        assert side.exporter.shows(lambda it: it.batches == [5, 5])


def test_while_nothing_waits_nothing_is_due(make):
    side = make("ours", delay_s=0.01)
    side.emit("a")
    assert side.processor.force_flush()
    assert side.processor.outbox._pace.due(time.monotonic(), 0, in_haste=False) == math.inf


@both
@of_either_signal
def test_a_batch_may_be_as_large_as_the_queue(make, whose, signal):
    side = make(whose, signal, queue=16, batch=16)
    side.emit(*names(12))
    if side.is_ours:  # a request holds half the queue
        assert side.exporter.shows(lambda it: it.batches == [8])
    side.emit(*names(4, "more"))
    assert side.exporter.shows(lambda it: it.batches == ([8, 8] if side.is_ours else [16]))
    assert side.exporter.names == [*names(12), *names(4, "more")]


@of_either_signal
def test_a_queue_that_is_full_of_bytes_is_sent(make, signal):
    side = make("ours", signal, bytes=100_000)
    side.emit(*names(80), text="word " * 200)
    assert side.exporter.shows(lambda it: it.names)


# -- force_flush -------------------------------------------------------------------------------------------------------


@both
@of_either_signal
def test_a_flush_sends_all_in_order_and_it_goes_on(make, whose, signal):
    side = make(whose, signal)
    side.emit(*names(10))
    assert side.processor.force_flush()
    assert side.exporter.names == names(10)
    side.emit("more")
    assert side.processor.force_flush()
    assert side.exporter.batches == [10, 1]


@both
@of_either_signal
def test_a_flush_of_nothing_is_true_and_sends_nothing(make, whose, signal):
    side = make(whose, signal)
    assert side.processor.force_flush()
    assert side.exporter.calls == 0


@both
@of_either_signal
def test_many_threads_flush(make, whose, signal):
    side = make(whose, signal, queue=5000, batch=50)
    flushed = []

    def work(thread):
        side.emit(*names(10, f"{thread}-"))
        flushed.append(side.processor.force_flush())

    in_threads(16, work)
    assert flushed == [True] * 16
    assert sorted(side.exporter.names) == sorted(name for thread in range(16) for name in names(10, f"{thread}-"))
    assert side.exporter.most_at_once == 1


@both
@of_either_signal
def test_the_timeout_of_a_flush(make, whose, signal):
    side = make(whose, signal)
    side.exporter.open.clear()
    side.emit("a")
    if side.is_ours:
        assert side.processor.force_flush(1) is False
        side.exporter.open.set()
        assert side.processor.force_flush()
    else:
        done, results = started(lambda: side.processor.force_flush(1))
        assert side.exporter.shows(lambda it: it.calls == 1)
        assert not done.is_set()
        side.exporter.open.set()
        assert done.wait(20)
        assert results == [True]
    assert side.exporter.names == ["a"]


@both
def test_the_timeout_of_a_flush_may_be_none(make, whose):
    assert make(whose).processor.force_flush(None)


@both
@of_either_signal
def test_a_flush_after_shutdown(make, whose, signal):
    side = make(whose, signal)
    side.emit("a")
    side.provider.shutdown()
    assert side.processor.force_flush() is side.is_ours  # all that came was sent


@both
@of_either_signal
def test_a_flush_after_a_shutdown_that_left_something_returns_at_once(make, whose, signal):
    side = make(whose, signal)
    side.exporter.answers = [SpanExportResult.FAILURE] * 1000
    side.emit("a")
    side.provider.shutdown()
    done, results = started(lambda: side.processor.force_flush(LONG_MILLIS))
    assert done.wait(20)
    assert results == [False]


# -- exporters that fail -----------------------------------------------------------------------------------------------


@both
@of_either_signal
@pytest.mark.parametrize("answer", [SpanExportResult.FAILURE, ValueError("no")])
def test_what_a_failing_exporter_was_given(make, whose, signal, answer):
    side = make(whose, signal)
    side.exporter.answers = [answer]
    side.emit("a", "b")
    if side.is_ours:
        assert side.processor.force_flush(1) is False
        assert side.exporter.shows(lambda it: it.calls == 1)
        assert side.processor.force_flush()
        assert side.exporter.names == ["a", "b"]
    else:
        assert side.processor.force_flush() is True
        assert side.processor.force_flush() is True
        assert side.exporter.names == []


@both
@of_either_signal
def test_an_exporter_may_return_nothing(make, whose, signal):
    side = make(whose, signal)
    side.exporter.answers = [None]
    side.emit("a")
    assert side.processor.force_flush()
    assert side.exporter.names == ["a"]


@both
@of_either_signal
def test_after_an_exception_the_exporter_is_called_again(make, whose, signal):
    side = make(whose, signal, delay_s=0.01)
    side.exporter.answers = [ValueError("no")]
    side.emit("a")
    assert side.exporter.shows(lambda it: it.calls == 1)
    side.emit("b")
    side.processor.force_flush()
    assert side.exporter.shows(lambda it: "b" in it.names)


@both
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_exporter_may_raise_what_is_no_exception(make, whose):
    side = make(whose, batch=1)
    side.exporter.answers = [CancelledError()]
    side.emit("a")
    assert side.exporter.shows(lambda it: it.calls == 1)
    side.emit("b")
    assert side.processor.force_flush()
    assert side.exporter.names == (["a", "b"] if side.is_ours else ["b"])


@both
def test_the_shutdown_of_an_exporter_may_raise(make, whose):
    side = make(whose)
    side.exporter.shutdown_error = ValueError("no")
    if side.is_ours:
        side.processor.shutdown()
    else:
        with pytest.raises(ValueError, match="no"):
            side.processor.shutdown()
    assert side.exporter.shutdowns == 1


@both
@of_either_signal
def test_emit_never_waits_for_the_exporter(make, whose, signal):
    side = make(whose, signal, queue=5000)
    side.exporter.open.clear()
    side.emit(*names(300))
    assert side.exporter.shows(lambda it: it.calls == 1)
    done, _ = started(lambda: side.emit(*names(300, "more")))
    assert done.wait(20)
    assert side.exporter.names == []
    side.exporter.open.set()
    assert side.processor.force_flush()
    assert len(side.exporter.names) == 600


@of_either_signal
def test_ours_writes_a_line_when_it_fails_and_one_when_it_is_well_again(make, signal, caplog):
    caplog.set_level(logging.NOTSET)
    side = make("ours", signal, queue=4, batch=2)
    side.exporter.answers = [ValueError("no")]
    side.emit(*names(10))
    assert side.processor.force_flush()
    side.provider.shutdown()
    side.emit("late")
    told = side.books()
    assert min(told["evicted"], told["rejected"]) > 0
    outbox = side.processor.outbox
    assert outbox.last_error == "ValueError"
    failed, well = (record.getMessage() for record in caplog.records if record.name == "agent_otel")
    assert failed.startswith(f"telemetry is not delivered: {outbox.sink_id} (ValueError): ")
    assert well == f"telemetry is delivered again: {outbox.sink_id}"
    assert len(caplog.records) == 2


@both
@of_either_signal
def test_an_emit_logs_nothing(make, whose, signal, caplog):
    caplog.set_level(logging.NOTSET)
    side = make(whose, signal)
    side.emit(*names(10))
    assert caplog.records == []


# -- shutdown ----------------------------------------------------------------------------------------------------------


@both
@of_either_signal
def test_shutdown_sends_what_waits_and_then_stops_the_exporter(make, whose, signal):
    side = make(whose, signal)
    side.emit(*names(3))
    side.processor.shutdown()
    assert side.exporter.names == names(3)
    assert side.exporter.shutdowns == 1


@both
@of_either_signal
def test_what_comes_after_shutdown_is_not_sent(make, whose, signal):
    side = make(whose, signal)
    side.emit("a")
    side.processor.shutdown()
    side.emit("late")
    side.processor.force_flush()
    assert side.exporter.names == ["a"]
    if side.is_ours:
        assert side.books()["rejected"] == 1


@of_either_signal
def test_what_comes_after_shutdown_is_let_go(make, signal):
    side = make("ours", signal)
    side.processor.shutdown()
    side.emit(*names(200, "late-"))
    assert held(b"late-") == 0


@both
@of_either_signal
def test_a_second_shutdown_does_nothing(make, whose, signal):
    side = make(whose, signal)
    side.processor.shutdown()
    side.processor.shutdown()
    side.provider.shutdown()
    assert side.exporter.shutdowns == 1


@both
def test_shutdown_waits_for_an_exporter_that_is_slow(make, whose, monkeypatch):
    monkeypatch.setattr("agent_otel.processors.preserving._STOP_S", 0.0)  # what it gives one that takes nothing
    side = make(whose, batch=2)
    side.exporter.open.clear()
    side.emit(*names(3))
    done, _ = started(side.processor.shutdown)
    assert side.exporter.shows(lambda it: it.calls == 1)
    assert not done.is_set()
    side.exporter.open.set()
    assert done.wait(20)
    assert side.exporter.shows(lambda it: it.shutdowns == 1)
    assert side.exporter.names == names(3)


@both
@of_either_signal
def test_shutdown_does_not_wait_for_ever(make, whose, signal):
    side = make(whose, signal, batch=1)
    side.exporter.open.clear()
    side.exporter.opens_at_shutdown = True
    side.emit(*names(3))
    assert side.exporter.shows(lambda it: it.calls == 1)
    if side.is_ours:
        side.processor.outbox.shutdown_by(time.monotonic() + 0.05)
        assert side.exporter.shutdowns == 0  # it is told when its call has ended
        assert side.books() == {"accepted": 3, "exported": 0, "rejected": 0, "evicted": 3, "queued": 0, "spooled": 0}
        side.exporter.open.set()
    else:
        side.processor._batch_processor.shutdown(timeout_millis=50)
    assert side.exporter.shows(lambda it: it.shutdowns == 1 and it.names == ["0"])
    assert side.exporter.calls == 1


# -- forks -------------------------------------------------------------------------------------------------------------


@forks
@both
@of_either_signal
def test_a_child_sends_its_own_and_the_parent_its_own(make, whose, signal):
    side = make(whose, signal, queue=400, batch=10)
    side.emit(*names(9))

    def child():
        side.emit(*names(100, "child"))
        return side.processor.force_flush() and side.exporter.names == names(100, "child")

    assert succeeds_in_a_child(child)
    assert side.processor.force_flush()
    assert side.exporter.names == names(9)


@forks
@both
@of_either_signal
def test_a_child_has_threads_of_its_own(make, whose, signal):
    side = make(whose, signal, queue=2000, batch=10, delay_s=0.01)

    def child():
        in_threads(20, lambda thread: side.emit(*names(2, f"{thread}-")))
        return side.exporter.shows(lambda it: len(set(it.names)) == 40)

    assert succeeds_in_a_child(child)


@forks
@both
@of_either_signal
def test_a_fork_in_the_midst_of_an_export(make, whose, signal):
    side = make(whose, signal, batch=1)
    side.exporter.open.clear()
    side.emit("parent")
    assert side.exporter.shows(lambda it: it.calls == 1)

    def child():
        side.exporter.__init__()
        side.emit("child")
        return side.processor.force_flush() and side.exporter.names == ["child"]

    assert succeeds_in_a_child(child)
    side.exporter.open.set()
    assert side.exporter.shows(lambda it: it.names == ["parent"])


@forks
@both
@of_either_signal
def test_a_child_of_what_was_shut_down_sends_nothing(make, whose, signal):
    side = make(whose, signal)
    side.processor.shutdown()

    def child():
        side.emit("child")
        side.processor.force_flush()
        return side.exporter.names == []

    assert succeeds_in_a_child(child)


@forks
@both
def test_a_child_that_no_hook_told(make, whose, monkeypatch):
    with monkeypatch.context() as patched:
        patched.delattr(os, "register_at_fork")  # as after a fork that was not of Python's making
        side = make(whose)

    def child():
        side.emit("child")
        return side.processor.force_flush() and side.exporter.names == ["child"]

    assert succeeds_in_a_child(child)


# -- many threads ------------------------------------------------------------------------------------------------------


@both
@of_either_signal
def test_many_threads_emit_and_nothing_is_lost(make, whose, signal):
    side = make(whose, signal, queue=4000, batch=50)
    in_threads(20, lambda thread: side.emit(*names(50, f"{thread}-")))
    side.processor.shutdown()
    assert len(side.exporter.names) == len(set(side.exporter.names)) == 1000
    assert side.exporter.most_at_once == 1


@both
@of_either_signal
def test_its_threads_do_not_keep_the_process_alive(make, whose, signal):
    before = set(threading.enumerate())
    make(whose, signal)
    begun = set(threading.enumerate()) - before
    assert begun
    assert all(thread.daemon for thread in begun)


# -- what is kept ------------------------------------------------------------------------------------------------------


@both
def test_as_many_runs_as_the_queue_holds_are_all_sent(make, whose):
    side = make(whose, queue=512, batch=128)
    side.emit(*names(512), context=None)
    side.processor.shutdown()
    assert side.exporter.names == names(512)


@both
def test_what_makes_way_when_the_queue_is_full(make, whose):
    side = make(whose, queue=8, batch=4)
    side.exporter.open.clear()
    side.emit(*names(4))
    assert side.exporter.shows(lambda it: it.calls == 1)
    side.emit("the end of a run", context=None)
    side.emit(*names(8, "later"))
    if side.is_ours:
        assert side.books()["evicted"] == 6  # of eight places two are for ends, and four are on their way
    side.exporter.open.set()
    side.processor.force_flush()
    if side.is_ours:
        assert side.exporter.names == [*names(4), "the end of a run", *names(2, "later")]
    else:
        assert side.exporter.names == [*names(4), *names(8, "later")]


def test_what_is_lost_is_counted(make, monkeypatch):
    monkeypatch.setenv("OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", "true")
    reader = InMemoryMetricReader()
    meters = MeterProvider([reader], shutdown_on_exit=False)
    stock, ours = make("stock", queue=2, batch=2, meter_provider=meters), make("ours", queue=2, batch=2)
    for side in (stock, ours):
        side.exporter.open.clear()
        side.emit("a", "b")
        assert side.is_ours or side.exporter.shows(lambda it: it.calls == 1)
        side.emit(*names(3))
    (scope,) = reader.get_metrics_data().resource_metrics[0].scope_metrics
    points = next(metric for metric in scope.metrics if metric.name.endswith(".processed")).data.data_points
    assert {point.attributes.get("error.type"): point.value for point in points} == {None: 2, "queue_full": 1}
    assert ours.books() == {"accepted": 5, "exported": 0, "rejected": 0, "evicted": 4, "queued": 1, "spooled": 0}
    meters.shutdown()


@of_either_signal
def test_the_bytes_are_bounded_while_the_exporter_hangs(make, signal):
    side = make("ours", signal, batch=1, bytes=100_000)
    side.exporter.open.clear()
    side.emit("a")
    assert side.exporter.shows(lambda it: it.calls == 1)
    side.emit(*names(200, "large-"), text="word " * 200)
    assert 0 < held(b"large-") <= 100_000
    assert side.books()["evicted"] > 0


@both
@of_either_signal
def test_after_shutdown_the_processor_is_garbage(whose, signal):
    processor = (OURS if whose == "ours" else STOCK)[signal](Exporter())
    reference = weakref.ref(processor)
    processor.shutdown()
    del processor
    gc.collect()
    assert reference() is None


class Large:
    """A value of a context."""


@both
def test_a_record_that_waits_does_not_keep_its_context(make, whose):
    side = make(whose, "logs")
    large = Large()
    reference = weakref.ref(large)
    side.provider.get_logger("x").emit(LogRecord(body="a", context=Context({"large": large})))
    del large
    gc.collect()
    assert reference() is None
    assert side.processor.force_flush()
    assert side.exporter.names == ["a"]


# -- what comes in and goes out ----------------------------------------------------------------------------------------


@both
def test_spans_that_are_not_sampled_are_not_sent(make, whose):
    side = make(whose, sampler=ALWAYS_OFF)
    side.emit("a", context=None)
    assert side.processor.force_flush()
    assert side.exporter.calls == 0


@both
def test_it_is_told_of_the_start_with_the_context_of_the_parent(make, whose):
    processor = mock.Mock(wraps=make(whose).processor)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    context = Context()
    span = provider.get_tracer("x").start_span("a", context=context)
    processor.on_start.assert_called_once_with(span, parent_context=context)


@both
@of_either_signal
def test_the_requests_of_the_exporter_are_not_traced(make, whose, signal):
    side = make(whose, signal)
    side.emit("a")
    assert side.processor.force_flush()
    assert side.exporter.suppressed == [True]
    assert get_value(_SUPPRESS_INSTRUMENTATION_KEY) is None


BODIES = ["a text", "50 %s", ["list", "of", "texts"], {"greeting": "value"}, 7, 1.5, True, b"bytes", None]


@both
def test_bodies_of_any_kind_arrive(make, whose):
    side = make(whose, "logs")
    side.emit(*BODIES)
    assert side.processor.force_flush()
    told = [list(body) if isinstance(body, tuple) else body for body in side.exporter.names]
    assert told == BODIES


class Keeping(Exporter):
    """Keeps the spans."""

    def __init__(self):
        super().__init__()
        self.spans = []

    def export(self, batch):
        self.spans += batch
        return super().export(batch)


def test_the_exporter_is_given_the_same_values():
    stock, ours = Keeping(), Keeping()
    provider = TracerProvider(resource=Resource({"service.name": "s"}, "https://schema"), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(stock))
    provider.add_span_processor(TerminalPreservingProcessor(ours))
    tracer = provider.get_tracer("lib", "1.0", "https://scope", {"k": "v"})
    link = Link(SpanContext(3, 4, is_remote=True, trace_flags=TraceFlags(1)), {"q": 1})
    given = {"text": "x", "whole": 1, "real": 1.5, "flag": True, "wholes": (1, 2)}
    span = tracer.start_span("a", context=WITHIN, kind=SpanKind.CLIENT, attributes=given, links=[link])
    span.add_event("e", {"w": 1})
    span.set_status(Status(StatusCode.ERROR, "bad"))
    span.end()
    assert provider.force_flush()
    provider.shutdown()
    assert ours.spans[0] is not span
    theirs, told = stock.spans[0], ours.spans[0]
    for name in ("name", "kind", "parent", "context", "start_time", "end_time", "resource", "instrumentation_scope"):
        assert getattr(told, name) == getattr(theirs, name), name
    assert (told.status.status_code, told.status.description) == (StatusCode.ERROR, "bad")
    assert [(event.name, event.timestamp, dict(event.attributes)) for event in told.events] == [
        (event.name, event.timestamp, dict(event.attributes)) for event in theirs.events
    ]
    assert [(linked.context, dict(linked.attributes)) for linked in told.links] == [(link.context, {"q": 1})]
    assert dict(told.attributes) == {**given, "agent_otel.content.mode": "redacted_summary"}


# -- parameters --------------------------------------------------------------------------------------------------------

NONSENSE = [
    {"queue": 0},
    {"queue": -500},
    {"batch": 0},
    {"batch": -500},
    {"delay_s": -0.5},
]


@both
@of_either_signal
@pytest.mark.parametrize("given", NONSENSE, ids=str)
def test_parameters_that_make_no_sense(make, whose, signal, given):
    with pytest.raises(ValueError, match="must be"):
        make(whose, signal, **given)


@both
@of_either_signal
def test_a_batch_that_is_larger_than_the_queue(make, whose, signal):
    if whose == "stock":
        with pytest.raises(ValueError, match="must be"):
            make(whose, signal, queue=16, batch=17)
        return
    side = make(whose, signal, queue=16, batch=17)
    side.emit(*names(8))
    assert side.exporter.shows(lambda it: it.batches == [8])


@both
@of_either_signal
def test_a_delay_of_nothing(make, whose, signal):
    if whose == "stock":
        with pytest.raises(ValueError, match="must be"):
            make(whose, signal, delay_s=0.0)
        return
    side = make(whose, signal, delay_s=0.0)
    side.emit("a")
    assert side.exporter.shows(lambda it: it.names == ["a"])


def test_how_much_waits_and_for_how_long_may_be_given():
    limits = OutboxLimits(capacity=1024, delay_s=2.5, batch=256)
    stock = BatchSpanProcessor(Exporter(), 1024, 2500, 256)
    ours = TerminalPreservingProcessor(Exporter(), limits=limits)
    assert limits_of(ours) == limits_of(stock) == (1024, 2.5, 256)
    ours.shutdown()
    stock.shutdown()


def limits_of(processor):
    if hasattr(processor, "outbox"):
        limits = processor.outbox.limits
        return limits.capacity, limits.delay_s, limits.batch
    batching = processor._batch_processor
    return batching._max_queue_size, batching._schedule_delay, batching._max_export_batch_size


@of_either_signal
def test_the_defaults_are_the_same(signal):
    stock, ours = STOCK[signal](Exporter()), OURS[signal](Exporter())
    ours.shutdown()
    stock.shutdown()
    assert limits_of(ours) == limits_of(stock)


VARIABLES = {"MAX_QUEUE_SIZE": "1024", "SCHEDULE_DELAY": "2500", "MAX_EXPORT_BATCH_SIZE": "256"}


@pytest.mark.parametrize(("signal", "kind"), [("spans", "BSP"), ("logs", "BLRP")])
def test_the_environment_is_read(monkeypatch, signal, kind):
    for name, value in VARIABLES.items():
        monkeypatch.setenv(f"OTEL_{kind}_{name}", value)
    stock, ours = STOCK[signal](Exporter()), OURS[signal](Exporter())
    assert limits_of(ours) == limits_of(stock) == (1024, 2.5, 256)
    given = OURS[signal](Exporter(), limits=OutboxLimits())
    assert limits_of(given) == (2048, 5.0, 512)
    telemetry = build_telemetry(os.environ)
    (outbox,) = (one for one in telemetry.outboxes if one.sink_id.endswith("traces" if signal == "spans" else "logs"))
    assert (outbox.limits.capacity, outbox.limits.delay_s, outbox.limits.batch) == (1024, 2.5, 256)
    for one in telemetry.outboxes:
        one.shutdown_by(time.monotonic() + 10)
    given.shutdown()
    ours.shutdown()
    stock.shutdown()


@pytest.mark.parametrize(("signal", "kind"), [("spans", "BSP"), ("logs", "BLRP")])
def test_variables_that_make_no_sense(monkeypatch, signal, kind):
    default = STOCK[signal](Exporter())
    for name, value in zip(VARIABLES, ("a", " ", "One"), strict=True):
        monkeypatch.setenv(f"OTEL_{kind}_{name}", value)
    stock = STOCK[signal](Exporter())
    assert limits_of(stock) == limits_of(default)
    with pytest.raises(SettingsError):
        OURS[signal](Exporter())
    with pytest.raises(SettingsError):
        build_telemetry(os.environ)
    default.shutdown()
    stock.shutdown()
