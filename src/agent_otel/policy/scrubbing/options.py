"""What a user may choose about scrubbing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
import re

from attrs import field, frozen

from agent_otel.policy.scrubbing.detectors import TABLE
from agent_otel.policy.scrubbing.patterns import BadPattern, compile_bytes

__all__ = ["DetectorError", "Recogniser", "ScrubOptions", "UserDetector"]

_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SHORTEST_TAG_KEY = 16
_MEBIBYTE = 1 << 20


class DetectorError(ValueError):
    """A detector of the user's, or a choice among detectors, cannot be used; says which and why."""


@frozen(kw_only=True)
class UserDetector:
    """A detector of the user's own.

    Attributes:
        id: Lower-case words joined by underscores; stands in markers and findings.
        pattern: RE2 pattern; the group ``secret``, else the whole match, is hidden.
        keywords: Words of which one must be in the text, in any case, before the pattern is tried; none: always.

    Raises:
        DetectorError: The id or the pattern is not valid, or the pattern matches the empty text.
    """

    id: str
    pattern: str = field(repr=False)
    keywords: tuple[str, ...] = field(default=(), converter=tuple)

    def __attrs_post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise DetectorError(f"detector {self.id!r}: expected an id of lower-case words joined by underscores")
        if any(row.id == self.id for row in TABLE):
            raise DetectorError(f"detector {self.id!r}: the id is taken by a detector of the table")
        try:
            compiled = compile_bytes(self.pattern)
        except BadPattern as error:
            raise DetectorError(f"detector {self.id!r}: the pattern is no RE2 pattern: {error}") from None
        if compiled.search(b"") is not None:
            raise DetectorError(f"detector {self.id!r}: the pattern matches the empty text")


@frozen(kw_only=True)
class Recogniser:
    """A recogniser from outside, such as one for names of people. It fails closed, for the value that it failed on.

    Attributes:
        find: Gives (start, end, what) for a text, in characters; `what` is an id like a detector's.
        clock: Seconds that only grow; this room has no clock of its own.
        time_limit: How long one text may take; one that takes longer becomes a marker, whatever was found.
        longest: Texts of more characters become a marker without being asked about.
    """

    find: Callable[[str], Iterable[tuple[int, int, str]]] = field(repr=False)
    clock: Callable[[], float] | None = field(default=None, repr=False)
    time_limit: float = 1.0
    longest: int = _MEBIBYTE


@frozen(kw_only=True)
class ScrubOptions:
    """What is looked for, and what it may cost.

    Attributes:
        opt_in: Ids of detectors that are off by default: `email`, `phone`, `payment_card`, `iban`, `ip_address`,
            `national_id`, `home_directory`.
        disabled: Ids of detectors that are not wanted.
        detectors: The user's own.
        recogniser: A recogniser from outside.
        tag_key: Key of the tags in markers, 16 bytes or more; without it there are none.
        max_bytes: Bytes of a value's texts; a value that has more becomes a marker.
        max_work: Units of work on a value, each about a byte read by the matcher; beyond it the value becomes a marker.
            The default is less than five seconds of any input on one slow core (`benchmarks/scrub.py` prints what the
            worst ones take), and innocent text of 4 MiB is well within it.
        max_depth: How deeply containers may be nested; those below become markers.
        json_levels: How many levels of JSON within JSON texts are parsed; below them texts are scrubbed as text.

    Raises:
        DetectorError: A choice names no detector, or two detectors share an id.
        ValueError: The key is too short, or a limit is not positive.
    """

    opt_in: frozenset[str] = field(default=frozenset(), converter=frozenset)
    disabled: frozenset[str] = field(default=frozenset(), converter=frozenset)
    detectors: tuple[UserDetector, ...] = field(default=(), converter=tuple)
    recogniser: Recogniser | None = None
    tag_key: bytes | None = field(default=None, repr=False)
    max_bytes: int = 8 * _MEBIBYTE
    max_work: int = 400_000_000
    max_depth: int = 64
    json_levels: int = 4

    def __attrs_post_init__(self) -> None:
        known = {row.id: row for row in TABLE}
        for id_ in self.opt_in | self.disabled:
            if id_ not in known and id_ not in ("assignment", "command_option"):
                raise DetectorError(f"detector {id_!r}: there is none of that name")
        for id_ in self.opt_in:
            if not known[id_].opt_in:
                raise DetectorError(f"detector {id_!r}: it is on already")
        own = [detector.id for detector in self.detectors]
        for id_ in own:
            if own.count(id_) > 1:
                raise DetectorError(f"detector {id_!r}: given twice")
        if self.tag_key is not None and len(self.tag_key) < _SHORTEST_TAG_KEY:
            raise ValueError(f"tag_key: expected at least {_SHORTEST_TAG_KEY} bytes")
        for name in ("max_bytes", "max_work", "max_depth", "json_levels"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected a positive number")
