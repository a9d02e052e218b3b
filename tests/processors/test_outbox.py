"""What waits for a sink, and when it is sent: with a sink that does what it is told."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time

import pytest

from agent_otel.delivery import FailureKind, Item, SinkFailure, SinkSpec, SinkVerdict
from agent_otel.model import DeliveryClass
from agent_otel.processors import Outbox, OutboxLimits

NEVER = OutboxLimits(delay_s=3600.0)  # nothing leaves unless a batch is full or it is flushed


class Sink:
    """Takes, fails, refuses, raises, or hangs until it is let go."""

    def __init__(self):
        self.spec = SinkSpec(sink_id="sink")
        self.answers = []
        self.batches = []
        self.taken = []
        self.times = []
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()
        self.stopped = threading.Event()

    def export(self, items, cursor):
        self.entered.set()
        self.times.append(time.monotonic())
        self.open.wait(20)
        self.batches.append(len(items))
        answer = self.answers.pop(0) if self.answers else SinkVerdict(settled=len(items))
        if isinstance(answer, Exception):
            raise answer
        refused = {position for position, _ in answer.refused}
        self.taken += [item.span_id for at, item in enumerate(items[: answer.settled]) if at not in refused]
        return answer

    def shutdown(self):
        self.stopped.set()


@pytest.fixture
def sink():
    made = Sink()
    yield made
    made.open.set()


@pytest.fixture
def make(sink):
    made = []

    def make_outbox(limits=NEVER):
        made.append(Outbox(sink, limits))
        return made[-1]

    yield make_outbox
    sink.open.set()
    for outbox in made:
        outbox.shutdown_by(soon())
        assert_balanced(outbox)
        assert outbox.faults == 0


def soon(seconds=10.0):
    return time.monotonic() + seconds


def assert_balanced(outbox):
    told = outbox.as_dict()
    assert told["accepted"] == sum(count for name, count in told.items() if name != "accepted")
    assert min(told.values()) >= 0


def item(number=0, kind=DeliveryClass.PROGRESS, size=10):
    return Item(payload=b"x" * size, trace_id=1, span_id=number, run_id="r", delivery_class=kind)


def failed(kind=FailureKind.NOT_NOW, settled=0, **more):
    return SinkVerdict(settled=settled, failure=SinkFailure(kind=kind, reason="HTTP 503", **more))


def put(outbox, count, first=0, **more):
    for number in range(first, first + count):
        outbox.put(item(number, **more))


def awaited(condition, seconds=10.0):
    until = soon(seconds)
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_what_the_sink_takes_is_exported_in_order(make, sink):
    outbox = make()
    put(outbox, 3)
    assert outbox.queued == 3
    assert outbox.flush(soon())
    assert sink.taken == [0, 1, 2]
    assert outbox.as_dict() == {"accepted": 3, "exported": 3, "rejected": 0, "evicted": 0, "queued": 0, "spooled": 0}


def test_a_full_batch_is_sent_at_once_and_what_is_left_waits(make, sink):
    outbox = make(OutboxLimits(capacity=100, batch=5, delay_s=3600.0))
    put(outbox, 12)
    awaited(lambda: outbox.exported == 10)
    assert outbox.queued == 2


def test_half_a_queue_is_a_full_batch_and_wakes_the_thread(make, sink, monkeypatch):
    monkeypatch.setattr("agent_otel.processors.outbox._LONGEST_WAIT_S", 3600.0)
    outbox = make(OutboxLimits(capacity=16, batch=16, delay_s=3600.0))
    due, asked = outbox._pace.due, {7: threading.Event(), 8: threading.Event()}

    def seen(now, waiting, **more):
        asked.get(waiting, threading.Event()).set()
        return due(now, waiting, **more)

    monkeypatch.setattr(outbox._pace, "due", seen)
    for count, waiting in ((7, 7), (1, 8)):
        putting = threading.Thread(target=put, args=(outbox, count))  # the main thread leaves it to the outbox's
        putting.start()
        putting.join()
        assert asked[waiting].wait(10)
    assert sink.entered.wait(10)


def test_after_its_delay_it_is_sent(make, sink):
    outbox = make(OutboxLimits(delay_s=0.01))
    put(outbox, 2)
    awaited(lambda: outbox.exported == 2)


@pytest.mark.parametrize("answer", [failed(), failed(FailureKind.TROUBLE), ValueError("secret-like text")])
def test_what_a_sink_does_not_take_stays_and_is_taken_later_in_order(make, sink, answer):
    outbox = make()
    sink.answers = [answer]
    put(outbox, 4)
    assert not outbox.flush(soon(0.2))
    assert outbox.failed_in_a_row == 1
    assert outbox.last_error in ("HTTP 503", "ValueError")
    assert outbox.as_dict()["queued"] == 4
    assert outbox.flush(soon())
    assert sink.taken == [0, 1, 2, 3]
    assert (outbox.failed_in_a_row, outbox.failing_since) == (0, None)


def test_a_sink_in_trouble_gets_one_small_request_now_and_then(make, sink, monkeypatch):
    monkeypatch.setattr("agent_otel.processors.pacing._FIRST_DELAY_S", dict.fromkeys(FailureKind, 0.01))
    outbox = make(OutboxLimits(capacity=100, batch=10, delay_s=0.01))
    sink.answers = [failed(FailureKind.TROUBLE), failed(FailureKind.TROUBLE)]
    put(outbox, 10)
    awaited(lambda: outbox.exported == 10)
    assert sink.batches[:4] == [10, 1, 1, 9]


def test_a_sink_says_how_long_to_wait(make, sink):
    outbox = make(OutboxLimits(delay_s=0.0))
    sink.answers = [failed(retry_after_s=0.3)]
    put(outbox, 1)
    awaited(lambda: outbox.exported == 1)
    assert sink.times[1] - sink.times[0] >= 0.3


def test_a_sink_that_ran_out_of_time_goes_on_at_once_and_is_well(make, sink):
    outbox = make(OutboxLimits(capacity=100, batch=10, delay_s=3600.0))
    sink.answers = [failed(settled=4, retry_after_s=0.0)]
    put(outbox, 10)
    awaited(lambda: outbox.exported == 10)
    assert outbox.failed_in_a_row == 0


def test_what_is_refused_for_good_is_rejected_and_the_rest_is_taken(make, sink):
    outbox = make()
    sink.answers = [SinkVerdict(settled=4, refused=((1, "HTTP 400"),))]
    put(outbox, 4)
    assert outbox.flush(soon())
    assert sink.taken == [0, 2, 3]
    assert (outbox.exported, outbox.rejected) == (3, 1)


def test_a_verdict_that_cannot_be_costs_nothing(make, sink):
    outbox = make()
    sink.answers = [SinkVerdict(settled=99)]
    put(outbox, 2)
    assert outbox.flush(soon())
    assert (outbox.exported, outbox.faults) == (2, 1)
    outbox._holdings.faults = 0


def test_r29_a_terminal_item_evicts_the_oldest_progress_of_a_full_queue(make, sink):
    outbox = make(OutboxLimits(capacity=8, batch=8, delay_s=3600.0))
    sink.open.clear()
    put(outbox, 6)  # a quarter of eight is kept for terminal ones
    put(outbox, 1, first=6)
    assert outbox.as_dict()["evicted"] == 1
    put(outbox, 4, first=10, kind=DeliveryClass.RUN_END)
    assert outbox.as_dict()["evicted"] == 3
    sink.open.set()
    assert outbox.flush(soon())
    assert sink.taken == [2, 3, 4, 5, 10, 11, 12, 13]


def test_the_bytes_are_bounded(make, sink):
    outbox = make(OutboxLimits(bytes=10_000, delay_s=3600.0))
    put(outbox, 100, size=1000)
    assert outbox.queued < 10
    assert outbox.evicted == 100 - outbox.queued
    outbox.put(item(999, size=20_000, kind=DeliveryClass.RUN_END))
    assert outbox.flush(soon())
    assert 999 not in sink.taken


def test_there_is_no_room_when_the_bytes_run_out(make, sink):
    outbox = make(OutboxLimits(bytes=10_000, delay_s=3600.0))
    assert outbox.has_room
    put(outbox, 5, size=1000)
    assert not outbox.has_room
    assert outbox.evicted == 0


def test_the_thread_goes_on_after_a_fault(make, sink, monkeypatch):
    monkeypatch.setattr("agent_otel.processors.outbox._SOON_S", 0.01)
    outbox = make()
    peek, raised = outbox._holdings.fanout.peek, []

    def broken(*given):
        if not raised:
            raised.append(True)
            raise RuntimeError
        return peek(*given)

    outbox._holdings.fanout.peek = broken
    put(outbox, 1)
    assert outbox.flush(soon())
    assert (outbox.exported, outbox.faults) == (1, 1)
    outbox._holdings.faults = 0


def test_waiting_for_room_ends_when_there_is_some(make, sink):
    outbox = make(OutboxLimits(capacity=4, batch=2, delay_s=0.0))
    sink.open.clear()
    put(outbox, 3)
    assert not outbox.has_room
    assert not outbox.wait_for_room(0.05)
    sink.open.set()
    assert outbox.wait_for_room(10)


def test_what_comes_after_giving_up_is_rejected_and_there_is_always_room(make, sink):
    outbox = make()
    put(outbox, 1)
    outbox.give_up()
    put(outbox, 2)
    assert (outbox.queued, outbox.rejected) == (1, 2)
    assert outbox.wait_for_room(0)
    assert not outbox.is_well


def test_flush_gives_up_at_its_deadline(make, sink):
    outbox = make()
    sink.open.clear()
    put(outbox, 1)
    assert not outbox.flush(soon(0.05))
    sink.open.set()
    assert outbox.flush(soon())


def test_flushing_tries_a_failing_sink_at_once(make, sink):
    outbox = make(OutboxLimits(delay_s=0.0))
    sink.answers = [failed(retry_after_s=3600.0)]
    put(outbox, 1)
    awaited(lambda: outbox.failed_in_a_row == 1)
    assert outbox.flush(soon())
    assert sink.taken == [0]


def test_shutdown_delivers_what_waits_and_leaves_no_thread(sink):
    before = threading.active_count()
    outbox = Outbox(sink, NEVER)
    put(outbox, 3)
    outbox.shutdown_by(soon())
    assert sink.taken == [0, 1, 2]
    assert sink.stopped.is_set()
    assert threading.active_count() == before
    put(outbox, 1)
    assert outbox.rejected == 1
    assert_balanced(outbox)


def test_shutdown_with_a_hanging_sink_returns_in_time_and_writes_off_what_waits(make, sink):
    outbox = make()
    sink.open.clear()
    put(outbox, 3)
    outbox.begin_flush()
    assert sink.entered.wait(10)
    begun = time.monotonic()
    outbox.shutdown_by(soon(0.2))
    assert time.monotonic() - begun < 5
    assert (outbox.evicted, outbox.queued) == (3, 0)
    sink.open.set()
    awaited(lambda: outbox.exported == 3)  # it arrived after all
    assert outbox.evicted == 0


def test_shutdown_with_a_failing_sink_tries_until_its_deadline(make, sink):
    outbox = make()
    sink.answers = [failed()] * 1000
    put(outbox, 1)
    outbox.shutdown_by(soon(0.3))
    assert outbox.evicted == 1


def test_after_the_end_nothing_is_waited_for(make, sink, monkeypatch):
    outbox = make()
    sink.answers = [failed()] * 1000
    put(outbox, 1)
    outbox.shutdown_by(soon(0.01))
    assert sink.stopped.wait(10)
    monkeypatch.setattr(outbox._holdings.changed, "wait", None)  # not to be called
    assert not outbox.wait_while_it_moves(soon())


def test_a_sink_is_waited_for_only_while_it_is_well(make, sink):
    outbox = make()
    assert outbox.is_well
    outbox.mark_stuck()
    assert not outbox.is_well
    put(outbox, 1)
    assert outbox.flush(soon())
    assert outbox.is_well


def test_many_threads(make, sink):
    outbox = make(OutboxLimits(capacity=100_000, batch=50, delay_s=0.01))

    def work(first):
        put(outbox, 500, first=first)

    threads = [threading.Thread(target=work, args=(1000 * number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert_balanced(outbox)
    for thread in threads:
        thread.join()
    assert outbox.flush(soon(20))
    assert len(sink.taken) == len(set(sink.taken)) == 4000


def test_a_signal_handler_may_put_and_flush_while_its_thread_is_within_put(make, sink):
    outbox = make()
    outcomes = []

    def handler(number, frame):
        outbox.put(item(1000))
        outcomes.append(outbox.flush(soon(0.01)))
        outbox.as_dict()

    before = signal.signal(signal.SIGALRM, handler)
    try:
        for number in range(200):
            signal.setitimer(signal.ITIMER_REAL, 0.0002)
            put(outbox, 20, first=number * 20)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert outbox.flush(soon())
    assert outcomes
    assert outbox.accepted == 4000 + len(outcomes)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_forgets_the_parents_items_and_delivers_its_own(make, sink):
    outbox = make()
    put(outbox, 3)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            inherited = outbox.as_dict()["accepted"]
            put(outbox, 2, first=10)
            code = 0 if inherited == 0 and outbox.flush(soon()) and sink.taken == [10, 11] else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert outbox.flush(soon())
    assert sink.taken == [0, 1, 2]


# What is raised in the midst of a garbage collection, the interpreter reports and drops.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_handler_that_raises_is_the_agents_and_nothing_is_lost(make, sink):
    outbox = make()

    class Timeout(Exception):
        pass

    def handler(number, frame):
        raise Timeout

    before = signal.signal(signal.SIGALRM, handler)
    raised = put_ = 0
    try:
        for number in range(1000):
            if number % 100 == 0:
                awaited(lambda: not outbox._holdings.inbox)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.00005)
                outbox.put(item(number))
                signal.setitimer(signal.ITIMER_REAL, 0)
                put_ += 1
            except Timeout:
                raised += 1
    finally:
        with contextlib.suppress(Timeout):
            signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert outbox.flush(soon())
    assert raised > 0
    assert len(set(sink.taken)) >= put_
    outbox._holdings.faults = 0
