"""What the usual span says: one to which nobody added anything, whose content is short and holds nothing to hide.

Nearly all spans are, and what the policy says of them is known beforehand, by kind of content. Whatever is not usual is
left to ``ContentWriter``, which says the same of usual spans: a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from opentelemetry.sdk.trace import SpanLimits

from agent_otel.conventions import attributes as a
from agent_otel.conventions.content import CONTENT_ATTRIBUTES
from agent_otel.conventions.messages import as_conventional
from agent_otel.emit.told import Told, all_allowed
from agent_otel.model import CaptureMode, Content, ContentKind, JsonContent
from agent_otel.policy import AttributeFilter
from agent_otel.policy.content_policy import MESSAGE_KINDS
from agent_otel.policy.explaining import tell_modes
from agent_otel.policy.facts import text_of_content
from agent_otel.policy.fitting import never_cut
from agent_otel.project import SpanData

__all__ = ["UsualSpans"]

_KEYS: Final = {kind: CONTENT_ATTRIBUTES[kind.value] for kind in ContentKind}
_MAX_KINDS: Final = 256


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
        self._longest = never_cut(rules.limits, limits.max_span_attribute_length)
        self._most = limits.max_span_attributes
        self._is_off = sinks_differ
        self._ahead: dict[int, tuple[SpanData | None, dict[str, str] | None]] = {}  # spans that are written next
        self._told_modes: dict[tuple[ContentKind, ...], dict[str, Any]] = {}

    def of(self, data: SpanData) -> Told | None:
        """Write what a span says; None if it is not usual.

        Args:
            data: The span.
        """
        if not self._may_be_usual(data):
            return None
        looked_at, texts = self._ahead.pop(id(data), _NOTHING)
        if looked_at is not data:
            texts = self._texts(data.contents)
        own = data.attributes
        if texts is None or not self._vetted.look(data.name, own, texts):
            return None
        error_text = texts.pop(a.EXCEPTION_MESSAGE, None)
        told = {**texts, **self._modes(tuple(data.contents)), **own} if data.contents else own
        if self._most is not None and len(told) > self._most:
            return None
        return Told(data.name, told, error_text=error_text)

    def look_ahead(self, spans: Iterable[SpanData]) -> None:
        """Look at what many spans say in one go.

        Args:
            spans: Those that are written next.
        """
        self._ahead = {}
        said = []
        for data in spans:
            if self._may_be_usual(data) and (texts := self._texts(data.contents)) is not None:
                self._ahead[id(data)] = data, texts
                said.append((data.name, data.attributes, texts))
        self._vetted.look_ahead(said)

    def _may_be_usual(self, data: SpanData) -> bool:
        if self._is_off or data.additions is not None or data.events:
            return False
        return all_allowed(tuple(data.attributes), data.namespace)

    def _texts(self, contents: Mapping[ContentKind, Content]) -> dict[str, str] | None:
        """Give the content that leaves as text, by attribute; None if one of them has to be looked at closer."""
        texts: dict[str, str] = {}
        if not contents:
            return texts
        left = self._longest
        for kind, content in contents.items():
            mode = self._settled[kind]
            if mode is CaptureMode.OFF:
                continue
            if mode is not CaptureMode.REDACTED_SUMMARY or content.is_cut:
                return None
            if type(content) is JsonContent and kind not in MESSAGE_KINDS:
                text = content.json
            else:
                text = text_of_content(as_conventional(kind.value, content.value))
            texts[_KEYS[kind]] = text
            left -= len(text)
            if left < 0:
                return None
        return texts

    def _modes(self, kinds: tuple[ContentKind, ...]) -> dict[str, Any]:
        told = self._told_modes.get(kinds)
        if told is None:
            told = {}
            tell_modes({kind: self._settled[kind] or CaptureMode.OFF for kind in kinds}, told)
            if len(self._told_modes) < _MAX_KINDS:
                self._told_modes[kinds] = told
        return told


_NOTHING: Final = (None, None)
