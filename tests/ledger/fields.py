"""The fields of a JSON record, and another value for each of them."""

from __future__ import annotations

from collections.abc import Iterator
import copy
from typing import Any

__all__ = ["fields_of", "varied", "with_value"]

Path = tuple[str, ...]


def fields_of(record: Any, keep_whole: frozenset[Path] = frozenset(), at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Give every leaf of a record: scalars, nulls, lists, and objects that count as one value.

    Args:
        record: A JSON value; elements of lists are no fields of their own.
        keep_whole: Paths of objects that are one value (arguments, a map of free keys).
    """
    if isinstance(record, dict) and record and at not in keep_whole:
        for key, value in record.items():
            yield from fields_of(value, keep_whole, (*at, key))
    else:
        yield at, record


def with_value(record: Any, path: Path, value: Any) -> Any:
    """Give the record with another value at a path."""
    if not path:
        return value
    changed = copy.deepcopy(record)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


def varied(value: Any) -> list[Any]:
    """Give other values of the same kind, the likeliest first; a word of an enum needs a list of its own."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value + 1_000]
    if isinstance(value, float):
        return [value + 0.5]
    if isinstance(value, str):
        if value[:4].isdigit() and "T" in value:  # a time: one second later
            return [value.replace("T", "T", 1)[:17] + f"{(int(value[17:19]) + 1) % 60:02d}" + value[19:]]
        return [f"{value}x", "another"]
    if isinstance(value, list):
        return [[*value, *value], []] if value else [["another"]]
    if isinstance(value, dict):
        return [{**value, "another": 1}]
    return ["another", 7, True, {"another": 1}]
