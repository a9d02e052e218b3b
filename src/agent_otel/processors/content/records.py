"""A log record as one sink may see it."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import format_trace_id

from agent_otel.conventions import attributes as a
from agent_otel.conventions import names
from agent_otel.policy.plain_values import owned
from agent_otel.processors.content.beside import BESIDE
from agent_otel.processors.content.guard import SignalGuard, with_dropped
from agent_otel.processors.interruption import of_signal_handler

__all__ = ["LogGuard"]

_Record = TypeVar("_Record", ReadWriteLogRecord, ReadableLogRecord)


class LogGuard(SignalGuard):
    """Filters log records for one sink: bodies, attributes, event names. Never raises.

    Arguments are those of ``SignalGuard``.
    """

    _on_events = True

    def filtered(self, record: _Record) -> _Record:
        """Give a record as the sink may see it: the very same if it may see all of it, a stub if the policy fails."""
        try:
            return self._filtered(record)
        except Exception as error:
            if of_signal_handler(error):
                raise
            self.counts.add_stub()
            return _copy(record, _stub(record.log_record), Resource.get_empty(), None)

    def _filtered(self, record: _Record) -> _Record:
        log = record.log_record
        scope = record.instrumentation_scope
        given = attributes = dict(log.attributes or {})
        event = log.event_name or _text(attributes.get("event.name"))
        raw: dict[str, Any] = {}
        scope_name = scope.name if scope is not None else ""
        beside = BESIDE.get() if scope_name == names.SCOPE_NAME else None
        if beside is not None and beside.content is not None and beside.span_id == (log.span_id or 0):
            replaced = self._guard.replaced(attributes, beside.content, beside.max_length)
            attributes, raw = replaced.attributes, replaced.raw
        run = format_trace_id(log.trace_id) if log.trace_id else ""
        body = owned(log.body)  # whoever emitted it may write to it before it is exported
        everything = [event, log.severity_text, attributes, body]
        limit = record.limits.max_log_record_attribute_length if record.limits is not None else None
        cut_at = (limit,) if limit else ()
        filtering = self._guard.filtering(everything, attributes, scope=scope_name, run=run, name=event, cut_at=cut_at)
        changed: dict[str, Any] = {
            "body": filtering.body(body, event),
            "severity_text": filtering.text(log.severity_text) if log.severity_text else log.severity_text,
            "event_name": filtering.text(log.event_name) if log.event_name else log.event_name,
            "exception": None,  # the SDK has made attributes of it
        }
        kept = filtering.attributes(attributes, event)
        explanation = filtering.explanation(kept)
        self.counts.add_redacted(filtering.redacted)
        resource = self._guard.resource(record.resource) if record.resource is not None else None
        kept_scope = self._guard.scope(scope)
        if explanation or raw:
            kept = {**kept, **explanation, **raw}
        same_texts = all(getattr(log, name) is value for name, value in changed.items())
        if same_texts and kept is given and resource is record.resource and kept_scope is scope:
            return record
        made = copy.copy(log)
        for name, value in changed.items():
            setattr(made, name, value)
        made.attributes = with_dropped(kept, record.dropped_attributes)
        return _copy(record, made, resource, kept_scope)


def _text(value: Any) -> str:
    return value if type(value) is str else ""


def _copy(record: _Record, log: LogRecord, resource: Resource | None, scope: Any) -> _Record:
    """Make a record around another log record; the SDK's constructor would cut its attributes a second time."""
    made = copy.copy(record)
    for name, value in (("log_record", log), ("resource", resource), ("instrumentation_scope", scope)):
        object.__setattr__(made, name, value)  # one of the two kinds of record is frozen
    return made


def _stub(log: LogRecord) -> LogRecord:
    return LogRecord(
        timestamp=log.timestamp,
        observed_timestamp=log.observed_timestamp,
        context=log.context,
        severity_number=log.severity_number,
        attributes={a.CONTENT_STUB: True},
    )
