"""What can go wrong with an export request, and when: values for the ``respond`` of an ``OtlpReceiver``.

A fault goes wrong with every request it is asked about; the functions at the end say with which ones. All work over
HTTP and over gRPC: each protocol gets the form that it has for the fault.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from agent_otel.testing.codes import StatusCode, status_code
from agent_otel.testing.exchange import Arrival, Break, Reply, Signal
from agent_otel.testing.fault import Fault, Hold, Respond
from agent_otel.testing.ports import held_port, port_of

__all__ = [
    "Fault",
    "UntilReleased",
    "at",
    "closed_port",
    "delay",
    "every",
    "first",
    "half_close",
    "on",
    "partial_success",
    "reset",
    "script",
    "sequence",
    "size_limit",
    "stall",
    "status",
    "truncate",
    "until_released",
]

# -- what goes wrong --------------------------------------------------------------------------------------------------


def status(
    code: int | str,
    *,
    retry_after: float | datetime | None = None,
    message: str = "",
    headers: Mapping[str, str] | None = None,
) -> Fault:
    """Refuse with a status.

    Args:
        code: An HTTP status code, such as 503, or the name of a gRPC status code, such as ``"UNAVAILABLE"``. Each is
            translated for the other protocol.
        retry_after: When to try again: seconds, or a time with a time zone. ``Retry-After`` as a number or a date over
            HTTP; over gRPC ``RetryInfo``, in the status details and in the trailer that the Python exporter reads.
        message: What to say of it.
        headers: Further response headers, or trailing metadata.

    Raises:
        ValueError: There is no such status code, or it refuses nothing, or the time has no time zone.
    """
    if isinstance(retry_after, datetime) and retry_after.tzinfo is None:
        raise ValueError("a time to retry after needs a time zone")
    known = status_code(code)
    return Fault(f"status {code}", partial(_status, known, message, retry_after, dict(headers or {})))


def _status(
    code: StatusCode, message: str, retry_after: float | datetime | None, headers: Mapping[str, str], arrival: Arrival
) -> Reply:
    return Reply(code.over(arrival.protocol), headers, message, retry_after)


def partial_success(*, rejected: int, message: str = "") -> Fault:
    """Accept a request but for some of its items.

    The last ``rejected`` spans, points or log records of the request count as not received. None rejected, with a
    message, is a warning.
    """
    return Fault(f"partial success, {rejected} rejected", partial(_partial, rejected, message))


def _partial(rejected: int, message: str, arrival: Arrival) -> Reply:
    return Reply(200 if arrival.protocol == "http" else 0, message=message, rejected=rejected)


def size_limit(limit: int) -> Fault:
    """Refuse requests above so many bytes, uncompressed: with 413, or over gRPC ``RESOURCE_EXHAUSTED``."""
    too_large = status(413, message=f"request larger than {limit} bytes")
    return Fault(
        f"size limit {limit}", lambda arrival: too_large.answer(arrival) if len(arrival.payload) > limit else None
    )


def delay(seconds: float, then: Fault | None = None) -> Fault:
    """Answer late.

    Args:
        seconds: How long the request waits; less if the receiver stops.
        then: What goes wrong after that; None accepts.
    """
    return Fault(f"delay {seconds:g} s", then.answer if then is not None else _accept, Hold(seconds))


def stall(then: Fault | None = None) -> Fault:
    """Never answer, until ``release()`` of this is called or the receiver stops.

    Args:
        then: What goes wrong after the release; None accepts, however late.
    """
    return Fault("stall", then.answer if then is not None else _accept, Hold())


def _accept(_arrival: Arrival) -> None:
    return None


def reset(*, keeps: bool = False) -> Fault:
    """Reset the connection (RST) instead of an answer.

    Args:
        keeps: Whether what was sent counts as received: the acknowledgement is lost, and not the data.
    """
    return _broken("reset", keeps=keeps)


def half_close(*, keeps: bool = False) -> Fault:
    """Close the receiver's half of the connection instead of an answer, and go on reading.

    Args:
        keeps: As for ``reset``.
    """
    return _broken("half_close", keeps=keeps)


def truncate(*, keeps: bool = False) -> Fault:
    """Answer 200 and end amid the body; over gRPC, where an answer is no stream of bytes, the same as ``half_close``.

    Args:
        keeps: As for ``reset``.
    """
    return _broken("truncate", keeps=keeps)


def _broken(how: Break, *, keeps: bool) -> Fault:
    return Fault(how.replace("_", " "), lambda _arrival: Reply(0, broken=how, keeps=keeps))


@contextmanager
def closed_port() -> Iterator[str]:
    """Give the address of a port on which nobody listens: connections are refused."""
    with held_port() as taken:
        yield f"http://127.0.0.1:{port_of(taken)}"


# -- when it goes wrong -----------------------------------------------------------------------------------------------


def first(count: int, respond: Respond) -> Respond:
    """Let something happen to the first ``count`` requests of each signal."""
    return lambda signal, number: respond(signal, number) if number <= count else None


def every(nth: int, respond: Respond) -> Respond:
    """Let something happen to every ``nth`` request of each signal."""
    return lambda signal, number: respond(signal, number) if number % nth == 0 else None


def at(numbers: Collection[int], respond: Respond) -> Respond:
    """Let something happen to the requests of each signal that have these numbers, from 1."""
    return lambda signal, number: respond(signal, number) if number in numbers else None


def on(signal: Signal, respond: Respond) -> Respond:
    """Let something happen to the requests of one signal."""
    return lambda asked, number: respond(asked, number) if asked == signal else None


def sequence(*steps: Respond | None) -> Respond:
    """Let one thing after the other happen to the requests of each signal.

    Args:
        steps: What happens to the first request, the second, and so on; None accepts. Later ones are accepted.
    """

    def decide(signal: Signal, number: int) -> Reply | Fault | None:
        step = steps[number - 1] if number <= len(steps) else None
        return step(signal, number) if step is not None else None

    return decide


def script(*rules: Respond) -> Respond:
    """Ask one rule after the other; the first that has something happen decides."""

    def decide(signal: Signal, number: int) -> Reply | Fault | None:
        decisions = (rule(signal, number) for rule in rules)
        return next((decision for decision in decisions if decision is not None), None)

    return decide


class UntilReleased:
    """Lets something happen until ``release()`` is called: an outage that a test ends.

    Args:
        respond: What happens.
    """

    def __init__(self, respond: Respond) -> None:
        self._respond: Callable[[Signal, int], Reply | Fault | None] | None = respond

    def __call__(self, signal: Signal, number: int) -> Reply | Fault | None:
        """Decide on a request."""
        respond = self._respond
        return respond(signal, number) if respond is not None else None

    def release(self) -> None:
        """Accept from now on, and let go what a stall or delay in it holds."""
        respond, self._respond = self._respond, None
        if isinstance(respond, Fault):
            respond.release()


def until_released(respond: Respond) -> UntilReleased:
    """Let something happen until ``release()`` of this is called."""
    return UntilReleased(respond)
