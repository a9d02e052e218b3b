"""The quick way to a snapshot: what is plain JSON is written as JSON text at once, and read again by the worker.

A snapshot item by item takes three times as long on the agent's thread. What it gives for anything but plain JSON, and
for what may lie beyond the byte limit, is its own: nothing of that comes through here.
"""

from __future__ import annotations

from gc import get_referents
from typing import Any, Final

import orjson

from agent_otel.emit.snapshot import MAX_DEPTH
from agent_otel.processors.interruption import of_signal_handler

__all__ = ["json_text"]

_CONTAINERS: Final = frozenset({dict, list, tuple})
_ITEM_COST: Final = 16  # as snapshots reckon
_WIDEST: Final = 4


def json_text(value: Any, limit: int) -> str | None:
    """Write a dict, list or tuple of plain JSON values; read again, it is what ``snapshot`` gives.

    Never raises, and reads no more than the limit: what is too large is not written to find that out.

    Args:
        value: Anything.
        limit: Bytes, as for a snapshot.

    Returns:
        The text; None if a snapshot is to be taken: of values of any other type, of NaN and infinities, of integers
        beyond 64 bits, of lone surrogates, of what is nested deeply, and of what comes near the limit.
    """
    if type(value) not in _CONTAINERS:
        return None
    try:
        # As text, which is as large as it says: the bytes keep the kilobytes that orjson wrote them in.
        return orjson.dumps(value).decode() if _is_plain(value, limit // _WIDEST) else None
    except (TypeError, RuntimeError) as error:  # keys that are no text, surrogates, large integers; changed meanwhile
        if of_signal_handler(error):
            raise
        return None


def _is_plain(value: Any, room: int) -> bool:
    """Say whether a value is of exact JSON types throughout, not deep, and within its room.

    One loop without calls: it is what costs the agent most of all that is done here.
    """
    containers, mappings = 0, []
    found = [value]
    for item in found:  # which grows meanwhile
        kind = type(item)
        if kind is str:
            room -= len(item)
        elif kind is int or kind is bool or item is None:
            continue
        elif kind is dict or kind is list or kind is tuple:
            containers += 1
            room -= 2 * _ITEM_COST * len(item)
            if room < 0:  # asked before its items are looked at: each costs something, so this ends also in cycles
                return False
            found += item
            if kind is dict:
                mappings.append(item)
                found += item.values()
        elif kind is not float or item - item != 0:  # NaN or infinite, which JSON has no number for
            return False
    for mapping in mappings:  # their keys are known to be no objects of the agent's now
        if "" in mapping:  # a snapshot has a marker for it
            return False
    return room >= _ITEM_COST and (containers <= MAX_DEPTH or not _is_deep(value))


def _is_deep(value: Any) -> bool:
    """Say whether a value of exact JSON types is nested more deeply than a snapshot goes."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for item in get_referents(*level) if type(item) in _CONTAINERS]
        if not level:
            return False
    return True
