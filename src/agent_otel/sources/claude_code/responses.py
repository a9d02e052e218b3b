"""What the model says: responses block by block, the tool calls in them, and calls of the model that failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agent_otel.model import AgentEvent, Fact
from agent_otel.sources.claude_code.calls import Calls
from agent_otel.sources.claude_code.chains import Chain, Last, Run
from agent_otel.sources.claude_code.content import blocks_of, text_in
from agent_otel.sources.claude_code.entry import Entry
from agent_otel.sources.claude_code.messages import CALL_BLOCKS, SYNTHETIC_MODEL, Message, failed_call
from agent_otel.sources.claude_code.outcomes import api_error_type, cause_type, error_text_of
from agent_otel.sources.claude_code.reading import count_of, object_of, text_of
from agent_otel.sources.claude_code.runs import Runs

__all__ = ["Responses"]

_SYNTHETIC: Final = "synthetic"
_STATUS_CODES: Final = range(100, 600)


class Responses:
    """Applies the records of model calls.

    Args:
        runs: The runs.
        calls: The tool calls.
    """

    def __init__(self, runs: Runs, calls: Calls) -> None:
        self._runs = runs
        self._calls = calls

    def part(self, chain: Chain, entry: Entry, events: list[AgentEvent]) -> str | None:
        """Apply an ``assistant`` record: a block of a response, or a note that the client wrote in its place.

        Returns:
            None, or why the record is skipped.
        """
        if entry.record.get("isApiErrorMessage") is True:
            self._gave_up(chain, entry, events)
            return None
        if entry.message.get("model") == SYNTHETIC_MODEL:
            return _SYNTHETIC
        key = text_of(entry.message, "id") or entry.name
        if chain.run is None or chain.message is None or chain.message.key != key:
            finished = self._runs.run_of_message(key)
            if finished is not None:
                self._late_part(chain, finished, entry, events)
                return None
            run = self._runs.running(chain, entry, events)
            message = self._runs.begin_message(chain, run, key, entry, events)
        else:
            run, message = chain.run, chain.message
        self._grow(chain, run, message, entry, events)
        return None

    def attempt_failed(self, chain: Chain, entry: Entry, events: list[AgentEvent]) -> None:
        """Apply a failed attempt; the client tries again by itself."""
        record = entry.record
        facts = _status_of(object_of(record, "error"), "status")
        attempt = count_of(record, "retryAttempt")
        if attempt is not None:
            facts[Fact.RETRY_ATTEMPT] = attempt
        self._failed(chain, entry, cause_type(record), error_text_of(record), facts, events)

    def _grow(self, chain: Chain, run: Run, message: Message, entry: Entry, events: list[AgentEvent]) -> None:
        message.grow(entry)
        run.last = Last.ANSWERED
        self._runs.worked(chain, entry)
        for index, block in enumerate(blocks_of(entry.message["content"])):
            kind = block.get("type")
            if not isinstance(kind, str):
                continue
            if kind in CALL_BLOCKS:
                event = self._calls.started(block, index, entry, run.id, chain.conversation, run.open_calls)
                if event is None:
                    continue  # a copy: the response holds it already
                events.append(event)
            elif kind.endswith("_tool_result"):
                self._result_inside(block, entry, events)
            message.add(block)

    def _result_inside(self, block: Mapping[str, Any], entry: Entry, events: list[AgentEvent]) -> None:
        """Apply the result of a tool that the provider ran: it stands in the response itself."""
        call = text_of(block, "tool_use_id")
        content = block.get("content")
        kind = content.get("type") if isinstance(content, dict) else None
        failed = block.get("is_error") is True or (isinstance(kind, str) and kind.endswith("_error"))
        event = self._calls.ended(call, {**block, "is_error": failed}, None, entry) if call is not None else None
        if event is not None:
            events.append(event)

    def _late_part(self, chain: Chain, run_id: str, entry: Entry, events: list[AgentEvent]) -> None:
        """Apply a part of a response that was finished already: its calls count, its usage was told."""
        entry.note = "late_message_part"
        self._runs.worked(chain, entry)
        siblings = chain.run.open_calls if chain.run is not None and chain.run.id == run_id else set()
        for index, block in enumerate(blocks_of(entry.message["content"])):
            kind = block.get("type")
            if isinstance(kind, str) and kind in CALL_BLOCKS:
                event = self._calls.started(block, index, entry, run_id, chain.conversation, siblings)
                if event is not None:
                    events.append(event)

    def _gave_up(self, chain: Chain, entry: Entry, events: list[AgentEvent]) -> None:
        """Apply the synthetic answer that reports an error of the API: the failed end of a call, often of the run."""
        error_type = api_error_type(entry.record)
        facts = _status_of(entry.record, "apiErrorStatus")
        run = self._failed(chain, entry, error_type, text_in(entry.message["content"]), facts, events)
        run.last, run.error_type = Last.FAILED, error_type

    def _failed(
        self,
        chain: Chain,
        entry: Entry,
        error_type: str,
        text: str | None,
        facts: Mapping[Fact, str | int | float | bool],
        events: list[AgentEvent],
    ) -> Run:
        run = self._runs.running(chain, entry, events)
        self._runs.finish_message(chain, events)
        events.append(
            failed_call(
                entry,
                run=run.id,
                conversation=chain.conversation,
                cause_ns=chain.cause_ns if chain.cause_ns is not None else entry.time_ns,
                error_type=error_type,
                text=text,
                facts=facts,
            )
        )
        chain.cause_ns = entry.time_ns
        self._runs.worked(chain, entry)
        return run


def _status_of(record: Mapping[str, Any], name: str) -> dict[Fact, str | int | float | bool]:
    status = count_of(record, name)
    return {Fact.HTTP_STATUS_CODE: status} if status is not None and status in _STATUS_CODES else {}
