"""The measures as the driver has them: conditions, and what is done with worker and receiver for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
import socket
import tempfile
from typing import Any

from peers.receiving import Receiver
from peers.replaying import replaying
from peers.table import CONTENDERS, OURS, Row
from peers.work import SIZES, planted
from peers.workers import worker

__all__ = ["MEASURES", "Job", "jobs"]

Figures = dict[str, float]
_SPOOL = "agent-otel-spool"
_WITH_IMPORTS = (OURS, "bare", *(row.name for row in CONTENDERS if row.is_peer))
_ON_SDK = tuple(name for name in _WITH_IMPORTS if name not in {"openai-agents", "nemo-relay"})


@dataclass(frozen=True)
class Job:
    """One measure under one condition; called with a contender and the receiver it gives figures.

    Attributes:
        measure: Its name, for `--measures`.
        condition: As the page has it.
        run: What is done.
        only: Contenders that it is meant for, all if empty.
    """

    measure: str
    condition: str
    run: Callable[[Row, Receiver], Figures]
    only: tuple[str, ...] = ()

    def is_for(self, row: Row) -> bool:
        return not self.only or row.name in self.only


def _arrived(figures: dict[str, Any], receiver: Receiver) -> Figures:
    """Add to a worker's figures what the receiver has seen of it."""
    told = receiver.told()
    made = figures.pop("made")
    return figures | {
        "made": made,
        "arrived": told["tool_calls"],
        "lost": made - told["tool_calls"],
        "duplicated": told["duplicates"],
        "traces": told["traces"],
        "requests": told["requests"],
        "wire_bytes_per_call": told["bytes"] / max(1, told["tool_calls"]),
    }


def _simple(measure: str, given: dict[str, Any], *, lossless: bool = False) -> Callable[[Row, Receiver], Figures]:
    """Give a measure that is one worker and a healthy receiver."""

    def run(row: Row, receiver: Receiver) -> Figures:
        receiver.reset()
        with worker(row, measure, given, endpoint=receiver.endpoint, lossless=lossless) as running:
            figures = running.line()
            running.ended()
        return _arrived(figures, receiver)

    return run


def _delivery(count: int, *, is_stalled: bool) -> Callable[[Row, Receiver], Figures]:
    """Flat out, with the settings as they come; the sink well, or not answering until all calls are made."""

    def run(row: Row, receiver: Receiver) -> Figures:
        receiver.reset()
        if is_stalled:
            receiver.stall()
        try:
            with worker(row, "delivery", {"count": count}, endpoint=receiver.endpoint) as running:
                memory = running.line()
                receiver.recover()
                running.go_on()
                figures = running.line()
                running.ended()
        finally:
            receiver.recover()
        del memory["wait"]
        return _arrived(memory | figures, receiver)

    return run


def _killed(count: int, rate: float) -> Callable[[Row, Receiver], Figures]:
    """Killed right after its last call; the next process with the same directory runs for two seconds."""

    def run(row: Row, receiver: Receiver) -> Figures:
        receiver.reset()
        with tempfile.TemporaryDirectory(prefix="agent-otel-bench-") as spool:
            given = {"count": count, "rate": rate}
            with worker(row, "killed", given, endpoint=receiver.endpoint, spool=spool) as running:
                figures = running.line()
                running.ended()
            given = {"count": 20, "rate": 10.0}
            with worker(row, "revived", given, endpoint=receiver.endpoint, spool=spool) as running:
                figures["made"] += running.line()["made"]
                running.ended()
        return _arrived(figures, receiver)

    return run


def _secrets(row: Row, receiver: Receiver) -> Figures:
    receiver.reset()
    with worker(row, "secrets", {}, endpoint=receiver.endpoint) as running:
        figures = running.line()
        running.ended()
    secrets = planted()
    found = receiver.found(list(secrets.values()))
    seen = {place: float(secret in found) for place, secret in secrets.items()}
    return _arrived(figures, receiver) | {"secrets": len(found)} | seen


def _imports(*, beyond_sdk: bool) -> Callable[[Row, Receiver], Figures]:
    sdk = next(row.imports for row in CONTENDERS if row.name == "bare")

    def run(row: Row, receiver: Receiver) -> Figures:
        given = {"names": list(row.imports), "before": list(sdk) if beyond_sdk else []}
        with worker(row, "imports", given, endpoint=receiver.endpoint) as running:
            return running.line()

    return run


def _ending(row: Row, _: Receiver) -> Figures:
    """Nobody listens at the endpoint: connections are refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound, and not listening: nobody else gets the port meanwhile
        endpoint = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with worker(row, "ending", {"count": 100}, endpoint=endpoint, seconds=90) as running:
            at = running.line()["at"]
            return {"exit_s": running.ended() - at}


def _thread_jobs(*, quick: bool) -> Iterator[Job]:
    count, paced = (1400, 200) if quick else (5600, 1000)
    for rate, number in ((None, count), (200.0, paced)):
        for threads in (1, 4, 16):
            given = {"count": number, "threads": threads, "is_async": False, "rate": rate, "size": "0.6 KB"}
            pace = "flat out" if rate is None else f"{rate:g} calls/s"
            condition = f"{pace}, {threads} thread{'s' * (threads > 1)}"
            yield Job("thread", condition, _simple("agent_thread", given, lossless=True))
        given = {"count": number, "threads": 1, "is_async": True, "rate": rate, "size": "0.6 KB"}
        yield Job("thread", f"{pace}, asyncio, 16 tasks", _simple("agent_thread", given, lossless=True))


def jobs(*, quick: bool = False) -> list[Job]:
    """Give all measures under all conditions; the quick ones make fewer calls."""
    made = list(_thread_jobs(quick=quick))
    counts = {"0.6 KB": 20_000, "8 KB": 4_000, "256 KB": 250}
    for size in SIZES:
        # So slow that no queue of anybody overflows, and no request is too large to be sent.
        rate = 20.0 if size == "256 KB" else None
        given = {"count": counts[size] // (10 if quick else 1), "size": size, "rate": rate}
        made.append(Job("process", size, _simple("whole_process", given, lossless=True)))
    made += [
        Job("delivery", "healthy sink", _delivery(20_000, is_stalled=False)),
        Job("delivery", "stalled sink", _delivery(20_000 if quick else 100_000, is_stalled=True)),
        Job("delivery", "kill -9", _killed(*((100, 200.0) if quick else (500, 200.0)))),
        Job("secrets", "planted", _secrets),
        Job("import", "from nothing", _imports(beyond_sdk=False), _WITH_IMPORTS),
        Job("import", "beyond the SDK", _imports(beyond_sdk=True), _ON_SDK),
        Job("exit", "dead collector", _ending),
        Job("replay", "recorded events", partial(replaying, events=10_000 if quick else 100_000), (OURS,)),
        Job("spool", "runs", _simple("write_ahead", {"runs": 300 if quick else 3000}), (OURS, _SPOOL)),
    ]
    return made


MEASURES = tuple(dict.fromkeys(job.measure for job in jobs()))
