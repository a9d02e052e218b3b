"""Telemetry about events finds its event: held back, seen before, or yet to come. Told twice, it counts once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from attrs import evolve

from agent_otel.model import AgentEvent, CostStatus, EventKind, Phase
from agent_otel.sources.agent_sdk.completing import completed, named, point_of
from agent_otel.sources.agent_sdk.measures import Measure
from agent_otel.sources.agent_sdk.runs import RunState
from agent_otel.sources.protocol import Decoded, Verdict

__all__ = ["Measuring"]

_MAX_WAITING: Final = 64  # per run
_MAX_TOLD: Final = 16_384
_SEVERAL: Final = 2  # providers: a run that has more than one is told without
_COUNTED: Final = frozenset({EventKind.USAGE, EventKind.COST})
_REPEATED: Final = Decoded(verdict=Verdict.SKIPPED, note="usage_repeated")


class Measuring:
    """Brings measures and events together.

    Args:
        nonce: Of the document, for points without a time.
        live: Whether this is a live stream, in which telemetry about a run that nobody saw waits for nothing.
    """

    def __init__(self, nonce: str, *, live: bool) -> None:
        self._nonce = nonce
        self._live = live
        self._told: OrderedDict[tuple[str, str], None] = OrderedDict()

    def take(self, measure: Measure, run: RunState) -> Decoded:
        """Take a measure: it completes the end that is held back, waits for its event, or is told as a point."""
        if measure.names.provider is not None and not measure.is_roll_up and len(run.providers) < _SEVERAL:
            run.providers[measure.names.provider] = None
        is_repeated = self._is_repeated(measure)
        if run.held is not None and _is_about(measure, run.held) and _fits(measure, run.held, is_repeated=is_repeated):
            told = evolve(measure, usage=None, cost=None) if is_repeated else measure
            run.held = completed(run.held, told)
            run.told_usage = run.told_usage or run.held.usage is not None
            return Decoded(note=measure.note)
        if is_repeated or (measure.is_total and run.told_usage and measure.kind is EventKind.USAGE):
            return _REPEATED
        if measure.kind is EventKind.AGENT and (run.has_ended or measure.event_id in run.events):
            return Decoded()  # the run's end was told by its event
        if measure.kind is EventKind.PROGRESS and measure.event_id in run.events:
            run.name_call(measure.event_id, measure.names)
            return Decoded()  # so was this
        if self._waits(measure, run):
            run.waiting.append(measure)
            excess = run.waiting[:-_MAX_WAITING]
            del run.waiting[:-_MAX_WAITING]
            return Decoded(tuple(event for old in excess for event in self._point(old, run)), note=measure.note)
        return Decoded(tuple(self._point(measure, run)), note=measure.note)

    def complete(self, event: AgentEvent, run: RunState) -> tuple[AgentEvent, list[AgentEvent]]:
        """Give an event the telemetry that waits for it: an end takes it in, beside any other event it stands alone.

        Returns:
            The event, and the points beside it.
        """
        points: list[AgentEvent] = []
        about = [measure for measure in run.waiting if _is_about(measure, event)]
        run.waiting = [measure for measure in run.waiting if not _is_about(measure, event)]
        for measure in about:
            if event.phase is Phase.END and _fits(measure, event, is_repeated=False):
                event = completed(event, measure)
                continue
            if event.phase is Phase.START:
                event = named(event, measure.names)
            if measure.kind in _COUNTED:
                points.extend(self._point(measure, run))
        run.told_usage = run.told_usage or (event.kind is EventKind.MODEL and event.usage is not None)
        return event, points

    def give_up(self, run: RunState) -> Iterator[AgentEvent]:
        """Give as points what waits for events that did not come."""
        waiting, run.waiting = run.waiting, []
        for measure in sorted(waiting, key=lambda measure: measure.kind is EventKind.AGENT):  # the end comes last
            yield from self._point(measure, run)

    def _waits(self, measure: Measure, run: RunState) -> bool:
        if measure.event_id is None or measure.event_id in run.events or run.has_ended or measure.is_roll_up:
            return False
        if _is_correction(measure):
            return False  # it never goes into the event that it corrects
        return run.is_known or not self._live

    def _point(self, measure: Measure, run: RunState) -> Iterator[AgentEvent]:
        if measure.kind is EventKind.AGENT:
            if run.has_ended:
                return
            yield from run.settle()
            run.has_ended = True
        if measure.kind is EventKind.USAGE and not measure.is_roll_up:
            if measure.is_total and run.told_usage:
                return
            run.told_usage = run.told_usage or not measure.is_total
        time_ns = run.events.get(measure.event_id) if measure.event_id is not None else None
        point = point_of(measure, run.conversation, time_ns, self._nonce)
        if measure.kind is EventKind.AGENT and point.names.provider is None and len(run.providers) == 1:
            point = evolve(point, names=evolve(point.names, provider=next(iter(run.providers))))
        yield point

    def _is_repeated(self, measure: Measure) -> bool:
        """Whether these numbers were told before; remembers them."""
        if measure.kind not in _COUNTED:
            return False
        keys = [(measure.run, key) for key in measure.keys]
        is_known = any(key in self._told for key in keys)
        for key in keys:
            self._told[key] = None
        while len(self._told) > _MAX_TOLD:
            self._told.popitem(last=False)
        return is_known


def _is_about(measure: Measure, event: AgentEvent) -> bool:
    return measure.event_id is not None and measure.event_id == event.ids.event


def _is_correction(measure: Measure) -> bool:
    return measure.cost is not None and measure.cost.status is CostStatus.CORRECTED


def _fits(measure: Measure, event: AgentEvent, *, is_repeated: bool) -> bool:
    """Whether an end can take a measure in.

    Corrections and second costs are told beside it: nothing is replaced. So are the tokens of a tool call, for which
    there is no metric.
    """
    if is_repeated:
        return True  # it adds the record's id, and no number
    if _is_correction(measure) or (measure.usage is not None and event.kind is EventKind.TOOL):
        return False
    return measure.cost is None or event.cost is None
