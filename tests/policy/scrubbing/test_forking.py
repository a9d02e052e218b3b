"""A forked child can scrub, whatever the parent's threads were scrubbing when it forked."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from agent_otel.policy import scrub
from agent_otel.policy.scrubbing.forking import _Matching
from secrets_made_up import github_token

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_that_is_forked_while_others_scrub_can_scrub():
    stop = threading.Event()
    texts = [f"line {number} " + "word " * 2000 + github_token(number) for number in range(8)]

    def work(text):
        while not stop.is_set():
            scrub(text)

    threads = [threading.Thread(target=work, args=(text,), daemon=True) for text in texts[:3]]
    for thread in threads:
        thread.start()
    try:
        for number in range(30):
            child = os.fork()
            if child == 0:
                signal.alarm(20)  # a deadlock ends here
                os._exit(0 if "ghp_" not in scrub(f"its {github_token(number)}").value else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_fork_waits_for_other_threads_and_not_for_its_own():
    matching = _Matching()
    entered, leave, forked = threading.Event(), threading.Event(), threading.Event()

    def work():
        with matching:
            entered.set()
            leave.wait()

    def fork():
        with matching:  # as a signal handler that forks while its thread scrubs
            matching._hold()
            forked.set()
            matching._release()

    worker, forker = threading.Thread(target=work), threading.Thread(target=fork)
    worker.start()
    entered.wait()
    forker.start()
    assert not forked.wait(0.05)
    leave.set()
    forker.join()
    worker.join()
    assert forked.is_set()
    assert not matching._within
