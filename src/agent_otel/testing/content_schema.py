"""The shape of content attributes: messages, instructions, tool definitions, after the GenAI conventions' schemas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import json
from typing import Any, Final

from agent_otel.conventions import attributes as a

__all__ = ["breaks_content_schema"]

# What a message part of a type must have, and of which type; parts of other types are free (the "generic" part).
_PARTS: Final[dict[str, dict[str, type]]] = {
    "text": {"content": str},
    "reasoning": {"content": str},
    "tool_call": {"name": str},
    "tool_call_response": {"response": object},
    "blob": {"modality": str, "content": str},
    "file": {"modality": str, "file_id": str},
    "uri": {"modality": str, "uri": str},
}


def _is_part(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(kind := value.get("type"), str):
        return False
    wanted = _PARTS.get(kind, {})
    return all(name in value and isinstance(value[name], wanted[name]) for name in wanted)


def _is_list(value: Any, of: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(map(of, value))


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("role"), str) and _is_list(value.get("parts"), _is_part)


def _is_definition(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("type"), str) and isinstance(value.get("name"), str)


_SCHEMAS: Final[dict[str, Callable[[Any], bool]]] = {
    a.INPUT_MESSAGES: lambda value: _is_list(value, _is_message),
    a.OUTPUT_MESSAGES: lambda value: _is_list(value, _is_message),
    a.SYSTEM_INSTRUCTIONS: lambda value: _is_list(value, _is_part),
    "gen_ai.tool.definitions": lambda value: _is_list(value, _is_definition),
}


def breaks_content_schema(attributes: Mapping[str, Any]) -> bool:
    """Say whether a content attribute has another shape than the conventions ask for.

    Args:
        attributes: Attributes of a span or event. A text is read as JSON, as spans carry structured values.
    """
    return any(key in attributes and not is_right(_parsed(attributes[key])) for key, is_right in _SCHEMAS.items())


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None
