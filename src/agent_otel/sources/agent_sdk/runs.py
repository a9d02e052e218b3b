"""What the decoder remembers of each run, all of it bounded: open calls, retries, what is held back, what waits."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
import re
from typing import Final, TypeVar

from attrs import define, field

from agent_otel.model import AgentEvent, EventKind, Names, Phase
from agent_otel.sources.agent_sdk.calls import OpenCalls
from agent_otel.sources.agent_sdk.measures import Measure

__all__ = ["RunState", "Runs", "call_of"]

K = TypeVar("K")
V = TypeVar("V")

_MAX_RUNS: Final = 1_024
_MAX_EVENTS: Final = 1_024  # per run
_MAX_CALLS: Final = 256  # per run
_SPAN_ID: Final = re.compile(r"(?!0{16})[0-9a-f]{16}")


@define(eq=False)
class RunState:
    """One run.

    Args:
        run: Its id.
        conversation: Session id, once an envelope named it.
        is_known: Whether an envelope of it was seen; telemetry alone tells nothing about when it began.
        has_ended: Whether its end was told.
        calls: Its open calls.
        requested: Starts of tool calls that were asked for and may start yet, by call id.
        held: The end of a model or tool call, until the next envelope: telemetry may complete it.
        waiting: Telemetry about events that did not come yet.
        events: Times of the events seen, by id; None for one that told no time.
        names: Names of calls that came as telemetry about their start, by call.
        failed: The model call that failed last, by turn.
        retries: Which call a call tries again.
        providers: Providers of its model calls.
        told_usage: Whether a model call told its usage.
    """

    run: str
    conversation: str | None = None
    is_known: bool = False
    has_ended: bool = False
    calls: OpenCalls = field(factory=OpenCalls)
    requested: dict[str, AgentEvent] = field(factory=dict)
    held: AgentEvent | None = None
    waiting: list[Measure] = field(factory=list)
    events: dict[str, int | None] = field(factory=dict)
    names: dict[str, Names] = field(factory=dict)
    failed: dict[str | None, str] = field(factory=dict)
    retries: dict[str, str] = field(factory=dict)
    providers: dict[str, None] = field(factory=dict)
    told_usage: bool = False
    _spans: dict[str, str] = field(factory=dict)
    _starts: dict[str, str] = field(factory=dict)

    def saw(self, event: AgentEvent) -> None:
        """Remember that an event was told, its time, and of which call it was the start."""
        event_id, call = event.ids.event or "", call_of(event)
        self.events[event_id] = None if event.time_is_receipt else event.time_ns
        _shorten(self.events, _MAX_EVENTS)
        if event.phase is Phase.START and call is not None:
            self._starts[event_id] = call
            _shorten(self._starts, _MAX_CALLS)

    def name_call(self, start: str, names: Names) -> None:
        """Remember what telemetry about the start of a call says that it is called."""
        call = self._starts.get(start)
        if call is not None:
            self.names[call] = names
            _shorten(self.names, _MAX_CALLS)

    def own_span(self, span_id: str, owner: str) -> str | None:
        """Give a span id if it is this work's own: the envelope may carry that of whatever surrounds it instead."""
        if not _SPAN_ID.fullmatch(span_id):
            return None
        first = self._spans.setdefault(span_id, owner)
        _shorten(self._spans, _MAX_EVENTS)
        return span_id if first == owner else None

    def failed_in(self, turn: str | None, call: str) -> None:
        """Remember the model call that failed last in a turn."""
        self.failed[turn] = call
        _shorten(self.failed, _MAX_CALLS)

    def retried_by(self, turn: str | None, call: str) -> str | None:
        """Give the failed call that this one tries again: the last that failed in its turn."""
        before = self.retries.get(call) or self.failed.pop(turn, None)
        if before is not None:
            self.retries[call] = before
            _shorten(self.retries, _MAX_CALLS)
        return before

    def request(self, call: str, start: AgentEvent) -> Iterator[AgentEvent]:
        """Hold the start of a tool call that was asked for; of very many, the oldest start now."""
        self.requested[call] = start
        while len(self.requested) > _MAX_CALLS:
            yield self.requested.pop(next(iter(self.requested)))

    def release(self) -> Iterator[AgentEvent]:
        """Give the end that is held back."""
        held, self.held = self.held, None
        if held is not None:
            yield held

    def settle(self) -> Iterator[AgentEvent]:
        """Give every call that is held back: nothing more is said about them."""
        yield from self.release()
        yield from self.requested.values()
        self.requested.clear()


class Runs:
    """The runs that were heard of lately."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, RunState] = OrderedDict()

    def of(self, run: str) -> RunState:
        """Give a run."""
        state = self._runs.get(run)
        if state is None:
            state = self._runs[run] = RunState(run)
        self._runs.move_to_end(run)
        return state

    def excess(self) -> Iterator[RunState]:
        """Forget the runs that were silent for longest, and give them: what they hold has to be told."""
        while len(self._runs) > _MAX_RUNS:
            yield self._runs.popitem(last=False)[1]

    def all(self) -> Iterator[RunState]:
        """Give every run, in the order in which they were heard of last."""
        yield from self._runs.values()


def call_of(event: AgentEvent) -> str | None:
    """Name the call of an event, None if it is of none."""
    if event.kind is EventKind.TOOL:
        return f"tool/{event.ids.tool_call}"
    return f"model/{event.ids.request or event.ids.attempt}" if event.kind is EventKind.MODEL else None


def _shorten(memory: dict[K, V], limit: int) -> None:
    while len(memory) > limit:
        del memory[next(iter(memory))]
