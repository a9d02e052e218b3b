"""What a detector is: one row of the table, and the three ways in which rows are written."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
import re
from typing import NamedTuple

from attrs import field, frozen

from agent_otel.policy.scrubbing.shapes import parse_shape

__all__ = ["Detector", "Sample", "context", "rule", "token"]

_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
# Between a provider's name and the value: the rest of the key, then quotes, an assignment or a bracket.
_KEY_WORDS = (
    r"(?:[ _.-](?:api|app|access|auth|secret|token|key|pat|password|personal|private|client|id|account|user|cloud))"
    r"{0,4}"
)
_BETWEEN = (
    r"""[\w.-]*"""
    + _KEY_WORDS
    + r"""(?:["'`\\\]]*\s*(?:=>|:=|[:=,(>])|\s(?:is|was|to|as|login|auth|set)\s|[ _-](?:key|token|secret|pat)\s"""
    + r"""|["'`\\]*,?(?:\s|\\[rn])*["'`\\]*value["'`\\]*\s*[:=])\s*["'`\\(\[]*"""
)
_PLACE = "{}"
_SECRET = "(?P<secret>"  # noqa: S105  the name of a group


class Sample(NamedTuple):
    """A text made at run time, and the credential in it."""

    text: str
    secret: str


@frozen(kw_only=True)
class Detector:
    """One row of the table.

    The pattern is tried where one of the keywords stands, never over the whole text.

    Attributes:
        id: Lower-case words joined by underscores; stands in markers and findings.
        family: Group of providers or of places.
        finds: What it finds, in a few words.
        pattern: RE2 pattern over bytes of the whole match. No group captures and no part counts high: groups and
            counters are what makes RE2 slow.
        prefix: RE2 pattern of the part of the match that stays; what follows it is hidden.
        drop: How many bytes at the match's end stay as well.
        narrow: Gives how many of the bytes to be hidden really are, where no pattern can say.
        triggers: Patterns of the prefilter, each beginning with one of the keywords.
        keywords: Literals at one of which the pattern is tried.
        any_case: Whether the keywords are found in any case.
        boundary: Whether a letter or digit before the match speaks against it.
        exact: Whether a letter or digit behind the match speaks against it.
        lead: How many bytes before the keyword the match may begin.
        reach: How many bytes from the keyword a match is looked for; a match that reaches farther is followed.
        validate: Last word over the bytes to be hidden.
        samples: Shapes of texts that the detector finds, ``{}`` where the credential stands, with its shape.
        beginnings: Literals with which what it finds begins; a cut text may end right behind one.
        opt_in: Whether only a user's choice switches it on.
    """

    id: str
    family: str
    finds: str
    pattern: str = field(repr=False)
    prefix: str = field(default="", repr=False)
    drop: int = 0
    narrow: Callable[[bytes], int] | None = field(default=None, repr=False, eq=False)
    triggers: tuple[str, ...] = field(repr=False)
    keywords: tuple[str, ...]
    any_case: bool = False
    boundary: bool = True
    exact: bool = False
    lead: int = 0
    reach: int = 1024
    validate: Callable[[bytes], bool] | None = field(default=None, repr=False, eq=False)
    samples: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    beginnings: tuple[str, ...] = field(default=(), repr=False)
    opt_in: bool = False

    def __attrs_post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"detector id {self.id!r}: expected lower-case words joined by underscores")

    def make_samples(self, random: Random) -> list[Sample]:
        """Make one text per sample shape, from random characters."""
        made = []
        for frame, shape in self.samples:
            secret = parse_shape(shape).sample(random)
            made.append(Sample(frame.replace(_PLACE, secret), secret))
        return made


def token(
    id: str,  # noqa: A002  the row's own word
    finds: str,
    *shapes: str,
    family: str,
    boundary: bool = True,
    validate: Callable[[bytes], bool] | None = None,
    opt_in: bool = False,
) -> Detector:
    """Write a row for credentials that are known by their own shape.

    Args:
        id: The detector's id.
        finds: What it finds.
        *shapes: Shapes in the notation of the table.
        family: Group of the row.
        boundary: Whether a letter or digit before it speaks against it.
        validate: Last word over the bytes.
        opt_in: Whether only a user's choice switches it on.
    """
    parsed = [parse_shape(shape) for shape in shapes]
    keywords = tuple(dict.fromkeys(shape.keyword for shape in parsed))
    return Detector(
        id=id,
        family=family,
        finds=finds,
        pattern="|".join(shape.pattern() for shape in sorted(parsed, key=lambda shape: -shape.longest)),
        triggers=tuple(dict.fromkeys(shape.trigger for shape in parsed)),
        keywords=keywords,
        boundary=boundary,
        exact=all(shape.exact for shape in parsed),
        lead=max(shape.lead for shape in parsed),
        validate=validate,
        samples=tuple((_PLACE, shape) for shape in shapes),
        beginnings=tuple(shape.keyword for shape in parsed if shape.anchor == 0),
        opt_in=opt_in,
    )


def context(
    id: str,  # noqa: A002  the row's own word
    finds: str,
    words: tuple[str, ...],
    *shapes: str,
    family: str,
    validate: Callable[[bytes], bool] | None = None,
) -> Detector:
    """Write a row for credentials without a shape of their own, known by the provider's name before them."""
    parsed = [parse_shape(shape) for shape in shapes]
    longest_first = sorted(parsed, key=lambda shape: -shape.longest)  # the first alternative that matches wins
    values = "|".join(shape.pattern() for shape in longest_first)
    names = "|".join(re.escape(word) for word in words)
    return Detector(
        id=id,
        family=family,
        finds=finds,
        pattern=f"(?i:{names}){_BETWEEN}(?:{values})",
        prefix=f"(?i:{names}){_BETWEEN}",
        triggers=tuple(re.escape(word) for word in words),
        keywords=words,
        any_case=True,
        boundary=False,
        exact=True,
        reach=512,
        validate=validate,
        samples=tuple((f"{word}_value = {_PLACE}", shape) for word in words[:1] for shape in shapes),
    )


def rule(
    id: str,  # noqa: A002  the row's own word
    finds: str,
    keywords: tuple[str, ...],
    pattern: str,
    *,
    family: str,
    triggers: tuple[str, ...] = (),
    any_case: bool = True,
    boundary: bool = False,
    exact: bool = False,
    lead: int = 0,
    reach: int = 1024,
    drop: int = 0,
    narrow: Callable[[bytes], int] | None = None,
    validate: Callable[[bytes], bool] | None = None,
    samples: tuple[tuple[str, str], ...] = (),
    opt_in: bool = False,
) -> Detector:
    """Write a row for credentials that are known by the place where they stand; the pattern is written out.

    The place where the secret begins is marked by a group of that name, which must reach to the pattern's end but for
    what `drop` and `narrow` leave.
    """
    prefix, marked, _ = pattern.partition(_SECRET)
    return Detector(
        id=id,
        family=family,
        finds=finds,
        pattern=pattern.replace(_SECRET, "(?:"),
        prefix=prefix if marked else "",
        drop=drop,
        narrow=narrow,
        triggers=triggers or tuple(re.escape(word) for word in keywords),
        keywords=keywords,
        any_case=any_case,
        boundary=boundary,
        exact=exact,
        lead=lead,
        reach=reach,
        validate=validate,
        samples=samples,
        opt_in=opt_in,
    )
