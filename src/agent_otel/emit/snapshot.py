"""Snapshots: values copied on the agent's thread, so that nothing of the agent's is read later on the worker.

O(size) up to a byte limit, and a marker beyond it. No ``repr`` or ``str`` of user objects is called, ever: either can be
slow, raise, or change the agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["BEYOND_LIMIT", "snapshot"]

BEYOND_LIMIT = "[beyond the size limit]"
_MAX_DEPTH = 64
_ITEM_COST = 16  # bytes that a number or a container element is reckoned at


def snapshot(value: Any, limit: int) -> tuple[Any, int]:
    """Copy a value as plain JSON types.

    Args:
        value: Anything. What is no JSON value becomes a marker with its type's name.
        limit: Bytes; what lies beyond becomes a marker.

    Returns:
        The copy, and roughly the bytes that it holds.
    """
    budget = [limit]
    copy = _copied(value, budget, 0)
    return copy, limit - budget[0]


def _copied(value: Any, budget: list[int], depth: int) -> Any:
    kind = type(value)
    if kind is str:
        budget[0] -= len(value) + _ITEM_COST
        if budget[0] >= 0:
            return value
        return value[: max(0, len(value) + budget[0])] + BEYOND_LIMIT
    budget[0] -= _ITEM_COST
    if value is None or kind is bool or kind is int or kind is float:
        return value
    if budget[0] < 0 or depth >= _MAX_DEPTH:
        return BEYOND_LIMIT
    if kind is dict or isinstance(value, Mapping):
        return _copied_mapping(value, budget, depth)
    if kind is list or kind is tuple:
        copies = []
        for item in value:
            if budget[0] < 0:
                copies.append(BEYOND_LIMIT)
                break
            copies.append(_copied(item, budget, depth + 1))
        return copies
    if kind is bytes or kind is bytearray:
        return f"<{len(value)} bytes>"
    if isinstance(value, str):
        return _copied(str.__str__(value), budget, depth)
    return f"<{kind.__name__}>"


def _copied_mapping(value: Mapping[Any, Any], budget: list[int], depth: int) -> Any:
    copy: dict[str, Any] = {}
    for key, item in value.items():
        if budget[0] < 0:
            copy[BEYOND_LIMIT] = True
            break
        name = key if type(key) is str else f"<{type(key).__name__}>"
        budget[0] -= len(name)
        copy[name] = _copied(item, budget, depth + 1)
    return copy
