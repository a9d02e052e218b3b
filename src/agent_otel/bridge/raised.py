"""Which tools an exception came out of: its text is theirs wherever it passes on, for policies that deny tools."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

__all__ = ["RaisedByTools"]

_MAX_REMEMBERED: Final = 256
_MAX_CAUSES: Final = 16


class RaisedByTools:
    """Remembers the last exceptions that left tool calls, by identity: exceptions cannot be referred to weakly.

    An identity may be another exception's by now. Then that one counts as the tool's too: too much is denied at most.
    """

    def __init__(self) -> None:
        self._tools: OrderedDict[int, tuple[str, ...]] = OrderedDict()

    def note(self, error: BaseException, tool: str) -> None:
        """Note that an exception left a call of a tool."""
        self._tools[id(error)] = (*self._tools.get(id(error), ()), tool.strip().lower())[:_MAX_CAUSES]
        if len(self._tools) > _MAX_REMEMBERED:
            self._tools.popitem(last=False)

    def tools_of(self, error: BaseException) -> tuple[str, ...]:
        """Give the tools, in lower case, whose calls an exception or one of its causes left."""
        found: list[str] = []
        waiting: list[BaseException | None] = [error]
        for _ in range(_MAX_CAUSES):
            if not waiting:
                break
            one = waiting.pop()
            if one is not None:
                found.extend(self._tools.get(id(one), ()))
                waiting += [one.__cause__, one.__context__]
        return tuple(found)
