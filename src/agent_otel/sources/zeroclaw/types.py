"""ZeroClaw's shared types: token counts of a turn, and the snapshot of what a model call said and heard."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from agent_otel.model import LosslessRecord

__all__ = ["LlmMessageSnapshot", "MessageSnapshot", "ToolCallSnapshot", "TurnTokenUsage"]


@frozen(kw_only=True)
class TurnTokenUsage(LosslessRecord):
    """Token counts of a turn."""

    input_tokens: int
    output_tokens: int


@frozen(kw_only=True)
class MessageSnapshot(LosslessRecord):
    """A message that went to the model."""

    role: str
    content: str = field(repr=False)


@frozen(kw_only=True)
class ToolCallSnapshot(LosslessRecord):
    """A tool call that the model asked for; the arguments are JSON text, or a JSON value."""

    id: str
    name: str
    arguments_json: Any = field(default=None, repr=False)


@frozen(kw_only=True)
class LlmMessageSnapshot(LosslessRecord):
    """What a model call said and heard.

    Args:
        input: Messages to the model, without those of the system, in their order.
        output_text: Its answer, if it gave text.
        output_tool_calls: The tool calls that it asked for.
        system_instructions: The system prompt.
    """

    input: tuple[MessageSnapshot, ...] | None = ()
    output_text: str | None = field(default=None, repr=False)
    output_tool_calls: tuple[ToolCallSnapshot, ...] | None = ()
    system_instructions: str | None = field(default=None, repr=False)
