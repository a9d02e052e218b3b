"""``OutboxStatus``: what an outbox says of itself: its books, how its sink is, and what there is to tell."""

from __future__ import annotations

import threading
import time
from typing import Final

from agent_otel.delivery import FanoutRecord, Item
from agent_otel.processors.holdings import Holdings
from agent_otel.processors.losses import LateLoss
from agent_otel.processors.pacing import Pace

__all__ = ["OutboxStatus"]

_SOON_S: Final = 0.2


class OutboxStatus:
    """The side of an outbox that changes nothing."""

    sink_id: str
    _holdings: Holdings
    _pace: Pace
    _acknowledged_at: float | None

    @property
    def lock(self) -> threading.RLock:
        """What guards everything that waits."""
        return self._holdings.lock

    @property
    def failed_in_a_row(self) -> int:
        """How often the sink has failed since it last took something."""
        return self._pace.failed_in_a_row

    @property
    def failing_since(self) -> float | None:
        """Since when, in seconds of ``time.monotonic``; None if it does not fail."""
        return self._pace.failing_since

    @property
    def last_error(self) -> str:
        """Why it failed last, without content."""
        return self._pace.last_error

    def as_dict(self) -> dict[str, int]:
        """Give the books: ``accepted = exported + rejected + evicted + queued + spooled``."""
        return self._holdings.as_dict()

    @property
    def accepted(self) -> int:
        """Items that came."""
        return self.as_dict()["accepted"]

    @property
    def exported(self) -> int:
        """Items that the sink took."""
        return self.as_dict()["exported"]

    @property
    def rejected(self) -> int:
        """Items that the sink refused, or that came when it was closed."""
        return self.as_dict()["rejected"]

    @property
    def evicted(self) -> int:
        """Items that were dropped for want of room or time."""
        return self.as_dict()["evicted"]

    @property
    def queued(self) -> int:
        """Items that wait."""
        return self.as_dict()["queued"]

    @property
    def faults(self) -> int:
        """Faults of our own that were swallowed."""
        return self._holdings.faults

    def state(self) -> dict[str, float]:
        """Give what there is to know beside the books, as numbers."""
        if not self.lock.acquire(timeout=_SOON_S):  # as for the books
            return {}
        try:
            counts, oldest_ns = self._holdings.counts, self._holdings.oldest_ns
        finally:
            self.lock.release()
        ago = self._acknowledged_at
        lost = {
            f"lost.{kind.name.lower() if kind is not None else 'unknown'}.{reason.value}": count
            for (kind, reason), count in counts.lost.items()
        }
        return {
            "failing": int(self.failing_since is not None),
            "failures": self._holdings.news.failures,
            "recoveries": self._holdings.news.recoveries,
            "queued_bytes": counts.queued_bytes,
            "oldest_age_s": max(0.0, (time.time_ns() - oldest_ns) / 1e9) if oldest_ns else 0.0,
            "acknowledged_s_ago": time.monotonic() - ago if ago is not None else -1.0,
            **lost,
        }

    def take_news(self) -> list[FanoutRecord[Item]]:
        """Give what there is to say of the sink's failure and recovery, once."""
        with self.lock:
            return self._holdings.news.give()

    def take_late_losses(self) -> list[LateLoss]:
        """Give what was lost of runs whose span does not tell it, once."""
        with self.lock:
            return self._holdings.losses.take_late()
