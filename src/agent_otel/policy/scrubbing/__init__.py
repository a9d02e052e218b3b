"""Scrubbing: nothing leaves that should not. Text or any JSON value in, the same without its secrets out.

    scrubbed = scrub({"command": "..."})     # scrubbed.value, scrubbed.findings
    kept = truncate(scrubbed.value, Limits(chars=1000))

    scrub(text, is_cut=True)               # known to be cut: what is left of a credential at its end goes too
    Scrubber().is_innocent(dump)           # one cheap look that speaks for every part of a text

Structure comes first (JSON is parsed, values under secret-like keys are hidden, string leaves are scrubbed, strings
that are JSON themselves are entered), then text. JSON stays JSON, keys are kept, and what is innocent comes back as the
very same object.
"""

from agent_otel.policy.scrubbing.detector import Detector
from agent_otel.policy.scrubbing.detectors import TABLE
from agent_otel.policy.scrubbing.findings import NO_FINDINGS, Findings, Place, Scrubbed
from agent_otel.policy.scrubbing.options import DetectorError, Recogniser, ScrubOptions, UserDetector
from agent_otel.policy.scrubbing.scrubber import DEFAULT_OPTIONS, Scrubber, scrub
from agent_otel.policy.scrubbing.truncation import (
    DEFAULT_LIMITS,
    Limits,
    Truncated,
    TruncationFacts,
    cut_short,
    truncate,
)

__all__ = [
    "DEFAULT_LIMITS",
    "DEFAULT_OPTIONS",
    "NO_FINDINGS",
    "TABLE",
    "Detector",
    "DetectorError",
    "Findings",
    "Limits",
    "Place",
    "Recogniser",
    "ScrubOptions",
    "Scrubbed",
    "Scrubber",
    "Truncated",
    "TruncationFacts",
    "UserDetector",
    "cut_short",
    "scrub",
    "truncate",
]
