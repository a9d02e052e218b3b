"""The measures as they run beside one contender, in the worker's process: functions by the names that tasks have."""

from __future__ import annotations

from collections.abc import Callable
import gc
import os
from pathlib import Path
import resource
import signal
import statistics
import time
from typing import Any

from peers.contender import Contender, set_up
from peers.timed import Times, in_tasks, in_threads, overhead_ns, sleep_until
from peers.work import MANY, SIZES, Call, Tool, call_id, calls, with_secrets
from peers.worker import Talk

__all__ = ["agent_thread", "delivery", "ending", "killed", "revived", "secrets", "whole_process", "write_ahead"]

WARM_UP = 100  # calls before: imports, connections
TASKS = 16


def _once(tool: Tool, pool: list[Call]) -> Callable[[int], None]:
    """Give a function that makes the call of a number."""
    size = len(pool)

    def once(number: int) -> None:
        name, arguments, result = pool[number % size]
        tool(name, call_id(number), arguments, result)

    return once


def _warm(once: Callable[[int], None]) -> None:
    for number in range(-WARM_UP, 0):
        once(number)


def _cpu() -> float:
    """CPU seconds of this process so far, of the user and of the system, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 2**20


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _figures(made: list[Times]) -> dict[str, float]:
    of_cpu, of_wall = overhead_ns()
    cpu = [taken for times in made for taken in times.cpu]
    wall = sorted(taken for times in made for taken in times.wall)
    return {
        "cpu_us": (statistics.fmean(cpu) - of_cpu) / 1e3,
        "wall_p50_us": (wall[len(wall) // 2] - of_wall) / 1e3,
        "wall_p99_us": (wall[int(len(wall) * 0.99)] - of_wall) / 1e3,
    }


def agent_thread(
    talk: Talk, module: str, *, count: int, threads: int, is_async: bool, rate: float | None, size: str
) -> None:
    """Measure the time on the agent's thread."""
    contender, pool = set_up(module), calls(SIZES[size])
    with contender.run() as tool:
        once = _once(tool, pool)
        _warm(once)
        gc.collect()
        made = in_tasks(once, count, TASKS, rate) if is_async else in_threads(once, count, threads, rate)
    contender.finish()
    talk.say(**_figures(made), made=count + WARM_UP)


def whole_process(talk: Talk, module: str, *, count: int, size: str, rate: float | None) -> None:
    """Measure CPU of the whole process, from the first call until all is delivered.

    So many calls differ that no contender is spared work by what it remembers of earlier ones.
    """
    contender, pool = set_up(module), calls(SIZES[size], min(count, MANY))
    with contender.run() as tool:
        once = _once(tool, pool)
        _warm(once)
        gc.collect()
        cpu, began = _cpu(), time.perf_counter()
        for number in range(count):
            if rate is not None:
                sleep_until(began + number / rate)
            once(number)
    contender.finish()
    used = _cpu() - cpu
    talk.say(
        cpu_s_per_100k=used / count * 1e5,
        seconds=time.perf_counter() - began,
        peak_mib=_peak_mib(),
        made=count + WARM_UP,
    )


def delivery(talk: Talk, module: str, *, count: int) -> None:
    """Make calls flat out and tell memory; once the driver says so, have them delivered."""
    contender, pool = set_up(module), calls(SIZES["0.6 KB"])
    gc.collect()
    before = _resident_mib()
    with contender.run() as tool:
        once = _once(tool, pool)
        for number in range(count):
            once(number)
    talk.pause(grown_mib=_peak_mib() - before, peak_mib=_peak_mib())
    contender.finish()
    talk.say(made=count)


def killed(talk: Talk, module: str, *, count: int, rate: float) -> None:
    """Make calls, and die of SIGKILL right after the last one."""
    contender, pool = set_up(module), calls(SIZES["0.6 KB"])
    with contender.run() as tool:
        in_threads(_once(tool, pool), count, 1, rate)
        talk.say(made=count)
        os.kill(os.getpid(), signal.SIGKILL)


def revived(talk: Talk, module: str, *, count: int, rate: float) -> None:
    """Be the next process: one with little to do."""
    contender, pool = set_up(module), calls(SIZES["0.6 KB"])
    with contender.run() as tool:
        in_threads(_once(tool, pool), count, 1, rate)
    contender.finish()
    talk.say(made=count)


def secrets(talk: Talk, module: str) -> None:
    """Make calls that hold the planted secrets."""
    contender, pool = set_up(module), with_secrets()
    with contender.run() as tool:
        once = _once(tool, pool)
        for number in range(len(pool)):
            once(number)
    contender.finish()
    talk.say(made=len(pool))


def ending(talk: Talk, module: str, *, count: int) -> None:
    """Make calls, and end as a program does. The driver sees when the process is gone."""
    contender, pool = set_up(module), calls(SIZES["0.6 KB"])
    _make(contender, pool, count)
    talk.say(at=time.perf_counter(), made=count)  # one clock for all processes of a machine
    contender.leave()


def _make(contender: Contender, pool: list[Call], count: int) -> None:
    with contender.run() as tool:
        once = _once(tool, pool)
        for number in range(count):
            once(number)


def write_ahead(talk: Talk, module: str, *, runs: int) -> None:
    """Open and end runs; tell what SQLite took for writing them ahead, and what the agent's thread wrote."""
    from peers.sqlite_time import WriteAhead

    writing = WriteAhead()
    contender = set_up(module)
    _make(contender, calls(SIZES["0.6 KB"]), 1)
    gc.collect()
    writing.begin()
    cpu, thread = _cpu(), time.thread_time()
    for _ in range(runs):
        with contender.run():
            pass
    thread = time.thread_time() - thread
    writing.agent_is_done()
    contender.finish()
    figures: dict[str, Any] = writing.end(runs)
    talk.say(**figures, thread_us_per_run=thread / runs * 1e6, cpu_us_per_run=(_cpu() - cpu) / runs * 1e6, made=1)
