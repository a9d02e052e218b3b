"""A real OTLP receiver on loopback: export requests in over HTTP or gRPC, spans, points and log records out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from threading import Condition
from types import TracebackType
from typing import Any, Generic, TypeVar, final

from attrs import define, field

from agent_otel.testing.exchange import SERVICES, Arrival, ReceivedRequest, Reply, Respond, Signal
from agent_otel.testing.http_endpoint import HttpEndpoint
from agent_otel.testing.reading import logs_of, points_of, spans_of
from agent_otel.testing.received import ReceivedLog, ReceivedPoint, ReceivedSpan

__all__ = ["OtlpReceiver"]

T = TypeVar("T")
_HTTP_OK = range(200, 300)
_GRPC_OK = 0


@define
class _Reading(Generic[T]):
    """What was read from requests so far, so that each request is read once however often it is looked at."""

    read: Callable[[Any], Iterator[T]]
    done: int = 0
    values: list[T] = field(factory=list)

    def upto(self, messages: list[Any]) -> list[T]:
        for message in messages[self.done :]:
            self.values.extend(self.read(message))
        self.done = len(messages)
        return list(self.values)


@final
class OtlpReceiver:
    """Receives OTLP as a collector does and keeps what came, for tests.

    Works as a context manager. Unlike an in-memory exporter it sees encoding, batching, compression and limits.

    Args:
        grpc: Whether to listen for gRPC beside HTTP; needs ``grpcio``.
        respond: Decides the answer to each request by its signal and its number from 1; None accepts. Runs on the
            endpoint's threads, several at once. What is not accepted is in ``requests()`` but counts as not received.

    Example:
        >>> with OtlpReceiver() as receiver:
        ...     receiver.spans()
        []
    """

    def __init__(self, *, grpc: bool = False, respond: Respond | None = None) -> None:
        self._wants_grpc = grpc
        self._respond = respond
        self._http: HttpEndpoint | None = None
        self._grpc: Any = None
        self._changed = Condition()
        self._requests: list[ReceivedRequest] = []
        self._accepted: dict[Signal, list[Any]] = {signal: [] for signal in SERVICES}
        self._numbers: Counter[Signal] = Counter()
        self._spans = _Reading(spans_of)
        self._points = _Reading(points_of)
        self._logs = _Reading(logs_of)

    def start(self) -> None:
        """Listen; the ports are the system's choice. Does nothing if it listens already.

        Raises:
            ImportError: gRPC is asked for and ``grpcio`` is not installed.
        """
        if self._http is not None:
            return
        if self._wants_grpc:
            from agent_otel.testing.grpc_endpoint import GrpcEndpoint  # noqa: PLC0415  grpc is heavy and optional

            self._grpc = GrpcEndpoint(self._accept)
        self._http = HttpEndpoint(self._accept)

    def stop(self) -> None:
        """Stop listening and wait for the threads; what was received stays. Does nothing if it does not listen."""
        for endpoint in (self._http, self._grpc):
            if endpoint is not None:
                endpoint.close()
        self._http = self._grpc = None

    def __enter__(self) -> OtlpReceiver:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def http_endpoint(self) -> str:
        """Base address for OTLP over HTTP; an exporter built by hand wants ``/v1/traces`` and so on behind it.

        Raises:
            RuntimeError: The receiver does not listen.
        """
        if self._http is None:
            raise RuntimeError("the receiver does not listen")
        return self._http.url

    @property
    def grpc_endpoint(self) -> str:
        """Address for OTLP over gRPC.

        Raises:
            RuntimeError: The receiver does not listen, or not for gRPC.
        """
        if self._grpc is None:
            raise RuntimeError("the receiver does not listen for gRPC")
        return str(self._grpc.url)

    def requests(self, signal: Signal | None = None) -> list[ReceivedRequest]:
        """Give every well-formed request in the order received, accepted or not; of one signal, or of all."""
        with self._changed:
            return [request for request in self._requests if signal in (None, request.signal)]

    def spans(self) -> list[ReceivedSpan]:
        """Give the accepted spans, in the order received."""
        with self._changed:
            return self._spans.upto(self._accepted["traces"])

    def metrics(self) -> list[ReceivedPoint]:
        """Give the accepted metric points, in the order received; a cumulative series comes once per export."""
        with self._changed:
            return self._points.upto(self._accepted["metrics"])

    def logs(self) -> list[ReceivedLog]:
        """Give the accepted log records, in the order received."""
        with self._changed:
            return self._logs.upto(self._accepted["logs"])

    def wait_for(self, predicate: Callable[[OtlpReceiver], bool], timeout_s: float = 10.0) -> bool:
        """Wait until something holds of what was received.

        Args:
            predicate: Asked at once and after each request, with this receiver.
            timeout_s: Seconds to wait at most.

        Returns:
            Whether it came to hold.
        """
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self), timeout_s)

    def _accept(self, arrival: Arrival) -> Reply | None:
        message = SERVICES[arrival.signal].parse(arrival.payload)
        with self._changed:
            self._numbers[arrival.signal] += 1
            number = self._numbers[arrival.signal]
        # Outside the lock: the hook may take its time, and other requests go on meanwhile.
        reply = self._respond(arrival.signal, number) if self._respond is not None else None
        with self._changed:
            self._record(arrival, number, message, reply)
            self._changed.notify_all()
        return reply

    def _record(self, arrival: Arrival, number: int, message: Any, reply: Reply | None) -> None:
        success = _HTTP_OK.start if arrival.protocol == "http" else _GRPC_OK
        status = success if reply is None else reply.status
        accepted = status in _HTTP_OK if arrival.protocol == "http" else status == _GRPC_OK
        if accepted:
            self._accepted[arrival.signal].append(message)
        self._requests.append(
            ReceivedRequest(
                signal=arrival.signal,
                protocol=arrival.protocol,
                number=number,
                headers=arrival.headers,
                size=len(arrival.payload),
                wire_size=arrival.wire_size,
                message=message,
                status=status,
                accepted=accepted,
            )
        )
