"""What a bridge sends through: emitters, outboxes, providers, a spool; and how it is flushed and ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import threading
import time
from typing import Any

from attrs import define, field, fields
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from agent_otel.emit import (
    LogEmitter,
    MetricEmitter,
    Sampling,
    SpanEmitter,
)
from agent_otel.policy import ContentPolicy, SinkPolicy
from agent_otel.policy.narrowing import narrowest_of
from agent_otel.processors import (
    Aside,
    DeliveryWarning,
    Outbox,
    TerminalPreservingProcessor,
    in_forked_child,
)
from agent_otel.processors.content import (
    ContentCounts,
    GuardedMetricExporter,
)
from agent_otel.processors.spooling import Spooling

__all__ = ["SharedTelemetry", "Telemetry"]

_SHUTDOWN_MARGIN_S = 0.2
_SPOOL_CLOSE_S = 1.0


@define(eq=False)
class Telemetry:
    """Emitters, outboxes and providers of one bridge."""

    spans: SpanEmitter
    metrics: MetricEmitter
    logs: LogEmitter
    sampling: Sampling
    namespace: str
    outboxes: list[Outbox] = field(factory=list)  # those of spans first
    spooling: Spooling | None = None
    tracer_provider: TracerProvider | None = None
    meter_provider: MeterProvider | None = None
    logger_provider: LoggerProvider | None = None
    content_counts: Mapping[str, ContentCounts] = field(factory=dict)
    wills: SpanEmitter | None = None  # makes the spans that are to be seen if the process dies; None without a spool
    metric_exporters: Mapping[str, GuardedMetricExporter] = field(factory=dict)  # those that push, by sink id
    metrics_aside: Aside | None = None  # flushes and stops the metrics; None where none are sent
    span_processors: list[TerminalPreservingProcessor] = field(factory=list)  # for spans that others made, too
    policy: ContentPolicy = field(factory=ContentPolicy)
    narrowest: SinkPolicy = field(factory=lambda: narrowest_of(()))  # what every sink may see
    observed: list[Callable[[], Any]] = field(factory=list)  # gives the health of the bridge that uses it
    is_shut: bool = field(default=False, init=False)
    when_shut: Callable[[Telemetry], None] | None = field(default=None, init=False)  # told of the end, before it
    _metrics_flush: threading.Event | None = field(default=None, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        in_forked_child(self._after_fork)

    def _after_fork(self) -> None:
        self._metrics_flush = None

    @property
    def sinks(self) -> dict[str, dict[str, int]]:
        """The books of every sink, by its name."""
        return {outbox.sink_id: outbox.as_dict() for outbox in self.outboxes}

    @property
    def delivery(self) -> dict[str, dict[str, float]]:
        """How every sink is, by its name."""
        return {outbox.sink_id: outbox.state() for outbox in self.outboxes}

    @property
    def spooled(self) -> dict[str, int]:
        """What this process has on disk; empty without a spool."""
        return self.spooling.amounts() if self.spooling is not None else {}

    @property
    def lost(self) -> int:
        """Spans and log records that no sink will ever acknowledge."""
        return sum(books["rejected"] + books["evicted"] for books in self.sinks.values())

    def flush(self, deadline: float) -> bool:
        """Push out everything until ``deadline`` in seconds of ``time.monotonic``; gives whether all was settled."""
        for outbox in self.outboxes:
            outbox.begin_flush()
        flush = self._metrics_flush
        if self.metrics_aside is not None and self.meter_provider is not None and (flush is None or flush.is_set()):
            flush = self._metrics_flush = self.metrics_aside.run(self.meter_provider.force_flush)
        try:
            done = [outbox.wait_until_empty(deadline) for outbox in self.outboxes]
        finally:
            for outbox in self.outboxes:
                outbox.end_flush()
        return all(done) and (flush is None or flush.wait(max(0.0, deadline - time.monotonic())))

    def shutdown(self, deadline: float) -> None:
        """Stop everything by ``deadline``; what is still queued then is written off and counted."""
        self.is_shut = True
        if self.when_shut is not None:
            self.when_shut(self)
        stopped = None
        if self.spooling is not None:
            self._deliver_while_it_moves(deadline)
            deadline = min(deadline, time.monotonic() + _SHUTDOWN_MARGIN_S)
        metrics_by = max(deadline, time.monotonic() + _SHUTDOWN_MARGIN_S)
        if self.metrics_aside is not None and self.meter_provider is not None:
            stopped = self.metrics_aside.run(self.meter_provider.shutdown)
            self.metrics_aside.stop()
        for outbox in self.outboxes:
            outbox.begin_shutdown(deadline)
        for outbox in self.outboxes:
            outbox.end_shutdown(deadline)
        if self.spooling is not None:
            self.spooling.close(max(deadline, time.monotonic() + _SPOOL_CLOSE_S))
        if stopped is not None:
            stopped.wait(max(0.0, metrics_by - time.monotonic()))

    def warn_in_log(self) -> None:
        """Have the log told when nothing is delivered: where there is no bridge that does."""
        warning = DeliveryWarning(self.outboxes)
        for outbox in self.outboxes:
            outbox.warning = warning

    def end(self, timeout_s: float) -> None:
        """Send what is queued and stop, in seconds; with a spool, what cannot be sent at once stays on disk."""
        deadline = time.monotonic() + timeout_s
        if self.spooling is None:
            self.flush(deadline)
        self.shutdown(deadline)

    def _deliver_while_it_moves(self, deadline: float) -> None:
        for outbox in self.outboxes:
            outbox.begin_flush()
        for outbox in self.outboxes:
            outbox.wait_while_it_moves(deadline)
        for outbox in self.outboxes:
            outbox.end_flush()


@define(eq=False)
class SharedTelemetry(Telemetry):
    """The telemetry of the whole process in the hands of one of its users, who does not end it."""

    @classmethod
    def of(cls, telemetry: Telemetry) -> SharedTelemetry:
        """Share what somebody else ends."""
        parts = {str(part.alias): getattr(telemetry, part.name) for part in fields(Telemetry) if part.init}
        return cls(**parts)

    def shutdown(self, deadline: float) -> None:
        """Send what is queued by ``deadline``; what is left is sent later, or on disk."""
        if self.spooling is not None:  # else it was flushed before
            self._deliver_while_it_moves(deadline)
