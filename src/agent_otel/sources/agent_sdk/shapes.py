"""Which of its wire forms a record of agent-sdk-core has: the contract tags none of them, so their members tell."""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

__all__ = ["Shape", "key_of", "shape_of"]


class Shape(Enum):
    """The forms that are read."""

    EVENT = "event"  # AgentEvent: {"envelope": .., "payload": ..}
    FRAME = "frame"  # EventFrame: {"event": .., "cursor": .., "overflow": ..}
    OVERFLOW = "overflow"  # EventOverflowNotice on its own
    PROJECTION = "projection"  # TelemetryProjection
    RECORD = "record"  # TelemetryRecord
    JOURNAL = "journal"  # a journal record: understood, and skipped
    PART = "part"  # the payload of one of these without what surrounds it: skipped likewise


_MEMBERS: Final = (
    (Shape.EVENT, frozenset({"envelope", "payload"})),
    (Shape.FRAME, frozenset({"event", "cursor"})),
    (Shape.JOURNAL, frozenset({"journal_schema_version", "record_kind"})),
    (Shape.PROJECTION, frozenset({"projection_id", "projection_kind", "source_record"})),
    (Shape.RECORD, frozenset({"record_id", "payload", "runtime_package_fingerprint"})),
    (Shape.OVERFLOW, frozenset({"policy", "dropped_count", "gap_end"})),
    (Shape.PART, frozenset({"type", "record"})),
)
_SINK_PAYLOAD: Final = "sink_health"


def shape_of(record: Any) -> Shape | None:
    """Give the form of a record, None if it is none of this source."""
    if not isinstance(record, dict):
        return None
    found = next((shape for shape, members in _MEMBERS if members <= record.keys()), None)
    if found is Shape.EVENT:
        return found if _is_envelope(record["envelope"]) else None
    if found is Shape.FRAME:
        event = record["event"]
        return found if isinstance(event, dict) and _is_envelope(event.get("envelope")) else None
    return found


def _is_envelope(value: Any) -> bool:
    return isinstance(value, dict) and "event_kind" in value and "run_id" in value


def key_of(record: Any) -> str | None:
    """Give the id by which a repeated record is known: of the event, the projection or the telemetry record.

    Projections about a sink share one id (rule R60), so they have none. The run belongs to the id: hosts number the
    events of every run from one, and what two runs say must not count as one.
    """
    shape = shape_of(record)
    if shape is Shape.FRAME:
        return _of_run(record["event"]["envelope"], "event_id")
    if shape is Shape.EVENT:
        return _of_run(record["envelope"], "event_id")
    if shape is Shape.PROJECTION:
        return None if record["projection_kind"] == _SINK_PAYLOAD else _of_run(record, "projection_id")
    return _of_run(record, "record_id") if shape is Shape.RECORD else None


def _of_run(told: dict[str, Any], member: str) -> str | None:
    own, run = _text(told.get(member)), _text(told.get("run_id"))
    return own if own is None or run is None else f"{own}@{run}"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
