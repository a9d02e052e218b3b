"""A JSON document that is too long to be scrubbed as one: cut between elements of its arrays, each part in its place.

A part is scrubbed within the containers and keys that are open around it, so that what its ancestors' names say of it
still holds. What is lost is only what members of an object say of each other where a part ends between them.
"""

from __future__ import annotations

from collections.abc import Sequence
import re
from typing import Final, NamedTuple

__all__ = ["Container", "Part", "last_cut"]

_TOKEN: Final = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"|[{}\[\],:"]')
_NO_TEXT: Final = re.compile(r'\s*[^\s"]')
_CLOSING: Final = {"{": "}", "[": "]"}
_ANY_KEY: Final = r'"[^"\\]*(?:\\.[^"\\]*)*"'


class Container(NamedTuple):
    """A container that is open at some place of a document.

    Attributes:
        bracket: How it begins.
        key: The key, as it is spelled, of the member that is not complete; empty in an array.
    """

    bracket: str
    key: str


def last_cut(text: str, around: Sequence[Container], limit: int) -> tuple[int, tuple[Container, ...]] | None:
    """Find the last place between two elements of an array that are no texts.

    Args:
        text: A document, or what follows of it.
        around: What is open where the text begins.
        limit: Where to end at the latest.

    Returns:
        The place, behind a comma, and what is open there; None if there is none, or the text is no JSON.
    """
    open_ = list(around)
    begun = bool(open_)
    best: tuple[int, tuple[Container, ...]] | None = None
    last = '""'
    for token in _TOKEN.finditer(text, 0, limit):
        sign = token[0]
        if sign == '"' or (not open_ and (begun or sign not in _CLOSING)):
            break  # a text that goes on behind the limit, or the document's end
        begun = True
        if sign[0] == '"':
            last = sign
        elif sign == "," and open_[-1].bracket == "[" and _is_between(text, token.start()):
            best = token.end(), tuple(open_)
        elif not _follow(open_, sign, last):
            return None
    return best


def _follow(open_: list[Container], sign: str, key: str) -> bool:
    """Keep account of what is open; tell whether it is JSON still."""
    if sign in _CLOSING:
        open_.append(Container(sign, '""' if sign == "{" else ""))
    elif sign in "]}":
        return _CLOSING[open_.pop().bracket] == sign
    elif sign == ":" and open_[-1].bracket == "{":
        open_[-1] = Container("{", key)
    return True


def _is_between(text: str, comma: int) -> bool:
    """Tell whether neither neighbour of a comma is a text: texts in a list tell together what none tells alone."""
    return text[comma - 1] not in '" \t\r\n' and _NO_TEXT.match(text, comma + 1) is not None


class Part:
    """A part of a document, made a document of its own.

    Args:
        before: What is open where it begins.
        text: The part; with a comma at its end if it does not end the document.
        after: What is open where it ends.
    """

    def __init__(self, before: Sequence[Container], text: str, after: Sequence[Container]) -> None:
        self._text = text
        body = text.strip()
        self._comma = "," if after else ""
        self._before, self._after = before, after
        opening = "".join(f"{{{key}:" if bracket == "{" else "[" for bracket, key in before)
        self._closing = "".join(_CLOSING[container.bracket] for container in reversed(after))
        self.whole = opening + body[: len(body) - len(self._comma)] + self._closing

    def taken_from(self, whole: str) -> str | None:
        """Give what became of the part; None if it cannot be told.

        Args:
            whole: What became of the document.
        """
        if whole == self.whole:
            return self._text
        opening = "".join(rf"\{{\s*{_ANY_KEY}\s*:\s*" if bracket == "{" else r"\[\s*" for bracket, _ in self._before)
        closing = "".join(rf"\s*{re.escape(bracket)}" for bracket in self._closing)
        start = re.match(opening, whole)
        end = re.search(rf"{closing}\Z", whole) if len(self._closing) < 100 else None
        if start is None or end is None or end.start() < start.end():
            return None
        head = self._text[: len(self._text) - len(self._text.lstrip())]
        tail = self._text[len(self._text.rstrip()) :]
        return f"{head}{whole[start.end() : end.start()]}{self._comma}{tail}"
