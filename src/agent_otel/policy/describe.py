"""Mode ``metadata_only``: facts about content, without a character of it.

Until a scrubber decides otherwise this is the most that leaves for any piece of content.
"""

from __future__ import annotations

from collections.abc import Mapping
import json
from typing import Any

import orjson

from agent_otel.conventions import attributes as a
from agent_otel.model import Content, ContentKind

__all__ = ["METADATA_ONLY", "content_facts"]

METADATA_ONLY = "metadata_only"

_TYPES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (str, "string"),
    (bool, "boolean"),
    ((int, float), "number"),
    (dict, "object"),
    ((list, tuple), "array"),
    (type(None), "null"),
)
_NAMES = {
    kind: tuple(f"{a.CONTENT_FACTS_PREFIX}{kind.value}.{fact}" for fact in ("bytes", "type", "items"))
    for kind in ContentKind
}


def content_facts(contents: Mapping[ContentKind, Content]) -> dict[str, Any]:
    """Describe content by length, JSON type and number of items.

    Args:
        contents: Content by surface.

    Returns:
        Attributes ``agent_otel.content.<surface>.bytes|type|items`` and the mode; bytes are those of the UTF-8 text, or
        of the compact JSON of a structured value.
    """
    if not contents:
        return {}
    attributes: dict[str, Any] = {a.CONTENT_MODE: METADATA_ONLY}
    for kind, content in contents.items():
        size_name, type_name, items_name = _NAMES[kind]
        value = content.value
        size = _size(value)
        if size is not None:
            attributes[size_name] = size
        attributes[type_name] = next((name for types, name in _TYPES if issubclass(type(value), types)), "other")
        if type(value) in (list, tuple, dict):
            attributes[items_name] = len(value)
    return attributes


def _size(value: Any) -> int | None:
    """Give the length in bytes; None for what has no JSON form."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    try:
        return len(orjson.dumps(value))
    except Exception:  # noqa: BLE001  as below
        return _exact_size(value)


def _exact_size(value: Any) -> int | None:
    """Measure what the fast encoder refuses: integers beyond 64 bits, lone surrogates, keys that are no text."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return len(text.encode("utf-8", "surrogatepass"))
    except Exception:  # noqa: BLE001  a dict or list of the host's own class may raise anything
        return None
