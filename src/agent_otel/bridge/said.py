"""What the agent says of a call, kept until it ends. All of it happens on the agent's thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import monotonic_ns
from typing import Any, Final, Protocol

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN_CONTEXT, Span

from agent_otel.bridge.endings import identifier, known_outcome
from agent_otel.bridge.raised import RaisedByTools
from agent_otel.bridge.run_entry import RunEntry
from agent_otel.bridge.told import Told
from agent_otel.emit import CurrentSpan, Sampling, json_text, snapshot, text_of, whole_number
from agent_otel.model import Content, ContentKind, Cost, EventKind, Fact, Outcome, Phase
from agent_otel.processors.interruption import of_signal_handler

__all__ = ["NOT_BEGUN", "Host", "Parent", "Said"]

_EVENT_COST: Final = 512  # bytes that an event without content is reckoned at
_COUNTS: Final = frozenset({int, type(None)})
NOT_BEGUN: Final = CurrentSpan(INVALID_SPAN_CONTEXT)  # stands for the span of a call before there is one


class Host(Protocol):
    """What a run needs of its bridge."""

    namespace: str
    sampling: Sampling
    content_bytes: int
    raised: RaisedByTools
    ambient: Context | None  # the caller's context from outside the process (TRACEPARENT)

    def opened(self, call: Any) -> None:
        """Remember a call that is open, to end it if the bridge shuts down first."""

    def closed(self, call: Any) -> None:
        """Forget a call that has ended."""

    def take(self, told: Told, size: int, *, precious: bool) -> None:
        """Hand over what the worker makes an event of. Never raises, never blocks."""

    def fault(self) -> None:
        """Count a fault of our own."""


class Parent(Protocol):
    """What a call needs of the run in which it is."""

    conversation: str | None
    entry: RunEntry
    numbers: Iterator[int | str]
    here: Context | None

    @property
    def span(self) -> Span | None:
        """What is current in the run; None before it begins."""

    def entered_in(self, context: Context) -> Parent:
        """Give the entry of the run inside which a context is."""


class Said:
    """What is known of a call: its times, how it ended, what it used, its content.

    What most calls do not need stands on the class, which makes a call cheaper to begin.
    """

    _kind: EventKind
    _span = NOT_BEGUN  # what is current inside
    entry: RunEntry | None = None  # of the run that it is, or in which it is
    conversation: str | None = None
    _parent_span_id: int | None = None
    _call_id: str | None = None
    _start_ns = 0
    _clock_ns = 0  # between the time of day and the clock that nobody sets: no length depends on the former
    _end_ns: int | None = None  # where it is not when it is left
    _facts: Mapping[Fact, Any] = {}
    _size = _EVENT_COST
    _outcome: Outcome | None = None
    _error_type: str | None = None
    _usage: tuple[int | None, ...] | None = None
    _cost: Cost | None = None

    def __init__(self, host: Host, run: Parent | None = None) -> None:
        self._host = host
        self._run = run  # in which it is
        self._contents: dict[ContentKind, str | Content] = {}  # JSON text, as long as nobody has read it

    def took_place(self, start_ns: int, end_ns: int | None = None) -> None:
        """Say when it began and ended, where that is not when it is entered and left.

        Args:
            start_ns: Unix time in nanoseconds.
            end_ns: As above; None: when it is left.
        """
        start, end = whole_number(start_ns), whole_number(end_ns) if end_ns is not None else None
        if start is None or (end_ns is not None and end is None):
            self._host.fault()
            return
        self._start_ns, self._end_ns = start, end

    def outcome(self, outcome: Outcome, error_type: str | None = None) -> None:
        """Say how it ended, where no exception says so.

        Args:
            outcome: For example ``Outcome.DENIED``.
            error_type: A short identifier from a bounded set, or a status code; what is neither becomes ``_OTHER``.
        """
        self._outcome, self._error_type = known_outcome(outcome), identifier(text_of(error_type))

    def cost(self, amount_micros: int, currency: str = "USD", *, rate_table: str | None = None) -> None:
        """Say what it cost, in millionths of ``currency``."""
        amount = whole_number(amount_micros)
        if amount is None:
            self._host.fault()
            return
        self._cost = Cost(amount_micros=amount, currency=text_of(currency) or "USD", rate_table=text_of(rate_table))

    def usage(
        self,
        *,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        total_tokens: int | None = None,
        cache_read_tokens: int | None = None,
        cache_write_tokens: int | None = None,
        reasoning_tokens: int | None = None,
    ) -> None:
        """Say how many tokens it used; ``input_tokens`` includes cached and ``output_tokens`` reasoning tokens."""
        counts: tuple[Any, ...] = (
            input_tokens,
            output_tokens,
            total_tokens,
            cache_read_tokens,
            cache_write_tokens,
            reasoning_tokens,
        )
        self._usage = counts if _COUNTS.issuperset(map(type, counts)) else tuple(map(whole_number, counts))

    def holds(self, kind: ContentKind) -> bool:
        """Say whether content of a kind was given."""
        return kind in self._contents

    def _named(self, value: Any) -> str | None:
        """Take a name or id as text, and account for its size."""
        text = value if type(value) is str else text_of(value)
        if text is not None:
            self._size += len(text)
        return text

    def _keep(self, kind: ContentKind, value: Any, tools: tuple[str, ...] = ()) -> None:
        """Keep a snapshot of content; never raises, whatever the value is."""
        try:
            limit = self._host.content_bytes
            text = json_text(value, limit) if not tools else None
            if text is not None:
                self._contents[kind] = text
                self._size += len(text)
                return
            copy, size = snapshot(value, limit)
            self._contents[kind] = Content(copy, is_cut=size > limit, tools=tools)
            self._size += size
        except Exception as error:  # such as nesting that meets the agent's own recursion limit
            if of_signal_handler(error):
                raise
            self._host.fault()

    def _note(self, fact: Fact, value: Any) -> None:
        """Keep a fact that the end tells."""
        self._facts = {**self._facts, fact: value}

    def _told(self, phase: Phase, outcome: Outcome, error_type: str | None) -> Told:
        """Give what is known of it now, for the worker to make an event of."""
        values = (
            self._kind,
            phase,
            self._span,
            self.entry,
            self.conversation,
            self._parent_span_id,
            self._names(),
            self._call_id,
            self._start_ns,
            self._end_ns if self._end_ns is not None else self._clock_ns + monotonic_ns(),
            outcome,
            error_type,
            self._contents,
            self._facts,
            self._usage,
            self._cost,
        )
        return tuple.__new__(Told, values)  # as Told(...) does, without another call

    def _names(self) -> tuple[str | None, ...]:
        """Give its names, in the order of ``Told.names``."""
        raise NotImplementedError
