"""The books of a sink: what it was given and what became of it. They balance at every moment."""

from __future__ import annotations

import threading
import time

__all__ = ["SinkBooks"]


class SinkBooks:
    """Counts items of one sink: ``accepted = exported + rejected + evicted + queued + spooled``.

    Args:
        sink_id: Name of the sink.
        capacity: How many items may be queued.
    """

    def __init__(self, sink_id: str, capacity: int) -> None:
        self.sink_id = sink_id
        self.capacity = capacity
        self.accepted = 0
        self.exported = 0
        self.rejected = 0
        self.evicted = 0
        self.spooled = 0
        self.failed_in_a_row = 0
        self.last_error = ""
        self._abandoned = 0  # written off, but perhaps still on its way
        self._lock = threading.RLock()  # a signal handler that flushes may find its own thread inside admit()
        self._changed = threading.Condition(self._lock)

    @property
    def queued(self) -> int:
        """Items that are neither acknowledged nor lost."""
        return self.accepted - self.exported - self.rejected - self.evicted - self.spooled

    @property
    def has_room(self) -> bool:
        """Whether one more item fits."""
        return self.queued < self.capacity

    def admit(self) -> bool:
        """Take one item in; gives False, and counts it as evicted, if the queue is full."""
        with self._lock:
            fits = self.queued < self.capacity
            self.accepted += 1
            self.evicted += not fits
            return fits

    def acknowledge(self, count: int) -> None:
        """Note that the sink has taken ``count`` items."""
        with self._changed:
            self._take_back(count)
            self.exported += count
            self.failed_in_a_row = 0
            self._changed.notify_all()

    def reject(self, count: int, reason: str) -> None:
        """Note that the sink has lost or refused ``count`` items; ``reason`` is free of content."""
        with self._changed:
            self._take_back(count)
            self.rejected += count
            self.failed_in_a_row += 1
            self.last_error = reason
            self._changed.notify_all()

    def abandon(self) -> int:
        """Write off what is still queued (the process ends); gives how many items."""
        with self._changed:
            left = self.queued
            self.evicted += left
            self._abandoned += left
            self._changed.notify_all()
            return left

    def _take_back(self, count: int) -> None:
        """An export that outlived the process's patience settles items that were written off."""
        late = min(self._abandoned, max(0, count - self.queued))
        self._abandoned -= late
        self.evicted -= late

    def reset_after_fork(self) -> None:
        """Forget what the parent process has queued: it will deliver that itself."""
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self.accepted -= self.queued
        self._abandoned = 0

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until one more item fits.

        Args:
            timeout_s: Seconds to wait at most.
        """
        if self.has_room:
            return True
        with self._changed:
            return self._changed.wait_for(lambda: self.has_room, timeout_s)

    def wait_until_empty(self, deadline: float) -> bool:
        """Wait until nothing is queued.

        Args:
            deadline: In seconds of ``time.monotonic``.
        """
        with self._changed:
            return self._changed.wait_for(lambda: self.queued <= 0, max(0.0, deadline - time.monotonic()))

    def as_dict(self) -> dict[str, int]:
        """Give the books as plain numbers.

        Without the lock: a signal handler that shuts down may hold it on its thread while another one asks for metrics.
        What was accepted is read last, and what was written off after what was settled late: nothing counts twice.
        """
        exported, rejected, spooled = self.exported, self.rejected, self.spooled
        evicted, accepted = self.evicted, self.accepted
        return {
            "accepted": accepted,
            "exported": exported,
            "rejected": rejected,
            "evicted": evicted,
            "queued": accepted - exported - rejected - evicted - spooled,
            "spooled": spooled,
        }
