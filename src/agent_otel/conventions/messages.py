"""Messages in the form that the GenAI conventions have for them, from the forms in which agents pass them.

A message is ``{"role", "parts"}``; a part has a ``type``. What providers call ``content``, ``tool_use``, ``tool_calls``
or ``thinking`` becomes parts; what nobody foresaw becomes a part of type ``generic`` that holds it.
"""

from __future__ import annotations

from typing import Any, Final

from agent_otel.conventions.content_keys import INPUT_MESSAGES, OUTPUT_MESSAGES, SYSTEM_INSTRUCTIONS

__all__ = ["as_conventional"]

_ROLES: Final = {INPUT_MESSAGES: "user", OUTPUT_MESSAGES: "assistant"}
_TEXTS: Final = frozenset({"text", "input_text", "output_text"})
# Parts that the conventions define, and the members that each must have.
_KNOWN: Final = {
    "text": ("content",),
    "reasoning": ("content",),
    "tool_call": ("name",),
    "tool_call_response": ("response",),
    "blob": ("modality", "content"),
    "file": ("modality", "file_id"),
    "uri": ("modality", "uri"),
}
_OF_ANY_TYPE: Final = frozenset({"response"})


def as_conventional(kind: str, value: Any) -> Any:
    """Give content in the form of the conventions, if they have one for its kind; what is in it already stays.

    Args:
        kind: Kind of the content, as in ``conventions.content``.
        value: Text or a JSON value.
    """
    if kind == SYSTEM_INSTRUCTIONS:
        return _parts(value)
    role = _ROLES.get(kind)
    if role is None:
        return value
    if not isinstance(value, list) or not value:
        return [_message(value, role)]
    if not any(isinstance(item, dict) and "role" in item for item in value):
        return [{"role": role, "parts": _parts(value)}]
    return [_message(item, role) for item in value]


def _message(value: Any, role: str) -> dict[str, Any]:
    if not isinstance(value, dict) or "role" not in value:
        return {"role": role, "parts": _parts(value)}
    said = value["role"] if isinstance(value["role"], str) else role
    if "parts" in value:
        return {**value, "role": said, "parts": _parts(value["parts"])}
    rest = {key: item for key, item in value.items() if key not in ("role", "content", "tool_calls", "tool_call_id")}
    content = value.get("content")
    parts = [] if content is None else _parts(content)
    if said == "tool" and "tool_call_id" in value:
        parts = [{"type": "tool_call_response", "id": value["tool_call_id"], "response": content}]
    calls = value.get("tool_calls")
    if calls:
        parts += [_call(call) for call in (calls if isinstance(calls, list) else [calls])]
    return {**rest, "role": said, "parts": parts}


def _parts(value: Any) -> list[Any]:
    return [_part(item) for item in value] if isinstance(value, list) else [_part(value)]


def _part(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"type": "text", "content": value}
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str):
        return {"type": "generic", "value": value}
    if kind in _TEXTS and isinstance(value.get("text"), str):
        return {"type": "text", "content": value["text"]}
    if kind == "thinking" and isinstance(value.get("thinking"), str):
        return {"type": "reasoning", "content": value["thinking"]}
    if kind == "tool_use":
        return _tool_call(value, value.get("name"), value.get("input"))
    if kind == "tool_result":
        return {"type": "tool_call_response", "id": value.get("tool_use_id"), "response": value.get("content")}
    if kind not in _KNOWN or all(_has(value, member) for member in _KNOWN[kind]):
        return dict(value)
    return {"type": "generic", "value": value}


def _has(part: dict[str, Any], member: str) -> bool:
    return member in part and (member in _OF_ANY_TYPE or isinstance(part[member], str))


def _call(value: Any) -> dict[str, Any]:
    """Make a part of an entry of ``tool_calls``, which has a ``function`` in it or is one."""
    if not isinstance(value, dict):
        return {"type": "generic", "value": value}
    function = value["function"] if isinstance(value.get("function"), dict) else value
    return _tool_call(value, function.get("name"), function.get("arguments"))


def _tool_call(value: dict[str, Any], name: Any, arguments: Any) -> dict[str, Any]:
    if not isinstance(name, str):
        return {"type": "generic", "value": value}
    return {"type": "tool_call", "id": value.get("id"), "name": name, "arguments": arguments}
