"""Plain data inside agent events: what a tool gave back, and how full the model's context is."""

# No postponed annotations: the codecs are made from them.
from typing import Annotated

from attrs import field, frozen

from agent_otel.model import LosslessRecord
from agent_otel.sources.bamboo.members import (
    U32,
    U64,
    DefaultU32,
    DefaultU64,
    Flag,
    MemberCodec,
    NullableText,
    Text,
    default,
)
from agent_otel.sources.fields import FLAG, list_of, nested, optional

__all__ = ["TOOL_RESULT", "ProviderPromptUsage", "TokenBudgetUsage", "ToolResult", "ToolResultImage"]


@frozen(kw_only=True)
class ToolResultImage(LosslessRecord):
    """An image that a tool gave back; ``data`` is base64."""

    mime_type: Text
    data: Text = field(repr=False)


@frozen(kw_only=True)
class ToolResult(LosslessRecord):
    """What a tool gave back. Older builds know no images."""

    success: Flag
    result: Text = field(repr=False)
    display_preference: NullableText = field(default=None, repr=False)
    images: Annotated[
        tuple[ToolResultImage, ...], default(list_of(nested(MemberCodec(ToolResultImage))), (), skip_empty=True)
    ] = field(default=(), repr=False)

    @classmethod
    def text(cls, success: bool, result: str) -> "ToolResult":  # noqa: FBT001  the source system's own signature
        """Give a result without images."""
        return cls(success=success, result=result)


@frozen(kw_only=True)
class ProviderPromptUsage(LosslessRecord):
    """The provider's own counts for the prompt of the last finished call."""

    input_tokens: DefaultU64 = 0
    cache_creation_input_tokens: DefaultU64 = 0
    cache_read_input_tokens: DefaultU64 = 0
    retained_from_previous_call: Annotated[bool, default(FLAG, value=False)] = False

    def total_input_tokens(self) -> int:
        """Give all tokens of the prompt, cached or not."""
        return self.input_tokens + self.cache_creation_input_tokens + self.cache_read_input_tokens

    def cache_hit_rate(self) -> float | None:
        """Give the share that came from the cache, None for an empty prompt."""
        total = self.total_input_tokens()
        return self.cache_read_input_tokens / total if total else None


_PROMPT = MemberCodec(ProviderPromptUsage)


@frozen(kw_only=True)
class TokenBudgetUsage(LosslessRecord):
    """How the prompt that was prepared fills the model's context; later builds tell more of it."""

    system_tokens: U32
    summary_tokens: U32
    window_tokens: U32
    total_tokens: U32
    max_context_tokens: DefaultU32 = 0
    budget_limit: U32
    truncation_occurred: Flag
    segments_removed: U64
    prompt_cached_tool_outputs: DefaultU64 = 0
    prompt_cached_tool_tokens_saved: DefaultU32 = 0
    thinking_tokens: DefaultU32 = 0
    cache_read_input_tokens: DefaultU32 = 0
    provider_prompt_usage: Annotated[ProviderPromptUsage | None, optional(nested(_PROMPT), skip_empty=True)] = None


TOOL_RESULT = MemberCodec(ToolResult)
