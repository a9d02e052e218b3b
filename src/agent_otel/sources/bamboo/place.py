"""Where an agent event belongs and when it was, and the model's events built there; words and numbers kept bounded."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
import math
import re
from typing import Any, Final

from attrs import frozen

from agent_otel.model import (
    AgentEvent,
    Content,
    ContentKind,
    Cursor,
    EventIds,
    EventKind,
    Fact,
    Names,
    Origin,
    Phase,
)
from agent_otel.sources.bamboo.parts import MAX_INTEGER

__all__ = ["Place", "identifier", "message", "number", "word_of", "wrote"]

_WORD: Final = re.compile(r"[a-z][a-z0-9_.]{0,39}")
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_UNKNOWN: Final = "unknown"
_OTHER: Final = "other"


def word_of(value: Enum | str | None) -> str | None:
    """Give a word of the source, ``unknown`` for what looks like none: that may be any text."""
    if value is None:
        return None
    text = str(value.value) if isinstance(value, Enum) else value.strip().lower().replace("-", "_")
    return text if _WORD.fullmatch(text) else _UNKNOWN


def identifier(text: str | None) -> str | None:
    """Give a name that the source made up, ``other`` for what looks like none."""
    return text if text is None or _IDENTIFIER.fullmatch(text) else _OTHER


def number(value: Any) -> int | float | None:
    """Give a number that an attribute can hold, None for what is none (rule R12)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, int):
        return max(-MAX_INTEGER, min(MAX_INTEGER, value))
    return value if math.isfinite(value) else None


def message(role: str, text: str) -> Content:
    """Give a message in the form of the GenAI conventions."""
    return Content([{"role": role, "parts": [{"type": "text", "content": text}]}])


def wrote(text: str | None) -> dict[ContentKind, Content | None]:
    """Give what the agent wrote."""
    return {ContentKind.OUTPUT_MESSAGES: None if text is None else message("assistant", text)}


@frozen
class Place:
    """The place of one record.

    Args:
        origin: Source system and form.
        cursor: Place in the input.
        time_ns: When it was.
        is_receipt: Whether that is the time of receipt, because nothing told another.
        nonce: Joined to the ids of what has no time of its own.
        conversation: The session, if known.
        run: The run, if known.
    """

    origin: Origin
    cursor: Cursor
    time_ns: int
    is_receipt: bool = False
    nonce: str | None = None
    conversation: str | None = None
    run: str | None = None

    def event(
        self,
        kind: EventKind,
        phase: Phase = Phase.POINT,
        *,
        subject: str | None = None,
        tool: str | None = None,
        ids: Mapping[str, str | None] | None = None,
        facts: Mapping[Fact, Any] | None = None,
        lineage: Mapping[str, Any] | None = None,
        contents: Mapping[ContentKind, Content | None] | None = None,
        **rest: Any,
    ) -> AgentEvent:
        """Build an event here. Ids that are empty, and facts, lineage and contents that are None, are left out."""
        given: dict[str, Any] = {name: value for name, value in (ids or {}).items() if value}
        return AgentEvent(
            kind=kind,
            phase=phase,
            origin=self.origin,
            time_ns=self.time_ns,
            time_is_receipt=self.is_receipt,
            ids=EventIds(conversation=self.conversation or None, run=self.run, nonce=self.nonce, **given),
            names=Names(tool=identifier(tool or None), subject=subject),
            facts=_told(facts),
            lineage=_told(lineage),
            contents=_told(contents),
            cursor=self.cursor,
            **rest,
        )

    def mark(self, subject: str, *, state: str | None = None, **rest: Any) -> AgentEvent:
        """Build something that happened inside a run, or inside the tool call that ``ids`` name."""
        facts = {Fact.STATE: state, **rest.pop("facts", {})}
        return self.event(EventKind.PROGRESS, subject=subject, facts=facts, **rest)


def _told(values: Mapping[Any, Any] | None) -> dict[Any, Any]:
    return {name: value for name, value in (values or {}).items() if value is not None}
