"""Content becomes attributes: allowed, scrubbed, cut, in that order; and the attributes say what was done.

One ``Writing`` per span or log record: each piece of content is turned into text once and scrubbed once, however many
sinks with policies of their own are to see it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
import json
from typing import Any

from attrs import define, field, frozen

from agent_otel.conventions import attributes as a
from agent_otel.conventions.content import CONTENT_ATTRIBUTES
from agent_otel.conventions.messages import as_conventional
from agent_otel.model import CaptureMode, Content, ContentKind
from agent_otel.policy.content_policy import MESSAGE_KINDS, ContentPolicy
from agent_otel.policy.deciding import Decider, Decision, Subject
from agent_otel.policy.denied_parts import without_denied_calls
from agent_otel.policy.explaining import tell_modes
from agent_otel.policy.facts import fact_names, facts_of, text_of_content, utf8_size
from agent_otel.policy.fitting import fit, within_bytes
from agent_otel.policy.scrubbing import NO_FINDINGS, Findings, Limits, Place, Scrubber, truncate

__all__ = ["Writing", "Written"]

_KEYS = {kind: CONTENT_ATTRIBUTES[kind.value] for kind in ContentKind}


@define(eq=False, slots=False)
class _Piece:
    """One piece of content; its text is made when it is first needed, which for most prompts is never."""

    kind: ContentKind
    content: Content = field(repr=False)
    denies: Callable[[str], bool] | None = field(repr=False)
    scrubbed: str | None = field(default=None, repr=False)
    findings: Findings = NO_FINDINGS

    @cached_property
    def form(self) -> Any:
        form = self.content.value
        if self.denies is not None and self.kind in MESSAGE_KINDS:
            form = without_denied_calls(form, self.denies)
        return as_conventional(self.kind.value, form)

    @cached_property
    def text(self) -> str:
        return text_of_content(self.form)

    @cached_property
    def size(self) -> int:
        """UTF-8 bytes as it came."""
        value = self.content.value
        return utf8_size(self.text if self.form is value else text_of_content(value))

    def measure(self) -> int:
        return self.size


@frozen(eq=False)
class Written:
    """What one sink, or the span itself, carries of the content of a span or log record.

    Attributes:
        attributes: Content under its names in the conventions, facts, mode, denied gates. Error text stands under
            ``exception.message``; a span tells it as the description of its status.
        raw: Which of them are content as it was, by permission of every gate.
        findings: What was hidden in the content that is carried, by detector and place.
    """

    attributes: dict[str, Any] = field(factory=dict, repr=False)
    raw: frozenset[str] = frozenset()
    findings: Mapping[tuple[str, Place], int] = field(factory=dict)


_NOTHING = Written()


class Writing:
    """Writes the content of one span or log record.

    Args:
        contents: Content by kind.
        subject: What it belongs to.
        scrubber: Hides secrets.
        policy: Says how much of a scrubbed text is kept, and which tools are denied.
        structured: Whether values stay structures, as on log records, or become JSON text, as on spans.
    """

    def __init__(
        self,
        contents: Mapping[ContentKind, Content],
        subject: Subject,
        scrubber: Scrubber,
        policy: ContentPolicy,
        *,
        structured: bool = False,
    ) -> None:
        self._subject = subject
        self._scrubber = scrubber
        self._limits = policy.limits
        self._structured = structured
        self._pieces = [_Piece(kind, content, policy.denies) for kind, content in contents.items()]
        self._looked_at: list[_Piece] = []

    def texts(self, decider: Decider) -> list[str]:
        """Give the content that may leave as text, for a look at everything at once.

        Args:
            decider: Decides for the span or record itself.
        """
        self._looked_at = [piece for piece in self._pieces if decider.may_tell(piece.kind)]
        return [piece.text for piece in self._looked_at]

    def nothing_to_hide(self) -> None:
        """Take it that the look at these texts found them innocent; the end of one that was cut is looked at closer."""
        for piece in self._looked_at:
            if not piece.content.is_cut:
                piece.scrubbed = piece.text

    def write(self, decider: Decider, max_length: int | None = None) -> Written:
        """Give what may be seen.

        Args:
            decider: Decides for the sink, or for the span.
            max_length: Characters that an attribute may have (``OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT``).
        """
        if not self._pieces:
            return _NOTHING
        attributes: dict[str, Any] = {}
        modes: dict[ContentKind, CaptureMode] = {}
        denied: dict[str, None] = {}
        found: Counter[tuple[str, Place]] = Counter()
        raw: set[str] = set()
        left = self._limits.span_bytes
        for piece in self._pieces:
            decision = decider.decide(piece.kind, piece.content, self._subject, piece.measure)
            modes[piece.kind] = decision.mode
            denied.update(dict.fromkeys(decision.denied_by))
            if not decision.mode.has_text:
                self._without_text(piece, decision, attributes)
                continue
            text = self._text(piece, decision.mode, left, max_length, attributes)
            key = _KEYS[piece.kind]
            if decision.mode is CaptureMode.RAW_CONTENT:
                raw.add(key)
            else:
                found.update(piece.findings.counts)
                left = None if left is None else max(0, left - utf8_size(text))
            attributes[key] = self._value(piece, text)
        tell_modes(modes, attributes)
        if denied:
            attributes[a.CONTENT_DENIED_BY] = tuple(denied)
        return Written(attributes, frozenset(raw), found)

    def _without_text(self, piece: _Piece, decision: Decision, into: dict[str, Any]) -> None:
        if decision.mode is CaptureMode.OFF:
            return
        if decision.mode is CaptureMode.PAYLOAD_REFS and piece.content.reference is not None:
            reference = self._scrubber.scrub(piece.content.reference).value
            into[fact_names(piece.kind).reference] = reference
            return
        facts_of(piece.kind, piece.content, piece.size, into)

    def _text(
        self, piece: _Piece, mode: CaptureMode, left: int | None, max_length: int | None, into: dict[str, Any]
    ) -> str:
        names = fact_names(piece.kind)
        if mode is CaptureMode.RAW_CONTENT:
            return piece.text
        if piece.scrubbed is None:
            done = self._scrubber.scrub(piece.text, is_cut=piece.content.is_cut)
            piece.scrubbed, piece.findings = done.value, done.findings
        most = self._bytes(left)
        text: str = truncate(piece.scrubbed, Limits(chars=self._limits.chars, bytes=most, items=None)).value
        if most is not None:
            text = within_bytes(text, most)
        truncated = text is not piece.scrubbed or piece.content.is_cut
        if max_length is not None and len(text) > max_length:
            text, truncated = fit(text, max_length), True
        if truncated:
            into[names.bytes] = piece.size
            into[names.truncated] = True
        return text

    def _bytes(self, left: int | None) -> int | None:
        most = self._limits.value_bytes
        return left if most is None else most if left is None else min(most, left)

    def _value(self, piece: _Piece, text: str) -> Any:
        if not self._structured or isinstance(piece.form, str):
            return text
        try:
            return json.loads(text)  # and not by the fast decoder, to which integers beyond 64 bits are floats
        except ValueError:
            return text
