"""``AgentEvent``: what an agent did, normalised. Every source decodes to it; everything after reads only it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import Factory, field, frozen

from agent_otel.model.content import Content
from agent_otel.model.vocabulary import ContentKind, CostStatus, EventKind, Fact, Outcome, Phase

__all__ = ["NO_IDS", "NO_NAMES", "AgentEvent", "Cost", "Cursor", "EventIds", "Names", "Origin", "Usage"]

LineageValue = str | int | float | bool | tuple[str, ...]
_EMPTY: Mapping[Any, Any] = MappingProxyType({})


@frozen
class Origin:
    """Where an event comes from.

    Args:
        system: The source system, for example ``bamboo``. Part of every derived id.
        form: Which of its wire forms. A run is read in one form only; a second form of it counts as duplicate.
        namespace: Prefix of the lineage attributes. Defaults to the system's name.
    """

    system: str
    form: str = "events"
    namespace: str = Factory(lambda self: self.system.replace("-", "_"), takes_self=True)


@frozen
class Cursor:
    """The place of a record in its input: a resume point, and the identity of records without an id.

    Args:
        stream: Digest of the input's first record, or a name of the live stream.
        ordinal: 1-based number of the record in the input.
    """

    stream: str
    ordinal: int


@frozen(kw_only=True)
class EventIds:
    """The ids that the source gave; all optional, none invented.

    ``run`` is unique within the source system (a source whose runs are numbered per session joins the two ids).
    ``trace``, ``span`` and ``parent_span`` are used as they are when they are valid W3C hex, else ignored.
    ``nonce`` joins the derived ids, and nothing else, where the records have no time of their own: a second reading of
    them would put other times under the same ids.
    """

    event: str | None = None
    conversation: str | None = None
    run: str | None = None
    parent_run: str | None = None  # the run that started this run
    turn: str | None = None
    attempt: str | None = None
    retry_of: str | None = None  # the attempt or request that this one tries again; its span links to that one's
    request: str | None = None
    tool_call: str | None = None
    tool_call_is_synthetic: bool = False  # then it pairs start and end, but is not exported
    agent: str | None = None
    parent_agent: str | None = None
    child_run: str | None = None  # the run that this tool call, or this run, started
    child_conversation: str | None = None  # the same, where the source names the child by its conversation
    trace: str | None = None
    span: str | None = None
    parent_span: str | None = None
    nonce: str | None = None


NO_IDS = EventIds()


@frozen(kw_only=True)
class Names:
    """Names as the source gave them. Low cardinality is not assumed: ``project`` bounds them."""

    agent: str | None = None
    agent_description: str | None = None
    tool: str | None = None
    tool_type: str | None = None
    provider: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    operation: str | None = None  # a ``gen_ai.operation.name`` other than the kind's default
    subject: str | None = None  # what a POINT event calls itself, from a bounded set


NO_NAMES = Names()


@frozen(kw_only=True)
class Usage:
    """Token counts. None is "not told", which is not 0.

    ``input_tokens`` includes cached tokens and ``output_tokens`` includes reasoning (GenAI conventions);
    sources that count otherwise are converted by their decoder.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


@frozen(kw_only=True)
class Cost:
    """Money, in integer millionths of ``currency``; never a float."""

    amount_micros: int
    currency: str
    rate_table: str | None = None
    status: CostStatus = CostStatus.ESTIMATED


@frozen(kw_only=True)
class AgentEvent:
    """One thing that an agent runtime said.

    Args:
        kind: What it is about.
        phase: Start, end, or a point in time.
        origin: Source system and wire form.
        time_ns: Unix time in nanoseconds, 0 to 2**63-1.
        time_is_receipt: Whether ``time_ns`` is when the event was received, because the source gave no time.
        duration_ns: Length of the work that ended, in nanoseconds, if the source measured it; never negative.
        ids: Ids as given by the source.
        names: Tool, agent, provider and model names.
        outcome: How the work ended.
        error_type: From a bounded set of identifiers; never error text, which is ``Content``.
        usage: Token counts.
        cost: Cost.
        contents: Arguments, results, messages, error text.
        facts: Further bounded facts that have a name in the conventions.
        lineage: What has no OpenTelemetry name; keys are relative to ``origin.namespace``.
        cursor: Place in the input.
        final: On the END of a run: nothing of this run comes later, so children still open are closed at once
            instead of after the grace time (rule R15 against R66).
    """

    kind: EventKind
    phase: Phase = Phase.POINT
    origin: Origin
    time_ns: int
    time_is_receipt: bool = False
    duration_ns: int | None = None
    ids: EventIds = NO_IDS
    names: Names = NO_NAMES
    outcome: Outcome = Outcome.UNSET
    error_type: str | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    contents: Mapping[ContentKind, Content] = field(default=_EMPTY)
    facts: Mapping[Fact, LineageValue] = field(default=_EMPTY)
    lineage: Mapping[str, LineageValue] = field(default=_EMPTY)
    cursor: Cursor | None = None
    final: bool = False
