"""Builds session records in the shapes of Claude Code, and decodes them the way a pipeline does."""

from __future__ import annotations

from collections import Counter
from typing import Any

from attrs import define, field

from agent_otel.model import AgentEvent, Cursor, EventKind, Phase, RecordRejected
from agent_otel.sources import Context, Document, Verdict
from agent_otel.sources.claude_code import ClaudeCodeSource

SESSION = "5e550000-0000-4000-8000-000000000001"
BASE_NS = 1_772_359_200_000_000_000  # 2026-03-01T10:00:00Z
SECOND = 1_000_000_000


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def stamp(at: float) -> str:
    minutes, seconds = divmod(at, 60)
    return f"2026-03-01T10:{int(minutes):02d}:{seconds:06.3f}Z"


def record(kind: str, at: float | None, **more: Any) -> dict[str, Any]:
    made = {"type": kind, "sessionId": SESSION, "isSidechain": False, "parentUuid": None, "version": "2.1.9"}
    if at is not None:
        made["timestamp"] = stamp(at)
        made["uuid"] = uuid(int(at * 1000))
    return {**made, **more}


def user(content: Any, at: float | None, **more: Any) -> dict[str, Any]:
    return record("user", at, **{"message": {"role": "user", "content": content}, **more})


def result(
    call: str, at: float | None, content: Any = "done", *, error: bool | None = None, **more: Any
) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": call, "content": content}
    if error is not None:
        block["is_error"] = error
    return user([block], at, **more)


def text(value: str) -> dict[str, Any]:
    return {"type": "text", "text": value}


def call(call_id: Any, name: str = "Bash", **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def assistant(
    *blocks: Any, at: float | None, msg: str | None = "msg_1", usage: Any = None, stop: Any = None, **more: Any
) -> dict[str, Any]:
    message = {"id": msg, "role": "assistant", "model": "model-x", "content": list(blocks), "stop_reason": stop}
    if usage is not None:
        message["usage"] = usage
    return record("assistant", at, **{"message": message, **more})


def system(subtype: str, at: float, **more: Any) -> dict[str, Any]:
    return record("system", at, subtype=subtype, **more)


@define
class Told:
    """What a group of documents gave."""

    events: list[AgentEvent] = field(factory=list)
    notes: Counter[str | None] = field(factory=Counter)
    verdicts: Counter[Verdict] = field(factory=Counter)
    rejected: list[RecordRejected] = field(factory=list)

    def of(self, kind: EventKind, phase: Phase) -> list[AgentEvent]:
        return [event for event in self.events if event.kind is kind and event.phase is phase]

    @property
    def starts(self) -> list[AgentEvent]:
        return self.of(EventKind.AGENT, Phase.START)

    @property
    def ends(self) -> list[AgentEvent]:
        return self.of(EventKind.AGENT, Phase.END)

    @property
    def models(self) -> list[AgentEvent]:
        return self.of(EventKind.MODEL, Phase.END)

    @property
    def calls(self) -> list[AgentEvent]:
        return self.of(EventKind.TOOL, Phase.START)

    @property
    def results(self) -> list[AgentEvent]:
        return self.of(EventKind.TOOL, Phase.END)


def decode(
    *documents: list[Any] | tuple[str, list[Any]],
    complete: bool = True,
    live: bool = False,
    sidecar: dict[str, Any] | None = None,
) -> Told:
    """Decode a group: lists of records, or pairs of a file name and records."""
    told = Told()
    decoder = ClaudeCodeSource().decoder()
    for number, document in enumerate(documents):
        name, records = document if isinstance(document, tuple) else (f"{SESSION}.jsonl", document)
        decoder.open(Document(name, f"key{number}", sidecar=sidecar or {}, live=live))
        for ordinal, value in enumerate(records, 1):
            try:
                decoded = decoder.decode(value, Context(Cursor(f"key{number}", ordinal), 1))
            except RecordRejected as error:
                told.rejected.append(error)
                continue
            told.events.extend(decoded.events)
            told.notes[decoded.note] += 1
            told.verdicts[decoded.verdict] += 1
        told.events.extend(decoder.close(complete=complete))
    return told


def seconds(event: AgentEvent) -> float:
    return (event.time_ns - BASE_NS) / SECOND
