"""The patterns by which a text is looked over, and the way from a keyword to its detectors."""

from __future__ import annotations

from collections.abc import Iterable
import re
from typing import Any, NamedTuple

from agent_otel.policy.scrubbing.detector import Detector
from agent_otel.policy.scrubbing.patterns import WORD_START, CompiledDetector, compile_bytes

__all__ = ["NEVER", "Keyword", "any_of", "compiled", "index", "prefilter"]

NEVER = r"[^\x00-\xff]"
_MEMORY = 64 << 20


class Keyword(NamedTuple):
    """A literal, and the detectors that are tried where it stands."""

    literal: bytes
    any_case: bool
    detectors: tuple[CompiledDetector, ...]


def compiled(pattern: str) -> Any:
    """Compile a pattern that large texts are searched by."""
    return compile_bytes(pattern, captures=False, memory=_MEMORY)


def any_of(words: Iterable[str]) -> str:
    """Give the pattern of any of some literals."""
    return "|".join(re.escape(word) for word in words)


def prefilter(detectors: Iterable[Detector], *, anywhere: bool = False) -> str:
    """Give the pattern of all triggers; `anywhere` leaves out what must stand before them."""
    bounded: list[str] = []
    free: list[str] = []
    for row in detectors:
        within = bounded if row.boundary and not row.lead and not anywhere else free
        triggers = [trigger.replace("\\b", "") for trigger in row.triggers] if anywhere else row.triggers
        within.extend(f"(?i:{trigger})" if row.any_case else trigger for trigger in triggers)
    parts = [f"{WORD_START}(?:{'|'.join(dict.fromkeys(bounded))})"] if bounded else []
    parts.extend(dict.fromkeys(free))
    return "|".join(parts) if parts else NEVER


def index(detectors: Iterable[Detector]) -> dict[bytes, tuple[Keyword, ...]]:
    """Index keywords by their first two bytes (one, if they have no more); longest, that is most telling, first."""
    rows: dict[tuple[bytes, bool], list[CompiledDetector]] = {}
    for row in detectors:
        compiled = CompiledDetector(row)
        for word in row.keywords:
            literal = (word.lower() if row.any_case else word).encode("utf-8")
            rows.setdefault((literal, row.any_case), []).append(compiled)
    told: dict[bytes, list[Keyword]] = {}
    for (literal, any_case), compiled_rows in sorted(rows.items(), key=lambda item: -len(item[0][0])):
        told.setdefault(literal[:2].lower(), []).append(Keyword(literal, any_case, tuple(compiled_rows)))
    return {start: tuple(keywords) for start, keywords in told.items()}
