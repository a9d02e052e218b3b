"""The mutable state behind correlation: runs, starts waiting for their end, conversations."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from attrs import define, field, fields

from agent_otel.correlate.limits import CorrelationLimits
from agent_otel.correlate.operation import (
    Mark,
    OperationKind,
    OrphanReason,
    SpanIdentity,
    SpanRef,
    Surroundings,
)
from agent_otel.correlate.windows import Window
from agent_otel.model import NO_NAMES, AgentEvent, Content, ContentKind, EventIds, Fact, Names, Origin

__all__ = [
    "NO_SURROUNDINGS",
    "ClosedRun",
    "Conversation",
    "Finished",
    "OpenWork",
    "Run",
    "RunKey",
    "Scope",
    "Starter",
    "State",
    "WorkKey",
    "merged",
    "merged_names",
]

NO_SURROUNDINGS = Surroundings()

RunKey = tuple[str, str]  # source system, run id
WorkKey = tuple[RunKey | str, OperationKind, str]  # run (or the system, outside any run), kind, id or name

_NAME_FIELDS = tuple(attribute.name for attribute in fields(Names))


def merged_names(first: Names, second: Names) -> Names:
    """Complete the names of the first event by those of the second, which win."""
    if first is NO_NAMES or first == second:
        return second
    if second is NO_NAMES:
        return first
    return Names(
        **{
            name: later if (later := getattr(second, name)) is not None else getattr(first, name)
            for name in _NAME_FIELDS
        }
    )


def merged(first: Mapping[Any, Any], second: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Complete one mapping by another, which wins."""
    if not second:
        return first
    if not first:
        return second
    return {**first, **second}


@define(eq=False)
class OpenWork:
    """A start that waits for its end.

    ``orphan_end_ns`` is set once its run has ended: then the grace time runs.
    """

    token: int
    kind: OperationKind
    key: str
    has_id: bool
    run: RunKey | None
    identity: SpanIdentity
    event: AgentEvent
    touched_ns: int
    conversation: str | None
    agent: str | None
    slot: WorkKey
    orphan_end_ns: int | None = None
    held_bytes: int = 0  # of its start's content, roughly
    marks: list[Mark] = field(factory=list)
    surroundings: Surroundings = NO_SURROUNDINGS

    @property
    def arguments(self) -> Content | None:
        """The arguments given at the start, by which ends without id find it (rule R14)."""
        return self.event.contents.get(ContentKind.TOOL_ARGUMENTS)


@define(eq=False)
class Run:
    """An open run."""

    key: RunKey
    identity: SpanIdentity
    origin: Origin
    ids: EventIds
    names: Names
    conversation: str | None
    touched_ns: int
    last_ns: int
    start_ns: int | None = None  # None while only children were seen
    start_is_receipt: bool = False
    first_child_ns: int = 0
    contents: Mapping[ContentKind, Content] = field(factory=dict, repr=False)
    facts: Mapping[Fact, Any] = field(factory=dict)
    lineage: Mapping[str, Any] = field(factory=dict)
    marks: list[Mark] = field(factory=list)
    waiting_marks: dict[WorkKey, list[Mark]] = field(factory=dict)  # of work that has not started yet
    open_tokens: set[int] = field(factory=set)
    ordinals: dict[OperationKind, int] = field(factory=dict)
    model_calls: int = 0
    tool_calls: int = 0
    child_usage: bool = False
    child_cost: bool = False
    surroundings: Surroundings = NO_SURROUNDINGS


@define
class ClosedRun:
    """What is remembered of an ended run: enough to place late children and to recognise a repeated end."""

    identity: SpanIdentity
    form: str
    conversation: str | None
    agent: str | None
    end_ns: int
    ordinals: dict[OperationKind, int]


class Starter(NamedTuple):
    """Who started a run, said before it opened: a run, and the tool call in it, if that is known."""

    run: RunKey
    tool_call: str | None


@define
class Finished:
    """What is remembered of finished operations of one key."""

    attempts: int
    span_id: int
    orphan: OrphanReason | None
    end_ns: int


@define(eq=False)
class Conversation:
    """A conversation: what a resumed session links to, and in conversation mode the span on top."""

    identity: SpanIdentity | None = None
    origin: Origin | None = None
    start_ns: int = 0
    end_ns: int = 0
    last_run: SpanRef | None = None
    open_runs: int = 0
    ended: bool = False
    resumed: bool = False
    names: Names = NO_NAMES


class Scope(NamedTuple):
    """Where a piece of work belongs: to an open run, to one that ended, or to none."""

    key: RunKey | str
    run: Run | None
    closed: ClosedRun | None

    @property
    def parent(self) -> SpanIdentity | None:
        """The run's identity."""
        owner = self.run or self.closed
        return owner.identity if owner is not None else None

    @property
    def conversation(self) -> str | None:
        """The run's conversation."""
        owner = self.run or self.closed
        return owner.conversation if owner is not None else None

    @property
    def agent(self) -> str | None:
        """The run's agent name."""
        if self.run is not None:
            return self.run.names.agent
        return self.closed.agent if self.closed is not None else None

    def next_ordinal(self, kind: OperationKind) -> int | None:
        """Number work that has no id, within its run; None outside any run."""
        owner = self.run or self.closed
        if owner is None:
            return None
        owner.ordinals[kind] = number = owner.ordinals.get(kind, 0) + 1
        return number


class State:
    """Everything that correlation remembers, all of it bounded by ``limits``."""

    def __init__(self, limits: CorrelationLimits, now_ns: int = 0) -> None:
        self.limits = limits
        self.now_ns = now_ns  # the live bridge's clock; stands still in a reading
        self.runs: OrderedDict[RunKey, Run] = OrderedDict()  # the one idle for longest first
        self.closed: Window[RunKey, ClosedRun] = Window(limits.max_closed_runs)
        self.open: OrderedDict[int, OpenWork] = OrderedDict()  # the oldest first
        self.held_bytes = 0  # of all of them
        self.waiting: dict[WorkKey, list[int]] = {}
        self.finished: Window[WorkKey, Finished] = Window(limits.max_finished_operations)
        self.grace: deque[tuple[int, int]] = deque()  # (deadline, token)
        self.conversations: OrderedDict[tuple[str, str], Conversation] = OrderedDict()
        self.forms: Window[tuple[str, str], str] = Window(limits.max_conversations)  # in which one is read
        self.children: Window[tuple[str, str, str], Starter] = Window(limits.max_closed_runs)
        self.told_conversations: Window[tuple[str, str], None] = Window(limits.max_closed_runs)
        self.counts: Counter[str] = Counter()

    def start_clock(self, now_ns: int) -> None:
        """Begin to tell time: what is open already counts as touched now."""
        self.now_ns = now_ns
        for run in self.runs.values():
            run.touched_ns = now_ns
        for work in self.open.values():
            work.touched_ns = now_ns
        self.grace = deque((now_ns + self.limits.late_child_grace_ns, token) for _, token in self.grace)

    def give_grace(self, deadline_ns: int, token: int) -> None:
        """Let a child of an ended run stay open until ``deadline_ns`` by the clock."""
        self.grace.append((deadline_ns, token))
        if len(self.grace) > 2 * self.limits.max_open_operations:  # time stands still: drop those closed meanwhile
            self.grace = deque(entry for entry in self.grace if entry[1] in self.open)
