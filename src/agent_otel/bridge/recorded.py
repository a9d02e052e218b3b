"""What ``record()`` takes, as it is handed over: an event whose content is a snapshot, or a record as it came."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from agent_otel.correlate import Surroundings
from agent_otel.emit import snapshot
from agent_otel.model import AgentEvent, Content, EventKind, Outcome, Phase

__all__ = ["Recorded", "is_precious", "owned"]

Recorded = tuple[Any, str | None, int, Surroundings]  # an event, or a record with its source and time of receipt


def is_precious(event: AgentEvent) -> bool:
    """Whether losing an event would lose the end of a run, an error or usage."""
    is_end_of_run = event.kind is EventKind.AGENT and event.phase is Phase.END
    return is_end_of_run or event.usage is not None or event.outcome not in (Outcome.OK, Outcome.UNSET)


def owned(event: AgentEvent, limit: int) -> tuple[AgentEvent, int]:
    """Give an event whose content is a snapshot, and roughly the bytes that it holds.

    Args:
        event: The caller's.
        limit: Bytes of one piece of content.
    """
    if not event.contents:
        return event, 0
    contents, size = {}, 0
    for kind, content in event.contents.items():
        copy, cost = snapshot(content.value, limit)
        is_cut = content.is_cut or cost > limit
        # Not evolve(): content that came as JSON is of another class.
        contents[kind] = Content(copy, content.permitted_by_source, content.reference, is_cut, content.tools)
        size += cost
    return evolve(event, contents=contents), size
