"""Scrubbing a value: structure first, then text, until nothing more is found.

Innocent values cost one look of the prefilter and come back as they are, the very same object. Everything else is
parsed where it is JSON, judged by keys, and scrubbed leaf by leaf. What a second look would still find is found by it,
so that scrubbing what was scrubbed changes nothing.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any

import orjson

from agent_otel.policy.scrubbing.budget import Budget, OverBudget
from agent_otel.policy.scrubbing.findings import NO_FINDINGS, Findings, Place, Scrubbed
from agent_otel.policy.scrubbing.jsontext import TooDeep, looks_like_json, parse, render
from agent_otel.policy.scrubbing.leaves import LeafVisitor, Look
from agent_otel.policy.scrubbing.markers import OVER_BUDGET, TOO_DEEP, UNSTABLE, Marker
from agent_otel.policy.scrubbing.options import ScrubOptions
from agent_otel.policy.scrubbing.textscan import TextScan
from agent_otel.policy.scrubbing.tree import is_container, rewrite

__all__ = ["DEFAULT_OPTIONS", "Scrubber", "scrub"]

DEFAULT_OPTIONS = ScrubOptions()
_ROUNDS = 5
_LINES_AT_ONCE = 64
_STARTS_OF_LINES = ("{", "[")
_MAYBE_JSON = frozenset('{[" \t\r\n')
_STRICT = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


class Scrubber:
    """Scrubs values by one set of options. Holds compiled patterns and nothing of the values.

    Args:
        options: What is looked for, and what it may cost.
    """

    def __init__(self, options: ScrubOptions = DEFAULT_OPTIONS) -> None:
        self._options = options
        self._scan = TextScan(options)
        self._marker = Marker(options.tag_key)

    def scrub(self, value: Any) -> Scrubbed:
        """Hide the secrets of a value.

        Args:
            value: A text, or any JSON value.

        Returns:
            The value that may leave, the very same if nothing was found, and counts of what was.
        """
        if self._innocent(value):
            return Scrubbed(value, NO_FINDINGS)
        found: Counter[tuple[str, Place]] = Counter()
        budget = Budget(self._options.max_work)
        try:
            for number in range(_ROUNDS):
                look = _Looker(self._options, self._scan, self._marker, budget, again=number > 0)
                scrubbed = look.value(value)
                if not look.found:
                    return Scrubbed(value, Findings(found) if found else NO_FINDINGS)
                found.update(look.found)
                value = scrubbed
                if not look.text_changed:  # whole values became markers, and markers stay
                    return Scrubbed(value, Findings(found))
        except OverBudget:
            return self._whole(OVER_BUDGET)
        return self._whole(UNSTABLE)

    def _whole(self, reason: str) -> Scrubbed:
        return Scrubbed(self._marker.write(reason), Findings({(reason, Place.WHOLE): 1}))

    def _innocent(self, value: Any) -> bool:
        """Tell by one look at the value, or at its JSON, that there is nothing to be found."""
        if type(value) is str:
            text = value.encode("utf-8", "surrogatepass")
            if value[:1] not in _MAYBE_JSON:
                return len(text) <= self._options.max_bytes and self._scan.empty(value, text)
        elif type(value) in (dict, list, tuple):
            try:
                text = orjson.dumps(value, option=_STRICT)
            except (TypeError, ValueError, RecursionError):
                return False
        else:
            return value is None or type(value) in (bool, int, float)
        return len(text) <= self._options.max_bytes and self._scan.innocent(text)


class _Looker(Look):
    """One look over a value: what it found, and how deep it is in texts within texts."""

    def __init__(self, options: ScrubOptions, scan: TextScan, marker: Marker, budget: Budget, *, again: bool) -> None:
        super().__init__(scan, marker, budget)
        self._options = options
        self._bytes_left = options.max_bytes
        self._again = again

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(str(value), Place.TEXT, 0, looked=not self._again)
        return rewrite(value, LeafVisitor(self, 0), depth=self._options.max_depth)

    def text(self, text: str, place: Place, level: int, *, looked: bool = False) -> str:
        """Scrub a text: as JSON where it is JSON, line by line where it is JSON lines, else as text.

        Args:
            text: The text.
            place: Where it stands.
            level: How many texts it is within.
            looked: Whether it is known that it is not innocent.
        """
        encoded = text.encode("utf-8", "surrogatepass")
        if level == 0:
            self._bytes_left -= len(encoded)
            if self._bytes_left < 0:
                raise OverBudget
        self.budget.spend(len(encoded))
        if not looked and self._scan.innocent(encoded):
            return text
        if level < self._options.json_levels and looks_like_json(text):
            done = self._json(text, level)
            if done is not None:
                return done
        if level < self._options.json_levels and "\n" in text and text.startswith(_STARTS_OF_LINES):
            text = self._lines(text, level)
            encoded = text.encode("utf-8", "surrogatepass")
        return self.running(text, encoded, place)

    def _json(self, text: str, level: int) -> str | None:
        try:
            tree = parse(text)
        except TooDeep:
            return self.hide(TOO_DEEP, Place.WHOLE)
        except ValueError:
            return None
        if not is_container(tree) and not isinstance(tree, str):
            return None
        before = sum(self.found.values())
        self.budget.spend(len(text))
        done = rewrite(tree, LeafVisitor(self, level + 1), depth=self._options.max_depth)
        return render(done, text) if sum(self.found.values()) > before else text

    def _lines(self, text: str, level: int) -> str:
        lines = text.split("\n")
        for first in range(0, len(lines), _LINES_AT_ONCE):
            block = lines[first : first + _LINES_AT_ONCE]
            if not self.is_innocent("\n".join(block)):
                lines[first : first + _LINES_AT_ONCE] = [self._line(line, level) for line in block]
        return "\n".join(lines)

    def _line(self, line: str, level: int) -> str:
        if not line.startswith(_STARTS_OF_LINES) or not looks_like_json(line) or self.is_innocent(line):
            return line
        done = self._json(line, level)
        return line if done is None else done

    def is_innocent(self, text: str) -> bool:
        """Tell at one look that nothing is to be found in a text."""
        encoded = text.encode("utf-8", "surrogatepass")
        self.budget.spend(len(encoded))
        return self._scan.innocent(encoded)


@lru_cache(maxsize=16)
def _scrubber(options: ScrubOptions) -> Scrubber:
    return Scrubber(options)


def scrub(value: Any, *, options: ScrubOptions = DEFAULT_OPTIONS) -> Scrubbed:
    """Hide the secrets of a value.

    Args:
        value: A text, or any JSON value.
        options: What is looked for, and what it may cost.

    Returns:
        The value that may leave, the very same if nothing was found, and counts of what was.
    """
    return _scrubber(options).scrub(value)
