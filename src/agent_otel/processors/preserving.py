"""``TerminalPreservingProcessor``: in the place of ``BatchSpanProcessor``, on any provider; and its twin for logs.

What ends is filtered by the content policy, encoded once, and waits in an ``Outbox`` that keeps ends of runs, errors
and usage before progress, and loses nothing to a sink that is away for a while.
"""

from __future__ import annotations

from collections.abc import Mapping
import time
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.trace import format_trace_id

from agent_otel.conventions import attributes as a
from agent_otel.delivery import Envelope, Item, Signal, Sink, SinkSpec
from agent_otel.delivery.otlp import encode_log, encode_span, read_target, stub_of
from agent_otel.delivery.otlp.stock import HttpTarget
from agent_otel.model import CaptureMode, DeliveryClass
from agent_otel.policy import ContentPolicy, SinkPolicy
from agent_otel.processors.classifying import class_of_record, class_of_span, kind_of_span
from agent_otel.processors.content.counts import ContentCounts
from agent_otel.processors.content.records import LogGuard
from agent_otel.processors.content.spans import SpanGuard
from agent_otel.processors.interruption import of_signal_handler
from agent_otel.processors.outbox import Outbox
from agent_otel.processors.pacing import OutboxLimits
from agent_otel.processors.telling import TELLING

__all__ = ["TerminalPreservingLogProcessor", "TerminalPreservingProcessor", "sink_for"]

_STOP_S = 1.0
_TIMEOUT_S = 30.0
_ANSWER_S = 10.0  # what a request of a stock exporter may take


def sink_for(exporter: Any, signal: Signal, sink_id: str) -> Sink:
    """Give the sink that sends where an exporter would: ours for OTLP, else one around the exporter.

    Args:
        exporter: A stock or any other exporter that was constructed, or already a sink.
        signal: What it exports.
        sink_id: Name of the sink.
    """
    if isinstance(getattr(exporter, "spec", None), SinkSpec):
        return exporter  # type: ignore[no-any-return]  # a sink as it is
    target = read_target(exporter)
    if target is None:
        from agent_otel.delivery import StockLogSink, StockSpanSink  # noqa: PLC0415

        return (StockSpanSink if signal == "traces" else StockLogSink)(SinkSpec(sink_id=sink_id), exporter)
    spec = SinkSpec(sink_id=sink_id, endpoint_identity=target.identity)
    if isinstance(target, HttpTarget):
        from agent_otel.delivery import OtlpHttpSink  # noqa: PLC0415  as below

        return OtlpHttpSink(spec, exporter, stub=stub_of)
    from agent_otel.delivery import OtlpGrpcSink  # noqa: PLC0415  gRPC is imported where it is chosen

    return OtlpGrpcSink(spec, exporter, stub=stub_of)


class _Preserving:
    """What both have: the outbox, and its end."""

    outbox: Outbox
    counts: ContentCounts

    def shutdown(self) -> None:
        """Deliver what waits as long as the sink takes something, for 30 seconds at most, and stop."""
        self.outbox.begin_flush()
        self.outbox.wait_while_it_moves(time.monotonic() + _TIMEOUT_S, _ANSWER_S)
        self.outbox.end_flush()
        self.outbox.shutdown_by(time.monotonic() + _STOP_S)

    def force_flush(self, timeout_millis: int | None = None) -> bool:
        """Deliver what waits within ``timeout_millis``, None for 30 seconds; gives whether all of it was."""
        timeout_s = _TIMEOUT_S if timeout_millis is None else timeout_millis / 1000
        return self.outbox.flush(time.monotonic() + timeout_s)


