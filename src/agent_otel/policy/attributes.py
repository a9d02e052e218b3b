"""Attributes, names and texts that others wrote: other instrumentations, user code, and ourselves a second time.

``AttributeFilter`` holds the rules of one sink; ``Filtering`` is their use on one span or log record, whose texts share
one budget. Order as everywhere: what is allowed, which mode, scrubbed, cut.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final

import orjson

from agent_otel.conventions import attributes as a
from agent_otel.conventions.content import content_kind, message_kind
from agent_otel.conventions.known import is_known
from agent_otel.model import CaptureMode, Content, ContentKind
from agent_otel.policy.content_policy import ContentPolicy
from agent_otel.policy.deciding import Decider, Subject
from agent_otel.policy.explaining import tell_findings, tell_modes
from agent_otel.policy.facts import fact_names, facts_of, text_of_content, utf8_size
from agent_otel.policy.scrubbing import Limits, Place, Scrubber, truncate

__all__ = ["AttributeFilter", "Filtering"]

_KINDS: Final = {kind.value: kind for kind in ContentKind}
_SCALARS: Final = (bool, int, float, type(None))


class AttributeFilter:
    """The rules of one sink for what is already attributes.

    Args:
        policy: What the host decided.
        decider: Decides for the sink.
        scrubber: Hides secrets.
        cut_at: Characters at which texts were cut before they came here (``OTEL_*_VALUE_LENGTH_LIMIT``): a text of just
            that length may end within a secret.
    """

    def __init__(
        self, policy: ContentPolicy, decider: Decider, scrubber: Scrubber, *, cut_at: int | None = None
    ) -> None:
        self.decider = decider
        self.scrubber = scrubber
        self.limits = policy.limits
        self.drops_unknown = policy.foreign == "drop"
        self.cut_at = cut_at
        globs = policy.allowed
        self.is_allowed = lru_cache(maxsize=4096)(
            lambda key: is_known(key) or any(fnmatchcase(key, glob) for glob in globs)
        )

    def is_innocent(self, values: Any) -> bool:
        """Tell by one look at everything that a span or record says that there is nothing to hide.

        Args:
            values: Lists, dicts and texts; what has no JSON form is not innocent.
        """
        try:
            return self.scrubber.is_innocent(orjson.dumps(values).decode())
        except (TypeError, ValueError, RecursionError):
            return False


class Filtering:
    """Filters one span or log record, and keeps account of it.

    Args:
        rules: The rules of the sink.
        subject: What the content belongs to.
        of_tool: Whether it is a tool's span.
        innocent: Whether a look at everything found nothing to hide.
        is_own: Whether attributes were allowed and cut by this policy before: unknown ones then stay.
    """

    def __init__(
        self, rules: AttributeFilter, subject: Subject, *, of_tool: bool, innocent: bool, is_own: bool = False
    ) -> None:
        self._rules = rules
        self._subject = subject
        self._of_tool = of_tool
        self._innocent = innocent
        self._drops = rules.drops_unknown and not is_own
        self._cuts = not is_own
        self._bytes_left = rules.limits.span_bytes
        self._found: Counter[tuple[str, Place]] = Counter()
        self._modes: dict[ContentKind, CaptureMode] = {}
        self._denied: dict[str, None] = {}
        self._facts: dict[str, Any] = {}

    def attributes(self, attributes: Mapping[str, Any], event: str = "") -> Mapping[str, Any]:
        """Give what may leave of attributes; the very same mapping if all of it may.

        Args:
            attributes: By name.
            event: Name of the event or log record that they belong to, if it is one.
        """
        kept: dict[str, Any] = {}
        changed = False
        for key, value in attributes.items():
            kind = content_kind(key, of_tool=self._of_tool)
            if kind is None and event:
                kind = message_kind(event, key)
            if kind is not None:
                name, done = key, self._content(_KINDS[kind], key, value)
            elif self._drops and not self._rules.is_allowed(key):
                name, done = key, None
            else:
                name, done = self._plain(key, value)
            if done is None and value is not None:
                changed = True
                continue
            changed = changed or done is not value or name is not key
            kept[name] = done
        return kept if changed else attributes

    def text(self, text: str) -> str:
        """Give a text that is no content, such as a name, without its secrets."""
        if self._innocent or not text:
            return text
        return str(self._scrub(text, self._is_cut(text)))

    def error_text(self, text: str) -> str | None:
        """Give what may leave of an error's text; None if nothing may."""
        done = self._content(ContentKind.ERROR_TEXT, a.EXCEPTION_MESSAGE, text)
        return None if done is None else str(done)

    def body(self, body: Any, event: str) -> Any:
        """Give what may leave of a log record's body, whose members are content where its event holds a message."""
        if isinstance(body, Mapping):
            return self.attributes(body, event)
        kind = message_kind(event, "body")
        return self._plain("body", body)[1] if kind is None else self._content(_KINDS[kind], "body", body)

    def explanation(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Give attributes that tell what was done.

        Args:
            told: What the span tells already, by an earlier look.
        """
        into = dict(self._facts)
        if self._modes and a.CONTENT_MODE not in told:
            tell_modes(self._modes, into)
            if self._denied:
                into[a.CONTENT_DENIED_BY] = tuple(self._denied)
        tell_findings(self._found, into, told)
        return into

    @property
    def found(self) -> Mapping[tuple[str, Place], int]:
        """What was hidden, by detector and place."""
        return self._found

    @property
    def redacted(self) -> int:
        """How many secrets were hidden."""
        return sum(self._found.values())

    def _content(self, kind: ContentKind, key: str, value: Any) -> Any:
        content = Content(value)
        structured = not isinstance(value, str)
        text = text_of_content(_plainer(value)) if structured else value
        size = utf8_size(text)
        decision = self._rules.decider.decide(kind, content, self._subject, lambda: size)
        mode = decision.mode
        self._modes[kind] = mode if kind not in self._modes else mode.widest(self._modes[kind])
        self._denied.update(dict.fromkeys(decision.denied_by))
        if mode is CaptureMode.RAW_CONTENT:
            return value
        if not mode.has_text:
            if mode is not CaptureMode.OFF:
                self._tell_facts(kind, content, size)
            return None
        if not self._innocent:
            key_and_value = self._scrub({key: _plainer(value)}, self._is_cut(text))
            value = _same(value, next(iter(key_and_value.values())))
        return self._cut(kind, value, size) if self._cuts else value

    def _tell_facts(self, kind: ContentKind, content: Content, size: int) -> None:
        """Tell facts; where a dialect spreads one message over many keys, of all of them together."""
        names = fact_names(kind)
        before = self._facts.get(names.bytes)
        if before is None:
            facts_of(kind, content, size, self._facts)
        else:
            self._facts[names.bytes] = before + size
            self._facts.pop(names.items, None)

    def _cut(self, kind: ContentKind, value: Any, size: int) -> Any:
        limits, left = self._rules.limits, self._bytes_left
        most = min((limit for limit in (limits.value_bytes, left) if limit is not None), default=None)
        cut = truncate(_plainer(value), Limits(chars=limits.chars, bytes=most, items=None))
        if cut.facts.truncated:
            names = fact_names(kind)
            self._facts[names.bytes] = self._facts.get(names.bytes, 0) + size
            self._facts[names.truncated] = True
            value = _same(value, cut.value)
        if left is not None:
            self._bytes_left = max(0, left - min(size, most if most is not None else size))
        return value

    def _plain(self, key: str, value: Any) -> tuple[str, Any]:
        """Scrub an attribute that holds no content by any convention, with its key: ``password=...`` says enough."""
        if self._innocent:
            return key, value
        plainer = _plainer(value)
        if self._rules.is_innocent({key: plainer}) and not self._is_cut(value):
            return key, value
        before = sum(self._found.values())
        done = self._scrub({key: plainer}, self._is_cut(value))
        if sum(self._found.values()) == before:
            return key, value
        name, scrubbed = next(iter(done.items()))
        return (key if name == key else name), _same(value, scrubbed)

    def _is_cut(self, value: Any) -> bool:
        return self._rules.cut_at is not None and isinstance(value, str) and len(value) == self._rules.cut_at

    def _scrub(self, value: Any, is_cut: bool) -> Any:  # noqa: FBT001
        done, findings = self._rules.scrubber.scrub(value, is_cut=is_cut)
        self._found.update(findings.counts)
        return done


def _plainer(value: Any) -> Any:
    """Give an attribute value as JSON has it: OTLP also carries bytes, and mappings of any class."""
    if isinstance(value, (str, *_SCALARS)):
        return value
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "surrogateescape")
    if isinstance(value, Mapping):
        return {str(key): _plainer(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [_plainer(item) for item in value]
    return value


def _same(value: Any, done: Any) -> Any:
    """Give a scrubbed value in the type that it had before: the very same object if nothing in it changed."""
    if isinstance(value, (bytes, bytearray)):
        return value if done == _plainer(value) else str(done).encode("utf-8", "surrogateescape")
    if isinstance(value, Mapping) or (isinstance(value, Iterable) and not isinstance(value, str)):
        if done == _plainer(value):
            return value
        return tuple(done) if isinstance(value, tuple) and isinstance(done, list) else done
    return value if done == value and type(done) is type(value) else done
