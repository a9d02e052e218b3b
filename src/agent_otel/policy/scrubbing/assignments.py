"""Secret-like keys with their values in running text: code, configuration, logs, command lines, markup, prose.

The prefilter stops at a secret-like word (`triggers`); here the whole key is read, judged (`keys`), the value is taken
in its quotes or without, and judged in turn (`values`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from agent_otel.policy.scrubbing.key_patterns import (
    ARGUMENT,
    BARE,
    BEYOND_ANGLE,
    BLOCK_REST,
    BRACKETS,
    KEY_BYTE,
    KEY_REST,
    LOOK_BACK,
    LOOSE_KEY_REST,
    MORE,
    NAME,
    NAME_LAST,
    NEXT_KEY,
    NO_ARGUMENTS,
    OPENING,
    OPTION_REST,
    PAIR_REST,
    PROSE_REST,
    QUOTE,
    READ,
    REST_OF_LIST,
)
from agent_otel.policy.scrubbing.keys import KeyKind, judge_key
from agent_otel.policy.scrubbing.values import Assigned, Manner, is_secret

__all__ = ["ASSIGNMENT", "OPTION", "Value", "find_assignment"]

ASSIGNMENT = "assignment"
OPTION = "command_option"

_LAST_WORD = re.compile(
    rb"(?i)(?:pass(?:word|wd|phrase|code)?|pwd|psk|secret|token|key|authorization|cookie|credentials?)[0-9]?"
)
_MARKER = b"[REDACTED:"
_LONGEST_KEY = 96
_LONGEST_VALUE = 65536


class Value(NamedTuple):
    """A value to be hidden: its place, and how it was found."""

    start: int
    end: int
    detector: str


def find_assignment(text: bytes, hit: int) -> Value | int:
    """Read the key at which the prefilter stopped, and its value.

    Args:
        text: The whole text.
        hit: Where the prefilter's match begins, within the key or at the escape before it.

    Returns:
        The value if it is a secret, else where the next key may begin at the earliest.
    """
    if text[hit] == QUOTE:
        return _named_last(text, hit) or hit + 1
    hit += {0x5C: 2, 0x25: 3}.get(text[hit], 0)  # \\n, %3D
    first = hit
    while first > 0 and hit - first < _LONGEST_KEY and text[first - 1] in KEY_BYTE:
        first -= 1
    if text[first - len(_MARKER) : first] == _MARKER:
        return hit + 1
    rest = KEY_REST.match(text, hit)
    if rest is None or rest["comma"] is not None or text[rest.end() : rest.end() + 1] == b"{":
        rest = PAIR_REST.match(text, hit) or rest
    rest = rest or BLOCK_REST.match(text, hit) or LOOSE_KEY_REST.match(text, hit)
    if rest is None:
        return _option(text, first, hit) or _prose(text, first, hit) or hit + 1
    return _read(text, first, rest) or max(rest.end(), hit + 1)


def _read(text: bytes, first: int, rest: re.Match[bytes]) -> Value | None:
    key = text[first : rest.start("quote")].strip(b"-.")
    groups = rest.groupdict()
    if "call" in groups and rest["separator"] is None:
        if rest["comma"] is not None:
            return _after_comma(text, rest, key)
        key = key.rpartition(b".")[2]
    if rest["separator"] == b">" and text[first - 1 : first] != b"<" and not _in_markup(text, first, rest):
        return None
    return _judged(text, key, first, rest)


def _judged(text: bytes, key: bytes, first: int, rest: re.Match[bytes]) -> Value | None:
    kind = judge_key(key.decode("latin-1"))
    if kind is KeyKind.PLAIN:
        return None
    span = _value_span(text, rest.end())
    if span is None:
        return None
    start, end, quoted = span
    if text[first - 1 : first] == b":" and b"arn:" in text[max(0, first - _LONGEST_KEY) : first]:
        return None
    called = rest.groupdict().get("call") is not None
    found = Assigned(
        kind,
        key,
        text[start:end],
        manner=Manner.CALL if called else Manner.ASSIGNED,
        quoted=quoted,
        key_quoted=bool(rest["quote"].strip(b"])")),
        tight=not rest["space"] and text[rest.end() - 1 : rest.end()] in b"=:" and not rest["quote"],
        whole_line=_fills_line(text, first, end),
    )
    if not is_secret(found):
        return None
    return Value(start, _whole(text, start, end, quoted=quoted), ASSIGNMENT)


def _in_markup(text: bytes, first: int, rest: re.Match[bytes]) -> bool:
    """Tell ``<string name="api_key">``."""
    return rest["quote"][:1] in (b'"', b"'") and text[first - 2 : first] in (b'="', b"='")


def _named_last(text: bytes, hit: int) -> Value | None:
    """Read a value that stands before its name: ``"value": "...", "name": "API_TOKEN"``."""
    name = NAME.match(text, hit)
    if name is None or judge_key(name["name"].decode("latin-1")).value < KeyKind.CODE.value:
        return None
    low = max(0, hit - LOOK_BACK)
    found = NAME_LAST.search(text[low:hit])
    if found is None:
        return None
    kind = judge_key(name["name"].decode("latin-1"))
    told = Assigned(kind, name["name"], found["value"], quoted=True, key_quoted=True, tight=False, whole_line=False)
    return Value(low + found.start("value"), low + found.end("value"), ASSIGNMENT) if is_secret(told) else None


def _after_comma(text: bytes, rest: re.Match[bytes], key: bytes) -> Value | None:
    """Read ``define('DB_PASSWORD', '...')``, ``["x-api-key", "..."]``."""
    kind = judge_key(key.strip(b"-").decode("latin-1"))
    span = _value_span(text, rest.end())
    if kind is KeyKind.PLAIN or span is None or not span[2] or not rest["quote"].strip(b"])"):
        return None
    if not _LAST_WORD.fullmatch(re.split(rb"[-_.]", key)[-1]) and not key.lower().endswith(
        (b"password", b"token", b"secret")
    ):
        return None
    start, end, _ = span
    found = Assigned(
        kind, key, text[start:end], quoted=True, key_quoted=True, tight=False, whole_line=False, manner=Manner.BESIDE
    )
    return Value(start, end, ASSIGNMENT) if is_secret(found) else None


def _prose(text: bytes, first: int, hit: int) -> Value | None:
    """Read ``the token is ...``, ``API key (...)``, ``token ...``."""
    rest = PROSE_REST.match(text, hit)
    if rest is None:
        return None
    kind = judge_key(text[first : rest.start("quote")].strip(b"-.").decode("latin-1"))
    span = _value_span(text, rest.end())
    if kind.value < KeyKind.SECRET.value or span is None:
        return None
    start, end, quoted = span
    manner = Manner.PROSE if rest["verb"] else Manner.BARE_PROSE
    key = text[first : rest.start("quote")]
    found = Assigned(
        kind, key, text[start:end], quoted=quoted, key_quoted=False, tight=False, whole_line=False, manner=manner
    )
    return Value(start, _whole(text, start, end, quoted=quoted), ASSIGNMENT) if is_secret(found) else None


def _option(text: bytes, first: int, hit: int) -> Value | None:
    """Read ``--password VALUE``: no separator but a space, so only behind dashes."""
    if text[first : first + 1] != b"-":
        return None
    rest = OPTION_REST.match(text, hit)
    if rest is None:
        return None
    key = text[first : rest.end()].strip(b"- \t")
    kind = judge_key(key.decode("latin-1"))
    if kind is KeyKind.PLAIN:
        return None
    span = _value_span(text, rest.end(), ARGUMENT)
    if span is None:
        return None
    start, end, quoted = span
    value = text[start:end]
    if not quoted and (value.lower() in NO_ARGUMENTS or (value.isupper() and value.replace(b"_", b"").isalpha())):
        return None
    manner = Manner.OPTION if kind is KeyKind.PASSWORD else Manner.ASSIGNED
    found = Assigned(kind, key, value, quoted=quoted, key_quoted=False, tight=True, whole_line=True, manner=manner)
    return Value(start, _whole(text, start, end, quoted=quoted), OPTION) if is_secret(found) else None


def _whole(text: bytes, start: int, end: int, *, quoted: bool) -> int:
    """Follow a value to its end that is longer than what was read of it, or goes on behind an angle bracket."""
    if quoted:
        more = (
            REST_OF_LIST.match(text, end)
            if text[start - 2 : start - 1] == b"[" or text[start - 3 : start - 2] == b"["
            else None
        )
        return end if more is None else more.end()
    if end - start >= READ:
        more = MORE.match(text, end)
        return end if more is None else more.end()
    beyond = BEYOND_ANGLE.match(text, end)
    return end if beyond is None else beyond.end()


def _value_span(text: bytes, at: int, bare: re.Pattern[bytes] = BARE) -> tuple[int, int, bool] | None:
    opening = OPENING.match(text, at)
    if opening is not None:
        delimiter = opening["delimiter"]
        end = _closing(text, opening.end(), delimiter)
        return opening.end(), end, True
    found = bare.match(text, at)
    if found is None:
        return None
    end = found.end()
    value = found[0]
    following = NEXT_KEY.search(value)
    if following is not None:
        end = found.start() + following.start()
    while end > found.start() and _trails(text, found.start(), end):
        end -= 1
    return (found.start(), end, False) if end > found.start() else None


def _trails(text: bytes, start: int, end: int) -> bool:
    """Tell whether the last byte of a value belongs to what is around it: a mark, or a bracket opened before."""
    last = text[end - 1 : end]
    if last in BRACKETS:
        return text.count(BRACKETS[last], start, end) < text.count(last, start, end)
    return last in b",;.:"


def _closing(text: bytes, start: int, delimiter: bytes) -> int:
    """Find where a quoted value ends; one that is not closed ends with its line."""
    stop = min(len(text), start + _LONGEST_VALUE)
    at = text.find(delimiter, start, stop)
    while at > start and text[at - 1] == 0x5C:
        at = text.find(delimiter, at + 1, stop)
    line = text.find(b"\n", start, stop)
    if at < 0 and line < 0 and stop < len(text):  # long: whatever would end it, all up to there is of the value
        ends = [end for end in (text.find(delimiter, stop), text.find(b"\n", stop)) if end >= 0]
        return min(ends, default=len(text))
    if at >= 0 and (line < 0 or at < line or len(delimiter) >= 3):
        return at
    return line if line >= 0 else stop


def _fills_line(text: bytes, first: int, end: int) -> bool:
    before = text[max(0, first - 24) : first].rpartition(b"\n")[2]
    after = text[end : end + 24].partition(b"\n")[0].strip()
    return not before.strip(b" \t-\"'") and (not after.strip(b"\"'`,;\\") or after.startswith(b"#"))
