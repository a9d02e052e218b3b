"""What a key's name says about its value."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
import re

from agent_otel.policy.scrubbing.words import (
    AFTER_WORD,
    CODE_WORDS,
    INNOCENT_ENDINGS,
    INNOCENT_KEYS,
    PASSWORD_WORDS,
    SECRET_WORDS,
    SHORT_PASSWORD_WORDS,
    SHORT_SECRET_WORDS,
    SHORT_WEAK_WORDS,
    WEAK_WORDS,
)

__all__ = ["KeyKind", "ends_innocently", "judge_key"]

_LONGEST_KEY = 256
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_JOINTS = re.compile(r"[. -]")
_BREAK = re.compile(r"[^a-z0-9_]")
_BOUNDARY = r"(?:^|[^a-z])"
_TAIL = rf".{{0,{AFTER_WORD}}}$"
_SHORT_PASSWORD = rf"(?:^|[_/])(?:{'|'.join(SHORT_PASSWORD_WORDS)})"
_SHORT_SECRET = rf"(?:^|[_/])(?:{'|'.join(SHORT_SECRET_WORDS)})"
_PASSWORD = re.compile(rf"(?:{'|'.join((*PASSWORD_WORDS, _SHORT_PASSWORD))}){_TAIL}", re.DOTALL)
# A word that goes on is another word: tokenizer, secretary. A plural is not.
_SECRET = re.compile(rf"(?:{'|'.join((*SECRET_WORDS, _SHORT_SECRET))})(?![a-rt-z]{{2}}){_TAIL}", re.DOTALL)
_WEAK = re.compile(rf"{_BOUNDARY}(?:{'|'.join(WEAK_WORDS)})s?$|[_/](?:{'|'.join(SHORT_WEAK_WORDS)})$")
_CODE = re.compile(rf"(?:^|[_/])(?:{'|'.join(CODE_WORDS)})$")


# As the last two words of any key.
_OTHER_KEYS = frozenset(
    [
        "publickey",
        "primarykey",
        "foreignkey",
        "partitionkey",
        "sortkey",
        "cachekey",
        "routingkey",
        "dedupekey",
        "dedupkey",
        "idempotencykey",
        "deduplicationkey",
        "correlationkey",
        "groupkey",
        "objectkey",
        "lookupkey",
        "recvkey",
        "recvkeys",
        "publickeys",
        "foreignkeys",
    ]
)


class KeyKind(Enum):
    """How far a key's name goes.

    Attributes:
        PLAIN: It says nothing.
        WEAK: A text under it is hidden if it looks like a secret.
        CODE: So is one, or a number, of a few digits.
        SECRET: Every text under it is hidden.
        PASSWORD: Every text under it is hidden, and every number of four digits or more.
    """

    PLAIN = 0
    WEAK = 1
    CODE = 2
    SECRET = 3
    PASSWORD = 4


def _lowered(key: str) -> str:
    return _CAMEL.sub("_", key[-_LONGEST_KEY:].strip()).lower()


def _words(lowered: str) -> list[str]:
    return [word for word in _NOT_WORD.split(lowered) if word]


@lru_cache(maxsize=4096)
def ends_innocently(key: str) -> bool:
    """Tell a key that tells about something: a count, a name, a type."""
    words = _words(_lowered(key))
    return bool(words) and words[-1] in INNOCENT_ENDINGS


@lru_cache(maxsize=4096)
def judge_key(key: str) -> KeyKind:
    """Judge a key's name (H7: a key about a secret is not one).

    Args:
        key: The key as it stands, in any writing (snake, kebab, camel, with spaces).
    """
    lowered = _lowered(key)
    words = _words(lowered)
    if not words or "".join(words) in INNOCENT_KEYS or words[-1] in INNOCENT_ENDINGS:
        return KeyKind.PLAIN
    if "".join(words[-2:]) in _OTHER_KEYS:
        return KeyKind.PLAIN
    if words[0] in {"is", "has", "use", "num", "n", "max", "min", "allow", "require", "requires", "public"}:
        return KeyKind.PLAIN
    if "tokens" in words[:-1]:  # a number of them
        return KeyKind.PLAIN
    joined = _BREAK.sub("/", _JOINTS.sub("_", lowered)).strip("_/")
    if joined in {"pass", "pw"}:
        return KeyKind.SECRET
    if _PASSWORD.search(joined):
        return KeyKind.PASSWORD
    if _CODE.search(joined):
        return KeyKind.CODE
    if words[-1] != "tokens" and _SECRET.search(joined):
        return KeyKind.SECRET
    if _WEAK.search(joined):
        return KeyKind.WEAK
    return KeyKind.PLAIN
