"""How often the policy did something, for those who watch it."""

from __future__ import annotations

import threading

from agent_otel.processors.forking import in_forked_child

__all__ = ["ContentCounts"]


class ContentCounts:
    """Counts of one sink. Safe from several threads."""

    def __init__(self) -> None:
        self.redacted = 0
        self.stubs = 0
        self._renew_lock()
        in_forked_child(self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = threading.RLock()  # a signal handler may count while its own thread does

    def add_redacted(self, count: int) -> None:
        """Count secrets that were hidden."""
        if count:
            with self._lock:
                self.redacted += count

    def add_stub(self) -> None:
        """Count a span, record or batch of metrics that went out as a stub because the policy failed on it."""
        with self._lock:
            self.stubs += 1

    def as_dict(self) -> dict[str, int]:
        """Give plain values."""
        return {"redacted": self.redacted, "stubs": self.stubs}
