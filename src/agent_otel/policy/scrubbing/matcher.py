"""Finding secrets in one text: a prefilter stops at keywords, and only what belongs to a keyword is tried there.

The prefilter is one RE2 pattern over all keywords (with the first characters behind them), so innocent text costs one
pass of an automaton. A large set of whole patterns would be slow on near-misses; a set of keywords has few states.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from agent_otel.policy.scrubbing.assignments import find_assignment
from agent_otel.policy.scrubbing.budget import Budget
from agent_otel.policy.scrubbing.detector import Detector
from agent_otel.policy.scrubbing.markers import around_markers
from agent_otel.policy.scrubbing.patterns import (
    TAIL_START,
    CompiledDetector,
    Searcher,
    matcher_at,
    searcher,
)
from agent_otel.policy.scrubbing.prefilter import any_of, compiled, index, prefilter
from agent_otel.policy.scrubbing.tails import CUT, Tails, beginnings
from agent_otel.policy.scrubbing.triggers import BASE64_OF_TEXT, KEY_TRIGGERS, LOOSE_KEY_TRIGGERS, STRUCTURE_TRIGGERS

__all__ = ["Matcher", "Span", "join_span", "whole_characters"]

_COST_OF_HIT = 4000
_COST_OF_ATTEMPT = 2500
_COST_OF_KEY = 25_000
_MOST_DOUBTS = 200
_LONG_MATCH = 1024
_LONGEST_AT_ONCE = 1 << 20  # what is made for it has so many states that they are made again and again
_WORD_STARTS = {b"\\": 2, b"%": 3}  # how long they are, if not 1


class Span(NamedTuple):
    """Bytes to be hidden, and the detector that says so."""

    start: int
    end: int
    detector: str


class Matcher:
    """The whole table, ready to be run over texts.

    Two automata look for the places of each kind, keywords and secret-like keys: between two places of one kind no
    stretch is read twice, whatever the text. One for both would have very many states, which are made as they are met.

    Args:
        detectors: Rows of the table that are switched on.
        assignments: Whether values behind secret-like keys are looked for.
    """

    def __init__(self, detectors: Sequence[Detector], *, assignments: bool = True) -> None:
        self._rows = detectors
        self._index = index(detectors)
        self._tails = Tails(detectors)
        self._assignments = assignments
        # What a cut left of a credential, before a quote or at the end.
        tails = rf"{TAIL_START}(?:{any_of(beginnings(detectors))})[A-Za-z0-9_.+/=~%-]*(?:[\"\\]|$)"
        self._keys = searcher(compiled("|".join(KEY_TRIGGERS)))
        self._keywords = searcher(compiled(f"{prefilter(detectors)}|{tails}"))
        self._is_tail = matcher_at(compiled(tails))

    @cached_property
    def _keys_of_all(self) -> Searcher:
        return searcher(compiled("|".join((*KEY_TRIGGERS, *STRUCTURE_TRIGGERS))))

    @cached_property
    def _keys_anywhere(self) -> Searcher:
        return searcher(compiled(self._loose_keys()))

    @cached_property
    def _keys_or_base64(self) -> Searcher:
        return searcher(compiled("|".join((*KEY_TRIGGERS, *STRUCTURE_TRIGGERS, BASE64_OF_TEXT))))

    @cached_property
    def _keys_or_base64_anywhere(self) -> Searcher:
        return searcher(compiled(f"{self._loose_keys()}|{BASE64_OF_TEXT}"))

    @cached_property
    def _keywords_anywhere(self) -> Searcher:
        return searcher(compiled(prefilter(self._rows, anywhere=True)))

    def _loose_keys(self) -> str:
        return "|".join((*LOOSE_KEY_TRIGGERS, *STRUCTURE_TRIGGERS, any_of(beginnings(self._rows))))

    def has_no_key_nor_base64(self, text: bytes, *, part: bool) -> bool:
        """Tell by one pass, where it is likely, that no secret-like key stands in a text and no base64 of text either.

        False promises nothing. The keys' automaton has few states where base64 could stand, so that one pass for both
        costs little more than for either; the keywords', joined to these, would have very many states.
        """
        if len(text) > _LONGEST_AT_ONCE:
            return False
        return (self._keys_or_base64_anywhere if part else self._keys_or_base64)(text, 0) is None

    def suspicious(self, text: bytes, *, part: bool = False, has_no_key: bool = False) -> bool:
        """Tell whether there may be something to find.

        A secret-like key is enough, and so is the beginning of a credential at an end; elsewhere a pattern must match,
        whatever its borders and its validator would say.

        Args:
            text: The text.
            part: Whether any part of it is meant as well.
            has_no_key: Whether it is known to have no secret-like key.
        """
        if not has_no_key and (self._keys_anywhere if part else self._keys_of_all)(text, 0) is not None:
            return True
        search = self._keywords_anywhere if part else self._keywords
        at = 0
        for _ in range(_MOST_DOUBTS):
            match = search(text, at)
            if match is None:
                return False
            hit = match[0]
            if self._may_match(text, hit) or (not part and self._is_tail(text, hit)):
                return True
            at = hit + 1
        return True

    def _may_match(self, text: bytes, hit: int) -> bool:
        return any(detector.may_match(text, at) for at in _places(text, hit) for detector in self._candidates(text, at))

    def tail(self, text: bytes, *, is_cut: bool) -> Span | None:
        """Give the span of a credential that the end of a text cuts."""
        found = self._tails.find(text, is_cut=is_cut)
        fitted = around_markers(text, *found) if found is not None else None
        return None if fitted is None else Span(*fitted, CUT)

    def spans(self, text: bytes, budget: Budget) -> list[Span]:
        """Find what is to be hidden, in order and without overlaps.

        Raises:
            OverBudget: The text costs more than it may.
        """
        budget.spend(3 * len(text))
        by_keywords = self._by_keywords(text, budget, 0)
        by_keys = self._by_keys(text, budget, 0) if self._assignments else []
        if not by_keys or not by_keywords:
            return by_keys or by_keywords
        found: list[Span] = []
        for span in sorted([*by_keywords, *by_keys], key=_place):  # equal ones stay in this order
            join_span(found, span)
        return found

    def name(self, secret: bytes, budget: Budget) -> str | None:
        """Give the detector that knows the whole of a value by its own shape, if one does."""
        span = self._detected(secret, 0, budget)
        return span.detector if span is not None and (span.start, span.end) == (0, len(secret)) else None

    def _by_keywords(self, text: bytes, budget: Budget, at: int) -> list[Span]:
        found: list[Span] = []
        while True:
            match = self._keywords(text, at)
            if match is None:
                return found
            hit = match[0]
            budget.spend(_COST_OF_HIT)
            span = self._detected(text, hit, budget, found[-1].end if found else 0)
            if span is not None:
                join_span(found, span)
            at = hit + 1 if span is None else max(span.end, hit + 1)

    def _by_keys(self, text: bytes, budget: Budget, at: int) -> list[Span]:
        found: list[Span] = []
        while True:
            match = self._keys(text, at)
            if match is None:
                return found
            budget.spend(_COST_OF_KEY)
            value = find_assignment(text, match[0])
            if isinstance(value, int):
                # A long match is not read again: it holds no other key, or is made to cost.
                at = value if match[1] - match[0] < _LONG_MATCH else max(value, match[1] - 1)
                continue
            span = around_markers(text, value.start, value.end)
            if span is None:
                at = max(value.end, match[0] + 1)
                continue
            join_span(found, Span(*span, self.name(text[span[0] : span[1]], budget) or value.detector))
            at = max(span[1], match[0] + 1)

    def _detected(self, text: bytes, hit: int, budget: Budget, floor: int = 0) -> Span | None:
        """Give the longest of what the detectors find whose keyword stands here, or behind a word's start."""
        best: Span | None = None
        for at in _places(text, hit):
            for detector in self._candidates(text, at):
                if at > hit and not detector.row.boundary:
                    continue
                budget.spend(_COST_OF_ATTEMPT + detector.row.reach + detector.row.lead)
                span = detector.find(text, at, floor)
                if span is None or (best is not None and span[1] - span[0] <= best.end - best.start):
                    continue
                span = around_markers(text, *span)
                if span is not None:
                    best = Span(*span, detector.row.id)
            if best is not None:
                return best
        return None

    def _candidates(self, text: bytes, at: int) -> Iterator[CompiledDetector]:
        for size in (2, 1):
            for keyword in self._index.get(text[at : at + size].lower(), ()):
                literal = keyword.literal
                there = text[at : at + len(literal)]
                if there == literal or (keyword.any_case and there.lower() == literal):
                    yield from keyword.detectors


def join_span(found: list[Span], span: Span) -> None:
    """Add a span, joined with those that it overlaps (a match may begin before its keyword)."""
    start, end, detector = span
    while found and found[-1].end > start:
        before = found.pop()
        if before.end - before.start >= end - start:
            detector = before.detector
        start, end = min(start, before.start), max(end, before.end)
    found.append(Span(start, end, detector))


def _places(text: bytes, hit: int) -> tuple[int, int]:
    """Give where a keyword may begin: at a hit, or behind the word's start that the hit begins with."""
    first = text[hit : hit + 1]
    if first == b"\x1b":
        return hit, text.find(b"m", hit) + 1
    return hit, hit + _WORD_STARTS.get(first, 1)


def _place(span: Span) -> tuple[int, int]:
    return span.start, span.end


def whole_characters(text: bytes, span: Span) -> Span:
    """Widen a span so that it cuts no UTF-8 sequence."""
    start, end, detector = span
    while start > 0 and 0x80 <= text[start] < 0xC0:
        start -= 1
    while end < len(text) and 0x80 <= text[end] < 0xC0:
        end += 1
    return Span(start, end, detector)
