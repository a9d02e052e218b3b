"""A bridge whose telemetry goes through the real encoder and exporter to a receiver in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
import os
from typing import TYPE_CHECKING, Final

from agent_otel.testing.expected import Expectation
from agent_otel.testing.received import ReceivedLog, ReceivedPoint, ReceivedSpan
from agent_otel.testing.receiver import OtlpReceiver
from agent_otel.testing.trees import assert_tree
from agent_otel.testing.verdicts import assert_conforms

if TYPE_CHECKING:
    from agent_otel.bridge import Bridge

__all__ = ["Capture", "capture"]

_FOREIGN: Final = ("OTEL_", "AGENT_OTEL_")
_AMBIENT: Final = ("TRACEPARENT", "TRACESTATE", "BAGGAGE")
_NO_PROXY: Final = ("NO_PROXY", "no_proxy")


class Capture:
    """What a program sends while it is looked at. Made by ``capture()``.

    Args:
        receiver: Where it is sent.
    """

    def __init__(self, receiver: OtlpReceiver) -> None:
        self._receiver = receiver
        self._bridge: Bridge | None = None

    @property
    def receiver(self) -> OtlpReceiver:
        """Where everything is sent, by the bridge and by all that reads ``OTEL_EXPORTER_OTLP_ENDPOINT``."""
        return self._receiver

    @property
    def bridge(self) -> Bridge:
        """A bridge, made when it is first asked for; a program that makes its own is captured as well."""
        if self._bridge is None:
            from agent_otel.bridge import Bridge  # noqa: PLC0415  not needed where the program makes its own

            self._bridge = Bridge.from_env()
        return self._bridge

    def spans(self) -> list[ReceivedSpan]:
        """Flush the bridge and give the spans that were received, in the order received."""
        self._flush()
        return self._receiver.spans()

    def logs(self) -> list[ReceivedLog]:
        """Flush the bridge and give the log records that were received, in the order received."""
        self._flush()
        return self._receiver.logs()

    def metrics(self) -> list[ReceivedPoint]:
        """Flush the bridge and give the last point of each series, which tells the whole: series are cumulative."""
        self._flush()
        last = {_series(point): point for point in self._receiver.metrics()}
        return list(last.values())

    def assert_tree(self, expected: Expectation, *, any_order: bool = False) -> None:
        """Assert that the spans received are these trees; see ``agent_otel.testing.assert_tree``."""
        __tracebackhide__ = True
        assert_tree(self.spans(), expected, any_order=any_order)

    def assert_conforms(self) -> None:
        """Assert that every span received violates none of the semantic conventions' rules."""
        __tracebackhide__ = True
        assert_conforms(self.spans())

    def close(self) -> None:
        """Shut the bridge down: what is open in it ends as interrupted, and is sent."""
        if self._bridge is not None:
            self._bridge.shutdown()

    def _flush(self) -> None:
        """Wait until everything arrived; that it does not is an error, unless the receiver refuses or holds some."""
        __tracebackhide__ = True
        if self._bridge is None or self._bridge.flush():
            return
        if all(request.accepted for request in self._receiver.requests()) and not self._receiver.held:
            raise AssertionError(f"the bridge could not deliver everything: {self._bridge.health().sinks}")


def _series(point: ReceivedPoint) -> tuple[str, ...]:
    attributes = (f"{key}={value!r}" for part in (point.attributes, point.resource) for key, value in part.items())
    return (point.scope, point.name, *sorted(attributes))


@contextmanager
def capture(
    environ: Mapping[str, str] | None = None, *, receiver: OtlpReceiver | None = None, grpc: bool = False
) -> Iterator[Capture]:
    """Capture what agent-otel sends in the block.

    In the block the environment names a receiver as the OTLP endpoint, and has no other ``OTEL_*`` and ``AGENT_OTEL_*``
    variables than these and those given. It is the environment of the process: one capture at a time.

    Args:
        environ: Variables to set in the block.
        receiver: Where to send, listening; None means one of its own.
        grpc: Whether to send over gRPC; a receiver that is given has to listen for it.

    Yields:
        The capture. Its bridge is shut down at the end of the block; what was received stays.
    """
    if receiver is None:
        with OtlpReceiver(grpc=grpc) as own, capture(environ, receiver=own, grpc=grpc) as captured:
            yield captured
        return
    endpoint = receiver.grpc_endpoint if grpc else receiver.http_endpoint
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc" if grpc else "http/protobuf",
        **{name: ",".join(filter(None, [os.environ.get(name), "127.0.0.1"])) for name in _NO_PROXY},
        **(environ or {}),
    }
    restore = _replace_environment(variables)
    captured = Capture(receiver)
    try:
        yield captured
    finally:
        captured.close()
        restore()


def _replace_environment(variables: Mapping[str, str]) -> Callable[[], None]:
    """Set variables and remove those that would speak against them; gives what brings the old ones back."""
    removed = [name for name in os.environ if name.startswith(_FOREIGN) or name in _AMBIENT]
    touched = {name: os.environ.get(name) for name in (*removed, *variables)}
    for name in removed:
        del os.environ[name]
    os.environ.update(variables)

    def restore() -> None:
        for name, value in touched.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    return restore
