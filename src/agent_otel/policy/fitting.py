"""Cutting scrubbed texts to a size that somebody else fixed, so that JSON stays JSON and no marker breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent_otel.policy.content_policy import ContentLimits
from agent_otel.policy.facts import text_of_content, utf8_size
from agent_otel.policy.scrubbing import Limits, truncate

__all__ = ["fit", "keep_end", "never_cut", "within_bytes"]

_WIDEST = 4  # bytes of a character of UTF-8
_NO_LIMIT = 1024 * 1024
_OF_NOTES = 256  # a note or two stand outside of the budget


def never_cut(limits: ContentLimits) -> int:
    """Give how many characters all content of a span may have so that no limit, whichever way it counts, cuts it.

    Args:
        limits: Of the policy.
    """
    in_bytes = [limit // _WIDEST for limit in (limits.value_bytes, limits.span_bytes) if limit is not None]
    return min((*in_bytes, *([limits.chars] if limits.chars is not None else [])), default=_NO_LIMIT)


def fit(text: str, max_length: int, measure: Callable[[str], int] = len) -> str:
    """Cut a text to a length in all, as ``OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT`` has it.

    Args:
        text: Scrubbed before. JSON is cut leaf by leaf and stays JSON.
        max_length: The length in all, notes about cuts included.
        measure: How length is measured; by default in characters.
    """
    if measure(text) <= max_length:
        return text
    budget = max_length
    while budget > 0:  # a note about a cut stands outside of the budget, hence several tries
        cut: str = truncate(text, Limits(chars=None, bytes=budget, items=budget)).value
        if measure(cut) <= max_length:
            return cut
        budget //= 2
    return ""


def within_bytes(value: Any, most: int) -> Any:
    """Cut a value that was truncated to so many bytes, but whose punctuation and notes take it beyond them.

    Args:
        value: A text or a JSON value, scrubbed before.
        most: UTF-8 bytes that it may have.
    """
    text = text_of_content(value)
    if utf8_size(text) <= most + _OF_NOTES:
        return value
    if isinstance(value, str):
        return fit(value, most, utf8_size)
    budget = most // 2
    while budget > 0:
        cut = truncate(value, Limits(chars=None, bytes=budget, items=max(1, budget // 4))).value
        if utf8_size(text_of_content(cut)) <= most:
            return cut
        budget //= 2
    return ""


def keep_end(text: str, chars: int | None) -> str:
    """Cut a stack trace, whose end says most: whole lines, and a note where the beginning was.

    Args:
        text: Scrubbed before.
        chars: Characters that are kept; None is no limit.
    """
    if chars is None or len(text) <= chars:
        return text
    start = text.find("\n", len(text) - chars) + 1
    if not start:
        start = len(text)
    return f"…[truncated {start} of {len(text)} chars]\n{text[start:]}"
