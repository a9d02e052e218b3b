"""JSON text to a tree and back, such that nothing but what was hidden changes.

Numbers keep their own spelling, objects their order and their duplicate keys. Only the whitespace between tokens is
laid out anew, in the manner of the text.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring, encode_basestring_ascii
import re
from typing import Any

from attrs import frozen

__all__ = ["STARTS_OF_LINES", "Number", "Pairs", "TooDeep", "is_spaced", "looks_like_json", "parse", "render"]

_INDENT = re.compile(r"[\[{]\r?\n([ \t]+)")
STARTS_OF_LINES = ("{", "[")  # a text of several lines that begins like this may be JSON, line by line
_FIRST_KEY = re.compile(r'[\s\[]*\{\s*"(?:[^"\\]|\\.)*"\s*:( ?)')
_PAIRS = {"{": "}", "[": "]", '"': '"'}
_ENDS = 256  # whitespace around JSON beyond this is not looked through


class TooDeep(Exception):
    """A text is nested too deeply to be parsed."""


class Number(str):
    """A number as it was spelled (``NaN`` and the infinities, which Python's parser takes, as well)."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """An object as its members in order, duplicates included."""

    __slots__ = ()


@frozen
class Layout:
    """How a text is laid out.

    Attributes:
        indent: What one level is indented by; None for all in one line.
        comma: Separator of items.
        colon: Separator of key and value.
        ascii: Whether all beyond ASCII is escaped.
        before: Whitespace before the text.
        after: Whitespace after it.
    """

    indent: str | None
    comma: str
    colon: str
    ascii: bool
    before: str
    after: str


def looks_like_json(text: str) -> bool:
    """Tell by its ends whether a text may be an object, an array or a string, or several of them in lines."""
    first = text[:_ENDS].lstrip()[:1]
    last = text[-_ENDS:].rstrip()[-1:]
    return bool(first) and first in _PAIRS and last == _PAIRS[first]


def parse(text: str) -> Any:
    """Parse a text.

    Returns:
        `Pairs`, list, str, `Number`, bool or None.

    Raises:
        ValueError: The text is no JSON.
        TooDeep: It is nested more deeply than the parser goes.
    """
    try:
        return json.loads(text, object_pairs_hook=Pairs, parse_int=Number, parse_float=Number, parse_constant=Number)
    except RecursionError:
        raise TooDeep from None


def render(tree: Any, original: str) -> str:
    """Write a tree in the layout of the text that it came from."""
    layout = _layout(original)
    pieces: list[str] = [layout.before]
    # What is still to be written, last first: strings as they are, or (value, depth).
    waiting: list[Any] = [(tree, 0)]
    while waiting:
        task = waiting.pop()
        if isinstance(task, str):
            pieces.append(task)
        else:
            _write(task[0], task[1], layout, pieces, waiting)
    pieces.append(layout.after)
    return "".join(pieces)


def _write(value: Any, depth: int, layout: Layout, pieces: list[str], waiting: list[Any]) -> None:
    if isinstance(value, (Pairs, list, tuple)):
        _open(value, depth, layout, waiting)
    elif isinstance(value, Number):
        pieces.append(value)
    elif isinstance(value, str):
        pieces.append(_string(value, layout))
    else:
        pieces.append(json.dumps(value))


def _open(value: Any, depth: int, layout: Layout, waiting: list[Any]) -> None:
    if set(map(type, value)) == {Number} and layout.indent is None:
        waiting.append(f"[{layout.comma.join(value)}]")
        return
    opening, closing = ("{", "}") if isinstance(value, Pairs) else ("[", "]")
    if not value:
        waiting.append(opening + closing)
        return
    inner = "" if layout.indent is None else "\n" + layout.indent * (depth + 1)
    outer = "" if layout.indent is None else "\n" + layout.indent * depth
    tasks: list[Any] = [opening]
    for index, item in enumerate(value):
        lead = (layout.comma if index else "") + inner
        if isinstance(value, Pairs):
            tasks += [lead + _string(item[0], layout) + layout.colon, (item[1], depth + 1)]
        else:
            tasks += [lead, (item, depth + 1)]
    tasks.append(outer + closing)
    waiting.extend(reversed(tasks))


def _string(text: str, layout: Layout) -> str:
    if not layout.ascii:
        try:
            text.encode()
            return encode_basestring(text)
        except UnicodeEncodeError:
            pass
    return encode_basestring_ascii(text)


def is_spaced(text: str) -> bool:
    """Tell whether a blank follows the colons of a text, by its first key where it begins with one."""
    first = _FIRST_KEY.match(text)
    return '": ' in text if first is None else bool(first[1])


def _layout(text: str) -> Layout:
    body = text.strip()
    start = text.find(body)
    found = _INDENT.search(body)
    indent = found[1] if found else None
    spaced = is_spaced(body)
    comma = "," if indent is not None or not spaced else ", "
    return Layout(indent, comma, ": " if spaced else ":", body.isascii(), text[:start], text[start + len(body) :])
