"""A collector that answers as told, for receivers; and waiting for what happens on other threads."""

from __future__ import annotations

from collections.abc import Callable
import time

from agent_otel.testing.exchange import Reply


class Collector:
    """Answers with a status: 200 accepts."""

    def __init__(self) -> None:
        self.status = 200

    def __call__(self, signal: str, number: int) -> Reply | None:
        return None if self.status == 200 else Reply(self.status)


def awaited(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)
