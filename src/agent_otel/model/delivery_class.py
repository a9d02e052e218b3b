"""The delivery class of a span or record: how much its loss would hurt, in one table.

Terminal telemetry (all but ``PROGRESS``) is preserved under backpressure; among it a lower rank number goes first.
"""

from __future__ import annotations

from enum import Enum

__all__ = ["DeliveryClass"]


class DeliveryClass(Enum):
    """In rank order, most precious first."""

    RUN_END = 0  # the end of a run, a session or a deployment
    ERROR = 1  # any failed or interrupted operation
    USAGE = 2  # carries usage or cost
    HEALTH = 3  # sink failure and recovery, losses
    PROGRESS = 4  # the rest

    @property
    def rank(self) -> int:
        """0 for the most precious class, rising."""
        return self.value

    @property
    def is_terminal_preserved(self) -> bool:
        """Whether this class must survive backpressure, an outage and a crash."""
        return self is not DeliveryClass.PROGRESS
