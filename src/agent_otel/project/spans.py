"""Operations become spans, as the GenAI conventions name them; content stays beside the attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent_otel.conventions import attributes as a
from agent_otel.conventions import names as n
from agent_otel.correlate import Operation, OperationKind
from agent_otel.model import DeliveryClass, Outcome
from agent_otel.project.attributes import fact_attributes, lineage_attributes, provider_name, usage_attributes
from agent_otel.project.bounds import UNKNOWN, bounded_error_type, bounded_id, bounded_name
from agent_otel.project.telemetry import SpanData, SpanEvent, SpanKind

__all__ = ["delivery_class_of", "error_type_of", "model_operation_name", "span_of"]

_ALWAYS_ERROR = frozenset({Outcome.ERROR, Outcome.CANCELLED, Outcome.TIMED_OUT, Outcome.DENIED, Outcome.INTERRUPTED})
_DEFAULT_ERROR_TYPES = {
    Outcome.ERROR: "error",
    Outcome.CANCELLED: "cancelled",
    Outcome.TIMED_OUT: "timeout",
    Outcome.DENIED: "denied",
    Outcome.INTERRUPTED: "interrupted",
}


def error_type_of(operation: Operation) -> str | None:
    """Give ``error.type`` if the span is an error, else None.

    UNKNOWN is an error only if the source marks a failure, which it does by an error type.
    """
    if operation.outcome in _ALWAYS_ERROR:
        return bounded_error_type(operation.error_type or _DEFAULT_ERROR_TYPES[operation.outcome])
    if operation.outcome is Outcome.UNKNOWN and operation.error_type is not None:
        return bounded_error_type(operation.error_type)
    return None


def delivery_class_of(operation: Operation, error_type: str | None) -> DeliveryClass:
    """Classify by the one table of delivery classes, the first that fits."""
    if operation.kind in (OperationKind.RUN, OperationKind.CONVERSATION, OperationKind.DEPLOYMENT):
        return DeliveryClass.RUN_END
    if error_type is not None:
        return DeliveryClass.ERROR
    if operation.usage is not None or operation.cost is not None:
        return DeliveryClass.USAGE
    return DeliveryClass.PROGRESS


def model_operation_name(operation: Operation) -> str:
    """Give ``gen_ai.operation.name`` of a model call or forwarded request."""
    named = operation.names.operation
    return n.FORWARD_OPERATIONS.get(named, n.OP_CHAT) if named is not None else n.OP_CHAT


def _run(operation: Operation, into: dict[str, Any]) -> tuple[str, SpanKind]:
    into[a.MODEL_CALLS] = operation.model_calls
    into[a.TOOL_CALLS] = operation.tool_calls
    if operation.names.agent_description is not None:
        into[a.AGENT_DESCRIPTION] = bounded_name(operation.names.agent_description)
    if operation.names.request_model is not None:
        into[a.REQUEST_MODEL] = bounded_name(operation.names.request_model)
    if operation.origin.system in n.HOSTED_AGENT_SYSTEMS and operation.names.provider is not None:
        into[a.PROVIDER_NAME] = provider_name(operation.names.provider)
    into[a.OPERATION_NAME] = n.OP_INVOKE_AGENT
    return _joined(n.OP_INVOKE_AGENT, operation.names.agent), SpanKind.INTERNAL


def _tool(operation: Operation, into: dict[str, Any]) -> tuple[str, SpanKind]:
    tool = bounded_name(operation.names.tool or "") or UNKNOWN
    if operation.ids.tool_call is not None and not operation.ids.tool_call_is_synthetic:
        into[a.TOOL_CALL_ID] = bounded_id(operation.ids.tool_call)
    if operation.names.tool_type is not None:
        into[a.TOOL_TYPE] = bounded_name(operation.names.tool_type)
    if operation.ids.child_run is not None:
        into[a.CHILD_RUN_ID] = bounded_id(operation.ids.child_run)
    into[a.OPERATION_NAME] = n.OP_EXECUTE_TOOL
    into[a.TOOL_NAME] = tool
    if operation.names.operation == n.MCP_TOOLS_CALL:  # nothing but the request: the MCP conventions name it
        return f"{n.MCP_TOOLS_CALL} {tool}", SpanKind.CLIENT
    return f"{n.OP_EXECUTE_TOOL} {tool}", SpanKind.INTERNAL


def _model(operation: Operation, into: dict[str, Any]) -> tuple[str, SpanKind]:
    named = model_operation_name(operation)
    if operation.names.response_model is not None:
        into[a.RESPONSE_MODEL] = bounded_name(operation.names.response_model)
    if operation.names.request_model is not None:
        into[a.REQUEST_MODEL] = bounded_name(operation.names.request_model)
    into[a.OPERATION_NAME] = named
    into[a.PROVIDER_NAME] = provider_name(operation.names.provider) or UNKNOWN
    return _joined(named, operation.names.request_model), SpanKind.CLIENT


def _forward(operation: Operation, into: dict[str, Any]) -> tuple[str, SpanKind]:
    if operation.ids.request is not None:
        into[a.REQUEST_ID] = bounded_id(operation.ids.request)
    return _model(operation, into)


def _retrieval(operation: Operation, into: dict[str, Any]) -> tuple[str, SpanKind]:
    into[a.OPERATION_NAME] = n.OP_RETRIEVAL
    if operation.names.subject is not None:
        into[a.DATA_SOURCE_ID] = bounded_name(operation.names.subject)
    return _joined(n.OP_RETRIEVAL, operation.names.subject), SpanKind.CLIENT


def _memory(operation: Operation, into: dict[str, Any]) -> tuple[str, SpanKind]:
    named = operation.names.operation if operation.names.operation in n.MEMORY_OPERATIONS else n.OP_SEARCH_MEMORY
    into[a.OPERATION_NAME] = named
    return named, SpanKind.INTERNAL


def _conversation(_operation: Operation, _into: dict[str, Any]) -> tuple[str, SpanKind]:
    return n.SPAN_CONVERSATION, SpanKind.INTERNAL


def _deployment(operation: Operation, into: dict[str, Any]) -> tuple[str, SpanKind]:
    if operation.ids.request is not None:
        into[a.DEPLOYMENT_ID] = bounded_id(operation.ids.request)
    return n.SPAN_DEPLOYMENT, SpanKind.INTERNAL


_SHAPES: dict[OperationKind, Callable[[Operation, dict[str, Any]], tuple[str, SpanKind]]] = {
    OperationKind.CONVERSATION: _conversation,
    OperationKind.RUN: _run,
    OperationKind.MODEL: _model,
    OperationKind.TOOL: _tool,
    OperationKind.RETRIEVAL: _retrieval,
    OperationKind.MEMORY: _memory,
    OperationKind.FORWARD: _forward,
    OperationKind.DEPLOYMENT: _deployment,
}


def _joined(operation: str, name: str | None) -> str:
    bounded = bounded_name(name) if name else ""
    return f"{operation} {bounded}" if bounded else operation


def _ids(operation: Operation, into: dict[str, Any]) -> None:
    ids = operation.ids
    hosted = operation.origin.system in n.HOSTED_AGENT_SYSTEMS
    for value, name in (
        (operation.run, a.RUN_ID),
        (ids.turn, a.TURN_ID),
        (ids.agent, a.HOSTED_AGENT_ID if hosted else a.AGENT_ID),
        (ids.parent_agent, a.PARENT_AGENT),
        (operation.conversation, a.CONVERSATION_ID),
    ):
        if value is not None:
            into[name] = bounded_id(value)
    if operation.names.agent is not None and (agent := bounded_name(operation.names.agent)):
        into[a.AGENT_NAME] = agent


def _events(operation: Operation) -> tuple[SpanEvent, ...]:
    events = []
    for mark in operation.marks:
        is_known = mark.name in n.MARK_WORDS
        attributes: dict[str, Any] = {} if is_known else {a.SUBJECT: bounded_id(mark.name)}
        lineage_attributes(mark.lineage, operation.origin, attributes)
        fact_attributes(mark.facts, attributes)
        events.append(
            SpanEvent(f"agent_otel.{mark.name}" if is_known else n.MARK_OTHER, mark.time_ns, attributes, mark.contents)
        )
    return tuple(events)


def span_of(operation: Operation) -> SpanData:
    """Project an operation onto a span.

    Args:
        operation: A finished or interrupted operation.

    Returns:
        The span. Its status is an error exactly if it has ``error.type``; it is never OK.
    """
    error_type = error_type_of(operation)
    attributes: dict[str, Any] = {a.SOURCE: bounded_name(operation.origin.system)}
    lineage_attributes(operation.lineage, operation.origin, attributes)
    if operation.facts:
        fact_attributes(operation.facts, attributes)
    if operation.usage is not None or operation.cost is not None:
        # Totals of a run whose model calls told them would count twice where a viewer adds up a trace.
        is_repeated = operation.kind is OperationKind.RUN and operation.child_usage
        usage_attributes(None if is_repeated else operation.usage, operation.cost, attributes)
    _ids(operation, attributes)
    if operation.orphan is not None:
        attributes[a.ORPHAN_REASON] = operation.orphan.value
    if operation.outcome is not Outcome.UNSET:
        attributes[a.OUTCOME] = operation.outcome.value
    name, kind = _SHAPES[operation.kind](operation, attributes)
    if error_type is not None:
        attributes[a.ERROR_TYPE] = error_type
    return SpanData(
        name=name,
        kind=kind,
        identity=operation.identity,
        start_ns=operation.start_ns,
        end_ns=operation.end_ns,
        is_error=error_type is not None,
        attributes=attributes,
        contents=operation.contents,
        events=_events(operation) if operation.marks else (),
        delivery_class=delivery_class_of(operation, error_type),
        namespace=operation.origin.namespace,
        conversation=operation.conversation,
        run=operation.run,
        tool=operation.names.tool,
        context=operation.context,
        additions=operation.additions,
    )
