"""One layer of encoding: base64 and URL encoding, looked through where the decoded text holds a credential.

Base64 of text is told from other runs of such characters without decoding (`triggers.BASE64_OF_TEXT`).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Any

from agent_otel.policy.scrubbing.budget import Budget
from agent_otel.policy.scrubbing.markers import around_markers
from agent_otel.policy.scrubbing.matcher import Span
from agent_otel.policy.scrubbing.patterns import compile_bytes, searcher
from agent_otel.policy.scrubbing.triggers import BASE64_OF_TEXT

__all__ = ["EncodedText"]

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LONGEST_REGION = 4096
_COST_OF_RUN = 4000
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_OUTSIDE = frozenset(b" \t\r\n\"'<>`")
_BASE64_BYTES = frozenset(_ALPHABET.encode() + b"-_")
_RUN = (
    r"[A-Za-z0-9+/_-]{60,}(?:\r?\n[A-Za-z0-9+/]{60,})*(?:\r?\n[A-Za-z0-9+/]+={0,2}(?:\r?\n|$))?={0,2}"
    r"|[A-Za-z0-9+/_-]+={0,2}"
)
# The separators and signs that hide an assignment, an address or a known prefix when they are encoded.
_PERCENT = r"%(?:3[aAdD]|40|2[2fFbBdDeE]|5[fF]|7[bB])"


class EncodedText:
    """Looks through one layer of encoding.

    Args:
        spans: Finds secrets in a decoded text.
    """

    def __init__(self, spans: Callable[[bytes, Budget], list[Span]]) -> None:
        self._spans = spans
        self._base64 = searcher(compile_bytes(BASE64_OF_TEXT, captures=False))
        self._run: Any = compile_bytes(_RUN, captures=False)
        self._percent = searcher(compile_bytes(_PERCENT, captures=False))

    def may_be_quoted(self, text: bytes) -> bool:
        """Tell whether URL encoding hides a sign that a secret may be told by."""
        return b"%" in text and self._percent(text, 0) is not None

    def may_hold(self, text: bytes) -> bool:
        """Tell whether there is a run of base64 of text."""
        return self._base64(text, 0) is not None

    def decoded(self, text: bytes) -> Iterator[bytes]:
        """Give what runs of base64 of text decode to, at each of the four places where their groups may begin."""
        at = 0
        while True:
            match = self._base64(text, at)
            if match is None:
                return
            start, at = self._run_around(text, at, match)
            yield from _decoded(text[start:at])

    def spans(self, text: bytes, budget: Budget) -> list[Span]:
        """Find what is to be hidden, in the encoded text's own bytes.

        Raises:
            OverBudget: The text costs more than it may.
        """
        found = self._in_base64(text, budget)
        if b"%" in text:
            found += self._in_percent(text, budget)
        return sorted(found)

    def _in_base64(self, text: bytes, budget: Budget) -> list[Span]:
        found: list[Span] = []
        at = 0
        while True:
            match = self._base64(text, at)
            if match is None:
                return found
            start, end = self._run_around(text, at, match)
            budget.spend(_COST_OF_RUN + 4 * (end - start))
            detector = self._in_run(text[start:end], budget)
            if detector is not None and around_markers(text, start, end) is not None:
                found.append(Span(start, end, detector))
            at = end

    def _run_around(self, text: bytes, floor: int, match: tuple[int, int]) -> tuple[int, int]:
        start = match[0]
        while start > floor and text[start - 1] in _BASE64_BYTES:
            start -= 1
        if text[start - 1 : start] == b"\\" and text[start : start + 1] in b"nrt":
            start += 1
        run = self._run.match(text, start)
        return start, max(run.end(), match[1]) if run is not None else match[1]

    def _in_run(self, run: bytes, budget: Budget) -> str | None:
        for decoded in _decoded(run):
            spans = self._spans(decoded, budget)
            if spans:
                return spans[0].detector
        return None

    def _in_percent(self, text: bytes, budget: Budget) -> list[Span]:
        found: list[Span] = []
        at = 0
        while True:
            match = self._percent(text, at)
            if match is None:
                return found
            start, end = _region(text, at, *match)
            budget.spend(_COST_OF_RUN + 32 * (end - start))
            decoded, places = _unquote(text, start, end)
            for span in self._spans(decoded, budget):
                fitted = around_markers(text, places[span.start], places[span.end])
                if fitted is not None:
                    found.append(Span(*fitted, span.detector))
            at = end


def _decoded(run: bytes) -> Iterator[bytes]:
    compact = run.replace(b"\r", b"").replace(b"\n", b"").rstrip(b"=").translate(_URL_SAFE)
    for offset in range(4):
        part = compact[offset:]
        part = part[: len(part) - 1] if len(part) % 4 == 1 else part
        try:
            decoded = base64.b64decode(part + b"=" * (-len(part) % 4))
        except (binascii.Error, ValueError):
            continue
        yield decoded.replace(b"\0", b"")  # UTF-16 of ASCII: every second byte is zero


def _region(text: bytes, floor: int, start: int, end: int) -> tuple[int, int]:
    """Widen a place to the unbroken stretch around it, within bounds."""
    lowest = max(floor, start - _LONGEST_REGION)
    while start > lowest and text[start - 1] not in _OUTSIDE:
        start -= 1
    highest = min(len(text), end + _LONGEST_REGION)
    while end < highest and text[end] not in _OUTSIDE:
        end += 1
    return start, end


def _unquote(text: bytes, start: int, end: int) -> tuple[bytes, list[int]]:
    """Undo URL encoding, and tell for each decoded byte (and the end) where it stood."""
    decoded = bytearray()
    places: list[int] = []
    at = start
    while at < end:
        places.append(at)
        if text[at] == 0x25 and at + 2 < end:
            try:
                decoded.append(int(text[at + 1 : at + 3], 16))
                at += 3
                continue
            except ValueError:
                pass
        decoded.append(text[at])
        at += 1
    places.append(end)
    return bytes(decoded), places
