"""Bamboo's shared types: the status words and the token counts of its metrics events."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from attrs import frozen

from agent_otel.model import LosslessRecord

__all__ = ["ForwardStatus", "RoundStatus", "SessionStatus", "TokenUsage"]

S = TypeVar("S", bound="_Status")


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
