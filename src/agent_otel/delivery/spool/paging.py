"""Reading rows page by page, past damaged ones."""

from __future__ import annotations

from collections.abc import Collection, Iterator
import sqlite3
from typing import Final

from attrs import field, frozen

from agent_otel.delivery.spool.errors import reason_of
from agent_otel.delivery.spool.room import ids_in_order
from agent_otel.delivery.spool.row import RANK_SHIFT, SpooledItem
from agent_otel.delivery.spool.rows import DamagedRow
from agent_otel.delivery.spool.store import Store
from agent_otel.model import DeliveryClass

__all__ = ["Page", "read_page"]

_ID_BITS: Final = (1 << RANK_SHIFT) - 1


@frozen
class Page:
    """Some rows in order, most precious class first, in it the oldest.

    Args:
        items: What was read.
        damaged: Ids of rows among them that are not what was stored.
        is_structural: Whether a page of the file cannot be read.
    """

    items: list[SpooledItem] = field(factory=list)
    damaged: list[int] = field(factory=list)
    is_structural: bool = False


def read_page(
    store: Store, destinations: list[int], after: int, limit: int, max_bytes: int, skip: Collection[int]
) -> Page:
    """Read the next rows.

    Args:
        store: The file.
        destinations: Numbers of those that are wanted.
        after: ``SpooledItem.position`` of the last one; 0 for the start.
        limit: How many at most.
        max_bytes: Stop when they have this many bytes, though not before the first.
        skip: Ids to leave out.
    """
    items: list[SpooledItem] = []
    damaged: list[int] = []
    structural, size = False, 0
    for row_id in _ids(store, destinations, after):
        if len(items) >= limit or size >= max_bytes:
            break
        if row_id in skip:
            continue
        try:
            found = store.rows.fetch(row_id)
        except DamagedRow:
            damaged.append(row_id)
        except sqlite3.Error as error:
            if reason_of(error) != "corrupt":
                raise
            damaged.append(row_id)
            structural = True
        else:
            if found is None:  # its place in the index is left over
                structural = True
            else:
                items.append(found)
                size += found.item.size
    return Page(items, damaged, structural)


def _ids(store: Store, destinations: list[int], after: int) -> Iterator[int]:
    after_rank, after_id = after >> RANK_SHIFT, after & _ID_BITS
    for delivery_class in DeliveryClass:
        if delivery_class.rank >= after_rank:
            first = after_id if delivery_class.rank == after_rank else 0
            yield from ids_in_order(store, delivery_class.rank, destinations, first)
