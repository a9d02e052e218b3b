"""``LogData`` becomes a log record of the SDK, in the context of its span."""

from __future__ import annotations

from opentelemetry._logs import LoggerProvider, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, set_span_in_context

from agent_otel._version import __version__
from agent_otel.conventions import SCHEMA_URL, names
from agent_otel.emit.sampling import Sampling
from agent_otel.emit.spans import span_context
from agent_otel.policy import content_facts
from agent_otel.project import LogData

__all__ = ["LogEmitter"]


class LogEmitter:
    """Emits log records.

    Args:
        provider: Any logger provider.
        sampling: Tells whether the span of a record is sampled.
    """

    def __init__(self, provider: LoggerProvider, sampling: Sampling) -> None:
        self._logger = provider.get_logger(names.SCOPE_NAME, __version__, SCHEMA_URL)
        self._sampling = sampling

    def emit(self, data: LogData) -> None:
        """Emit a log record. It has no body: what happened is its event name and attributes."""
        context = Context()
        if data.span is not None and (decision := self._sampling.remembered(data.span.trace_id)) is not None:
            context = set_span_in_context(NonRecordingSpan(span_context(data.span, decision)), context)
        self._logger.emit(
            timestamp=data.time_ns,
            observed_timestamp=data.time_ns,
            context=context,
            severity_number=SeverityNumber(data.severity),
            severity_text=SeverityNumber(data.severity).name,
            attributes={**content_facts(data.contents), **data.attributes},
            event_name=data.event_name,
        )
