"""One record in its place, and the constants that all events of this source share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import define, field

from agent_otel.model import Cursor, Origin
from agent_otel.sources.claude_code.reading import SUB_AGENT

__all__ = ["MAIN_AGENT", "ORIGIN", "PROVIDER", "SUB_AGENT", "Entry"]

ORIGIN: Final = Origin("claude-code", form="transcript", namespace="claude_code")
PROVIDER: Final = "anthropic"
MAIN_AGENT: Final = "claude-code"


@define(eq=False)
class Entry:
    """A record that belongs to a chain.

    Args:
        record: The record.
        message: Its ``message``.
        name: Its uuid, or its place in the input: what a run that begins here is called.
        time_ns: Unix time in nanoseconds; that of the chain, where the record has none.
        cursor: Its place in the input.
        note: What has to be told about it.
    """

    record: Mapping[str, Any] = field(repr=False)
    message: Mapping[str, Any] = field(repr=False)
    name: str
    time_ns: int
    cursor: Cursor
    note: str | None = None
