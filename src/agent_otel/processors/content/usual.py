"""The attributes of the usual span or record, as a sink may see them: all that the policy says of them is known before.

Which attributes stay, go, or are told of is a matter of their names, until a text is long or holds a secret. Those of
the same names come again and again, so it is decided once for them. Whatever is not usual is left to ``Filtering``,
which gives the same for what is: a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from agent_otel.conventions import attributes as a
from agent_otel.conventions.content import content_kind
from agent_otel.conventions.tools import SAYS_TOOL, is_tool_name, is_tool_span
from agent_otel.model import CaptureMode, ContentKind
from agent_otel.policy import AttributeFilter
from agent_otel.policy.attributes import WITHHELD_MARKER
from agent_otel.policy.explaining import tell_modes
from agent_otel.policy.fitting import never_cut

__all__ = ["UsualAttributes"]

_MAX_REMEMBERED: Final = 512


@frozen
class _Plan:
    """What becomes of attributes of certain names.

    Attributes:
        texts: Those that are content, and stay.
        contents: Those that are content, whether they stay or go.
        dropped: Those that go.
        told: What is told of that.
    """

    texts: tuple[str, ...]
    contents: tuple[str, ...]
    dropped: frozenset[str]
    told: Mapping[str, Any]


class UsualAttributes:
    """Filters the attributes of usual spans.

    Args:
        rules: Of the sink.
        is_own: Whether the spans are ours: then their content was chosen and cut before.
    """

    def __init__(self, rules: AttributeFilter, *, is_own: bool) -> None:
        self._rules = rules
        self._is_own = is_own
        self._longest = never_cut(rules.limits)
        self._plans: dict[tuple[Any, ...], _Plan | None] = {}

    def filtered(self, name: str, given: Mapping[str, Any], description: str | None) -> Mapping[str, Any] | None:
        """Give the attributes as they may leave, while name and description stay; None if that takes a closer look.

        Args:
            name: Of the span.
            given: Its own attributes.
            description: What its status is described by.

        Returns:
            The very same mapping if nothing changes.
        """
        place = tuple(given), is_tool_name(name), given.get(a.OPERATION_NAME), not description
        try:
            plan = self._plans[place]
        except KeyError:
            if len(self._plans) >= _MAX_REMEMBERED:
                self._plans.clear()
            plan = self._plans[place] = self._plan(name, given, description)
        except TypeError:  # an operation that is a list
            return None
        if plan is None or not (self._is_own or self._is_short(plan, given, description)):
            return None
        kept = {key: value for key, value in given.items() if key not in plan.dropped} if plan.dropped else given
        rest = {key: value for key, value in kept.items() if key not in plan.texts} if plan.texts else kept
        texts = {key: given[key] for key in plan.texts}  # as they are: within JSON they would be read twice
        if description:
            texts[a.EXCEPTION_MESSAGE] = description
        if not self._rules.vetted.look(name, rest, texts):
            return None
        return {**kept, **plan.told} if plan.told else kept

    def _is_short(self, plan: _Plan, given: Mapping[str, Any], description: str | None) -> bool:
        """Whether the content that stays is text, and so short that no limit cuts it."""
        left = self._longest - len(description or "")
        for key in plan.texts:
            value = given[key]
            if type(value) is not str:
                return False
            left -= len(value)
        return left >= 0 and WITHHELD_MARKER not in [given[key] for key in plan.contents]

    def _plan(self, name: str, given: Mapping[str, Any], description: str | None) -> _Plan | None:
        """Decide about names; None if the values count as well."""
        if any(key != a.OPERATION_NAME and key.lower() in SAYS_TOOL for key in given):
            return None  # whether it is a tool's depends on what it says
        of_tool = is_tool_span(given, name)
        modes: dict[ContentKind, CaptureMode | None] = {}
        texts: list[str] = []
        contents: list[str] = []
        dropped: list[str] = []
        for key in given:
            kind = content_kind(key, of_tool=of_tool)
            if kind is None:
                if not self._may_stay(key):
                    dropped.append(key)
                continue
            mode = modes[ContentKind(kind)] = self._rules.decider.settled(ContentKind(kind))
            contents.append(key)
            (texts if mode is CaptureMode.REDACTED_SUMMARY else dropped).append(key)
        if description:
            modes[ContentKind.ERROR_TEXT] = mode = self._rules.decider.settled(ContentKind.ERROR_TEXT)
            if mode is not CaptureMode.REDACTED_SUMMARY:
                return None  # the status loses its description
        settled = {kind: mode for kind, mode in modes.items() if mode in _EITHER}
        if len(settled) < len(modes) or (self._is_own and dropped):
            return None
        told: dict[str, Any] = {}
        if settled and (a.CONTENT_MODE not in given or a.CONTENT_MODE in dropped):
            tell_modes(settled, told)
        return _Plan(tuple(texts), tuple(contents), frozenset(dropped), told)

    def _may_stay(self, key: str) -> bool:
        """Say whether an attribute that is no content may stay; of what was done, only we tell."""
        rules = self._rules
        if self._is_own:
            return True
        return not key.startswith(a.CONTENT_FACTS_PREFIX) and (not rules.drops_unknown or rules.is_allowed(key))


_EITHER: Final = (CaptureMode.OFF, CaptureMode.REDACTED_SUMMARY)
