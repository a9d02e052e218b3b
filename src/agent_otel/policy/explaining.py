"""Attributes that tell what the policy did to a span: modes, and how much was hidden. Never text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from agent_otel.conventions import attributes as a
from agent_otel.model import CaptureMode, ContentKind
from agent_otel.policy.facts import fact_names
from agent_otel.policy.scrubbing import Place

__all__ = ["tell_findings", "tell_modes"]

_MAX_DETECTORS: Final = 20
_NOTHING_TOLD: Final[Mapping[str, Any]] = {}


def tell_modes(modes: Mapping[ContentKind, CaptureMode], into: dict[str, Any]) -> None:
    """Tell the widest mode, and those of kinds that got less.

    Args:
        modes: By kind of content, at least one.
        into: Where the attributes go.
    """
    widest = max(modes.values(), key=lambda mode: mode.rank)
    into[a.CONTENT_MODE] = widest.value
    for kind, mode in modes.items():
        if mode is not widest:
            into[fact_names(kind).mode] = mode.value


def tell_findings(
    counts: Mapping[tuple[str, Place], int], into: dict[str, Any], told: Mapping[str, Any] = _NOTHING_TOLD
) -> None:
    """Tell how many secrets were hidden, and by which detectors.

    Args:
        counts: By detector and place.
        into: Where the attributes go.
        told: What an earlier look told; it is added up.
    """
    if not counts:
        return
    by_detector: Counter[str] = Counter()
    for (detector, _), count in counts.items():
        by_detector[detector] += count
    for entry in _entries(told):
        detector, _, number = entry.partition("=")
        by_detector[detector] += int(number) if number.isdecimal() else 0
    before = told.get(a.CONTENT_REDACTED, 0)
    into[a.CONTENT_REDACTED] = sum(counts.values()) + (before if type(before) is int else 0)
    into[a.CONTENT_REDACTED_BY] = tuple(
        f"{detector}={count}" for detector, count in sorted(by_detector.items())[:_MAX_DETECTORS]
    )


def _entries(told: Mapping[str, Any]) -> list[str]:
    entries = told.get(a.CONTENT_REDACTED_BY)
    return [entry for entry in entries if type(entry) is str] if isinstance(entries, (list, tuple)) else []
