"""What Bamboo stores about requests that its proxy passed on: each of them, per endpoint, and all together."""

# No postponed annotations: the codecs are made from them.
from typing import Annotated, Any, TypeVar

from attrs import field, frozen

from agent_otel.model import LosslessRecord
from agent_otel.model.variants import known_word
from agent_otel.sources.bamboo.members import U64, Flag, MemberCodec, NullableText, OptionalU64, Text, Time
from agent_otel.sources.bamboo.stored.members import NullableCount, NullableTime, NullableUsage, Usage
from agent_otel.sources.bamboo.types import ForwardStatus
from agent_otel.sources.fields import defaulted, nested, optional, unsigned, word

__all__ = [
    "DetailedCodec",
    "ForwardEndpointMetrics",
    "ForwardMetricsSummary",
    "ForwardRequestMetrics",
    "ForwardTokenDetails",
]

R = TypeVar("R", bound=LosslessRecord)


@frozen(kw_only=True)
class ForwardTokenDetails(LosslessRecord):
    """What a provider tells beside the totals. None is not zero.

    Args:
        cache_creation_input_tokens: Tokens that Anthropic put into its cache.
        cache_read_input_tokens: Tokens that came from a cache.
        cache_write_input_tokens: Tokens that OpenAI put into its cache; never added to ``cache_creation_input_tokens``.
        reasoning_output_tokens: Output tokens that the model spent on thinking.
    """

    cache_creation_input_tokens: OptionalU64 = None
    cache_read_input_tokens: OptionalU64 = None
    cache_write_input_tokens: OptionalU64 = None
    reasoning_output_tokens: OptionalU64 = None

    @classmethod
    def default(cls) -> "ForwardTokenDetails":
        """Give details of which nothing is told."""
        return cls()

    def is_empty(self) -> bool:
        """Whether nothing is told."""
        return (
            self.cache_creation_input_tokens is None
            and self.cache_read_input_tokens is None
            and self.cache_write_input_tokens is None
            and self.reasoning_output_tokens is None
        )


_Details = Annotated[ForwardTokenDetails, defaulted(nested(MemberCodec(ForwardTokenDetails)), ForwardTokenDetails)]
_NOTHING = ForwardTokenDetails()


class DetailedCodec(MemberCodec[R]):
    """A struct with ``token_details``, which Bamboo leaves out where they are empty.

    Args:
        record: The model.
    """

    def encode(self, record: R) -> dict[str, Any]:
        """Write the object that was read."""
        written = super().encode(record)
        if record.absent is None and not written["token_details"]:
            del written["token_details"]
        return written


@frozen(kw_only=True)
class ForwardRequestMetrics(LosslessRecord):
    """A request that was passed on; what is None is not known yet."""

    forward_id: Text
    endpoint: Text = field(repr=False)
    model: Text
    is_stream: Flag
    started_at: Time
    completed_at: NullableTime = None
    status_code: Annotated[int | None, optional(unsigned(16))] = None
    status: Annotated[ForwardStatus | str | None, optional(word(ForwardStatus))] = field(default=None, repr=known_word)
    token_usage: NullableUsage = None
    token_details: _Details = _NOTHING
    error: NullableText = field(default=None, repr=False)
    duration_ms: NullableCount = None


@frozen(kw_only=True)
class ForwardMetricsSummary(LosslessRecord):
    """All requests together."""

    total_requests: U64
    successful_requests: U64
    failed_requests: U64
    total_tokens: Usage
    token_details: _Details = _NOTHING
    avg_duration_ms: NullableCount = None


@frozen(kw_only=True)
class ForwardEndpointMetrics(LosslessRecord):
    """All requests to one endpoint."""

    endpoint: Text = field(repr=False)
    requests: U64
    successful: U64
    failed: U64
    tokens: Usage
    token_details: _Details = _NOTHING
    avg_duration_ms: NullableCount = None
