"""Secret-like keys with their values in running text: code, configuration, logs, command lines, markup.

The prefilter stops at a secret-like word that stands in a key before a separator; here the whole key is read, judged
(`keys`), the value is taken in its quotes or without, and judged in turn (`values`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from agent_otel.policy.scrubbing.keys import KeyKind, judge_key
from agent_otel.policy.scrubbing.values import Assigned, is_secret
from agent_otel.policy.scrubbing.words import (
    NAME_KEYS,
    PASSWORD_WORDS,
    SECRET_WORDS,
    SHORT_PASSWORD_WORDS,
    SHORT_SECRET_WORDS,
    WEAK_WORDS,
)

__all__ = ["ASSIGNMENT", "KEY_TRIGGERS", "OPTION", "Value", "find_assignment"]

ASSIGNMENT = "assignment"
OPTION = "command_option"

_WORDS = "|".join((*PASSWORD_WORDS, *SECRET_WORDS))
_QUOTES = r"""["'`\\\])]*"""
_SEPARATOR = r"(?:=>|:=|[:=>]|%3[dDaA])"
_NOT_NUMBER = r"""(?:["'`\\\[{$(]|[0-9.,]*[^\s0-9.,;:)}\]>-])"""
_SHORT = "|".join((*SHORT_PASSWORD_WORDS, *SHORT_SECRET_WORDS))
_PASSWORDS = "|".join(PASSWORD_WORDS)
_REST = "[A-Za-z0-9_.-]*"
# RE2 over bytes; the words in any case. What follows must not be a plain number, save behind a password. Nothing is
# counted here: an automaton that counts has very many states. The search goes on behind the separator, so no stretch is
# read twice.
KEY_TRIGGERS: tuple[str, ...] = (
    rf"(?i:(?:{_WORDS}){_REST}{_QUOTES}\s*(?:{_SEPARATOR}\s*{_NOT_NUMBER}|\(\s*[\"'`]))",
    rf"(?i:(?:{_PASSWORDS}){_REST}{_QUOTES}\s*{_SEPARATOR}\s*[0-9])",
    rf"(?i:(?:{_WORDS})[^\"'\\\r\n:=]*\\*\"\s*:\s*[\\\"\[{{])",
    rf"(?i:(?:{'|'.join(WEAK_WORDS)})s?{_QUOTES}\s*{_SEPARATOR}\s*[\"'`\\\[]*[A-Za-z0-9+/_=.-]{{12}})",
    r"(?i:(?:tokens|pass|creds)\\*\"\s*:\s*[\\\"\[{])",
    # What only structures hold: a name beside its value, an option beside its argument.
    rf"(?i:\"(?:{'|'.join(NAME_KEYS)})\\*\"\s*:\s*\\*\"[A-Za-z0-9_. -]*(?:{_WORDS}|{_SHORT}))",
    rf"(?i:(?:{_WORDS}|{_SHORT}){_REST}\\*\"\s*,\s*\\*\")",
    # Short words, at a word's start only.
    rf"(?:\b|[_.-]|\\[nrtbf]|%[0-9A-Fa-f]{{2}})(?i:{_SHORT}){_REST}{_QUOTES}\s*{_SEPARATOR}",
    r"[a-z](?:Pass|Pwd|Jwt|Cvv|Cvc)[\"'\\]*\s*[:=]",
    rf"--?(?i:[a-z0-9-]*(?:{_WORDS}|-pass|-key|-auth)[a-z0-9-]*\s+[^\s-])",
)

# `re` here, on a handful of bytes at one place: every part is bounded, and no two neighbours share a character.
_KEY_REST = re.compile(
    rb"""(?s)[A-Za-z0-9_.-]{0,64}(?P<quote>["'`\\\])]{0,6})[ \t]{0,4}"""
    rb"""(?:(?P<separator>=>|:=|[:=>]|%3[dDaA])|(?P<call>\([ \t]{0,2}(?=["'`])))"""
    rb"""(?P<space>[ \t]{0,8})"""
)
_LOOSE_KEY_REST = re.compile(
    rb"""(?s)[^"'\\\r\n:=]{0,32}(?P<quote>\\{0,7}")[ \t]{0,4}(?P<separator>:)(?P<space>[ \t]{0,8})"""
)
_OPTION_REST = re.compile(rb"[A-Za-z0-9_-]{0,64}[ \t]{1,3}(?=[^\s-])")
_OPENING = re.compile(rb"""\[?[ \t]{0,2}[rbuf]{0,2}(?P<delimiter>\"{3}|'{3}|\\{0,15}["'`])""")
_BARE = re.compile(rb"""[^\s"'`<>\\]{1,512}""")
_ARGUMENT = re.compile(rb"""[^\s"'`<>|;&\\]{1,512}""")
_MORE = re.compile(rb"""[^\s"'`<>\\,;&]*""")
_READ = 512  # how much of a bare value is read before it is judged
_NEXT_KEY = re.compile(rb"[,;&]+(?:[ ]?[A-Za-z_][\w.-]*[=:]|$)")
_KEY_BYTE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
_MARKER = b"[REDACTED:"
_LONGEST_KEY = 96
_LONGEST_VALUE = 65536


class Value(NamedTuple):
    """A value to be hidden: its place, and how it was found."""

    start: int
    end: int
    detector: str


def find_assignment(text: bytes, hit: int) -> Value | None:
    """Read the key at which the prefilter stopped, and its value.

    Args:
        text: The whole text.
        hit: Where the prefilter's match begins, within the key or at the escape before it.
    """
    hit += {0x5C: 2, 0x25: 3}.get(text[hit], 0)  # \\n, %3D
    first = hit
    while first > 0 and hit - first < _LONGEST_KEY and text[first - 1] in _KEY_BYTE:
        first -= 1
    rest = _KEY_REST.match(text, hit) or _LOOSE_KEY_REST.match(text, hit)
    if rest is None:
        return _option(text, first, hit)
    key = text[first : rest.start("quote")].strip(b"-.")
    if text[first - len(_MARKER) : first] == _MARKER:
        return None
    if rest["separator"] is None:  # a call
        key = key.rpartition(b".")[2]
    kind = judge_key(key.decode("latin-1"))
    if kind is KeyKind.PLAIN:
        return None
    if rest["separator"] == b">" and text[first - 1 : first] != b"<":
        return None
    span = _value_span(text, rest.end())
    if span is None:
        return None
    start, end, quoted = span
    found = Assigned(
        kind,
        key,
        text[start:end],
        quoted=quoted,
        key_quoted=bool(rest["quote"].strip(b"])")),
        tight=not rest["space"] and text[rest.end() - 1 : rest.end()] in b"=:" and not rest["quote"],
        whole_line=_fills_line(text, first, end),
    )
    return Value(start, _whole(text, start, end), ASSIGNMENT) if is_secret(found) else None


def _option(text: bytes, first: int, hit: int) -> Value | None:
    """Read ``--password VALUE``: no separator but a space, so only behind dashes."""
    if text[first : first + 1] != b"-":
        return None
    rest = _OPTION_REST.match(text, hit)
    if rest is None:
        return None
    key = text[first : rest.end()].strip(b"- \t")
    kind = judge_key(key.decode("latin-1"))
    if kind is KeyKind.PLAIN:
        return None
    span = _value_span(text, rest.end(), _ARGUMENT)
    if span is None:
        return None
    start, end, quoted = span
    value = text[start:end]
    capitals = value.isupper() and value.replace(b"_", b"").isalpha()
    found = Assigned(kind, key, value, quoted=quoted, key_quoted=False, tight=True, whole_line=True)
    worthy = is_secret(found) or (kind is KeyKind.PASSWORD and value.islower() and value.isalpha() and not quoted)
    return Value(start, _whole(text, start, end), OPTION) if worthy and not capitals else None


def _whole(text: bytes, start: int, end: int) -> int:
    """Follow a value to its end that is longer than what was read of it."""
    if end - start < _READ:
        return end
    more = _MORE.match(text, end)
    return end if more is None else more.end()


def _value_span(text: bytes, at: int, bare: re.Pattern[bytes] = _BARE) -> tuple[int, int, bool] | None:
    opening = _OPENING.match(text, at)
    if opening is not None:
        delimiter = opening["delimiter"]
        end = _closing(text, opening.end(), delimiter)
        return opening.end(), end, True
    found = bare.match(text, at)
    if found is None:
        return None
    end = found.end()
    value = found[0]
    following = _NEXT_KEY.search(value)
    if following is not None:
        end = found.start() + following.start()
    while end > found.start() and text[end - 1] in b",;.)]}":
        end -= 1
    return (found.start(), end, False) if end > found.start() else None


def _closing(text: bytes, start: int, delimiter: bytes) -> int:
    """Find where a quoted value ends; one that is not closed ends with its line."""
    stop = min(len(text), start + _LONGEST_VALUE)
    at = text.find(delimiter, start, stop)
    while at > start and text[at - 1] == 0x5C:
        at = text.find(delimiter, at + 1, stop)
    line = text.find(b"\n", start, stop)
    if at >= 0 and (line < 0 or at < line or len(delimiter) >= 3):
        return at
    return line if line >= 0 else stop


def _fills_line(text: bytes, first: int, end: int) -> bool:
    before = text[max(0, first - 24) : first].rpartition(b"\n")[2]
    after = text[end : end + 24].partition(b"\n")[0].strip()
    return not before.strip(b" \t-\"'") and (not after.strip(b"\"'`,;\\") or after.startswith(b"#"))
