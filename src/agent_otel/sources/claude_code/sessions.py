"""Sessions: one START at the first record with a time, one END at the last, for each session a main document tells of.

Records that were copied from another session when it was forked begin none, and neither do a sub-agent's records.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from attrs import define

from agent_otel.model import AgentEvent, Cursor, EventIds, EventKind, Names, Outcome, Phase
from agent_otel.sources.claude_code.entry import MAIN_AGENT, ORIGIN
from agent_otel.sources.claude_code.reading import lineage_of, session_of

__all__ = ["Sessions"]

_LIMIT: Final = 1_000  # a file tells of one, a joined one of a few; a live stream has no end


@define
class _Span:
    last_ns: int
    cursor: Cursor


class Sessions:
    """The sessions of one document."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, _Span] = OrderedDict()

    def seen(self, record: Mapping[str, Any], time_ns: int, cursor: Cursor) -> list[AgentEvent]:
        """Take a record with a time.

        Returns:
            The start of a session that is new, and then the end of the one that was silent longest, if there are too
            many.
        """
        session = session_of(record)
        if session is None or "agentId" in record or "forkedFrom" in record:
            return []
        known = self._open.get(session)
        if known is not None:
            self._open.move_to_end(session)
            known.last_ns = max(known.last_ns, time_ns)
            known.cursor = cursor
            return []
        self._open[session] = _Span(time_ns, cursor)
        events = [_event(Phase.START, session, time_ns, cursor, lineage_of(record))]
        if len(self._open) > _LIMIT:
            events.append(_end(*self._open.popitem(last=False)))
        return events

    def close(self) -> list[AgentEvent]:
        """Give the ends of all sessions."""
        ends = [_end(session, span) for session, span in self._open.items()]
        self._open.clear()
        return ends


def _end(session: str, span: _Span) -> AgentEvent:
    return _event(Phase.END, session, span.last_ns, span.cursor, {})


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
