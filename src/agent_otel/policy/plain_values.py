"""Attribute values and log bodies as JSON values, and back: OTLP carries bytes, mappings and sequences of any class."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

__all__ = ["holds_length", "owned", "plain", "restored", "text_size"]

_SCALARS: Final = (bool, int, float, type(None))
_MAX_BYTE: Final = 255
_FEWEST_BYTES: Final = 16
_MAX_DEPTH: Final = 64


def plain(value: Any) -> Any:
    """Give a value as JSON has it. Bytes become text, also those that a list of numbers spells."""
    if isinstance(value, (str, *_SCALARS)):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "surrogateescape")
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and _spells_bytes(value):
        return bytes(value).decode("utf-8", "surrogateescape")
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return value


def _spells_bytes(value: Sequence[Any]) -> bool:
    return len(value) >= _FEWEST_BYTES and all(type(item) is int and 0 <= item <= _MAX_BYTE for item in value)


def restored(value: Any, done: Any) -> Any:
    """Give what became of a plain value in the types that it had before: the very same object if nothing changed.

    Args:
        value: As it was.
        done: What became of ``plain(value)``.
    """
    if isinstance(value, str):
        return value if isinstance(done, str) and str.__eq__(value, done) else done
    if isinstance(value, (bytes, bytearray, memoryview)):
        if not isinstance(done, str):
            return done
        back = done.encode("utf-8", "surrogateescape")
        return value if back == bytes(value) else back
    if isinstance(value, Mapping):
        return _restored_mapping(value, done)
    if isinstance(value, Sequence) and _spells_bytes(value):
        return value if done == plain(value) else done
    if isinstance(value, Iterable):
        return _restored_items(list(value), value, done)
    return value if type(done) is type(value) and done == value else done


def _restored_mapping(value: Mapping[Any, Any], done: Any) -> Any:
    if not isinstance(done, dict):
        return done
    kept = {key: restored(item, done[str(key)]) for key, item in value.items() if str(key) in done}
    if len(kept) == len(done) == len(value) and all(kept[key] is item for key, item in value.items()):
        return value
    known = {str(key) for key in kept}
    return {**kept, **{key: item for key, item in done.items() if key not in known}}


def _restored_items(items: list[Any], value: Any, done: Any) -> Any:
    if not isinstance(done, list):
        return done
    kept = [restored(item, now) for item, now in zip(items, done, strict=False)] + done[len(items) :]
    if len(done) == len(items) and all(now is item for now, item in zip(kept, items, strict=True)):
        return value
    return tuple(kept) if isinstance(value, tuple) else kept


def holds_length(value: Any, lengths: Collection[int]) -> bool:
    """Whether any text in a value is just so long: it may have been cut there."""
    if isinstance(value, str):
        return len(value) in lengths
    if isinstance(value, Mapping):
        return any(holds_length(item, lengths) for item in value.values())
    return isinstance(value, (list, tuple)) and any(holds_length(item, lengths) for item in value)


def text_size(value: Any, depth: int = 0) -> int:
    """Give roughly how many characters the texts in a value have."""
    if isinstance(value, (str, bytes, bytearray)):
        return len(value)
    if depth >= _MAX_DEPTH:
        return 0
    if isinstance(value, Mapping):
        return sum(len(str(key)) + text_size(item, depth + 1) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return len(value) + sum(text_size(item, depth + 1) for item in value)
    return 0


def owned(value: Any) -> Any:
    """Copy what can be written to by others later: mappings and lists of a log record's body."""
    if isinstance(value, Mapping):
        return {key: owned(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(owned, value)) if type(value) in (list, tuple) else [owned(item) for item in value]
    return bytes(value) if isinstance(value, bytearray) else value
