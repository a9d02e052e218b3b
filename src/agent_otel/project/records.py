"""Occurrences become log records: what is not work (sessions, message counts, the source's own health) is no span."""

from __future__ import annotations

from typing import Any

from agent_otel.conventions import attributes as a
from agent_otel.conventions import names as n
from agent_otel.conventions.metrics import SOURCE_MEASUREMENTS
from agent_otel.correlate import Occurrence
from agent_otel.model import DeliveryClass, EventKind, Fact, Outcome, Phase
from agent_otel.project.attributes import fact_attributes, lineage_attributes, provider_name, usage_attributes
from agent_otel.project.bounds import bounded_error_type, bounded_id, bounded_name
from agent_otel.project.telemetry import LogData

__all__ = ["record_of"]

_INFO, _WARN = 9, 13  # OpenTelemetry severity numbers
_FALLBACK = "other.point"


def record_of(occurrence: Occurrence) -> LogData | None:
    """Project an occurrence onto a log record.

    Args:
        occurrence: An event that is no work.

    Returns:
        The record; None for a measurement, which is a metric and nothing else.
    """
    event = occurrence.event
    if event.kind is EventKind.MEASUREMENT and event.names.subject in SOURCE_MEASUREMENTS:
        return None
    attributes: dict[str, Any] = {a.SOURCE: bounded_name(event.origin.system)}
    lineage_attributes(event.lineage, event.origin, attributes)
    fact_attributes(event.facts, attributes)
    usage_attributes(event.usage, event.cost, attributes)
    for text, name in (
        (occurrence.conversation, a.CONVERSATION_ID),
        (event.ids.run, a.RUN_ID),
        (event.names.subject, a.SUBJECT),
        (event.names.agent, a.AGENT_NAME),
        (event.ids.agent, a.HOSTED_AGENT_ID if event.origin.system in n.HOSTED_AGENT_SYSTEMS else a.AGENT_ID),
        (event.ids.parent_agent, a.PARENT_AGENT),
        (provider_name(event.names.provider), a.PROVIDER_NAME),
        (event.names.request_model, a.REQUEST_MODEL),
        (event.names.response_model, a.RESPONSE_MODEL),
        (event.names.tool, a.TOOL_NAME),
        (event.ids.turn, a.TURN_ID),
        (None if event.ids.tool_call_is_synthetic else event.ids.tool_call, a.TOOL_CALL_ID),
    ):
        if text is not None:
            attributes[name] = bounded_id(text)
    if event.time_is_receipt:
        attributes[a.TIME_IS_RECEIPT] = True
    if event.outcome is not Outcome.UNSET:
        attributes[a.OUTCOME] = event.outcome.value
    if event.error_type is not None:
        attributes[a.ERROR_TYPE] = bounded_error_type(event.error_type)
    failed = event.outcome in (Outcome.ERROR, Outcome.TIMED_OUT) or Fact.LOST_COUNT in event.facts
    return LogData(
        event_name=n.EVENT_NAMES.get(f"{event.kind.value}.{event.phase.value}", n.EVENT_NAMES[_FALLBACK]),
        time_ns=event.time_ns,
        severity=_WARN if failed else _INFO,
        attributes=attributes,
        contents=event.contents,
        namespace=event.origin.namespace,
        run=event.ids.run,
        span=occurrence.span,
        delivery_class=_class_of(occurrence),
    )


def _class_of(occurrence: Occurrence) -> DeliveryClass:
    event = occurrence.event
    if event.kind is EventKind.SESSION and event.phase is Phase.END:
        return DeliveryClass.RUN_END
    if event.kind is EventKind.ERROR or event.outcome is Outcome.ERROR:
        return DeliveryClass.ERROR
    if event.kind in (EventKind.USAGE, EventKind.COST):
        return DeliveryClass.USAGE
    if event.kind is EventKind.HEALTH:
        return DeliveryClass.HEALTH
    return DeliveryClass.PROGRESS
