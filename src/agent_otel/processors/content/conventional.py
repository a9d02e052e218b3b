"""Spans of instrumentations that have words of their own, in those of the conventions.

It comes before the content policy, so that content is known as such whatever it was called.
"""

from __future__ import annotations

import json
from typing import Any, Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from agent_otel.conventions import attributes as a
from agent_otel.conventions import names as n
from agent_otel.conventions.content_keys import OUTPUT_MESSAGES
from agent_otel.conventions.dialects import DIALECTS, TARGETS, Dialect
from agent_otel.conventions.messages import as_conventional

__all__ = ["conventional"]

_OTHER: Final = "_OTHER"  # semantic conventions: the value for what is outside a bounded set


def conventional(span: ReadableSpan) -> dict[str, Any]:
    """Give the fields of ``ReadableSpan`` that differ in the words of the conventions; empty if none does.

    Args:
        span: Whoever made it.
    """
    scope = span.instrumentation_scope
    dialect = DIALECTS.get(scope.name) if scope is not None else None
    if dialect is None:
        return {}
    given = dict(span.attributes or {})
    operation = dialect.operations.get(span.name) or given.get(a.OPERATION_NAME) or _first_word(span.name)
    attributes = _attributes(dialect, given, operation)
    if span.status.status_code is StatusCode.ERROR and a.ERROR_TYPE not in attributes:
        attributes[a.ERROR_TYPE] = _error_type(span)
    changed: dict[str, Any] = {"attributes": attributes}
    target = attributes.get(TARGETS.get(str(operation), ""))
    if span.name in dialect.operations:
        changed["name"] = f"{operation} {target}" if target else operation
    if operation == n.OP_CHAT:
        changed["kind"] = SpanKind.CLIENT
    return changed


def _attributes(dialect: Dialect, given: dict[str, Any], operation: Any) -> dict[str, Any]:
    """Rename, and add what the name alone said."""
    is_run = operation == n.OP_INVOKE_AGENT
    attributes = {key: value for key, value in given.items() if key not in dialect.renamed}
    for key, name in dialect.renamed.items():
        if key in given:
            attributes.setdefault(name, given[key])
    if is_run:
        attributes = {dialect.of_runs.get(key, key): value for key, value in attributes.items()}
        if dialect.answer in attributes:
            attributes.setdefault(a.OUTPUT_MESSAGES, _answer(attributes.pop(dialect.answer)))
    if isinstance(operation, str):
        attributes[a.OPERATION_NAME] = operation
    provider = attributes.get(a.PROVIDER_NAME)
    if isinstance(provider, str):
        attributes[a.PROVIDER_NAME] = n.KNOWN_PROVIDERS.get(provider, provider)
    return {a.SOURCE: dialect.source, **attributes}


def _first_word(name: str) -> str | None:
    """Give the operation that a span is named by."""
    word = name.partition(" ")[0]
    return word if word in TARGETS else None


def _answer(value: Any) -> str:
    return json.dumps(as_conventional(OUTPUT_MESSAGES, value), ensure_ascii=False)


def _error_type(span: ReadableSpan) -> Any:
    """Give the type of the exception that was recorded last."""
    found = (event.attributes.get(a.EXCEPTION_TYPE) for event in reversed(span.events) if event.attributes)
    return next((kind for kind in found if kind), _OTHER)
