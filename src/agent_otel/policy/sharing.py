"""Scrubbers are shared: their patterns take time and memory to compile, and hold nothing of what they see."""

from __future__ import annotations

from functools import lru_cache

from agent_otel.policy.scrubbing import Scrubber, ScrubOptions

__all__ = ["shared_scrubber"]


@lru_cache(maxsize=16)
def shared_scrubber(options: ScrubOptions) -> Scrubber:
    """Give the scrubber of these options."""
    return Scrubber(options)
