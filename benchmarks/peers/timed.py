"""Time on the agent's thread: what one tool call takes of it, as CPU and as wall time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import contextvars
import threading
import time

__all__ = ["Times", "in_tasks", "in_threads", "overhead_ns", "sleep_until"]

Once = Callable[[int], None]


class Times:
    """Nanoseconds of each call of one thread or task."""

    def __init__(self) -> None:
        self.cpu: list[int] = []
        self.wall: list[int] = []

    def take(self, once: Once, number: int) -> None:
        """Make one call and note what it took; the clock for CPU is the dearer one, so it stands outside."""
        cpu = time.thread_time_ns()
        began = time.perf_counter_ns()
        once(number)
        ended = time.perf_counter_ns()
        self.cpu.append(time.thread_time_ns() - cpu)
        self.wall.append(ended - began)


def overhead_ns() -> tuple[float, float]:
    """Give what noting itself takes of CPU and wall time: the median of calls that do nothing."""
    times = Times()
    for number in range(2000):
        times.take(lambda _: None, number)
    return sorted(times.cpu)[1000], sorted(times.wall)[1000]


def in_threads(once: Once, calls: int, threads: int, rate: float | None) -> list[Times]:
    """Make calls from some threads, each in a copy of this one's context, so that they are in the same run.

    Args:
        once: Makes the call of a number.
        calls: Of all threads together.
        threads: How many; the only one is the one that this is called on.
        rate: Calls a second of all threads together; None is as fast as they can.
    """
    made = [Times() for _ in range(threads)]
    ready = threading.Barrier(threads)

    def work(index: int) -> None:
        ready.wait()
        began = time.perf_counter()
        for turn, number in enumerate(range(index, calls, threads)):
            if rate is not None:
                sleep_until(began + (index + turn * threads) / rate)
            made[index].take(once, number)

    others = [
        threading.Thread(target=contextvars.copy_context().run, args=(work, index)) for index in range(1, threads)
    ]
    for thread in others:
        thread.start()
    work(0)
    for thread in others:
        thread.join()
    return made


def sleep_until(moment: float) -> None:
    """Sleep until a moment of ``time.perf_counter``."""
    if (left := moment - time.perf_counter()) > 0:
        time.sleep(left)


def in_tasks(once: Once, calls: int, tasks: int, rate: float | None) -> list[Times]:
    """Make calls from some tasks of one event loop; arguments as above."""
    made = [Times() for _ in range(tasks)]

    async def work(index: int, began: float) -> None:
        for turn, number in enumerate(range(index, calls, tasks)):
            due = began + (index + turn * tasks) / rate - time.perf_counter() if rate is not None else 0.0
            await asyncio.sleep(max(0.0, due))
            made[index].take(once, number)

    async def all_of_them() -> None:
        began = time.perf_counter()
        await asyncio.gather(*(work(index, began) for index in range(tasks)))

    asyncio.run(all_of_them())
    return made
