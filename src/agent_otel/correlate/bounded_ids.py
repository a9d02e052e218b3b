"""Ids of any length in, ids of bounded length out: windows hold as many ids as they say, not as many megabytes."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from attrs import evolve

from agent_otel.model import AgentEvent

__all__ = ["with_bounded_ids"]

_MAX = 256
_LONG = ("conversation", "run", "parent_run", "turn", "attempt", "request", "tool_call", "agent", "child_run")


def _bounded(text: str) -> str:
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{text[:64]}…sha256:{digest}"


def with_bounded_ids(event: AgentEvent) -> AgentEvent:
    """Replace ids of more than 256 characters by their head and a digest; equal ids stay equal."""
    ids = event.ids
    total = len(ids.run or "") + len(ids.tool_call or "") + len(ids.conversation or "") + len(ids.request or "")
    if total <= _MAX and ids.child_run is ids.parent_run is ids.turn is ids.attempt is ids.agent is None:
        return event  # nearly all events
    long: dict[str, Any] = {
        name: _bounded(text) for name in _LONG if (text := getattr(ids, name)) is not None and len(text) > _MAX
    }
    return evolve(event, ids=evolve(ids, **long)) if long else event
