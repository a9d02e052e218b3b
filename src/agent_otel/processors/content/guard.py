"""What the guards of spans, log records and metrics share: rules, names, resources and scopes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple, TypeVar

from attrs import evolve
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from agent_otel.conventions import attributes as a
from agent_otel.conventions import names
from agent_otel.conventions.tools import is_tool_span, tool_names
from agent_otel.model import Content, ContentKind
from agent_otel.policy import (
    AttributeFilter,
    CaptureMode,
    ContentPolicy,
    Decider,
    Filtering,
    SinkPolicy,
    Subject,
    shared_scrubber,
)
from agent_otel.policy.explaining import retell_findings
from agent_otel.policy.facts import fact_names
from agent_otel.processors.content.beside import Carried
from agent_otel.processors.content.counts import ContentCounts
from agent_otel.processors.content.usual import UsualAttributes

__all__ = ["HIDDEN", "Guard", "SignalGuard", "with_dropped"]

HIDDEN: Final = "[REDACTED:policy_failed]"
_MAX_REMEMBERED: Final = 512
_NO_ONE: Final = Subject("", "")
_T = TypeVar("_T", Resource, InstrumentationScope)


class SignalGuard:
    """What the guards of spans, log records and metrics have in common.

    Args:
        policy: What the host decided; None: the default policy.
        sink: The most that the sink may see; None: ``redacted_summary`` of everything.
        counts: Where what is done is counted.
    """

    _on_events = False

    def __init__(
        self,
        policy: ContentPolicy | None = None,
        sink: SinkPolicy | None = None,
        counts: ContentCounts | None = None,
    ) -> None:
        self._guard = Guard(policy, sink, counts, on_events=self._on_events)
        self.counts = self._guard.counts


class Replaced(NamedTuple):
    """What a sink may see of a span or event.

    Attributes:
        attributes: All but what is raw by permission.
        raw: Attributes that are raw by permission, which are not to be filtered again.
        error_text: What the status is described by; None if by nothing.
        error_is_raw: Whether that is raw by permission.
    """

    attributes: dict[str, Any]
    raw: dict[str, Any]
    error_text: Any
    error_is_raw: bool


class Guard:
    """The rules of one sink for one kind of telemetry.

    Args:
        policy: What the host decided; None: the default policy.
        sink: The most that the sink may see.
        counts: Where what is done is counted.
        on_events: Whether it is for log records.
    """

    def __init__(
        self,
        policy: ContentPolicy | None = None,
        sink: SinkPolicy | None = None,
        counts: ContentCounts | None = None,
        *,
        on_events: bool = False,
    ) -> None:
        policy = policy if policy is not None else ContentPolicy()
        sink = sink if sink is not None else SinkPolicy("default")
        self.counts = counts if counts is not None else ContentCounts()
        self.decider = Decider(policy, sink, on_events=on_events)
        scrubber = shared_scrubber(policy.scrubbing)
        self._foreign = AttributeFilter(policy, self.decider, scrubber)
        # What our own spans carry may pass as text at most: raw content, where it is allowed, travels beside them.
        without_raw = {kind: mode.least(CaptureMode.REDACTED_SUMMARY) for kind, mode in sink.modes.items()}
        decider = Decider(policy, evolve(sink, modes=without_raw), on_events=on_events)
        self._own = AttributeFilter(policy, decider, scrubber)
        self.usual = UsualAttributes(self._foreign, is_own=False)
        self.usual_own = UsualAttributes(self._own, is_own=True)
        self._resources: dict[int, tuple[Resource, Resource]] = {}
        self._scopes: dict[int, tuple[InstrumentationScope, InstrumentationScope]] = {}

    def kept_facts(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """Give what attributes tell of content, as far as the sink may know of its kind."""
        hidden = tuple(fact_names(kind).bytes.removesuffix("bytes") for kind in ContentKind if self._is_off(kind))
        return {
            key: value
            for key, value in attributes.items()
            if key.startswith(a.CONTENT_FACTS_PREFIX) and not key.startswith(hidden)
        }

    def _is_off(self, kind: ContentKind) -> bool:
        return self.decider.decide(kind, Content(None), _NO_ONE, lambda: 0).mode is CaptureMode.OFF

    def filtering(
        self,
        everything: list[Any],
        attributes: Mapping[str, Any],
        *,
        scope: str,
        run: str,
        name: str,
        cut_at: Collection[int] = (),
    ) -> Filtering:
        """Begin to filter a span or log record, with one look at all that it says.

        Args:
            everything: All texts and attributes.
            attributes: Its own attributes.
            scope: Name of its instrumentation scope.
            run: Its trace id.
            name: Its name.
            cut_at: Characters at which the SDK may have cut its texts.
        """
        is_own = scope == names.SCOPE_NAME
        rules = self._own if is_own else self._foreign
        of_tool = is_tool_span(attributes, name)
        subject = Subject(scope, run, tool_names(attributes, name) if of_tool else None)
        innocent = rules.is_innocent(everything, cut_at)
        return Filtering(rules, subject, of_tool=of_tool, innocent=innocent, is_own=is_own, cut_at=cut_at)

    def replaced(self, attributes: dict[str, Any], carried: Carried, max_length: int | None) -> Replaced:
        """Put what this sink may see of content into the place of what the span carries of it.

        Args:
            attributes: Of the span or event.
            carried: The content, and what the span carries of it.
            max_length: Characters that an attribute may have.
        """
        written = carried.writing.write(self.decider, max_length)
        told = dict(written.attributes)
        error_text = told.pop(a.EXCEPTION_MESSAGE, None) if carried.tells_error_apart else None
        raw = {key: told.pop(key) for key in written.raw if key in told}
        kept = {key: value for key, value in attributes.items() if key not in carried.keys}
        if carried.findings != written.findings:
            retell_findings(kept, carried.findings, written.findings)
        self.counts.add_redacted(sum(written.findings.values()))
        is_raw = a.EXCEPTION_MESSAGE in written.raw
        return Replaced({**kept, **told}, raw, error_text, error_is_raw=is_raw)

    def resource(self, resource: Resource) -> Resource:
        """Give a resource without secrets; the very same if it has none."""
        return _remembered(self._resources, resource, self._clean_resource)

    def scope(self, scope: InstrumentationScope | None) -> InstrumentationScope | None:
        """Give an instrumentation scope without secrets; the very same if it has none."""
        return scope if scope is None else _remembered(self._scopes, scope, self._clean_scope)

    def plain(self, everything: Any) -> Filtering:
        """Begin to filter what belongs to no span: resources, scopes, metrics."""
        return Filtering(
            self._foreign, _NO_ONE, of_tool=False, innocent=self._foreign.is_innocent(everything), is_own=True
        )

    def _clean_resource(self, resource: Resource) -> Resource:
        attributes = dict(resource.attributes)
        filtering = self.plain([attributes, resource.schema_url])
        kept, url = filtering.attributes(attributes), filtering.text(resource.schema_url)
        self.counts.add_redacted(filtering.redacted)
        return resource if kept is attributes and url == resource.schema_url else Resource(dict(kept), url)

    def _clean_scope(self, scope: InstrumentationScope) -> InstrumentationScope:
        attributes = dict(scope.attributes or {})
        texts = (scope.name, scope.version, scope.schema_url)
        filtering = self.plain([*texts, attributes])
        kept = filtering.attributes(attributes)
        cleaned = tuple(filtering.text(text) if text else text for text in texts)
        self.counts.add_redacted(filtering.redacted)
        if kept is attributes and cleaned == texts:
            return scope
        name, version, schema_url = cleaned
        return InstrumentationScope(str(name), version, schema_url, dict(kept))


def _remembered(known: dict[int, tuple[_T, _T]], given: _T, clean: Callable[[_T], _T]) -> _T:
    """Do once for each object what its hash, which the SDK computes from its JSON, would cost more than to do anew."""
    entry = known.get(id(given))
    if entry is None or entry[0] is not given:
        if len(known) >= _MAX_REMEMBERED:
            known.clear()
        entry = known[id(given)] = (given, clean(given))
    return entry[1]


def with_dropped(attributes: Mapping[str, Any], dropped: int) -> Mapping[str, Any]:
    """Give attributes that tell how many were dropped before, as exporters ask for it."""
    if not dropped:
        return attributes
    bounded = BoundedAttributes(attributes=attributes, immutable=False, extended_attributes=True)
    bounded.dropped = dropped
    return bounded
