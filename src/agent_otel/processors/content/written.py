"""Which spans of other instrumentations our completion hook has written content on, under the same policy.

What such a span tells of what was done to its content is ours, though its scope is not: the guards keep it.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from typing import Final

__all__ = ["WrittenSpans", "written_spans"]

_MOST: Final = 4096


class WrittenSpans:
    """Remembers the ids of the last few thousand spans."""

    def __init__(self) -> None:
        self._ids: OrderedDict[int, None] = OrderedDict()

    def add(self, span_id: int) -> None:
        """Remember a span."""
        self._ids[span_id] = None
        if len(self._ids) > _MOST:
            with suppress(KeyError):  # another thread was faster
                self._ids.popitem(last=False)

    def __contains__(self, span_id: int) -> bool:
        return span_id in self._ids


written_spans = WrittenSpans()
