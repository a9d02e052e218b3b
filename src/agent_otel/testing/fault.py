"""A request in, what goes wrong with it out: the parts that the vocabulary of ``faults`` is made of."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock

from attrs import field, frozen

from agent_otel.testing.exchange import Arrival, Reply, Signal

__all__ = ["Fault", "Hold", "Respond"]


class Hold:
    """Keeps requests waiting, until it is released, for a time, or until the receiver stops.

    Args:
        seconds: How long to wait at most; None means until released.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._is_released = False
        self._waiting: set[Event] = set()

    def release(self) -> None:
        """Let every request go that waits here, and keep none from now on."""
        with self._lock:
            self._is_released = True
            for wake in self._waiting:
                wake.set()

    def wait(self, wake: Event) -> None:
        """Wait; ``wake`` is set by a release, and by whoever else wants to end it."""
        with self._lock:
            if self._is_released:
                return
            self._waiting.add(wake)
        wake.wait(self._seconds)
        with self._lock:
            self._waiting.discard(wake)


@frozen
class Fault:
    """Something that goes wrong with a request. By itself it is the script by which it always does.

    Args:
        name: What it is called in messages.
        answer: Gives the reply to a request, by its protocol; None accepts it.
        hold: What the request waits for before it is answered.
    """

    name: str
    answer: Callable[[Arrival], Reply | None] = field(repr=False)
    hold: Hold | None = field(default=None, repr=False)

    def __call__(self, _signal: Signal, _number: int) -> Fault:
        """Decide on a request: always this."""
        return self

    def release(self) -> None:
        """Let the requests go that this holds, and hold none from now on. Does nothing where nothing is held."""
        if self.hold is not None:
            self.hold.release()


# Decides on a request, by its signal and its number from 1; None accepts it.
Respond = Callable[[Signal, int], "Reply | Fault | None"]
