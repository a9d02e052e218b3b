"""In the place of exporters: what each sink's policy lets through is counted, and goes nowhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from agent_otel.cli.scanning.accounts import SinkAccount, ToolAccount
from agent_otel.cli.scanning.places import told_by_record, told_by_span
from agent_otel.cli.scanning.second_look import SecondLook
from agent_otel.conventions import attributes as a
from agent_otel.conventions import names
from agent_otel.conventions.content import CONTENT_ATTRIBUTES
from agent_otel.emit import ContentWriter
from agent_otel.emit.told import Told
from agent_otel.model import CaptureMode, ContentKind
from agent_otel.policy import ContentPolicy, SinkPolicy
from agent_otel.policy.facts import fact_names, text_of_content, utf8_size
from agent_otel.project import LogData, SpanData

__all__ = ["LogWatcher", "SpanWatcher", "WatchedWriter"]

_Kinds = Mapping[ContentKind, Any]
_Attributes = Mapping[str, Any]


class WatchedWriter(ContentWriter):
    """A writer that keeps what it writes of: processors are called while it is current.

    Args:
        policy: What the host decided.
        sinks: What each sink may see at most.
    """

    def __init__(self, policy: ContentPolicy, sinks: Sequence[SinkPolicy]) -> None:
        super().__init__(policy, sinks)
        self.span: SpanData | None = None
        self.record: LogData | None = None

    def of_span(self, data: SpanData) -> Told:
        """Write what a span says."""
        self.span = data
        return super().of_span(data)

    def of_record(self, data: LogData) -> Told:
        """Write what a log record says."""
        self.record = data
        return super().of_record(data)


class SpanWatcher(SpanProcessor):
    """Counts the spans that one sink would get.

    Args:
        account: Where is counted.
        writer: Knows what there was.
        look: The second look.
    """

    def __init__(self, account: SinkAccount, writer: WatchedWriter, look: SecondLook) -> None:
        self._account = account
        self._writer = writer
        self._look = look

    def on_end(self, span: ReadableSpan) -> None:
        """Count a span, if it is sampled."""
        data = self._writer.span
        if data is None or span.context is None or not span.context.trace_flags.sampled:
            return
        account = self._account
        account.spans += 1
        attributes: _Attributes = span.attributes or {}
        raw: set[str] = set()
        sizes = 0
        if a.CONTENT_STUB in attributes:
            account.stubs += 1
        else:
            described = {**attributes, a.EXCEPTION_MESSAGE: span.status.description}
            sizes = _count_contents(account, data.contents, described, "attribute", raw)
            own = span.events[len(span.events) - len(data.events) :] if data.events else ()
            for given, event in zip(data.events, own, strict=False):
                sizes += _count_contents(account, given.contents, event.attributes or {}, "event attribute", raw)
        if f"attribute {a.EXCEPTION_MESSAGE}" in raw:
            raw.add("status description")
        _count_hidden(account, attributes)
        if attributes.get(a.OPERATION_NAME) == names.OP_EXECUTE_TOOL:
            account.tool_calls += 1
            _count_tool(account.tool(str(attributes.get(a.TOOL_NAME, ""))), attributes, sizes)
        self._look.over(told_by_span(span), account, raw)
        self._look.over_origin(span.resource, span.instrumentation_scope, account)


class LogWatcher(LogRecordProcessor):
    """Counts the log records that one sink would get; see ``SpanWatcher``."""

    def __init__(self, account: SinkAccount, writer: WatchedWriter, look: SecondLook) -> None:
        self._account = account
        self._writer = writer
        self._look = look

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Count a log record."""
        account, data = self._account, self._writer.record
        account.log_records += 1
        attributes: _Attributes = log_record.log_record.attributes or {}
        raw: set[str] = set()
        if a.CONTENT_STUB in attributes:
            account.stubs += 1
        elif data is not None:
            _count_contents(account, data.contents, attributes, "attribute of log record", raw)
        _count_hidden(account, attributes)
        self._look.over(told_by_record(log_record), account, raw)
        self._look.over_origin(log_record.resource, log_record.instrumentation_scope, account)

    def shutdown(self) -> None:
        """Do nothing: there is nothing behind it."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002  the SDK's signature
        """Do nothing."""
        return True


def _count_contents(account: SinkAccount, contents: _Kinds, attributes: _Attributes, place: str, raw: set[str]) -> int:
    """Count pieces of content by what the telemetry itself tells of them; give the bytes of their text."""
    total = 0
    for kind in contents:
        facts, key = fact_names(kind), CONTENT_ATTRIBUTES[kind.value]
        counted = account.kind(kind)
        mode = CaptureMode(attributes.get(facts.mode) or attributes.get(a.CONTENT_MODE) or CaptureMode.OFF)
        counted.modes[mode] += 1
        if not mode.has_text:
            continue
        if mode is CaptureMode.RAW_CONTENT:
            raw.add(f"{place} {key}")
        value = attributes.get(key)
        size = utf8_size(text_of_content(value)) if value is not None else 0
        counted.text_bytes += size
        counted.truncated += attributes.get(facts.truncated) is True
        total += size
    account.denied_by.update(attributes.get(a.CONTENT_DENIED_BY) or ())
    return total


def _count_hidden(account: SinkAccount, attributes: _Attributes) -> None:
    for entry in attributes.get(a.CONTENT_REDACTED_BY) or ():
        detector, _, count = str(entry).partition("=")
        account.hidden[detector] += int(count) if count.isdecimal() else 0


def _count_tool(tool: ToolAccount, attributes: _Attributes, sizes: int) -> None:
    tool.calls += 1
    tool.text_bytes += sizes
    hidden = attributes.get(a.CONTENT_REDACTED, 0)
    tool.hidden += hidden if type(hidden) is int else 0
