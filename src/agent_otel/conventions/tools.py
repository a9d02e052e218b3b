"""Which spans are a tool's, and what the tool is called, by the words of the known dialects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from agent_otel.conventions import attributes as a
from agent_otel.conventions.content import content_kind
from agent_otel.conventions.content_keys import TOOL_ARGUMENTS, TOOL_RESULT

__all__ = ["SAYS_TOOL", "is_tool_name", "is_tool_span", "plain_word", "tool_names"]

# Lower-case keys by which dialects say what a span is, and what says that it is a tool's.
SAYS_TOOL: Final = {
    a.OPERATION_NAME: "execute_tool",
    "openinference.span.kind": "tool",
    "traceloop.span.kind": "tool",
    "langfuse.observation.type": "tool",
    "langsmith.span.kind": "tool",
    "mlflow.spantype": "tool",
    "ai.operationid": "ai.toolcall",
    "mcp.method.name": "tools/call",
}
_TOOL_NAMES: Final = frozenset(
    {a.TOOL_NAME, "tool.name", "tool_name", "ai.toolcall.name", "mcp.tool.name", "gcp.vertex.agent.tool_name"}
)
# Names of a tool on the spans of tools, and of something else on others.
_ENTITY_NAMES: Final = frozenset({"traceloop.entity.name", "langsmith.trace.name", "langfuse.observation.name"})
_TOOL_SPANS: Final = ("execute_tool ", "running tool: ", "running tool ", "ai.toolcall ", "tools/call ")
# Keys of tools' content that stand on spans of other kinds too.
_SHARED: Final = ("db.", "request", "response", "arguments")


def plain_word(value: Any) -> str:
    """Give a word as it is compared: lower case, without white space and the quotes of JSON; empty if it is no text."""
    if not isinstance(value, str):
        return ""
    return str.__str__(value).strip().strip('"').strip().lower()


def is_tool_name(span_name: str) -> bool:
    """Say whether a span is named after a tool."""
    return span_name.lower().startswith(_TOOL_SPANS)


def is_tool_span(attributes: Mapping[str, Any], span_name: str = "") -> bool:
    """Say whether a span is a tool's: it says so, names a tool, is named after one, or carries a call's content."""
    if is_tool_name(span_name):
        return True
    for key, value in attributes.items():
        name = key.lower()
        word = SAYS_TOOL.get(name)
        if name in _TOOL_NAMES or (word is not None and word == plain_word(value)):
            return True
        if content_kind(key) in (TOOL_ARGUMENTS, TOOL_RESULT) and not name.startswith(_SHARED):
            return True
    return False


def tool_names(attributes: Mapping[str, Any], span_name: str) -> list[str]:
    """Give every name that a tool's span may mean its tool by, in lower case.

    Args:
        attributes: Of the span.
        span_name: What dialects that have no attribute for it name by the tool, with or without a word before.
    """
    found = [plain_word(value) for key, value in attributes.items() if key.lower() in _TOOL_NAMES | _ENTITY_NAMES]
    name = plain_word(span_name)
    found.append(name)
    found.extend(name[len(start) :].strip() for start in _TOOL_SPANS if name.startswith(start))
    return [name for name in found if name]
