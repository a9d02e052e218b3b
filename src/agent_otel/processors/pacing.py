"""``Pace``: when an outbox sends next, and how much; learned from what its sink answered. No thread, lock or clock."""

from __future__ import annotations

import math
import random
from typing import Final

from attrs import frozen

from agent_otel.delivery import FailureKind, SinkFailure, SinkVerdict

__all__ = ["OutboxLimits", "Pace"]

_MEBIBYTE: Final = 1024 * 1024
_FIRST_DELAY_S: Final = {FailureKind.NOT_NOW: 0.5, FailureKind.TROUBLE: 5.0}
_LONGEST_DELAY_S: Final = {FailureKind.NOT_NOW: 30.0, FailureKind.TROUBLE: 60.0}
_LONGEST_IN_HASTE_S: Final = 1.0


@frozen(kw_only=True)
class OutboxLimits:
    """How much waits, and for how long.

    Attributes:
        capacity: Items; a quarter of them is kept for what is terminal (R26).
        bytes: Bytes of all items.
        batch: Items that are sent together at most.
        delay_s: Seconds that an item waits for others to be sent with.
    """

    capacity: int = 2048
    bytes: int = 32 * _MEBIBYTE
    batch: int = 512
    delay_s: float = 5.0

    @property
    def reserve(self) -> int:
        """Items of the capacity that only terminal ones may take."""
        return max(1, self.capacity // 4)


class Pace:
    """Decides when to send. All times are seconds of ``time.monotonic``.

    Args:
        limits: Of the outbox.
    """

    def __init__(self, limits: OutboxLimits) -> None:
        self._limits = limits
        self._waits_since = math.inf  # when the oldest of what waits came
        self._failure: SinkFailure | None = None
        self._delay_s = 0.0
        self._not_before = 0.0
        self.failed_in_a_row = 0
        self.failing_since: float | None = None
        self.last_error = ""

    def begins(self, now: float) -> None:
        """Note that something waits, and nothing did before."""
        self._waits_since = min(self._waits_since, now)

    def hurry(self, waiting: int) -> None:
        """Send so many items that wait at once, also if the sink is failing."""
        self._not_before = 0.0
        self._waits_since = 0.0 if waiting else math.inf

    def due(self, now: float, waiting: int, *, in_haste: bool) -> float:
        """Give when the next batch is to be sent.

        Args:
            now: The time.
            waiting: How many items wait.
            in_haste: Whether somebody waits for them to be sent.
        """
        if not waiting:
            return math.inf
        if self._failure is not None:
            return self._not_before
        if in_haste or waiting >= self._limits.batch:
            return now
        return min(self._waits_since, now) + self._limits.delay_s

    def most_items(self, *, in_haste: bool) -> int:
        """Give how many items to try: one, as long as all that is known of the sink is that it is in trouble."""
        if self._failure is not None and self._failure.kind is FailureKind.TROUBLE and not in_haste:
            return 1
        return max(1, min(self._limits.batch, self._limits.capacity // 2))

    def learn(self, verdict: SinkVerdict, now: float, waiting: int, *, in_haste: bool) -> None:
        """Learn from a verdict when to try again, with so many items that wait now."""
        failure = verdict.failure
        is_unfinished = failure is not None and failure.retry_after_s == 0  # it went well as far as it went
        if is_unfinished:
            failure = None
        # What waited for a sink that was away has waited long enough, and so has what it had no time for.
        waited = is_unfinished or (self._failure is not None and failure is None)
        self._waits_since = math.inf if not waiting else 0.0 if waited else now
        if failure is None or verdict.settled:
            self.failed_in_a_row, self.failing_since, self._delay_s = 0, None, 0.0
        self._failure = failure
        if failure is None:
            return
        self.failed_in_a_row += 1
        self.failing_since = self.failing_since if self.failing_since is not None else now
        self.last_error = failure.reason
        longest = _LONGEST_DELAY_S[failure.kind]
        self._delay_s = min(max(self._delay_s * 2, _FIRST_DELAY_S[failure.kind]), longest)
        delay = failure.retry_after_s
        if delay is None:
            delay = self._delay_s * random.uniform(0.8, 1.2)  # noqa: S311  jitter
            if in_haste:
                delay = min(delay, _LONGEST_IN_HASTE_S)
        self._not_before = now + delay
