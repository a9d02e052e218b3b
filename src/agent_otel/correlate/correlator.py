"""The correlator: events in, in whatever order they come; finished operations out, each exactly once.

It raises for no event of a source, guesses no parent (R18) and reads no clock: a live bridge tells it the time. All its
memory is bounded (``CorrelationLimits``).
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from agent_otel.correlate.bounds import bounded
from agent_otel.correlate.conversations import Conversations
from agent_otel.correlate.identity import derive_key
from agent_otel.correlate.limits import CorrelationLimits
from agent_otel.correlate.marks import MARK_KINDS, ONLY_MARKS, Marks
from agent_otel.correlate.operation import Occurrence, OrphanReason, SpanRef, Surroundings
from agent_otel.correlate.places import Places
from agent_otel.correlate.runs import Runs
from agent_otel.correlate.state import NO_SURROUNDINGS, State
from agent_otel.correlate.work import WORK_KINDS, Output, Work
from agent_otel.model import AgentEvent, EventKind, Fact, Phase

__all__ = ["NO_SURROUNDINGS", "Correlated", "Correlator"]


class Correlated(NamedTuple):
    """What one event gave: outputs in order, and whether it told nothing new."""

    outputs: list[Output]
    is_duplicate: bool = False


class Correlator:
    """Joins events into operations.

    Args:
        namespace: Keeps equal ids of two tenants apart; part of every derived trace id.
        limits: Bounds of the memory.
        trace_per_conversation: Put a conversation span on top of its runs. For bounded inputs: it ends with the input.
        nonce: Part of the keys of work that has neither an id nor a place in an input.
        now_ns: Unix time in nanoseconds at which a live bridge begins; 0 for a reading, which has no time limits.
    """

    def __init__(
        self,
        namespace: str,
        limits: CorrelationLimits | None = None,
        *,
        trace_per_conversation: bool = False,
        nonce: str = "",
        now_ns: int = 0,
    ) -> None:
        self._state = State(limits or CorrelationLimits(), now_ns)
        self._places = Places(self._state, namespace, nonce)
        self._work = Work(self._state, self._places)
        self._conversations = Conversations(self._state, self._places, on_top=trace_per_conversation)
        self._marks = Marks(self._state)
        self._runs = Runs(self._state, self._places, self._work, self._conversations, self._marks)

    def feed(self, event: AgentEvent, around: Surroundings = NO_SURROUNDINGS) -> Correlated:
        """Take one event.

        Args:
            event: The event.
            around: What surrounded it; a run that opens joins the trace of the caller's span.

        Returns:
            What it completed, and whether it was a duplicate (a second start or end, a second form of a run).

        Raises:
            TypeError: If the event's time is no number.
        """
        outputs: list[Output] = []
        event = bounded(event)
        if self._is_second_form(event):
            self._state.counts["second_form"] += 1
            return Correlated(outputs, is_duplicate=True)
        if event.ids.conversation is not None:
            self._conversations.note(event, around, outputs)
        if event.ids.child_run is not None or event.ids.child_conversation is not None:
            self._announce_child(event)
        accepted = self._dispatch(event, around, outputs)
        return Correlated(outputs, not accepted)

    def advance(self, now_ns: int) -> list[Output]:
        """Tell the time (live use); closes what stayed silent for too long.

        Nothing else does: the times of events can lie anywhere, and a recorded session may rest for days.

        Args:
            now_ns: Unix time in nanoseconds, by the bridge's own clock.
        """
        outputs: list[Output] = []
        if self._state.now_ns == 0:
            self._state.start_clock(now_ns)
        elif now_ns > self._state.now_ns:
            self._state.now_ns = now_ns
            self._expire(outputs)
        return outputs

    def finish(self, reason: OrphanReason, now_ns: int | None = None) -> list[Output]:
        """Close everything that is open, children before their runs.

        Args:
            reason: ``END_OF_INPUT`` for a file, ``SHUTDOWN`` for a live bridge.
            now_ns: End time of what is closed; by default the last time known of it.
        """
        outputs: list[Output] = []
        for work in list(self._state.open.values()):
            if work.orphan_end_ns is not None:
                self._work.close_orphan(work, OrphanReason.RUN_END, outputs)
            else:
                self._work.close_orphan(work, reason, outputs, now_ns)
        self._state.grace.clear()
        for run in list(self._state.runs.values()):
            self._runs.close_orphan(run, reason, outputs, now_ns)
        self._conversations.finish(outputs)
        return outputs

    @property
    def open_runs(self) -> int:
        """How many runs are open."""
        return len(self._state.runs)

    @property
    def open_operations(self) -> int:
        """How many starts wait for their end."""
        return len(self._state.open)

    @property
    def counts(self) -> Counter[str]:
        """What was closed, evicted, repeated or late, by a bounded set of words."""
        return self._state.counts

    def _dispatch(self, event: AgentEvent, around: Surroundings, outputs: list[Output]) -> bool:
        if event.kind in WORK_KINDS:
            scope = self._runs.scope_of(event, around, outputs)
            if event.phase is Phase.START:
                return self._work.started(event, scope, around, outputs)
            return self._work.ended(event, scope, around, outputs)
        if event.kind is EventKind.AGENT:
            if event.phase is Phase.END:
                return self._runs.ended(event, around, outputs)
            return self._runs.started(event, around, outputs)
        self._occurred(event, outputs)
        return True

    def _occurred(self, event: AgentEvent, outputs: list[Output]) -> None:
        """Take an event that is no work: a mark on what is open of it, or an occurrence in the context of its run."""
        has_place = event.kind in MARK_KINDS and self._marks.take(event)
        if has_place and event.kind in ONLY_MARKS:
            return
        span: SpanRef | None = None
        if event.ids.run is not None:
            key = (event.origin.system, event.ids.run)
            run = self._state.runs.get(key)
            if run is not None:
                span = run.identity.ref
                if event.kind is EventKind.HISTORY:
                    run.facts = {**run.facts, Fact.COMPACTED: True}
                run.child_usage = run.child_usage or (event.kind is EventKind.USAGE and event.usage is not None)
                run.child_cost = run.child_cost or event.cost is not None
            elif (closed := self._state.closed.get(key)) is not None:
                span = closed.identity.ref
        outputs.append(
            Occurrence(event=event, key=self._occurrence_key(event), span=span, conversation=event.ids.conversation)
        )

    def _announce_child(self, event: AgentEvent) -> None:
        """Take the word of a run that it starts another one; ends and heartbeats of sub-agents say nothing new."""
        if event.ids.run is None or event.kind not in _ANNOUNCING:
            return
        if event.kind is EventKind.TOOL or event.facts.get(Fact.STATE, _STARTED) == _STARTED:
            self._places.announce_child(event)
            self._runs.link_to_child(event)

    def _occurrence_key(self, event: AgentEvent) -> int:
        """Give an identity. Without an id, place and facts together: other files may begin with the same record."""
        subject = event.names.subject or ""
        name = event.ids.event
        if name is None:
            name = f"{self._places.anonymous_key(event)} {sorted((f.value, v) for f, v in event.facts.items())}"
        run = event.ids.run or ""  # some systems number the events of every run anew
        return derive_key(event.origin.system, event.kind.value, event.phase.value, subject, name, run)

    def _is_second_form(self, event: AgentEvent) -> bool:
        """Whether this conversation or run is already read in another of its source's forms: only the first counts."""
        system, form, ids = event.origin.system, event.origin.form, event.ids
        if ids.conversation is not None:
            read_in = self._state.forms.get((system, ids.conversation))
            if read_in is None:
                self._state.forms.put((system, ids.conversation), form)
            elif read_in != form:
                return True
        if ids.run is None:
            return False
        run = self._state.runs.get((system, ids.run))
        if run is not None:
            return run.origin.form != form
        closed = self._state.closed.get((system, ids.run))
        return closed is not None and closed.form != form

    def _expire(self, outputs: list[Output]) -> None:
        """Close what stayed open for too long: children of ended runs, starts without end, silent runs."""
        state = self._state
        while state.grace and state.grace[0][0] <= state.now_ns:
            work = state.open.get(state.grace.popleft()[1])
            if work is not None:
                self._work.close_orphan(work, OrphanReason.RUN_END, outputs)
        limit_ns = state.now_ns - state.limits.idle_limit_ns
        while state.open and (oldest := next(iter(state.open.values()))).touched_ns < limit_ns:
            self._work.close_orphan(oldest, OrphanReason.TIME_LIMIT, outputs)
        while state.runs and (idle := next(iter(state.runs.values()))).touched_ns < limit_ns:
            self._runs.close_orphan(idle, OrphanReason.TIME_LIMIT, outputs)


_ANNOUNCING = frozenset({EventKind.PROGRESS, EventKind.TOOL})
_STARTED = "started"
