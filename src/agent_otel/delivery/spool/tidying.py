"""What is done about once a second: give up what is too old, and leave nothing readable that was deleted."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from agent_otel.delivery.spool.answers import Evicted
from agent_otel.delivery.spool.appending import evict_aged
from agent_otel.delivery.spool.directory import purge_older
from agent_otel.delivery.spool.sent_wills import purge_sent_wills
from agent_otel.delivery.spool.store import Store

__all__ = ["delete_owed", "purge", "tidy_store"]

_AT_ONCE: Final = 128


def delete_owed(store: Store, owed: set[int]) -> None:
    """Delete rows, few at a time so that a disk that is nearly full has room for it. What is deleted is not owed."""
    ids = sorted(owed)
    for start in range(0, len(ids), _AT_ONCE):
        chunk = ids[start : start + _AT_ONCE]
        with store.transaction():
            store.delete(store.rows.heads(chunk))
        owed.difference_update(chunk)
        if store.wants_truncation():
            store.truncate_log()


def tidy_store(store: Store, before_ns: int) -> tuple[Evicted, ...]:
    """Evict what was enqueued before a time, in Unix nanoseconds, and make what was deleted unreadable."""
    evicted = evict_aged(store, before_ns)
    if not store.tally.items:
        store.forget_interned()
    store.wipe()
    return evicted


def purge(directory: Path, before_ns: int) -> None:
    """Remove damaged files and notes on sent wills that are older."""
    with suppress(OSError):
        purge_older(directory, "spool-*.db.corrupt", before_ns)
        purge_sent_wills(directory, before_ns)
