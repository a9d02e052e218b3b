"""Markers: what stands where a secret stood."""

from __future__ import annotations

import hashlib
import hmac
import re

__all__ = [
    "MARKER",
    "MARKER_START",
    "OVER_BUDGET",
    "RECOGNISER_FAILED",
    "TOO_DEEP",
    "UNSTABLE",
    "UNSUPPORTED",
    "Marker",
    "around_markers",
    "is_marker",
    "only_markers",
]

MARKER_START = "[REDACTED"
OVER_BUDGET = "over_budget"
TOO_DEEP = "too_deep"
UNSTABLE = "unstable"
UNSUPPORTED = "unsupported_type"
RECOGNISER_FAILED = "recogniser_failed"

MARKER = b"[REDACTED"
_LONGEST_MARKER = 96
_TAG_DIGITS = 12
_MARKERS = re.compile(rb"\[REDACTED(?::[a-z0-9_]{1,64}(?::[0-9a-f]{12})?)?\]")
_WORTH_HIDING = re.compile(rb"[A-Za-z0-9\x80-\xff]")


class Marker:
    """Writes markers: ``[REDACTED:github_token]``, with a key ``[REDACTED:github_token:0123456789ab]``.

    The tag is a keyed digest, so that equal secrets can be told equal and nobody without the key can test guesses.

    Args:
        tag_key: Key of the digest; without it there are no tags.
    """

    __slots__ = ("_key",)

    def __init__(self, tag_key: bytes | None = None) -> None:
        self._key = tag_key

    def write(self, detector: str, secret: bytes = b"") -> str:
        """Write the marker of a detector.

        Args:
            detector: The detector's id.
            secret: What is hidden; only its tag goes into the marker, and only with a key.
        """
        if self._key is None or not secret:
            return f"[REDACTED:{detector}]"
        tag = hmac.new(self._key, secret, hashlib.sha256).hexdigest()[:_TAG_DIGITS]
        return f"[REDACTED:{detector}:{tag}]"


def is_marker(text: str) -> bool:
    """Tell whether a text is one marker and nothing else."""
    return text.startswith(MARKER_START) and _MARKERS.fullmatch(text.encode("utf-8", "surrogatepass")) is not None


def around_markers(text: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Fit a span to the markers that it touches.

    Args:
        text: The whole text.
        start: Where the span starts.
        end: Where it ends.

    Returns:
        The span, widened over a marker that it ends in; None if it starts in a marker or holds nothing but markers.
    """
    before = text.rfind(MARKER, max(0, start - _LONGEST_MARKER), start)
    if before >= 0:
        marker = _MARKERS.match(text, before)
        if marker is not None and marker.end() > start:
            return None
    last = text.rfind(MARKER, start, end)
    if last < 0:
        return start, end
    marker = _MARKERS.match(text, last)
    end = max(end, marker.end()) if marker is not None else end
    return None if only_markers(text[start:end]) else (start, end)


def only_markers(text: bytes) -> bool:
    """Tell whether nothing worth hiding is left between markers."""
    return b"[REDACTED" in text and _WORTH_HIDING.search(_MARKERS.sub(b"", text)) is None
