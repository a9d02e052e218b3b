"""Sessions as the list of sessions shows them, and their messages."""

# No postponed annotations: the codecs are made from them.
from typing import Annotated

from attrs import field, frozen

from agent_otel.model.variants import known_word
from agent_otel.sources.bamboo.agent_events.base import AgentEvent, event_variant
from agent_otel.sources.bamboo.members import U64, DefaultFlag, Flag, NullableText, Text, Time
from agent_otel.sources.bamboo.words import Role, SessionKind, TitleSource
from agent_otel.sources.fields import word

__all__: list[str] = []


@frozen(kw_only=True)
class _OfSession(AgentEvent):
    session_id: Text


@event_variant("session_created")
@frozen(kw_only=True)
class _SessionCreated(_OfSession):
    """A session was created."""

    project_id: NullableText = None
    title: Text = field(repr=False)
    kind: Annotated[SessionKind | str, word(SessionKind)] = field(repr=known_word)
    created_at: Time


@event_variant("session_deleted")
@frozen(kw_only=True)
class _SessionDeleted(_OfSession):
    """A session was deleted."""


@event_variant("session_cleared")
@frozen(kw_only=True)
class _SessionCleared(_OfSession):
    """A session's messages were deleted."""


@event_variant("session_title_updated")
@frozen(kw_only=True)
class _SessionTitleUpdated(_OfSession):
    """A session has a new title."""

    title: Text = field(repr=False)
    title_version: U64
    title_generated: DefaultFlag = True
    source: Annotated[TitleSource | str, word(TitleSource)] = field(repr=known_word)
    updated_at: Time


@event_variant("session_pinned_updated")
@frozen(kw_only=True)
class _SessionPinnedUpdated(_OfSession):
    """A session was pinned in the list, or no longer is."""

    pinned: Flag
    updated_at: Time


@event_variant("session_project_updated")
@frozen(kw_only=True)
class _SessionProjectUpdated(_OfSession):
    """A session belongs to another project or works in another directory."""

    project_id: NullableText = None
    workspace_path: NullableText = field(default=None, repr=False)
    metadata_version: U64


@event_variant("session_history_committed")
@frozen(kw_only=True)
class _SessionHistoryCommitted(_OfSession):
    """A run's messages are stored."""


@event_variant("message_appended")
@frozen(kw_only=True)
class _MessageAppended(_OfSession):
    """A session has one message more."""

    message_id: Text
    role: Annotated[Role | str, word(Role)] = field(repr=known_word)
    content: Text = field(repr=False)
    created_at: Time
