"""RE2 patterns over bytes, compiled when first used."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import re
from typing import Any

import re2  # type: ignore[import-untyped]

from agent_otel.policy.scrubbing.detector import Detector

__all__ = [
    "TAIL_START",
    "WORD_START",
    "BadPattern",
    "CompiledDetector",
    "Searcher",
    "compile_bytes",
    "matcher_at",
    "searcher",
]

# What may stand between a word's start and a keyword that asks for one; an escape ends in a letter or digit.
WORD_START = r"(?:^|[^A-Za-z0-9]|\\[nrtbf]|%[0-9A-Fa-f]{2}|\x1b\[[0-9;]*m)"
# What may stand before the beginning of a credential that a cut left: no part of a run or of a path.
TAIL_START = r"(?:^|[\s\"'`=:(,\[{<>|]|\\[nrt])"
_COLOUR = re.compile(rb"\x1b\[[0-9;]*m$")
_FOLLOW = 1 << 20
_TRIES = 8  # matches before the keyword that are passed by
_MEMORY = 32 << 20


class BadPattern(ValueError):
    """A pattern is no RE2 pattern; says why."""


def compile_bytes(pattern: str, *, captures: bool = True, memory: int | None = None) -> Any:
    """Compile over bytes as they are: UTF-8 sequences are just bytes beyond 127.

    Args:
        pattern: RE2 pattern; characters beyond ASCII stand for their UTF-8 bytes.
        captures: Whether groups are wanted.
        memory: Bound of the automaton in bytes.

    Raises:
        BadPattern: The pattern is not valid.
    """
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    options.never_capture = not captures
    if memory is not None:
        options.max_mem = memory
    try:
        return re2.compile(pattern.encode("utf-8"), options)
    except re2.error as error:
        reason = error.args[0] if error.args else "not valid"
        raise BadPattern(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None


Searcher = Callable[[bytes, int], "tuple[int, int] | None"]


def searcher(pattern: Any) -> Searcher:
    """Give a function that searches a text from a place on and tells only where the match is.

    RE2's Python layer makes a generator and a match object for each search, which costs more than a search in a short
    text; its engine is asked directly where it can be (`tests` fail when it no longer can).
    """
    engine = getattr(getattr(pattern, "_regexp", None), "Match", None)
    anchor = getattr(getattr(re2, "_Anchor", None), "UNANCHORED", None)
    if engine is None or anchor is None:
        return partial(_search, pattern)

    def search(text: bytes, start: int) -> tuple[int, int] | None:
        span: tuple[int, int] = engine(anchor, text, start, len(text))[0]
        return span if span[0] >= 0 else None

    return search


def matcher_at(pattern: Any) -> Callable[[bytes, int], bool]:
    """Give a function that tells whether a pattern matches at a place of a text."""
    return lambda text, at: pattern.match(text, at) is not None


def _search(pattern: Any, text: bytes, start: int) -> tuple[int, int] | None:
    match = pattern.search(text, start)
    return None if match is None else match.span()


def is_word_byte(text: bytes, at: int) -> bool:
    """Tell whether an ASCII letter or digit stands at a place of the text."""
    return 0 <= at < len(text) and text[at : at + 1].isalnum()


def starts_word(text: bytes, at: int) -> bool:
    """Tell whether something may begin here: at the start of a word, or behind an escape."""
    if not is_word_byte(text, at - 1):
        return True
    if text[at - 2 : at - 1] == b"\\":
        return text[at - 1 : at] in b"nrtbf"
    if text[at - 1 : at] == b"m" and _COLOUR.search(text, max(0, at - 12), at) is not None:
        return True
    return text[at - 3 : at - 2] == b"%" and all(byte in b"0123456789abcdefABCDEF" for byte in text[at - 2 : at])


class CompiledDetector:
    """A detector with its patterns, which are compiled when a keyword is first met."""

    __slots__ = ("_pattern", "_prefix", "row")

    def __init__(self, row: Detector) -> None:
        self.row = row
        self._pattern: Any = None
        self._prefix: Any = None

    def find(self, text: bytes, hit: int, floor: int = 0) -> tuple[int, int] | None:
        """Try the pattern around a place where a keyword stands.

        Args:
            text: The whole text.
            hit: Where the keyword begins.
            floor: Where a match may begin at the earliest: behind what is hidden already.

        Returns:
            Start and end of what is to be hidden.
        """
        row = self.row
        if self._pattern is None:
            self._compile()
        size = len(text)
        stop = min(size, hit + row.reach)
        match = self._search(text, hit, stop, floor)
        if match is not None and match.end() == stop < size:
            match = self._search(text, hit, min(size, hit + _FOLLOW), floor)
        if match is None or (row.boundary and not starts_word(text, match.start())):
            return None
        return self._hidden(text, *match.span())

    def may_match(self, text: bytes, hit: int) -> bool:
        """Tell whether the pattern matches around a place, in the text or in any part of it."""
        row = self.row
        if "\\b" in row.pattern:
            return True
        if self._pattern is None:
            self._compile()
        stop = min(len(text), hit + _FOLLOW)
        if row.lead:
            return self._pattern.search(text, max(0, hit - row.lead), stop) is not None
        return self._pattern.match(text, hit, stop) is not None

    def _compile(self) -> None:
        self._pattern = compile_bytes(self.row.pattern, captures=False)
        self._prefix = compile_bytes(self.row.prefix, captures=False) if self.row.prefix else None

    def _hidden(self, text: bytes, start: int, end: int) -> tuple[int, int] | None:
        row = self.row
        if self._prefix is not None:
            prefix = self._prefix.match(text, start, end)
            start = start if prefix is None else prefix.end()
        end -= row.drop
        if row.narrow is not None:
            end = start + row.narrow(text[start:end])
        if start >= end or (row.exact and is_word_byte(text, end)):
            return None
        if row.validate is not None and not row.validate(text[start:end]):
            return None
        return start, end

    def _search(self, text: bytes, hit: int, stop: int, floor: int) -> Any:
        lead = self.row.lead
        if not lead:
            return self._pattern.match(text, hit, stop)
        at = max(floor, hit - lead)
        for _ in range(_TRIES):
            match = self._pattern.search(text, at, stop)
            if match is None or match.start() > hit:
                return None
            if match.end() > hit:
                return match
            at = max(match.end(), at + 1)
        return None
