"""The parts that all forms share: names and identifiers, counts and money, messages, errors (rules R12, R16, R22)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
import json
import re
from typing import Any, Final

from agent_otel.model import MAX_TIME_NS, Content, ContentKind, Cost, CostStatus, Fact, Outcome, Usage
from agent_otel.sources.zeroclaw.types import LlmMessageSnapshot

__all__ = [
    "MAX_INTEGER",
    "SYSTEM",
    "arguments_contents",
    "bounded_word",
    "clamped",
    "cost_of",
    "counted",
    "error_contents",
    "given",
    "identifier",
    "is_clamped",
    "lineage_of",
    "message_of",
    "model_outcome",
    "named",
    "parsed",
    "single_message",
    "snapshot_contents",
    "tool_error_type",
    "tool_name",
    "usage_of",
]

SYSTEM: Final = "zeroclaw"
MAX_INTEGER: Final = MAX_TIME_NS  # 2**63-1: what both a time and an attribute can hold

_MICROS: Final = Decimal(1_000_000)
# No absolute path and no address: these name people and machines.
_IDENTIFIER: Final = re.compile(r"(?![A-Za-z]:/|.*@[^/:]*\.[A-Za-z])[A-Za-z0-9_.:+-][A-Za-z0-9_.:/@+-]{0,127}")
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CANCELLED: Final = "request cancelled by user"  # the one fixed text among the errors of model calls


def given(text: str | None) -> str | None:
    """Give a text, None for an empty one: old exporters print that for what is absent (rule R22)."""
    return text or None


def identifier(text: Any) -> str | None:
    """Give a text that looks like an identifier, None for any other: it may be what people wrote."""
    return text if isinstance(text, str) and _IDENTIFIER.fullmatch(text) else None


def bounded_word(text: Any) -> str | None:
    """Give a text that looks like a word of a closed set, None for any other."""
    return text if isinstance(text, str) and _WORD.fullmatch(text) else None


def tool_name(text: str | None) -> str | None:
    """Give the name of a tool, ``other`` for what looks like none: a model may ask for a tool in any words."""
    return (identifier(text) or "other") if text else None


def lineage_of(**values: Any) -> dict[str, Any]:
    """Give lineage of what is there; a text counts only if it looks like an identifier, an integer is clamped."""
    lineage: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, str):
            if (told := identifier(value)) is not None:
                lineage[key] = told
        elif isinstance(value, bool):
            lineage[key] = value
        elif isinstance(value, int):
            lineage[key] = clamped(value)
    return lineage


def clamped(count: int) -> int:
    """Give a count that fits an attribute."""
    return max(0, min(count, MAX_INTEGER))


def is_clamped(counts: Iterable[int | None]) -> bool:
    """Whether one of these counts does not fit."""
    return any(count is not None and count > MAX_INTEGER for count in counts)


def counted(fact: Fact, count: int | None) -> dict[Fact, Any]:
    """Give a count as a fact, if there is one."""
    return {} if count is None else {fact: clamped(count)}


def named(fact: Fact, name: str | None) -> dict[Fact, Any]:
    """Give a name as a fact that may label a metric: what looks like no identifier is told as ``other``."""
    return {fact: identifier(name) or "other"} if name else {}


def usage_of(input_tokens: int | None, output_tokens: int | None, total: int | None = None) -> Usage | None:
    """Give the usage of these counts, None if none was told."""
    if input_tokens is None and output_tokens is None and total is None:
        return None
    counts = (None if count is None else clamped(count) for count in (input_tokens, output_tokens, total))
    told_input, told_output, told_total = counts
    return Usage(input_tokens=told_input, output_tokens=told_output, total_tokens=told_total)


def cost_of(dollars: Any) -> Cost | None:
    """Give the cost of an amount in dollars, by decimal arithmetic; what is no amount is none.

    It is an estimate: ZeroClaw multiplies token counts by prices from its configuration and its own catalogue.
    """
    if isinstance(dollars, bool) or not isinstance(dollars, (int, float)) or not 0 <= dollars < MAX_INTEGER:
        return None
    micros = int((Decimal(repr(dollars)) * _MICROS).to_integral_value())
    return Cost(amount_micros=clamped(micros), currency="USD", status=CostStatus.ESTIMATED)


def parsed(value: Any) -> Any:
    """Give the object or list that a JSON text holds, so that text and value count as equal; else the value itself."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)  # NaN and Infinity are no JSON


def arguments_contents(arguments: Any) -> dict[ContentKind, Content]:
    """Give arguments as content; they come as JSON text or as a JSON value, and are not scrubbed."""
    if arguments is None or arguments == "":
        return {}
    return {ContentKind.TOOL_ARGUMENTS: Content(parsed(arguments))}


def error_contents(text: Any) -> dict[ContentKind, Content]:
    """Give error text as content."""
    return {ContentKind.ERROR_TEXT: Content(text)} if text else {}


def tool_error_type(tool: str, reason: Any) -> str:
    """Name the failure of a tool call: the runtime's own refusals have fixed texts, the rest is the tool's."""
    if reason == f"Unknown tool: {tool}":
        return "unknown_tool"
    return "unavailable_tool" if reason == f"Tool not available in this turn: {tool}" else "tool_error"


def model_outcome(*, success: bool, text: Any) -> tuple[Outcome, str | None]:
    """Give outcome and error type of a model call."""
    if success:
        return Outcome.OK, None
    return (Outcome.CANCELLED, "cancelled") if text == _CANCELLED else (Outcome.ERROR, "model_error")


def message_of(role: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Give a message of the GenAI conventions."""
    return {"role": role, "parts": parts}


def _text_part(text: str) -> dict[str, Any]:
    return {"type": "text", "content": text}


def single_message(role: str, text: Any) -> Content | None:
    """Give content that is one message of one text, None if there is no text."""
    return Content([message_of(role, [_text_part(text)])]) if isinstance(text, str) and text else None


def snapshot_contents(messages: LlmMessageSnapshot | None) -> Mapping[ContentKind, Content]:
    """Give what a model call said and heard, as messages of the GenAI conventions."""
    if messages is None:
        return {}
    contents: dict[ContentKind, Content] = {}
    if messages.input:
        heard = [message_of(message.role, [_text_part(message.content)]) for message in messages.input]
        contents[ContentKind.INPUT_MESSAGES] = Content(heard)
    said = [_text_part(messages.output_text)] if messages.output_text else []
    for call in messages.output_tool_calls or ():
        part = {"type": "tool_call", "id": call.id, "name": call.name, "arguments": parsed(call.arguments_json)}
        said.append(part)
    if said:
        contents[ContentKind.OUTPUT_MESSAGES] = Content([message_of("assistant", said)])
    if messages.system_instructions:
        contents[ContentKind.SYSTEM_INSTRUCTIONS] = Content([_text_part(messages.system_instructions)])
    return contents
