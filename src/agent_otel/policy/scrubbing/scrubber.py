"""Scrubbing a value: structure first, then text, until nothing more is found.

Innocent values cost one look of the prefilter and come back as they are, the very same object. Everything else is
parsed where it is JSON, judged by keys, and scrubbed leaf by leaf. What a second look would still find is found by it,
so that scrubbing what was scrubbed changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
import re
from typing import Any

import orjson

from agent_otel.policy.scrubbing.budget import Budget, OverBudget
from agent_otel.policy.scrubbing.findings import NO_FINDINGS, Findings, Place, Scrubbed
from agent_otel.policy.scrubbing.forking import MATCHING
from agent_otel.policy.scrubbing.jsontext import STARTS_OF_LINES, TooDeep, looks_like_json, parse, render
from agent_otel.policy.scrubbing.leaves import LeafVisitor, Look
from agent_otel.policy.scrubbing.markers import OVER_BUDGET, TOO_DEEP, UNSTABLE, Marker
from agent_otel.policy.scrubbing.options import ScrubOptions
from agent_otel.policy.scrubbing.textscan import TextScan
from agent_otel.policy.scrubbing.tree import is_container, rewrite

__all__ = ["DEFAULT_OPTIONS", "Scrubber", "scrub"]

DEFAULT_OPTIONS = ScrubOptions()
_ROUNDS = 5
_FEW_BYTES = 64 * 1024  # of texts that are looked at together
_LINES_AT_ONCE = 64
_ESCAPED = "\\u00"  # a letter in disguise, where JSON stands in other text
_ESCAPES = re.compile(r"\\u00([2-7][0-9a-fA-F])")
_STARTS_OF_JSON = frozenset('{["')
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

    def is_innocent(self, text: str) -> bool:
        r"""Tell by one look at a text that there is nothing to hide in it, nor in any part of it.

        True promises that `scrub` finds nothing in the text; in any text that is a stretch of it, wherever that begins
        and ends; in any string that stands in it as JSON, with all escapes undone (those that hide a
        keyword too, as ``p\u0061ssword``), once or up to one time more often than `json_levels`; in structures that are
        made of such strings as they stand beside each other in the text; nor behind one layer of base64 or URL encoding
        in any of these. So one look at the JSON of many values speaks for each of them.

        False promises nothing: a mere hint is enough, such as a key that may hold a secret. Where an outside
        recogniser is asked, or a detector of the user's own names no keywords, it is always False; of other own
        detectors, no keyword stands in what is innocent. Texts beyond `max_bytes` are not innocent. It does not speak
        for texts that are scrubbed with `is_cut`, where any random run at the end counts.

        Args:
            text: Any text, most useful: one JSON dump of all that a span or record holds.
        """
        encoded = text.encode("utf-8", "surrogatepass")
        with MATCHING:
            return len(encoded) <= self._options.max_bytes and self._scan.every_part_innocent(encoded)

    def are_innocent(self, texts: Iterable[str]) -> bool:
        """Tell the same of several short texts by one look; False promises nothing, as in ``is_innocent``."""
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        with MATCHING:
            if sum(map(len, encoded)) <= min(_FEW_BYTES, self._options.max_bytes):
                return self._scan.every_part_innocent(*encoded)
            return all(
                len(text) <= self._options.max_bytes and self._scan.every_part_innocent(text) for text in encoded
            )

    def scrub(self, value: Any, *, is_cut: bool = False) -> Scrubbed:
        """Hide the secrets of a value.

        Args:
            value: A text, or any JSON value.
            is_cut: Whether its texts are known to have been cut at their ends, so that a few characters of a
                credential may stand there. What is told by a known beginning and a few telling characters, as
                ``ghp_Ab12``, is hidden at any end.

        Returns:
            The value that may leave, the very same if nothing was found, and counts of what was.
        """
        with MATCHING:
            return self._scrub(value, is_cut=is_cut)

    def _scrub(self, value: Any, *, is_cut: bool) -> Scrubbed:
        if not is_cut and self._innocent(value):
            return Scrubbed(value, NO_FINDINGS)
        found: Counter[tuple[str, Place]] = Counter()
        budget = Budget(self._options.max_work)
        try:
            for number in range(_ROUNDS):
                look = _Looker(self._options, self._scan, self._marker, budget, again=number > 0, is_cut=is_cut)
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
            is_json = value[:1] in _STARTS_OF_JSON or (value[:1].isspace() and looks_like_json(value))
            if not is_json and _ESCAPED not in value:
                return len(text) <= self._options.max_bytes and self._scan.empty(value, text)
            if "\\" in value and _is_json(text):
                return len(text) <= self._options.max_bytes and self._scan.innocent(text, is_json=True)
        elif type(value) in (dict, list, tuple):
            try:
                text = orjson.dumps(value, option=_STRICT)
            except (TypeError, ValueError, RecursionError):
                return False
            return len(text) <= self._options.max_bytes and self._scan.innocent(text, is_json=True)
        else:
            return value is None or type(value) in (bool, int, float)
        return len(text) <= self._options.max_bytes and self._scan.innocent(text)


def _character(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True


class _Looker(Look):
    """One look over a value: what it found, and how deep it is in texts within texts."""

    def __init__(
        self, options: ScrubOptions, scan: TextScan, marker: Marker, budget: Budget, *, again: bool, is_cut: bool
    ) -> None:
        super().__init__(scan, marker, budget, is_cut=is_cut)
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
        if not looked and not self._is_cut and self._scan.innocent(encoded):
            return text
        if level < self._options.json_levels and looks_like_json(text):
            done = self._json(text, level)
            if done is not None:
                return done
        if level < self._options.json_levels and "\n" in text and text.startswith(STARTS_OF_LINES):
            text = self._lines(text, level)
            encoded = text.encode("utf-8", "surrogatepass")
        if _ESCAPED in text:
            before = sum(self.found.values())
            plain = _ESCAPES.sub(_character, text)
            done = self.running(plain, plain.encode("utf-8", "surrogatepass"), place)
            if sum(self.found.values()) > before:
                return done
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
        if not line.startswith(STARTS_OF_LINES) or not looks_like_json(line) or self.is_innocent(line):
            return line
        done = self._json(line, level)
        return line if done is None else done

    def is_innocent(self, text: str) -> bool:
        """Tell at one look that nothing is to be found in a text."""
        encoded = text.encode("utf-8", "surrogatepass")
        self.budget.spend(len(encoded))
        return not self._is_cut and self._scan.innocent(encoded)


@lru_cache(maxsize=16)
def _scrubber(options: ScrubOptions) -> Scrubber:
    return Scrubber(options)


def scrub(value: Any, *, options: ScrubOptions = DEFAULT_OPTIONS, is_cut: bool = False) -> Scrubbed:
    """Hide the secrets of a value.

    Args:
        value: A text, or any JSON value.
        options: What is looked for, and what it may cost.
        is_cut: Whether its texts are known to have been cut at their ends.

    Returns:
        The value that may leave, the very same if nothing was found, and counts of what was.
    """
    return _scrubber(options).scrub(value, is_cut=is_cut)
