"""An agent whose collector takes nothing for a while: many calls, some of which fail. Says one JSON object."""

from __future__ import annotations

from contextlib import suppress
import json
import os
import resource
import sys
import time
from typing import Any

from agent_otel import Bridge

CALLS = int(sys.argv[1])


class Refused(Exception):
    pass


def answer(tool: Any, *, fails: bool) -> None:
    if fails:
        raise Refused
    tool.result({"ok": True})


def resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def calls(bridge, agent: str, count: int) -> int:
    failed = 0
    with bridge.run(agent=agent) as run:
        for number in range(count):
            with suppress(Refused), run.tool_call("t", arguments={"number": number, "text": "some words " * 8}) as tool:
                failed += number % 20 == 0
                answer(tool, fails=number % 20 == 0)
    return failed


bridge = Bridge.from_env()
calls(bridge, "warm", 200)  # what is imported and compiled once is no growth
bridge.flush(30)
before = resident()
os.write(1, b"warm\n")
sys.stdin.readline()  # the collector stalls now
failed = calls(bridge, "drill", CALLS)
bridge._handover.drain(time.monotonic() + 60)  # past the seconds for which a sink that may get well is waited for
os.write(1, b"recorded\n")
sys.stdin.readline()  # and is well again
flushed = bridge.flush(60)
grown = resident() - before
bridge.shutdown()
health = bridge.health()
told = {"failed": failed, "flushed": flushed, "grown": grown, "balanced": health.balanced, **health.as_dict()}
os.write(1, json.dumps(told).encode() + b"\n")
