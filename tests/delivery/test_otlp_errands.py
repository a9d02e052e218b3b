from __future__ import annotations

import gc
import os
import threading

import pytest

from agent_otel.delivery.otlp.errands import Errands, GaveUp


def named(name):
    return [thread for thread in threading.enumerate() if thread.name == name]


@pytest.fixture
def errands():
    made = Errands("errands")
    yield made
    made.stop()


def test_a_call_is_made_on_the_thread(errands):
    assert errands.run(lambda: threading.current_thread().name, 10) == "errands"
    assert [thread.daemon for thread in named("errands")] == [True]


def test_what_it_raises_is_raised(errands):
    with pytest.raises(ZeroDivisionError):
        errands.run(lambda: 1 / 0, 10)
    assert errands.run(lambda: 1, 10) == 1


def test_what_hangs_is_given_up_on_and_what_waits_behind_it_is_never_made(errands):
    hangs, began, made = threading.Event(), threading.Event(), []
    with pytest.raises(GaveUp, match="timeout"):
        errands.run(lambda: began.set() or hangs.wait(60), 0.01)
    assert began.wait(10)
    with pytest.raises(GaveUp):
        errands.run(lambda: made.append(1), 0.01)
    hangs.set()
    assert errands.run(lambda: list(made), 10) == []


def test_the_end_lets_nobody_wait():
    errands, hangs, began, raised = Errands("ending"), threading.Event(), threading.Event(), []

    def ask():
        with pytest.raises(GaveUp, match="shut down"):
            errands.run(lambda: began.set() or hangs.wait(60), 60)
        raised.append(True)

    asking = threading.Thread(target=ask)
    asking.start()
    assert began.wait(10)
    errands.stop()
    asking.join(10)
    assert raised == [True]
    with pytest.raises(GaveUp, match="shut down"):
        errands.run(lambda: 1, 60)
    (thread,) = named("ending")
    hangs.set()
    thread.join(10)
    assert named("ending") == []


def test_the_thread_ends_with_what_it_works_for():
    errands = Errands("forgotten")
    (thread,) = named("forgotten")
    del errands
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()


def test_what_a_call_holds_is_let_go():
    import weakref

    class Megabytes:
        pass

    errands, held = Errands("letting go"), Megabytes()
    alive = weakref.ref(held)
    errands.run(lambda held=held: None, 10)
    del held
    while named("letting go") and alive() is not None:  # the thread lets go a moment after it has answered
        gc.collect()
    errands.stop()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_that_forgets_its_parents_does_not_hang(errands):
    child = os.fork()
    if child == 0:
        mine = Errands("child")
        os._exit(mine.run(lambda: 7, 10))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
