"""``Observer``: what ZeroClaw's runtime calls with its events and numbers, for hosts that hand them over in Python."""

from __future__ import annotations

from abc import ABC, abstractmethod

from agent_otel.sources.zeroclaw.events import ObserverEvent
from agent_otel.sources.zeroclaw.metrics import ObserverMetric

__all__ = ["Observer"]


class Observer(ABC):
    """Takes what the runtime says, at once and on the runtime's own thread: it must not block."""

    @abstractmethod
    def record_event(self, event: ObserverEvent) -> None:
        """Take an event."""

    @abstractmethod
    def record_metric(self, metric: ObserverMetric) -> None:
        """Take a number."""

    def flush(self) -> None:  # noqa: B027  most observers keep nothing back
        """Send what was kept back; the runtime calls it before it stops."""

    @abstractmethod
    def name(self) -> str:
        """Give the name for logs, for example ``prometheus``."""

    def as_any(self) -> object:
        """Give the observer itself: ``isinstance`` tells which one it is."""
        return self
