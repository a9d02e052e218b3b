"""Cutting a scrubbed value to size, leaf by leaf, so that JSON stays JSON.

A leaf keeps exactly its number of characters, then says how much was cut, outside of the budget (SOURCES.md 2.3). A cut
never falls into a marker of the scrubber: it falls before it. Numbers, flags and null stay as they are.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from attrs import frozen
import orjson

from agent_otel.policy.scrubbing.jsontext import Number, Pairs, TooDeep, looks_like_json, parse, render
from agent_otel.policy.scrubbing.markers import MARKER_START
from agent_otel.policy.scrubbing.tree import is_container

__all__ = ["DEFAULT_LIMITS", "Limits", "Truncated", "TruncationFacts", "cut_short", "truncate"]

_MARKER = re.compile(r"\[REDACTED(?::[a-z0-9_]{1,64}(?::[0-9a-f]{12})?)?\]")
_CUT = re.compile(r"…\[truncated [0-9]+ of [0-9]+ (?:chars|items|members)\]")
_LONGEST_CUT = 64
_LONGEST_MARKER = 96


@frozen(kw_only=True)
class Limits:
    """How much of a value is kept; None is no limit, 0 keeps nothing.

    Attributes:
        chars: Characters of each text in it.
        bytes: UTF-8 bytes of all texts and keys in it together.
        items: Items of each list, members of each object.

    Raises:
        ValueError: A limit is negative.
    """

    chars: int | None = 1000
    bytes: int | None = None
    items: int | None = 1000

    def __attrs_post_init__(self) -> None:
        for name in ("chars", "bytes", "items"):
            limit = getattr(self, name)
            if limit is not None and limit < 0:
                raise ValueError(f"{name}: expected a number of at least 0, or None")


class TruncationFacts(NamedTuple):
    """What truncation did.

    Attributes:
        truncated: Whether anything was cut.
        original_chars: Characters of the value before: of a text as it is, of a structure as compact JSON.
        original_bytes: The same in UTF-8 bytes.
    """

    truncated: bool
    original_chars: int
    original_bytes: int


class Truncated(NamedTuple):
    """A value within its limits, and what was done to it."""

    value: Any
    facts: TruncationFacts


DEFAULT_LIMITS = Limits()


def truncate(value: Any, limits: Limits = DEFAULT_LIMITS) -> Truncated:
    """Cut a value that was scrubbed as a whole before.

    Args:
        value: A text, or any JSON value. A text that is JSON is cut leaf by leaf and stays JSON.
        limits: How much is kept.

    Returns:
        The value, the very same if nothing was cut; and its size before.
    """
    chars, size = _measure(value)
    if _fits(value, limits, chars, size):
        return Truncated(value, TruncationFacts(truncated=False, original_chars=chars, original_bytes=size))
    cutter = _Cutter(limits)
    done = cutter.text(value) if isinstance(value, str) else cutter.tree(value)
    facts = TruncationFacts(truncated=cutter.cut, original_chars=chars, original_bytes=size)
    return Truncated(done if cutter.cut else value, facts)


def cut_short(text: str, chars: int) -> str:
    """Cut one text as ``truncate`` cuts the leaves of a structure.

    Args:
        text: The text.
        chars: Characters that are kept.
    """
    return _Cutter(Limits(chars=chars, items=None)).leaf(text)


def _measure(value: Any) -> tuple[int, int]:
    if isinstance(value, str):
        return len(value), len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    try:
        encoded = orjson.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return _measure_slowly(value)
    return len(encoded) if encoded.isascii() else len(encoded.decode()), len(encoded)


def _measure_slowly(value: Any) -> tuple[int, int]:
    """Measure what the fast encoder refuses, such as integers beyond 64 bits, by its parts."""
    chars = size = 0
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting.extend(part)
            waiting.extend(part.values())
            chars, size = chars + 2 * len(part) + 1, size + 2 * len(part) + 1
        elif isinstance(part, (list, tuple)):
            waiting.extend(part)
            chars, size = chars + len(part) + 1, size + len(part) + 1
        else:
            text = part if isinstance(part, str) else str(part)
            quotes = 2 * isinstance(part, str)
            chars, size = chars + len(text) + quotes, size + len(text.encode("utf-8", "surrogatepass")) + quotes
    return chars, size


def _fits(value: Any, limits: Limits, chars: int, size: int) -> bool:
    """Tell by size alone that nothing can be over a limit: no part is larger than the whole."""
    if limits.chars is not None and chars > limits.chars:
        return False
    if limits.bytes is not None and size > limits.bytes:
        return False
    if limits.items is None or chars // 2 < limits.items:
        return True
    return isinstance(value, str) and not looks_like_json(value)


@frozen
class _Cut:
    """A text, cut: what is kept and what was there."""

    kept: str
    total: int

    def __str__(self) -> str:
        return f"{self.kept}…[truncated {self.total - len(self.kept)} of {self.total} chars]"


class _Cutter:
    """Cuts one value; its texts share the byte budget in their order."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._bytes_left = limits.bytes
        self.cut = False

    def text(self, text: str) -> str:
        """Cut a text: leaf by leaf if it is JSON, else as it is."""
        if looks_like_json(text):
            try:
                tree = parse(text)
            except (ValueError, TooDeep):
                return self.leaf(text)
            done = self.tree(tree)
            return render(done, text) if self.cut else text
        return self.leaf(text)

    def tree(self, root: Any) -> Any:
        """Cut a structure. Outer containers come before inner ones, without recursion; tuples become lists."""
        # Containers that are still to be filled: (source, what to fill).
        waiting: list[tuple[Any, Any]] = []
        done = self._node(root, waiting)
        while waiting:
            source, target = waiting.pop()
            self._fill(source, target, waiting)
        return done

    def _node(self, value: Any, waiting: list[tuple[Any, Any]]) -> Any:
        if is_container(value):
            target: Any = {} if isinstance(value, dict) else Pairs() if isinstance(value, Pairs) else []
            waiting.append((value, target))
            return target
        if isinstance(value, str) and not isinstance(value, Number):
            return self.leaf(value)
        return value

    def _fill(self, source: Any, target: Any, waiting: list[tuple[Any, Any]]) -> None:
        total = len(source)
        noted = _ends_in_note(source)
        most = total if self._limits.items is None else min(total, self._limits.items + noted)
        kept = 0
        below: list[tuple[Any, Any]] = []
        named = isinstance(source, (dict, Pairs))
        for item in source.items() if isinstance(source, dict) else source:
            value = item[1] if named else item
            last = noted and kept == total - 1
            if kept >= most or not (last or self._room(item[0] if named else "", value)):
                break
            node = value if last else self._node(value, below)
            if isinstance(source, dict):
                target[item[0]] = node
            else:
                target.append((item[0], node) if named else node)
            kept += 1
        if kept < total:
            self.cut = True
            _add_marker(target, total - kept, total)
        waiting.extend(reversed(below))

    def _room(self, key: Any, value: Any) -> bool:
        """Take the bytes of a key, and those of a number (one for any other item)."""
        if self._bytes_left is None:
            return True
        cost = len(key.encode("utf-8", "surrogatepass")) if isinstance(key, str) else 8
        cost += len(value) if isinstance(value, Number) else 1
        if cost > self._bytes_left:
            self._bytes_left = 0
            return False
        self._bytes_left -= cost
        return True

    def leaf(self, text: str) -> str:
        """Cut a text as it is."""
        limit = len(text) if self._limits.chars is None else min(len(text), self._limits.chars)
        if self._bytes_left is not None:
            limit = _chars_within(text, limit, self._bytes_left)
        if limit < len(text) and not _was_cut(text, limit):
            limit = _before_marker(text, limit)
            self.cut = True
            done = str(_Cut(text[:limit], len(text)))
        else:
            done = text
        if self._bytes_left is not None:
            self._bytes_left = max(0, self._bytes_left - len(text[:limit].encode("utf-8", "surrogatepass")))
        return done


