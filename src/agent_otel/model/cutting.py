"""Cutting texts before they are scrubbed, so that no secret is left with only its first half and not known as one."""

from __future__ import annotations

from hashlib import sha256
import re

__all__ = ["cut_between_words", "digest"]

_LAST_WORD = re.compile(r"\S+\Z")
_LONGEST_WORD = 1024


def cut_between_words(text: str, limit: int) -> str:
    """Give the start of a text without the word that the limit falls into.

    Args:
        text: Not scrubbed yet.
        limit: Characters that are kept at most; of a word beyond 1,024 characters that many are left out.
    """
    if len(text) <= limit:
        return text
    start = max(0, limit - _LONGEST_WORD)
    return text[:start] + _LAST_WORD.sub("", text[start:limit] if limit > 0 else "")


def digest(text: str) -> str:
    """Stand in for a text that is too long: equal texts give the same, and nothing of it can be read."""
    return "sha256:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
