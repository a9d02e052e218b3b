"""Mode ``metadata_only``: facts about content, without a character of it.

Until a scrubber decides otherwise this is the most that leaves for any piece of content.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    (Mapping, "object"),
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
        attributes[size_name] = _size(value)
        attributes[type_name] = next((name for types, name in _TYPES if isinstance(value, types)), "other")
        if isinstance(value, (list, tuple, Mapping)):
            attributes[items_name] = len(value)
    return attributes


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    try:
        return len(orjson.dumps(value, default=lambda _: None, option=orjson.OPT_NON_STR_KEYS))
    except (TypeError, ValueError, RecursionError):
        return 0
