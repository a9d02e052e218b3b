"""What scrubbing one value may cost."""

from __future__ import annotations

from agent_otel.policy.scrubbing.forking import MATCHING

__all__ = ["Budget", "OverBudget"]


class OverBudget(Exception):
    """A value costs more than it may; the whole value becomes a marker."""


class Budget:
    """Counts the work on one value, in units of about a byte read by the matcher (two nanoseconds or so).

    It counts work, not time: the same value always gives the same result.

    Args:
        limit: Units that may be spent.
    """

    __slots__ = ("_left",)

    def __init__(self, limit: int) -> None:
        self._left = limit

    def spend(self, units: int) -> None:
        """Take units.

        Raises:
            OverBudget: There are not enough left, or the interpreter waits to end.
        """
        self._left -= units
        if self._left < 0 or MATCHING.is_ending:
            raise OverBudget