class TerminalPreservingProcessor(_Preserving, SpanProcessor):
    """Delivers spans to one sink; the ends of runs, errors and usage before the rest.

        provider.add_span_processor(TerminalPreservingProcessor(OTLPSpanExporter()))

    Args:
        exporter: A stock or other span exporter, or a ``Sink``.
        policy: What may leave; None: the default policy.
        sink: The most that the sink may see; None: ``redacted_summary`` of everything.
        limits: How much waits; None: as ``OTEL_BSP_*`` say, or the defaults of the stock batch processor.
        sink_id: Name of the sink in the books.
        counts: Where what the policy does is counted.
    """

    takes_ends = True  # when a span of ours begins, there is nothing to do

    def __init__(
        self,
        exporter: SpanExporter | Sink,
        policy: ContentPolicy | None = None,
        sink: SinkPolicy | None = None,
        limits: OutboxLimits | None = None,
        *,
        sink_id: str = "otlp/traces",
        counts: ContentCounts | None = None,
    ) -> None:
        self._guard = SpanGuard(policy, sink, counts)
        self.counts = self._guard.counts
        self.outbox = Outbox(sink_for(exporter, "traces", sink_id), limits or OutboxLimits.from_env("BSP"))

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002
        """Learn how the provider cuts texts."""
        self._guard.learn(span)

    def on_end(self, span: ReadableSpan) -> None:
        """Filter, encode and queue a span that ended. Never raises, never waits for the sink."""
        try:
            item = self.item_of(span)
        except Exception as error:
            if of_signal_handler(error):
                raise
            self.outbox.refuse()
            return
        if item is not None:
            self.outbox.put(item)

    def item_of(self, span: ReadableSpan) -> Item | None:
        """Filter and encode a span that ended, as the sink gets it; None if it is not sampled or the sink has it.

        Raises:
            Exception: What the encoder raises, for example for text that is not Unicode.
        """
        context = span.context
        if context is None or not context.trace_flags.sampled:
            return None
        if (telling := TELLING.get()) is not None and not telling.is_for(self.outbox.sink_id):
            return None
        told = self._guard.filtered(span)
        ids = context.trace_id, context.span_id
        attributes = told.attributes
        return _item(encode_span(told), ids, attributes, class_of_span(told, attributes), kind_of_span(attributes))


class TerminalPreservingLogProcessor(_Preserving, LogRecordProcessor):
    """Delivers log records to one sink; see ``TerminalPreservingProcessor``."""

    def __init__(
        self,
        exporter: LogRecordExporter | Sink,
        policy: ContentPolicy | None = None,
        sink: SinkPolicy | None = None,
        limits: OutboxLimits | None = None,
        *,
        sink_id: str = "otlp/logs",
        counts: ContentCounts | None = None,
    ) -> None:
        self._guard = LogGuard(policy, sink, counts)
        self.counts = self._guard.counts
        self.outbox = Outbox(sink_for(exporter, "logs", sink_id), limits or OutboxLimits.from_env("BLRP"))

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Filter, encode and queue a log record. Never raises, never waits for the sink."""
        if (telling := TELLING.get()) is not None and not telling.is_for(self.outbox.sink_id):
            return
        try:
            told = self._guard.filtered(log_record)
            log = told.log_record
            ids = log.trace_id or 0, log.span_id or 0
            item = _item(encode_log(told), ids, log.attributes, class_of_record(told), "log")
        except Exception as error:
            if of_signal_handler(error):
                raise
            self.outbox.refuse()
            return
        self.outbox.put(item)


def _item(
    encoded: tuple[Envelope, bytes],
    ids: tuple[int, int],
    attributes: Mapping[str, Any] | None,
    delivery_class: DeliveryClass,
    kind: str,
) -> Item:
    envelope, payload = encoded
    trace_id, span_id = ids
    told = attributes if attributes is not None else {}
    run, mode, telling = told.get(a.RUN_ID), told.get(a.CONTENT_MODE), TELLING.get()
    return Item(
        payload=payload,
        envelope=envelope,
        trace_id=trace_id,
        span_id=span_id,
        run_id=run if isinstance(run, str) else format_trace_id(trace_id),
        delivery_class=delivery_class,
        source_cursor=telling.cursor if telling is not None else None,
        content_mode=mode if isinstance(mode, str) else CaptureMode.OFF.value,
        enqueued_ns=time.time_ns(),
        kind=kind,
        identity=telling.identity if telling is not None else None,
    )
