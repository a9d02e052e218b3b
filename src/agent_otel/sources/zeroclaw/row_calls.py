"""Log rows about tool calls and model calls (rules R13 to R17).

A tool call may be told twice: by the loop (``tool_call_start``, ``tool_call_result``: with the turn, without a call id)
and by the executor (invoke, then complete or fail: with a call id, in older versions without the turn). One of them
counts: the start that comes first, and the executor's end, which is the fuller one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agent_otel.model import AgentEvent, Content, ContentKind, EventKind, Fact, Outcome, Phase
from agent_otel.sources.zeroclaw.parts import (
    arguments_contents,
    counted,
    error_contents,
    lineage_of,
    message_of,
    model_outcome,
    parsed,
    single_message,
    tool_error_type,
    tool_name,
    usage_of,
)
from agent_otel.sources.zeroclaw.row import Row
from agent_otel.sources.zeroclaw.words import Action, EventCategory

__all__ = ["ToolRows", "is_execution", "model_answered", "model_asked"]

_MAX_KEYS: Final = 2_000
_EXECUTIONS: Final = frozenset({Action.Invoke, Action.Complete, Action.Fail})
_EVIDENCE: Final = frozenset({"input", "output", "tool_call_id"})
_REFUSALS: Final = {
    Action.Cancel: (Outcome.CANCELLED, "cancelled_by_hook"),
    Action.Skip: (Outcome.DENIED, "duplicate_call"),
    Action.Reject: (Outcome.DENIED, "denied_by_user"),
    Action.Timeout: (Outcome.TIMED_OUT, "timeout"),
}

_Key = tuple["str | None", str]


def is_execution(row: Row) -> bool:
    """Whether the executor of tools wrote this row; tools and gates write others of this category."""
    return (
        row.category is EventCategory.Tool
        and row.action in _EXECUTIONS
        and row.tool is not None
        and not _EVIDENCE.isdisjoint(row.details)
    )


class ToolRows:
    """Reads rows about tool calls; remembers which were told, per turn and tool, until the turn ends."""

    def __init__(self) -> None:
        self._loop_tells = False
        self._announced: dict[_Key, int] = {}  # starts that the loop told and the executor did not yet
        self._executed: dict[_Key, int] = {}  # ends that the executor told and the loop did not yet

    def announced(self, row: Row) -> AgentEvent:
        """Take a start from the loop."""
        self._loop_tells = True
        _add(self._announced, _key(row), 1)
        return _start(row, row.details.get("arguments"))

    def executed(self, row: Row) -> AgentEvent | None:
        """Take a row from the executor; gives None where the loop tells the same."""
        if self._loop_tells and row.turn is None:
            return None
        key = _key(row)
        if row.action is Action.Invoke:
            if self._announced.get(key):
                _add(self._announced, key, -1)
                return None
            return _start(row, row.details.get("input"))
        _add(self._executed, key, 1)
        failed = row.failed or row.action is Action.Fail
        return _end(row, row.details.get("input"), _output(row, "error", failed=failed), failed=failed)

    def answered(self, row: Row) -> AgentEvent | None:
        """Take an end from the loop; gives None where the executor has told the same.

        What the loop itself refused (a repeated call, a denied one) was never executed, and tells its arguments.
        """
        self._loop_tells = True
        key = _key(row)
        if "result" in row.details:
            return _end(row, row.details.get("arguments"), error_contents(row.text("result")), failed=True)
        if self._executed.get(key):
            _add(self._executed, key, -1)
            return None
        if self._announced.get(key):
            _add(self._announced, key, -1)
        failed = row.failed or row.action is Action.Fail
        contents = _output(row, "error_reason", failed=failed)
        return _end(row, row.details.get("arguments"), contents, failed=failed)

    def forget(self, turn: str | None) -> None:
        """Forget a turn that has ended."""
        for told in (self._announced, self._executed):
            for key in [key for key in told if key[0] == turn]:
                del told[key]


def _key(row: Row) -> _Key:
    return row.turn, row.tool or ""


def _add(told: dict[_Key, int], key: _Key, count: int) -> None:
    """Add to a count; zero is not kept, and the oldest goes where there are too many."""
    count += told.pop(key, 0)
    if count > 0:
        told[key] = count
        if len(told) > _MAX_KEYS:
            del told[next(iter(told))]


def _start(row: Row, arguments: Any) -> AgentEvent:
    return row.event(
        EventKind.TOOL,
        Phase.START,
        ids={"tool_call": row.text("tool_call_id")},
        names={"tool": tool_name(row.tool)},
        contents=arguments_contents(arguments),
        lineage=lineage_of(iteration=row.count("iteration")),
    )


def _output(row: Row, reason: str, *, failed: bool) -> dict[ContentKind, Content]:
    """Give output and error text; the loop repeats the one as the other where a call failed."""
    output, text = row.details.get("output"), row.details.get(reason)
    contents = error_contents(text) if failed else {}
    if output is not None and output != "" and not (failed and output == text):
        contents[ContentKind.TOOL_RESULT] = Content(output)
    return contents


def _end(row: Row, arguments: Any, contents: Mapping[ContentKind, Content], *, failed: bool) -> AgentEvent:
    outcome, error_type = _REFUSALS.get(row.action, (None, None)) if isinstance(row.action, Action) else (None, None)
    if row.action is Action.Reject and row.details.get("denied_by_runtime") is True:
        error_type = "denied_by_runtime"
    if outcome is None and failed:
        text = contents.get(ContentKind.ERROR_TEXT)
        outcome, error_type = Outcome.ERROR, tool_error_type(row.tool or "", text.value if text is not None else None)
    if outcome is None:
        outcome, error_type = row.outcome("tool_error")
    return row.event(
        EventKind.TOOL,
        Phase.END,
        ids={"tool_call": row.text("tool_call_id")},
        names={"tool": tool_name(row.tool)},
        outcome=outcome,
        error_type=error_type,
        contents={**arguments_contents(arguments), **contents},
        lineage=lineage_of(iteration=row.count("iteration")),
    )


def model_asked(row: Row) -> AgentEvent:
    """Map the request of a model call."""
    return row.event(
        EventKind.MODEL,
        Phase.START,
        names=row.model_names(),
        facts=counted(Fact.MESSAGE_COUNT, row.count("messages_count")),
        contents=_heard(row.details.get("request_messages")),
        lineage=lineage_of(
            iteration=row.count("iteration"),
            request_messages_truncated=row.details.get("request_messages_truncated") is True or None,
            request_messages_original_bytes=row.count("request_messages_original_bytes"),
        ),
    )


def _heard(messages: Any) -> dict[ContentKind, Content]:
    """Give the messages of a request: a list of role and content, as JSON text that may have been cut."""
    value = parsed(messages)
    if isinstance(value, list) and all(map(_is_message, value)):
        heard = [message_of(it["role"], [{"type": "text", "content": it["content"]}]) for it in value]
        return {ContentKind.INPUT_MESSAGES: Content(heard)} if heard else {}
    single = single_message("user", messages)
    return {} if single is None else {ContentKind.INPUT_MESSAGES: single}


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("role"), str) and isinstance(value.get("content"), str)


def model_answered(row: Row) -> AgentEvent:
    """Map the response of a model call."""
    text = row.text("error")
    if row.failed or row.action is Action.Fail:
        outcome, error_type = model_outcome(success=False, text=text)
    else:
        outcome, error_type = row.outcome("model_error")
    said = single_message("assistant", row.details.get("raw_response"))
    return row.event(
        EventKind.MODEL,
        Phase.END,
        names=row.model_names(),
        outcome=outcome,
        error_type=error_type,
        usage=usage_of(row.count("input_tokens"), row.count("output_tokens")),
        contents={**({} if said is None else {ContentKind.OUTPUT_MESSAGES: said}), **error_contents(text)},
        lineage=lineage_of(
            iteration=row.count("iteration"),
            native_tool_calls=row.count("native_tool_calls"),
            parsed_tool_calls=row.count("parsed_tool_calls"),
        ),
    )
