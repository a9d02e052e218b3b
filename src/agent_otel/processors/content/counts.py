"""How often the policy did something, for those who watch it."""

from __future__ import annotations

import threading

__all__ = ["ContentCounts"]


class ContentCounts:
    """Counts of one sink. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.redacted = 0
        self.stubs = 0

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
