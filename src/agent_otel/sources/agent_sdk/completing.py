"""What a measure makes: an end that is complete, or a point of its own."""

from __future__ import annotations

from typing import Final

from attrs import evolve

from agent_otel.model import AgentEvent, EventKind, Fact, Names, Outcome, Phase, Usage
from agent_otel.sources.agent_sdk.kinds import KINDS
from agent_otel.sources.agent_sdk.lineage import Lineage
from agent_otel.sources.agent_sdk.measures import WORSE, Measure
from agent_otel.sources.agent_sdk.parts import ORIGIN

__all__ = ["completed", "named", "point_of"]

_WORSE_THAN: Final = {Outcome.OK: WORSE, Outcome.ERROR: WORSE - {Outcome.ERROR}}
_ERROR_TYPES: Final = {Outcome.CANCELLED: "cancelled", Outcome.TIMED_OUT: "timeout", Outcome.ERROR: "error"}


def completed(event: AgentEvent, measure: Measure) -> AgentEvent:
    """Give an end what telemetry says about it; what it has already stays.

    The terminal status of a usage projection is always ``completed`` (rule R57), so it only counts where it is worse
    than what the event says, or says more precisely how it failed.
    """
    outcome, error_type = event.outcome, event.error_type
    if measure.outcome is not None and measure.outcome in _WORSE_THAN.get(outcome, ()):
        outcome = measure.outcome
        error_type = _ERROR_TYPES[outcome]
    return evolve(
        named(event, measure.names),
        outcome=outcome,
        error_type=error_type,
        usage=event.usage or measure.usage,
        cost=event.cost or measure.cost,
        contents={**measure.contents, **event.contents},
        lineage={**measure.added_lineage, **event.lineage},
    )


def named(event: AgentEvent, told: Names) -> AgentEvent:
    """Give a run or call the names that telemetry told of it; those that it has already stay."""
    names = event.names
    return evolve(
        event,
        names=evolve(
            names,
            tool=names.tool or (told.tool if event.kind is EventKind.TOOL else None),
            provider=names.provider or told.provider,
            request_model=names.request_model or told.request_model,
            response_model=names.response_model or told.response_model,
        ),
    )


def point_of(measure: Measure, conversation: str | None, time_ns: int | None, nonce: str) -> AgentEvent:
    """Give the point that a measure is on its own.

    Args:
        measure: The measure.
        conversation: Conversation of its run.
        time_ns: Time of the event that it is about, if that was seen; otherwise the time of receipt counts.
        nonce: Of the document, for what has no time.
    """
    is_receipt = time_ns is None
    ids = evolve(measure.ids, conversation=conversation, nonce=nonce if is_receipt and nonce else None)
    names, kind, lineage, facts = measure.names, measure.kind, dict(measure.lineage), {}
    if measure.is_roll_up:
        kind = EventKind.PROGRESS  # the child tells its usage and cost itself
        lineage.update(_rolled_up(measure))
    row = KINDS.get(measure.source_kind)
    if kind is EventKind.PROGRESS:
        names = evolve(names, subject=row.subject if row is not None and row.subject is not None else "progress")
        if row is not None and row.state is not None:
            facts[Fact.STATE] = row.state
    elif kind is not EventKind.AGENT:
        names = evolve(names, subject=kind.value)
    outcome = measure.outcome or Outcome.UNKNOWN
    is_end = kind is EventKind.AGENT
    return AgentEvent(
        kind=kind,
        phase=Phase.END if is_end else Phase.POINT,
        origin=ORIGIN,
        time_ns=measure.context.receipt_ns if time_ns is None else time_ns,
        time_is_receipt=is_receipt,
        ids=ids,
        names=names,
        outcome=outcome if is_end else Outcome.UNSET,
        error_type=_ERROR_TYPES.get(outcome) if is_end else None,
        usage=None if measure.is_roll_up else measure.usage,
        cost=None if measure.is_roll_up else measure.cost,
        contents=measure.contents,
        facts=facts,
        lineage=lineage,
        cursor=measure.context.cursor,
    )


def _rolled_up(measure: Measure) -> Lineage:
    usage, cost = measure.usage or Usage(), measure.cost
    numbers = {
        "subagent.usage.input_tokens": usage.input_tokens,
        "subagent.usage.output_tokens": usage.output_tokens,
        "subagent.usage.total_tokens": usage.total_tokens,
        "subagent.cost.amount_micros": None if cost is None else cost.amount_micros,
        "subagent.cost.currency": None if cost is None else cost.currency,
    }
    return {key: number for key, number in numbers.items() if number is not None}
