"""``LogData`` becomes a log record of the SDK, in the context of its span."""

from __future__ import annotations

from opentelemetry._logs import LoggerProvider, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, set_span_in_context

from agent_otel._version import __version__
from agent_otel.conventions import SCHEMA_URL, names
from agent_otel.conventions import attributes as a
from agent_otel.correlate import SpanRef
from agent_otel.emit.content import ContentWriter
from agent_otel.emit.sampling import Sampling
from agent_otel.emit.spans import span_context
from agent_otel.processors.content import travelling
from agent_otel.project import LogData, SpanData, SpanKind

__all__ = ["LogEmitter"]


class LogEmitter:
    """Emits log records.

    Args:
        provider: Any logger provider.
        sampling: Tells whether the span of a record is sampled.
        content: Writes what records say; None: under the default policy.
    """

    def __init__(self, provider: LoggerProvider, sampling: Sampling, content: ContentWriter | None = None) -> None:
        self._content = content if content is not None else ContentWriter()
        self._logger = provider.get_logger(names.SCOPE_NAME, __version__, SCHEMA_URL)
        self._sampling = sampling

    def emit_details(self, data: SpanData) -> None:
        """Emit the content of a span as a record of its own, if the policy wants that and there is any."""
        if not (self._content.policy.tells_details and data.contents):
            return
        is_inference = data.kind is SpanKind.CLIENT and a.PROVIDER_NAME in data.attributes
        self.emit(
            LogData(
                event_name=names.EVENT_INFERENCE_DETAILS if is_inference else names.EVENT_DETAILS,
                time_ns=data.end_ns,
                attributes=data.attributes,
                contents=data.contents,
                namespace=data.namespace,
                run=data.run,
                span=SpanRef(data.identity.trace_id, data.identity.span_id),
                delivery_class=data.delivery_class,
            )
        )

    def emit(self, data: LogData) -> None:
        """Emit a log record. It has no body: what happened is its event name and attributes."""
        told = self._content.of_record(data)
        context = Context()
        if data.span is not None and (decision := self._sampling.remembered(data.span.trace_id)) is not None:
            context = set_span_in_context(NonRecordingSpan(span_context(data.span, decision)), context)
        with travelling(told.beside):
            self._logger.emit(
                timestamp=data.time_ns,
                observed_timestamp=data.time_ns,
                context=context,
                severity_number=SeverityNumber(data.severity),
                severity_text=SeverityNumber(data.severity).name,
                attributes=told.attributes,
                event_name=told.name,
            )
