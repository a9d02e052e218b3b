"""Sessions: one START at the first record with a time, one END at the last, for each session a main document tells of.

Records that were copied from another session when it was forked begin none, and neither do a sub-agent's records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import define

from agent_otel.model import AgentEvent, Cursor, EventIds, EventKind, Names, Outcome, Phase
from agent_otel.sources.claude_code.entry import MAIN_AGENT, ORIGIN
from agent_otel.sources.claude_code.reading import lineage_of, session_of

__all__ = ["Sessions"]

_LIMIT: Final = 1_000  # a document tells of one; damaged and joined ones of a few


@define
class _Span:
    last_ns: int
    cursor: Cursor


class Sessions:
    """The sessions of one document."""

    def __init__(self) -> None:
        self._open: dict[str, _Span] = {}

    def seen(self, record: Mapping[str, Any], time_ns: int, cursor: Cursor) -> AgentEvent | None:
        """Take a record with a time; gives the event of a session's start."""
        session = session_of(record)
        if session is None or "agentId" in record or "forkedFrom" in record:
            return None
        known = self._open.get(session)
        if known is not None:
            known.last_ns = max(known.last_ns, time_ns)
            known.cursor = cursor
            return None
        if len(self._open) >= _LIMIT:
            return None
        self._open[session] = _Span(time_ns, cursor)
        return _event(Phase.START, session, time_ns, cursor, lineage_of(record))

    def close(self) -> list[AgentEvent]:
        """Give the ends of all sessions."""
        ends = [_event(Phase.END, session, span.last_ns, span.cursor, {}) for session, span in self._open.items()]
        self._open.clear()
        return ends


def _event(
    phase: Phase, session: str, time_ns: int, cursor: Cursor, lineage: dict[str, str | int | float | bool]
) -> AgentEvent:
    return AgentEvent(
        kind=EventKind.SESSION,
        phase=phase,
        origin=ORIGIN,
        time_ns=time_ns,
        ids=EventIds(event=session, conversation=session),
        names=Names(agent=MAIN_AGENT),
        outcome=Outcome.UNSET,
        lineage=lineage,
        cursor=cursor,
    )
