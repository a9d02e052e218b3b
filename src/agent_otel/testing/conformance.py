"""A received span in, the conformance rules that it violates out.

The rule ids are those of the conformance suite of the OpenTelemetry semantic conventions. The tables below are the
oracle's own, after the GenAI span conventions, and not taken from what projects spans: an oracle that shares
its table with the code that it judges finds nothing. Spans of the MCP conventions are not judged by these rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from agent_otel.conventions import attributes as a
from agent_otel.conventions import names as n
from agent_otel.testing.content_schema import breaks_content_schema
from agent_otel.testing.received import ReceivedSpan

__all__ = ["RULES", "check_span"]

_GENAI: Final = "gen_ai."
_CLIENT: Final = frozenset({"client"})
_INTERNAL: Final = frozenset({"internal"})
_EITHER: Final = _CLIENT | _INTERNAL


@frozen
class _Shape:
    """What the conventions say of the spans of one operation.

    ``target`` is the attribute that follows the operation in the span's name; None means that the conventions name
    one which this package has no constant for, so that any target passes; empty means that none follows.
    """

    kinds: frozenset[str]
    target: str | None = ""
    required: tuple[str, ...] = ()


_INFERENCE: Final = _Shape(_CLIENT, a.REQUEST_MODEL, (a.PROVIDER_NAME,))
_MEMORY: Final = _Shape(_EITHER)

_SHAPES: Final = {
    n.OP_CHAT: _INFERENCE,
    n.OP_GENERATE_CONTENT: _INFERENCE,
    n.OP_TEXT_COMPLETION: _INFERENCE,
    n.OP_EMBEDDINGS: _INFERENCE,
    n.OP_RETRIEVAL: _Shape(_CLIENT, None),
    "fetch_response": _Shape(_CLIENT, None),
    "create_agent": _Shape(_CLIENT, a.AGENT_NAME, (a.PROVIDER_NAME,)),
    n.OP_INVOKE_AGENT: _Shape(_EITHER, a.AGENT_NAME),
    "invoke_workflow": _Shape(_INTERNAL, None),
    "plan": _Shape(_INTERNAL, a.AGENT_NAME),
    n.OP_EXECUTE_TOOL: _Shape(_INTERNAL, a.TOOL_NAME, (a.TOOL_NAME,)),
    "create_memory_store": _MEMORY,
    "delete_memory_store": _MEMORY,
    n.OP_SEARCH_MEMORY: _MEMORY,
    "create_memory": _MEMORY,
    "update_memory": _MEMORY,
    "upsert_memory": _MEMORY,
    "delete_memory": _MEMORY,
}


def _claimed(span: ReceivedSpan) -> str | None:
    """Give the operation that a span claims to be: by its attribute, else by the first word of a GenAI span's name.

    None for a span that is named after its MCP method: it may say that it executes a tool, and is no GenAI span.
    """
    named = span.attributes.get(a.OPERATION_NAME)
    first = span.name.partition(" ")[0]
    if span.attributes.get(a.MCP_METHOD_NAME) == first:
        return None
    if named is not None:
        return str(named)
    return first if first in _SHAPES and any(key.startswith(_GENAI) for key in span.attributes) else None


def _shape(span: ReceivedSpan) -> _Shape | None:
    return _SHAPES.get(_claimed(span) or "")


def _is_name_wrong(span: ReceivedSpan) -> bool:
    operation, shape = _claimed(span), _shape(span)
    if operation is None or shape is None:
        return False
    if shape.target is None:
        return span.name.partition(" ")[0] != operation
    target = span.attributes.get(shape.target)
    return span.name != (f"{operation} {target}" if target else operation)


def _is_kind_wrong(span: ReceivedSpan) -> bool:
    shape = _shape(span)
    return shape is not None and span.kind not in shape.kinds


def _lacks_attribute(span: ReceivedSpan) -> bool:
    shape = _shape(span)
    if shape is None:
        return False
    required = (a.OPERATION_NAME, *shape.required)
    if _claimed(span) == n.OP_INVOKE_AGENT and span.kind in _CLIENT:
        required += (a.PROVIDER_NAME,)  # a remote agent is somebody's; one in this process is not
    return any(span.attributes.get(key) in (None, "") for key in required)


def _is_operation_unknown(span: ReceivedSpan) -> bool:
    operation = _claimed(span)
    return operation is not None and operation not in _SHAPES


def _is_error(span: ReceivedSpan) -> bool:
    return span.status_code == "error"


def _carriers(span: ReceivedSpan) -> Iterator[Mapping[str, Any]]:
    """Give everything of a span that can carry content."""
    yield span.attributes
    for event in span.events:
        yield event.attributes


_CHECKS: Final[dict[str, Callable[[ReceivedSpan], bool]]] = {
    "genai_span_name_format": _is_name_wrong,
    "genai_span_kind_unexpected": _is_kind_wrong,
    "genai_expected_attribute_missing": _lacks_attribute,
    "genai_operation_name_unknown": _is_operation_unknown,
    "genai_content_schema": lambda span: any(map(breaks_content_schema, _carriers(span))),
    "span_status_ok_set_by_instrumentation": lambda span: span.status_code == "ok",
    "error_type_missing_on_error": lambda span: _is_error(span) and a.ERROR_TYPE not in span.attributes,
    "error_type_without_error_status": lambda span: a.ERROR_TYPE in span.attributes and not _is_error(span),
}

RULES: Final = tuple(_CHECKS)


def _violated(span: ReceivedSpan) -> Iterator[str]:
    for rule, is_violated in _CHECKS.items():
        if is_violated(span):
            yield rule


def check_span(span: ReceivedSpan) -> list[str]:
    """Check a span against the conventions for GenAI spans and for errors.

    Args:
        span: A span as received. One that claims no GenAI operation is judged by its status alone.

    Returns:
        The ids of the violated rules, in the order of ``RULES``; empty if it conforms.
    """
    return list(_violated(span))
