"""What Bamboo stores about sessions: ``SessionDetail`` with its rounds and their tool calls."""

# No postponed annotations: the codecs are made from them.
from typing import Annotated

from attrs import field, frozen

from agent_otel.model import LosslessRecord
from agent_otel.model.variants import known_word
from agent_otel.sources.bamboo.members import DefaultU32, DefaultU64, MemberCodec, NullableText, Text, Time
from agent_otel.sources.bamboo.stored.members import (
    Count,
    Counts,
    NullableCount,
    NullableFlag,
    NullableTime,
    Usage,
)
from agent_otel.sources.bamboo.types import RoundStatus, SessionStatus
from agent_otel.sources.fields import Timestamp, list_of, nested, word

__all__ = ["RoundMetrics", "SessionDetail", "SessionMetrics", "ToolCallCompletion", "ToolCallMetrics"]


@frozen(kw_only=True)
class ToolCallMetrics(LosslessRecord):
    """A tool call; what is None is not known yet."""

    tool_call_id: Text
    tool_name: Text
    started_at: Time
    completed_at: NullableTime = None
    success: NullableFlag = None
    error: NullableText = field(default=None, repr=False)
    duration_ms: NullableCount = None


@frozen(kw_only=True)
class ToolCallCompletion:
    """How a tool call ended, as it is told to the storage; it has no wire form."""

    completed_at: Timestamp
    success: bool
    error: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class RoundMetrics(LosslessRecord):
    """A round with its tool calls; older builds know nothing of compression."""

    round_id: Text
    session_id: Text
    model: Text
    started_at: Time
    completed_at: NullableTime = None
    token_usage: Usage
    tool_calls: Annotated[tuple[ToolCallMetrics, ...], list_of(nested(MemberCodec(ToolCallMetrics)))]
    status: Annotated[RoundStatus | str, word(RoundStatus)] = field(repr=known_word)
    error: NullableText = field(default=None, repr=False)
    duration_ms: NullableCount = None
    prompt_cached_tool_outputs: DefaultU32 = 0
    prompt_cached_tool_tokens_saved: DefaultU32 = 0
    compression_count: DefaultU32 = 0
    tokens_saved: DefaultU32 = 0


@frozen(kw_only=True)
class SessionMetrics(LosslessRecord):
    """A session in numbers; ``tool_breakdown`` counts its tool calls by name."""

    session_id: Text
    model: Text
    started_at: Time
    completed_at: NullableTime = None
    total_rounds: Count
    total_token_usage: Usage
    tool_call_count: Count
    tool_breakdown: Counts
    status: Annotated[SessionStatus | str, word(SessionStatus)] = field(repr=known_word)
    message_count: Count
    duration_ms: NullableCount = None
    prompt_cached_tool_outputs: DefaultU64 = 0
    prompt_cached_tool_tokens_saved: DefaultU64 = 0
    total_compression_events: DefaultU64 = 0
    total_tokens_saved: DefaultU64 = 0


@frozen(kw_only=True)
class SessionDetail(LosslessRecord):
    """A session with its rounds."""

    session: Annotated[SessionMetrics, nested(MemberCodec(SessionMetrics))]
    rounds: Annotated[tuple[RoundMetrics, ...], list_of(nested(MemberCodec(RoundMetrics)))]
