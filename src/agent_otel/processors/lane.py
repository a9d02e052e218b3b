"""The one seam through which spans and log records leave: a lane in front of the stock batch processor of one exporter.

The lane admits an item only while the sink's queue has room, so that the stock processor, which would silently throw
out its oldest item, never overflows; what is not admitted is counted. Around the exporter it keeps the books: the stock
processor ignores what an export gave.
"""

from __future__ import annotations

from collections.abc import Sequence
import threading
import time
from typing import Any

from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from agent_otel.delivery import SinkBooks
from agent_otel.processors.aside import Aside
from agent_otel.processors.forking import in_forked_child

__all__ = ["Lane", "LogLane", "SpanLane"]


class _CountingSpanExporter(SpanExporter):
    """Keeps the books around a span exporter."""

    def __init__(self, exporter: SpanExporter, books: SinkBooks) -> None:
        self._exporter = exporter
        self._books = books

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = self._exporter.export(spans)
        except Exception as error:  # noqa: BLE001  whatever an exporter raises, the batch is lost and counted
            self._books.reject(len(spans), type(error).__name__)
            return SpanExportResult.FAILURE
        _settle(self._books, len(spans), result is SpanExportResult.SUCCESS)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


class _CountingLogExporter(LogRecordExporter):
    """Keeps the books around a log record exporter."""

    def __init__(self, exporter: LogRecordExporter, books: SinkBooks) -> None:
        self._exporter = exporter
        self._books = books

    def export(self, batch: Sequence[Any]) -> LogRecordExportResult:
        try:
            result = self._exporter.export(batch)
        except Exception as error:  # noqa: BLE001  as above
            self._books.reject(len(batch), type(error).__name__)
            return LogRecordExportResult.FAILURE
        _settle(self._books, len(batch), result is LogRecordExportResult.SUCCESS)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 10_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _settle(books: SinkBooks, count: int, delivered: bool) -> None:  # noqa: FBT001
    if delivered:
        books.acknowledge(count)
    else:
        books.reject(count, "export failed")


class Lane:
    """What span and log lanes share: admission, room, flush and shutdown with a deadline."""

    def __init__(self, books: SinkBooks, stock: Any) -> None:
        self.books = books
        self._stock = stock
        self._closed = False
        self._flush_waits = False
        self._stopped = threading.Event()
        self._stuck_at = -1  # how many items were acknowledged when waiting for the next one was in vain
        self._aside = Aside(f"agent-otel-{books.sink_id}")
        in_forked_child(self._after_fork)

    def _after_fork(self) -> None:
        """In a forked child: what is queued is the parent's, and the stock processor has forgotten it too."""
        self.books.reset_after_fork()
        self._flush_waits = False

    def give_up(self) -> None:
        """Admit nothing more: the sink is known to be dead, and waiting for it would take forever."""
        self._closed = True

    def admits(self) -> bool:
        """Account for one item; gives whether it may go on to the queue."""
        if self._closed:
            with_room = self.books.admit()
            if with_room:
                self.books.reject(1, self.books.last_error or "given up")
            return False
        return self.books.admit()

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until the queue has room; gives whether it has. A lane that gave up always has."""
        return self._closed or self.books.wait_for_room(timeout_s)

    @property
    def is_well(self) -> bool:
        """Whether waiting for room is worth it: not when the sink fails, or acknowledged nothing since it got stuck."""
        return not self._closed and self.books.failed_in_a_row == 0 and self.books.exported != self._stuck_at

    def mark_stuck(self) -> None:
        """Note that waiting was in vain: until the sink acknowledges something, it is not waited for."""
        self._stuck_at = self.books.exported

    def begin_flush(self) -> None:
        """Push out what is queued, aside: the stock flush ignores deadlines. One that has yet to begin serves all."""
        if self.books.queued > 0 and not self._flush_waits:
            self._flush_waits = True
            self._aside.run(self._flush_stock)

    def _flush_stock(self) -> None:
        self._flush_waits = False
        self._stock.force_flush()

    def flush(self, deadline: float) -> bool:
        """Push out what is queued and wait for it, until ``deadline`` in seconds of ``time.monotonic``."""
        self.begin_flush()
        return self.books.wait_until_empty(deadline)

    def shutdown_by(self, deadline: float) -> None:
        """Stop the stock processor and its exporter by ``deadline``; what is left then is written off as evicted."""
        self.begin_shutdown()
        self.end_shutdown(deadline)

    def begin_shutdown(self) -> None:
        """Admit nothing more and begin to stop, aside: the stock processor may take 30 s."""
        self._closed = True
        self._stopped = self._aside.run(self._stock.shutdown)
        self._aside.stop()

    def end_shutdown(self, deadline: float) -> None:
        """Wait until it has stopped or ``deadline``; what is left then is written off as evicted."""
        self._stopped.wait(max(0.0, deadline - time.monotonic()))
        self.books.abandon()


class SpanLane(SpanProcessor):
    """Spans of one exporter.

    Args:
        sink_id: Name of the sink in the books.
        exporter: The stock exporter.
        capacity: Queue size in spans, as ``OTEL_BSP_MAX_QUEUE_SIZE``.
    """

    def __init__(self, sink_id: str, exporter: SpanExporter, capacity: int) -> None:
        self.books = SinkBooks(sink_id, capacity)
        self._stock = BatchSpanProcessor(_CountingSpanExporter(exporter, self.books))
        self.lane = Lane(self.books, self._stock)

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span that ended. Never raises."""
        context = span.context
        if context is not None and context.trace_flags.sampled and self.lane.admits():
            self._stock.on_end(span)

    def shutdown(self) -> None:
        """Stop at once; called by the provider, after the bridge has flushed."""
        self.lane.shutdown_by(time.monotonic() + 1.0)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush within ``timeout_millis``."""
        return self.lane.flush(time.monotonic() + timeout_millis / 1000)


class LogLane(LogRecordProcessor):
    """Log records of one exporter; see ``SpanLane``."""

    def __init__(self, sink_id: str, exporter: LogRecordExporter, capacity: int) -> None:
        self.books = SinkBooks(sink_id, capacity)
        self._stock = BatchLogRecordProcessor(_CountingLogExporter(exporter, self.books))
        self.lane = Lane(self.books, self._stock)

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Queue a log record. Never raises."""
        if self.lane.admits():
            self._stock.on_emit(log_record)

    def shutdown(self) -> None:
        """Stop at once; called by the provider, after the bridge has flushed."""
        self.lane.shutdown_by(time.monotonic() + 1.0)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush within ``timeout_millis``."""
        return self.lane.flush(time.monotonic() + timeout_millis / 1000)
