"""Sub-agents: sessions that a session starts, and what they must ask for."""

# No postponed annotations: the codecs are made from them.
from typing import Annotated, Any

from attrs import field, frozen

from agent_otel.model import RecordRejected
from agent_otel.sources.bamboo.agent_events.base import AgentEvent, event_variant
from agent_otel.sources.bamboo.agent_events.tagged import decode_agent_event, encode_agent_event
from agent_otel.sources.bamboo.members import U64, DefaultU32, OptionalText, Text, Time
from agent_otel.sources.fields import FieldKind

__all__: list[str] = []

_BOX = "sub_agent_event"
_MAX_DEPTH = 16  # sub-agents of sub-agents of ...


@frozen(kw_only=True)
class _OfChild(AgentEvent):
    """What every word about a sub-agent has."""

    parent_session_id: Text
    child_session_id: Text

    @property
    def session_id(self) -> str | None:
        """The session that started the sub-agent."""
        return self.parent_session_id


def _read_boxed(value: Any) -> Any:
    """Read what a sub-agent said; one of an unknown variant stays as it is."""
    depth, inner = 0, value
    while isinstance(inner, dict) and inner.get("type") == _BOX:
        depth, inner = depth + 1, inner.get("event")
        if depth > _MAX_DEPTH:
            raise RecordRejected("", "is boxed too deeply")
    return decode_agent_event(value) or value


def _write_boxed(value: Any) -> Any:
    return encode_agent_event(value) if isinstance(value, AgentEvent) else value


@event_variant("sub_agent_started")
@frozen(kw_only=True)
class _SubAgentStarted(_OfChild):
    """A session has started another one."""

    title: OptionalText = field(default=None, repr=False)


@event_variant(_BOX)
@frozen(kw_only=True)
class _SubAgentEvent(_OfChild):
    """What a sub-agent said, passed on to the session that started it (older builds)."""

    event: Annotated[Any, FieldKind(_read_boxed, _write_boxed)] = field(repr=False)


@event_variant("sub_agent_heartbeat")
@frozen(kw_only=True)
class _SubAgentHeartbeat(_OfChild):
    """A sub-agent is alive."""

    timestamp: Time


@event_variant("sub_agent_completed")
@frozen(kw_only=True)
class _SubAgentCompleted(_OfChild):
    """A sub-agent has ended: ``completed``, ``cancelled``, ``error`` or ``skipped``."""

    status: Text = field(repr=False)
    error: OptionalText = field(default=None, repr=False)


@event_variant("child_approval_requested")
@frozen(kw_only=True)
class _ChildApprovalRequested(AgentEvent):
    """A sub-agent waits until the user allows a tool call. It does not say who started the sub-agent."""

    child_session_id: Text
    request_id: Text
    tool_name: Text
    permission: Text = field(repr=False)
    resource: Text = field(repr=False)


@event_variant("child_approval_changed")
@frozen(kw_only=True)
class _ChildApprovalChanged(_OfChild):
    """Such a request is ``pending``, ``approved``, ``denied``, ``expired`` or ``delivery_failed``."""

    child_attempt: DefaultU32 = 0
    request_id: Text
    version: U64
    status: Text = field(repr=False)
    reason: OptionalText = field(default=None, repr=False)
    tool_name: Text
    permission: Text = field(repr=False)
    resource: Text = field(repr=False)
    created_at: Text = field(repr=False)
    resolved_at: OptionalText = field(default=None, repr=False)
