"""The model's context to the model's events: how full it is (marks), and what was taken out of it (history)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from agent_otel.model import AgentEvent, EventKind, Fact
from agent_otel.sources.bamboo.agent_events import AgentEvent as BambooEvent
from agent_otel.sources.bamboo.place import Place, number, word_of, wrote

__all__ = ["CONTEXT"]

_BUDGET: Final = (
    "system_tokens",
    "summary_tokens",
    "window_tokens",
    "total_tokens",
    "max_context_tokens",
    "budget_limit",
    "truncation_occurred",
    "segments_removed",
    "prompt_cached_tool_outputs",
    "prompt_cached_tool_tokens_saved",
    "thinking_tokens",
    "cache_read_input_tokens",
)
_PROMPT: Final = (
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "retained_from_previous_call",
)


def _counts(prefix: str, names: tuple[str, ...], record: Any) -> dict[str, Any]:
    values = {name: getattr(record, name) for name in names}
    return {f"{prefix}.{name}": value if isinstance(value, bool) else number(value) for name, value in values.items()}


def _token_budget_updated(event: Any, place: Place) -> AgentEvent:
    told = _counts("context", _BUDGET, event.usage)
    prompt = event.usage.provider_prompt_usage
    if prompt is not None:
        told |= _counts("context.prompt", _PROMPT, prompt)
    return place.mark("context", state="prepared", lineage=told)


def _context_pressure(event: Any, place: Place) -> AgentEvent:
    told = {"context.used_percent": number(event.percent)}
    return place.mark("context", state=word_of(event.level), lineage=told, contents=wrote(event.message))


def _context_compression_status(event: Any, place: Place) -> AgentEvent:
    """Only a compression that was completed is a change of the history; the others are marks."""
    state, told = word_of(event.status), {"compaction.phase": word_of(event.phase)}
    if state != "completed":
        return place.mark("compaction", state=state, lineage=told)
    return place.event(EventKind.HISTORY, subject="compaction", facts={Fact.STATE: state}, lineage=told)


def _context_summarized(event: Any, place: Place) -> AgentEvent:
    facts = {
        Fact.STATE: "summarized",
        Fact.TRIGGER: word_of(event.trigger_type or None),
        Fact.DROPPED_MESSAGES: number(event.messages_summarized),
    }
    told = {
        "compaction.tokens_saved": event.tokens_saved,
        "compaction.before_percent": number(event.usage_before_percent),
        "compaction.after_percent": number(event.usage_after_percent),
    }
    return place.event(
        EventKind.HISTORY, subject="compaction", facts=facts, lineage=told, contents=wrote(event.summary)
    )


def _context_archived(event: Any, place: Place) -> AgentEvent:
    facts = {
        Fact.STATE: "archived",
        Fact.TRIGGER: word_of(event.trigger_type),
        Fact.DROPPED_MESSAGES: number(event.messages_archived),
        Fact.KEPT_TURNS: number(event.retained_recent_user_turns),
        Fact.PRE_TOKENS: event.active_tokens_before,
    }
    told = {
        "compaction.id": event.archive_event_id,
        "compaction.groups": number(event.groups_archived),
        "compaction.user_turns": number(event.user_turns_archived),
        "compaction.tokens_after": event.active_tokens_after,
        "compaction.target_tokens": event.target_tokens,
        "compaction.oldest_message.id": event.oldest_retained_message_id,
        "compaction.oldest_user_message.id": event.oldest_retained_user_message_id,
        "compaction.epoch": number(event.model_context_epoch),
        "compaction.reason": word_of(event.reset_reason),
    }
    return place.event(EventKind.HISTORY, subject="compaction", facts=facts, lineage=told)


CONTEXT: Final[dict[type[BambooEvent], Callable[[Any, Place], AgentEvent]]] = {
    BambooEvent.TokenBudgetUpdated: _token_budget_updated,
    BambooEvent.ContextPressureNotification: _context_pressure,
    BambooEvent.ContextCompressionStatus: _context_compression_status,
    BambooEvent.ContextSummarized: _context_summarized,
    BambooEvent.ContextArchived: _context_archived,
}
