"""Builders for correlate tests: short events, and what a correlator made of them."""

from __future__ import annotations

from collections.abc import Iterable

from agent_otel.correlate import (
    CorrelationLimits,
    Correlator,
    Occurrence,
    Operation,
    OperationKind,
    OrphanReason,
    RunOpened,
    Surroundings,
)
from agent_otel.model import AgentEvent, Content, ContentKind, EventIds, EventKind, Names, Origin, Outcome, Phase

ORIGIN = Origin("sample")
SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND


def at(seconds: float) -> int:
    return T0 + int(seconds * SECOND)


def event(
    kind: EventKind,
    phase: Phase,
    when: float,
    *,
    took: float | None = None,
    tool: str | None = None,
    agent: str | None = None,
    arguments: object = None,
    outcome: Outcome = Outcome.UNSET,
    origin: Origin = ORIGIN,
    receipt: bool = False,
    final: bool = False,
    subject: str | None = None,
    **ids: str | None,
) -> AgentEvent:
    contents = {ContentKind.TOOL_ARGUMENTS: Content(arguments)} if arguments is not None else {}
    return AgentEvent(
        kind=kind,
        phase=phase,
        origin=origin,
        time_ns=at(when),
        time_is_receipt=receipt,
        duration_ns=None if took is None else int(took * SECOND),
        ids=EventIds(**ids),  # type: ignore[arg-type]
        names=Names(tool=tool, agent=agent, subject=subject),
        outcome=outcome,
        contents=contents,
        final=final,
    )


def run_start(when: float, run: str | None = "r", **more: object) -> AgentEvent:
    return event(EventKind.AGENT, Phase.START, when, run=run, **more)  # type: ignore[arg-type]


def run_end(when: float, run: str | None = "r", **more: object) -> AgentEvent:
    more.setdefault("outcome", Outcome.OK)
    return event(EventKind.AGENT, Phase.END, when, run=run, **more)  # type: ignore[arg-type]


def tool_start(when: float, call: str | None, run: str | None = "r", tool: str = "shell", **more: object) -> AgentEvent:
    return event(EventKind.TOOL, Phase.START, when, run=run, tool_call=call, tool=tool, **more)  # type: ignore[arg-type]


def tool_end(when: float, call: str | None, run: str | None = "r", tool: str = "shell", **more: object) -> AgentEvent:
    more.setdefault("outcome", Outcome.OK)
    return event(EventKind.TOOL, Phase.END, when, run=run, tool_call=call, tool=tool, **more)  # type: ignore[arg-type]


class Told:
    """What came out, sorted by kind."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.opened: list[RunOpened] = []
        self.occurrences: list[Occurrence] = []
        self.duplicates = 0

    def add(self, outputs: Iterable[object]) -> None:
        for output in outputs:
            if isinstance(output, Operation):
                self.operations.append(output)
            elif isinstance(output, RunOpened):
                self.opened.append(output)
            else:
                assert isinstance(output, Occurrence)
                self.occurrences.append(output)

    def of(self, kind: OperationKind) -> list[Operation]:
        return [operation for operation in self.operations if operation.kind is kind]

    @property
    def runs(self) -> list[Operation]:
        return self.of(OperationKind.RUN)

    @property
    def tools(self) -> list[Operation]:
        return self.of(OperationKind.TOOL)

    @property
    def run(self) -> Operation:
        (run,) = self.runs
        return run

    @property
    def tool(self) -> Operation:
        (tool,) = self.tools
        return tool


def correlated(
    events: Iterable[AgentEvent],
    *,
    finish: OrphanReason | None = OrphanReason.END_OF_INPUT,
    limits: CorrelationLimits | None = None,
    per_conversation: bool = False,
    namespace: str = "ns",
    around: Surroundings | None = None,
) -> Told:
    correlator = Correlator(namespace, limits, trace_per_conversation=per_conversation, nonce="nonce")
    told = Told()
    for one in events:
        result = correlator.feed(one, around) if around is not None else correlator.feed(one)
        told.add(result.outputs)
        told.duplicates += result.is_duplicate
    if finish is not None:
        told.add(correlator.finish(finish))
        assert correlator.open_runs == correlator.open_operations == 0
    return told
