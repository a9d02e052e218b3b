"""Attributes, names and texts that others wrote: other instrumentations, user code, and ourselves a second time.

``AttributeFilter`` holds the rules of one sink; ``Filtering`` is their use on one span or log record, whose texts share
one budget. Order as everywhere: what is allowed, which mode, scrubbed, cut.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final

import orjson

from agent_otel.conventions import attributes as a
from agent_otel.conventions.content import content_kind, message_kind
from agent_otel.conventions.known import is_known
from agent_otel.model import CaptureMode, Content, ContentKind
from agent_otel.policy.content_policy import MESSAGE_KINDS, ContentPolicy
from agent_otel.policy.cutting_first import CutFirst
from agent_otel.policy.deciding import DENIED_TOOL, Decider, Subject
from agent_otel.policy.denied_parts import denied_prefixes, without_denied_calls
from agent_otel.policy.explaining import tell_findings, tell_modes
from agent_otel.policy.facts import fact_names, facts_of, text_of_content, utf8_size
from agent_otel.policy.fitting import keep_end, within_bytes
from agent_otel.policy.plain_values import holds_length, plain, restored, text_size
from agent_otel.policy.scrubbing import Limits, Place, Scrubber, truncate
from agent_otel.policy.sharing import vetted_by

__all__ = ["AttributeFilter", "Filtering"]

_KINDS: Final = {kind.value: kind for kind in ContentKind}
_MAX_CHARS: Final = 8 * 1024 * 1024  # of one span that are scrubbed; beyond, values become markers
_MAX_DEPTH: Final = 64
_OVER_BUDGET: Final = ("over_budget", Place.WHOLE)
OVER_BUDGET_MARKER: Final = "[REDACTED:over_budget]"
WITHHELD_MARKER: Final = "[REDACTED:content_policy]"  # in the place of content, on spans that our completion hook wrote
_STACK_TRACE: Final = "stacktrace"
_DROPPED: Final = object()


class AttributeFilter:
    """The rules of one sink for what is already attributes.

    Args:
        policy: What the host decided.
        decider: Decides for the sink.
        scrubber: Hides secrets.
    """

    def __init__(self, policy: ContentPolicy, decider: Decider, scrubber: Scrubber) -> None:
        self.decider = decider
        self.scrubber = scrubber
        self.vetted = vetted_by(scrubber)
        self.limits = policy.limits
        self.cut_first = CutFirst(policy.limits, policy.scrubbing)
        self.drops_unknown = policy.foreign == "drop"
        self.denies = policy.denies
        globs = policy.allowed
        self.is_allowed = lru_cache(maxsize=4096)(
            lambda key: is_known(key) or any(fnmatchcase(key, glob) for glob in globs)
        )

    def is_innocent(self, values: Any, cut_at: Collection[int] = ()) -> bool:
        """Tell by one look at everything that a span or record says that there is nothing to hide.

        Args:
            values: Lists, dicts and texts; what has no JSON form is not innocent.
            cut_at: Characters at which texts were cut before (``OTEL_*_VALUE_LENGTH_LIMIT``).
        """
        if text_size(values) > _MAX_CHARS or (cut_at and holds_length(values, cut_at)):
            return False
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
        cut_at: Characters at which texts were cut before they came here: one of just that length may end in a secret.
    """

    def __init__(
        self,
        rules: AttributeFilter,
        subject: Subject,
        *,
        of_tool: bool,
        innocent: bool,
        is_own: bool = False,
        cut_at: Collection[int] = (),
    ) -> None:
        self._rules = rules
        self._cut_at = cut_at
        self._subject = subject
        self._of_tool = of_tool
        self._innocent = innocent
        self._is_own = is_own
        self._drops = rules.drops_unknown and not is_own
        self._bytes_left = rules.limits.span_bytes
        self._work_left = _MAX_CHARS
        self._found: Counter[tuple[str, Place]] = Counter()
        self._modes: dict[ContentKind, CaptureMode] = {}
        self._denied: dict[str, None] = {}
        self._facts: dict[str, Any] = {}

    def attributes(
        self, attributes: Mapping[str, Any], event: str = "", *, within: str | None = None
    ) -> Mapping[str, Any]:
        """Give what may leave of attributes; the very same mapping if all of it may.

        Args:
            attributes: By name.
            event: Name of the event or log record that they belong to, if it is one.
            within: Where they stand, if they are the value of an attribute; empty for a log record's body.
        """
        kept: dict[str, Any] = {}
        changed = False
        denied = self._denied_prefixes(attributes) if self._rules.denies is not None else ()
        for key, value in attributes.items():
            name, done = self._attribute(key, value, event, within, denied)
            if done is _DROPPED:
                changed = True
                continue
            if name is not key:
                name = _free(name, kept)
            changed = changed or done is not value or name is not key
            kept[name] = done
        return kept if changed else attributes

    def _denied_prefixes(self, attributes: Mapping[str, Any]) -> tuple[str, ...]:
        assert self._rules.denies is not None  # noqa: S101  asked by the caller
        return denied_prefixes(attributes, self._rules.denies)

    def _attribute(
        self, key: str, value: Any, event: str, within: str | None, denied: tuple[str, ...]
    ) -> tuple[str, Any]:
        """Give an attribute's name and value as they may leave."""
        path = f"{within}.{key}" if within else key
        kind = message_kind(event, path) if event else None
        if kind is None:
            kind = content_kind(path, of_tool=self._of_tool)
        if kind is None and within:
            kind = content_kind(key, of_tool=self._of_tool)
        if kind is not None:
            if denied and key.startswith(denied):
                self._denied[DENIED_TOOL] = None
                return key, _DROPPED
            return key, self._content(_KINDS[kind], key, value)
        if within is None and not self._may_stay(key):
            return key, _DROPPED
        if isinstance(value, Mapping) and path.count(".") < _MAX_DEPTH:
            value = self.attributes(value, event, within=path)
        # What stands within is scrubbed with the whole: a key above it may say that all of it is secret.
        return (key, value) if within else self._plain(key, value)

    def _may_stay(self, key: str) -> bool:
        """Say whether an attribute is allowed at all; of what was done, only we tell."""
        if self._is_own:
            return True
        return not key.startswith(a.CONTENT_FACTS_PREFIX) and (not self._drops or self._rules.is_allowed(key))

    def text(self, text: str) -> str:
        """Give a text that is no content, such as a name, without its secrets."""
        if self._innocent or not text:
            return text
        return str(self._scrub(str.__str__(text)))

    def error_text(self, text: str) -> str | None:
        """Give what may leave of an error's text; None if nothing may."""
        done = self._content(ContentKind.ERROR_TEXT, a.EXCEPTION_MESSAGE, text)
        return None if done is _DROPPED else str.__str__(done) if isinstance(done, str) else str(done)

    def body(self, body: Any, event: str) -> Any:
        """Give what may leave of a log record's body, whose members are content where its event holds a message."""
        if isinstance(body, Mapping):
            return self.attributes(body, event, within="")
        kind = message_kind(event, "body")
        done = self._plain("body", body)[1] if kind is None else self._content(_KINDS[kind], "body", body)
        return None if done is _DROPPED else done

    def explanation(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Give attributes that tell what was done.

        Args:
            told: What the span tells already, by an earlier look of ours.
        """
        into = dict(self._facts)
        if self._modes and a.CONTENT_MODE not in told:
            tell_modes(self._modes, into)
        if self._denied and a.CONTENT_DENIED_BY not in told:
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
        if value == WITHHELD_MARKER:
            return _DROPPED  # and its length is nobody's
        if self._rules.denies is not None and kind in MESSAGE_KINDS:
            value = self._without_denied(value)
        simple = plain(value)
        text = simple if isinstance(simple, str) else text_of_content(simple)
        size = utf8_size(text)
        content = Content(value)
        decision = self._rules.decider.decide(kind, content, self._subject, lambda: size)
        mode = decision.mode
        self._modes[kind] = mode if kind not in self._modes else mode.widest(self._modes[kind])
        self._denied.update(dict.fromkeys(decision.denied_by))
        if mode is CaptureMode.RAW_CONTENT:
            return value
        if not mode.has_text:
            if mode is not CaptureMode.OFF:
                self._tell_facts(kind, content, size)
            return _DROPPED
        if not self._innocent:
            scrubbed = self._scrub({key: simple})
            simple = next(iter(scrubbed.values()))
            value = restored(value, simple)
        return value if self._is_own else self._cut(kind, key, value, simple, size)

    def _without_denied(self, value: Any) -> Any:
        assert self._rules.denies is not None  # noqa: S101  asked by the caller
        told = without_denied_calls(value, self._rules.denies)
        if told is not value:
            self._denied[DENIED_TOOL] = None
        return told

    def _tell_facts(self, kind: ContentKind, content: Content, size: int) -> None:
        """Tell facts; where a dialect spreads one message over many keys, of all of them together."""
        names = fact_names(kind)
        before = self._facts.get(names.bytes)
        if before is None:
            facts_of(kind, content, size, self._facts)
        else:
            self._facts[names.bytes] = before + size
            self._facts.pop(names.items, None)

    def _cut(self, kind: ContentKind, key: str, value: Any, simple: Any, size: int) -> Any:
        limits, left = self._rules.limits, self._bytes_left
        most = min((limit for limit in (limits.value_bytes, left) if limit is not None), default=None)
        if isinstance(simple, str) and key.endswith(_STACK_TRACE):
            cut = keep_end(simple, limits.chars)
        else:
            cut = truncate(simple, Limits(chars=limits.chars, bytes=most, items=None)).value
            if most is not None:
                cut = within_bytes(cut, most)
        if cut != simple:
            names = fact_names(kind)
            self._facts[names.bytes] = self._facts.get(names.bytes, 0) + size
            self._facts[names.truncated] = True
            value = restored(value, cut)
        if left is not None:
            self._bytes_left = max(0, left - min(size, most if most is not None else size))
        return value

    def _plain(self, key: str, value: Any) -> tuple[str, Any]:
        """Scrub an attribute that holds no content by any convention, with its key: ``password=...`` says enough."""
        if self._innocent:
            return key, value
        simple = plain(value)
        if self._rules.is_innocent({key: simple}, self._cut_at):
            return key, value
        before = self.redacted
        done = self._scrub({key: simple})
        if self.redacted == before:
            return key, value
        name, scrubbed = next(iter(done.items()))
        return (key if name == key else name), restored(value, scrubbed)

    def _scrub(self, value: Any) -> Any:
        self._work_left -= text_size(value)
        if self._work_left < 0:
            self._found[_OVER_BUDGET] += 1
            return dict.fromkeys(value, OVER_BUDGET_MARKER) if isinstance(value, dict) else OVER_BUDGET_MARKER
        is_cut = bool(self._cut_at) and holds_length(value, self._cut_at)
        done, findings = self._rules.scrubber.scrub(value, is_cut=is_cut)
        self._found.update(findings.counts)
        return done


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """Give a name that is not taken: two keys may have become the same marker."""
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}#{number}", number + 1
    return free
