"""Scrubbers are shared, for their patterns take time and memory to compile; and so is what they found innocent."""

from __future__ import annotations

from functools import lru_cache
from weakref import WeakKeyDictionary

from agent_otel.policy.scrubbing import Scrubber, ScrubOptions
from agent_otel.policy.vetted import Vetted

__all__ = ["shared_scrubber", "vetted_by"]

_vetted: WeakKeyDictionary[Scrubber, Vetted] = WeakKeyDictionary()


@lru_cache(maxsize=16)
def shared_scrubber(options: ScrubOptions) -> Scrubber:
    """Give the scrubber of these options."""
    return Scrubber(options)


def vetted_by(scrubber: Scrubber) -> Vetted:
    """Give what a scrubber found innocent a moment ago, for all who ask it."""
    found = _vetted.get(scrubber)
    return found if found is not None else _vetted.setdefault(scrubber, Vetted(scrubber))
