"""One line in the log when telemetry is not delivered, at most once a minute, and one when it is again."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
import logging
import time
from typing import Final

from agent_otel.processors.outbox_status import OutboxStatus

__all__ = ["DeliveryWarning"]

_log = logging.getLogger("agent_otel")
_PERIOD_S: Final = 60.0


class DeliveryWarning:
    """Looks after outboxes. Not to be called on the agent's thread: handlers of the log may write files.

    Args:
        outboxes: Those that are told of in one line.
    """

    def __init__(self, outboxes: Iterable[OutboxStatus]) -> None:
        self._outboxes = list(outboxes)
        self._warned_at = -_PERIOD_S
        self._warned_of: set[str] = set()

    def look(self) -> None:
        """Write a line if one is due; never raises, whatever a handler of the log does."""
        with suppress(BaseException):
            self._look()

    def _look(self) -> None:
        failing = [outbox for outbox in self._outboxes if outbox.failing_since is not None]
        now = time.monotonic()
        if failing and now - self._warned_at >= _PERIOD_S:
            self._warned_at = now
            self._warned_of.update(outbox.sink_id for outbox in failing)
            told = "; ".join(map(_state, failing))
            _log.warning("telemetry is not delivered: %s; `agent-otel doctor` finds out why", told)
        elif self._warned_of and not failing:
            _log.warning("telemetry is delivered again: %s", ", ".join(sorted(self._warned_of)))
            self._warned_of.clear()


def _state(outbox: OutboxStatus) -> str:
    books = outbox.as_dict()
    lost, spooled = books["rejected"] + books["evicted"], books["spooled"]
    on_disk = f", {spooled} on disk" if spooled else ""
    return f"{outbox.sink_id} ({outbox.last_error}): {books['queued']} wait{on_disk}, {lost} lost"
