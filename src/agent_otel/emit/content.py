"""What our own spans and log records say, before they exist: the content policy's first line.

A span carries only what every sink may see, and text at most. What a sink may see beyond that travels beside it, and is
put in by that sink's processor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from attrs import frozen
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits
from opentelemetry.trace import Link, SpanContext, TraceState, format_trace_id

from agent_otel.conventions import attributes as a
from agent_otel.conventions import names
from agent_otel.emit.additions import AddedEvent, Additions
from agent_otel.emit.told import Told, allowed
from agent_otel.emit.usual import UsualSpans
from agent_otel.model import Content, ContentKind
from agent_otel.policy import (
    AttributeFilter,
    ContentPolicy,
    Decider,
    Filtering,
    SinkPolicy,
    Subject,
    Writing,
    Written,
    shared_scrubber,
)
from agent_otel.policy.explaining import tell_findings
from agent_otel.policy.narrowing import narrowest_of, sinks_differ, without_raw
from agent_otel.processors.content import Beside, Carried, ContentCounts
from agent_otel.processors.interruption import of_signal_handler
from agent_otel.project import LogData, SpanData, SpanEvent

__all__ = ["ContentWriter"]

_NO_CONTENT: Final = Written()
_OTHER: Final = "_OTHER"  # semantic conventions: the value for what is outside a bounded set


@frozen(eq=False)
class _Held:
    """Content of a span or of one of its events, and what the span carries of it."""

    writing: Writing
    written: Written

    def carried(self, *, tells_error_apart: bool = False) -> Carried:
        keys = frozenset(self.written.attributes)
        if tells_error_apart:
            keys -= {a.EXCEPTION_MESSAGE}
        return Carried(self.writing, keys, self.written.findings, tells_error_apart)


class ContentWriter:
    """Writes what spans and log records say, under the narrowest of what policy and sinks allow.

    Args:
        policy: What the host decided.
        sinks: What each sink may see at most.
        limits: Of the provider's spans; None: as the environment says.
    """

    def __init__(
        self,
        policy: ContentPolicy | None = None,
        sinks: Sequence[SinkPolicy] = (),
        limits: SpanLimits | None = None,
    ) -> None:
        self.policy = policy = policy if policy is not None else ContentPolicy()
        self.counts = ContentCounts()
        self._scrubber = shared_scrubber(policy.scrubbing)
        limits = limits if limits is not None else SpanLimits()
        self._max_length = limits.max_span_attribute_length
        self._max_attributes = limits.max_span_attributes
        narrow = without_raw(policy)
        narrowest = narrowest_of(sinks)
        self._on_spans = AttributeFilter(narrow, Decider(narrow, narrowest), self._scrubber)
        self._on_records = AttributeFilter(narrow, Decider(narrow, narrowest, on_events=True), self._scrubber)
        self._sinks_differ = narrow is not policy or sinks_differ(sinks)
        self._usual = UsualSpans(self._on_spans, limits, sinks_differ=self._sinks_differ)
        self.label = lru_cache(maxsize=8192)(self._label)

    # -- spans ---------------------------------------------------------------------------------------------------------

    def of_span(self, data: SpanData) -> Told:
        """Write what a span says. Never raises: if the policy fails on it, it says numbers and a marker."""
        try:
            return self._usual.of(data) or self._of_span(data)
        except Exception as error:
            if of_signal_handler(error):
                raise
            self.counts.add_stub()
            return Told(data.name.partition(" ")[0], _stub(data.attributes))

    def look_ahead(self, spans: Sequence[SpanData]) -> None:
        """Look in one go at what the spans say that are written next: cheaper than at one after another."""
        if len(spans) > 1:
            self._usual.look_ahead(spans)

    def _of_span(self, data: SpanData) -> Told:
        run = data.run if data.run is not None else format_trace_id(data.identity.trace_id)
        subject = Subject(str(data.attributes.get(a.SOURCE, "")), run, data.tool)
        writings = [
            self._writing(contents, subject) for contents in (data.contents, *(e.contents for e in data.events))
        ]
        additions = data.additions if isinstance(data.additions, Additions) else None
        given: list[Any] = [data.name, data.attributes, [[event.name, event.attributes] for event in data.events]]
        if additions is not None:
            given.append(_said(additions))
        innocent = self._look(self._on_spans, given, writings)

        own = Filtering(self._on_spans, subject, of_tool=data.tool is not None, innocent=innocent, is_own=True)
        attributes = own.attributes(allowed(data.attributes, data.namespace))
        held = [self._held(writing, self._on_spans) for writing in writings]
        events = [
            self._event(own, event, part, data.namespace) for event, part in zip(data.events, held[1:], strict=True)
        ]
        added = Filtering(self._on_spans, subject, of_tool=data.tool is not None, innocent=innocent)
        content = dict(held[0].written.attributes) if held[0] is not None else {}
        error_text = content.pop(a.EXCEPTION_MESSAGE, None)
        links: list[Link] = []
        extra: Mapping[str, Any] = {}
        if additions is not None:
            extra = added.attributes(_additional(additions.attributes, is_error=data.is_error))
            events = [*(_added_event(added, event) for event in additions.events), *events]
            links = [self._link(added, link) for link in additions.links]
        name = own.text(data.name)
        self._explain(content, own, added, [part.written for part in held if part is not None])
        return Told(
            name,
            self._together(extra, content, attributes, data.namespace),
            events,
            links,
            error_text,
            self._beside(data, held) if self._sinks_differ else None,
        )

    def _link(self, added: Filtering, link: Link) -> Link:
        to = link.context
        context = SpanContext(to.trace_id, to.span_id, to.is_remote, to.trace_flags, self.trace_state(to.trace_state))
        return Link(context, added.attributes(dict(link.attributes or {})))

    def _event(self, own: Filtering, event: SpanEvent, held: _Held | None, namespace: str) -> AddedEvent:
        attributes = own.attributes(allowed(event.attributes, namespace), event.name)
        if held is not None:
            attributes = {**attributes, **held.written.attributes}
        return AddedEvent(own.text(event.name), event.time_ns, attributes)

    def _beside(self, data: SpanData, held: Sequence[_Held | None]) -> Beside | None:
        first, *of_events = held
        last = len(of_events)
        # Own events come last, and a full span drops its oldest: they are found from the end.
        events = {place - last: part.carried() for place, part in enumerate(of_events) if part is not None}
        if first is None and not events:
            return None
        carried = first.carried(tells_error_apart=True) if first is not None else None
        return Beside(data.identity.span_id, carried, events, self._max_length)

    def _together(
        self, extra: Mapping[str, Any], content: Mapping[str, Any], own: Mapping[str, Any], namespace: str
    ) -> Mapping[str, Any]:
        """Put attributes in an order in which a span that is full loses what matters least: it drops its oldest."""
        if not extra and not content:
            return own
        extra = {key: value for key, value in extra.items() if key not in own and key not in content}
        together = {**extra, **content, **own}
        limit = self._max_attributes
        if limit is None or len(together) <= limit:
            return together
        lineage = {key: value for key, value in own.items() if key.startswith(f"{namespace}.")}
        essential = {key: value for key, value in own.items() if key not in lineage}
        return {**extra, **lineage, **content, **essential}

    # -- log records ---------------------------------------------------------------------------------------------------

    def of_record(self, data: LogData) -> Told:
        """Write what a log record says. Never raises, as ``of_span``."""
        try:
            return self._of_record(data)
        except Exception as error:
            if of_signal_handler(error):
                raise
            self.counts.add_stub()
            return Told(names.EVENT_NAMES["other.point"], _stub(data.attributes))

    def _of_record(self, data: LogData) -> Told:
        trace = format_trace_id(data.span.trace_id) if data.span is not None else ""
        tool = data.attributes.get(a.TOOL_NAME)
        subject = Subject(str(data.attributes.get(a.SOURCE, "")), data.run or trace, tool)
        writing = self._writing(data.contents, subject, structured=True)
        innocent = self._look(self._on_records, [data.event_name, data.attributes], [writing])
        own = Filtering(self._on_records, subject, of_tool=tool is not None, innocent=innocent, is_own=True)
        attributes = own.attributes(allowed(data.attributes, data.namespace), data.event_name)
        held = self._held(writing, self._on_records)
        written = held.written if held is not None else _NO_CONTENT
        content = dict(written.attributes)
        self._explain(content, own, own, [written])
        beside = None
        if held is not None and self._sinks_differ:
            beside = Beside(data.span.span_id if data.span is not None else 0, held.carried(), {}, self._max_length)
        told = {**content, **attributes} if content else attributes
        return Told(own.text(data.event_name), told, beside=beside)

    # -- resource and labels -------------------------------------------------------------------------------------------

    def trace_state(self, state: TraceState | None) -> TraceState | None:
        """Give a trace state without entries that hold secrets; the very same if none does."""
        if not state:
            return state
        kept = [(key, value) for key, value in state.items() if self.label(value) == value]
        return state if len(kept) == len(state) else TraceState(kept)

    def resource(self, resource: Resource) -> Resource:
        """Give a resource without secrets; the very same if it has none. Processors of the host see it as well."""
        given = dict(resource.attributes)
        innocent = self._on_spans.is_innocent(given)
        own = Filtering(self._on_spans, Subject("", ""), of_tool=False, innocent=innocent, is_own=True)
        attributes = own.attributes(given)
        self.counts.add_redacted(own.redacted)
        return resource if attributes is given else Resource(dict(attributes), resource.schema_url)

    def _label(self, text: str) -> str:
        """Give a label of a metric without secrets. There are few, and each comes often."""
        done = self._scrubber.scrub(text)
        self.counts.add_redacted(len(done.findings))
        return str(done.value)

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _writing(
        self, contents: Mapping[ContentKind, Content], subject: Subject, *, structured: bool = False
    ) -> Writing | None:
        if not contents:
            return None
        return Writing(contents, subject, self._scrubber, self.policy, structured=structured)

    @staticmethod
    def _look(rules: AttributeFilter, given: list[Any], writings: Sequence[Writing | None]) -> bool:
        """Look once at everything; what is innocent needs no look of its own."""
        present = [writing for writing in writings if writing is not None]
        if not rules.is_innocent([given, [writing.texts(rules.decider) for writing in present]]):
            return False
        for writing in present:
            writing.nothing_to_hide()
        return True

    def _held(self, writing: Writing | None, rules: AttributeFilter) -> _Held | None:
        return _Held(writing, writing.write(rules.decider, self._max_length)) if writing is not None else None

    def _explain(self, into: dict[str, Any], own: Filtering, added: Filtering, written: Sequence[Written]) -> None:
        """Tell what was done, in attributes that are added to the content's."""
        found: Counter[Any] = Counter(own.found)
        if added is not own:
            found.update(added.found)
            into.update(added.explanation(into))
        for part in written:
            found.update(part.findings)
        into.pop(a.CONTENT_REDACTED, None)
        tell_findings(found, into)
        self.counts.add_redacted(sum(found.values()))


def _additional(added: Mapping[str, Any], *, is_error: bool) -> Mapping[str, Any]:
    """Give added attributes; ``error.type`` and the status of an error come together or not at all."""
    return added if is_error or a.ERROR_TYPE not in added else {k: v for k, v in added.items() if k != a.ERROR_TYPE}


def _added_event(added: Filtering, event: AddedEvent) -> AddedEvent:
    return AddedEvent(added.text(event.name), event.time_ns, added.attributes(event.attributes, event.name))


def _said(additions: Additions) -> list[Any]:
    events = [[event.name, event.attributes] for event in additions.events]
    return [additions.attributes, events, [dict(link.attributes or {}) for link in additions.links]]


def _stub(attributes: Mapping[str, Any]) -> dict[str, Any]:
    numbers: dict[str, Any] = {
        key: value for key, value in attributes.items() if key in a.ALL and type(value) in (bool, int, float)
    }
    if a.ERROR_TYPE in attributes:
        numbers[a.ERROR_TYPE] = _OTHER  # it and the status come together
    return {a.CONTENT_STUB: True, **numbers}
