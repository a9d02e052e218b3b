"""Whether what stands behind a secret-like key in running text is a secret, or code, prose or a placeholder."""

from __future__ import annotations

import re

from attrs import evolve, frozen

from agent_otel.policy.scrubbing.keys import KeyKind
from agent_otel.policy.scrubbing.validators import random_looking

__all__ = ["Assigned", "is_placeholder", "is_secret"]

_PLACEHOLDER = re.compile(
    rb"""(?ix) (?: \[REDACTED.* | [*.\-_#?]+ | x{3,} | <[^<>]*> | \$[a-z_]\w* | \$\{[^{}]*\} | \$\{\{.* | \$\(.*
    | %[a-z_]\w*% | %\(?\w*\)?[srdq]
    | \{\{.* | \{[\w.!:]*\} | \#\{.* | @\{?[a-z_.]+\}? | (?:your|insert|enter|replace)[-_ ].*
    | none | null | nil | undefined | true | false | yes | no | on | off | empty | unset | missing | required | optional
    | string | str | bytes | text | int | integer | number | bool | boolean | any | object | unknown
    | redacted | hidden | masked
    | optional\[.* | secretstr | (?:str|bytes)\s?\|.* ) """
)
_WORD_LIKE = re.compile(rb"[A-Za-z_][A-Za-z_ .:!?/-]*")
_IDENTIFIER = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*(?:(?:\.|->|::)[A-Za-z_][A-Za-z0-9_]*)*")
_DIGIT = re.compile(rb"[0-9]")
_NUMBER = re.compile(rb"[-+]?[0-9][0-9_,.]*(?:[eE][-+]?[0-9]+)?[a-z%]?")
_CODE = re.compile(
    rb"[A-Za-z0-9_)\]][(\[]|\]\(|==|=>|->|&&|\|\||[{};]$|^[({\[&*!/|+=-]|^[,;:)\]}%\s]|\\[nrt]|^\w*[\"']"
)
_CALL = re.compile(rb"[A-Za-z0-9_)\]][(\[]|\]\(|==|=>|->|[{}]$|^[,;:)\]}%\s({\[]")
_CAPITALS = re.compile(rb"[A-Z][A-Z0-9_]*")
_PATH = re.compile(rb"(?:~|\.{1,2})?/[^/]*/|[A-Za-z]:\\\\|https?://|file:|s3://|arn:|[./~]")
_WORDY_PATH = re.compile(rb"(?:~|\.{1,2})?/[A-Za-z_.-]+(?:/|$)|[A-Za-z]:\\\\|https?://|file:|s3://|arn:")
_OWN_NAMES = frozenset(
    b"password passwd passphrase pwd pass secret token key apikey api_key bearer basic cookie credentials".split()
)
_JUDGED = 256  # a longer value is judged by its head
_CODE_SHOWS = 48  # within so many characters
_SHORTEST = 8
_SHORTEST_ALONE = 5
_SHORTEST_QUOTED = 4


@frozen
class Assigned:
    """A value with what stands around it.

    Attributes:
        kind: What the key's name says.
        key: The key.
        value: The value, without its quotes.
        quoted: Whether it stands in quotes.
        key_quoted: Whether the key does.
        tight: Whether key, separator and value touch.
        whole_line: Whether key and value fill their line.
    """

    kind: KeyKind
    key: bytes
    value: bytes
    quoted: bool
    key_quoted: bool
    tight: bool
    whole_line: bool


def is_placeholder(value: bytes) -> bool:
    """Tell a marker, a variable, a type or a stand-in."""
    return not value or _PLACEHOLDER.fullmatch(value) is not None


def is_secret(found: Assigned) -> bool:
    """Judge a value in running text; structured values are judged by their key alone."""
    if len(found.value) > _JUDGED:
        found = evolve(found, value=found.value[:_JUDGED])
    value = found.value
    if is_placeholder(value) or value.lower() in _OWN_NAMES:
        return False
    if found.kind is KeyKind.WEAK:
        return random_looking(value) and not _PATH.match(value) and not (b"." in value and _IDENTIFIER.fullmatch(value))
    if found.key.lower().endswith(b"pwd") and _PATH.match(value):
        return False
    return _quoted(found) if found.quoted else _bare(found)


def _quoted(found: Assigned) -> bool:
    value = found.value
    if value[:1] in b",;:)]}%+ \t\r\n\\" or b"\n" in value:
        return False
    if found.kind is KeyKind.PASSWORD:
        return value.count(b" ") < 2 or found.key_quoted
    if len(value) < _SHORTEST_QUOTED or b" " in value or _PATH.match(value) or _NUMBER.fullmatch(value):
        return False
    wordy = _WORD_LIKE.fullmatch(value) is not None
    return not wordy or (found.key_quoted and len(value) >= _SHORTEST and not _IDENTIFIER.fullmatch(value))


def _bare(found: Assigned) -> bool:
    value = found.value
    capitals = _CAPITALS.fullmatch(found.key) is not None
    password = found.kind is KeyKind.PASSWORD
    configured = (capitals or password) and found.tight
    if (_WORDY_PATH if configured else _PATH).match(value):
        return False
    if (_CALL if configured else _CODE).search(value[:_CODE_SHOWS]):
        return False
    if _NUMBER.fullmatch(value):
        return password and len(value) >= _SHORTEST_QUOTED and (found.tight or found.whole_line)
    if _IDENTIFIER.fullmatch(value) and _DIGIT.search(value) is None:
        named = capitals and found.tight and not _CAPITALS.fullmatch(value)
        return named or (password and found.whole_line and b"." not in value and not found.tight and value.islower())
    if password or (capitals and found.tight):
        return b"." not in value or not _IDENTIFIER.fullmatch(value)
    if _IDENTIFIER.fullmatch(value) and (b"_" in value or b"." in value or value in found.key or found.key in value):
        return False
    shortest = _SHORTEST_ALONE if found.tight or found.whole_line else _SHORTEST
    return len(value) >= shortest and _DIGIT.search(value) is not None
