"""Agent events, bare or as change events, to the model's events: what needs to know the events before.

A bare event names neither its time nor, mostly, its session and run: the time is that of its receipt, session and run
are those that are open (``open_runs``). Tool calls are put together from two accounts (``calls``). The rest is
stateless (``marks``, ``notices``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache
from typing import Any, Final

from attrs import evolve, fields, frozen

from agent_otel.model import (
    NANOS_PER_MILLI,
    AgentEvent,
    EventKind,
    LosslessRecord,
    Origin,
    Outcome,
    Phase,
    parse_rfc3339,
)
from agent_otel.sources.bamboo.agent_events import AgentEvent as BambooEvent
from agent_otel.sources.bamboo.calls import Calls
from agent_otel.sources.bamboo.change_feed import ChangeEvent
from agent_otel.sources.bamboo.marks import MARKS
from agent_otel.sources.bamboo.members import words_of
from agent_otel.sources.bamboo.notices import NOTICES
from agent_otel.sources.bamboo.open_runs import OpenRuns
from agent_otel.sources.bamboo.parts import error_contents, note_of, run_id, usage_of
from agent_otel.sources.bamboo.place import Place
from agent_otel.sources.protocol import Context, Decoded, Verdict

__all__ = ["FEED", "STREAM", "AgentStream"]

STREAM: Final = Origin("bamboo", form="stream")
FEED: Final = Origin("bamboo", form="feed")

_WORK: Final = frozenset({BambooEvent.ToolStart, BambooEvent.RunnerProgress, BambooEvent.Token})  # only runs say so
_UNKNOWN_VARIANT: Final = Decoded(verdict=Verdict.SKIPPED, note="unknown_variant")


@frozen
class _Record:
    """One record on its way: the event, its session as far as told, and where it stands otherwise."""

    event: Any
    session: str | None
    place: Place
    boxed: bool = False


class AgentStream:
    """Maps the agent events of one decoder."""

    def __init__(self) -> None:
        self._runs = OpenRuns()
        self._calls = Calls()
        self._mappings: dict[type[BambooEvent], Callable[[_Record], list[AgentEvent]]] = {
            BambooEvent.ExecutionStarted: self._started,
            BambooEvent.Complete: self._completed,
            BambooEvent.Cancelled: self._cancelled,
            BambooEvent.Error: self._failed,
            BambooEvent.RunnerProgress: self._turn,
            BambooEvent.ToolStart: lambda record: self._calls.started(record.event, self._placed(record)),
            BambooEvent.ToolLifecycle: lambda record: self._calls.lifecycle(record.event, self._placed(record)),
            BambooEvent.ToolComplete: lambda record: self._calls.completed(record.event, self._placed(record)),
            BambooEvent.ToolError: lambda record: self._calls.failed(record.event, self._placed(record)),
        }

    def take(self, event: BambooEvent | None, context: Context, nonce: str | None) -> Decoded:
        """Map a bare agent event; None is one of an unknown variant."""
        if event is None:
            return _UNKNOWN_VARIANT
        place = Place(STREAM, context.cursor, context.receipt_ns, is_receipt=True, nonce=nonce)
        return self._map(_Record(event, event.session_id, place))

    def take_change(self, change: ChangeEvent | None, context: Context, nonce: str | None) -> Decoded:
        """Map a change event; what no feed has numbered is the session's own stream, wrapped."""
        if change is None:
            return _UNKNOWN_VARIANT
        origin, time_ns = STREAM if change.seq is None else FEED, change.time_ns
        if time_ns is None:
            place = Place(origin, context.cursor, context.receipt_ns, is_receipt=True, nonce=nonce)
        else:
            place = Place(origin, context.cursor, time_ns)
        own = change.event.session_id
        return self._map(_Record(change.event, own if own is not None else change.session_id, place))

    def close(self) -> list[AgentEvent]:
        """Give what was held back."""
        return self._calls.close()

    def _map(self, record: _Record) -> Decoded:
        event = record.event
        if isinstance(event, BambooEvent.SubAgentEvent):
            return self._unboxed(record)
        variant = type(event)
        if variant in _WORK:
            self._runs.goes_on(self._session(record))
        mapping = self._mappings.get(variant)
        if mapping is not None:
            return Decoded(mapping(record), note=_note(event))
        to_event = MARKS.get(variant) or NOTICES[variant]
        return Decoded((to_event(event, self._placed(record)),), note=_note(event))

    def _unboxed(self, record: _Record) -> Decoded:
        """Map what a sub-agent said as an event of its own session."""
        inner = record.event.event
        if not isinstance(inner, BambooEvent):
            return _UNKNOWN_VARIANT
        own = inner.session_id
        session = own if own is not None else record.event.child_session_id
        return self._map(_Record(inner, session, record.place, boxed=True))

    def _session(self, record: _Record) -> str | None:
        return record.session if record.session is not None else self._runs.only_session()

    def _placed(self, record: _Record) -> Place:
        session = self._session(record)
        return evolve(record.place, conversation=session, run=self._runs.run_of(session))

    def _started(self, record: _Record) -> list[AgentEvent]:
        event = record.event
        run = run_id(event.session_id, event.run_id)
        superseded = self._runs.start(event.session_id, run, boxed=record.boxed)
        started_ns = _time_of(event.started_at)
        lineage = {"run.id": event.run_id, "run.started_at": event.started_at if started_ns is not None else None}
        place = evolve(record.place, conversation=event.session_id, run=run)
        # Only beside other times of Bamboo's own clock: from there to our receipt it may be days.
        if not place.is_receipt and started_ns is not None and started_ns < place.time_ns:
            place = evolve(place, time_ns=started_ns)
        start = place.event(EventKind.AGENT, Phase.START, lineage=lineage)
        return [start] if superseded is None else [*self._lost_end(place, superseded), start]

    def _lost_end(self, place: Place, run: str) -> list[AgentEvent]:
        """Tell the end of a run whose own word was lost: Bamboo runs one at a time in a session."""
        held = self._calls.settle(place.conversation)
        there = evolve(place, run=run)
        end = there.event(EventKind.AGENT, Phase.END, outcome=Outcome.INTERRUPTED, error_type="superseded")
        return [*held, end]

    def _completed(self, record: _Record) -> list[AgentEvent]:
        return self._ended(record, Outcome.OK, usage=usage_of(record.event.usage)[0])

    def _cancelled(self, record: _Record) -> list[AgentEvent]:
        contents = error_contents(record.event.message)
        return self._ended(record, Outcome.CANCELLED, error_type="cancelled", contents=contents)

    def _failed(self, record: _Record) -> list[AgentEvent]:
        contents = error_contents(record.event.message)
        return self._ended(record, Outcome.ERROR, error_type="run_error", contents=contents)

    def _ended(self, record: _Record, outcome: Outcome, **rest: Any) -> list[AgentEvent]:
        session = self._session(record)
        held = self._calls.settle(session)
        run = self._runs.end(session) if session is not None else None
        place = evolve(record.place, conversation=session, run=run)
        return [*held, place.event(EventKind.AGENT, Phase.END, outcome=outcome, **rest)]

    def _turn(self, record: _Record) -> list[AgentEvent]:
        """A turn begins only when all calls of the turn before have their results."""
        place = self._placed(record)
        held = self._calls.settle(place.conversation)
        return [*held, MARKS[BambooEvent.RunnerProgress](record.event, place)]


def _time_of(text: str) -> int | None:
    try:
        return parse_rfc3339(text)
    except ValueError:
        return None


def _note(event: BambooEvent) -> str | None:
    """Name what has to be told about an event: words that are not known, integers that had to be clamped (R12)."""
    variant: Any = type(event)
    words = (getattr(event, name) for name in _words_of(variant))
    if any(word is not None and not isinstance(word, Enum) for word in words):
        return "unknown_word"
    elapsed = (getattr(event, "elapsed_ms", None) or 0) * NANOS_PER_MILLI
    return note_of(elapsed, *_integers(event))


@cache
def _words_of(variant: Any) -> tuple[str, ...]:
    return words_of(variant)


def _integers(record: LosslessRecord) -> Iterator[int]:
    for attribute in fields(type(record)):
        value = getattr(record, attribute.name)
        if type(value) is int:
            yield value
        elif isinstance(value, LosslessRecord):
            yield from _integers(value)
