"""Usage, cost and terminal status as telemetry tells them: apart from the event that they are about, and with no time.

A ``TelemetryProjection`` and a ``TelemetryRecord`` become the same ``Measure``. One that finds its event completes it;
one that finds none becomes a point of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve, field, frozen

from agent_otel.model import (
    Content,
    ContentKind,
    Cost,
    CostStatus,
    EventIds,
    EventKind,
    Names,
    Outcome,
    Usage,
)
from agent_otel.model import agent_sdk as sdk
from agent_otel.sources.agent_sdk.lineage import Lineage, projection_lineage, record_lineage, units_lineage
from agent_otel.sources.agent_sdk.parts import (
    MAX_INTEGER,
    cost_of,
    identifier,
    status_outcome,
    tool_name,
    usage_of,
    word,
)
from agent_otel.sources.protocol import Context

__all__ = ["WORSE", "Measure", "measure_of_projection", "measure_of_record"]

_RECORD_OF_PROJECTION: Final = "telemetry.record."  # rule R59
_USAGE_PROJECTION: Final = "telemetry.usage."  # rule R57
_ROLL_UP: Final = "subagent"
WORSE: Final = frozenset({Outcome.ERROR, Outcome.CANCELLED, Outcome.TIMED_OUT})


@frozen(kw_only=True)
class Measure:
    """What telemetry says about one event.

    Args:
        kind: USAGE, COST, AGENT (the end of a run) or PROGRESS.
        keys: What the same numbers are recognised by when they are told again.
        run: Run id.
        event_id: The event that it is about, if it names one.
        family: The family of that event.
        source_kind: The kind of that event, a word.
        ids: Ids for a point of its own.
        names: Provider, model and tool.
        usage: Tokens.
        cost: Money.
        outcome: Terminal status.
        contents: Raw content, and the error text of a failure.
        lineage: Lineage for a point of its own.
        added_lineage: What it adds to the lineage of the event that it completes.
        context: Place and time of receipt.
        note: What had to be done to its numbers.
    """

    kind: EventKind
    keys: tuple[str, ...]
    run: str
    event_id: str | None
    family: str = ""
    source_kind: str = ""
    ids: EventIds
    names: Names
    usage: Usage | None = None
    cost: Cost | None = None
    outcome: Outcome | None = None
    contents: Mapping[ContentKind, Content] = field(factory=dict, repr=False)
    lineage: Lineage
    added_lineage: Lineage
    context: Context
    note: str | None = None

    @property
    def is_roll_up(self) -> bool:
        """Whether this is a child's usage, told once more on its parent."""
        return self.family == _ROLL_UP

    @property
    def is_total(self) -> bool:
        """Whether this is the usage of a whole run."""
        return self.family == "run"


_KINDS_OF_PROJECTION: Final = {
    "progress": EventKind.PROGRESS,
    "run_terminal": EventKind.AGENT,
    "usage": EventKind.USAGE,
    "cost_estimate": EventKind.COST,
    "cost_correction": EventKind.COST,
}


def measure_of_projection(projection: sdk.TelemetryProjection, context: Context) -> Measure | None:
    """Read a projection as a measure, None for one that is about a sink or of an unknown kind."""
    kind = _KINDS_OF_PROJECTION.get(word(projection.projection_kind))
    if kind is None:
        return None
    cost = None if projection.cost is None else cost_of(projection.cost)
    if cost is not None and word(projection.projection_kind) == "cost_correction":
        cost = evolve(cost, status=CostStatus.CORRECTED)
    source_kind = word(projection.source_record.event_kind)
    outcome = status_outcome(projection.terminal_status)
    event_id = projection.event_id or _event_of_cursor(projection.source_record.source_cursor)
    return Measure(
        kind=kind,
        keys=(projection.projection_id, *_keys_of_usage(kind, event_id)),
        run=projection.run_id,
        event_id=event_id,
        family=word(projection.source_record.event_family),
        source_kind=source_kind,
        ids=EventIds(
            event=projection.projection_id,
            run=projection.run_id,
            turn=projection.turn_id,
            attempt=projection.attempt_id,
            agent=projection.agent_id,
            trace=projection.trace_id,
        ),
        names=Names(
            tool=tool_name(projection.tool_name),
            provider=projection.provider_id,
            request_model=projection.model_id,
            response_model=projection.model_id,
        ),
        usage=usage_of(projection.usage),
        cost=cost,
        outcome=outcome,
        contents=_contents(projection, source_kind, outcome),
        lineage={**projection_lineage(projection), **units_lineage(projection.usage)},
        added_lineage={
            **units_lineage(projection.usage),
            **_of_rate_table(cost),
            **_of_retention(projection.retention),
        },
        context=context,
        note=_note_of(projection.cost),
    )


