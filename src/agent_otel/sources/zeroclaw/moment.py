"""Where and when an observer event was told, and what all of its events have: ids, names, time, lineage (R18, R22)."""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from agent_otel.model import AgentEvent, EventIds, EventKind, Names, Origin, Phase, Usage
from agent_otel.sources.protocol import Context
from agent_otel.sources.zeroclaw.duration import Duration
from agent_otel.sources.zeroclaw.events import ObserverEvent
from agent_otel.sources.zeroclaw.parts import SYSTEM, clamped, given, lineage_of

__all__ = ["DASHBOARD", "OBSERVER", "Moment"]

OBSERVER: Final = Origin(SYSTEM, form="observer")
DASHBOARD: Final = Origin(SYSTEM, form="dashboard")


@frozen
class Moment:
    """Where and when an event was told.

    Args:
        origin: Form that it came in.
        context: Place and time of receipt.
        time_ns: Its own time, if it has one.
        nonce: Joined to the ids where it has none.
        usage: Token counts that stand beside the event.
    """

    origin: Origin
    context: Context
    time_ns: int | None = None
    nonce: str | None = None
    usage: Usage | None = None

    def event(self, record: ObserverEvent, kind: EventKind, phase: Phase = Phase.POINT, **parts: Any) -> AgentEvent:
        """Build an event of a record; further ids, names, lineage and the duration are merged with what all have."""
        untimed = self.time_ns is None
        ids = EventIds(
            run=given(getattr(record, "turn_id", None)),
            conversation=given(getattr(record, "conversation_id", None)),
            parent_agent=given(getattr(record, "parent_agent_alias", None)),
            nonce=self.nonce or None if untimed else None,
            **parts.pop("ids", {}),
        )
        names = Names(agent=given(getattr(record, "agent_alias", None)), **parts.pop("names", {}))
        channel = getattr(record, "channel", None) if kind is not EventKind.MESSAGE else None
        duration: Duration | None = getattr(record, "duration", None)
        return AgentEvent(
            kind=kind,
            phase=phase,
            origin=self.origin,
            time_ns=self.context.receipt_ns if self.time_ns is None else self.time_ns,
            time_is_receipt=untimed,
            duration_ns=None if duration is None else clamped(duration.as_nanos()),
            ids=ids,
            names=names,
            lineage={**lineage_of(channel=channel), **parts.pop("lineage", {})},
            cursor=self.context.cursor,
            **parts,
        )
