"""The hot paths whose instructions are counted, and the process in which each of them runs.

A path is made ready for the larger of its two numbers, and then taken as often as is asked: what is made ready, the
start of the process and the first calls, which are dearer, are the same in both processes and cancel out.

    python benchmarks/counted.py scrub_1_kb 100
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import gc
import os
from pathlib import Path
from random import Random
import re
import sys
import tempfile
from threading import Thread
from typing import Any

__all__ = ["PATHS", "SETTINGS", "CountedPath"]

Work = Callable[[int], None]

_NEVER = str(24 * 3600 * 1000)  # milliseconds
_MANY = "100000"  # more than any path makes
SETTINGS = {
    "OTEL_SERVICE_NAME": "counted",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",  # where nothing is ever sent, because nothing is due
    "OTEL_METRIC_EXPORT_INTERVAL": _NEVER,
    **{f"OTEL_{kind}_SCHEDULE_DELAY": _NEVER for kind in ("BSP", "BLRP")},
    **{f"OTEL_{kind}_MAX_EXPORT_BATCH_SIZE": _MANY for kind in ("BSP", "BLRP")},
    **{f"OTEL_{kind}_MAX_QUEUE_SIZE": str(4 * int(_MANY)) for kind in ("BSP", "BLRP")},
}
_CALL_BYTES = 600  # arguments and result, half each
_DEMO_RECORDS = 26
_IDS = re.compile(r"\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{8})[0-9a-f]{4}\b|\b((?:msg|req|toolu)_demo_\w+)")


@dataclass(frozen=True)
class CountedPath:
    """A path.

    Attributes:
        about: What is counted.
        few: The smaller number of times.
        many: The larger one.
        ready: Makes it ready to be taken so many times; gives what takes it.
        units: Of what is counted in each time.
    """

    about: str
    few: int
    many: int
    ready: Callable[[int], Work]
    units: int = 1


def _bridge_without_worker() -> Any:
    """Give a bridge whose worker is never started nor woken: what is handed over stays, and is handed over as ever."""
    from agent_otel import Bridge

    _let_outboxes_sleep()
    bridge = Bridge.from_env()
    handover: Any = bridge._handover  # noqa: SLF001  there is no public way to hold the worker back
    handover._worker, handover._idle = Thread(), False  # noqa: SLF001  as above
    return bridge


def _let_outboxes_sleep() -> None:
    """Have the threads of sinks wait for something to do, instead of looking every second: that counts, too."""
    from agent_otel.processors import outbox

    outbox._LONGEST_WAIT_S = 24 * 3600.0  # type: ignore[misc]  # noqa: SLF001  nothing else sets it


def _tool_calls(bridge: Any, times: int) -> Work:
    from peers.work import call_id, calls

    made = calls(_CALL_BYTES, times)
    run = bridge.run(agent="coder", conversation_id="c-1").__enter__()

    def work(count: int) -> None:
        for number in range(count):
            name, arguments, result = made[number]
            with run.tool_call(name, call_id=call_id(number), arguments=arguments) as tool:
                tool.result(result)

    return work


def _agent_thread(times: int) -> Work:
    return _tool_calls(_bridge_without_worker(), times)


def _worker(times: int) -> Work:
    bridge = _bridge_without_worker()
    handover, pipeline = bridge._handover, bridge._pipeline  # noqa: SLF001  as above
    _tool_calls(bridge, times)(times)

    def on_its_thread(count: int) -> None:
        handled = 0
        while handled < count:
            for payload in handover._take():  # noqa: SLF001  as above
                bridge._handle(payload)  # noqa: SLF001  as above
                handled += 1
            pipeline.settle()

    return lambda count: _on_a_thread(on_its_thread, count)


def _on_a_thread(work: Work, count: int) -> None:
    """Do what a worker does where it does it: the main thread is spared some of it, for the sake of signal handlers."""
    thread = Thread(target=work, args=(count,))
    thread.start()
    thread.join()


def _scrub(times: int) -> Work:
    from agent_otel.policy.scrubbing import Scrubber
    from peers.work import text

    random = Random(1)
    texts = [text(random, 1024) for _ in range(times)]
    scrub = Scrubber().scrub
    if any(scrub(each).findings for each in texts[:3]):
        raise SystemExit("the text is not innocent")

    def work(count: int) -> None:
        for each in texts[:count]:
            scrub(each)

    return work


def _encode(times: int) -> Work:
    from agent_otel.delivery.otlp import encode_span
    from encoding import tool_calls

    spans = tool_calls()[:times]

    def work(count: int) -> None:
        for span in spans[:count]:
            encode_span(span)

    return work


def _replay(times: int) -> Work:
    from agent_otel.bridge import Reading, ReadingOptions
    from agent_otel.intake import Replay, discover

    _let_outboxes_sleep()
    folder = tempfile.mkdtemp()
    _write_sessions(Path(folder), times)
    groups = discover([folder])
    reading = Reading.from_env(ReadingOptions(), os.environ)
    replay = Replay(reading)

    def work(count: int) -> None:
        for group in groups[:count]:
            replay.read(group)
        books = reading.books.as_dict()
        if books["mapped"] != (_DEMO_RECORDS - 1) * count:  # one of a session is skipped
            raise SystemExit(f"not all of {count} sessions was read: {books}")

    return work


def _write_sessions(folder: Path, count: int) -> None:
    """Write the demo's session a number of times, each with ids of its own."""
    import agent_otel.cli

    demo = Path(agent_otel.cli.__file__).parent / "demo_session"
    for number in range(count):

        def own(found: re.Match[str], number: int = number) -> str:
            return f"{found[1]}{number:04x}" if found[1] else f"{found[2]}_{number}"

        for path in demo.rglob("*.json*"):
            copy = folder / _IDS.sub(own, str(path.relative_to(demo)))
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(_IDS.sub(own, path.read_text(encoding="utf-8")), encoding="utf-8")


PATHS = {
    "agent_thread": CountedPath("the agent's thread, per tool call of 600 bytes", 100, 600, _agent_thread),
    "worker": CountedPath("the worker, per tool call of 600 bytes, one sink", 128, 384, _worker),
    "scrub_1_kb": CountedPath("scrubbing of 1 KB of innocent text", 100, 300, _scrub),
    "encode_span": CountedPath("encoding of a span of ten attributes", 128, 512, _encode),
    "replay_event": CountedPath("replay of a recorded session, per event", 4, 12, _replay, _DEMO_RECORDS),
}


def main(name: str, count: int) -> None:
    """Take a path a number of times and end at once, so that nothing is sent."""
    gc.disable()  # when it runs depends on everything else
    path = PATHS[name]
    path.ready(path.many)(count)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
