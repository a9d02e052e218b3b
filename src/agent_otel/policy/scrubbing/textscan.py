"""All that looks at one running text: the table, encodings, the user's own detectors and an outside recogniser."""

from __future__ import annotations

import re
from typing import Any

from agent_otel.policy.scrubbing.budget import Budget, OverBudget
from agent_otel.policy.scrubbing.detectors import TABLE
from agent_otel.policy.scrubbing.encoded import EncodedText
from agent_otel.policy.scrubbing.innocence import Innocence
from agent_otel.policy.scrubbing.markers import around_markers
from agent_otel.policy.scrubbing.matcher import Matcher, Span, join_span, whole_characters
from agent_otel.policy.scrubbing.options import Recogniser, ScrubOptions, UserDetector
from agent_otel.policy.scrubbing.patterns import compile_bytes

__all__ = ["Failed", "TextScan"]

_COST_OF_MATCH = 1000
_SHORT = 1 << 16  # beyond it, hints are many and a cheap look mostly in vain
_SAFE_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Failed(Exception):
    """The outside recogniser failed, was slow, or was not asked because the text is too long."""


class TextScan:
    """Finds secrets in texts by one set of options.

    Args:
        options: What is looked for.
    """

    def __init__(self, options: ScrubOptions) -> None:
        off = options.disabled
        rows = [row for row in TABLE if (row.id in options.opt_in or not row.opt_in) and row.id not in off]
        self._matcher = Matcher(rows, assignments="assignment" not in off)
        self._encoded = EncodedText(self._matcher.spans)
        self._own = [(detector, compile_bytes(detector.pattern)) for detector in options.detectors]
        self._recogniser = options.recogniser
        self._work = options.max_work
        self._innocence = Innocence(self._matcher, self._encoded, options)

    def innocent(self, text: bytes, *, is_json: bool = False) -> bool:
        """Tell that nothing is to be found in a text, even if it is JSON whose escapes hide what it says."""
        return self._innocence.whole(text, is_json=is_json)

    def every_part_innocent(self, *texts: bytes) -> bool:
        """Tell it of all texts that are made of a part of a text, or of a string in it."""
        return self._innocence.every_part(*texts)

    def empty(self, text: str, encoded: bytes) -> bool:
        """Tell that nothing is to be found in a text that is no JSON."""
        if len(encoded) <= _SHORT and self._innocence.plain(encoded):
            return True
        try:
            return self._recogniser is None and not self.spans(text, encoded, Budget(self._work))
        except OverBudget:
            return False

    def name(self, secret: bytes, budget: Budget) -> str | None:
        """Give the detector that knows a value by its own shape, if one does."""
        return self._matcher.name(secret, budget)

    def plain_spans(self, text: bytes, budget: Budget) -> list[Span]:
        """Find what the table finds, without looking through encodings."""
        return _whole(text, self._matcher.spans(text, budget))

    def table_spans(self, text: bytes, budget: Budget) -> list[tuple[Span, bool]]:
        """Find what the table and the user's own detectors find; nobody outside is asked about a key."""
        own = [span for detector, pattern in self._own for span in _own(detector, pattern, text, budget)]
        plain, hidden = self._matcher.spans(text, budget), self._encoded.spans(text, budget)
        return _merged(_whole(text, [*plain, *own]), _whole(text, hidden))

    def spans(self, text: str, encoded: bytes, budget: Budget, *, is_cut: bool = False) -> list[tuple[Span, bool]]:
        """Find what is to be hidden, in order and without overlaps, and whether it was found behind an encoding.

        Raises:
            OverBudget: The text costs more than it may.
            Failed: The outside recogniser failed.
        """
        plain = self._matcher.spans(encoded, budget)
        hidden = self._encoded.spans(encoded, budget)
        own = [span for detector, pattern in self._own for span in _own(detector, pattern, encoded, budget)]
        if self._recogniser is not None:
            own += _recognised(self._recogniser, text, encoded)
        tail = self._matcher.tail(encoded, is_cut=is_cut)
        if tail is not None and not any(span.end > tail.start for span in (*plain, *hidden, *own)):
            own.append(tail)
        plain = _whole(encoded, [*plain, *own])
        return _merged(plain, _whole(encoded, hidden)) if hidden else [(span, False) for span in plain]


def _own(detector: UserDetector, pattern: Any, text: bytes, budget: Budget) -> list[Span]:
    budget.spend(len(text))
    if detector.keywords:
        lowered = text.lower()
        if not any(word.lower().encode("utf-8") in lowered for word in detector.keywords):
            return []
    group = pattern.groupindex.get(b"secret", 0)
    spans = []
    for match in pattern.finditer(text):
        budget.spend(_COST_OF_MATCH)
        start, end = match.span(group) if match.start(group) >= 0 else match.span()
        fitted = around_markers(text, start, end) if start < end else None
        if fitted is not None:
            spans.append(Span(*fitted, detector.id))
    return spans


def _recognised(recogniser: Recogniser, text: str, encoded: bytes) -> list[Span]:
    if len(text) > recogniser.longest:
        raise Failed
    clock = recogniser.clock
    began = clock() if clock is not None else 0.0
    try:
        told = [(int(start), int(end), str(what)) for start, end, what in recogniser.find(text)]
    except Exception as error:  # whatever the host's own code raises
        raise Failed from error
    if clock is not None and clock() - began > recogniser.time_limit:
        raise Failed
    spans = []
    for start, end, what in told:
        if not (0 <= start <= end <= len(text)) or _SAFE_ID.fullmatch(what) is None:
            raise Failed
        first = len(text[:start].encode("utf-8", "surrogatepass"))
        last = first + len(text[start:end].encode("utf-8", "surrogatepass"))
        fitted = around_markers(encoded, first, last) if first < last else None
        if fitted is not None:
            spans.append(Span(*fitted, what))
    return spans


def _whole(text: bytes, spans: list[Span]) -> list[Span]:
    """Put spans in order, joined, so that none cuts a character: patterns are bounded in bytes."""
    found: list[Span] = []
    for span in sorted(spans):
        join_span(found, whole_characters(text, span))
    return found


def _merged(plain: list[Span], hidden: list[Span]) -> list[tuple[Span, bool]]:
    """Join all spans; one that only decoding found is told as such."""
    behind = {span.detector for span in hidden} - {span.detector for span in plain}
    found: list[Span] = []
    for span in sorted([*plain, *hidden]):
        join_span(found, span)
    places = {(span.start, span.end) for span in hidden} - {(span.start, span.end) for span in plain}
    return [(span, (span.start, span.end) in places or span.detector in behind) for span in found]
