"""``TELLING``: what a reading says of the span or log record that it is emitting, to the processors before its sinks.

Processors are called while ``span.end()`` runs: what is current then is about that span.
"""

from __future__ import annotations

from collections.abc import Collection
from contextvars import ContextVar

from attrs import define, field

from agent_otel.model import Cursor

__all__ = ["TELLING", "Telling"]


@define(eq=False)
class Telling:
    """One span or log record on its way to the sinks.

    Args:
        cursor: Place of the record whose reading completed it.
        identity: 64-bit identity by which its delivery is remembered; None if nobody remembers it.
        held_by: Ids of the sinks that have it from an earlier reading.
    """

    cursor: Cursor | None = None
    identity: int | None = None
    held_by: Collection[str] = ()
    offered: set[str] = field(factory=set, init=False)  # ids of the sinks that it was given to now

    def is_for(self, sink_id: str) -> bool:
        """Whether a sink is to get it; then that is noted."""
        if sink_id in self.held_by:
            return False
        self.offered.add(sink_id)
        return True


TELLING: ContextVar[Telling | None] = ContextVar("agent_otel_telling", default=None)
