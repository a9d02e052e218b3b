"""What a look found innocent a moment ago: the same attribute comes again with the next span, and before the next sink.

Scrubbing is a function of key and value: what it said of a pair holds for an equal one. So each layer of the policy
asks here first, and still decides for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from agent_otel.policy.scrubbing import Scrubber

__all__ = ["Vetted"]

_MOST: Final = 4096
_MOST_CHARS: Final = 4 * 1024 * 1024
_OTHER_SIZE: Final = 64  # of what is no text
_NO_TEXTS: Final[Mapping[str, str]] = {}


class Vetted:
    """Attributes in which a scrubber finds nothing to hide, a bounded number of them. For any number of threads.

    Args:
        scrubber: Which it is that finds nothing.
    """

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self._known: dict[tuple[str, Any], None] = {}
        self._chars = 0

    def look(self, attributes: Mapping[str, Any], texts: Mapping[str, str] = _NO_TEXTS) -> bool:
        """Tell by one look, at what is not known yet, that there is nothing to hide; then it is known.

        Args:
            attributes: Of one span or record.
            texts: More of them, which are likely to be new: content.

        Returns:
            Whether it is so; False promises nothing.
        """
        known = self._known
        try:
            new = {pair[0]: pair[1] for pair in attributes.items() if pair not in known}
            if not (new or texts):
                return True
            said = [orjson.dumps(new).decode(), *texts.values()] if new else texts.values()
            if not self._scrubber.are_innocent(said):
                return False
        except (TypeError, ValueError):  # no attribute of ours
            return False
        for group in (new, texts):
            for pair in group.items():
                self._keep(pair)
        return True

    def _keep(self, pair: tuple[str, Any]) -> None:
        size = len(pair[1]) if type(pair[1]) is str else _OTHER_SIZE
        if len(self._known) >= _MOST or self._chars + size > _MOST_CHARS:
            self._known.clear()
            self._chars = 0
        self._known[pair] = None
        self._chars += size
