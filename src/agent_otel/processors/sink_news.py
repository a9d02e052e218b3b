"""``SinkNews``: that a sink failed or is well again, as often as somebody wants to read it.

The decision core says it at every drop and every failed try (R32 to R38, R43, R44). Told is the first failure, the
recovery, and what was dropped or refused once a minute: each record counts all before it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
import time
from typing import Final

from agent_otel.delivery import FanoutRecord, Item
from agent_otel.model.agent_sdk.telemetry_kinds import TelemetrySinkFailureKind
from agent_otel.model.agent_sdk.telemetry_records import TelemetrySinkFailureRecord

__all__ = ["SinkNews"]

_PERIOD_S: Final = 60.0
_MOST: Final = 100
_DATA: Final = frozenset({TelemetrySinkFailureKind.Overflow, TelemetrySinkFailureKind.ExportRejected})


class SinkNews:
    """Chooses what is told of one sink. Every method needs the lock of the outbox.

    Args:
        clock: Gives seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: deque[FanoutRecord[Item]] = deque(maxlen=_MOST)
        self._next: dict[object, float] = {}
        self._is_failing = False
        self.failures = 0
        self.recoveries = 0

    def take(self, records: Iterable[FanoutRecord[Item]]) -> None:
        """Take what the decision core says."""
        for record in records:
            if self._is_news(record):
                self._waiting.append(record)

    def give(self) -> list[FanoutRecord[Item]]:
        """Give what is to be told, once."""
        told = list(self._waiting)
        self._waiting.clear()
        return told

    def _is_news(self, record: FanoutRecord[Item]) -> bool:
        told = record.told
        if not isinstance(told, TelemetrySinkFailureRecord):
            was_failing, self._is_failing = self._is_failing, False
            self.recoveries += was_failing
            return was_failing
        if told.failure_kind in _DATA:
            now = self._clock()
            if now < self._next.get(told.failure_kind, 0.0):
                return False
            self._next[told.failure_kind] = now + _PERIOD_S
            return True
        was_failing, self._is_failing = self._is_failing, True
        self.failures += not was_failing
        return not was_failing
