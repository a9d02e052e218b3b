"""Runs: one invocation of an agent, from its start, its first child or its end alone (R4, R5, R19, R66)."""

from __future__ import annotations

from collections import deque

from attrs import evolve

from agent_otel.correlate.conversations import Conversations
from agent_otel.correlate.marks import Marks
from agent_otel.correlate.operation import (
    Operation,
    OperationKind,
    OrphanReason,
    RunOpened,
    Surroundings,
)
from agent_otel.correlate.places import Places
from agent_otel.correlate.state import ClosedRun, Run, RunKey, Scope, State, merged, merged_names
from agent_otel.correlate.work import ORPHAN_ERROR_TYPES, Output, Work
from agent_otel.model import NO_IDS, NO_NAMES, AgentEvent, EventKind, Outcome, Phase

__all__ = ["Runs"]

_MAX_ANONYMOUS = 1_000


class Runs:
    """Opens, fills and closes runs."""

    def __init__(self, state: State, places: Places, work: Work, conversations: Conversations, marks: Marks) -> None:
        self._state = state
        self._marks = marks
        self._places = places
        self._work = work
        self._conversations = conversations
        self._anonymous: dict[str, deque[RunKey]] = {}  # open runs without id, by system

    def started(self, event: AgentEvent, around: Surroundings, outputs: list[Output]) -> bool:
        """Take a run's start; gives False for one that is known already."""
        key = self._key(event)
        if key is None:
            key = (event.origin.system, self._places.anonymous_key(event))
            self._anonymous.setdefault(key[0], deque(maxlen=_MAX_ANONYMOUS)).append(key)
        run = self._state.runs.get(key)
        if run is None:
            if self._state.closed.get(key) is not None:
                self._state.counts["late_start"] += 1
                return False
            run = self._open(key, event, around, outputs)
        elif run.start_ns is not None:
            self._state.counts["repeated_start"] += 1
            return False
        run.start_ns, run.start_is_receipt = event.time_ns, event.time_is_receipt
        if around.context is not None:
            run.surroundings = around
        self._enrich(run, event)
        return True

    def ended(self, event: AgentEvent, around: Surroundings, outputs: list[Output]) -> bool:
        """Take a run's end; gives False for one that was told already (R19)."""
        key = self._key(event)
        if key is None:
            key = self._first_anonymous(event) or (event.origin.system, self._places.anonymous_key(event))
        if self._state.closed.get(key) is not None:
            self._state.counts["repeated_end"] += 1
            return False
        run = self._state.runs.get(key) or self._open(key, event, around, outputs)
        self._enrich(run, event)
        if event.duration_ns is not None and (run.start_ns is None or run.start_is_receipt):
            run.start_ns = max(0, event.time_ns - event.duration_ns)  # R5: the measured length counts, as in R13
        if around.additions is not None:
            run.surroundings = evolve(run.surroundings, additions=around.additions)
        self._end_children(run, event, outputs)
        self._close(run, outputs, event=event)
        return True

    def scope_of(self, event: AgentEvent, around: Surroundings, outputs: list[Output]) -> Scope:
        """Find where work belongs; a run that was not seen yet is opened by its first child."""
        key = self._key(event)
        if key is None:
            self._told_outside(event)
            return Scope(event.origin.system, None, None)
        run = self._state.runs.get(key)
        if run is None:
            closed = self._state.closed.get(key)
            if closed is not None:
                return Scope(key, None, closed)
            run = self._open(key, event, around, outputs)
        self._touch(run, event)
        return Scope(key, run, None)

    def link_to_child(self, event: AgentEvent) -> None:
        """Link a run to one that it is said to have started after that one opened, in a trace of its own."""
        system, ids = event.origin.system, event.ids
        run = self._state.runs.get((system, ids.run or ""))
        if run is None:
            return
        identity = run.identity
        if ids.child_run is not None:
            identity = self._places.linked_to_child(identity, system, ids.child_run)
        elif (child := self._state.conversations.get((system, ids.child_conversation or ""))) is not None:
            identity = self._places.linked(identity, child.last_run)
        run.identity = identity

    def close_orphan(self, run: Run, reason: OrphanReason, outputs: list[Output], end_ns: int | None = None) -> None:
        """Close a run whose end never came, its open children first."""
        for token in sorted(run.open_tokens):
            self._work.close_orphan(self._state.open[token], reason, outputs, end_ns)
        self._state.counts[f"orphan_{reason.value}"] += 1
        self._close(run, outputs, orphan=reason, end_ns=end_ns)

    def _key(self, event: AgentEvent) -> RunKey | None:
        return (event.origin.system, event.ids.run) if event.ids.run is not None else None

    def _first_anonymous(self, event: AgentEvent) -> RunKey | None:
        """Give the first open run without id, which this end is taken for; those that were given up are no more."""
        waiting = self._anonymous.get(event.origin.system)
        while waiting:
            key = waiting.popleft()
            if key in self._state.runs:
                return key
        return None

    def _told_outside(self, event: AgentEvent) -> None:
        """Where neither model calls nor runs have ids, the calls tell the tokens that the run's end tells again."""
        if event.kind is not EventKind.MODEL or event.usage is None:
            return
        for key in self._anonymous.get(event.origin.system, ()):
            if (run := self._state.runs.get(key)) is not None:
                run.child_usage = True

    def _open(self, key: RunKey, event: AgentEvent, around: Surroundings, outputs: list[Output]) -> Run:
        own = event.kind is EventKind.AGENT
        top = self._conversations.top_of(key[0], event.ids.conversation, around, outputs, event.ids.nonce)
        identity = self._places.of_run(key, event, around, top)
        identity = self._conversations.run_opened(key[0], event.ids.conversation, identity)
        run = Run(
            key=key,
            identity=identity,
            origin=event.origin,
            ids=event.ids if own else evolve(NO_IDS, run=event.ids.run, conversation=event.ids.conversation),
            names=event.names if own else NO_NAMES,
            conversation=event.ids.conversation,
            touched_ns=self._state.now_ns,
            last_ns=event.time_ns,
            first_child_ns=max(0, event.time_ns - (event.duration_ns or 0)),
            surroundings=around if own else Surroundings(context=around.context),
        )
        self._state.runs[key] = run
        outputs.append(
            RunOpened(
                identity=identity,
                kind=OperationKind.RUN,
                origin=run.origin,
                names=run.names,
                conversation=run.conversation,
                context=around.context,
            )
        )
        if len(self._state.runs) > self._state.limits.max_open_runs:
            self._state.counts["evicted_runs"] += 1
            self.close_orphan(next(iter(self._state.runs.values())), OrphanReason.EVICTED, outputs)
        return run

    def _enrich(self, run: Run, event: AgentEvent) -> None:
        self._touch(run, event)
        run.names = merged_names(run.names, event.names)
        if event.phase is Phase.START:
            run.ids = event.ids
        run.conversation = run.conversation or event.ids.conversation
        run.contents = merged(run.contents, event.contents)
        run.facts = merged(run.facts, event.facts)
        run.lineage = merged(run.lineage, event.lineage)

    def _touch(self, run: Run, event: AgentEvent) -> None:
        run.touched_ns = self._state.now_ns
        run.last_ns = max(run.last_ns, event.time_ns)
        start_ns = max(0, event.time_ns - (event.duration_ns or 0))
        run.first_child_ns = min(run.first_child_ns, start_ns)
        self._state.runs.move_to_end(run.key)

    def _end_children(self, run: Run, event: AgentEvent, outputs: list[Output]) -> None:
        """Give open children the grace time: their parent's end does not end them (R66), unless nothing can follow."""
        deadline_ns = self._state.now_ns + self._state.limits.late_child_grace_ns
        for token in sorted(run.open_tokens):
            work = self._state.open[token]
            work.orphan_end_ns = event.time_ns
            if event.final:
                self._work.close_orphan(work, OrphanReason.RUN_END, outputs)
            else:
                self._state.give_grace(deadline_ns, token)

    def _close(
        self,
        run: Run,
        outputs: list[Output],
        *,
        event: AgentEvent | None = None,
        orphan: OrphanReason | None = None,
        end_ns: int | None = None,
    ) -> None:
        start_ns = run.start_ns if run.start_ns is not None else run.first_child_ns
        error_type = event.error_type if event is not None else ORPHAN_ERROR_TYPES[orphan or OrphanReason.EVICTED]
        last_ns = event.time_ns if event is not None else end_ns if end_ns is not None else run.last_ns
        end_ns = max(start_ns, last_ns)
        self._marks.settle(run)
        del self._state.runs[run.key]
        self._state.closed.put(
            run.key,
            ClosedRun(run.identity, run.origin.form, run.conversation, run.names.agent, end_ns, run.ordinals),
        )
        self._conversations.run_closed(run.key[0], run.conversation, start_ns, end_ns)
        outputs.append(
            Operation(
                kind=OperationKind.RUN,
                identity=run.identity,
                origin=run.origin,
                start_ns=start_ns,
                end_ns=end_ns,
                outcome=Outcome.INTERRUPTED if event is None else event.outcome,
                error_type=error_type,
                conversation=run.conversation,
                run=run.key[1],
                ids=run.ids,
                names=run.names,
                usage=event.usage if event is not None else None,
                cost=event.cost if event is not None else None,
                contents=run.contents,
                facts=run.facts,
                lineage=run.lineage,
                marks=tuple(run.marks),
                orphan=orphan,
                model_calls=run.model_calls,
                tool_calls=run.tool_calls,
                child_usage=run.child_usage,
                child_cost=run.child_cost,
                context=run.surroundings.context,
                additions=run.surroundings.additions,
            )
        )
