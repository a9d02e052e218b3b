"""A scripted fleet: one process of agents whose every measurement is known, told twice over.

The plan is told once so that all series exist, and once more: what a rate or an increase sees is the plan.
python tests/backend/fleet.py prints the health of its bridge.
"""

from __future__ import annotations

import json
import sys
import time

from attrs import evolve

from agent_otel import AgentEvent, Bridge
from agent_otel.model import (
    NANOS_PER_SECOND,
    Cost,
    CostStatus,
    EventIds,
    EventKind,
    Fact,
    Names,
    Origin,
    Outcome,
    Phase,
    Usage,
)

ORIGIN = Origin("fleet")
# tool, seconds, error type
TOOLS = [("shell", 0.1, None)] * 4 + [("shell", 0.1, "exit_code")] * 2 + [("read", 0.03, None)] * 3
# model, provider, seconds, error type, seconds to the first chunk, tokens in and out
MODELS = [("model-a", "anthropic", 1.0, None, 0.3, (100, 10))] * 3
MODELS += [("model-a", "anthropic", 1.0, "timeout", 0.3, (100, 0))]
MODELS += [("model-b", "openai", 3.0, None, 0.6, (200, 20))] * 2
# agent, outcome, seconds
RUNS = [("coder", Outcome.OK, 10.0)] * 3 + [("coder", Outcome.ERROR, 10.0), ("reviewer", Outcome.CANCELLED, 30.0)]
COSTS = [("USD", CostStatus.ESTIMATED, 3000), ("EUR", CostStatus.CORRECTED, 1000)]
LOST, ERRORS, ORPHANS = 7, 2, 2


def _end(kind: EventKind, seconds: float, error_type: str | None, run: str | None, **more: object) -> AgentEvent:
    return AgentEvent(
        kind=kind,
        phase=Phase.END,
        origin=ORIGIN,
        time_ns=time.time_ns(),
        duration_ns=int(seconds * NANOS_PER_SECOND),
        ids=EventIds(run=run),
        outcome=Outcome.ERROR if error_type else Outcome.OK,
        error_type=error_type,
        **more,  # type: ignore[arg-type]
    )


def _point(kind: EventKind, **more: object) -> AgentEvent:
    return AgentEvent(kind=kind, origin=ORIGIN, time_ns=time.time_ns(), **more)  # type: ignore[arg-type]


def tell(bridge: Bridge, name: str) -> None:
    """Tell the plan once; the first run does all the work."""
    for number, (agent, outcome, seconds) in enumerate(RUNS):
        run = f"{name}-{number}"
        if number == 0:
            _work(bridge, run)
        ended = _end(EventKind.AGENT, seconds, None, run, names=Names(agent=agent), final=True)
        bridge.record(_as(ended, outcome))
    for currency, status, micros in COSTS:
        bridge.record(_point(EventKind.COST, cost=Cost(amount_micros=micros, currency=currency, status=status)))
    lost = {Fact.LOST_COUNT: LOST, Fact.LOSS_REASON: "channel_full"}
    bridge.record(_point(EventKind.HEALTH, facts=lost))
    for _ in range(ERRORS):
        bridge.record(_point(EventKind.ERROR, facts={Fact.COMPONENT: "gateway"}))


def _work(bridge: Bridge, run: str) -> None:
    for tool, seconds, error_type in TOOLS:
        bridge.record(_end(EventKind.TOOL, seconds, error_type, run, names=Names(tool=tool)))
    for model, provider, seconds, error_type, first, (read, written) in MODELS:
        told = {
            "names": Names(provider=provider, request_model=model),
            "usage": Usage(input_tokens=read, output_tokens=written),
            "facts": {Fact.TIME_TO_FIRST_CHUNK: first},
        }
        bridge.record(_end(EventKind.MODEL, seconds, error_type, run, **told))
    for _ in range(ORPHANS):
        start = _point(EventKind.TOOL, phase=Phase.START, ids=EventIds(run=run), names=Names(tool="stuck"))
        bridge.record(start)


def _as(event: AgentEvent, outcome: Outcome) -> AgentEvent:
    return evolve(event, outcome=outcome)


def main() -> None:
    """Tell the plan, flush, tell it again, flush."""
    bridge = Bridge.from_env()
    for name in ("first", "second"):
        tell(bridge, name)
        assert bridge.flush(30)
    sys.stdout.write(json.dumps(bridge.health().records))
    bridge.shutdown()


if __name__ == "__main__":
    main()
