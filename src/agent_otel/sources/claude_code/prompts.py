"""What a ``user`` record is: a real prompt, or one of the many things that the client writes in the person's name."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from agent_otel.sources.claude_code.content import blocks_of

__all__ = ["INTERRUPTION", "UserRecord", "kind_of_user"]

INTERRUPTION: Final = "[Request interrupted by user"


class UserRecord(Enum):
    """The roles of a ``user`` record."""

    PROMPT = "prompt"  # the person wants something: a run begins
    COMMAND = "command"  # a slash command: a run begins if the model works on it
    NOTICE = "notice"  # a background task or a teammate reports: joins the open run, else begins one if work follows
    RESULTS = "results"  # carries tool results
    INTERRUPTION = "interruption"
    META = "meta"  # added by the client, seen by the model
    WRAPPER = "wrapper"  # what a local command said; the model need not answer


_BEGINNINGS: Final = (
    ("<command-name>", UserRecord.COMMAND),
    ("<command-message>", UserRecord.COMMAND),
    ("<command-args>", UserRecord.COMMAND),
    ("<task-notification>", UserRecord.NOTICE),
    ("<teammate-message", UserRecord.NOTICE),
    (INTERRUPTION, UserRecord.INTERRUPTION),
    ("<local-command-", UserRecord.WRAPPER),
    ("<bash-", UserRecord.WRAPPER),
    ("<user-memory-input>", UserRecord.WRAPPER),
    ("Caveat: The messages below", UserRecord.WRAPPER),
)
_PASTED: Final = ("image", "document")
_BEGINNING: Final = tuple(text for text, _ in _BEGINNINGS)
# Of several blocks the one that says most decides: a prompt beside an interruption is a prompt.
_RANKS: Final = (
    UserRecord.PROMPT,
    UserRecord.INTERRUPTION,
    UserRecord.COMMAND,
    UserRecord.NOTICE,
    UserRecord.WRAPPER,
)


def kind_of_user(record: Mapping[str, Any], content: Any) -> UserRecord:
    """Tell the role of a ``user`` record.

    Args:
        record: The whole record, for its marks.
        content: Its ``message.content``, text or blocks.
    """
    found = set()
    for block in blocks_of(content):
        if block.get("type") == "tool_result":
            return UserRecord.RESULTS
        found.add(_kind_of_block(block))
    kind = next((kind for kind in _RANKS if kind in found), UserRecord.META)
    if kind is UserRecord.PROMPT and (record.get("isMeta") is True or record.get("isCompactSummary") is True):
        return UserRecord.META
    return kind


def _kind_of_block(block: Mapping[str, Any]) -> UserRecord:
    if block.get("type") in _PASTED:
        return UserRecord.PROMPT
    text = block.get("text")
    if not isinstance(text, str):
        return UserRecord.META
    beginning = text[:64].lstrip()
    if not beginning.startswith(_BEGINNING):
        return UserRecord.PROMPT
    return next(kind for text, kind in _BEGINNINGS if beginning.startswith(text))
