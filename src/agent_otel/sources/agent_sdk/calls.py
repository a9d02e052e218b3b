"""Calls that are open in a run: how ends find their starts where the events name no attempt and no tool call.

The envelope has no tool call id (the SDK's own loop names none at all), and its attempt id is optional. Such calls pair
first in first out within their turn, and get an id that the model marks as synthetic: no other call can take it.
"""

from __future__ import annotations

from attrs import define, field, frozen

from agent_otel.model import EventKind

__all__ = ["CallKey", "OpenCalls"]

_MAX_OPEN = 256


@frozen
class CallKey:
    """What a call is known by.

    Args:
        id: Its id.
        is_own: Whether the source gave it; otherwise it is derived from the event that began the call.
    """

    id: str
    is_own: bool = True


@define
class _OpenCall:
    kind: EventKind
    turn: str | None
    key: CallKey
    is_started: bool


@define
class OpenCalls:
    """The open calls of one run, the oldest first; of very many, the oldest are forgotten."""

    _calls: list[_OpenCall] = field(factory=list)

    def requested(self, kind: EventKind, turn: str | None, own: str | None, event_id: str) -> CallKey:
        """Open a call that was asked for and has not started yet."""
        return self._opened(kind, turn, own, event_id, is_started=False)

    def started(self, kind: EventKind, turn: str | None, own: str | None, event_id: str) -> CallKey:
        """Open a call, or start the one that was requested."""
        waiting = [call for call in self._of(kind, turn, own) if not call.is_started]
        if waiting:
            waiting[0].is_started = True
            return waiting[0].key
        return self._opened(kind, turn, own, event_id, is_started=True)

    def ended(self, kind: EventKind, turn: str | None, own: str | None, event_id: str) -> CallKey:
        """Close a call: by its id, else the first that started in this turn, else the first that was requested."""
        calls = self._of(kind, turn, own)
        if not calls:
            return _key(own, event_id)
        first = next((call for call in calls if call.is_started), calls[0])
        self._calls.remove(first)
        return first.key

    def current(self, kind: EventKind, turn: str | None) -> CallKey | None:
        """Give the open call of a turn that what happens inside belongs to: the one that started last."""
        started = [call for call in self._of(kind, turn, None) if call.is_started]
        return started[-1].key if started else None

    def _of(self, kind: EventKind, turn: str | None, own: str | None) -> list[_OpenCall]:
        if own is not None:
            return [call for call in self._calls if call.kind is kind and call.key == CallKey(own)]
        return [call for call in self._calls if call.kind is kind and call.turn == turn]

    def _opened(
        self, kind: EventKind, turn: str | None, own: str | None, event_id: str, *, is_started: bool
    ) -> CallKey:
        key = _key(own, event_id)
        self._calls.append(_OpenCall(kind, turn, key, is_started))
        del self._calls[:-_MAX_OPEN]
        return key


def _key(own: str | None, event_id: str) -> CallKey:
    return CallKey(own) if own is not None else CallKey(f"event/{event_id}", is_own=False)
