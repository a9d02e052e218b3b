"""What a receiver keeps: requests and how they were answered in, spans, points and log records out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from threading import Condition
from typing import Any, Generic, TypeVar

from attrs import define, field

from agent_otel.testing.exchange import SERVICES, Arrival, ReceivedRequest, Reply, Signal
from agent_otel.testing.reading import logs_of, points_of, spans_of
from agent_otel.testing.received import ReceivedLog, ReceivedPoint, ReceivedSpan

__all__ = ["Inbox"]

T = TypeVar("T")
_HTTP_OK = range(200, 300)
_GRPC_OK = range(1)


@define
class _Reading(Generic[T]):
    """What was read from requests so far, so that each request is read once however often it is looked at."""

    read: Callable[[Any], Iterator[T]]
    done: int = 0
    values: list[T] = field(factory=list)

    def upto(self, requests: list[ReceivedRequest]) -> list[T]:
        for request in requests[self.done :]:
            values = list(self.read(request.message))
            self.values += values[: max(0, len(values) - request.rejected)]
        self.done = len(requests)
        return list(self.values)


class Inbox:
    """Requests in the order in which they were answered. Threads may add and look at once.

    Args:
        changed: Guards everything here, and is notified of each request.
    """

    def __init__(self, changed: Condition) -> None:
        self._changed = changed
        self._numbers: Counter[Signal] = Counter()
        self._forget()

    def _forget(self) -> None:
        self._requests: list[ReceivedRequest] = []
        self._accepted: dict[Signal, list[ReceivedRequest]] = {signal: [] for signal in SERVICES}
        self._spans = _Reading(spans_of)
        self._points = _Reading(points_of)
        self._logs = _Reading(logs_of)

    def number(self, signal: Signal) -> int:
        """Number a request that has arrived, from 1."""
        with self._changed:
            self._numbers[signal] += 1
            return self._numbers[signal]

    def add(self, arrival: Arrival, number: int, message: Any, reply: Reply | None) -> None:
        """Keep a request that is decided on."""
        request = _request(arrival, number, message, reply or _acceptance(arrival))
        with self._changed:
            self._requests.append(request)
            if request.accepted:
                self._accepted[arrival.signal].append(request)
            self._changed.notify_all()

    def requests(self, signal: Signal | None) -> list[ReceivedRequest]:
        """Give the requests of one signal, or of all."""
        with self._changed:
            return [request for request in self._requests if signal in (None, request.signal)]

    def spans(self) -> list[ReceivedSpan]:
        """Give the accepted spans."""
        with self._changed:
            return self._spans.upto(self._accepted["traces"])

    def take_spans(self) -> list[ReceivedSpan]:
        """Give the accepted spans and forget everything that came, of all signals."""
        with self._changed:
            spans = self._spans.upto(self._accepted["traces"])
            self._forget()
            return spans

    def points(self) -> list[ReceivedPoint]:
        """Give the accepted metric points."""
        with self._changed:
            return self._points.upto(self._accepted["metrics"])

    def logs(self) -> list[ReceivedLog]:
        """Give the accepted log records."""
        with self._changed:
            return self._logs.upto(self._accepted["logs"])


def _ok(arrival: Arrival) -> range:
    return _HTTP_OK if arrival.protocol == "http" else _GRPC_OK


def _acceptance(arrival: Arrival) -> Reply:
    return Reply(_ok(arrival).start)


def _request(arrival: Arrival, number: int, message: Any, reply: Reply) -> ReceivedRequest:
    accepted = reply.keeps if reply.keeps is not None else reply.broken is None and reply.status in _ok(arrival)
    return ReceivedRequest(
        signal=arrival.signal,
        protocol=arrival.protocol,
        number=number,
        headers=arrival.headers,
        size=len(arrival.payload),
        wire_size=arrival.wire_size,
        message=message,
        status=reply.status if reply.broken is None else None,
        accepted=accepted,
        rejected=reply.rejected or 0,
    )