def measure_of_record(
    record: sdk.TelemetryRecord, part: sdk.UsageTelemetryRecord | sdk.CostTelemetryRecord, context: Context
) -> Measure:
    """Read a usage or cost record as a measure.

    Args:
        record: The telemetry record.
        part: What its payload holds.
        context: Its place.
    """
    projection_id = record.record_id.removeprefix(_RECORD_OF_PROJECTION)
    event_id = _event_of_projection(projection_id) or _event_of_cursor(record.source_cursor)
    names, usage, cost, note = Names(), None, None, None
    if isinstance(part, sdk.UsageTelemetryRecord):
        kind, part_id = EventKind.USAGE, part.usage_record_id
        usage, names = usage_of(part.units), _model_names(part)
        own: Lineage = {"usage.record.id": part_id, **units_lineage(part.units)}
    else:
        kind, part_id = EventKind.COST, part.cost_record_id
        cost, note = cost_of(part.units), _note_of(part.units)
        own = {"cost.record.id": part_id, **_of_rate_table(cost)}
        if part.correction_ref is not None:
            cost = evolve(cost, status=CostStatus.CORRECTED)
            own["cost.correction_ref"] = part.correction_ref
    return Measure(
        kind=kind,
        keys=(projection_id, f"{kind.value}/{part_id}", *_keys_of_usage(kind, event_id)),
        run=record.run_id,
        event_id=event_id,
        ids=EventIds(event=projection_id, run=record.run_id, agent=record.agent_id),
        names=names,
        usage=usage,
        cost=cost,
        lineage={**record_lineage(record), **own},
        added_lineage=own,
        context=context,
        note=note,
    )


def _keys_of_usage(kind: EventKind, event_id: str | None) -> tuple[str, ...]:
    """An event has one usage, whatever the ids are under which it is told; costs may follow each other."""
    return (f"of/{event_id}",) if kind is EventKind.USAGE and event_id is not None else ()


def _event_of_projection(projection_id: str) -> str | None:
    if projection_id.startswith(_USAGE_PROJECTION):
        return projection_id.removeprefix(_USAGE_PROJECTION) or None
    return None


def _event_of_cursor(source_cursor: Any) -> str | None:
    cursor = getattr(source_cursor, "cursor", None)
    return cursor.event_id if isinstance(cursor, sdk.EventCursor) else None


def _model_names(part: sdk.UsageTelemetryRecord) -> Names:
    return Names(provider=part.provider_id, request_model=part.model_id, response_model=part.model_id)


def _of_rate_table(cost: Cost | None) -> Lineage:
    return {} if cost is None or cost.rate_table is None else {"cost.rate_table.version": cost.rate_table}


def _of_retention(retention: Any) -> Lineage:
    kind = identifier(word(retention))
    return {} if kind is None else {"retention.class": kind}


def _note_of(units: Any) -> str | None:
    return "clamped_integer" if units is not None and units.amount_micros > MAX_INTEGER else None


def _contents(
    projection: sdk.TelemetryProjection, source_kind: str, outcome: Outcome | None
) -> dict[ContentKind, Content]:
    """Give raw content as what its event says it is, and the summary of a failure as error text.

    The source permits raw content by its capture mode and by nothing else (rule R37).
    """
    contents: dict[ContentKind, Content] = {}
    if outcome in WORSE and projection.redacted_summary:
        contents[ContentKind.ERROR_TEXT] = Content(projection.redacted_summary)
    surface = _SURFACES.get(source_kind)
    if projection.raw_content is not None and surface is not None:
        is_raw = word(projection.content_capture) == "raw_content"
        contents[surface] = Content(projection.raw_content, permitted_by_source=is_raw)
    return contents


_SURFACES: Final = {
    "model_attempt_started": ContentKind.INPUT_MESSAGES,
    "provider_request_projected": ContentKind.INPUT_MESSAGES,
    "model_message_completed": ContentKind.OUTPUT_MESSAGES,
    "model_attempt_failed": ContentKind.ERROR_TEXT,
    "tool_requested": ContentKind.TOOL_ARGUMENTS,
    "tool_started": ContentKind.TOOL_ARGUMENTS,
    "tool_completed": ContentKind.TOOL_RESULT,
    "tool_failed": ContentKind.ERROR_TEXT,
    "tool_denied": ContentKind.ERROR_TEXT,
    "tool_recovery_required": ContentKind.ERROR_TEXT,
    "run_completed": ContentKind.OUTPUT_MESSAGES,
    "run_failed": ContentKind.ERROR_TEXT,
    "run_cancelled": ContentKind.ERROR_TEXT,
}
