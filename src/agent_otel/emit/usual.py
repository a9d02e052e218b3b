"""What the usual span says: one to which nobody added anything, and whose content holds nothing to hide.

Nearly all spans are, and what the policy says of them is known beforehand, by kind of content. Whatever is not usual is
left to ``ContentWriter``, which says the same of usual spans: a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from opentelemetry.sdk.trace import SpanLimits

from agent_otel.conventions import attributes as a
from agent_otel.conventions.content import CONTENT_ATTRIBUTES
from agent_otel.conventions.messages import as_conventional
from agent_otel.emit.told import Told, all_allowed
from agent_otel.model import CaptureMode, Content, ContentKind, JsonContent
from agent_otel.policy import AttributeFilter
from agent_otel.policy.content_policy import MESSAGE_KINDS
from agent_otel.policy.explaining import tell_modes
from agent_otel.policy.facts import fact_names, text_of_content, utf8_size
from agent_otel.project import SpanData

__all__ = ["UsualSpans"]

_KEYS: Final = {kind: CONTENT_ATTRIBUTES[kind.value] for kind in ContentKind}
_MAX_KINDS: Final = 256


class _Said(NamedTuple):
    """Content of a span as text: the attributes, and what has to be innocent for them to be as they are."""

    attributes: Mapping[str, Any]
    looked_at: Mapping[str, str]


_SAYS_NOTHING: Final = _Said({}, {})


class UsualSpans:
    """Writes usual spans.

    Args:
        rules: What the spans may carry.
        limits: Of the provider's spans.
        sinks_differ: Whether some sink may see more than another.
    """

    def __init__(self, rules: AttributeFilter, limits: SpanLimits, *, sinks_differ: bool) -> None:
        self._settled = {kind: rules.decider.settled(kind) for kind in ContentKind}
        self._vetted = rules.vetted
        self._limits = rules.limits
        self._cut_first = rules.cut_first
        self._max_length = limits.max_span_attribute_length
        self._most = limits.max_span_attributes
        self._is_off = sinks_differ
        self._ahead: dict[int, tuple[SpanData | None, _Said | None]] = {}  # spans that are written next
        self._told_modes: dict[tuple[ContentKind, ...], dict[str, Any]] = {}

    def of(self, data: SpanData) -> Told | None:
        """Write what a span says; None if it is not usual.

        Args:
            data: The span.
        """
        if not self._may_be_usual(data):
            return None
        looked_at, said = self._ahead.pop(id(data), _NOTHING)
        if looked_at is not data:
            said = self._said(data.contents)
        own = data.attributes
        if said is None or not self._vetted.look(data.name, own, said.looked_at):
            return None
        content = dict(said.attributes)
        error_text = content.pop(a.EXCEPTION_MESSAGE, None)
        told = {**content, **self._modes(tuple(data.contents)), **own} if data.contents else own
        if self._most is not None and len(told) > self._most:
            return None
        return Told(data.name, told, error_text=error_text)

    def look_ahead(self, spans: Iterable[SpanData]) -> None:
        """Look at what many spans say in one go.

        Args:
            spans: Those that are written next.
        """
        self._ahead = {}
        looks = []
        for data in spans:
            if self._may_be_usual(data) and (said := self._said(data.contents)) is not None:
                self._ahead[id(data)] = data, said
                looks.append((data.name, data.attributes, said.looked_at))
        self._vetted.look_ahead(looks)

    def _may_be_usual(self, data: SpanData) -> bool:
        if self._is_off or data.additions is not None or data.events:
            return False
        return all_allowed(tuple(data.attributes), data.namespace)

    def _said(self, contents: Mapping[ContentKind, Content]) -> _Said | None:
        """Say the content that leaves as text, by attribute; None if one of them has to be looked at closer."""
        if not contents:
            return _SAYS_NOTHING
        attributes: dict[str, Any] = {}
        looked_at: dict[str, str] = {}
        left = self._limits.span_bytes
        for kind, content in contents.items():
            mode = self._settled[kind]
            if mode is CaptureMode.OFF:
                continue
            if mode is not CaptureMode.REDACTED_SUMMARY or content.is_cut:
                return None
            text = _text_of(kind, content)
            short = self._cut_first.of(text)
            if short is None:
                return None
            size = utf8_size(short.text)
            most = self._limits.value_bytes
            if (most is not None and size > most) or (left is not None and size > left):
                return None
            if self._max_length is not None and len(short.text) > self._max_length:
                return None
            if short.text is not text:
                names = fact_names(kind)
                attributes[names.bytes], attributes[names.truncated] = _size_of(content), True
            attributes[_KEYS[kind]], looked_at[_KEYS[kind]] = short.text, short.looked_at
            left = None if left is None else left - size
        return _Said(attributes, looked_at)

    def _modes(self, kinds: tuple[ContentKind, ...]) -> dict[str, Any]:
        told = self._told_modes.get(kinds)
        if told is None:
            told = {}
            tell_modes({kind: self._settled[kind] or CaptureMode.OFF for kind in kinds}, told)
            if len(self._told_modes) < _MAX_KINDS:
                self._told_modes[kinds] = told
        return told


def _text_of(kind: ContentKind, content: Content) -> str:
    """Give content as text, in the form of the conventions."""
    if type(content) is JsonContent and kind not in MESSAGE_KINDS:
        return content.json
    return text_of_content(as_conventional(kind.value, content.value))


def _size_of(content: Content) -> int:
    """Give the UTF-8 bytes of content as it came."""
    return utf8_size(content.json if type(content) is JsonContent else text_of_content(content.value))


_NOTHING: Final = (None, None)