def _chars_within(text: str, limit: int, size: int) -> int:
    """Give how many characters fit into so many bytes, of at most so many characters."""
    if text.isascii():
        return min(limit, size)
    encoded = text[: min(limit, size)].encode("utf-8", "surrogatepass")
    if len(encoded) <= size:
        return min(limit, size)
    while size > 0 and 0x80 <= encoded[size] < 0xC0:
        size -= 1
    return len(encoded[:size].decode("utf-8", "surrogatepass"))


def _was_cut(text: str, limit: int) -> bool:
    """Tell a text that was cut to this limit, or a smaller one, before: it keeps its one note of it."""
    start = text.rfind("…[truncated ", max(0, len(text) - _LONGEST_CUT))
    return 0 <= start <= limit and _CUT.fullmatch(text, start) is not None


def _before_marker(text: str, limit: int) -> int:
    start = text.rfind(MARKER_START, max(0, limit - _LONGEST_MARKER), limit + len(MARKER_START) - 1)
    if start < 0:
        return limit
    marker = _MARKER.match(text, start)
    return start if marker is not None and marker.end() > limit else limit


def _ends_in_note(source: Any) -> bool:
    """Tell a container that was cut before: its last item says so."""
    if not source:
        return False
    last = next(reversed(source))
    if isinstance(source, Pairs):
        last = last[0]
    return isinstance(last, str) and _CUT.fullmatch(last) is not None


def _add_marker(target: Any, cut: int, total: int) -> None:
    if isinstance(target, dict):
        target[f"…[truncated {cut} of {total} members]"] = None
    elif isinstance(target, Pairs):
        target.append((f"…[truncated {cut} of {total} members]", None))
    else:
        target.append(f"…[truncated {cut} of {total} items]")
