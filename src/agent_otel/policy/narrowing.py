"""The least that all sinks may see: what a span may hold that every processor of its provider gets."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from attrs import evolve

from agent_otel.model import CaptureMode, ContentKind
from agent_otel.policy.content_policy import ContentPolicy, SinkPolicy

__all__ = ["fingerprint_of", "narrowest_of", "sinks_differ", "without_raw"]


def without_raw(policy: ContentPolicy) -> ContentPolicy:
    """Give the policy with text at most; the very same if it asks for no more."""
    asked = (*policy.modes.values(), *policy.event_modes.values())
    if CaptureMode.RAW_CONTENT not in asked:
        return policy
    most = CaptureMode.REDACTED_SUMMARY
    return evolve(
        policy,
        modes={kind: mode.least(most) for kind, mode in policy.modes.items()},
        event_modes={kind: mode.least(most) for kind, mode in policy.event_modes.items()},
    )


def narrowest_of(sinks: Sequence[SinkPolicy]) -> SinkPolicy:
    """Give what every sink may see, and text at most."""
    modes = dict.fromkeys(ContentKind, CaptureMode.REDACTED_SUMMARY)
    for sink in sinks:
        for kind in ContentKind:
            modes[kind] = modes[kind].least(sink.modes.get(kind, CaptureMode.REDACTED_SUMMARY))
    return SinkPolicy("span", modes)


def sinks_differ(sinks: Sequence[SinkPolicy]) -> bool:
    """Whether any sink may see more than all of them may."""
    narrowest = narrowest_of(sinks).modes
    return any(
        sink.modes.get(kind, CaptureMode.REDACTED_SUMMARY) is not narrowest[kind]
        for sink in sinks
        for kind in ContentKind
    )


def fingerprint_of(policy: ContentPolicy, sink: SinkPolicy) -> str:
    """Give what tells policies apart: what was filtered under one may not leave under another without a new look."""
    modes = [
        sorted((kind.value, mode.value) for kind, mode in group.items())
        for group in (policy.modes, policy.event_modes, sink.modes)
    ]
    return sha256(repr((modes, evolve(policy, modes={}, event_modes={}))).encode()).hexdigest()[:32]
