"""The small notation in which the table writes the shape of a credential.

A shape is literal text with runs in angle brackets: ``abc_<a36>`` is ``abc_`` and exactly 36 letters or digits,
``abc_<a20,>`` takes 20 or more, ``<d8,10>:x`` between 8 and 10. From one shape come the pattern that the matcher runs,
the literal that the prefilter looks for, and samples with random characters, so that no file holds a credential.
"""

from __future__ import annotations

from random import Random
import re

from attrs import frozen

__all__ = ["Run", "Shape", "parse_shape"]

_ALPHABETS = {
    "a": ("A-Za-z0-9", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
    "w": ("A-Za-z0-9_-", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"),
    "x": ("A-Za-z0-9_", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"),
    "v": ("A-Za-z0-9_.-", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"),
    "q": ("A-Za-z0-9_.~-", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~-"),
    "t": ("A-Za-z0-9_=-", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"),
    "b": ("A-Za-z0-9+/", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
    "B": ("A-Za-z0-9+/=_.%-", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
    "h": ("0-9a-f", "0123456789abcdef"),
    "H": ("0-9A-Fa-f", "0123456789abcdefABCDEF"),
    "U": ("A-Z0-9", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
    "l": ("a-z0-9", "abcdefghijklmnopqrstuvwxyz0123456789"),
    "L": ("a-z", "abcdefghijklmnopqrstuvwxyz"),
    "2": ("A-Z2-7", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "d": ("0-9", "0123456789"),
}
_UUID = "<h8>-<h4>-<h4>-<h4>-<h12>"
_PART = re.compile(r"<([A-Za-z2])(\d+)(,(\d*))?>")
_LONGEST_COUNT = 1000  # RE2 refuses higher ones
_OPEN = 10_000
_TELLING = 8  # how many characters behind a short keyword the prefilter asks for
_TELLING_MOST = 24  # and behind a shorter one
_TELLING_ALONE = 7
_SHORT = 4
_MORE = 12  # how many characters a sample of an open run takes beyond its least


@frozen
class Run:
    """A run of characters of one alphabet.

    Attributes:
        alphabet: Letter of the alphabet in the notation.
        least: Smallest number of characters.
        most: Largest number, None for an open run.
    """

    alphabet: str
    least: int
    most: int | None

    def pattern(self, *, least: int | None = None) -> str:
        """Give the RE2 pattern, or that of the first ``least`` characters only."""
        characters = f"[{_ALPHABETS[self.alphabet][0]}]"
        if least is not None:
            return f"{characters}{{{min(least, self.least)}}}"
        if self.most is None:
            return f"{characters}{{{self.least},}}"
        return f"{characters}{{{self.least},{min(self.most, _LONGEST_COUNT)}}}"

    def sample(self, random: Random) -> str:
        """Draw characters; digits and letters both, where the alphabet has both."""
        letters = _ALPHABETS[self.alphabet][1]
        most = self.least + _MORE if self.most is None else self.most
        count = random.randint(self.least, most)
        return "".join(random.choice(letters) for _ in range(count))


@frozen
class Shape:
    """A parsed shape.

    Attributes:
        parts: Literals and runs in order.
    """

    parts: tuple[str | Run, ...]

    @property
    def anchor(self) -> int:
        """Index of the literal that the prefilter looks for: the first part if literal, else the longest literal."""
        if isinstance(self.parts[0], str):
            return 0
        literals = [(len(part), -index) for index, part in enumerate(self.parts) if isinstance(part, str)]
        return -max(literals)[1]

    @property
    def keyword(self) -> str:
        """The literal that the prefilter looks for."""
        literal = self.parts[self.anchor]
        assert isinstance(literal, str)  # noqa: S101  anchor picks a literal
        return literal

    @property
    def lead(self) -> int:
        """How many characters may stand before the keyword at most."""
        longest = 0
        for part in self.parts[: self.anchor]:
            longest += len(part) if isinstance(part, str) else (part.most or part.least)
        return longest

    @property
    def longest(self) -> int:
        """How many characters it has at most; an open run counts as very many."""
        return sum(len(part) if isinstance(part, str) else (part.most or _OPEN) for part in self.parts)

    @property
    def trigger(self) -> str:
        """Pattern of the keyword, and of the first characters behind it if it is short: few false starts."""
        if len(self.keyword) >= _TELLING_ALONE:
            return re.escape(self.keyword)
        telling = _TELLING if len(self.keyword) >= _SHORT else _TELLING_MOST
        tail, told = "", 0
        for part in self.parts[self.anchor + 1 :]:
            if told >= telling:
                break
            if isinstance(part, str):
                tail += re.escape(part)
                told += len(part)
            elif part.most is None or part.least > telling:
                tail += part.pattern(least=telling)
                break
            else:
                tail += part.pattern()
                told += part.least
        return re.escape(self.keyword) + tail

    @property
    def exact(self) -> bool:
        """Whether the shape ends in a run of bounded length, behind which no such character may follow."""
        last = self.parts[-1]
        return isinstance(last, Run) and last.most is not None

    def pattern(self) -> str:
        """Give the RE2 pattern."""
        return "".join(re.escape(part) if isinstance(part, str) else part.pattern() for part in self.parts)

    def sample(self, random: Random) -> str:
        """Make a text of this shape from random characters."""
        return "".join(part if isinstance(part, str) else part.sample(random) for part in self.parts)


def parse_shape(text: str) -> Shape:
    """Parse the notation; ``<uuid>`` stands for a lower-case UUID."""
    text = text.replace("<uuid>", _UUID)
    parts: list[str | Run] = []
    position = 0
    for found in _PART.finditer(text):
        if found.start() > position:
            parts.append(text[position : found.start()])
        least = int(found[2])
        most = least if found[3] is None else int(found[4]) if found[4] else None
        parts.append(Run(found[1], least, most))
        position = found.end()
    if position < len(text):
        parts.append(text[position:])
    return Shape(tuple(parts))
