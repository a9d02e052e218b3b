"""An agent that is going to be killed: parallel tools, some open for ever; says what is on disk and what is open.

Lines on standard output, each flushed: ``open <span>...`` once all of these have a last will, ``durable <span>...`` for
calls that ended and are on disk or delivered, ``ended`` after each call that ended.
"""

from __future__ import annotations

import sys
import threading
import time

from agent_otel import Bridge

bridge = Bridge.from_env()
handover, spooling = bridge._handover, bridge._telemetry.spooling
lock = threading.Lock()
ended: list[str] = []


def say(*words: str) -> None:
    with lock:
        sys.stdout.write(" ".join(words) + "\n")
        sys.stdout.flush()


def name_of(call) -> str:
    trace_id, span_id = call.key
    return f"{trace_id:032x}-{span_id:016x}"


def watermark() -> None:
    """Publish what can be lost no more: all that was handed over before is behind us, and the disk has it."""
    told = 0
    while True:
        count = len(ended)
        if count > told:
            handover.drain(time.monotonic() + 5)
            spooling.save()
            say("durable", *ended[told:count])
            told = count
        time.sleep(0.002)


def tools(run, number: int) -> None:
    for step in range(10_000):
        call = run.tool_call(f"tool-{number}", call_id=f"c-{number}-{step}", arguments={"step": step})
        with call:
            time.sleep(0.001 * (step % 7))
            call.result({"ok": step})
        ended.append(name_of(call))
        say("ended")


with bridge.run(agent="drill", conversation_id="c") as run:
    stuck = [run.tool_call(f"stuck-{number}", arguments={"forever": True}) for number in range(3)]
    for call in stuck:
        call.__enter__()
    everything = [run, *stuck]
    while not all(spooling.wills._stored.get(call.key) for call in everything):
        time.sleep(0.001)
    say("open", *map(name_of, everything))
    threading.Thread(target=watermark, daemon=True).start()
    for number in range(4):
        threading.Thread(target=tools, args=(run, number), daemon=True).start()
    threading.Event().wait()
