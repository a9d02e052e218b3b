"""What stands on the host's provider and on our private one, so that each gets the other's spans, and none twice.

Spans of other libraries come from the host's provider and go, through ``SwitchingProcessor``, to the sinks of the
telemetry that is current. The bridge's spans come from a private provider and go, through ``ForwardingProcessor``, to
the host's other processors, scrubbed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
import logging
import time
from typing import Final
import weakref

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

from agent_otel.processors import TerminalPreservingProcessor
from agent_otel.processors.content import BESIDE, ContentPolicyProcessor
from agent_otel.processors.interruption import of_signal_handler
from agent_otel.setup.host_provider import processors_of
from agent_otel.setup.telemetry import Telemetry
from agent_otel.setup.ways_out import WayOut, same_destination, ways_out

__all__ = ["ForwardingProcessor", "SwitchingProcessor", "destinations_of", "warn_of_raw"]

_log = logging.getLogger("agent_otel")
_SHUTDOWN_S: Final = 5.0
_FIX: Final = (
    "take that exporter off the provider and let agent-otel deliver, or put "
    "agent_otel.processors.content.ContentPolicyProcessor in front of it (docs/getting-started.md)"
)
_warned: set[tuple[str, bool]] = set()  # destinations that were warned of in this process


def destinations_of(telemetry: Telemetry) -> list[str]:
    """Give where the sinks of spans send, as ``endpoint_identity``."""
    return [processor.outbox.endpoint_identity for processor in telemetry.span_processors]


def warn_of_raw(ways: Sequence[WayOut], ours: Sequence[str]) -> None:
    """Warn, once per destination, of exporters beside ours that send spans as they are.

    Args:
        ways: Where the host's processors send.
        ours: Where our sinks send.
    """
    for way in ways:
        is_ours = any(same_destination(way.destination, other) for other in ours)
        if way.is_filtered or (way.destination, is_ours) in _warned:
            continue
        _warned.add((way.destination, is_ours))
        if is_ours:
            _log.warning(
                "the tracer provider of this process already exports to %s: spans of other libraries leave through "
                "that exporter, unfiltered, and agent-otel does not send them a second time; %s",
                way.destination,
                _FIX,
            )
        else:
            _log.warning(
                "an exporter beside agent-otel sends spans of other libraries to %s, unfiltered; %s",
                way.destination,
                _FIX,
            )


class SwitchingProcessor(SpanProcessor):
    """Gives the spans of a provider to the sinks of the telemetry that is current, and to nobody after its end.

    A sink is left out while another processor of the provider sends to the same place: nothing is sent twice.

    Args:
        provider: The provider that it stands on.
        current: Gives the telemetry that is current; None if there is none.
    """

    def __init__(self, provider: TracerProvider, current: Callable[[], Telemetry | None]) -> None:
        self._provider = weakref.ref(provider)
        self._current = current
        self._known: tuple[Telemetry, tuple[SpanProcessor, ...]] | None = None
        self._sinks: Sequence[TerminalPreservingProcessor] = ()
        self._is_shut = False

    def forget(self, telemetry: Telemetry) -> None:
        """Let go of telemetry that has ended."""
        if self._known is not None and self._known[0] is telemetry:
            self._known, self._sinks = None, ()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Tell our processors of a span that begins."""
        for processor in self._processors():
            processor.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Give our processors a span that ended. Never raises."""
        for processor in self._processors():
            processor.on_end(span)

    def shutdown(self) -> None:
        """Send what is queued within five seconds; from now on nothing is taken of this provider."""
        self._is_shut = True
        telemetry = self._current()
        if telemetry is not None and telemetry.spooling is None:
            telemetry.flush(time.monotonic() + _SHUTDOWN_S)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what is queued within ``timeout_millis``; gives whether all of it was."""
        telemetry = self._current()
        return telemetry is None or telemetry.flush(time.monotonic() + timeout_millis / 1000)

    def _processors(self) -> Sequence[TerminalPreservingProcessor]:
        telemetry, provider = self._current(), self._provider()
        if self._is_shut or telemetry is None or provider is None:
            return ()
        beside = processors_of(provider)
        known = self._known
        if known is None or known[0] is not telemetry or known[1] is not beside:
            self._look(telemetry, beside)
        return self._sinks

    def _look(self, telemetry: Telemetry, beside: tuple[SpanProcessor, ...]) -> None:
        """Look who else gets the spans, whenever a processor was added to the provider."""
        try:
            ways = ways_out(processor for processor in beside if processor is not self)
        except Exception as error:
            if of_signal_handler(error):
                raise
            ways = []
        self._sinks = [
            processor
            for processor in telemetry.span_processors
            if not any(same_destination(processor.outbox.endpoint_identity, way.destination) for way in ways)
        ]
        self._known = (telemetry, beside)
        with suppress(Exception):  # whatever a handler of the log does
            warn_of_raw(ways, destinations_of(telemetry))


class ForwardingProcessor(SpanProcessor):
    """Gives the bridge's spans to the other processors of a host's provider, as every sink may see them.

    Not to those that send where one of our sinks does: nothing is sent twice. What they raise is theirs.

    Args:
        host: The host's provider.
        telemetry: Whose private provider it stands on.
    """

    def __init__(self, host: TracerProvider, telemetry: Telemetry) -> None:
        self._host = weakref.ref(host)
        self._policy, self._narrowest = telemetry.policy, telemetry.narrowest
        self._ours = destinations_of(telemetry)
        self._known: tuple[SpanProcessor, ...] | None = None
        self._others: list[ContentPolicyProcessor] = []
        self._has_told = False

    @property
    def host(self) -> TracerProvider | None:
        """The host's provider, as long as it lives."""
        return self._host()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Tell the host's processors of a span that begins."""
        for processor in self._processors():
            self._attempt(lambda to=processor: to.on_start(span, parent_context))  # type: ignore[misc]

    def on_end(self, span: ReadableSpan) -> None:
        """Give the host's processors a span that ended, without what travels beside it for our sinks."""
        token = BESIDE.set(None)
        try:
            for processor in self._processors():
                self._attempt(lambda to=processor: to.on_end(span))  # type: ignore[misc]
        finally:
            BESIDE.reset(token)

    def _processors(self) -> Sequence[ContentPolicyProcessor]:
        host = self._host()
        if host is None:
            return ()
        beside = processors_of(host)
        if beside is not self._known:
            kept = {id(each.inner): each for each in self._others}
            self._others = [
                kept.get(id(processor)) or ContentPolicyProcessor(processor, self._policy, self._narrowest)
                for processor in beside
                if self._is_for(processor)
            ]
            self._known = beside
        return self._others

    def _is_for(self, processor: SpanProcessor) -> bool:
        if isinstance(processor, SwitchingProcessor):
            return False
        ways = ways_out([processor])
        return not any(same_destination(way.destination, ours) for way in ways for ours in self._ours)

    def _attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:
            if of_signal_handler(error):
                raise
            if not self._has_told:
                self._has_told = True
                _log.warning("a span processor of the host failed on a span of agent-otel (%s)", type(error).__name__)
