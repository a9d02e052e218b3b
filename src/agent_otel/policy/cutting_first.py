"""Cutting before scrubbing, where that gives the same: most of a long text is cut away, and need not be read.

The order is to scrub and then to cut, because nobody knows a credential by the piece of it that a cut leaves. But what
stays is what scrubbing would leave of it, if there is nothing to hide in it and in what follows it for as far as a
pattern looks back from the sign by which it knows a credential. So that much is looked at, and no more.

What makes a secret of something by structure may stand farther away: the end of a long name beside a value, or a name
in a text that is JSON itself. Where there may be such a thing, all is read.
"""

from __future__ import annotations

from collections.abc import Iterator
import json
from typing import Any, Final, NamedTuple

from agent_otel.policy.content_policy import ContentLimits
from agent_otel.policy.scrubbing import ScrubOptions, cut_short
from agent_otel.policy.scrubbing.jsontext import STARTS_OF_LINES, is_spaced, looks_like_json
from agent_otel.policy.scrubbing.words import NAME_KEYS

__all__ = ["BEYOND", "CutFirst", "Short"]

# Characters behind the cut: farther than any pattern of the table looks ahead, or back through escapes of six.
BEYOND: Final = 64 * 1024
_NOTE: Final = "…[truncated "
_ESCAPED_NOTE: Final = "\\u2026[truncated "


class Short(NamedTuple):
    """A text that was cut, and what has to be innocent for it to be what scrubbing and cutting give."""

    text: str
    looked_at: str


class CutFirst:
    """Cuts the texts of a policy.

    Args:
        limits: Of the policy.
        options: What is looked for.
    """

    def __init__(self, limits: ContentLimits, options: ScrubOptions) -> None:
        self._chars = limits.chars
        self._most = options.max_bytes // 4  # in characters: beyond, all of it becomes a marker
        # How far those of the user's own look, nobody knows.
        self._is_off = bool(options.detectors) or options.recogniser is not None

    def of(self, text: str) -> Short | None:
        """Cut a text, leaf by leaf if it is JSON.

        Args:
            text: Not yet scrubbed.

        Returns:
            The text, with nothing cut if none of its leaves is too long; None if it has to be scrubbed first.
        """
        chars = self._chars
        if chars is None or len(text) <= chars:
            return Short(text, text)
        if self._is_off or len(text) > self._most:
            return None
        if looks_like_json(text):
            return self._of_json(text, chars)
        return None if _is_entered(text, chars) else Short(cut_short(text, chars), text[: chars + BEYOND])

    @staticmethod
    def _of_json(text: str, chars: int) -> Short | None:
        if is_spaced(text) or _NOTE in text or _ESCAPED_NOTE in text:
            return None
        try:
            tree = json.loads(text)
            if type(tree) not in (dict, list) or _written(tree, text) != text:  # spelled otherwise, or a key twice
                return None
        except (ValueError, RecursionError):
            return None
        long = [place for place in _texts(tree) if len(place[2]) > chars]
        if not long:
            return Short(text, text)
        if any(_is_entered(leaf, chars) or _may_name(container, key, leaf, chars) for container, key, leaf in long):
            return None
        for container, key, leaf in long:
            container[key] = leaf[: chars + BEYOND]
        looked_at = _written(tree, text)
        for container, key, leaf in long:
            container[key] = cut_short(leaf, chars)
        return Short(_written(tree, text), looked_at)


def _is_entered(text: str, chars: int) -> bool:
    """Tell whether scrubbing may read a text as a structure, and the look ends before its end."""
    if len(text) <= chars + BEYOND:
        return False
    return looks_like_json(text) or ("\n" in text and text.startswith(STARTS_OF_LINES))


def _may_name(container: Any, key: Any, text: str, chars: int) -> bool:
    """Tell whether the end of a text, before which the look ends, may make a secret of what stands beside it."""
    if len(text) <= chars + BEYOND:
        return False
    return len(container) > 1 if type(container) is list else key.lower() in NAME_KEYS


def _written(tree: Any, original: str) -> str:
    """Write a tree as the scrubber does, in the manner of a compact text."""
    return json.dumps(tree, ensure_ascii=original.isascii(), separators=(",", ":"))


def _texts(tree: Any) -> Iterator[tuple[Any, Any, str]]:
    """Give the texts of a structure that are no keys, each with its container and its place there."""
    containers = [tree]
    for container in containers:  # which grows meanwhile
        for key, value in container.items() if type(container) is dict else enumerate(container):
            kind = type(value)
            if kind is str:
                yield container, key, value
            elif kind is dict or kind is list:
                containers.append(value)
