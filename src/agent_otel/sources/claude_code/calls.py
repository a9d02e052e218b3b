"""Tool calls. A ``tool_use`` block is a START, its ``tool_result`` the END; the id alone joins them.

Results hang off the graph of records in any order and may stand before later calls of the same response, so neither
file order nor ``parentUuid`` says anything. One register serves all chains of a group.
"""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any, Final

from attrs import define

from agent_otel.model import (
    NANOS_PER_MILLI,
    NANOS_PER_SECOND,
    AgentEvent,
    Content,
    ContentKind,
    EventIds,
    EventKind,
    Names,
    Outcome,
    Phase,
)
from agent_otel.sources.claude_code.content import snapshot_of, text_in
from agent_otel.sources.claude_code.entry import ORIGIN, Entry
from agent_otel.sources.claude_code.links import Link, Links
from agent_otel.sources.claude_code.messages import CALL_BLOCKS
from agent_otel.sources.claude_code.outcomes import exit_code_of, outcome_of_result
from agent_otel.sources.claude_code.reading import MAX_COUNT, Recent, agent_type_of, count_of, object_of, text_of

__all__ = ["Calls"]

_MAX_OPEN: Final = 50_000
_MAX_KNOWN: Final = 100_000
_AGENT_TOOLS: Final = frozenset({"Task", "Agent"})
# Their measured length lies closer to the work than the times at which the records were written.
_DURATIONS: Final = {"durationMs": NANOS_PER_MILLI, "durationSeconds": NANOS_PER_SECOND}
_MEASURED_TOOLS: Final = frozenset({"Glob", "WebFetch", "WebSearch"})


@define(eq=False)
class _OpenCall:
    run: str
    conversation: str | None
    name: str | None
    kind: str
    start_ns: int
    siblings: set[str]  # the unanswered calls of the last response of its run, this one among them
    agent: str | None = None
    vetoed: bool = False


class Calls:
    """Knows the tool calls of a group of documents.

    Args:
        links: Told about calls that start agents.
    """

    def __init__(self, links: Links) -> None:
        self._links = links
        self._open: Recent[_OpenCall] = Recent(_MAX_OPEN)
        self._known: Recent[None] = Recent(_MAX_KNOWN)

    def started(
        self, block: Mapping[str, Any], index: int, entry: Entry, run: str, conversation: str | None, siblings: set[str]
    ) -> AgentEvent | None:
        """Take a call.

        Args:
            block: The block that makes it.
            index: Its number in the record; names a call without id.
            entry: The record.
            run: Id of the run that makes it.
            conversation: Id of the conversation.
            siblings: Unanswered calls of the same response; it joins them.

        Returns:
            The event, None for a call that is known: copies of a record repeat it.
        """
        given = text_of(block, "id")
        call = given if given is not None else f"{entry.name}:{index}"
        if call in self._known:
            return None
        self._known.put(call, None)
        name = text_of(block, "name")
        opened = _OpenCall(run, conversation, name, CALL_BLOCKS[block["type"]], entry.time_ns, siblings)
        arguments = object_of(block, "input")
        if name in _AGENT_TOOLS:
            opened.agent = agent_type_of(arguments, "subagent_type")
            self._links.called(Link(run, call, opened.agent), arguments)
        if given is not None:  # no result can name a call without id, so nothing waits for one
            siblings.add(call)
            self._open.put(call, opened)
        return AgentEvent(
            kind=EventKind.TOOL,
            phase=Phase.START,
            origin=ORIGIN,
            time_ns=entry.time_ns,
            ids=EventIds(conversation=conversation, run=run, tool_call=call, tool_call_is_synthetic=given is None),
            names=Names(tool=name, tool_type=opened.kind),
            contents={ContentKind.TOOL_ARGUMENTS: Content(block["input"])} if "input" in block else {},
            cursor=entry.cursor,
        )

    def ended(self, call: str, block: Mapping[str, Any], structured: Any, entry: Entry) -> AgentEvent | None:
        """Take a result.

        Args:
            call: Id of the call.
            block: The ``tool_result`` block.
            structured: The ``toolUseResult`` beside the message; None where the block is one of several.
            entry: The record.

        Returns:
            The event, in the run that made the call; None, and a note, for a call that is not open.
        """
        opened = self._open.pop(call)
        if opened is None:
            entry.note = "repeated_tool_result" if call in self._known else "unknown_tool_result"
            return None
        opened.siblings.discard(call)
        agent_id = self._links.answered(Link(opened.run, call, opened.agent), block, structured)
        child = f"{opened.conversation}/{agent_id}" if agent_id is not None else None
        outcome, error_type = outcome_of_result(block, structured, vetoed=opened.vetoed)
        result = structured if isinstance(structured, dict) else {}
        return AgentEvent(
            kind=EventKind.TOOL,
            phase=Phase.END,
            origin=ORIGIN,
            time_ns=max(opened.start_ns, entry.time_ns),
            duration_ns=_duration_of(result) if opened.name in _MEASURED_TOOLS else None,
            ids=EventIds(conversation=opened.conversation, run=opened.run, tool_call=call, child_run=child),
            names=Names(tool=opened.name, tool_type=opened.kind),
            outcome=outcome,
            error_type=error_type,
            contents=_contents_of(block),
            lineage=_lineage_of(block, result, outcome),
            cursor=entry.cursor,
        )

    def is_open(self, call: str) -> bool:
        """Whether a call waits for its result."""
        return call in self._open

    def vetoed(self, call: str) -> None:
        """Take the word of a hook that it stopped a call; the result that follows says only that it failed."""
        opened = self._open.get(call)
        if opened is not None:
            opened.vetoed = True


def _contents_of(block: Mapping[str, Any]) -> dict[ContentKind, Content]:
    if block.get("is_error") is True:
        return {ContentKind.ERROR_TEXT: Content(text_in(block.get("content")))}
    return {ContentKind.TOOL_RESULT: Content(snapshot_of(block["content"]))} if "content" in block else {}


def _duration_of(result: Mapping[str, Any]) -> int | None:
    for name, unit in _DURATIONS.items():
        value = result.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
            return min(int(value * unit), MAX_COUNT)
    return None


def _lineage_of(
    block: Mapping[str, Any], result: Mapping[str, Any], outcome: Outcome
) -> dict[str, str | int | float | bool]:
    lineage: dict[str, str | int | float | bool] = {}
    if (duration := count_of(result, "totalDurationMs")) is not None:
        lineage["task.duration_ms"] = duration
    if result.get("isAsync") is True:
        lineage["task.async"] = True
    if outcome is Outcome.ERROR and (code := exit_code_of(block)) is not None:
        lineage["tool.exit_code"] = code
    return lineage
