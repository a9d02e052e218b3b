"""``Aside``: a thread for what may hang (a stock flush or shutdown), so that a deadline holds for whoever asked.

It is started when it is made, not when it is needed: at the interpreter's exit no thread can be started any more.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
import threading

from agent_otel.processors.forking import in_forked_child

__all__ = ["Aside"]

_Job = tuple[Callable[[], object], threading.Event]


class Aside:
    """Runs jobs one after the other on one daemon thread; what they raise is dropped.

    Args:
        name: Name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._stopped = False
        self._start()
        in_forked_child(self._start)

    def _start(self) -> None:
        if self._stopped:
            return
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        threading.Thread(target=_work, args=(self._jobs,), name=self._name, daemon=True).start()

    def run(self, job: Callable[[], object]) -> threading.Event:
        """Queue a job; gives an event that is set once it is done. After ``stop`` nothing is done any more."""
        done = threading.Event()
        if self._stopped:
            done.set()
        else:
            self._jobs.put((job, done))
        return done

    def stop(self) -> None:
        """End the thread after the jobs that it has."""
        self._stopped = True
        self._jobs.put(None)


def _work(jobs: SimpleQueue[_Job | None]) -> None:
    while (entry := jobs.get()) is not None:
        job, done = entry
        with suppress(Exception):
            job()
        done.set()
