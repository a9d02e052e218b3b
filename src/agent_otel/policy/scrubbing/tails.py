"""Credentials that a cut left too short for their own patterns, at the very end of a text."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
import re

from agent_otel.policy.scrubbing.detector import Detector
from agent_otel.policy.scrubbing.patterns import TAIL_START, compile_bytes, searcher
from agent_otel.policy.scrubbing.validators import random_looking, random_run

__all__ = ["CUT", "Tails", "beginnings"]

CUT = "cut_credential"
_LOOKED_AT = 512
_LEAST = 4  # characters behind a known beginning, unless the text is known to be cut
_TELLING = re.compile(rb"[0-9A-Z]")
_CHARACTERS = r"[A-Za-z0-9_.+/=~%-]*"
# Beginnings of credentials that are words as well, or begin many other things.
_WORDS = frozenset(
    [
        "live",
        "test",
        "key",
        "api",
        "cli",
        "pat",
        "sdk",
        "mob",
        "skey",
        "secret",
        "con",
        "app",
        "dataset",
        "oauth",
        "sandbox",
        "private",
        "console",
        "comp",
        "default",
        "prod",
        "preview",
        "token",
        "access",
        "client",
        "retool",
        "luma",
        "default",
        "configcat",
        "prisma",
        "cloudinary",
    ]
)
# Those without a sign that are met nowhere else.
_RUNS = frozenset(
    ["AKIA", "ASIA", "ABIA", "ACCA", "AIza", "LTAI", "AKID", "AQVN", "ATBB", "ATATT3xFfG", "ATCTT3xFfG", "ABSK", "dapi"]
)
_SHORT_ONES = frozenset(("hf_", "SG.", "r8_"))
_SHORTEST = 4
_WORDLESS = re.compile(r"[A-Za-z]+")
# At the end of a cut text, a run that looks random is taken for the first part of something.
_LAST_RUN = re.compile(rb"(?<![A-Za-z0-9+/_=~-])[A-Za-z0-9+_=~-]{10,512}$")
_PADDING = 6
# What only a cut leaves: a password in an address, the value of a scheme, without their ends.
_OPEN = (
    r"://[^\s/?#\"'`<>@:\\]*:[^\s\"'`<>@/]+",
    r"(?i:bearer|basic)\s+[A-Za-z0-9._~+/=-]+",
)


def beginnings(rows: Iterable[Detector]) -> list[str]:
    """Give the literals that a credential may be told by, longest first."""
    found = {word for row in rows for word in row.beginnings if _tells(word)}
    return sorted(found | {"sk-", "eyJ"}, key=lambda word: (-len(word), word))


def _tells(word: str) -> bool:
    if word.isalnum():
        return word in _RUNS
    first = _WORDLESS.match(word)
    return word in _SHORT_ONES or (len(word) >= _SHORTEST and (first is None or first[0] not in _WORDS))


def _is_token_header(text: bytes) -> bool:
    """Tell the beginning of a JSON Web Token from other JSON in base64."""
    try:
        decoded = base64.urlsafe_b64decode(text[: len(text) // 4 * 4])
    except (binascii.Error, ValueError):
        return False
    return b'"alg"' in decoded or b'"typ"' in decoded


class Tails:
    """Finds them.

    Args:
        rows: The rows of the table that are switched on.
    """

    def __init__(self, rows: Iterable[Detector]) -> None:
        known = "|".join(re.escape(word) for word in beginnings(rows))
        self._known = searcher(compile_bytes(f"{TAIL_START}(?:{known}){_CHARACTERS}$", captures=False))
        self._start = compile_bytes(f"{TAIL_START}(?:{known})", captures=False)
        self._open = searcher(compile_bytes(f"(?:{'|'.join(_OPEN)})$", captures=False))
        self._prefix = compile_bytes(r"://[^:]*:|(?i:bearer|basic)\s+", captures=False)

    def find(self, text: bytes, *, is_cut: bool) -> tuple[int, int] | None:
        """Give the place of a credential that the end of a text cuts.

        Args:
            text: The text.
            is_cut: Whether it is known to be cut; if not, a few telling characters must stand behind the beginning.
        """
        low = max(0, len(text) - _LOOKED_AT)
        found = self._known(text, low)
        if found is not None:
            start = self._start.match(text, found[0])
            rest = text[start.end() :]
            first = _first(text, found[0])
            if rest and (is_cut or self._tells_more(text[first:], rest)):
                return first, len(text)
        if not is_cut:
            return None
        found = self._open(text, low)
        if found is not None:
            return self._prefix.match(text, found[0]).end(), len(text)
        last = _LAST_RUN.search(text, low)
        if last is not None and (random_looking(last[0] + b"0" * _PADDING) or random_run(last[0])):
            return last.start(), last.end()
        return None

    @staticmethod
    def _tells_more(whole: bytes, rest: bytes) -> bool:
        if whole.startswith(b"eyJ"):
            return _is_token_header(whole)
        return len(rest) >= _LEAST and _TELLING.search(rest) is not None


def _first(text: bytes, at: int) -> int:
    """Pass what stands before a word: one byte, or an escape."""
    if text[at : at + 1].isalnum():
        return at
    return at + (2 if text[at : at + 1] == b"\\" else 1)
