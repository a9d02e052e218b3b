"""Which run is open in which session: most of Bamboo's events name neither.

Bamboo runs one at a time in a session, so a run that starts says that the one before has ended. Among several sessions
nothing is guessed: an event that names none belongs to the only one that is open, else to none (rule R18).
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice
from typing import Final

__all__ = ["OpenRuns"]

_MAX_SESSIONS: Final = 10_000


class OpenRuns:
    """Remembers runs as far as the bounds go."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, str] = OrderedDict()
        self._last: OrderedDict[str, str] = OrderedDict()  # by session, the run that ended last
        self._own: OrderedDict[str, None] = OrderedDict()  # sessions of the stream itself, not of boxed sub-agents

    def start(self, session: str, run: str, *, boxed: bool) -> str | None:
        """Take the start of a run.

        Returns:
            The run that was open in this session: its end was lost. None if there was none, or it is this one.
        """
        before = self._open.get(session)
        self._open[session] = run
        if not boxed:
            self._own[session] = None
        for known in (self._open, self._last, self._own):
            if len(known) > _MAX_SESSIONS:
                known.popitem(last=False)
        return before if before != run else None

    def end(self, session: str) -> str | None:
        """Take the end of a run, which names none.

        Returns:
            The run that was open, or the one that ended last if none was: a second word about its end.
        """
        run = self._open.pop(session, None)
        if run is None:
            return self._last.get(session)
        self._last[session] = run
        return run

    def goes_on(self, session: str | None) -> None:
        """Take work in a session: where no run is open, the start of one was lost, and its end is no second word."""
        if session is not None and session not in self._open:
            self._last.pop(session, None)

    def run_of(self, session: str | None) -> str | None:
        """Give the open run of a session."""
        return self._open.get(session) if session is not None else None

    def only_session(self) -> str | None:
        """Give the only session of the stream with an open run; where none has one, the only session it ever had."""
        for sessions in ((session for session in self._open if session in self._own), iter(self._own)):
            first_two = list(islice(sessions, 2))
            if first_two:
                return first_two[0] if len(first_two) == 1 else None
        return None
