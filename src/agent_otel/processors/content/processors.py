"""The content policy in front of any processor."""

from __future__ import annotations

from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

from agent_otel.policy import ContentPolicy, SinkPolicy
from agent_otel.processors.content.counts import ContentCounts
from agent_otel.processors.content.records import LogGuard
from agent_otel.processors.content.spans import FilteredSpan, SpanGuard

__all__ = ["ContentPolicyLogProcessor", "ContentPolicyProcessor"]


_DEAF = (SpanProcessor.on_start, SimpleSpanProcessor.on_start, BatchSpanProcessor.on_start)  # starts do nothing there


class ContentPolicyProcessor(SpanProcessor):
    """Lets only what the policy allows of each span through to another processor, whoever made the span.

        provider.add_span_processor(ContentPolicyProcessor(BatchSpanProcessor(exporter), ContentPolicy()))

    Never raises into ``span.end()``: a span on which the policy fails goes on as a stub, and is counted.

    Args:
        delegate: The processor that gets filtered spans.
        policy: What may leave; None: the default policy.
        sink: The most that the delegate's sink may see; None: ``redacted_summary`` of everything.
        counts: Where what is done is counted.
    """

    def __init__(
        self,
        delegate: SpanProcessor,
        policy: ContentPolicy | None = None,
        sink: SinkPolicy | None = None,
        counts: ContentCounts | None = None,
    ) -> None:
        self._delegate = delegate
        self._guard = SpanGuard(policy, sink, counts)
        self.counts = self._guard.counts
        self._is_told_of_starts = type(delegate).on_start not in _DEAF

    @property
    def inner(self) -> SpanProcessor:
        """The delegate."""
        return self._delegate

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Tell the delegate of a span that begins: it reads a filtered copy, and writes to the span itself."""
        self._guard.learn(span)
        if self._is_told_of_starts:
            self._delegate.on_start(_Started(self._guard.filtered(span), span), parent_context)  # type: ignore[arg-type]

    def on_end(self, span: ReadableSpan) -> None:
        """Give the delegate what may leave of a span that ended; nothing if not even a stub can be made of it."""
        try:
            filtered = self._guard.filtered(span)
        except RecursionError:  # at the agent's own limit; the guard has counted it
            return
        self._delegate.on_end(filtered)

    def shutdown(self) -> None:
        """Shut the delegate down."""
        self._delegate.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the delegate."""
        return self._delegate.force_flush(timeout_millis)


class _Started(FilteredSpan):
    """A span that has begun: what is read is filtered, what is called on it reaches the span."""

    def __init__(self, filtered: ReadableSpan, span: Span) -> None:
        super().__init__(filtered)
        self._span = span

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._span, name)


class ContentPolicyLogProcessor(LogRecordProcessor):
    """The same for log records.

    Args:
        delegate: The processor that gets filtered records. It gets copies: other processors see what was emitted.
        policy: What may leave; None: the default policy.
        sink: The most that the delegate's sink may see; None: ``redacted_summary`` of everything.
        counts: Where what is done is counted.
    """

    def __init__(
        self,
        delegate: LogRecordProcessor,
        policy: ContentPolicy | None = None,
        sink: SinkPolicy | None = None,
        counts: ContentCounts | None = None,
    ) -> None:
        self._delegate = delegate
        self._guard = LogGuard(policy, sink, counts)
        self.counts = self._guard.counts

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Give the delegate what may leave of a log record."""
        self._delegate.on_emit(self._guard.filtered(log_record))

    def shutdown(self) -> None:
        """Shut the delegate down."""
        self._delegate.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the delegate."""
        return self._delegate.force_flush(timeout_millis)
