"""Snapshots: values copied on the agent's thread, so that nothing of the agent's is read later on the worker.

O(size) up to a byte limit, and a marker beyond it. No ``repr`` or ``str`` of user objects is called, ever: either can
be slow, raise, or change the agent. Types are asked of the type, not of the object, which may lie or raise.
"""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any
from uuid import UUID

from agent_otel.model.cutting import cut_between_words
from agent_otel.processors.interruption import of_signal_handler

__all__ = ["BEYOND_LIMIT", "MAX_DEPTH", "MAX_INTEGER", "error_text", "snapshot", "text_of", "type_name", "whole_number"]

BEYOND_LIMIT = "[beyond the size limit]"
MAX_INTEGER = 2**63 - 1  # what OTLP can carry
MAX_DEPTH = 64
_MAX_TYPE_NAME = 256
_NAMELESS = "_OTHER"  # semantic conventions: the value for what is outside a bounded set
_MAX_INTEGER_BITS = 1024
_ITEM_COST = 16  # bytes that a number or a container element is reckoned at
_WIDEST = 4  # bytes of a character beyond ASCII, at most


def snapshot(value: Any, limit: int) -> tuple[Any, int]:
    """Copy a value as plain JSON types; never raises.

    Args:
        value: Anything. What is no JSON value, or raises while it is read, becomes a marker with its type's name.
        limit: Bytes; what lies beyond becomes a marker.

    Returns:
        The copy, and roughly the bytes that it holds.
    """
    budget = [limit]
    copy = _copied(value, budget, 0)
    return copy, limit - budget[0]


def text_of(value: Any) -> str | None:
    """Give a name or id that the agent passed as text; what is no text, whole number or UUID becomes a marker.

    Args:
        value: Anything; None stays None.
    """
    kind = type(value)
    if value is None or kind is str:
        return value  # type: ignore[no-any-return]  # text or None
    if issubclass(kind, str):
        return str.__str__(value)
    if kind is UUID or (kind is int and value.bit_length() <= _MAX_INTEGER_BITS):
        return str(value)
    return _marker(kind)


def type_name(value: Any) -> str:
    """Name the type of an exception or other object: with its module, unless it is built in."""
    kind = type(value)
    try:  # a class may name anything as its module, or nothing
        name, module = str.__str__(_of_type(kind, "__qualname__")), str.__str__(_of_type(kind, "__module__"))
    except Exception:  # noqa: BLE001  as above
        return _NAMELESS
    return (name if module == "builtins" else f"{module}.{name}")[:_MAX_TYPE_NAME]


def error_text(error: BaseException) -> str:
    """Give what an exception was raised with, as far as it is text; its ``str`` is the user's code."""
    if not issubclass(type(error), BaseException):  # what user code passed for one
        return ""
    arguments: Any = vars(BaseException)["args"].__get__(error)
    return ": ".join(str.__str__(argument) for argument in arguments if issubclass(type(argument), str))


def whole_number(value: Any) -> int | None:
    """Give a count that the agent passed, 0 to ``MAX_INTEGER``; None for anything that is no number."""
    kind = type(value)
    if issubclass(kind, int):
        number: float = int.__index__(value)
    elif issubclass(kind, float) and not math.isnan(value):
        number = float.__float__(value)
    else:
        return None
    return int(max(0, min(number, MAX_INTEGER)))


def _copied(value: Any, budget: list[int], depth: int) -> Any:
    kind = type(value)
    if kind is str:
        return _copied_text(value, budget)
    budget[0] -= _ITEM_COST
    if value is None or kind is bool or kind is float:
        return value
    if kind is int:
        return value if value.bit_length() <= _MAX_INTEGER_BITS else _marker(kind)
    if budget[0] < 0 or depth >= MAX_DEPTH:
        return BEYOND_LIMIT
    if issubclass(kind, dict):
        return _copied_mapping(dict.items(value), budget, depth)
    if kind is list or kind is tuple:
        return _copied_items(value, budget, depth)
    if kind is bytes or kind is bytearray:
        return f"<{len(value)} bytes>"
    if issubclass(kind, str):
        return _copied_text(str.__str__(value), budget)
    return _copied_foreign(value, budget, depth)


def _copied_text(value: str, budget: list[int]) -> str:
    width = 1 if value.isascii() else _WIDEST
    budget[0] -= len(value) * width + _ITEM_COST
    if budget[0] >= 0:
        return value
    return cut_between_words(value, max(0, len(value) + budget[0] // width)) + BEYOND_LIMIT


def _copied_items(value: Any, budget: list[int], depth: int) -> list[Any]:
    copies = []
    for item in value:
        if budget[0] < 0:
            copies.append(BEYOND_LIMIT)
            break
        copies.append(_copied(item, budget, depth + 1))
    return copies


def _copied_foreign(value: Any, budget: list[int], depth: int) -> Any:
    """Copy a mapping that is no ``dict``: its code is the user's, and may raise."""
    kind = type(value)
    try:
        if issubclass(kind, Mapping):
            return _copied_mapping(value.items(), budget, depth)
    except Exception as error:
        if of_signal_handler(error):
            raise
    return _marker(kind)


def _copied_mapping(items: Any, budget: list[int], depth: int) -> dict[str, Any]:
    copy: dict[str, Any] = {}
    try:
        for key, item in items:
            if budget[0] < 0:
                copy[BEYOND_LIMIT] = True
                break
            name = _copied_text(text_of(key) or _marker(type(key)), budget)
            copy[name] = _copied(item, budget, depth + 1)
    except RuntimeError as error:  # another thread of the agent's writes to it just now: what was read counts
        if of_signal_handler(error):
            raise
        copy[BEYOND_LIMIT] = True
    return copy


def _marker(kind: type) -> str:
    return f"<{str.__str__(_of_type(kind, '__name__'))}>"


def _of_type(kind: type, name: str) -> Any:
    """Ask a type past its metaclass, which may be the user's."""
    return type.__getattribute__(kind, name)
