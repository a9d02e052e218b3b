"""Storing a batch within the bounds: what fits, what makes way for it, and what does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from agent_otel.delivery.spool.answers import Evicted
from agent_otel.delivery.spool.room import Room
from agent_otel.delivery.spool.row import Entry, storable
from agent_otel.delivery.spool.store import Store
from agent_otel.delivery.spool.tally import Head
from agent_otel.model import DeliveryClass

__all__ = ["Batch", "Stored", "evict_aged", "evict_beyond", "prepare", "store_batch"]

_AGED_PAGE = 1000


@frozen
class Batch:
    """Entries as they will be stored, each with its position in the call.

    Args:
        entries: Position and entry.
        refused: Positions of those that no row can hold.
    """

    entries: tuple[tuple[int, Entry], ...]
    refused: tuple[int, ...]


@frozen
class Stored:
    """What became of a batch.

    Args:
        row_ids: By position.
        unfit: Positions for which there was no room.
        evicted: What made way.
    """

    row_ids: dict[int, int]
    unfit: tuple[int, ...]
    evicted: tuple[Evicted, ...]


def prepare(entries: Sequence[Entry], now_ns: int) -> Batch:
    """Give entries the form in which they are stored.

    Args:
        entries: As the caller gave them.
        now_ns: Unix time in nanoseconds, for items that do not say when they were handed over.
    """
    fit: list[tuple[int, Entry]] = []
    refused = []
    for position, entry in enumerate(entries):
        try:
            fit.append((position, storable(entry, now_ns)))
        except (ValueError, TypeError, OverflowError, AttributeError):  # noqa: PERF203  one bad entry is not a bad batch
            refused.append(position)
    return Batch(tuple(fit), tuple(refused))


def store_batch(store: Store, batch: Batch, max_bytes: int) -> Stored:
    """Store what fits, all of it or nothing if the disk fails; wills make way for what fits in their place.

    Args:
        store: The file.
        batch: The entries.
        max_bytes: Of the file.
    """
    store.check_disk(sum(entry.item.size for _, entry in batch.entries))
    with store.transaction():
        wills = {position: found for position, entry in batch.entries if (found := _wills_before(store, entry))}
        room = Room(store, max_bytes, freed=sum(head.size for found in wills.values() for head in found))
        by_rank = sorted(batch.entries, key=lambda numbered: numbered[1].item.delivery_class.rank)
        fitting = {
            position for position, entry in by_rank if room.reserve(entry.item.size, entry.item.delivery_class.rank)
        }
        evicted = evicted_of(store, room.victims, "bytes")
        store.delete([*room.victims, *(head for position in wills.keys() & fitting for head in wills[position])])
        kept = [(position, entry) for position, entry in batch.entries if position in fitting]
        row_ids = store.insert((entry.destination, entry.item, entry.will_of) for _, entry in kept)
    unfit = tuple(position for position, _ in batch.entries if position not in fitting)
    return Stored({position: row_id for (position, _), row_id in zip(kept, row_ids, strict=True)}, unfit, evicted)


def _wills_before(store: Store, entry: Entry) -> list[Head]:
    """Give the wills that an entry takes the place of."""
    key = entry.will_of if entry.will_of is not None else entry.ends_will
    if key is None:
        return []
    destination = store.rows.interned.number_of_destination(entry.destination)
    return [head for head in store.rows.will_heads(key) if head.destination == destination]


def evict_beyond(store: Store, max_bytes: int) -> tuple[Evicted, ...]:
    """Evict until a file is within a bound."""
    with store.transaction():
        room = Room(store, max_bytes)
        room.reserve(0, 0)
        evicted = evicted_of(store, room.victims, "bytes")
        store.delete(room.victims)
    return evicted


def evict_aged(store: Store, before_ns: int) -> tuple[Evicted, ...]:
    """Evict what was enqueued before a time, in Unix nanoseconds."""
    evicted: tuple[Evicted, ...] = ()
    if store.rows.older_heads(before_ns, 1):
        with store.transaction():
            while aged := store.rows.older_heads(before_ns, _AGED_PAGE):
                evicted += evicted_of(store, aged, "age")
                store.delete(aged)
    return evicted


def evicted_of(store: Store, heads: Iterable[Head], reason: str) -> tuple[Evicted, ...]:
    """Tell of rows what their owner needs to know."""
    destinations = store.rows.interned.destinations
    return tuple(
        Evicted(head.row_id, destinations[head.destination].sink_id, DeliveryClass(head.rank), reason) for head in heads
    )
