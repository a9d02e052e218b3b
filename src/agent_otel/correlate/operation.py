"""What correlation gives: finished operations with their identity, runs that opened, occurrences that are no work."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from attrs import field, frozen

from agent_otel.model import (
    AgentEvent,
    Content,
    ContentKind,
    Cost,
    EventIds,
    Fact,
    Names,
    Origin,
    Outcome,
    Usage,
)

__all__ = [
    "Mark",
    "Occurrence",
    "Operation",
    "OperationKind",
    "OrphanReason",
    "RunOpened",
    "SpanIdentity",
    "SpanRef",
    "Surroundings",
]


class OperationKind(Enum):
    """The kinds of work that become spans. Members are dictionary keys on the hot path: they hash by identity, in C."""

    __hash__ = object.__hash__

    CONVERSATION = "conversation"
    RUN = "run"
    TURN = "turn"
    MODEL = "model"
    TOOL = "tool"
    RETRIEVAL = "retrieval"
    MEMORY = "memory"
    FORWARD = "forward"
    DEPLOYMENT = "deployment"


class OrphanReason(Enum):
    """Why a start was closed without its end."""

    RUN_END = "run_end"
    TIME_LIMIT = "time_limit"
    SHUTDOWN = "shutdown"
    END_OF_INPUT = "end_of_input"
    EVICTED = "evicted"


@frozen
class SpanRef:
    """A span by its ids: 16 and 8 bytes as integers, never zero."""

    trace_id: int
    span_id: int


@frozen
class SpanIdentity:
    """Where a span stands.

    Args:
        trace_id: 128-bit integer.
        span_id: 64-bit integer.
        parent_span_id: None for a root.
        parent_is_remote: Whether the parent is a span outside this bridge (a caller's context).
        links: Spans that it refers to without being their child.
    """

    trace_id: int
    span_id: int
    parent_span_id: int | None = None
    parent_is_remote: bool = False
    links: tuple[SpanRef, ...] = ()

    @property
    def ref(self) -> SpanRef:
        """The ids alone."""
        return SpanRef(self.trace_id, self.span_id)


@frozen
class Surroundings:
    """What surrounded the place where an event was recorded.

    Args:
        parent: The span that was current there, or that ``TRACEPARENT`` names: a run that opens joins its trace.
        context: The OpenTelemetry context, opaque here, handed through to the operation.
        additions: What user code added to the current span, opaque here, handed through likewise.
    """

    parent: SpanRef | None = None
    context: Any = field(default=None, repr=False)
    additions: Any = field(default=None, repr=False)


@frozen(kw_only=True)
class Mark:
    """Something that happened inside an operation; becomes a span event."""

    name: str
    time_ns: int
    facts: Mapping[Fact, Any] = field(factory=dict)
    lineage: Mapping[str, Any] = field(factory=dict)
    contents: Mapping[ContentKind, Content] = field(factory=dict)


@frozen(kw_only=True)
class Operation:
    """One finished or interrupted piece of work.

    Args:
        kind: What it is.
        identity: Its place in the trace.
        origin: Source system and form.
        start_ns: Unix time in nanoseconds.
        end_ns: Unix time in nanoseconds, not before ``start_ns``.
        outcome: How it ended.
        error_type: Bounded identifier; set for every outcome that makes the span an error.
        conversation: Conversation id, if known.
        run: Run id of the source, if it belongs to a run.
        ids: The remaining ids of the source.
        names: Names, those of the start completed by those of the end.
        usage: Tokens of this operation itself.
        cost: Cost of this operation itself.
        contents: Content, by surface.
        facts: Bounded facts.
        lineage: Attributes under the source's namespace, keys relative to it.
        marks: Things that happened inside.
        orphan: Set when the end never came.
        model_calls: On a run: model calls of this run itself.
        tool_calls: On a run: tool calls of this run itself.
        child_usage: On a run: whether its tokens were told already, by model calls inside it or by usage records.
        child_cost: On a run: the same for its cost.
        context: The caller's OpenTelemetry context, opaque here.
        additions: What user code added to the current span, opaque here.
    """

    kind: OperationKind
    identity: SpanIdentity
    origin: Origin
    start_ns: int
    end_ns: int
    outcome: Outcome = Outcome.UNSET
    error_type: str | None = None
    conversation: str | None = None
    run: str | None = None
    ids: EventIds
    names: Names
    usage: Usage | None = None
    cost: Cost | None = None
    contents: Mapping[ContentKind, Content] = field(factory=dict)
    facts: Mapping[Fact, Any] = field(factory=dict)
    lineage: Mapping[str, Any] = field(factory=dict)
    marks: tuple[Mark, ...] = ()
    orphan: OrphanReason | None = None
    model_calls: int = 0
    tool_calls: int = 0
    child_usage: bool = False
    child_cost: bool = False
    context: Any = field(default=None, repr=False)
    additions: Any = field(default=None, repr=False)


@frozen(kw_only=True)
class RunOpened:
    """A trace begins, or a run begins inside one: the moment at which sampling is decided, once for the whole trace."""

    identity: SpanIdentity
    kind: OperationKind
    origin: Origin
    names: Names
    conversation: str | None
    context: Any = field(default=None, repr=False)


@frozen(kw_only=True)
class Occurrence:
    """An event that is no work: it becomes log records and metrics, in the context of its run if it has one.

    Args:
        event: The event.
        key: 64-bit identity, so that a resumed reading tells it only once.
        span: The run's span, if known.
        conversation: Conversation id, if known.
    """

    event: AgentEvent
    key: int
    span: SpanRef | None = None
    conversation: str | None = None
