"""Places in streams of events: the live cursor and what it counts in, and the archive's cursor (rule R49).

A cursor of the event stream, one of the journal and one of an export are different things; only the journal's is a
place to repair from.
"""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import field, frozen

from agent_otel.model.agent_sdk.errors import AgentError
from agent_otel.model.agent_sdk.words import redacted, variant_of
from agent_otel.model.lossless import LosslessRecord

__all__ = ["ArchiveCursor", "EventCursor", "EventStreamScope", "cursor_compatible"]


@frozen(kw_only=True)
class EventStreamScope(LosslessRecord):
    """What a stream of events is restricted to: ``All()``, ``Run(id)``, ``Agent(id)`` or ``Filter(...)``."""

    All: ClassVar[type[_All]]
    Run: ClassVar[type[_Run]]
    Agent: ClassVar[type[_Agent]]
    Filter: ClassVar[type[_Filter]]
    Other: ClassVar[type[_Other]]


@variant_of(EventStreamScope)
@frozen
class _All(EventStreamScope):
    """Nothing."""


@variant_of(EventStreamScope)
@frozen
class _Run(EventStreamScope):
    """One run."""

    run_id: str = field(repr=redacted)


@variant_of(EventStreamScope)
@frozen
class _Agent(EventStreamScope):
    """One agent."""

    agent_id: str = field(repr=redacted)


@variant_of(EventStreamScope)
@frozen(kw_only=True)
class _Filter(EventStreamScope):
    """What one filter lets through."""

    filter_id: str = field(repr=redacted)
    filter_fingerprint: str = field(repr=redacted)


@variant_of(EventStreamScope)
@frozen
class _Other(EventStreamScope):
    """A scope that this model does not know, as it was written."""

    value: Any = field(repr=False)


@frozen(kw_only=True)
class EventCursor(LosslessRecord):
    """A place in a live stream of events."""

    scope: EventStreamScope
    event_seq: int
    event_id: str = field(repr=redacted)
    journal_cursor: str | None = field(default=None, repr=redacted)


@frozen(kw_only=True)
class ArchiveCursor(LosslessRecord):
    """A place in an archive of events."""

    archive_id: str = field(repr=redacted)
    position: str = field(repr=False)
    event_id: str | None = field(default=None, repr=redacted)
    watermark: str | None = field(default=None, repr=False)


def _same_stream(requested: EventStreamScope, given: EventStreamScope) -> bool:
    if isinstance(requested, EventStreamScope.Filter) and isinstance(given, EventStreamScope.Filter):
        return requested.filter_fingerprint == given.filter_fingerprint
    return requested == given and not isinstance(requested, EventStreamScope.Other)


def cursor_compatible(requested_scope: EventStreamScope, cursor: EventCursor | None) -> None:
    """Check that a cursor belongs to the stream that is asked for; none always does.

    Raises:
        AgentError: A contract violation, if it is the cursor of another stream.
    """
    if cursor is not None and not _same_stream(requested_scope, cursor.scope):
        raise AgentError.contract_violation("the cursor belongs to another event stream")
