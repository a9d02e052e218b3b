"""Cutting a scrubbed text to a length that somebody else fixed, so that JSON stays JSON."""

from __future__ import annotations

from agent_otel.policy.scrubbing import Limits, truncate

__all__ = ["fit"]


def fit(text: str, max_length: int) -> str:
    """Cut a text to a length in all, as ``OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT`` has it.

    Args:
        text: Scrubbed before. JSON is cut leaf by leaf and stays JSON.
        max_length: Characters in all, notes about cuts included.
    """
    if len(text) <= max_length:
        return text
    budget = max_length
    while budget > 0:  # a note about a cut stands outside of the budget, hence several tries
        cut: str = truncate(text, Limits(chars=None, bytes=budget, items=None)).value
        if len(cut) <= max_length:
            return cut
        budget //= 2
    return ""
