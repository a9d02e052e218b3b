from __future__ import annotations

import os
import threading
import time

from hypothesis import given
from hypothesis import strategies as st
import pytest

from agent_otel.emit import HandOver
from collector import awaited

BIG = 10**9


class Handled:
    """A handler that keeps what it gets, and that can be held up."""

    def __init__(self) -> None:
        self.payloads: list = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def __call__(self, payload):
        self.entered.set()
        assert self.gate.wait(10)
        if isinstance(payload, Exception):
            raise payload
        self.payloads.append(payload)


@pytest.fixture
def handled():
    return Handled()


@pytest.fixture
def make(handled):
    made = []

    def make_handover(max_bytes=BIG, tick=lambda: None):
        made.append(HandOver(handled, tick, max_bytes))
        return made[-1]

    yield make_handover
    handled.gate.set()
    for handover in made:
        handover.stop(soon())
        assert_balanced(handover)


def soon(seconds=10.0):
    return time.monotonic() + seconds


def assert_balanced(handover):
    books = handover.as_dict()
    assert books["accepted"] == books["handled"] + books["evicted"] + books["queued"]
    assert min(books.values()) >= 0


def hold(handled, handover):
    """Keep the worker busy with one entry, so that what follows stays queued."""
    handled.gate.clear()
    handover.put("held", 1, precious=False)
    assert handled.entered.wait(10)


def test_order_is_kept_across_precious_and_ordinary(make, handled):
    handover = make()
    for number in range(1000):
        handover.put(number, 1, precious=number % 3 == 0)
    assert handover.drain(soon())
    assert handled.payloads == list(range(1000))


def test_no_thread_before_the_first_entry(make):
    before = threading.active_count()
    make()
    assert threading.active_count() == before


def test_when_full_the_oldest_that_may_be_lost_makes_room(make, handled):
    handover = make(max_bytes=30)
    hold(handled, handover)
    for name in ("o1", "p1", "o2"):
        handover.put(name, 10, precious=name.startswith("p"))
    handover.put("p2", 10, precious=True)
    handover.put("p3", 10, precious=True)
    assert handover.evicted == 2
    handled.gate.set()
    assert handover.drain(soon())
    assert handled.payloads == ["held", "p1", "p2", "p3"]


def test_where_all_are_precious_the_oldest_of_all_makes_room(make, handled):
    handover = make(max_bytes=20)
    hold(handled, handover)
    for name in ("p1", "p2", "p3"):
        handover.put(name, 10, precious=True)
    handled.gate.set()
    assert handover.drain(soon())
    assert handled.payloads == ["held", "p2", "p3"]


def test_an_ordinary_entry_does_not_push_out_a_precious_one(make, handled):
    handover = make(max_bytes=10)
    hold(handled, handover)
    handover.put("precious", 10, precious=True)
    handover.put("ordinary", 10, precious=False)
    handled.gate.set()
    assert handover.drain(soon())
    assert handled.payloads == ["held", "precious"]


def test_an_entry_beyond_the_bound_is_taken_when_it_is_alone(make, handled):
    handover = make(max_bytes=10)
    handover.put("huge", 1000, precious=False)
    assert handover.drain(soon())
    assert handled.payloads == ["huge"]


def test_a_handler_that_raises_is_counted_and_the_next_is_handled(make, handled):
    handover = make()
    handover.put(ValueError(), 1, precious=False)
    handover.put("next", 1, precious=False)
    assert handover.drain(soon())
    assert (handled.payloads, handover.faults, handover.handled) == (["next"], 1, 2)


def test_drain_gives_up_at_its_deadline(make, handled):
    handover = make()
    hold(handled, handover)
    assert not handover.drain(soon(0.05))
    assert handover.as_dict() == {"accepted": 1, "handled": 0, "evicted": 0, "queued": 1}


def test_drain_waits_for_what_came_before_it_and_not_for_what_comes_later(make, handled):
    handover = make()
    stop = threading.Event()

    def keep_putting():
        while not stop.is_set():
            handover.put("later", 1, precious=False)

    putting = threading.Thread(target=keep_putting)
    putting.start()
    try:
        assert handover.drain(soon())
    finally:
        stop.set()
        putting.join()


