"""``Pace``: when an outbox sends next, and how much; learned from what its sink answered. No thread, lock or clock."""

from __future__ import annotations

from collections.abc import Mapping
import math
import os
import random
from typing import Final, Literal

from attrs import field, frozen
from attrs.validators import ge

from agent_otel.delivery import FailureKind, SinkFailure, SinkVerdict
from agent_otel.model import SettingsError

__all__ = ["OutboxLimits", "Pace"]

_MEBIBYTE: Final = 1024 * 1024
_FIRST_DELAY_S: Final = {FailureKind.NOT_NOW: 0.5, FailureKind.TROUBLE: 5.0}
_LONGEST_DELAY_S: Final = {FailureKind.NOT_NOW: 30.0, FailureKind.TROUBLE: 60.0}
_LONGEST_LOSING_S: Final = {FailureKind.NOT_NOW: 5.0, FailureKind.TROUBLE: 2.0}  # one item in trouble: see most_items
_LONGEST_IN_HASTE_S: Final = 1.0
_DELAY_MS: Final = {"BSP": 5000, "BLRP": 1000}  # as the stock batch processors


@frozen(kw_only=True)
class OutboxLimits:
    """How much waits, and for how long.

    Attributes:
        capacity: Items; a quarter of them is kept for what is terminal (R26).
        bytes: Bytes of all items.
        batch: Items that are sent together at most; see ``most_together``.
        delay_s: Seconds that an item waits for others to be sent with.

    Raises:
        ValueError: If one of them is less than 1, or the delay negative.
    """

    capacity: int = field(default=2048, validator=ge(1))
    bytes: int = field(default=32 * _MEBIBYTE, validator=ge(1))
    batch: int = field(default=512, validator=ge(1))
    delay_s: float = field(default=5.0, validator=ge(0))

    @classmethod
    def from_env(cls, kind: Literal["BSP", "BLRP"], environ: Mapping[str, str] = os.environ) -> OutboxLimits:
        """Give what the variables of the stock batch processors set, ``OTEL_BSP_*`` or ``OTEL_BLRP_*``.

        Args:
            kind: Of the processor of spans, or of log records.
            environ: Environment variables.

        Raises:
            SettingsError: If one has a value that cannot be used, or a batch is to be larger than its queue.
        """
        default = cls()
        queue, batch = f"OTEL_{kind}_MAX_QUEUE_SIZE", f"OTEL_{kind}_MAX_EXPORT_BATCH_SIZE"
        capacity = _count(queue, environ, default.capacity)
        most = _count(batch, environ, min(default.batch, capacity))
        if most > capacity:
            raise SettingsError(batch, str(most), f"at most {queue}, which is {capacity}")
        delay_ms = _count(f"OTEL_{kind}_SCHEDULE_DELAY", environ, _DELAY_MS[kind])
        return cls(capacity=capacity, batch=most, delay_s=delay_ms / 1000)

    @property
    def reserve(self) -> int:
        """Items of the capacity that only terminal ones may take."""
        return max(1, self.capacity // 4)

    @property
    def most_together(self) -> int:
        """Items of one request: the batch, or half the capacity if that is less.

        What is on its way keeps its place in the queue; the other half is for what comes meanwhile.
        """
        return max(1, min(self.batch, self.capacity // 2))


def _count(variable: str, environ: Mapping[str, str], default: int) -> int:
    text = environ.get(variable, "").strip()
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise SettingsError(variable, text, "a whole number of at least 1")
    return int(text)


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
        self._not_before_losing = 0.0
        self.failed_in_a_row = 0
        self.failing_since: float | None = None
        self.last_error = ""

    def begins(self, now: float) -> None:
        """Note that something waits, and nothing did before."""
        self._waits_since = min(self._waits_since, now)

    def hurry(self, waiting: int) -> None:
        """Send so many items that wait at once, also if the sink is failing."""
        self._not_before = self._not_before_losing = 0.0
        self._waits_since = 0.0 if waiting else math.inf

    def due(self, now: float, waiting: int, *, in_haste: bool, is_full: bool = False, is_losing: bool = False) -> float:
        """Give when the next batch is to be sent.

        Args:
            now: The time.
            waiting: How many items wait.
            in_haste: Whether somebody waits for them to be sent.
            is_full: Whether there is no room for more progress.
            is_losing: Whether what finds no room is lost: then a sink that fails is asked again sooner, every few
                seconds as a stock batch processor does, unless it has said when.
        """
        if not waiting:
            return math.inf
        if self._failure is not None:
            return self._not_before_losing if is_losing else self._not_before
        if in_haste or is_full or waiting >= self._limits.most_together:
            return now
        return min(self._waits_since, now) + self._limits.delay_s

    def most_items(self, *, in_haste: bool) -> int:
        """Give how many items to try: one, as long as all that is known of the sink is that it is in trouble."""
        if self._failure is not None and self._failure.kind is FailureKind.TROUBLE and not in_haste:
            return 1
        return self._limits.most_together

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
        self._not_before = self._not_before_losing = now + delay
        if failure.retry_after_s is None:
            most = _LONGEST_LOSING_S[failure.kind] * random.uniform(0.8, 1.2)  # noqa: S311  jitter
            self._not_before_losing = now + min(delay, most)
