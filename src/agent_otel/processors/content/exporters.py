"""The content policy around any exporter, for whoever builds the processors: zero-code setups, simple processors.

    SimpleSpanProcessor(GuardedSpanExporter(exporter, policy))

Each takes the exporter that gets what may leave; the policy, None for the default one; the most that the sink may see,
None for ``redacted_summary`` of everything; and where what is done is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from agent_otel.policy import ContentPolicy, SinkPolicy
from agent_otel.processors.content.counts import ContentCounts
from agent_otel.processors.content.measurements import MetricGuard
from agent_otel.processors.content.records import LogGuard
from agent_otel.processors.content.spans import SpanGuard

__all__ = ["GuardedLogExporter", "GuardedMetricExporter", "GuardedSpanExporter"]


class GuardedSpanExporter(SpanExporter):
    """Lets only what the policy allows of each span through to an exporter."""

    def __init__(
        self,
        exporter: SpanExporter,
        policy: ContentPolicy | None = None,
        sink: SinkPolicy | None = None,
        counts: ContentCounts | None = None,
    ) -> None:
        self._exporter = exporter
        self._guard = SpanGuard(policy, sink, counts)
        self.counts = self._guard.counts

    @property
    def inner(self) -> SpanExporter:
        """The exporter that gets what may leave."""
        return self._exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export what may leave."""
        return self._exporter.export([self._guard.filtered(span) for span in spans])

    def shutdown(self) -> None:
        """Shut the exporter down."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the exporter."""
        return self._exporter.force_flush(timeout_millis)


class GuardedLogExporter(LogRecordExporter):
    """Lets only what the policy allows of each log record through to an exporter."""

    def __init__(
        self,
        exporter: LogRecordExporter,
        policy: ContentPolicy | None = None,
        sink: SinkPolicy | None = None,
        counts: ContentCounts | None = None,
    ) -> None:
        self._exporter = exporter
        self._guard = LogGuard(policy, sink, counts)
        self.counts = self._guard.counts

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Export what may leave."""
        return self._exporter.export([self._guard.filtered(record) for record in batch])

    def shutdown(self) -> None:
        """Shut the exporter down."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 10_000) -> bool:
        """Flush the exporter."""
        return self._exporter.force_flush(timeout_millis)


class GuardedMetricExporter(MetricExporter):
    """Lets only what the policy allows of metrics through to an exporter."""

    def __init__(
        self,
        exporter: MetricExporter,
        policy: ContentPolicy | None = None,
        sink: SinkPolicy | None = None,
        counts: ContentCounts | None = None,
    ) -> None:
        # A reader asks its exporter for these, and the SDK has no public way to ask another exporter.
        super().__init__(
            preferred_temporality=exporter._preferred_temporality,  # noqa: SLF001
            preferred_aggregation=exporter._preferred_aggregation,  # noqa: SLF001
        )
        self._exporter = exporter
        self._guard = MetricGuard(policy, sink, counts)
        self.counts = self._guard.counts
        self.exporting: Callable[[], AbstractContextManager[list[bool]]] = lambda: nullcontext([])
        """Stands around each export, and is given whether it succeeded."""

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> MetricExportResult:
        """Export what may leave."""
        with self.exporting() as took:
            result = self._exporter.export(self._guard.filtered(metrics_data), timeout_millis, **kwargs)
            took.append(result is MetricExportResult.SUCCESS)
        return result

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Shut the exporter down."""
        self._exporter.shutdown(timeout_millis, **kwargs)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Flush the exporter."""
        return self._exporter.force_flush(timeout_millis)
