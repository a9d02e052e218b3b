"""Finding secrets in one text: a prefilter stops at keywords, and only what belongs to a keyword is tried there.

The prefilter is one RE2 pattern over all keywords (with the first characters behind them), so innocent text costs one
pass of an automaton. A large set of whole patterns would be slow on near-misses; a set of keywords has few states.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from agent_otel.policy.scrubbing.assignments import KEY_TRIGGERS, find_assignment
from agent_otel.policy.scrubbing.budget import Budget, OverBudget
from agent_otel.policy.scrubbing.detector import Detector
from agent_otel.policy.scrubbing.markers import around_markers
from agent_otel.policy.scrubbing.patterns import CompiledDetector, compile_bytes, searcher

__all__ = ["Matcher", "Span", "join_span"]

_MEMORY = 64 << 20
_COST_OF_HIT = 4000
_COST_OF_ATTEMPT = 2500
_COST_OF_KEY = 16_000
_COST_OF_DOUBT = 200_000
_NEVER = r"[^\x00-\xff]"
# What may stand between a word's start and a keyword that asks for one; an escape ends in a letter or digit.
_WORD_START = r"(?:^|[^A-Za-z0-9]|\\[nrtbf]|%[0-9A-Fa-f]{2})"
_WORD_STARTS = {b"\\": 2, b"%": 3}  # how long they are, if not 1


class Span(NamedTuple):
    """Bytes to be hidden, and the detector that says so."""

    start: int
    end: int
    detector: str


class _Keyword(NamedTuple):
    literal: bytes
    any_case: bool
    detectors: tuple[CompiledDetector, ...]


class Matcher:
    """The whole table, ready to be run over texts.

    One automaton tells innocent texts, by one look for any keyword or secret-like key. In the others two look for the
    places of each kind: between two places of one kind no stretch is read twice, whatever the text.

    Args:
        detectors: Rows of the table that are switched on.
        assignments: Whether values behind secret-like keys are looked for.
    """

    def __init__(self, detectors: Sequence[Detector], *, assignments: bool = True) -> None:
        self._index = _index(detectors)
        keywords = _prefilter(detectors)
        keys = "|".join(KEY_TRIGGERS) if assignments else _NEVER
        self._keywords = searcher(compile_bytes(keywords, captures=False, memory=_MEMORY))
        self._keys = searcher(compile_bytes(keys, captures=False, memory=_MEMORY))
        self._any = searcher(compile_bytes(f"{keywords}|{keys}", captures=False, memory=_MEMORY))

    def suspicious(self, text: bytes) -> bool:
        """Tell whether there may be something to find, if the text were parsed as JSON.

        A secret-like key is enough, and where there are escapes, so is a keyword; else what stands there decides.
        """
        first = self._any(text, 0)
        if first is None:
            return False
        if b"\\" in text or self._keys(text, first[0]) is not None:
            return True
        try:
            return bool(self._by_keywords(text, Budget(_COST_OF_DOUBT + 4 * len(text)), first[0]))
        except OverBudget:
            return True

    def spans(self, text: bytes, budget: Budget) -> list[Span]:
        """Find what is to be hidden, in order and without overlaps.

        Raises:
            OverBudget: The text costs more than it may.
        """
        budget.spend(3 * len(text))
        first = self._any(text, 0)
        if first is None:
            return []
        by_keywords = self._by_keywords(text, budget, first[0])
        by_keys = self._by_keys(text, budget, first[0])
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
            span = around_markers(text, value.start, value.end) if value is not None else None
            if value is None or span is None:
                at = max(match[1] - 1, match[0] + 1)  # what the last byte begins may be a key itself
                continue
            join_span(found, Span(*span, self.name(text[span[0] : span[1]], budget) or value.detector))
            at = max(span[1], match[0] + 1)

    def _detected(self, text: bytes, hit: int, budget: Budget, floor: int = 0) -> Span | None:
        """Give the longest of what the detectors find whose keyword stands here, or behind a word's start."""
        best: Span | None = None
        for at in (hit, hit + _WORD_STARTS.get(text[hit : hit + 1], 1)):
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
                return _whole_characters(text, best)
        return None

    def _candidates(self, text: bytes, at: int) -> Iterator[CompiledDetector]:
        for size in (2, 1):
            for keyword in self._index.get(text[at : at + size].lower(), ()):
                literal = keyword.literal
                there = text[at : at + len(literal)]
                if there == literal or (keyword.any_case and there.lower() == literal):
                    yield from keyword.detectors


def _prefilter(detectors: Iterable[Detector]) -> str:
    bounded: list[str] = []
    free: list[str] = []
    for row in detectors:
        within = bounded if row.boundary and not row.lead else free
        within.extend(f"(?i:{trigger})" if row.any_case else trigger for trigger in row.triggers)
    parts = [f"{_WORD_START}(?:{'|'.join(dict.fromkeys(bounded))})"] if bounded else []
    parts.extend(dict.fromkeys(free))
    return "|".join(parts) if parts else _NEVER


def _index(detectors: Iterable[Detector]) -> dict[bytes, tuple[_Keyword, ...]]:
    """Index keywords by their first two bytes (one, if they have no more); longest, that is most telling, first."""
    rows: dict[tuple[bytes, bool], list[CompiledDetector]] = {}
    for row in detectors:
        compiled = CompiledDetector(row)
        for word in row.keywords:
            literal = (word.lower() if row.any_case else word).encode("utf-8")
            rows.setdefault((literal, row.any_case), []).append(compiled)
    index: dict[bytes, list[_Keyword]] = {}
    for (literal, any_case), compiled_rows in sorted(rows.items(), key=lambda item: -len(item[0][0])):
        index.setdefault(literal[:2].lower(), []).append(_Keyword(literal, any_case, tuple(compiled_rows)))
    return {start: tuple(keywords) for start, keywords in index.items()}


def join_span(found: list[Span], span: Span) -> None:
    """Add a span, joined with those that it overlaps (a match may begin before its keyword)."""
    start, end, detector = span
    while found and found[-1].end > start:
        before = found.pop()
        if before.end - before.start >= end - start:
            detector = before.detector
        start, end = min(start, before.start), max(end, before.end)
    found.append(Span(start, end, detector))


def _place(span: Span) -> tuple[int, int]:
    return span.start, span.end


def _whole_characters(text: bytes, span: Span) -> Span:
    """Widen a span so that it cuts no UTF-8 sequence."""
    start, end, detector = span
    while start > 0 and 0x80 <= text[start] < 0xC0:
        start -= 1
    while end < len(text) and 0x80 <= text[end] < 0xC0:
        end += 1
    return Span(start, end, detector)
