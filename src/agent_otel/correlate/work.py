"""Work inside and outside runs: model calls, tool calls, forwarded requests and the like (R6, R8, R13 to R17)."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice

from attrs import evolve

from agent_otel.correlate.bounds import size_of
from agent_otel.correlate.operation import (
    Mark,
    Occurrence,
    Operation,
    OperationKind,
    OrphanReason,
    RunOpened,
    SpanIdentity,
    Surroundings,
)
from agent_otel.correlate.places import Places
from agent_otel.correlate.state import Finished, OpenWork, Run, Scope, State, WorkKey, merged, merged_names
from agent_otel.model import NANOS_PER_SECOND, AgentEvent, ContentKind, EventKind, Fact, Names, Outcome

__all__ = ["ORPHAN_ERROR_TYPES", "WORK_KINDS", "Output", "Work"]

Output = RunOpened | Operation | Occurrence

WORK_KINDS = {
    EventKind.MODEL: OperationKind.MODEL,
    EventKind.TOOL: OperationKind.TOOL,
    EventKind.FORWARD: OperationKind.FORWARD,
    EventKind.RETRIEVAL: OperationKind.RETRIEVAL,
    EventKind.MEMORY: OperationKind.MEMORY,
    EventKind.DEPLOYMENT: OperationKind.DEPLOYMENT,
}
_MAX_HELD_BYTES = 64 * 1024 * 1024  # of content, by starts that wait for their end
_MAX_COMPARED = 256  # starts whose arguments an end is compared with: far more than any agent runs at once
ORPHAN_ERROR_TYPES = {
    OrphanReason.RUN_END: "orphaned",
    OrphanReason.TIME_LIMIT: "orphaned",
    OrphanReason.SHUTDOWN: "interrupted",
    OrphanReason.END_OF_INPUT: "interrupted",
    OrphanReason.EVICTED: "orphaned",
}


def _given_key(event: AgentEvent) -> str | None:
    """The id by which the start and end of this work know each other."""
    ids = event.ids
    request = ids.request if ids.request is not None else ids.attempt
    given = ids.tool_call if event.kind is EventKind.TOOL else request
    return None if given is None else f"={given}"  # so that no id reads like a number that we gave


def _nameless(event: AgentEvent) -> str:
    """The slot of work without id: R14 pairs such starts and ends by tool name."""
    return f"?{event.names.tool or event.names.request_model or ''}"


class Work:
    """Pairs starts with ends and turns them into operations."""

    def __init__(self, state: State, places: Places) -> None:
        self._state = state
        self._places = places
        self._sequence = 0

    def started(self, event: AgentEvent, scope: Scope, around: Surroundings, outputs: list[Output]) -> bool:
        """Take a start; gives False for one that is known already."""
        kind = WORK_KINDS[event.kind]
        given = _given_key(event)
        slot: WorkKey = (scope.key, kind, given if given is not None else _nameless(event))
        if given is not None and (slot in self._state.waiting or self._ended_later(slot, event)):
            self._state.counts["repeated_start"] += 1
            return False
        key = given if given is not None else self._places.work_key(kind, event, scope)
        self._sequence += 1
        work = OpenWork(
            token=self._sequence,
            kind=kind,
            key=key,
            has_id=given is not None,
            run=scope.run.key if scope.run is not None else None,
            identity=self._places.of_work(kind, key, event, scope, around),
            event=event,
            touched_ns=self._state.now_ns,
            conversation=event.ids.conversation or scope.conversation,
            agent=scope.agent,
            slot=slot,
            held_bytes=sum(size_of(content.value, _MAX_HELD_BYTES) for content in event.contents.values()),
            marks=self._waiting_marks(scope, slot),
            surroundings=around,
        )
        self._state.open[work.token] = work
        self._state.held_bytes += work.held_bytes
        if self._state.held_bytes > _MAX_HELD_BYTES:
            self._let_go()
        self._state.waiting.setdefault(slot, []).append(work.token)
        if scope.run is not None:
            scope.run.open_tokens.add(work.token)
        if len(self._state.open) > self._state.limits.max_open_operations:
            self._state.counts["evicted_operations"] += 1
            self.close_orphan(next(iter(self._state.open.values())), OrphanReason.EVICTED, outputs)
        return True

    def ended(self, event: AgentEvent, scope: Scope, around: Surroundings, outputs: list[Output]) -> bool:
        """Take an end; gives False for one that was told already."""
        kind = WORK_KINDS[event.kind]
        given = _given_key(event)
        work = self._matching(scope, kind, given, event) if self._state.waiting else None
        if work is not None:
            self._forget(work)
            key, identity = work.key, work.identity
        elif given is not None and not self._is_new((scope.key, kind, given), event):
            return False
        else:
            key = given if given is not None else self._places.work_key(kind, event, scope)
            identity = self._places.of_work(kind, key, event, scope, around)
        self._remember((scope.key, kind, key), identity, event.time_ns, None)
        if scope.run is not None:
            _count(scope.run, kind, event)
        if event.ids.child_run is not None:
            identity = self._places.linked_to_child(identity, event.origin.system, event.ids.child_run)
        marks = work.marks if work is not None else self._waiting_marks(scope, (scope.key, kind, key))
        outputs.append(_finished(kind, identity, work, event, scope, around, marks))
        return True

    def _waiting_marks(self, scope: Scope, slot: WorkKey) -> list[Mark]:
        """Give what was said of this work before it started."""
        return scope.run.waiting_marks.pop(slot, []) if scope.run is not None and scope.run.waiting_marks else []

    def close_orphan(
        self, work: OpenWork, reason: OrphanReason, outputs: list[Output], end_ns: int | None = None
    ) -> None:
        """Close a start whose end never came (R15), at ``end_ns`` or at the last time known of its run."""
        self._forget(work)
        self._state.counts[f"orphan_{reason.value}"] += 1
        run = self._state.runs.get(work.run) if work.run is not None else None
        start = work.event
        last_ns = work.orphan_end_ns or end_ns or (run.last_ns if run is not None else start.time_ns)
        self._remember((work.slot[0], work.kind, work.key), work.identity, last_ns, reason)
        if run is not None:
            _count(run, work.kind, start)
        outputs.append(
            Operation(
                kind=work.kind,
                identity=work.identity,
                origin=start.origin,
                start_ns=start.time_ns,
                end_ns=max(start.time_ns, last_ns),
                outcome=Outcome.INTERRUPTED,
                error_type=ORPHAN_ERROR_TYPES[reason],
                conversation=work.conversation,
                run=start.ids.run,
                ids=start.ids,
                names=start.names if start.names.agent is not None else evolve(start.names, agent=work.agent),
                contents=start.contents,
                facts=start.facts,
                lineage=start.lineage,
                marks=tuple(work.marks),
                orphan=reason,
                context=work.surroundings.context,
                additions=work.surroundings.additions,
            )
        )

    def _matching(self, scope: Scope, kind: OperationKind, given: str | None, event: AgentEvent) -> OpenWork | None:
        """Find the start of an end: by id; else by name and arguments; else first in first out (R14, R17)."""
        if given is not None:
            slot = (scope.key, kind, given)
            if tokens := self._state.waiting.get(slot):
                return self._state.open[tokens[0]]
            if self._state.finished.get(slot) is not None:
                return None  # a repetition must not take the start of another call
        tokens = self._state.waiting.get((scope.key, kind, _nameless(event))) or []
        arguments = event.contents.get(ContentKind.TOOL_ARGUMENTS)
        if arguments is not None:
            for token in islice(tokens, _MAX_COMPARED):
                if self._state.open[token].arguments == arguments:
                    return self._state.open[token]
        return self._state.open[tokens[0]] if tokens else None

    def _is_new(self, key: WorkKey, event: AgentEvent) -> bool:
        """Whether an end without a waiting start is work of its own, not a repetition of what was told already.

        An end that comes after its start was given up is late. A forwarded request is never told twice (R8). Of the
        rest, only an event with an id of its own, which a repetition would share, can be another attempt.
        """
        before = self._state.finished.get(key)
        if before is None:
            return True
        if before.orphan is not None:
            before.orphan = None
            self._state.counts["late_end"] += 1
            return False
        if key[1] is OperationKind.FORWARD or event.ids.event is None:
            self._state.counts["repeated_end"] += 1
            return False
        return True

    def _forget(self, work: OpenWork) -> None:
        del self._state.open[work.token]
        self._state.held_bytes -= work.held_bytes
        tokens = self._state.waiting[work.slot]
        tokens.remove(work.token)
        if not tokens:
            del self._state.waiting[work.slot]
        if work.run is not None and (run := self._state.runs.get(work.run)) is not None:
            run.open_tokens.discard(work.token)

    def _let_go(self) -> None:
        """Drop the content of the oldest starts, half of all at once, so that it is seldom necessary."""
        state = self._state
        for work in state.open.values():
            if state.held_bytes <= _MAX_HELD_BYTES // 2:
                return
            if work.held_bytes:
                state.held_bytes -= work.held_bytes
                state.counts["dropped_contents"] += 1
                work.event, work.held_bytes = evolve(work.event, contents={}), 0

    def _ended_later(self, slot: WorkKey, event: AgentEvent) -> bool:
        """Whether this start belongs to work whose end came before it: only a start after that end is a new attempt."""
        before = self._state.finished.get(slot)
        return before is not None and event.time_ns <= before.end_ns

    def _remember(self, key: WorkKey, identity: SpanIdentity, end_ns: int, orphan: OrphanReason | None) -> None:
        before = self._state.finished.get(key)
        attempts = 1 if before is None else before.attempts + 1
        self._state.finished.put(key, Finished(attempts, identity.span_id, orphan, end_ns))


def _count(run: Run, kind: OperationKind, event: AgentEvent) -> None:
    if kind is OperationKind.MODEL:
        run.model_calls += 1
        run.child_usage = run.child_usage or event.usage is not None
    elif kind is OperationKind.TOOL:
        run.tool_calls += 1
    run.child_cost = run.child_cost or event.cost is not None


def _finished(
    kind: OperationKind,
    identity: SpanIdentity,
    work: OpenWork | None,
    event: AgentEvent,
    scope: Scope,
    around: Surroundings,
    marks: list[Mark],
) -> Operation:
    """Build the operation of an end and, if it was seen, its start."""
    start = work.event if work is not None else None
    start_ns = start.time_ns if start is not None else -1
    if start is None or (start.time_is_receipt and event.duration_ns is not None):
        start_ns = max(0, event.time_ns - (event.duration_ns or 0))  # R6, R13: the measured length counts
    names = event.names if start is None else merged_names(start.names, event.names)
    if names.agent is None and (agent := scope.agent) is not None:
        names = _of_agent(names, agent)
    if work is not None and work.surroundings.context is not None and around.context is None:
        around = work.surroundings
    facts = event.facts if start is None else merged(start.facts, event.facts)
    if marks and kind is OperationKind.MODEL and Fact.TIME_TO_FIRST_CHUNK not in facts:
        facts = merged(facts, _first_chunk(start_ns, marks))
    return Operation(
        kind=kind,
        identity=identity,
        origin=event.origin,
        start_ns=start_ns,
        end_ns=max(start_ns, event.time_ns),
        outcome=event.outcome,
        error_type=event.error_type,
        conversation=event.ids.conversation or scope.conversation,
        run=event.ids.run,
        ids=event.ids,
        names=names,
        usage=event.usage,
        cost=event.cost,
        contents=event.contents if start is None else merged(start.contents, event.contents),
        facts=facts,
        lineage=event.lineage if start is None else merged(start.lineage, event.lineage),
        marks=tuple(marks),
        context=around.context,
        additions=around.additions,
    )


@lru_cache(maxsize=1024)
def _of_agent(names: Names, agent: str) -> Names:
    """Complete names by the agent's; the calls of a run have few different ones."""
    return evolve(names, agent=agent)


def _first_chunk(start_ns: int, marks: list[Mark]) -> dict[Fact, float]:
    """Give the seconds from the start of a model call to the first part of its answer."""
    first_ns = min((mark.time_ns for mark in marks if Fact.CHUNKS in mark.facts), default=None)
    if first_ns is None or first_ns < start_ns:
        return {}
    return {Fact.TIME_TO_FIRST_CHUNK: (first_ns - start_ns) / NANOS_PER_SECOND}
