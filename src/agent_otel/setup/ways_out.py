"""Where the processors of a provider send, and whether what they send was filtered: for what must not go out twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import frozen
from opentelemetry.sdk.trace import SpanProcessor

from agent_otel.delivery.otlp.stock import endpoint_identity_of
from agent_otel.processors import TerminalPreservingProcessor
from agent_otel.processors.content import ContentPolicyProcessor, GuardedSpanExporter
from agent_otel.setup.span_exporter import AgentOtlpSpanExporter

__all__ = ["WayOut", "same_destination", "ways_out"]

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_OF_ONE_COLLECTOR: Final = frozenset({4317, 4318})  # its standard ports, for gRPC and for HTTP
_PORTS: Final = {"http": 80, "https": 443}
_DEPTH: Final = 8  # of processors and exporters around each other


@frozen
class WayOut:
    """One destination of a processor.

    Attributes:
        destination: As ``endpoint_identity`` of sinks.
        is_filtered: Whether the content policy stands before it.
    """

    destination: str
    is_filtered: bool


def ways_out(processors: Iterable[SpanProcessor]) -> list[WayOut]:
    """Give where processors send by OTLP, in their order; what sends otherwise is not told.

    Args:
        processors: Of a provider.
    """
    return [way for processor in processors for way in _ways(processor, _DEPTH, is_filtered=False)]


def _ways(sender: Any, depth: int, *, is_filtered: bool) -> Iterator[WayOut]:
    """Look through whatever stands around an exporter."""
    if depth == 0:
        return
    if isinstance(sender, TerminalPreservingProcessor):
        if sender.outbox.endpoint_identity:
            yield WayOut(sender.outbox.endpoint_identity, is_filtered=True)
        return
    if isinstance(sender, AgentOtlpSpanExporter):
        yield from (WayOut(destination, is_filtered=True) for destination in sender.destinations)
        return
    inner = sender.inner if isinstance(sender, (ContentPolicyProcessor, GuardedSpanExporter)) else None
    if inner is not None:
        yield from _ways(inner, depth - 1, is_filtered=True)
        return
    if destination := endpoint_identity_of(sender):
        yield WayOut(destination, is_filtered)
        return
    exporter = getattr(sender, "span_exporter", None)  # what the stock processors call it
    if exporter is not None:
        yield from _ways(exporter, depth - 1, is_filtered=is_filtered)


def same_destination(one: str, other: str) -> bool:
    """Say whether two endpoint identities are one destination.

    Names of the own machine are one, and so are the two standard ports of a collector. Headers are not looked at.
    """
    if not one or not other:
        return False
    if one == other:
        return True
    host, port, path = _place(one)
    other_host, other_port, other_path = _place(other)
    if host != other_host or (port != other_port and not {port, other_port} <= _OF_ONE_COLLECTOR):
        return False
    return path == other_path or not path or not other_path  # gRPC has none


def _place(identity: str) -> tuple[str, int | None, str]:
    parts = urlsplit(identity if "://" in identity else f"http://{identity}")
    host = (parts.hostname or "").lower()
    try:
        port = parts.port if parts.port is not None else _PORTS.get(parts.scheme)
    except ValueError:
        port = None
    return ("localhost" if host in _LOOPBACK else host), port, parts.path.rstrip("/")
