"""What growth.py measures, one value in a process of its own: a bridge whose sinks take everything at once.

So that nothing but this project is measured: no network, no receiver, no encoder of requests.

    python benchmarks/growth_work.py events 1000
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass
from itertools import cycle, islice
import json
import os
import resource
import sys
import time
from typing import Any

from attrs import evolve
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from agent_otel import Bridge
from agent_otel.delivery import Item, SinkSpec, SinkVerdict
from agent_otel.model import Cursor
from agent_otel.policy.scrubbing import TABLE, ScrubOptions, UserDetector
from agent_otel.setup import Settings, read_settings, sinks
from agent_otel.setup.installing import telemetry_of_process
from peers.work import Call, call_id, calls

__all__ = ["MEASURES", "Measured"]

_SIZE = 600  # bytes of arguments and result
_WARM_UP = 200  # calls
_AT_LEAST = 3000  # events, so that the clock can tell
_TOGETHER = 256  # calls between two looks at what waits: the agent does not outrun the worker
_TOGETHER_BYTES = 4 * 2**20
_PATIENCE_S = 600.0


@dataclass(frozen=True)
class Measured:
    """What one value costs.

    Attributes:
        events: How many calls and runs ended.
        cpu_us: Microseconds of CPU of the whole process per event.
        peak_mib: The most memory that the process had.
    """

    events: int
    cpu_us: float
    peak_mib: float


def _calls() -> list[Call]:
    """Make so many different calls that nobody remembers one when it comes again: to look at it is most of the work."""
    return calls(_SIZE, _AT_LEAST)


class NullSink:
    """Takes everything at once, and counts it."""

    def __init__(self, name: str) -> None:
        self.spec = SinkSpec(sink_id=name)
        self.taken = 0

    def export(self, items: Sequence[Item], cursor: Cursor | None) -> SinkVerdict:  # noqa: ARG002
        self.taken += len(items)
        return SinkVerdict(settled=len(items))

    def shutdown(self) -> None:
        """Nothing is open."""


class Host:
    """A bridge with some null sinks, and what is asked of it.

    Args:
        count: How many sinks, each for spans, log records and metrics.
        environ: Settings.
        scrubbing: What is looked for; None: what is by default.
    """

    def __init__(self, count: int = 1, scrubbing: ScrubOptions | None = None, **environ: str) -> None:
        self.sinks: list[NullSink] = []
        names = ",".join(f"null{number}" for number in range(count))
        os.environ.update({f"OTEL_{signal}_EXPORTER": names for signal in ("TRACES", "LOGS", "METRICS")}, **environ)
        sinks.make_exporter = self._make  # type: ignore[assignment]  # in place of entry points, which only pip makes
        settings: Settings = read_settings(os.environ)
        if scrubbing is not None:
            settings = evolve(settings, content=evolve(settings.content, scrubbing=scrubbing))
        self.bridge = Bridge(telemetry_of_process(os.environ, settings), settings)
        self.expected = 0
        self._waiting = 0

    def _make(self, name: str, signal: str, environ: object) -> Any:  # noqa: ARG002
        if signal == "metrics":
            return InMemoryMetricReader()
        sink = NullSink(f"{name}/{signal}")
        if signal == "traces":
            self.sinks.append(sink)
        return sink

    def make_calls(self, run: Any, made: Iterable[Call], together: int = _TOGETHER) -> None:
        """Make tool calls in a run, and wait for the worker now and then."""
        for number, call in enumerate(made):
            with run.tool_call(call.name, call_id=call_id(number), arguments=call.arguments) as tool:
                tool.result(call.result)
            self.counts(together)

    def counts(self, together: int = _TOGETHER) -> None:
        """Count a span that will come, and wait for the worker now and then."""
        self.expected += 1
        self._waiting += 1
        if self._waiting >= together:
            self.wait()

    def wait(self) -> None:
        """Wait until the worker has handled everything."""
        self._waiting = 0
        self.bridge._handover.drain(time.monotonic() + _PATIENCE_S)  # noqa: SLF001  flush() would send at once, too

    def finish(self) -> None:
        """Wait until all is settled, and check that nothing is missing.

        Raises:
            SystemExit: If it is.
        """
        self.bridge.flush(_PATIENCE_S)
        wrong = [sink.taken for sink in self.sinks if sink.taken != self.expected]
        if wrong or not self.bridge.health().balanced:
            raise SystemExit(f"{self.expected} spans were made, and sinks took {wrong}")


def _measured(host: Host, work: Callable[[], None]) -> Measured:
    """Measure what is done to a host, until all of it is settled; after a warm-up."""
    with host.bridge.run(agent="coder") as run:
        host.make_calls(run, islice(cycle(_calls()), _WARM_UP))
    host.counts()
    host.finish()
    before, began = host.expected, time.process_time()
    work()
    host.finish()
    events = host.expected - before
    spent = time.process_time() - began
    return Measured(events, spent / events * 1e6, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _runs(host: Host, events: int, made: Sequence[Call], together: int = _TOGETHER) -> None:
    """Make runs of some events, the last of which is the run's own end, until they are enough."""
    for number in range(max(1, -(-_AT_LEAST // events))):
        with host.bridge.run(agent="coder", conversation_id=f"c-{number}") as run:
            host.make_calls(run, islice(cycle(made), events - 1), together)
        host.counts(together)


def events(value: int) -> Measured:
    """Runs of so many events."""
    host = Host()
    return _measured(host, lambda: _runs(host, value, _calls()))


def sink_count(value: int) -> Measured:
    """So many sinks, each of which gets everything."""
    host = Host(value)
    return _measured(host, lambda: _runs(host, _AT_LEAST, _calls()))


def payload(value: int) -> Measured:
    """Results of so many bytes beside arguments of 300, cut as by default."""
    return _payload(Host(), value)


def whole_payload(value: int) -> Measured:
    """The same, nothing cut."""
    return _payload(Host(AGENT_OTEL_CONTENT="full"), value)


def _payload(host: Host, value: int) -> Measured:
    count = min(_AT_LEAST, max(20, 20_000_000 // value))
    together = max(1, min(_TOGETHER, _TOGETHER_BYTES // value))
    pool = calls(value + 300, count)
    return _measured(host, lambda: _some(host, count, pool, together))


def _some(host: Host, count: int, made: Sequence[Call], together: int) -> None:
    with host.bridge.run(agent="coder") as run:
        host.make_calls(run, islice(cycle(made), count), together)
    host.counts()


def detectors(value: int) -> Measured:
    """So many detectors: rows of the table, and then some of the user's own."""
    on = [row.id for row in TABLE if not row.opt_in]
    own = tuple(
        UserDetector(id=f"own_{number}", pattern=rf"ownkey{number}_[A-Za-z0-9]{{20}}", keywords=(f"ownkey{number}_",))
        for number in range(value - len(on))
    )
    host = Host(scrubbing=ScrubOptions(disabled=frozenset(on[value:]), detectors=own))
    return _measured(host, lambda: _runs(host, _AT_LEAST, _calls()))


def open_runs(value: int) -> Measured:
    """So many runs open at once, each with one call; the oldest ends when a new one has begun."""
    roomy = str(4 * value + 10_000)
    bounds = ("MAX_OPEN_RUNS", "MAX_OPEN_OPERATIONS")
    host = Host(**{f"AGENT_OTEL_{bound}": roomy for bound in bounds})
    pool = _calls()

    def work() -> None:
        opened: deque[tuple[Context, Any]] = deque()
        for number in range(value + _AT_LEAST):
            run = host.bridge.run(agent="coder", conversation_id=f"c-{number}")
            context = copy_context()  # each in a context of its own, as tasks and threads have them
            context.run(run.__enter__)
            opened.append((context, run))
            if len(opened) > value:
                end(*opened.popleft())
        while opened:
            end(*opened.popleft())

    def end(context: Context, run: Any) -> None:
        context.run(host.make_calls, run, [pool[host.expected % len(pool)]])
        context.run(run.__exit__, None, None, None)
        host.counts()

    return _measured(host, work)


MEASURES: dict[str, Callable[[int], Measured]] = {
    "events": events,
    "open_runs": open_runs,
    "sinks": sink_count,
    "detectors": detectors,
    "payload": payload,
    "whole_payload": whole_payload,
}


if __name__ == "__main__":
    os.environ["OTEL_SERVICE_NAME"] = "growth"
    figures = MEASURES[sys.argv[1]](int(sys.argv[2]))
    print(json.dumps(figures.__dict__))
