"""Calls of denied tools within messages: a tool's arguments and results also stand in what model and agent exchange.

Providers have a dozen forms for a call and its result. What they share is enough: an object that names a denied tool,
or answers to the id of its call, loses everything but its name, its id and what kind of thing it is. A result that
neither names its tool nor answers a call in the same messages may be a denied one's, and loses it as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
import json
import re
from typing import Any, Final

from agent_otel.conventions.tools import plain_word

__all__ = ["denied_prefixes", "without_denied_calls"]

_HIDDEN: Final = "[REDACTED:denied_tool]"
_MAX_DEPTH: Final = 64
_NAMES: Final = ("name", "toolName", "tool_name", "tool", "functionName", "function_name")
_WITHIN: Final = ("function", "functionCall", "function_call", "functionResponse", "toolUse", "tool_use", "toolResult")
_IDS: Final = ("id", "call_id", "callId", "tool_call_id", "toolCallId", "tool_use_id", "toolUseId")
_KEPT: Final = frozenset({*_NAMES, *_IDS, "type", "role", "index", "status"})
_RESULT_TYPES: Final = re.compile(r"(?i)(tool|function|mcp)[-_.]?(use[-_.]?|call[-_.]?)*(result|response|output)s?")
_RESULT_ROLES: Final = frozenset({"tool", "function"})
_RESULTS_WITHIN: Final = frozenset({"functionResponse", "toolResult"})
_FLAT_NAME: Final = re.compile(r"(?i)^(?P<call>.*\.\d+\.)(?:[\w.]*\.)?(?:name|tool_?name)$")
_FLAT_ROLE: Final = re.compile(r"(?i)^(?P<message>.*\.\d+\.)(?:message\.)?role$")

_Denies = Callable[[str], bool]


def without_denied_calls(value: Any, denies: _Denies) -> Any:
    """Hide arguments and results of denied tools in messages of any form.

    Args:
        value: Messages, as JSON values or as JSON text.
        denies: Says whether a tool of a name, in lower case, is denied.

    Returns:
        The messages, the very same if nothing in them is or may be a denied tool's.
    """
    if isinstance(value, str):
        return _in_text(value, denies)
    calls = _Calls(denies)
    calls.look(value)
    told = calls.hidden(value) if calls.found else value
    return value if told == value else told


def _in_text(text: str, denies: _Denies) -> str:
    if text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text  # no messages: prose
    told = without_denied_calls(value, denies)
    return text if told is value else json.dumps(told, ensure_ascii=False, separators=(",", ":"))


class _Calls:
    """What is known of the calls in some messages."""

    def __init__(self, denies: _Denies) -> None:
        self._denies = denies
        self._denied: set[str] = set()
        self._allowed: set[str] = set()
        self.found = False

    def look(self, value: Any, depth: int = 0) -> None:
        """Find out which calls are denied tools'."""
        if depth > _MAX_DEPTH:
            self.found = True
        elif isinstance(value, Mapping):
            named = list(_named(value))
            if named:
                (self._denied if any(map(self._denies, named)) else self._allowed).update(_ids(value))
            self.found = self.found or any(map(self._denies, named)) or _is_result(value)
            for item in value.values():
                self.look(item, depth + 1)
        elif isinstance(value, (list, tuple)):
            for item in value:
                self.look(item, depth + 1)

    def hidden(self, value: Any, depth: int = 0) -> Any:
        """Give the value without what is a denied tool's."""
        if isinstance(value, Mapping):
            if depth > _MAX_DEPTH or self._is_denied(value):
                return {key: item if key in _KEPT and _is_scalar(item) else _HIDDEN for key, item in value.items()}
            return {key: self.hidden(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            if depth > _MAX_DEPTH:
                return _HIDDEN
            items = [self.hidden(item, depth + 1) for item in value]
            return tuple(items) if isinstance(value, tuple) else items
        return value

    def _is_denied(self, value: Mapping[str, Any]) -> bool:
        named = list(_named(value))
        if any(map(self._denies, named)):
            return True
        ids = set(_ids(value))
        if ids & self._denied:
            return True
        return _is_result(value) and not named and not ids & self._allowed


def _named(value: Mapping[str, Any]) -> Iterator[str]:
    for holder in (value, *(value[key] for key in _WITHIN if isinstance(value.get(key), Mapping))):
        for key in _NAMES:
            word = plain_word(holder.get(key))
            if word:
                yield word


def _ids(value: Mapping[str, Any]) -> Iterator[str]:
    for holder in (value, *(value[key] for key in _WITHIN if isinstance(value.get(key), Mapping))):
        for key in _IDS:
            id_ = holder.get(key)
            if isinstance(id_, (str, int)):
                yield str(id_)


def _is_result(value: Mapping[str, Any]) -> bool:
    kind, role = value.get("type"), value.get("role")
    if isinstance(kind, str) and _RESULT_TYPES.fullmatch(kind):
        return True
    return plain_word(role) in _RESULT_ROLES and "parts" not in value


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float))


def denied_prefixes(attributes: Mapping[str, Any], denies: _Denies) -> tuple[str, ...]:
    """Give the beginnings of keys under which dialects that spread messages over keys tell calls of denied tools.

    Args:
        attributes: Of a span, such as ``gen_ai.completion.0.tool_calls.0.name``.
        denies: Says whether a tool of a name, in lower case, is denied.
    """
    found: dict[str, None] = {}
    for key, value in attributes.items():
        call = _FLAT_NAME.match(key)
        if call is not None and denies(plain_word(value)):
            found[call["call"]] = None
            continue
        message = _FLAT_ROLE.match(key)
        if message is not None and plain_word(value) in _RESULT_ROLES:
            prefix = message["message"]
            named = [
                plain_word(item)
                for other, item in attributes.items()
                if other.startswith(prefix) and other.rpartition(".")[2].lower() in ("name", "tool_name")
            ]
            if not named or any(map(denies, named)):
                found[prefix] = None
    return tuple(found)
