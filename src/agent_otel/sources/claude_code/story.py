"""What people, tools and the client say: prompts and results, interruptions, ends of turns, compactions, vetoes.

Every method takes a record in its place and appends events; it returns None for a record that is or becomes part of
something, else why it is skipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agent_otel.model import AgentEvent, EventIds, EventKind, Fact, Names, Phase
from agent_otel.sources.claude_code.calls import Calls
from agent_otel.sources.claude_code.chains import Chain, Chains, Last
from agent_otel.sources.claude_code.content import blocks_of
from agent_otel.sources.claude_code.entry import ORIGIN, Entry
from agent_otel.sources.claude_code.links import Links
from agent_otel.sources.claude_code.prompts import INTERRUPTION, UserRecord, kind_of_user
from agent_otel.sources.claude_code.reading import count_of, object_of, text_of
from agent_otel.sources.claude_code.responses import Responses
from agent_otel.sources.claude_code.runs import Runs, opener_of

__all__ = ["BOOKKEEPING", "Story"]

BOOKKEEPING: Final = "bookkeeping"
_TRIGGERS: Final = ("auto", "manual")


class Story:
    """Applies the records of a group of documents, one by one.

    Args:
        runs: The runs.
        calls: The tool calls.
        responses: Takes failed attempts.
        links: Told what notifications say of agents in the background.
    """

    def __init__(self, runs: Runs, calls: Calls, responses: Responses, links: Links) -> None:
        self._runs = runs
        self._calls = calls
        self._responses = responses
        self._links = links

    def user(self, chain: Chain, chains: Chains, entry: Entry, events: list[AgentEvent]) -> str | None:
        """Apply a ``user`` record."""
        content = entry.message["content"]
        kind = kind_of_user(entry.record, content)
        if kind is UserRecord.PROMPT:
            self._runs.prompted(chain, entry, content, events)
            return None
        if kind is UserRecord.INTERRUPTION:
            return self._interrupted(chain, entry, events)
        if kind is UserRecord.WRAPPER:
            return BOOKKEEPING
        if kind is UserRecord.RESULTS:
            self._results(chain, chains, entry, events)
        elif kind is UserRecord.NOTICE:
            self._runs.worked(chain, entry)
            self._links.notified(content)
        told = content if kind in (UserRecord.COMMAND, UserRecord.NOTICE) else None
        self._may_open(chain, entry, told, is_command=kind is UserRecord.COMMAND)
        chain.cause_ns = entry.time_ns
        return None

    def system(self, chain: Chain, entry: Entry, events: list[AgentEvent]) -> str | None:
        """Apply a ``system`` record: the end of a turn, a failed attempt, a compaction, or a mere note."""
        subtype = entry.record.get("subtype")
        if subtype == "turn_duration" and chain.run is not None and not chain.is_sub:
            self._runs.end(chain, events, closing=entry)
        elif subtype == "api_error":
            self._responses.attempt_failed(chain, entry, events)
        elif subtype == "compact_boundary":
            self._compacted(chain, entry, events)
        elif subtype == "stop_hook_summary" and chain.run is not None:
            self._runs.worked(chain, entry)
            return BOOKKEEPING
        else:
            return BOOKKEEPING
        return None

    def attachment(self, chain: Chain, entry: Entry, events: list[AgentEvent]) -> str | None:
        """Apply an ``attachment``: only the veto of a hook says something about the run."""
        attachment = object_of(entry.record, "attachment")
        if attachment.get("type") != "hook_blocking_error":
            return BOOKKEEPING
        call = text_of(attachment, "toolUseID")
        if call is not None and attachment.get("hookEvent") == "PreToolUse":
            self._calls.vetoed(call)
        if chain.run is None:
            return BOOKKEEPING
        events.append(_mark("hook", chain, entry))
        return None

    def _interrupted(self, chain: Chain, entry: Entry, events: list[AgentEvent]) -> str | None:
        if chain.run is None:
            return BOOKKEEPING
        chain.run.last = Last.INTERRUPTED
        self._runs.worked(chain, entry)
        events.append(_mark("interrupted", chain, entry))
        return None

    def _may_open(self, chain: Chain, entry: Entry, told: Any, *, is_command: bool) -> None:
        """Hold the record: if the model works after it, a run begins here."""
        if is_command or (chain.run is None and chain.opener is None):
            chain.opener = opener_of(entry, told, is_command=is_command)

    def _results(self, chain: Chain, chains: Chains, entry: Entry, events: list[AgentEvent]) -> None:
        """Apply tool results. Of what stands beside the message it is not told which of several it belongs to."""
        self._runs.asked(chain, entry)
        blocks = list(blocks_of(entry.message["content"]))
        results = [block for block in blocks if block.get("type") == "tool_result"]
        structured = entry.record.get("toolUseResult") if len(results) == 1 else None
        for block in results:
            call = text_of(block, "tool_use_id")
            if call is None:
                entry.note = "unknown_tool_result"
                continue
            self._end_inside(chains, call, structured, events)
            event = self._calls.ended(call, block, structured, entry)
            if event is not None:
                events.append(event)
        if any(_is_interruption(block) for block in blocks):
            self._interrupted(chain, entry, events)

    def _end_inside(self, chains: Chains, call: str, structured: Any, events: list[AgentEvent]) -> None:
        """End the sub-agent inside the document that a call started, unless the call only launched it."""
        child = chains.of_call(call)
        if child is None or (isinstance(structured, dict) and structured.get("isAsync") is True):
            return
        self._runs.end(child, events)
        chains.ended(child)

    def _compacted(self, chain: Chain, entry: Entry, events: list[AgentEvent]) -> None:
        told = object_of(entry.record, "compactMetadata")
        facts: dict[Fact, str | int | float | bool] = {}
        trigger, tokens = told.get("trigger"), count_of(told, "preTokens")
        if trigger in _TRIGGERS:
            facts[Fact.TRIGGER] = trigger
        if tokens is not None:
            facts[Fact.PRE_TOKENS] = tokens
        run = chain.run.id if chain.run is not None else None
        events.append(
            AgentEvent(
                kind=EventKind.HISTORY,
                phase=Phase.POINT,
                origin=ORIGIN,
                time_ns=entry.time_ns,
                ids=EventIds(event=entry.name, conversation=chain.conversation, run=run),
                names=Names(subject="compaction"),
                facts=facts,
                cursor=entry.cursor,
            )
        )


def _is_interruption(block: Mapping[str, Any]) -> bool:
    text = block.get("text")
    return block.get("type") == "text" and isinstance(text, str) and text.startswith(INTERRUPTION)


def _mark(subject: str, chain: Chain, entry: Entry) -> AgentEvent:
    """Something that happened inside a run."""
    run = chain.run.id if chain.run is not None else None
    return AgentEvent(
        kind=EventKind.PROGRESS,
        phase=Phase.POINT,
        origin=ORIGIN,
        time_ns=entry.time_ns,
        ids=EventIds(event=entry.name, conversation=chain.conversation, run=run),
        names=Names(subject=subject),
        cursor=entry.cursor,
    )
