"""Attributes that tell what the policy did to a span: modes, and how much was hidden. Never text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from agent_otel.conventions import attributes as a
from agent_otel.model import CaptureMode, ContentKind
from agent_otel.policy.facts import fact_names
from agent_otel.policy.scrubbing import Place

__all__ = ["retell_findings", "tell_findings", "tell_modes"]

_MAX_DETECTORS: Final = 20
_LONGEST_NUMBER: Final = 12
_MAX_COUNT: Final = 2**31 - 1  # what was told is ours, but a count must be one that can be sent
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
    if counts:
        _tell(_told(told) + _by_detector(counts), into)


def retell_findings(
    attributes: dict[str, Any], without: Mapping[tuple[str, Place], int], with_: Mapping[tuple[str, Place], int]
) -> None:
    """Tell the findings of one part of a span in the place of those of another.

    Args:
        attributes: Of the span; what they tell is changed.
        without: What is no longer part of the span.
        with_: What is.
    """
    _tell(_told(attributes) - _by_detector(without) + _by_detector(with_), attributes)


def _tell(by_detector: Counter[str], into: dict[str, Any]) -> None:
    into.pop(a.CONTENT_REDACTED, None)
    into.pop(a.CONTENT_REDACTED_BY, None)
    total = sum(by_detector.values())
    if total:
        told = sorted(by_detector.items())[:_MAX_DETECTORS]
        into[a.CONTENT_REDACTED] = min(total, _MAX_COUNT)
        into[a.CONTENT_REDACTED_BY] = tuple(f"{detector}={count}" for detector, count in told if count)


def _by_detector(counts: Mapping[tuple[str, Place], int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for (detector, _), count in counts.items():
        found[detector] += count
    return found


def _told(attributes: Mapping[str, Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for entry in _entries(attributes):
        detector, _, number = entry.partition("=")
        if number.isdecimal() and len(number) < _LONGEST_NUMBER:
            found[detector] += int(number)
    return found


def _entries(told: Mapping[str, Any]) -> list[str]:
    entries = told.get(a.CONTENT_REDACTED_BY)
    return [entry for entry in entries if type(entry) is str] if isinstance(entries, (list, tuple)) else []
