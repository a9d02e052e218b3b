"""A real OTLP receiver on loopback: export requests in over HTTP or gRPC, spans, points and log records out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Event
from types import TracebackType
from typing import Any, Final, final

from agent_otel.testing.certificates import ServerCertificate
from agent_otel.testing.exchange import SERVICES, Arrival, ReceivedRequest, Reply, Signal
from agent_otel.testing.fault import Fault, Hold, Respond
from agent_otel.testing.http_endpoint import HttpEndpoint
from agent_otel.testing.inbox import Inbox
from agent_otel.testing.received import ReceivedLog, ReceivedPoint, ReceivedSpan

__all__ = ["OtlpReceiver"]

_STOPPED: Final = Reply(0, broken="reset")  # what becomes of a request that is held when the receiver stops


@final
class OtlpReceiver:
    """Receives OTLP as a collector does and keeps what came, for tests.

    Works as a context manager. Unlike an in-memory exporter it sees encoding, batching, compression and limits.

    Args:
        grpc: Whether to listen for gRPC beside HTTP; needs ``grpcio``.
        respond: Decides on each request by its signal and its number from 1: a fault or script of ``faults``, or a
            function that gives a ``Reply``, a fault, or None, which accepts. Runs on the endpoint's threads, several at
            once. What is not accepted is in ``requests()`` but counts as not received.
        certificate: What to serve TLS with; None means no TLS.

    Example:
        >>> with OtlpReceiver() as receiver:
        ...     receiver.spans()
        []
    """

    def __init__(
        self, *, grpc: bool = False, respond: Respond | None = None, certificate: ServerCertificate | None = None
    ) -> None:
        self._wants_grpc = grpc
        self._respond = respond
        self._certificate = certificate
        self._http: HttpEndpoint | None = None
        self._grpc: Any = None
        self._changed = Condition()
        self._inbox = Inbox(self._changed)
        self._asked: Counter[Signal] = Counter()
        self._held: set[Event] = set()
        self._given_up: set[Event] = set()
        self._is_stopping = False
        self._failed_handshakes = 0

    def start(self) -> None:
        """Listen; the ports are the system's choice. Does nothing if it listens already.

        Raises:
            ImportError: gRPC is asked for and ``grpcio`` is not installed.
        """
        if self._http is not None:
            return
        self._is_stopping = False
        if self._wants_grpc:
            from agent_otel.testing.grpc_endpoint import GrpcEndpoint  # noqa: PLC0415  grpc is heavy and optional

            self._grpc = GrpcEndpoint(self._accept, self._certificate)
        tls = self._certificate.context() if self._certificate is not None else None
        self._http = HttpEndpoint(self._accept, tls, self._note_failed_handshake)

    def stop(self) -> None:
        """Stop listening and wait for the threads; what was received stays. Does nothing if it does not listen.

        Requests that a fault holds are let go without an answer, and count as not received.
        """
        self._is_stopping = True
        self._give_up_held()
        for endpoint in self._endpoints:
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

    # -- what goes wrong ----------------------------------------------------------------------------------------------

    def respond_with(self, respond: Respond | None) -> None:
        """Decide otherwise on requests from now on.

        Args:
            respond: As for the receiver; None accepts. The numbers that it is given count from here.
        """
        with self._changed:
            self._respond = respond
            self._asked.clear()

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Hang up on every client and refuse connections, on the same ports, until the end of the block.

        Requests that a fault holds end as with ``stop()``.
        """
        endpoints = self._endpoints
        self._give_up_held()
        for endpoint in endpoints:
            endpoint.refuse()
        try:
            yield
        finally:
            for endpoint in endpoints:
                if endpoint in self._endpoints:  # else it was stopped meanwhile
                    endpoint.listen()

    # -- what came ----------------------------------------------------------------------------------------------------

    @property
    def held(self) -> int:
        """How many requests a stall or delay holds at this moment."""
        with self._changed:
            return len(self._held)

    @property
    def failed_handshakes(self) -> int:
        """How many TLS handshakes failed, over HTTP; gRPC does not tell."""
        with self._changed:
            return self._failed_handshakes

    def requests(self, signal: Signal | None = None) -> list[ReceivedRequest]:
        """Give every well-formed request, accepted or not, in the order in which they were decided on.

        Args:
            signal: Which signal's; None means all.
        """
        return self._inbox.requests(signal)

    def spans(self) -> list[ReceivedSpan]:
        """Give the accepted spans, in the order received."""
        return self._inbox.spans()

    def take_spans(self) -> list[ReceivedSpan]:
        """Give the accepted spans and forget all requests so far, of all signals: for tests that run for long."""
        return self._inbox.take_spans()

    def metrics(self) -> list[ReceivedPoint]:
        """Give the accepted metric points, in the order received; a cumulative series comes once per export."""
        return self._inbox.points()

    def logs(self) -> list[ReceivedLog]:
        """Give the accepted log records, in the order received."""
        return self._inbox.logs()

    def wait_for(self, predicate: Callable[[OtlpReceiver], bool], timeout_s: float = 10.0) -> bool:
        """Wait until something holds of what was received.

        Args:
            predicate: Asked at once and whenever something happens here, with this receiver.
            timeout_s: Seconds to wait at most.

        Returns:
            Whether it came to hold.
        """
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self), timeout_s)

    # -- on the threads of the endpoints ------------------------------------------------------------------------------

    @property
    def _endpoints(self) -> list[Any]:
        return [endpoint for endpoint in (self._http, self._grpc) if endpoint is not None]

    def _accept(self, arrival: Arrival) -> Reply | None:
        message = SERVICES[arrival.signal].parse(arrival.payload)
        number = self._inbox.number(arrival.signal)
        reply = self._decide(arrival)
        self._inbox.add(arrival, number, message, reply)
        return reply

    def _decide(self, arrival: Arrival) -> Reply | None:
        with self._changed:
            respond = self._respond
            self._asked[arrival.signal] += 1
            asked = self._asked[arrival.signal]
        # Outside the lock: the hook may take its time, and other requests go on meanwhile.
        decision = respond(arrival.signal, asked) if respond is not None else None
        if not isinstance(decision, Fault):
            return decision
        if decision.hold is not None and not self._hold(decision.hold):
            return _STOPPED
        return decision.answer(arrival)

    def _hold(self, hold: Hold) -> bool:
        """Hold a request; gives whether it is still to be answered then."""
        wake = Event()
        with self._changed:
            if self._is_stopping:
                return False
            self._held.add(wake)
            self._changed.notify_all()
        hold.wait(wake)
        with self._changed:
            self._held.discard(wake)
            self._changed.notify_all()
            is_given_up = wake in self._given_up
            self._given_up.discard(wake)
            return not is_given_up

    def _give_up_held(self) -> None:
        with self._changed:
            self._given_up |= self._held
            for wake in self._held:
                wake.set()

    def _note_failed_handshake(self) -> None:
        with self._changed:
            self._failed_handshakes += 1
            self._changed.notify_all()
