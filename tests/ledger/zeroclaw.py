"""The ledger of ZeroClaw's forms."""

from __future__ import annotations

from typing import Any

from agent_otel.sources import load_source
from ledger.book import Book, Case
from sources.test_zeroclaw_dashboard import SHAPES as DASHBOARD
from sources.test_zeroclaw_models import METRICS, SHAPES
from sources.test_zeroclaw_trace import answered, asked, completed, final, gateway, invoked, row

_ZEROCLAW = load_source("zeroclaw")
_START = SHAPES["AgentStart"]


def _filled(variant: str) -> Any:
    """Fill what the example leaves null."""
    shape = SHAPES[variant]
    if isinstance(shape, str):
        return shape
    fill = {"parent_agent_alias": "heron", "error_message": "tired", "query_summary": "tides"}
    body = {key: fill.get(key) if value is None else value for key, value in shape[variant].items()}
    if variant == "LlmResponse":
        body["success"] = False
    return {variant: body}


def _observed(variant: str) -> Case:
    record = _filled(variant)
    in_turn = variant in ("TurnComplete", "AgentEnd", "HistoryTrimmed")
    before = [_START] if in_turn else []
    if variant in ("DeploymentCompleted", "DeploymentFailed"):
        before = [SHAPES["DeploymentStarted"]]
    at = () if isinstance(record, str) else (variant,)
    return Case(record=record, before=before, at=at)


OBSERVER = Book(
    title="ZeroClaw: observer events",
    source=_ZEROCLAW,
    cases={variant: _observed(variant) for variant in SHAPES},
    opening=[_START],
    dropped={"AgentEnd.conversation_id": "the start of the turn has told it"},
)
METRIC = Book(
    title="ZeroClaw: observer metrics",
    source=_ZEROCLAW,
    cases={variant: Case(record=record, at=(variant,)) for variant, record in METRICS.items()},
    dropped={},
)
_TURN = DASHBOARD["agent_start"]


def _shown(kind: str) -> Case:
    return Case(record=DASHBOARD[kind], before=[_TURN] if kind in ("agent_end", "history_trimmed") else [])


SHOWN = Book(
    title="ZeroClaw: dashboard events",
    source=_ZEROCLAW,
    cases={kind: _shown(kind) for kind in DASHBOARD},
    opening=[_TURN],
    tag=("type",),
    dropped={"agent_end.duration_ms": "start and end have times of their own"},
)
_ROWS: dict[str, Case] = {
    "model request": Case(record=asked()),
    "model response": Case(record=answered(), before=[asked()]),
    "tool call begins": Case(record=invoked()),
    "tool call ends": Case(record=completed(), before=[invoked()]),
    "turn's final answer": Case(record=final()),
    "end of a gateway turn": Case(record=gateway()),
    "any other": Case(record=row("note", "cron", message="a job was moved", job="tides")),
}
TRACE = Book(
    title="ZeroClaw: runtime trace",
    source=_ZEROCLAW,
    cases=_ROWS,
    opening=[asked()],
    dropped={
        "*.id": "what a repeated row is recognised by",
        "*.severity_*": "the level of ZeroClaw's own log; how work ended is told by its outcome",
        "*.event.category": "the message says which row it is",
        "*.service.name": "it is always zeroclaw; the resource names the service",
        "tool call *.message": "says in words what category and action say",
        "any other.message": "free text of a log",
        "any other.attributes.*": "rows that are no work have attributes of any key with any text",
        "turn's final answer.event.outcome": "the end of the turn tells it",
    },
)
BOOKS = [OBSERVER, METRIC, SHOWN, TRACE]
