"""Facts about content, without a character of it: bytes, JSON type, number of items, whether it was cut."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

import orjson

from agent_otel.conventions import attributes as a
from agent_otel.model import Content, ContentKind

__all__ = ["FactNames", "fact_names", "facts_of", "text_of_content", "utf8_size"]

_TYPES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (str, "string"),
    (bool, "boolean"),
    ((int, float), "number"),
    (dict, "object"),
    ((list, tuple), "array"),
    (type(None), "null"),
)
_UNWRITABLE: Final = "[REDACTED:unsupported_type]"


class FactNames(NamedTuple):
    """The attributes that tell of one kind of content: ``agent_otel.content.<kind>.<fact>``."""

    bytes: str
    type: str
    items: str
    truncated: str
    mode: str
    reference: str


_NAMES: Final = {
    kind: FactNames(*(f"{a.CONTENT_FACTS_PREFIX}{kind.value}.{fact}" for fact in FactNames._fields))
    for kind in ContentKind
}


def fact_names(kind: ContentKind) -> FactNames:
    """Give the names of the attributes that tell of a kind of content."""
    return _NAMES[kind]


def facts_of(kind: ContentKind, content: Content, size: int, into: dict[str, Any]) -> None:
    """Tell of content what mode ``metadata_only`` lets leave.

    Args:
        kind: Its kind.
        content: Itself.
        size: Its UTF-8 bytes, of a structure as compact JSON.
        into: Where the attributes go.
    """
    names = _NAMES[kind]
    value = content.value
    into[names.bytes] = size
    into[names.type] = next((name for types, name in _TYPES if issubclass(type(value), types)), "other")
    if type(value) in (list, tuple, dict):
        into[names.items] = len(value)
    into[names.truncated] = content.is_cut


def text_of_content(value: Any) -> str:
    """Give content as text: a text as it is, all else as compact JSON; what has no JSON form becomes a marker."""
    if type(value) is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    try:
        return orjson.dumps(value).decode()
    except Exception:  # noqa: BLE001  as below
        return _exact_text(value)


def _exact_text(value: Any) -> str:
    """Write what the fast encoder refuses: integers beyond 64 bits, lone surrogates, keys that are no text."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except Exception:  # noqa: BLE001  a dict or list of the host's own class may raise anything
        return _UNWRITABLE


def utf8_size(text: str) -> int:
    """Give the length of a text in UTF-8 bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
