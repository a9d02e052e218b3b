"""An agent with sixteen threads that works until it is told to stop, and says now and then what it takes.

Lines on standard output: one JSON object every second, and at the end one more with all books.
"""

from __future__ import annotations

import gc
import json
import os
from pathlib import Path
import random
import sys
import threading
from typing import Any

from agent_otel import Bridge

THREADS = 16
CALLS_A_SECOND = 20  # of each thread


class Refused(Exception):
    pass


def say(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def answer(tool: Any, number: int, *, fails: bool) -> None:
    if fails:
        raise Refused
    tool.result({"n": number})


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def taken() -> dict[str, int]:
    # No gc.get_objects(): it refers to tuples that other threads are about to fill, and their tuple() fails by that.
    gc.collect()
    return {
        "resident": resident(),
        "threads": threading.active_count(),
        "descriptors": sum(1 for _ in Path("/proc/self/fd").iterdir()),
    }


stop = threading.Event()
runs = [0] * THREADS
errors = [0] * THREADS
calls = [0] * THREADS


def work(bridge: Bridge, number: int) -> None:
    chance = random.Random(number)
    while not stop.is_set():
        with bridge.run(agent=f"agent-{number}", conversation_id=f"c-{number}") as run:
            for _ in range(chance.randrange(1, 30)):
                try:
                    with run.tool_call("t", arguments={"text": "word " * chance.randrange(1, 400)}) as tool:
                        stop.wait(chance.uniform(0, 2 / CALLS_A_SECOND))
                        answer(tool, number, fails=chance.random() < 0.05)
                except Refused:
                    errors[number] += 1
                calls[number] += 1
            with run.model_call(provider="p", model="m") as model:
                model.usage(input_tokens=1, output_tokens=1)
        runs[number] += 1


bridge = Bridge.from_env()
threads = [threading.Thread(target=work, args=(bridge, number), daemon=True) for number in range(THREADS)]
for thread in threads:
    thread.start()
threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
while not stop.wait(1.0):
    say({**taken(), "calls": sum(calls)})
for thread in threads:
    thread.join()
flushed = bridge.flush(600)
bridge.shutdown()
health = bridge.health()
totals = {"runs": sum(runs), "errors": sum(errors), "calls": sum(calls), "flushed": flushed}
say({**totals, "balanced": health.balanced, **health.as_dict()})
