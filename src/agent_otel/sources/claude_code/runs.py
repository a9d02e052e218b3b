"""Runs: where one begins and how it ended. Chains and records in, AGENT START and END out.

A run of the session begins at a prompt and ends at the last piece of work before the next one, or at ``turn_duration``.
What the client writes between runs (local commands, notes, summaries) does not make a run longer. A sub-agent is one
run, from its first record on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agent_otel.model import (
    NANOS_PER_MILLI,
    AgentEvent,
    Content,
    ContentKind,
    EventIds,
    EventKind,
    Names,
    Outcome,
    Phase,
)
from agent_otel.sources.claude_code.chains import Chain, Last, Opener, Run
from agent_otel.sources.claude_code.content import snapshot_of
from agent_otel.sources.claude_code.entry import ORIGIN, PROVIDER, Entry
from agent_otel.sources.claude_code.messages import Message
from agent_otel.sources.claude_code.reading import MAX_COUNT, Recent, count_of, lineage_of

__all__ = ["Runs", "opener_of"]

_MAX_MESSAGES: Final = 100_000
_SLACK_NS: Final = 1_000_000_000  # a measured length may exceed the times of writing by as much


def opener_of(entry: Entry, prompt: Any = None, *, is_command: bool = False) -> Opener:
    """Hold a record as the possible beginning of a run."""
    return Opener(entry.name, entry.time_ns, entry.cursor, prompt, is_command)


class Runs:
    """Opens and ends the runs of a group of documents, and emits their model calls."""

    def __init__(self) -> None:
        self._finished: Recent[str] = Recent(_MAX_MESSAGES)  # run ids by message id

    def prompted(self, chain: Chain, entry: Entry, content: Any, events: list[AgentEvent]) -> None:
        """Take a prompt: it begins a run, or goes on with a sub-agent's."""
        if chain.run is None or not chain.is_sub:
            self.end(chain, events)
            self._open(chain, opener_of(entry, content), entry.record, events)
        chain.opener = None
        self.asked(chain, entry)

    def asked(self, chain: Chain, entry: Entry) -> None:
        """Take what the model has to answer."""
        chain.cause_ns = entry.time_ns
        if chain.run is not None:
            chain.run.last = Last.ASKED
        self.worked(chain, entry)

    def worked(self, chain: Chain, entry: Entry) -> None:
        """Let the run reach until this record."""
        if (run := chain.run) is not None:
            run.last_ns = max(run.last_ns, entry.time_ns)
            run.cursor = entry.cursor

    def running(self, chain: Chain, entry: Entry, events: list[AgentEvent]) -> Run:
        """Give the run that a record of the model belongs to; opens one where there is none."""
        opener = chain.opener
        chain.opener = None
        if chain.run is None or (opener is not None and opener.is_command and not chain.is_sub):
            self.end(chain, events)
            return self._open(chain, opener or opener_of(entry), entry.record, events)
        return chain.run

    def run_of_message(self, key: str) -> str | None:
        """Give the run of a response that is finished already."""
        return self._finished.get(key)

    def begin_message(self, chain: Chain, run: Run, key: str, entry: Entry, events: list[AgentEvent]) -> Message:
        """Begin a response; the one before is finished."""
        self.finish_message(chain, events)
        run.open_calls = set()  # a lost result of an earlier response does not count against the run
        cause_ns = entry.time_ns if chain.cause_ns is None else max(chain.cause_ns, run.start_ns)
        chain.message = Message.begin(key, run.id, cause_ns, entry)
        return chain.message

    def finish_message(self, chain: Chain, events: list[AgentEvent]) -> None:
        """Emit the response that was being read."""
        message = chain.message
        if message is None:
            return
        chain.message = None
        # Without anything that asks in between, the next response was caused by the end of this one.
        chain.cause_ns = max(chain.cause_ns or 0, message.last_ns)
        self._finished.put(message.key, message.run)
        if chain.run is not None:
            chain.run.model = message.model or chain.run.model
            chain.run.texts = message.texts or chain.run.texts
        events.append(message.end(chain.conversation))

    def end(self, chain: Chain, events: list[AgentEvent], *, closing: Entry | None = None) -> None:
        """End the run of a chain, if there is one.

        Args:
            chain: The chain.
            events: Takes the events.
            closing: The record that says that the run is over, and how long it took.
        """
        self.finish_message(chain, events)
        if chain.is_sub:
            chain.opener = None  # records that may still refer to the chain must not keep a prompt alive
        run = chain.run
        if run is None:
            return
        chain.run = None
        if closing is not None:
            run.last_ns, run.cursor = max(run.last_ns, closing.time_ns), closing.cursor
        outcome, error_type = _outcome_of(run)
        text = "\n".join(run.texts)
        events.append(
            AgentEvent(
                kind=EventKind.AGENT,
                phase=Phase.END,
                origin=ORIGIN,
                time_ns=max(run.start_ns, run.last_ns),
                duration_ns=_told_duration(run, closing),
                ids=EventIds(conversation=chain.conversation, run=run.id, agent=chain.agent_id),
                names=Names(agent=chain.agent, provider=PROVIDER, request_model=run.model),
                outcome=outcome,
                error_type=error_type,
                contents={ContentKind.OUTPUT_MESSAGES: Content(text)} if text else {},
                cursor=run.cursor,
            )
        )

    def _open(self, chain: Chain, opener: Opener, record: Mapping[str, Any], events: list[AgentEvent]) -> Run:
        run_id = chain.run_id or opener.name
        chain.run_id = None  # work after the end of a sub-agent is a run of its own
        chain.run = Run(run_id, opener.time_ns, opener.time_ns, opener.cursor)
        chain.cause_ns = max(chain.cause_ns or 0, opener.time_ns)
        link = chain.link
        contents = {}
        if opener.prompt is not None:
            contents[ContentKind.INPUT_MESSAGES] = Content(snapshot_of(opener.prompt))
        events.append(
            AgentEvent(
                kind=EventKind.AGENT,
                phase=Phase.START,
                origin=ORIGIN,
                time_ns=opener.time_ns,
                ids=EventIds(
                    conversation=chain.conversation,
                    run=run_id,
                    parent_run=link.run if link is not None else None,
                    tool_call=link.call if link is not None else None,
                    agent=chain.agent_id,
                ),
                names=Names(agent=chain.agent, provider=PROVIDER),
                contents=contents,
                lineage=lineage_of(record),
                cursor=opener.cursor,
            )
        )
        return chain.run


def _outcome_of(run: Run) -> tuple[Outcome, str | None]:
    if run.last is Last.INTERRUPTED:
        return Outcome.CANCELLED, "interrupted_by_user"
    if run.last is Last.FAILED:
        return Outcome.ERROR, run.error_type
    if run.open_calls or run.last is Last.ASKED:
        return Outcome.INTERRUPTED, "interrupted"
    return Outcome.OK, None


def _told_duration(run: Run, closing: Entry | None) -> int | None:
    """Give the length of a turn as the source measured it, unless the times of its records contradict it."""
    told = count_of(closing.record, "durationMs") if closing is not None else None
    if told is None or told * NANOS_PER_MILLI > run.last_ns - run.start_ns + _SLACK_NS:
        return None
    return min(told * NANOS_PER_MILLI, MAX_COUNT)
