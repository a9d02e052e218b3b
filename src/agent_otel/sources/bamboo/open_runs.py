"""Which runs are open in which sessions: most of Bamboo's events name neither.

Nothing is guessed among several: an event without session belongs to the only session that is open, and one without
run to the only run that is open in its session, else to none (rule R18).
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice
from typing import Final

__all__ = ["OpenRuns"]

_MAX_SESSIONS: Final = 10_000
_MAX_RUNS: Final = 16  # per session: from two on, none of them is the only one


class OpenRuns:
    """Remembers runs as far as the bounds go."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, dict[str, None]] = OrderedDict()
        self._last: OrderedDict[str, str] = OrderedDict()  # by session, the run that ended last
        self._own: OrderedDict[str, None] = OrderedDict()  # sessions of the stream itself, not of boxed sub-agents

    def start(self, session: str, run: str, *, boxed: bool) -> None:
        """Take the start of a run."""
        runs = self._open.setdefault(session, {})
        runs[run] = None
        if len(runs) > _MAX_RUNS:
            del runs[next(iter(runs))]
        if not boxed:
            self._own[session] = None
        for known in (self._open, self._last, self._own):
            if len(known) > _MAX_SESSIONS:
                known.popitem(last=False)

    def end(self, session: str) -> str | None:
        """Take the end of a run, which names none.

        Returns:
            The only run that was open; the run that ended last if none was (a second word about its end); None if
            several were. Those are given up: which of them goes on is not known, and Bamboo runs one at a time in a
            session, so that all but the latest are runs of which the end was lost.
        """
        runs = self._open.pop(session, None)
        if runs is None:
            return self._last.get(session)
        if len(runs) > 1:
            return None
        (run,) = runs
        self._last[session] = run
        return run

    def goes_on(self, session: str | None) -> None:
        """Take work in a session: where no run is open, the start of one was lost, and its end is no second word."""
        if session is not None and session not in self._open:
            self._last.pop(session, None)

    def only_run(self, session: str | None) -> str | None:
        """Give the only open run of a session."""
        runs = self._open.get(session) if session is not None else None
        return next(iter(runs)) if runs is not None and len(runs) == 1 else None

    def only_session(self) -> str | None:
        """Give the only session of the stream with an open run; where none has one, the only session it ever had."""
        for sessions in ((session for session in self._open if session in self._own), iter(self._own)):
            first_two = list(islice(sessions, 2))
            if first_two:
                return first_two[0] if len(first_two) == 1 else None
        return None
