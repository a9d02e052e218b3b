"""Parts of events as attributes: facts, lineage, tokens and cost, the same on spans, span events and log records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agent_otel.conventions import attributes as a
from agent_otel.conventions import names as n
from agent_otel.model import Cost, Fact, Origin, Usage
from agent_otel.project.bounds import bounded_id, bounded_name, bounded_value

__all__ = ["FACT_NAMES", "fact_attributes", "lineage_attributes", "provider_name", "usage_attributes"]

FACT_NAMES: Final = {
    Fact.HTTP_STATUS_CODE: a.HTTP_RESPONSE_STATUS_CODE,
    Fact.STREAM: a.REQUEST_STREAM,
    Fact.MESSAGE_COUNT: a.MESSAGE_COUNT,
    Fact.LOST_COUNT: a.LOST_COUNT,
    Fact.LOSS_REASON: a.LOSS_REASON,
    Fact.TOKENS_SAVED: a.CACHE_TOKENS_SAVED,
    Fact.CACHE_TYPE: a.CACHE_TYPE,
    Fact.CACHE_HIT: a.CACHE_HIT,
    Fact.COMPONENT: a.COMPONENT,
    Fact.STATE: a.STATE,
    Fact.RESPONSE_ID: a.RESPONSE_ID,
    Fact.FINISH_REASON: a.RESPONSE_FINISH_REASONS,
    Fact.RETRY_ATTEMPT: a.ATTEMPT,
    Fact.TIME_TO_FIRST_CHUNK: a.RESPONSE_TIME_TO_FIRST_CHUNK,
    Fact.COMPACTED: a.CONVERSATION_COMPACTED,
    Fact.USAGE_INCOMPLETE: a.USAGE_INCOMPLETE,
    Fact.TRIGGER: a.TRIGGER,
    Fact.DROPPED_MESSAGES: a.DROPPED_MESSAGES,
    Fact.KEPT_TURNS: a.KEPT_TURNS,
    Fact.PRE_TOKENS: a.PRE_TOKENS,
    Fact.CHUNKS: a.CHUNKS,
    Fact.VALUE: a.VALUE,
    Fact.CHANNEL: a.CHANNEL,
    Fact.DIRECTION: a.DIRECTION,
    Fact.BACKEND: a.BACKEND,
    Fact.CATEGORY: a.CATEGORY,
    Fact.ITEM_COUNT: a.ITEM_COUNT,
    Fact.DECISION: a.DECISION,
    Fact.MCP_METHOD: a.MCP_METHOD_NAME,
    Fact.MCP_PROTOCOL_VERSION: a.MCP_PROTOCOL_VERSION,
    Fact.MCP_SESSION: a.MCP_SESSION_ID,
    Fact.TRANSPORT: a.NETWORK_TRANSPORT,
    Fact.RPC_STATUS_CODE: a.RPC_RESPONSE_STATUS_CODE,
}


def fact_attributes(facts: Any, into: dict[str, Any]) -> None:
    """Write facts under their names in the conventions."""
    for fact, value in facts.items():
        if fact is Fact.FINISH_REASON:
            into[a.RESPONSE_FINISH_REASONS] = (bounded_id(str(value)),)
        else:
            into[FACT_NAMES[fact]] = bounded_value(value)


def provider_name(provider: str | None) -> str | None:
    """Give ``gen_ai.provider.name``: the conventions' word for a provider, else the source's own."""
    return n.KNOWN_PROVIDERS.get(provider, bounded_name(provider)) if provider is not None else None


def lineage_attributes(lineage: Mapping[str, Any], origin: Origin, into: dict[str, Any]) -> None:
    """Write what has no name of its own under the source's namespace."""
    namespace = origin.namespace
    for key, value in lineage.items():
        into[f"{namespace}.{key}"] = bounded_id(value) if type(value) is str else bounded_value(value)


def usage_attributes(usage: Usage | None, cost: Cost | None, into: dict[str, Any]) -> None:
    """Write tokens and cost under their names in the conventions."""
    if usage is not None:
        for value, name in (
            (usage.cache_read_tokens, a.USAGE_CACHE_READ_TOKENS),
            (usage.cache_write_tokens, a.USAGE_CACHE_WRITE_TOKENS),
            (usage.reasoning_tokens, a.USAGE_REASONING_TOKENS),
            (usage.total_tokens, a.TOTAL_TOKENS),
            (usage.input_tokens, a.USAGE_INPUT_TOKENS),
            (usage.output_tokens, a.USAGE_OUTPUT_TOKENS),
        ):
            if value is not None:
                into[name] = bounded_value(value)
    if cost is not None:
        into[a.COST_MICROS] = bounded_value(cost.amount_micros)
        into[a.COST_CURRENCY] = bounded_id(cost.currency)
        into[a.COST_STATUS] = cost.status.value
        if cost.rate_table is not None:
            into[a.COST_RATE_TABLE] = bounded_id(cost.rate_table)
