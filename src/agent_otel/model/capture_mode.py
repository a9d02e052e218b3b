"""How much of a piece of content may leave: the five modes of the source contract, in order (SOURCES.md 3.1)."""

from __future__ import annotations

from enum import Enum

__all__ = ["CaptureMode"]


class CaptureMode(Enum):
    """What becomes of content, from nothing to all of it. Of several modes the least holds.

    Attributes:
        OFF: Nothing leaves.
        METADATA_ONLY: Facts without text: bytes, JSON type, number of items, whether it was cut.
        PAYLOAD_REFS: Where the host stored it, if it did; else as ``METADATA_ONLY``.
        REDACTED_SUMMARY: The scrubbed text, cut to the limits; JSON stays JSON.
        RAW_CONTENT: As it was, if every gate passes (R51); else as ``REDACTED_SUMMARY`` at most.
    """

    OFF = "off"
    METADATA_ONLY = "metadata_only"
    PAYLOAD_REFS = "payload_refs"
    REDACTED_SUMMARY = "redacted_summary"
    RAW_CONTENT = "raw_content"

    __hash__ = object.__hash__

    rank: int
    has_text: bool

    def least(self, other: CaptureMode) -> CaptureMode:
        """Give the lesser of two modes: a reference is capped to facts, never to text."""
        return self if self.rank <= other.rank else other

    def widest(self, other: CaptureMode) -> CaptureMode:
        """Give the greater of two modes."""
        return self if self.rank >= other.rank else other


for _rank, _mode in enumerate(CaptureMode):
    _mode.rank = _rank
    _mode.has_text = _mode in (CaptureMode.REDACTED_SUMMARY, CaptureMode.RAW_CONTENT)
