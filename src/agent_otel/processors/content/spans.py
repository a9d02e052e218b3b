"""A span as one sink may see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceState, format_trace_id

from agent_otel.conventions import attributes as a
from agent_otel.conventions import names
from agent_otel.conventions.dialects import DIALECTS
from agent_otel.policy import ContentPolicy, Filtering, SinkPolicy
from agent_otel.policy.plain_values import plain
from agent_otel.processors.content.beside import BESIDE, Beside
from agent_otel.processors.content.conventional import conventional
from agent_otel.processors.content.counts import ContentCounts
from agent_otel.processors.content.guard import HIDDEN, SignalGuard, with_dropped
from agent_otel.processors.content.written import written_spans
from agent_otel.processors.interruption import of_signal_handler

__all__ = ["FilteredSpan", "SpanGuard"]

_OTHER: Final = "_OTHER"  # semantic conventions: the value for what is outside a bounded set
_NO_SCOPE = InstrumentationScope("")
_NUMBERS: Final = (bool, int, float)
_T = TypeVar("_T")


class FilteredSpan(ReadableSpan):
    """A copy of a span with other texts; what was dropped of the span is told as before.

    Args:
        span: The span.
        changed: Fields of ``ReadableSpan`` that differ.
    """

    def __init__(self, span: ReadableSpan, **changed: Any) -> None:
        fields: dict[str, Any] = {
            "name": span.name,
            "context": span.context,
            "parent": span.parent,
            "resource": span.resource,
            "attributes": span.attributes,
            "events": span.events,
            "links": span.links,
            "kind": span.kind,
            "status": span.status,
            "start_time": span.start_time,
            "end_time": span.end_time,
            "instrumentation_scope": span.instrumentation_scope,
        }
        super().__init__(**{**fields, **changed})
        self._dropped = (span.dropped_attributes, span.dropped_events, span.dropped_links)

    @property
    def dropped_attributes(self) -> int:
        """Attributes that the SDK dropped."""
        return self._dropped[0]

    @property
    def dropped_events(self) -> int:
        """Events that the SDK dropped."""
        return self._dropped[1]

    @property
    def dropped_links(self) -> int:
        """Links that the SDK dropped."""
        return self._dropped[2]


class SpanGuard(SignalGuard):
    """Filters spans for one sink: every text that a span can carry. Never raises.

    Arguments are those of ``SignalGuard``.
    """

    def __init__(
        self,
        policy: ContentPolicy | None = None,
        sink: SinkPolicy | None = None,
        counts: ContentCounts | None = None,
    ) -> None:
        super().__init__(policy, sink, counts)
        self._limits: SpanLimits | None = None
        self._cut_at = _lengths(SpanLimits())

    def learn(self, span: ReadableSpan) -> None:
        """Learn from a span that begins where its provider cuts, if that was set in code: nothing else tells it."""
        limits = getattr(span, "_limits", None)
        if limits is not self._limits and isinstance(limits, SpanLimits):
            self._limits = limits
            self._cut_at |= _lengths(limits)

    def filtered(self, span: ReadableSpan) -> ReadableSpan:
        """Give a span as the sink may see it: the very same if it may see all of it, a stub if the policy fails."""
        try:
            usual = self._usual(span)
            if usual is not None:
                return usual
            changed = conventional(span)
            return self._filtered(FilteredSpan(span, **changed) if changed else span)
        except Exception as error:
            if of_signal_handler(error):
                raise
            self.counts.add_stub()
            return self._stub(span)

    def _usual(self, span: ReadableSpan) -> ReadableSpan | None:
        """Filter a span that is nothing but attributes, without secrets: nearly all are. None for any other."""
        scope, context, given = span.instrumentation_scope, span.context, span.attributes
        if scope is None or context is None or given is None or self._cut_at or scope.name in DIALECTS:
            return None
        if span.events or span.links or context.trace_state or (span.parent is not None and span.parent.trace_state):
            return None
        guard, resource = self._guard, span.resource
        if guard.resource(resource) is not resource or guard.scope(scope) is not scope:
            return None
        if scope.name == names.SCOPE_NAME:
            if BESIDE.get() is not None:
                return None
            kept = guard.usual_own.filtered(span.name, given, span.status.description)
        elif context.span_id in written_spans:
            return None
        else:
            kept = guard.usual.filtered(span.name, given, span.status.description)
        if kept is None:
            return None
        return span if kept is given else FilteredSpan(span, attributes=kept)

    def _filtered(self, span: ReadableSpan) -> ReadableSpan:
        scope = span.instrumentation_scope or _NO_SCOPE
        said = _Said(span)
        beside = BESIDE.get() if scope.name == names.SCOPE_NAME else None
        if beside is not None and span.context is not None and beside.span_id == span.context.span_id:
            self._widen(said, beside)
        run = format_trace_id(span.context.trace_id) if span.context is not None else ""
        filtering = self._guard.filtering(
            said.everything(),
            said.attributes,
            scope=scope.name,
            run=run,
            name=span.name,
            cut_at=self._cut_at,
        )

        name = filtering.text(span.name)  # first: attributes that are too large leave nothing to scrub it with
        attributes = filtering.attributes(said.attributes)
        if span.context is not None and span.context.span_id in written_spans:
            attributes = {**attributes, **self._guard.kept_facts(said.attributes)}
        description = said.description
        if description and not said.description_is_raw:
            description = filtering.error_text(description)
        events = [self._event(filtering, said, place) for place in range(len(said.events))]
        changed: dict[str, Any] = {
            "name": name,
            "context": self._context(span.context),
            "parent": self._context(span.parent),
            "resource": self._guard.resource(span.resource),
            "instrumentation_scope": self._guard.scope(span.instrumentation_scope),
        }
        changed = {field: value for field, value in changed.items() if value is not getattr(span, field)}
        links = [self._link(filtering, link) for link in span.links]
        self.counts.add_redacted(filtering.redacted)
        attributes = {**attributes, **explanation} if (explanation := filtering.explanation(attributes)) else attributes
        if said.raw:
            attributes = {**attributes, **said.raw}
        if attributes is not said.given:
            changed["attributes"] = attributes
        if description is not span.status.description:
            changed["status"] = Status(span.status.status_code, description)
        if any(now is not before for now, before in zip(events, span.events, strict=True)):
            changed["events"] = events
        if any(now is not before for now, before in zip(links, span.links, strict=True)):
            changed["links"] = links
        return FilteredSpan(span, **changed) if changed else span

    def _widen(self, said: _Said, beside: Beside) -> None:
        """Put in what this sink may see beyond what the span carries."""
        if beside.content is not None:
            replaced = self._guard.replaced(said.attributes, beside.content, beside.max_length)
            said.attributes, said.raw, said.description, said.description_is_raw = replaced
        for from_end, carried in beside.events.items():
            place = len(said.events) + from_end
            if place >= 0:  # else a full span dropped it
                replaced = self._guard.replaced(said.events[place], carried, beside.max_length)
                said.events[place], said.raw_events[place] = replaced.attributes, replaced.raw

    def _event(self, filtering: Filtering, said: _Said, place: int) -> Event:
        event, attributes = said.span_events[place], said.events[place]
        name = filtering.text(event.name)
        kept = {**filtering.attributes(attributes, event.name), **said.raw_events.get(place, {})}
        if name is event.name and kept == event.attributes:
            return event
        return Event(name, with_dropped(kept, event.dropped_attributes), event.timestamp)

    def _context(self, context: SpanContext | None) -> SpanContext | None:
        """Give ids without a trace state that holds a secret."""
        if context is None or not context.trace_state:
            return context
        header = context.trace_state.to_header()
        return context if self._guard.plain(header).text(header) == header else _without_state(context)

    def _link(self, filtering: Filtering, link: Link) -> Link:
        given = dict(link.attributes or {})
        kept, context = filtering.attributes(given), self._context(link.context)
        if (kept is given and context is link.context) or context is None:
            return link
        return Link(context, with_dropped(kept, link.dropped_attributes))

    def _stub(self, span: ReadableSpan) -> ReadableSpan:
        """Give what can be told without reading texts: ids, times, and numbers; the name if it can be."""
        numbers: dict[str, Any] = {
            key: value for key, value in _attributes(span).items() if key in a.ALL and type(value) in _NUMBERS
        }
        if span.status.status_code is StatusCode.ERROR:
            numbers[a.ERROR_TYPE] = _OTHER  # they come together
        return FilteredSpan(
            span,
            name=_attempt(lambda: self._guard.plain(span.name).text(span.name), HIDDEN),
            context=_without_state(span.context),
            parent=_without_state(span.parent),
            attributes={**numbers, a.CONTENT_STUB: True},
            events=(),
            links=(),
            status=Status(span.status.status_code),
            resource=_attempt(lambda: self._guard.resource(span.resource), Resource.get_empty()),
            instrumentation_scope=_attempt(lambda: self._guard.scope(span.instrumentation_scope), None),
        )


class _Said:
    """All that a span says, in plain values; what is raw by permission stands apart."""

    def __init__(self, span: ReadableSpan) -> None:
        self.given = self.attributes = dict(span.attributes or {})
        self.span_events = span.events
        self.events = [dict(event.attributes or {}) for event in span.events]
        self.description = span.status.description
        self.description_is_raw = False
        self.raw: dict[str, Any] = {}
        self.raw_events: dict[int, dict[str, Any]] = {}
        self._names = [span.name, *(event.name for event in span.events)]
        self._links = [dict(link.attributes or {}) for link in span.links]

    def everything(self) -> list[Any]:
        """Give all texts and attributes, for one look."""
        values = (self.attributes, *self.events, *self._links)
        spelled = [plain(value) for group in values for value in group.values() if type(value) is tuple]
        return [self._names, self.attributes, self.events, self._links, self.description, spelled]


def _attributes(span: ReadableSpan) -> dict[str, Any]:
    return _attempt(lambda: dict(span.attributes or {}), {})


def _attempt(make: Callable[[], _T], otherwise: _T) -> _T:
    try:
        return make()
    except Exception:  # noqa: BLE001  a stub leaves out what cannot be read
        return otherwise


def _lengths(limits: SpanLimits) -> frozenset[int]:
    """Give the lengths at which the SDK cuts: of a span's own attributes, and of those of events and links."""
    lengths = (limits.max_span_attribute_length, limits.max_attribute_length)
    return frozenset(length for length in lengths if length)


def _without_state(context: SpanContext | None) -> SpanContext | None:
    if context is None:
        return None
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags, TraceState())
