"""How a tool call ended, told by its result. Denied is not failed, and interrupted is neither.

The texts are those that the client itself writes. They are looked for at the beginning, where it writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
import re
from typing import Any, Final

from agent_otel.model import Outcome
from agent_otel.sources.claude_code.content import text_in
from agent_otel.sources.claude_code.prompts import INTERRUPTION

__all__ = ["api_error_type", "cause_type", "error_text_of", "exit_code_of", "outcome_of_result"]

_HEAD: Final = 600
_EXIT_CODE: Final = re.compile(r"(?:Error: )?Exit code (\d{1,9})\b")
_CAUSE_CODE: Final = re.compile(r"[A-Z_]{3,40}")
_CANCELLED: Final = (Outcome.CANCELLED, "interrupted_by_user")
_BLOCKED: Final = (Outcome.DENIED, "blocked")
_FAILED: Final = (Outcome.ERROR, "tool_error")

# In this order: what stands at the very beginning first, because a command's own output may say anything.
_AT_BEGINNING: Final = (
    (INTERRUPTION, _CANCELLED),
    ("<tool_use_error>", (Outcome.ERROR, "tool_use_error")),
    ("InputValidationError", (Outcome.ERROR, "tool_use_error")),
    ("The user doesn't want to proceed with this tool use", (Outcome.DENIED, "denied_by_user")),
    ("The user doesn't want to take this action right now", (Outcome.DENIED, "denied_by_user")),
    ("Claude requested permissions to", (Outcome.DENIED, "permission_denied")),
    ("Permission to use ", (Outcome.DENIED, "permission_denied")),
)
_IN_FIRST_LINE: Final = (
    ("requires approval", (Outcome.DENIED, "permission_denied")),
    ("InputValidationError", (Outcome.ERROR, "tool_use_error")),
    ("was blocked", _BLOCKED),
)
_API_ERRORS: Final = frozenset(
    {
        "authentication_failed",
        "billing_error",
        "invalid_request",
        "max_output_tokens",
        "model_not_found",
        "overloaded",
        "rate_limit",
        "request_too_large",
        "server_error",
    }
)


def outcome_of_result(block: Mapping[str, Any], structured: Any, *, vetoed: bool = False) -> tuple[Outcome, str | None]:
    """Tell how a call ended.

    Args:
        block: Its ``tool_result`` block.
        structured: The ``toolUseResult`` that stands beside the message, of any type.
        vetoed: Whether a hook is known to have stopped the call.

    Returns:
        The outcome, and its error type unless it is OK.
    """
    if isinstance(structured, dict) and structured.get("interrupted") is True:
        return _CANCELLED
    if block.get("is_error") is not True:
        return Outcome.OK, None
    head = text_in(block.get("content"))[:_HEAD].lstrip()
    if vetoed:
        return _BLOCKED
    if _EXIT_CODE.match(head):
        return Outcome.ERROR, "exit_code"
    head = head.removeprefix("Error: ")
    for text, outcome in _AT_BEGINNING:
        if head.startswith(text):
            return outcome
    first_line = head.partition("\n")[0]
    return next((outcome for text, outcome in _IN_FIRST_LINE if text in first_line), _FAILED)


def exit_code_of(block: Mapping[str, Any]) -> int | None:
    """Give the exit code of a command that failed."""
    match = _EXIT_CODE.match(text_in(block.get("content"))[:_HEAD].lstrip())
    return int(match.group(1)) if match else None


def api_error_type(record: Mapping[str, Any]) -> str:
    """Name the error that a synthetic answer reports, from a bounded set."""
    error = record.get("error")
    return error if isinstance(error, str) and error in _API_ERRORS else "api_error"


def cause_type(record: Mapping[str, Any]) -> str:
    """Name the cause of a failed attempt: the system's own error code, if it is one."""
    for holder in (record, record.get("error")):
        cause = holder.get("cause") if isinstance(holder, dict) else None
        code = cause.get("code") if isinstance(cause, dict) else None
        if isinstance(code, str) and _CAUSE_CODE.fullmatch(code):
            return code.lower()
    return "api_error"


def error_text_of(record: Mapping[str, Any]) -> str | None:
    """Give the text of a failed attempt's error."""
    error = record.get("error")
    text = error.get("message") if isinstance(error, dict) else error
    return text if isinstance(text, str) else None
