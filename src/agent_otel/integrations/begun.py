"""Calls that a framework begins and ends by id, in whatever task or thread its callbacks happen to run.

``Begun`` keeps what has begun. A call's parent is the one that the framework names, not what is current where the
callback runs; what was opened by hand in between stays in between, as does a tool call that is being worked on. Where
the framework surely runs the work in the context of the callback, the call is current for it, and what was current
before is current again at its end.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import RLock
from typing import Any, Final

from attrs import define, field
from opentelemetry.context import Context, attach, create_key, get_current, get_value, set_value

from agent_otel.bridge import Bridge, ModelCall, Retrieval, Run, ToolCall
from agent_otel.model import Outcome

__all__ = ["Begun", "Entry", "Make"]

AnyCall = Run | ModelCall | ToolCall | Retrieval
Make = Callable[[Run | None], AnyCall]
_MARK: Final = create_key("agent-otel-entry")
_MAX_OPEN: Final = 10_000  # of which the framework never told the end
_CANCELLATIONS: Final = (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt)


@define(eq=False)
class _Mark:
    """Stands in every context that was made inside an entry, until the entry's own place changes."""

    entry: Entry


@define(eq=False)
class Entry:
    """Something that has begun: a call, or a step of the framework's that is no span.

    Args:
        key: The framework's id.
        above: What it is part of.
        base: The context in which it begins.
        note: What the integration has to remember of it.
    """

    key: Hashable
    above: Entry | None
    base: Context = field(repr=False)
    note: Any = field(default=None, repr=False)
    call: AnyCall | None = None
    run: Run | None = None  # to which belongs what begins below it
    inside: Context = field(factory=Context, repr=False)
    outside: Context | None = field(default=None, repr=False)  # what was current where this was made current
    below: dict[Hashable, Entry] = field(factory=dict, repr=False)
    mark: _Mark | None = field(default=None, repr=False)

    def place(self, context: Context) -> None:
        """Say what is current inside."""
        self.mark = _Mark(self)
        self.inside = set_value(_MARK, self.mark, context)

    @property
    def is_framed(self) -> bool:
        """Whether it, or what it is part of, was made current in the context of the work."""
        entry: Entry | None = self
        while entry is not None and entry.outside is None:
            entry = entry.above
        return entry is not None


class Begun:
    """What has begun and not ended.

    Args:
        bridge: Where the calls are told.
    """

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()
        self._lock = RLock()  # a signal handler may run an agent of its own

    def __len__(self) -> int:
        """Give how many have not ended."""
        return len(self._entries)

    def get(self, key: Hashable) -> Entry | None:
        """Give what has begun under an id."""
        return self._entries.get(key)

    def begin(self, key: Hashable, above: Hashable = None, make: Make | None = None, *, note: Any = None) -> Entry:
        """Begin; it is not yet current anywhere.

        Args:
            key: The framework's id.
            above: The id of what it is part of; None, or one that is not known: it stands alone.
            make: Gives the call, for the run that it belongs to; None: it is no span.
            note: What the integration has to remember of it.
        """
        here = get_current()
        parent = self._within(self._entries.get(above) if above is not None else None, here)
        is_inside = parent is None or get_value(_MARK, here) is parent.mark
        entry = Entry(key, parent, here if is_inside or parent is None else parent.inside, note)
        entry.run = parent.run if parent is not None else None
        entry.place(entry.base)
        if make is not None:
            self.enter(entry, make)
        self._entries[key] = entry
        if parent is not None:
            parent.below[key] = entry
        if len(self._entries) > _MAX_OPEN:
            self._give_up(next(iter(self._entries)))
        return entry

    def enter(self, entry: Entry, make: Make) -> AnyCall | None:
        """Make a call of what has begun, and give it; None if it is one already."""
        with self._lock:
            if entry.call is not None:
                return None
            here = get_current()
            attach(entry.base)
            try:
                call = make(self._bridge.current_run() or entry.run)
                call.__enter__()
                entry.run = call if isinstance(call, Run) else self._bridge.current_run() or entry.run
                entry.call = call
                entry.place(get_current())
                return call
            finally:
                attach(here)

    def frame(self, entry: Entry) -> None:
        """Make it current here, where its work is done and its end will be told."""
        entry.outside = get_current()
        attach(entry.inside)

    def end(
        self, key: Hashable, error: BaseException | None = None, outcome: tuple[Outcome, str | None] | None = None
    ) -> None:
        """End; what is part of it and still open ends with it if it was cancelled, and else in its own time (R66).

        Args:
            key: The framework's id; one that is not known is ignored.
            error: What it raised.
            outcome: How it ended, and the error type, where no exception says so.
        """
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        if entry.above is not None:
            entry.above.below.pop(key, None)
        if issubclass(type(error), _CANCELLATIONS):
            for below in list(entry.below):
                self.end(below, error)
        _leave(entry)
        if entry.call is None:
            return
        if outcome is not None:
            entry.call.outcome(*outcome)
        entry.call.__exit__(type(error) if error is not None else None, error, None)

    def _within(self, named: Entry | None, here: Context) -> Entry | None:
        """Give the tool call that is being worked on here, if it is part of what was named; else what was named."""
        mark = get_value(_MARK, here)
        inner = mark.entry if isinstance(mark, _Mark) and mark is mark.entry.mark else None
        if named is None or inner is None or not isinstance(inner.call, ToolCall) or inner.call.is_over:
            return named
        outer = inner.above
        while outer is not None and outer is not named:
            outer = outer.above
        return inner if outer is named else named

    def _give_up(self, key: Hashable) -> None:
        self.end(key, outcome=(Outcome.INTERRUPTED, "interrupted"))


def _leave(entry: Entry) -> None:
    """Make current again what was, if this is the context of the work, whatever else was left current in it."""
    if entry.outside is None:
        return
    mark = get_value(_MARK)
    inner: Entry | None = mark.entry if isinstance(mark, _Mark) else None
    while inner is not None and inner is not entry:
        inner = inner.above
    if inner is entry:
        attach(entry.outside)
