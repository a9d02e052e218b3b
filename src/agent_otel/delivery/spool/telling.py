"""What a spool tells of itself: its statistics, and what it holds back."""

from __future__ import annotations

from collections.abc import Collection

from agent_otel.delivery.spool.answers import Amount, HeldBack, SpoolStats
from agent_otel.delivery.spool.guarded import Counts
from agent_otel.delivery.spool.row import Destination
from agent_otel.delivery.spool.store import Store
from agent_otel.model import NANOS_PER_SECOND, DeliveryClass

__all__ = ["held_back", "stats_of"]


def held_back(store: Store, wanted: Collection[Destination]) -> list[HeldBack]:
    """List what is for none of some destinations."""
    amounts: dict[Destination, Amount] = {}
    for (pending, _, number), group in store.tally.groups.items():
        destination = store.rows.interned.destinations[number]
        if not pending and destination not in wanted:
            amounts[destination] = amounts.get(destination, Amount()) + Amount(*group)
    return [HeldBack(destination, amount, _reason(destination, wanted)) for destination, amount in amounts.items()]


def _reason(found: Destination, wanted: Collection[Destination]) -> str:
    same_sink = [other for other in wanted if other.sink_id == found.sink_id]
    if any(other.endpoint_identity == found.endpoint_identity for other in same_sink):
        return "policy"
    return "endpoint" if same_sink else "sink"


def stats_of(store: Store | None, counts: Counts, now_ns: int) -> SpoolStats:
    """Put the statistics together.

    Args:
        store: None if it cannot be asked.
        counts: Of the same spool.
        now_ns: Unix time in nanoseconds.
    """
    held, wills, oldest_ns = ({}, Amount(), None) if store is None else _held(store)
    return SpoolStats(
        held=held,
        wills=wills,
        oldest_age_s=None if oldest_ns is None else (now_ns - oldest_ns) / NANOS_PER_SECOND,
        durable=counts.durable,
        refused=dict(counts.refused),
        evicted=dict(counts.evicted),
        failures=dict(counts.failures),
        corrupt_rows=counts.corrupt_rows,
        corrupt_files=counts.corrupt_files,
        lost_files=counts.lost_files,
    )


def _held(store: Store) -> tuple[dict[tuple[str, DeliveryClass], Amount], Amount, int | None]:
    held: dict[tuple[str, DeliveryClass], Amount] = {}
    wills = Amount()
    for (pending, rank, number), group in store.tally.groups.items():
        if pending:
            wills += Amount(*group)
        else:
            key = (store.rows.interned.destinations[number].sink_id, DeliveryClass(rank))
            held[key] = held.get(key, Amount()) + Amount(*group)
    return held, wills, store.rows.oldest_ns()
