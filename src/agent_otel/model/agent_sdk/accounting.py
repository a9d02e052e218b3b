"""What was used and what it cost, in integers."""

from __future__ import annotations

from attrs import field, frozen

from agent_otel.model.agent_sdk.telemetry_kinds import CostEstimateStatus
from agent_otel.model.agent_sdk.words import known_word, redacted
from agent_otel.model.lossless import LosslessRecord

__all__ = ["CostUnits", "ProviderUsage", "UsageUnits"]


@frozen(kw_only=True)
class ProviderUsage(LosslessRecord):
    """What a provider says that a model call used; None is not 0."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None

    @classmethod
    def default(cls) -> ProviderUsage:
        """Give usage of which nothing is known."""
        return cls()


@frozen(kw_only=True)
class UsageUnits(LosslessRecord):
    """What was used; None is not 0."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    bytes: int | None = None
    media_duration_ms: int | None = None

    @classmethod
    def default(cls) -> UsageUnits:
        """Give units of which nothing is known."""
        return cls()

    @classmethod
    def from_(cls, usage: ProviderUsage) -> UsageUnits:
        """Give the units of what a provider says (the contract's ``from``)."""
        return cls(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, total_tokens=usage.total_tokens)


@frozen(kw_only=True)
class CostUnits(LosslessRecord):
    """What it cost, in millionths of the currency."""

    amount_micros: int
    currency: str = field(repr=False)
    rate_table_version: str = field(repr=redacted)
    estimate_status: CostEstimateStatus | str = field(repr=known_word)
