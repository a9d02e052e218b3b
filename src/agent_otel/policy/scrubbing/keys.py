"""What a key's name says about its value."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
import re

from agent_otel.policy.scrubbing.words import (
    AFTER_WORD,
    INNOCENT_ENDINGS,
    INNOCENT_KEYS,
    PASSWORD_WORDS,
    SECRET_WORDS,
    SHORT_PASSWORD_WORDS,
    SHORT_SECRET_WORDS,
    WEAK_WORDS,
)

__all__ = ["KeyKind", "judge_key"]

_LONGEST_KEY = 256
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_BOUNDARY = r"(?:^|[^a-z])"
_TAIL = rf".{{0,{AFTER_WORD}}}$"
_SHORT_PASSWORD = rf"(?:^|_)(?:{'|'.join(SHORT_PASSWORD_WORDS)})"
_SHORT_SECRET = rf"(?:^|_)(?:{'|'.join(SHORT_SECRET_WORDS)})"
_PASSWORD = re.compile(rf"(?:{'|'.join((*PASSWORD_WORDS, _SHORT_PASSWORD))}){_TAIL}", re.DOTALL)
# A word that goes on is another word: tokenizer, secretary. A plural is not.
_SECRET = re.compile(rf"(?:{'|'.join((*SECRET_WORDS, _SHORT_SECRET))})(?![a-rt-z]{{2}}){_TAIL}", re.DOTALL)
_WEAK = re.compile(rf"{_BOUNDARY}(?:{'|'.join(WEAK_WORDS)})s?$")


class KeyKind(Enum):
    """How far a key's name goes.

    Attributes:
        PLAIN: It says nothing.
        WEAK: A text under it is hidden if it looks like a secret.
        SECRET: Every text under it is hidden.
        PASSWORD: Every text under it is hidden, and every number of four digits or more.
    """

    PLAIN = 0
    WEAK = 1
    SECRET = 2
    PASSWORD = 3


@lru_cache(maxsize=4096)
def judge_key(key: str) -> KeyKind:
    """Judge a key's name (H7: a key about a secret is not one).

    Args:
        key: The key as it stands, in any writing (snake, kebab, camel, with spaces).
    """
    key = key[-_LONGEST_KEY:].strip()
    lowered = _CAMEL.sub("_", key).lower()
    words = [word for word in _NOT_WORD.split(lowered) if word]
    if not words or "".join(words) in INNOCENT_KEYS or words[-1] in INNOCENT_ENDINGS:
        return KeyKind.PLAIN
    if words[0] in {"is", "has", "use", "num", "n", "max", "min", "allow", "require", "requires", "public"}:
        return KeyKind.PLAIN
    if "tokens" in words[:-1]:  # a number of them
        return KeyKind.PLAIN
    joined = "_".join(words)
    if joined == "pass":
        return KeyKind.SECRET
    if _PASSWORD.search(joined):
        return KeyKind.PASSWORD
    if words[-1] != "tokens" and _SECRET.search(joined):
        return KeyKind.SECRET
    if _WEAK.search(joined):
        return KeyKind.WEAK
    return KeyKind.PLAIN
