"""Bamboo's shared types: the status words and the token counts of its metrics.

What changes a value in Bamboo gives a changed copy here.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeVar

from attrs import evolve, frozen

from agent_otel.model import LosslessRecord

__all__ = [
    "MAX_DURABLE_TOKEN_COUNT",
    "ForwardStatus",
    "PromptMemoryRecallOutcome",
    "RoundStatus",
    "SessionStatus",
    "TokenUsage",
]

S = TypeVar("S", bound="_Status")

MAX_DURABLE_TOKEN_COUNT: Final = 2**63 - 1  # the largest count that Bamboo's database holds (rule R12)
_MAX_U64: Final = 2**64 - 1


class _Status(str, Enum):
    """A status word; a word that Bamboo does not have stays a plain string in the models."""

    def as_str(self) -> str:
        """Give the word on the wire."""
        return str(self.value)

    @classmethod
    def from_db(cls: type[S], value: str) -> S | None:
        """Give the status of a word, None if there is none of that word."""
        return next((status for status in cls if status.value == value), None)


class SessionStatus(_Status):
    """How a session stands. ``AwaitingResponse`` is a pause (rule R4)."""

    Running = "running"
    AwaitingResponse = "awaiting_response"
    Completed = "completed"
    Error = "error"
    Cancelled = "cancelled"


class RoundStatus(_Status):
    """How a round stands."""

    Running = "running"
    Success = "success"
    Error = "error"
    Cancelled = "cancelled"


class ForwardStatus(_Status):
    """How a forwarded request stands; a timeout is an ``Error``."""

    Pending = "pending"
    Success = "success"
    Error = "error"


class PromptMemoryRecallOutcome(_Status):
    """What became of the search for memories that fit the prompt."""

    Disabled = "disabled"
    NoQuery = "no_query"
    NoMatch = "no_match"
    LookupError = "lookup_error"
    Lexical = "lexical"
    Reranked = "reranked"
    RerankFallback = "rerank_fallback"


def _sum(first: int, second: int, limit: int) -> int:
    return min(first + second, limit)


@frozen(kw_only=True)
class TokenUsage(LosslessRecord):
    """Token counts of a round or request. The total is the source's own word, not always the sum."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0

    @classmethod
    def default(cls) -> TokenUsage:
        """Give counts of zero."""
        return cls()

    def add_assign(self, other: TokenUsage) -> TokenUsage:
        """Give the sums of both counts, none above what 64 bits hold."""
        return evolve(
            self,
            prompt_tokens=_sum(self.prompt_tokens, other.prompt_tokens, _MAX_U64),
            completion_tokens=_sum(self.completion_tokens, other.completion_tokens, _MAX_U64),
            total_tokens=_sum(self.total_tokens, other.total_tokens, _MAX_U64),
        )

    def recompute_total(self) -> TokenUsage:
        """Give the counts with a total that is their sum."""
        return evolve(self, total_tokens=_sum(self.prompt_tokens, self.completion_tokens, _MAX_U64))

    def clamped_for_durable_metrics(self) -> TokenUsage:
        """Give the counts as the database holds them: none too large, and the total their sum (rule R12)."""
        prompt = min(self.prompt_tokens, MAX_DURABLE_TOKEN_COUNT)
        completion = min(self.completion_tokens, MAX_DURABLE_TOKEN_COUNT)
        total = _sum(prompt, completion, MAX_DURABLE_TOKEN_COUNT)
        return evolve(self, prompt_tokens=prompt, completion_tokens=completion, total_tokens=total)

    def add_assign_durable(self, other: TokenUsage) -> TokenUsage:
        """Give the sums as the database holds them."""
        return self.add_assign(other).clamped_for_durable_metrics()
