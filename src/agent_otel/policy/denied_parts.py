"""Calls of denied tools within messages: a tool's arguments and results also stand in what model and agent exchange."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

__all__ = ["without_denied_calls"]

_HIDDEN: Final = "[REDACTED:denied_tool]"
_CALL: Final = "tool_call"
_RESPONSE: Final = "tool_call_response"


def without_denied_calls(messages: Any, denies: Callable[[str], bool]) -> Any:
    """Hide arguments and results of denied tools in messages of the conventions' form.

    Args:
        messages: As ``conventions.messages`` gives them, or anything else, which is left as it is.
        denies: Says whether a tool of that name, in lower case, is denied.

    Returns:
        The messages, the very same if no denied tool is called in them.
    """
    parts = [part for message in _dicts(messages) for part in _dicts(message.get("parts"))]
    denied = [part for part in parts if part.get("type") == _CALL and _is_denied(part, denies)]
    if not denied and not any(_is_denied(part, denies) for part in parts if part.get("type") == _RESPONSE):
        return messages
    ids = {part["id"] for part in denied if isinstance(part.get("id"), str)}

    def hidden(part: Any) -> Any:
        if not isinstance(part, dict):
            return part
        if part.get("type") == _CALL and _is_denied(part, denies):
            return {**part, "arguments": _HIDDEN}
        if part.get("type") == _RESPONSE and (part.get("id") in ids or _is_denied(part, denies)):
            return {**part, "response": _HIDDEN}
        return part

    return [
        {**message, "parts": [hidden(part) for part in message["parts"]]}
        if isinstance(message, dict) and isinstance(message.get("parts"), list)
        else message
        for message in messages
    ]


def _dicts(values: Any) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _is_denied(part: dict[str, Any], denies: Callable[[str], bool]) -> bool:
    name = part.get("name")
    return isinstance(name, str) and denies(name.lower())
