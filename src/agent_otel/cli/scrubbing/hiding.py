"""One block of text in, the same without its secrets out: JSON in it by its structure, then all of it as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
import re
from typing import Final

from attrs import evolve

from agent_otel.cli.scrubbing.documents import Part
from agent_otel.policy.scrubbing import Place, Scrubber, ScrubOptions
from agent_otel.policy.scrubbing.jsontext import TooDeep, parse
from agent_otel.policy.scrubbing.markers import Marker

__all__ = ["SEAM", "Found", "Hider", "line_end"]

Found = Counter[tuple[str, Place]]

# Between two lines that are not of one JSON document: within one, a value is followed by a comma or a closing bracket.
SEAM: Final = re.compile(r"(?<=[^\s{\[,:])[^\S\n]*\n(?=\s*[^\s,\]}:])")
FAILED: Final = "policy_failed"
_BRACKETS: Final = (("{", "}"), ("[", "]"), ('"', '"'))
_WIDEST: Final = 4  # bytes of a character
_WORK_PER_CHARACTER: Final = 4000  # a filter takes its time rather than hiding a whole block as too costly


class Hider:
    """Hides the secrets of blocks. Never raises for a block: what cannot be scrubbed becomes a marker.

    Args:
        options: What is looked for.
        longest: Characters of the longest block.
    """

    def __init__(self, options: ScrubOptions, longest: int) -> None:
        work = max(options.max_work, _WORK_PER_CHARACTER * longest)
        self._scrubber = Scrubber(evolve(options, max_bytes=_WIDEST * longest, max_work=work))
        self._marker = Marker()

    def is_innocent(self, text: str) -> bool:
        """Tell by one look that there is nothing to hide in a text, be it JSON or not."""
        return self._scrubber.is_innocent(text)

    def hide(self, block: str, found: Found) -> str:
        """Give a block without its secrets; the very same if it has none.

        Args:
            block: Whole lines.
            found: Where is counted what was hidden.
        """
        if self.is_innocent(block):
            return block
        here: Found = Counter()
        try:
            done = self._scrub("".join(self._piece(piece, here) for piece in _pieces(block)), here)
        except Exception:  # noqa: BLE001  whatever went wrong: what was not looked at does not go out
            return self.instead(block, FAILED, found)
        found.update(here)
        return done

    def hide_part(self, part: Part, found: Found) -> str | None:
        """Give a part of a document without its secrets; None if that cannot be done.

        Args:
            part: The part.
            found: Where is counted what was hidden.
        """
        if self.is_innocent(part.whole):
            return part.taken_from(part.whole)
        here: Found = Counter()
        try:
            done = part.taken_from(self._scrub(part.whole, here)) if _is_json(part.whole) else None
        except Exception:  # noqa: BLE001  as above
            return None
        if done is not None:
            found.update(here)
        return done

    def instead(self, block: str, reason: str, found: Found) -> str:
        """Give a marker for a whole block, with the block's line end."""
        found[reason, Place.WHOLE] += 1
        return self._marker.write(reason) + line_end(block)

    def _piece(self, piece: str, found: Found) -> str:
        """Scrub the JSON that a piece holds, with whatever stands before it, such as ``data:`` or a time."""
        if self.is_innocent(piece):
            return piece
        for opening, closing in _BRACKETS:
            start, end = piece.find(opening), piece.rfind(closing) + 1
            if 0 <= start < end - 1 and _is_json(piece[start:end]):
                return piece[:start] + self._scrub(piece[start:end], found) + piece[end:]
        lines = piece.splitlines(keepends=True)
        return "".join(self._piece(line, found) for line in lines) if len(lines) > 1 else piece

    def _scrub(self, text: str, found: Found) -> str:
        done = self._scrubber.scrub(text)
        found.update(done.findings.counts)
        value = str(done.value)
        # A marker for all of it, such as for what is too costly, leaves the next line a line of its own.
        return value if value.endswith("\n") else value + line_end(text)


def _pieces(block: str) -> Iterator[str]:
    at = 0
    for seam in SEAM.finditer(block):
        yield block[at : seam.end()]
        at = seam.end()
    yield block[at:]


def _is_json(text: str) -> bool:
    try:
        parse(text)
    except TooDeep:
        return True  # the scrubber hides it whole
    except ValueError:
        return False
    return True


def line_end(block: str) -> str:
    """Give the line end that a block ends with, if it does."""
    return "\r\n" if block.endswith("\r\n") else "\n" if block.endswith("\n") else ""
