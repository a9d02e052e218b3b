"""The events of runs, in the order in which they can be told: ends that telemetry may complete wait a little."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import evolve

from agent_otel.model import AgentEvent, EventKind, Fact, Names, Phase
from agent_otel.sources.agent_sdk.completing import named
from agent_otel.sources.agent_sdk.mapping import Happening, map_event
from agent_otel.sources.agent_sdk.measuring import Measuring
from agent_otel.sources.agent_sdk.parts import word
from agent_otel.sources.agent_sdk.runs import Runs, RunState, call_of

__all__ = ["Story"]

_HELD: Final = frozenset({EventKind.MODEL, EventKind.TOOL})


class Story:
    """Tells events.

    Args:
        runs: The runs that were heard of.
        measuring: Telemetry about events.
    """

    def __init__(self, runs: Runs, measuring: Measuring) -> None:
        self._runs = runs
        self._measuring = measuring

    def tell(self, happening: Happening) -> Iterator[AgentEvent]:
        """Tell what can be told now that this event came."""
        run = happening.run
        envelope = happening.event.envelope
        yield from run.release()
        run.is_known = True
        run.conversation = envelope.session_id or run.conversation
        event, points = self._measuring.complete(map_event(happening), run)
        run.saw(event)
        yield from points
        if event.kind is EventKind.TOOL and event.phase is Phase.START:
            yield from _tool_start(event, run, is_request=word(envelope.event_kind) == "tool_requested")
        elif event.kind in _HELD and event.phase is Phase.END:
            yield from self._end(event, run)
        elif event.kind is EventKind.AGENT and event.phase is Phase.END:
            yield from self._run_end(event, run)
        else:
            yield event

    def finish(self) -> Iterator[AgentEvent]:
        """Tell everything that is held back: nothing more comes."""
        for run in self._runs.all():
            yield from self.settle(run)

    def settle(self, run: RunState) -> Iterator[AgentEvent]:
        """Tell everything of a run that is held back."""
        yield from run.settle()
        yield from self._measuring.give_up(run)

    def _end(self, event: AgentEvent, run: RunState) -> Iterator[AgentEvent]:
        """Hold the end of a call back, unless its run is over: then nothing of it may follow (rule R66)."""
        names = run.names.pop(call_of(event) or "", None)
        if names is not None:
            event = named(event, names)
        if event.kind is EventKind.TOOL and event.ids.tool_call is not None:
            requested = run.requested.pop(event.ids.tool_call, None)
            if requested is not None:
                yield requested
        if run.has_ended:
            yield event
        else:
            run.held = event

    def _run_end(self, event: AgentEvent, run: RunState) -> Iterator[AgentEvent]:
        """Tell the end of a run at once, after everything that waits: children whose start is known come late (R66)."""
        yield from run.settle()
        run.waiting = [measure for measure in run.waiting if measure.kind is not EventKind.AGENT]
        yield from self._measuring.give_up(run)
        run.has_ended = True
        yield event


def _tool_start(event: AgentEvent, run: RunState, *, is_request: bool) -> Iterator[AgentEvent]:
    """Tell the start of a tool call: when it starts, or if it never does, when it was requested."""
    call = event.ids.tool_call or ""
    if is_request:
        yield evolve(
            event,
            kind=EventKind.PROGRESS,
            phase=Phase.POINT,
            ids=evolve(event.ids, child_run=None, span=None),
            names=Names(subject="tool"),
            contents={},
            facts={Fact.STATE: "requested"},
        )
        yield from run.request(call, event)
        return
    requested = run.requested.pop(call, None)
    if requested is not None:
        names = evolve(event.names, tool=event.names.tool or requested.names.tool)
        event = evolve(event, names=names, contents={**requested.contents, **event.contents})
    yield event