def test_drain_on_the_worker_itself_does_not_wait():
    told = []
    handover = HandOver(lambda payload: told.append(payload()), lambda: None, BIG)
    handover.put(lambda: handover.drain(soon(60)), 1, precious=False)
    assert handover.stop(soon())
    assert told == [False]


def test_stop_handles_what_is_queued_and_takes_nothing_more(make, handled):
    handover = make()
    for number in range(100):
        handover.put(number, 1, precious=False)
    assert handover.stop(soon())
    assert handled.payloads == list(range(100))
    assert not handover.put("late", 1, precious=True)
    assert handover.as_dict()["accepted"] == 100


def test_stop_counts_what_it_could_not_handle_by_its_deadline(make, handled):
    handover = make()
    hold(handled, handover)
    handover.put("left", 1, precious=True)
    assert not handover.stop(soon(0.05))
    assert handover.evicted == 1
    assert_balanced(handover)


def test_a_thread_that_cannot_be_started_is_tried_again(make, handled, monkeypatch):
    handover = make()

    def refuse(_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            handover.put("first", 1, precious=False)
    handover.put("second", 1, precious=False)
    assert handover.drain(soon())
    assert handled.payloads == ["first", "second"]


def test_what_no_thread_ever_took_is_handled_when_it_stops(make, handled, monkeypatch):
    handover = make()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", lambda _: (_ for _ in ()).throw(RuntimeError()))
        with pytest.raises(RuntimeError):
            handover.put("only", 1, precious=False)
        assert handover.stop(soon())
    assert handled.payloads == ["only"]


def test_a_signal_handler_may_use_it_inside_its_own_put(make):
    handover = make()
    with handover._lock:  # where a handler of SIGTERM may find the main thread
        handover.put("from the handler", 1, precious=True)
    assert handover.drain(soon())


def test_books_balance_while_the_worker_goes_on(make):
    handover = make()
    done = threading.Event()

    def put():
        for _ in range(20_000):
            handover.put("x", 1, precious=False)
        done.set()

    threading.Thread(target=put).start()
    while not done.is_set():
        assert_balanced(handover)


def test_what_was_handled_is_settled_before_a_drain_returns(handled):
    settled = []
    handover = HandOver(handled, lambda: None, BIG, settle=lambda: settled.append(len(handled.payloads)))
    for number in range(1000):
        handover.put(number, 1, precious=False)
    assert handover.drain(soon())
    assert settled[-1] == 1000
    assert len(settled) < 1000
    handover.put("one more", 1, precious=False)
    assert handover.stop(soon())
    assert settled[-1] == 1001


def test_a_settlement_that_raises_does_not_end_the_worker(handled):
    def settle():
        raise ValueError

    handover = HandOver(handled, lambda: None, BIG, settle=settle)
    for payload in ("x", "y"):
        handover.put(payload, 1, precious=False)
        assert handover.drain(soon())
    assert handled.payloads == ["x", "y"]
    assert handover.faults == 2
    assert handover.stop(soon())


@pytest.fixture
def woken(monkeypatch):
    """Give what counts how often the worker of a queue is woken from now on; the lock is to be held."""

    def watch(handover):
        wakes = []
        notify = handover._filled.notify
        monkeypatch.setattr(handover._filled, "notify", lambda *number: (wakes.append(None), notify(*number)))
        return wakes

    return watch


def test_a_worker_that_sleeps_is_woken_once(make, handled, woken):
    handover = make()
    handover.put("first", 1, precious=False)
    assert handover.drain(soon())
    awaited(lambda: handover._idle)
    with handover._lock:
        wakes = woken(handover)
        for number in range(10):
            handover.put(number, 1, precious=False)
    assert len(wakes) == 1
    assert handover.drain(soon())
    assert handled.payloads == ["first", *range(10)]


def test_a_worker_that_is_awake_looks_by_itself_and_is_woken_for_what_is_precious(make, handled, woken, monkeypatch):
    monkeypatch.setattr("agent_otel.emit.handover._AWAKE_S", 60.0)
    handover = make()
    handover.put("first", 1, precious=False)
    assert handover.drain(soon())
    with handover._lock:
        wakes = woken(handover)
        handover.put("second", 1, precious=False)
    awaited(lambda: handled.payloads == ["first", "second"])
    assert not wakes
    handover.put("third", 1, precious=True)
    assert len(wakes) == 1
    awaited(lambda: handled.payloads == ["first", "second", "third"])


def test_it_ticks_when_nothing_comes(make):
    ticked = threading.Event()
    handover = make(tick=ticked.set)
    handover.put("x", 1, precious=False)
    assert ticked.wait(10)


def test_a_tick_that_raises_does_not_end_the_worker(make, handled):
    ticked = threading.Event()

    def tick():
        ticked.set()
        raise ValueError

    handover = make(tick=tick)
    handover.put("x", 1, precious=False)
    assert ticked.wait(10)
    handover.put("y", 1, precious=False)
    assert handover.drain(soon())
    assert handled.payloads == ["x", "y"]


def in_child(work) -> int:
    """Fork, run, and give the child's exit code; 0 means that ``work`` gave True."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if work() else 2
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_has_a_queue_and_a_worker_of_its_own(make, handled):
    handover = make()
    hold(handled, handover)
    handover.put("the parent's", 1, precious=True)

    def child():
        handled.gate.set()
        handled.payloads.clear()
        books = handover.as_dict()
        handover.put("the child's", 1, precious=False)
        return books["queued"] == 0 and handover.drain(soon()) and handled.payloads == ["the child's"]

    assert in_child(child) == 0
    handled.gate.set()
    assert handover.drain(soon())
    assert handled.payloads == ["held", "the parent's"]


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_while_another_thread_holds_the_lock(make):
    handover = make()
    held, release = threading.Event(), threading.Event()

    def hold_lock():
        with handover._lock:
            held.set()
            release.wait(10)

    holder = threading.Thread(target=hold_lock)
    holder.start()
    assert held.wait(10)
    code = in_child(lambda: handover.put("x", 1, precious=False) and handover.drain(soon(5)))
    release.set()
    holder.join()
    assert code == 0


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_what_was_stopped_stays_stopped_in_a_child(make):
    handover = make()
    handover.stop(soon())
    assert in_child(lambda: not handover.put("x", 1, precious=False)) == 0


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=60), st.integers(20, 200))
def test_any_sequence_keeps_the_bound_the_books_and_the_precious(entries, limit):
    seen: list = []
    gate = threading.Event()

    def handle(payload):
        gate.wait(10)
        seen.append(payload)

    handover = HandOver(handle, lambda: None, limit)
    for number, (size, precious) in enumerate(entries):
        handover.put((number, precious), size, precious=precious)
        assert handover._bytes <= max(limit, 40)  # one entry alone may be larger
        assert_balanced(handover)
    gate.set()
    assert handover.stop(soon())
    assert_balanced(handover)
    numbers = [number for number, _ in seen]
    assert numbers == sorted(numbers)
    assert len(seen) == handover.handled
    if sum(size for size, precious in entries if precious) <= limit - 40:
        assert [n for n, precious in seen if precious] == [n for n, (_, precious) in enumerate(entries) if precious]


@pytest.mark.parametrize("raised", [SystemExit, GeneratorExit, KeyboardInterrupt])
def test_nothing_that_is_raised_there_ends_the_worker(raised):
    told = []

    def handle(payload):
        if payload == "bad":
            raise raised
        told.append(payload)

    handover = HandOver(handle, lambda: None, BIG)
    for payload in ("first", "bad", "last"):
        handover.put(payload, 1, precious=False)
    assert handover.drain(soon())
    assert told == ["first", "last"]
    assert handover.faults == 1
    assert handover.stop(soon())
    assert_balanced(handover)
