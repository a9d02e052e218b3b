"""What the fan-out reports: what was lost and why, a sink's failure and recovery, and its counts."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Generic

from attrs import field, frozen

from agent_otel.delivery.fanout_held import H
from agent_otel.model import DeliveryClass
from agent_otel.model.agent_sdk.projection import TelemetryProjection
from agent_otel.model.agent_sdk.telemetry_records import (
    TelemetryRecord,
    TelemetrySinkFailureRecord,
    TelemetrySinkRecoveryRecord,
)

__all__ = ["Eviction", "FanoutCounts", "FanoutRecord", "LiveReport", "LossReason", "SettleReport", "contract_record"]


class LossReason(Enum):
    """Why something did not reach a sink.

    Attributes:
        QUEUE_FULL: It found no room on arrival (R30, R32 to R34).
        MADE_ROOM: It made room for what is more precious (R29; addition ``evicts_lower_rank``).
        COALESCED: Newer progress of its run took its place (R33).
        TOO_LARGE: It is larger than the queue's byte bound (addition ``byte_capacity``).
        REFUSED: The sink refused it for good (addition ``quarantines``).
        PARTIAL_SUCCESS: The sink dropped it out of a batch that it took, without saying which.
    """

    QUEUE_FULL = "queue_full"
    MADE_ROOM = "made_room"
    COALESCED = "coalesced"
    TOO_LARGE = "too_large"
    REFUSED = "refused"
    PARTIAL_SUCCESS = "partial_success"


@frozen
class Eviction(Generic[H]):
    """That something was lost to a sink: the sink's own copy, without what the sink may not see (R37)."""

    sink_id: str
    held: H = field(repr=False)
    reason: LossReason


@frozen
class FanoutRecord(Generic[H]):
    """What the fan-out says of a sink, before it is put into the words of those who read it.

    Args:
        record_id: ``telemetry.{sink_id}.{sink_failed|sink_recovered}.{n}`` (R38).
        about: What arrived or was exported when it happened.
        told: What happened.
    """

    record_id: str
    about: H = field(repr=False)
    told: TelemetrySinkFailureRecord | TelemetrySinkRecoveryRecord


def contract_record(record: FanoutRecord[TelemetryProjection]) -> TelemetryRecord:
    """Give the contract's record of what happened to a projection."""
    if isinstance(record.told, TelemetrySinkFailureRecord):
        return TelemetryRecord.sink_failed(record.record_id, record.about, record.told)
    return TelemetryRecord.sink_recovered(record.record_id, record.about, record.told)


@frozen(kw_only=True)
class LiveReport(Generic[H]):
    """What became of one arrival, over all sinks.

    Args:
        enqueued: How many sinks' queues took it.
        evicted: What was lost by it, perhaps the arrival itself, in sink-id order.
        records: What there is to say, in the same order.
    """

    enqueued: int
    evicted: tuple[Eviction[H], ...] = ()
    records: tuple[FanoutRecord[H], ...] = ()


@frozen(kw_only=True)
class SettleReport(Generic[H]):
    """What became of one batch.

    Args:
        exported: How many the sink took and kept.
        rejected: How many it refused for good, or took and dropped.
        quarantined: Those of them that are known.
        records: What there is to say, in the order in which it happened.
    """

    exported: int
    rejected: int
    quarantined: tuple[Eviction[H], ...] = ()
    records: tuple[FanoutRecord[H], ...] = ()


@frozen(kw_only=True)
class FanoutCounts:
    """The books of a sink at one moment: ``accepted = exported + rejected + evicted + queued``.

    Args:
        accepted: What arrived, with what was dropped on arrival.
        exported: What the sink took and kept.
        rejected: What it refused for good, or took and dropped.
        evicted: What was dropped, on arrival or later; ``dropped_count`` of the records (R35).
        queued: What waits, with what is in flight.
        in_flight: What is being exported.
        queued_bytes: What the queue takes.
        queued_by_class: What waits, by delivery class.
        lost: What was rejected or evicted, by delivery class and reason; the class is None where nobody knows it.
        failed: Whether the sink has failed and taken nothing since (R43, R44).
    """

    accepted: int
    exported: int
    rejected: int
    evicted: int
    queued: int
    in_flight: int
    queued_bytes: int
    queued_by_class: Mapping[DeliveryClass, int]
    lost: Mapping[tuple[DeliveryClass | None, LossReason], int]
    failed: bool
