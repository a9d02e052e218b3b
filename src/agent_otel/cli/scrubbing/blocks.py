"""A stream of text in, blocks without secrets out: cut only where no secret can span the cut.

A cut falls between two lines that are not of one JSON document, and only where scrubbing what surrounds it as one gives
the same as scrubbing both sides alone: never within a key block, a value over several lines, a run of base64. Until
such a place comes the text is held back, up to a limit. A JSON document beyond the limit is cut between elements of
arrays. Any other line or text beyond it passes as long as nothing in it is suspicious; from the first suspicious place
on, a marker stands for the rest of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import Enum, auto
import re
from typing import Final

from attrs import frozen

from agent_otel.cli.scrubbing.documents import Container, Part, last_cut
from agent_otel.cli.scrubbing.hiding import SEAM, Found, Hider, line_end

__all__ = ["Blocks", "Sizes"]

TOO_LONG: Final = "too_long"
_KEY_BLOCK: Final = "-----BEGIN "
_OPENING_LINE: Final = re.compile(r"^[ \t]*[{\[]|[{\[][ \t\r]*$", re.MULTILINE)
_LINE: Final = re.compile(r"\n")
_TRIES: Final = 14  # places, ever farther from the best one


@frozen(kw_only=True)
class Sizes:
    """How much is held, in characters.

    Attributes:
        block: What is scrubbed at once, about.
        around: What is looked at on each side of a cut: a secret in several lines may be as long.
        key_block: The same before a cut, where a key block began there.
        longest: The longest line that is scrubbed, and the longest JSON document that is scrubbed as one.
    """

    block: int = 1 << 20
    around: int = 1 << 17
    key_block: int = 1 << 20
    longest: int = 1 << 24


class _Mode(Enum):
    SCRUBBING = auto()
    IN_DOCUMENT = auto()  # within a JSON document beyond the limit, between two elements of an array
    PASSING = auto()  # within a line or text beyond the limit; nothing suspicious yet
    HIDING = auto()  # the same, behind a marker


class Blocks:
    """Scrubs a stream.

    Args:
        hider: Scrubs blocks.
        sizes: How much is held.
    """

    def __init__(self, hider: Hider, sizes: Sizes) -> None:
        self.found: Found = Counter()
        self._hider = hider
        self._sizes = sizes
        self._wanted = sizes.block
        self._mode = _Mode.SCRUBBING
        self._open: tuple[Container, ...] = ()  # within a document
        self._held = ""
        self._told = 0  # of what is held: what was given or hidden, and is kept for its surroundings

    def feed(self, text: str) -> Iterator[str]:
        """Take what comes next; give what may leave by now."""
        self._held += text
        while len(self._held) - self._told >= self._wanted + self._sizes.around:
            yield self._step(self._told + self._wanted)

    def finish(self) -> Iterator[str]:
        """Give the rest."""
        if self._mode is not _Mode.SCRUBBING and (cut := self._cut(len(self._held))) is not None:
            yield self._give(cut)
        if len(self._held) > self._told:
            yield self._give(len(self._held))

    def _step(self, limit: int) -> str:
        cut = self._cut(limit)
        if cut is not None:
            return self._give(cut)
        if self._mode is _Mode.IN_DOCUMENT and (part := last_cut(self._held, self._open, limit)) is not None:
            return self._give_part(*part)
        if self._wanted < self._sizes.longest:
            self._wanted = min(2 * self._wanted, self._sizes.longest)
            return ""
        if self._mode is _Mode.SCRUBBING and self._held.lstrip()[:1] in ("{", "["):
            part = last_cut(self._held, (), limit)
            if part is not None:
                return self._give_part(*part)
        return self._go_on(limit)

    def _give(self, cut: int) -> str:
        """Give the text up to a cut, and begin anew behind it."""
        text = self._held[self._told : cut]
        if self._mode is _Mode.SCRUBBING:
            done = self._hider.hide(text, self.found)
        elif self._mode is _Mode.HIDING:
            done = line_end(text)
        elif self._mode is _Mode.IN_DOCUMENT:
            hidden = self._hider.hide_part(Part(self._open, text, ()), self.found)
            done = hidden if hidden is not None else self._hider.instead(text, TOO_LONG, self.found)
        elif self._hider.is_innocent(self._held[:cut]):
            done = text
        else:
            done = self._hider.instead(text, TOO_LONG, self.found)
        self._held, self._told = self._held[cut:], 0
        self._mode, self._wanted, self._open = _Mode.SCRUBBING, self._sizes.block, ()
        return done

    def _give_part(self, cut: int, open_: tuple[Container, ...]) -> str:
        """Give a part of a document, and go on within it."""
        done = self._hider.hide_part(Part(self._open, self._held[:cut], open_), self.found)
        if done is None:
            return self._go_on(cut)
        self._held, self._open = self._held[cut:], open_
        self._mode, self._wanted = _Mode.IN_DOCUMENT, self._sizes.block
        return done

    def _go_on(self, limit: int) -> str:
        """Give a part of what is too long to be scrubbed as one."""
        done = ""
        if self._mode is not _Mode.HIDING:
            if self._mode is not _Mode.IN_DOCUMENT and self._hider.is_innocent(
                self._held[: limit + self._sizes.around]
            ):
                self._mode, done = _Mode.PASSING, self._held[self._told : limit]
            else:
                self._mode, done = _Mode.HIDING, self._hider.instead("", TOO_LONG, self.found)
        start = max(0, limit - self._sizes.around)
        self._held, self._told = self._held[start:], limit - start
        self._wanted = self._sizes.block
        return done

    def _cut(self, limit: int) -> int | None:
        """Find where the text can be cut, at the latest at the limit; the last such place if all is scrubbed."""
        for places in self._places(limit):
            if self._mode is _Mode.SCRUBBING:
                places.reverse()
            step = 1
            for _ in range(_TRIES):
                if step > len(places):
                    break
                if self._can_cut(places[step - 1]):
                    return places[step - 1]
                step *= 2
        return None

    def _places(self, limit: int) -> Iterator[list[int]]:
        held = self._held
        near = max(self._told, limit - self._sizes.around)
        if self._mode is _Mode.SCRUBBING and near > self._told:
            yield [place for found in SEAM.finditer(held, near) if (place := found.end()) <= limit]
        yield [place for found in SEAM.finditer(held, self._told) if (place := found.end()) <= limit]
        if self._mode is _Mode.SCRUBBING:  # lines that end in commas, as of tables, where no document has begun
            opening = _OPENING_LINE.search(held)
            stop = min(limit, opening.start() if opening is not None else limit)
            yield [found.end() for found in _LINE.finditer(held, 0, stop)]

    def _can_cut(self, cut: int) -> bool:
        """Tell whether both sides of a place, scrubbed alone, give what they give together."""
        start = max(0, cut - self._sizes.around)
        block = self._held.rfind(_KEY_BLOCK, max(0, cut - self._sizes.key_block), cut)
        start = self._held.rfind("\n", 0, min(start, block) if block >= 0 else start) + 1
        left, right = self._held[start:cut], self._held[cut : cut + self._sizes.around]
        if self._hider.is_innocent(left + right):
            return True
        unused: Found = Counter()
        parts = self._hider.hide(left, unused) + self._hider.hide(right, unused)
        return parts == self._hider.hide(left + right, unused)
