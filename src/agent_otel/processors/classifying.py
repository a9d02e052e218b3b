"""The delivery class of spans and log records, whoever made them: by attributes, status and place in the trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.sdk._logs import ReadWriteLogRecord
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from agent_otel.conventions import attributes as a
from agent_otel.conventions import names as n
from agent_otel.model import DeliveryClass

__all__ = ["class_of_record", "class_of_span", "kind_of_span"]

_ERROR_SEVERITY: Final = 17
_USAGE: Final = frozenset(
    {
        a.USAGE_INPUT_TOKENS,
        a.USAGE_OUTPUT_TOKENS,
        a.TOTAL_TOKENS,
        a.COST_MICROS,
        "gen_ai.usage.prompt_tokens",
        "gen_ai.usage.completion_tokens",
        "llm.usage.total_tokens",
        "llm.token_count.total",
        "llm.token_count.prompt",
        "llm.token_count.completion",
    }
)
_ENDS: Final = frozenset({n.SPAN_CONVERSATION, n.SPAN_DEPLOYMENT})
_USAGE_EVENTS: Final = frozenset({n.EVENT_NAMES["usage.point"], n.EVENT_NAMES["cost.point"]})
_HEALTH_EVENTS: Final = frozenset(
    {n.EVENT_NAMES["health.point"], n.EVENT_SINK_FAILED, n.EVENT_SINK_RECOVERED, n.EVENT_LOST}
)
_KINDS: Final = {
    n.OP_INVOKE_AGENT: "run",
    n.OP_CHAT: "model",
    n.OP_TEXT_COMPLETION: "model",
    n.OP_GENERATE_CONTENT: "model",
    n.OP_EMBEDDINGS: "model",
    n.OP_EXECUTE_TOOL: "tool",
    n.OP_RETRIEVAL: "retrieval",
    n.OP_SEARCH_MEMORY: "memory",
}
_NOTHING: Final[Mapping[str, Any]] = {}


def class_of_span(span: ReadableSpan, attributes: Mapping[str, Any] | None) -> DeliveryClass:
    """Classify a span by the first that fits: the end of a run or of a local root, an error, usage, progress.

    Args:
        span: One that has ended.
        attributes: Its own.
    """
    attributes = attributes or _NOTHING
    if attributes.get(a.OPERATION_NAME) == n.OP_INVOKE_AGENT or span.name in _ENDS:
        return DeliveryClass.RUN_END
    if span.parent is None or span.parent.is_remote:
        return DeliveryClass.RUN_END
    if span.status.status_code is StatusCode.ERROR:
        return DeliveryClass.ERROR
    return DeliveryClass.PROGRESS if _USAGE.isdisjoint(attributes) else DeliveryClass.USAGE


def kind_of_span(attributes: Mapping[str, Any] | None) -> str:
    """Give in one word, of a bounded set, what a span of these attributes tells of."""
    operation = (attributes or _NOTHING).get(a.OPERATION_NAME)
    return _KINDS.get(operation, "span") if isinstance(operation, str) else "span"


def class_of_record(record: ReadWriteLogRecord) -> DeliveryClass:
    """Classify a log record: the end of a session, an error, usage or cost, health, progress.

    Args:
        record: As it was emitted.
    """
    log = record.log_record
    if log.event_name == n.EVENT_NAMES["session.end"]:
        return DeliveryClass.RUN_END
    if log.severity_number is not None and log.severity_number.value >= _ERROR_SEVERITY:
        return DeliveryClass.ERROR
    attributes = log.attributes or _NOTHING
    if log.event_name == n.EVENT_NAMES["error.point"] or a.ERROR_TYPE in attributes:
        return DeliveryClass.ERROR
    if log.event_name in _USAGE_EVENTS or not _USAGE.isdisjoint(attributes):
        return DeliveryClass.USAGE
    if log.event_name in _HEALTH_EVENTS:
        return DeliveryClass.HEALTH
    return DeliveryClass.PROGRESS
