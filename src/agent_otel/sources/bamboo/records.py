"""Bamboo's metrics events as it names them: ``MetricsEvent`` over ``ChatEvent``, ``ForwardEvent``, ``SystemEvent``.

Lossless models of the twelve shapes (rule R1). Variants are attributes of their enum, as in the source system:
``MetricsEvent.Chat(ChatEvent.SessionStarted(meta=EventMeta.new(), session_id="s-1", model="m-1"))``.
Text that may hold content stays out of every repr.
"""

from __future__ import annotations

import time
from typing import ClassVar
import uuid

from attrs import field, frozen

from agent_otel.model import LosslessRecord
from agent_otel.model.variants import known_word, variant_of
from agent_otel.sources.bamboo.types import ForwardStatus, RoundStatus, SessionStatus, TokenUsage
from agent_otel.sources.codec import UnitRecord
from agent_otel.sources.fields import Timestamp

__all__ = [
    "ChatEvent",
    "EventMeta",
    "ForwardEvent",
    "MetricsEvent",
    "SystemEvent",
]


@frozen(kw_only=True)
class EventMeta(LosslessRecord):
    """Identity and time of an event.

    Args:
        event_id: UUID, version 4.
        occurred_at: When it happened.
        trace_id: Free text that ties requests together; seldom a W3C trace id.
    """

    event_id: str
    occurred_at: Timestamp
    trace_id: str | None = field(default=None, repr=False)

    @classmethod
    def new(cls) -> EventMeta:
        """Make the meta of an event that happens now: for producers, no decoder calls it."""
        return cls(event_id=str(uuid.uuid4()), occurred_at=Timestamp.of(time.time_ns()))

    @classmethod
    def with_trace_id(cls, trace_id: str) -> EventMeta:
        """Make the meta of an event that happens now and belongs to a chain of requests."""
        return cls(event_id=str(uuid.uuid4()), occurred_at=Timestamp.of(time.time_ns()), trace_id=trace_id)

    @classmethod
    def default(cls) -> EventMeta:
        """Make what ``new`` makes."""
        return cls.new()


@frozen(kw_only=True)
class ChatEvent(LosslessRecord):
    """What the agent's loop says: sessions, rounds, tool calls."""

    SessionStarted: ClassVar[type[_SessionStarted]]
    SessionCompleted: ClassVar[type[_SessionCompleted]]
    RoundStarted: ClassVar[type[_RoundStarted]]
    RoundCompleted: ClassVar[type[_RoundCompleted]]
    ToolCalled: ClassVar[type[_ToolCalled]]
    MessageCountUpdated: ClassVar[type[_MessageCountUpdated]]

    meta: EventMeta
    session_id: str


@variant_of(ChatEvent)
@frozen(kw_only=True)
class _SessionStarted(ChatEvent):
    """A session begins, or goes on after a pause."""

    model: str


@variant_of(ChatEvent)
@frozen(kw_only=True)
class _SessionCompleted(ChatEvent):
    """A session ends or pauses."""

    status: SessionStatus | str = field(repr=known_word)


@variant_of(ChatEvent)
@frozen(kw_only=True)
class _RoundStarted(ChatEvent):
    """A round begins: one request of the user and what the agent does about it."""

    round_id: str
    model: str


@variant_of(ChatEvent)
@frozen(kw_only=True)
class _RoundCompleted(ChatEvent):
    """A round ends, after ``latency_ms`` milliseconds."""

    round_id: str
    status: RoundStatus | str = field(repr=known_word)
    usage: TokenUsage
    latency_ms: int
    error: str | None = field(default=None, repr=False)


@variant_of(ChatEvent)
@frozen(kw_only=True)
class _ToolCalled(ChatEvent):
    """A tool call has ended, after ``latency_ms`` milliseconds."""

    tool_call_id: str
    round_id: str
    tool_name: str
    latency_ms: int
    success: bool


@variant_of(ChatEvent)
@frozen(kw_only=True)
class _MessageCountUpdated(ChatEvent):
    """A session now has that many messages."""

    message_count: int


@frozen(kw_only=True)
class ForwardEvent(LosslessRecord):
    """What the proxy says about requests that it passes on; nothing ties them to a session."""

    RequestStarted: ClassVar[type[_RequestStarted]]
    RequestCompleted: ClassVar[type[_RequestCompleted]]

    meta: EventMeta
    request_id: str


@variant_of(ForwardEvent)
@frozen(kw_only=True)
class _RequestStarted(ForwardEvent):
    """A request is passed on to ``endpoint``, for example ``openai.chat_completions``."""

    endpoint: str = field(repr=False)
    model: str
    is_stream: bool


@variant_of(ForwardEvent)
@frozen(kw_only=True)
class _RequestCompleted(ForwardEvent):
    """A request has ended, after ``latency_ms`` milliseconds; ``status_code`` 0 says that no answer came (rule R9)."""

    status_code: int
    status: ForwardStatus | str = field(repr=known_word)
    usage: TokenUsage | None = None
    latency_ms: int
    error: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class SystemEvent(LosslessRecord):
    """What the metrics system says about itself, without id and without time."""

    MetricsDropped: ClassVar[type[_MetricsDropped]]
    StorageError: ClassVar[type[_StorageError]]
    WorkerStarted: ClassVar[type[_WorkerStarted]]
    WorkerStopped: ClassVar[type[_WorkerStopped]]


@variant_of(SystemEvent)
@frozen(kw_only=True)
class _MetricsDropped(SystemEvent):
    """That many events were lost (rule R11)."""

    count: int
    reason: str = field(repr=False)


@variant_of(SystemEvent)
@frozen(kw_only=True)
class _StorageError(SystemEvent):
    """An event of ``event_type`` (``Category::Variant``) could not be stored."""

    error: str = field(repr=False)
    event_type: str = field(repr=False)


@variant_of(SystemEvent)
@frozen(kw_only=True)
class _WorkerStarted(UnitRecord, SystemEvent):
    """The worker that stores events has started."""


@variant_of(SystemEvent)
@frozen(kw_only=True)
class _WorkerStopped(UnitRecord, SystemEvent):
    """The worker that stores events has stopped."""


@frozen
class MetricsEvent:
    """One event of any category: ``MetricsEvent.Chat``, ``.Forward`` or ``.System`` around the event itself."""

    Chat: ClassVar[type[_Chat]]
    Forward: ClassVar[type[_Forward]]
    System: ClassVar[type[_System]]

    event: ChatEvent | ForwardEvent | SystemEvent


@variant_of(MetricsEvent)
@frozen
class _Chat(MetricsEvent):
    event: ChatEvent


@variant_of(MetricsEvent)
@frozen
class _Forward(MetricsEvent):
    event: ForwardEvent


@variant_of(MetricsEvent)
@frozen
class _System(MetricsEvent):
    event: SystemEvent
