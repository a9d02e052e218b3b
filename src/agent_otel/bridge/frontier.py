"""``Frontier``: how far a sink has acknowledged all that came of an input, while acknowledgements come in any order."""

from __future__ import annotations

from attrs import define, field

from agent_otel.model import Cursor

__all__ = ["Frontier"]

_MOST_WAITING = 65_536


@define
class _Waiting:
    """What waits of one input: how many items of each record."""

    items: dict[int, int] = field(factory=dict)
    beyond: int | None = None  # the first record whose items are not counted any more

    def first(self) -> int | None:
        """Give the first record of which something is not acknowledged."""
        firsts = [*([self.beyond] if self.beyond is not None else []), *self.items]
        return min(firsts, default=None)


class Frontier:
    """Counts what one sink was offered and what it has acknowledged.

    Its memory is bounded: of a sink that takes nothing, only where it stopped has to be known.

    Args:
        most_waiting: Records of one input of which something may wait.
    """

    def __init__(self, most_waiting: int = _MOST_WAITING) -> None:
        self._most_waiting = most_waiting
        self._waiting: dict[str, _Waiting] = {}

    def offered(self, cursor: Cursor) -> None:
        """Note that something of a record waits."""
        waiting = self._waiting.setdefault(cursor.stream, _Waiting())
        if waiting.beyond is None and (cursor.ordinal in waiting.items or len(waiting.items) < self._most_waiting):
            waiting.items[cursor.ordinal] = waiting.items.get(cursor.ordinal, 0) + 1
        else:
            waiting.beyond = cursor.ordinal if waiting.beyond is None else min(waiting.beyond, cursor.ordinal)

    def acknowledged(self, cursor: Cursor) -> None:
        """Note that something of a record does not wait any more."""
        waiting = self._waiting.get(cursor.stream)
        if waiting is None or cursor.ordinal not in waiting.items:
            return
        waiting.items[cursor.ordinal] -= 1
        if not waiting.items[cursor.ordinal]:
            del waiting.items[cursor.ordinal]

    def of(self, stream: str, read: int) -> int:
        """Give the last record up to which all is acknowledged; 0 for none.

        Args:
            stream: Key of the input.
            read: The last record up to which all was told.
        """
        waiting = self._waiting.get(stream)
        first = waiting.first() if waiting is not None else None
        return read if first is None else first - 1
