"""Observer events about work: turns, model calls, tool calls, memory, retrieval (rules R13 to R20).

One function per variant, stateless. A turn is a run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from agent_otel.model import AgentEvent, Content, ContentKind, EventKind, Fact, Outcome, Phase
from agent_otel.sources.zeroclaw.events import ObserverEvent
from agent_otel.sources.zeroclaw.moment import DASHBOARD, Moment
from agent_otel.sources.zeroclaw.parts import (
    arguments_contents,
    cost_of,
    counted,
    error_contents,
    given,
    lineage_of,
    model_outcome,
    named,
    snapshot_contents,
    tool_error_type,
    tool_name,
    usage_of,
)
from agent_otel.sources.zeroclaw.types import TurnTokenUsage

__all__ = ["MEMORY_ACTIONS", "WORK"]

# What the memory's audit trail calls its operations, as the conventions name them.
MEMORY_ACTIONS: Final = {
    "store": "upsert_memory",
    "recall": "search_memory",
    "get": "search_memory",
    "list": "search_memory",
    "search": "search_memory",
    "forget": "delete_memory",
    "delete": "delete_memory",
    "purge": "delete_memory",
}


def _model_names(record: Any) -> dict[str, str | None]:
    return {"provider": given(record.model_provider), "request_model": given(record.model)}


def _agent_start(record: Any, at: Moment) -> AgentEvent:
    lineage = lineage_of(model_provider=record.model_provider)
    return at.event(record, EventKind.AGENT, Phase.START, names=_model_names(record), lineage=lineage)


def _agent_end(record: Any, at: Moment) -> AgentEvent:
    tokens = record.tokens_used
    if isinstance(tokens, TurnTokenUsage):
        usage = usage_of(tokens.input_tokens, tokens.output_tokens)
    else:
        usage = at.usage if at.usage is not None else usage_of(None, None, tokens)  # R20
    return at.event(
        record,
        EventKind.AGENT,
        Phase.END,
        names=_model_names(record),
        lineage=lineage_of(model_provider=record.model_provider),
        usage=usage,
        cost=cost_of(record.cost_usd),
        final=True,  # R15: a cancelled tool call never ends, so its start closes here
    )


def _llm_request(record: Any, at: Moment) -> AgentEvent:
    facts = counted(Fact.MESSAGE_COUNT, record.messages_count)
    if at.origin is DASHBOARD:  # which never shows the response: a start would stay open
        lineage = lineage_of(model=record.model, model_provider=record.model_provider)
        names = {"subject": "model_request", **_model_names(record)}
        return at.event(record, EventKind.PROGRESS, names=names, lineage=lineage, facts=facts)
    return at.event(record, EventKind.MODEL, Phase.START, names=_model_names(record), facts=facts)


def _llm_response(record: Any, at: Moment) -> AgentEvent:
    outcome, error_type = model_outcome(success=record.success, text=record.error_message)
    return at.event(
        record,
        EventKind.MODEL,
        Phase.END,
        names=_model_names(record),
        outcome=outcome,
        error_type=error_type,
        usage=usage_of(record.input_tokens, record.output_tokens),
        contents={**snapshot_contents(record.messages), **error_contents(record.error_message)},
    )


def _tool_call_start(record: Any, at: Moment) -> AgentEvent:
    return at.event(
        record,
        EventKind.TOOL,
        Phase.START,
        ids={"tool_call": given(record.tool_call_id)},
        names={"tool": tool_name(record.tool)},
        contents=arguments_contents(record.arguments),
    )


def _tool_call(record: Any, at: Moment) -> AgentEvent:
    told: dict[ContentKind, Content] = {}
    if record.result is not None and record.result != "":
        told = {ContentKind.TOOL_RESULT if record.success else ContentKind.ERROR_TEXT: Content(record.result)}
    return at.event(
        record,
        EventKind.TOOL,
        Phase.END,
        ids={"tool_call": given(record.tool_call_id)},
        names={"tool": tool_name(record.tool)},
        outcome=Outcome.OK if record.success else Outcome.ERROR,
        error_type=None if record.success else tool_error_type(record.tool, record.result),
        contents={**arguments_contents(record.arguments), **told},
    )


def _memory(record: Any, at: Moment, operation: str, facts: Mapping[Fact, Any], **parts: Any) -> AgentEvent:
    return at.event(
        record,
        EventKind.MEMORY,
        Phase.END,
        names={"operation": operation},
        outcome=Outcome.OK if record.success else Outcome.ERROR,
        error_type=None if record.success else "memory_error",
        facts={**named(Fact.BACKEND, record.backend), **facts},
        **parts,
    )


def _memory_recall(record: Any, at: Moment) -> AgentEvent:
    query = record.query_summary
    contents = {ContentKind.MEMORY_QUERY: Content(query)} if query else {}
    return _memory(record, at, "search_memory", counted(Fact.ITEM_COUNT, record.num_entries), contents=contents)


def _memory_store(record: Any, at: Moment) -> AgentEvent:
    return _memory(record, at, "upsert_memory", named(Fact.CATEGORY, record.category))


def _memory_audit(record: Any, at: Moment) -> AgentEvent:
    operation = MEMORY_ACTIONS.get(record.action.lower(), "search_memory")
    return _memory(record, at, operation, {Fact.CATEGORY: "audit"}, lineage=lineage_of(action=record.action))


def _rag_retrieve(record: Any, at: Moment) -> AgentEvent:
    query = record.query_summary
    return at.event(
        record,
        EventKind.RETRIEVAL,
        Phase.END,
        outcome=Outcome.OK,
        facts=counted(Fact.ITEM_COUNT, record.num_chunks),
        lineage=lineage_of(num_boards=record.num_boards),
        contents={ContentKind.RETRIEVAL_QUERY: Content(query)} if query else {},
    )


WORK: Final[dict[type[ObserverEvent], Callable[[Any, Moment], AgentEvent]]] = {
    ObserverEvent.AgentStart: _agent_start,
    ObserverEvent.AgentEnd: _agent_end,
    ObserverEvent.LlmRequest: _llm_request,
    ObserverEvent.LlmResponse: _llm_response,
    ObserverEvent.ToolCallStart: _tool_call_start,
    ObserverEvent.ToolCall: _tool_call,
    ObserverEvent.MemoryRecall: _memory_recall,
    ObserverEvent.MemoryStore: _memory_store,
    ObserverEvent.MemoryAudit: _memory_audit,
    ObserverEvent.RagRetrieve: _rag_retrieve,
}
