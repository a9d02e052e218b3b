"""Values as the Claude Agent SDK gives them in; as the bridge takes them out."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from decimal import Decimal
from typing import Any, Final

from agent_otel.model import Outcome

__all__ = ["block_of", "counts_of", "micros_of", "outcome_of", "usage_of"]

_BLOCKS: Final = {
    "TextBlock": "text",
    "ThinkingBlock": "thinking",
    "ToolUseBlock": "tool_use",
    "ToolResultBlock": "tool_result",
    "ServerToolUseBlock": "server_tool_use",
    "ServerToolResultBlock": "server_tool_result",
}


def block_of(block: Any) -> dict[str, Any]:
    """Give a block of content in the form of Anthropic's API."""
    kind = _BLOCKS.get(type(block).__name__)
    if kind is None or not dataclasses.is_dataclass(block):
        return {"type": "unknown"}
    return {"type": kind, **{one.name: getattr(block, one.name) for one in dataclasses.fields(block)}}


def counts_of(usage: Any) -> dict[str, Any]:
    """Give what is told of tokens; later messages of a response tell only some."""
    if not isinstance(usage, Mapping):
        return {}
    return {key: value for key, value in usage.items() if isinstance(value, int)}


def usage_of(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Give tokens as the conventions count them: with the cached ones in the input."""
    read, write = counts.get("cache_read_input_tokens"), counts.get("cache_creation_input_tokens")
    fresh = counts.get("input_tokens")
    return {
        "input_tokens": None if fresh is None else fresh + (read or 0) + (write or 0),
        "output_tokens": counts.get("output_tokens"),
        "cache_read_tokens": read,
        "cache_write_tokens": write,
    }


def micros_of(dollars: Any) -> int | None:
    """Give an amount in millionths; None for what is none."""
    try:
        return int((Decimal(str(dollars)) * 1_000_000).to_integral_value()) if dollars is not None else None
    except (ArithmeticError, ValueError):
        return None


def outcome_of(status: Any) -> tuple[Outcome, str] | None:
    """Give how a sub-agent in the background ended."""
    if status == "failed":
        return Outcome.ERROR, "agent_error"
    return (Outcome.CANCELLED, "cancelled") if status == "stopped" else None
