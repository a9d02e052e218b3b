"""Which attributes hold content, in our dialect and in those of other instrumentations, and of which kind it is.

Kinds are the words of ``model.ContentKind``. Where a dialect uses one key for every span, the kind depends on whether
the span is a tool's: ``INPUT`` and ``OUTPUT`` stand for those.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from agent_otel.conventions import attributes as a
from agent_otel.conventions.content_keys import (
    ENDINGS,
    ERROR_TEXT,
    INPUT,
    INPUT_MESSAGES,
    KEYS,
    MEMORY_QUERY,
    NO_CONTENT,
    OUTPUT,
    OUTPUT_MESSAGES,
    PREFIXES,
    RETRIEVAL_QUERY,
    SYSTEM_INSTRUCTIONS,
    TOOL_ARGUMENTS,
    TOOL_RESULT,
)

__all__ = [
    "CONTENT_ATTRIBUTES",
    "CONTENT_KEYS",
    "content_kind",
    "is_content_key",
    "is_message_content",
    "message_kind",
]

# Where our own spans and log records carry content, by kind. Error text is the status description of a span.
CONTENT_ATTRIBUTES: Final = {
    TOOL_ARGUMENTS: a.TOOL_CALL_ARGUMENTS,
    TOOL_RESULT: a.TOOL_CALL_RESULT,
    INPUT_MESSAGES: a.INPUT_MESSAGES,
    OUTPUT_MESSAGES: a.OUTPUT_MESSAGES,
    SYSTEM_INSTRUCTIONS: a.SYSTEM_INSTRUCTIONS,
    RETRIEVAL_QUERY: a.RETRIEVAL_QUERY_TEXT,
    MEMORY_QUERY: a.MEMORY_QUERY_TEXT,
    ERROR_TEXT: a.EXCEPTION_MESSAGE,
}

CONTENT_KEYS: Final = frozenset(key for keys in KEYS.values() for key in keys)
_KIND_OF_KEY: Final = {key: kind for kind, keys in KEYS.items() for key in keys}
_PREFIXES: Final = tuple((prefix, kind) for kind, prefixes in PREFIXES.items() for prefix in prefixes)
_OF_TOOLS: Final = {INPUT: TOOL_ARGUMENTS, OUTPUT: TOOL_RESULT}
_OF_OTHERS: Final = {INPUT: INPUT_MESSAGES, OUTPUT: OUTPUT_MESSAGES}

# Events that hold a message: gen_ai.user.message, gen_ai.choice.
_MESSAGE_EVENT: Final = ("gen_ai.", (".message", ".choice"))
# What of a message is no content; all else is.
_OF_MESSAGES: Final = frozenset(
    {"role", "id", "index", "name", "finish_reason", "type", "tool_call_id", "gen_ai", "event", "server"}
)
_SYSTEM_EVENT: Final = "gen_ai.system.message"
_TOOL_EVENT: Final = "gen_ai.tool.message"
_ANSWERS: Final = (".assistant.message", ".choice")


@lru_cache(maxsize=8192)
def _kind(key: str) -> str | None:
    key = key.strip().lower()
    kind = _KIND_OF_KEY.get(key)
    if kind is None and key not in NO_CONTENT:
        kind = next((kind for start, kind in _PREFIXES if key.startswith(start)), None)
    if kind is None:
        kind = next((kind for start, end, kind in ENDINGS if key.startswith(start) and key.endswith(end)), None)
    return kind


def content_kind(key: str, *, of_tool: bool = False) -> str | None:
    """Give the kind of content that an attribute holds; None if it holds none. Case does not matter.

    Args:
        key: Name of the attribute, in our dialect or in another.
        of_tool: Whether its span is a tool's, where the key alone does not tell.
    """
    kind = _kind(key)
    return kind if kind is None else (_OF_TOOLS if of_tool else _OF_OTHERS).get(kind, kind)


def is_content_key(key: str) -> bool:
    """Say whether the values of an attribute are content, in our dialect or in another; case does not matter."""
    return _kind(key) is not None


def message_kind(event: str, key: str) -> str | None:
    """Give the kind of content of an event's attribute or body that is content because the event holds a message.

    Args:
        event: Name of the event.
        key: Name of the attribute; one that flattens a message (``message.content``) counts by its first part.
    """
    start, ends = _MESSAGE_EVENT
    event = event.strip().lower()
    if not (event.startswith(start) and event.endswith(ends)):
        return None
    if key.strip().lower().partition(".")[0] in _OF_MESSAGES:
        return None
    if event == _SYSTEM_EVENT:
        return SYSTEM_INSTRUCTIONS
    if event == _TOOL_EVENT:
        return TOOL_RESULT
    return OUTPUT_MESSAGES if event.endswith(_ANSWERS) else INPUT_MESSAGES


def is_message_content(event: str, key: str) -> bool:
    """Say whether an attribute of an event is content because the event holds a message."""
    return message_kind(event, key) is not None
