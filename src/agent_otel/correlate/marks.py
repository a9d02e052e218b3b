"""Marks: what happens inside work without being work itself. They become span events (deltas, approvals, R25)."""

from __future__ import annotations

from itertools import islice

from attrs import evolve

from agent_otel.correlate.operation import Mark, OperationKind
from agent_otel.correlate.state import Run, RunKey, State, WorkKey
from agent_otel.model import AgentEvent, EventIds, EventKind, Fact

__all__ = ["MARK_KINDS", "ONLY_MARKS", "Marks"]

MARK_KINDS = frozenset({EventKind.PROGRESS, EventKind.TURN, EventKind.HISTORY})
ONLY_MARKS = frozenset({EventKind.PROGRESS, EventKind.TURN})  # no log record, where they find a place


class Marks:
    """Puts events on the most specific open work that their ids name: a tool call, a model call, else the run.

    Args:
        state: The correlation state.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def take(self, event: AgentEvent) -> bool:
        """Take an event of a kind in ``MARK_KINDS``; gives False where nothing of it is open, so that it is told apart.

        A mark may come before the start of its work (an approval before its tool call): the run keeps it meanwhile.
        Deltas that find nothing open are counted and forgotten; so is a turn without identity, unless a single run is
        open (R25).
        """
        run = self._run_of(event)
        chunks = event.facts.get(Fact.CHUNKS)
        mark = Mark(
            name=event.names.subject or event.kind.value,
            time_ns=event.time_ns,
            facts=event.facts,
            lineage=event.lineage,
            contents=event.contents,
        )
        slot = _slot(run.key if run is not None else _scope(event), event.ids)
        if slot is not None:
            if tokens := self._state.waiting.get(slot):
                self.add(self._state.open[tokens[0]].marks, mark)
                return True
            if run is not None and self._state.finished.get(slot) is None and self._may_wait(run, slot):
                self.add(run.waiting_marks.setdefault(slot, []), mark)
                return True
        if run is not None:
            self.add(run.marks, mark)
            return True
        if chunks is not None:
            self._state.counts["dropped_chunks"] += int(chunks) if isinstance(chunks, int) else 1
            return True
        if event.kind is EventKind.TURN and event.ids.run is None:
            self._state.counts["dropped_turns"] += 1
            return True
        return False

    def add(self, marks: list[Mark], mark: Mark) -> None:
        """Keep a mark, up to the limit; what counts the parts of a stream adds up to one mark."""
        chunks = mark.facts.get(Fact.CHUNKS)
        if chunks is not None:
            for index, known in enumerate(marks):
                if known.name == mark.name and (before := known.facts.get(Fact.CHUNKS)) is not None:
                    marks[index] = evolve(known, facts={**known.facts, Fact.CHUNKS: before + chunks})
                    return
        if len(marks) >= self._state.limits.max_marks:
            self._state.counts["dropped_marks"] += 1
            return
        marks.append(mark)

    def _may_wait(self, run: Run, slot: WorkKey) -> bool:
        """Whether a run can keep marks of this work; of very much work that never starts, they stand on the run."""
        return slot in run.waiting_marks or len(run.waiting_marks) < self._state.limits.max_marks

    def settle(self, run: Run) -> None:
        """At a run's end: what waited for work that never came stands on the run."""
        for marks in run.waiting_marks.values():
            for mark in marks:
                self.add(run.marks, mark)
        run.waiting_marks.clear()

    def _run_of(self, event: AgentEvent) -> Run | None:
        if event.ids.run is not None:
            return self._state.runs.get((event.origin.system, event.ids.run))
        if event.kind is not EventKind.TURN:
            return None
        candidates = (run for key, run in self._state.runs.items() if key[0] == event.origin.system)
        first_two = list(islice(candidates, 2))
        return first_two[0] if len(first_two) == 1 else None


def _scope(event: AgentEvent) -> RunKey | str:
    system = event.origin.system
    return system if event.ids.run is None else (system, event.ids.run)


def _slot(scope: RunKey | str, ids: EventIds) -> WorkKey | None:
    """Name the work that an event points at, as ``Work`` names it."""
    if ids.tool_call is not None:
        return (scope, OperationKind.TOOL, f"={ids.tool_call}")
    call = ids.request if ids.request is not None else ids.attempt
    return (scope, OperationKind.MODEL, f"={call}") if call is not None else None
