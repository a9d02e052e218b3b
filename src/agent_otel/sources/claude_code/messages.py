"""Model calls. One response is written as several ``assistant`` records with one ``message.id`` and repeated usage.

Records in, one MODEL END out, once the next response begins or the run ends. No format records when a call began: it
began with what caused it, a prompt, a tool result or a failed attempt of the same chain.
"""

from __future__ import annotations

from collections.abc import Mapping
import re
from typing import Any, Final

from attrs import define, field

from agent_otel.model import (
    AgentEvent,
    Content,
    ContentKind,
    Cursor,
    EventIds,
    EventKind,
    Fact,
    Names,
    Outcome,
    Phase,
    Usage,
)
from agent_otel.sources.claude_code.content import weight_of
from agent_otel.sources.claude_code.entry import ORIGIN, PROVIDER, Entry
from agent_otel.sources.claude_code.reading import MAX_COUNT, count_of, object_of, request_id_of, text_of

__all__ = ["CALL_BLOCKS", "SYNTHETIC_MODEL", "Message", "failed_call"]

SYNTHETIC_MODEL: Final = "<synthetic>"  # no model: the client wrote the record itself
CALL_BLOCKS: Final = {"tool_use": "function", "server_tool_use": "extension", "mcp_tool_use": "extension"}

_MAX_WEIGHT: Final = 1024 * 1024  # of the parts that are kept of one response, in bytes
_STREAMING_OUTPUT: Final = 8
_STOP_REASON: Final = re.compile(r"[a-z_]{1,40}")
_COUNTS: Final = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")


@define(eq=False)
class Message:
    """A response as far as it was read.

    Args:
        key: ``message.id``, or the name of the record where it has none.
        run: Id of the run it belongs to.
        start_ns: When the call began.
        last_ns: When the last record of it was written.
        cursor: Place of that record.
    """

    key: str
    run: str
    start_ns: int
    last_ns: int
    cursor: Cursor
    model: str | None = None
    _request: str | None = None
    _stop_reason: str | None = None
    _counts: dict[str, int] = field(factory=dict)
    _parts: list[dict[str, Any]] = field(factory=list, repr=False)
    _weight: int = 0
    _dropped: int = 0
    _used_tool: bool = False

    @classmethod
    def begin(cls, key: str, run: str, cause_ns: int, entry: Entry) -> Message:
        """Begin with the first record of a response, caused at ``cause_ns``, never later than that record."""
        return cls(key, run, min(cause_ns, entry.time_ns), entry.time_ns, entry.cursor)

    def grow(self, entry: Entry) -> None:
        """Take what a record tells of the whole response: usage as the maximum of each count, not as a sum."""
        message = entry.message
        self.last_ns = max(self.last_ns, entry.time_ns)
        self.cursor = entry.cursor
        self.model = text_of(message, "model") or self.model
        self._request = request_id_of(entry.record) or self._request
        self._stop_reason = text_of(message, "stop_reason") or self._stop_reason
        usage = object_of(message, "usage")
        for name in _COUNTS:
            count = count_of(usage, name)
            if count is not None and count >= self._counts.get(name, 0):
                self._counts[name] = count

    def add(self, block: Mapping[str, Any]) -> None:
        """Keep a block as part of the output. Thinking is hidden, and a tool result is told by its call."""
        part = _part_of(block)
        if part is None:
            return
        self._used_tool = self._used_tool or part["type"] in CALL_BLOCKS
        weight = weight_of(part)
        if self._weight + weight > _MAX_WEIGHT:
            self._dropped += 1
            return
        self._weight += weight
        self._parts.append(part)

    @property
    def texts(self) -> list[str]:
        """The texts of the response."""
        return [part["text"] for part in self._parts if part["type"] == "text"]

    def end(self, conversation: str | None) -> AgentEvent:
        """Give the event of the finished call."""
        end_ns = max(self.start_ns, self.last_ns)
        facts: dict[Fact, str | int | float | bool] = {Fact.RESPONSE_ID: self.key}
        if self._stop_reason is not None:
            facts[Fact.FINISH_REASON] = self._stop_reason if _STOP_REASON.fullmatch(self._stop_reason) else "other"
        if self._is_incomplete():
            facts[Fact.USAGE_INCOMPLETE] = True
        lineage: dict[str, str | int | float | bool] = {}
        if self._request is not None:
            lineage["request.id"] = self._request
        if self._dropped:
            lineage["output.dropped_parts"] = self._dropped
        return AgentEvent(
            kind=EventKind.MODEL,
            phase=Phase.END,
            origin=ORIGIN,
            time_ns=end_ns,
            duration_ns=end_ns - self.start_ns,
            ids=EventIds(conversation=conversation, run=self.run, request=self.key),
            names=Names(provider=PROVIDER, request_model=self.model, response_model=self.model),
            outcome=Outcome.OK,
            usage=self._usage(),
            contents={ContentKind.OUTPUT_MESSAGES: Content(self._parts)} if self._parts else {},
            facts=facts,
            lineage=lineage,
            cursor=self.cursor,
        )

    def _is_incomplete(self) -> bool:
        """Whether the counts were written while the response still streamed.

        Several builds never write the final ones. They show as a response that called a tool, which takes dozens of
        tokens, with next to no output, and whose reason for stopping was not known yet.
        """
        output = self._counts.get("output_tokens")
        return self._stop_reason is None and self._used_tool and output is not None and output <= _STREAMING_OUTPUT

    def _usage(self) -> Usage | None:
        """Give the usage; this source counts cached tokens apart, the conventions count them as input."""
        if not self._counts:
            return None
        known = [self._counts[name] for name in _COUNTS[:3] if name in self._counts]
        return Usage(
            input_tokens=min(sum(known), MAX_COUNT) if known else None,
            output_tokens=self._counts.get("output_tokens"),
            cache_read_tokens=self._counts.get("cache_read_input_tokens"),
            cache_write_tokens=self._counts.get("cache_creation_input_tokens"),
        )


def _part_of(block: Mapping[str, Any]) -> dict[str, Any] | None:
    kind = block.get("type")
    if kind == "text":
        text = block.get("text")
        return {"type": "text", "text": text} if isinstance(text, str) else None
    if isinstance(kind, str) and kind in CALL_BLOCKS:
        return {"type": kind, "id": block.get("id"), "name": block.get("name"), "input": block.get("input")}
    return None


def failed_call(
    entry: Entry,
    *,
    run: str,
    conversation: str | None,
    cause_ns: int,
    error_type: str,
    text: str | None,
    facts: Mapping[Fact, str | int | float | bool],
) -> AgentEvent:
    """Give the event of a call that failed: a synthetic answer, or an attempt that will be repeated.

    Args:
        entry: The record that says so; its name tells this attempt from others.
        run: Id of the run.
        conversation: Id of the conversation.
        cause_ns: When the call began.
        error_type: From a bounded set.
        text: What the error says.
        facts: Number of the attempt and status code, if told.
    """
    return AgentEvent(
        kind=EventKind.MODEL,
        phase=Phase.END,
        origin=ORIGIN,
        time_ns=entry.time_ns,
        duration_ns=max(0, entry.time_ns - cause_ns),
        ids=EventIds(conversation=conversation, run=run, request=entry.name),
        names=Names(provider=PROVIDER),
        outcome=Outcome.ERROR,
        error_type=error_type,
        contents={ContentKind.ERROR_TEXT: Content(text)} if text else {},
        facts=facts,
        cursor=entry.cursor,
    )
