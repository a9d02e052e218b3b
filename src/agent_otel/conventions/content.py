"""Which attributes hold content, in our dialect and in those of other instrumentations, and of which kind it is.

Kinds are the words of ``model.ContentKind``. Where a dialect uses one key for every span, the kind depends on whether
the span is a tool's: ``INPUT`` and ``OUTPUT`` stand for those.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from agent_otel.conventions import attributes as a

__all__ = [
    "CONTENT_ATTRIBUTES",
    "CONTENT_KEYS",
    "content_kind",
    "is_content_key",
    "is_message_content",
    "is_tool_span",
    "message_kind",
    "tool_name",
]

TOOL_ARGUMENTS: Final = "tool_arguments"
TOOL_RESULT: Final = "tool_result"
INPUT_MESSAGES: Final = "input_messages"
OUTPUT_MESSAGES: Final = "output_messages"
SYSTEM_INSTRUCTIONS: Final = "system_instructions"
ERROR_TEXT: Final = "error_text"
RETRIEVAL_QUERY: Final = "retrieval_query"
MEMORY_QUERY: Final = "memory_query"
INPUT: Final = "input"
OUTPUT: Final = "output"

# Where our own spans and log records carry content, by kind. Error text is the status description of a span.
CONTENT_ATTRIBUTES: Final = {
    TOOL_ARGUMENTS: a.TOOL_CALL_ARGUMENTS,
    TOOL_RESULT: a.TOOL_CALL_RESULT,
    INPUT_MESSAGES: a.INPUT_MESSAGES,
    OUTPUT_MESSAGES: a.OUTPUT_MESSAGES,
    SYSTEM_INSTRUCTIONS: a.SYSTEM_INSTRUCTIONS,
    RETRIEVAL_QUERY: a.RETRIEVAL_QUERY_TEXT,
    MEMORY_QUERY: a.MEMORY_QUERY_TEXT,
    ERROR_TEXT: a.EXCEPTION_MESSAGE,
}

# Lower-case keys: the GenAI conventions, old and new; OpenInference; OpenLLMetry; Langfuse; MLflow; Vercel; LangSmith;
# Logfire and Pydantic AI; MCP; databases.
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    TOOL_ARGUMENTS: (
        a.TOOL_CALL_ARGUMENTS,
        "tool.parameters",
        "tool_arguments",
        "mcp.tool.arguments",
        "mcp.request.argument",
        "ai.toolcall.args",
        "ai.toolcall.input",
        "db.query.text",
        "db.statement",
    ),
    TOOL_RESULT: (
        a.TOOL_CALL_RESULT,
        "tool_response",
        "mcp.tool.result",
        "mcp.response.value",
        "ai.toolcall.result",
        "ai.toolcall.output",
    ),
    INPUT_MESSAGES: (
        a.INPUT_MESSAGES,
        "gen_ai.prompt",
        "gen_ai.event.content",
        "gen_ai.tool.definitions",
        "gen_ai.tool.description",
        "all_messages",
        "all_messages_events",
        "events",
        "request_data",
        "pydantic_ai.all_messages",
        "model_request_parameters",
        "mlflow.chat.messages",
        "mlflow.chat.tools",
        "llm.prompt_template.template",
        "llm.prompt_template.variables",
        "llm.function_call",
        "embedding.text",
        "tool.description",
        "ai.value",
        "ai.values",
    ),
    OUTPUT_MESSAGES: (
        a.OUTPUT_MESSAGES,
        "gen_ai.completion",
        "gen_ai.evaluation.explanation",
        "response_data",
        "final_result",
        "ai.response.text",
        "ai.response.object",
        "ai.response.reasoning",
        "ai.response.toolcalls",
        "ai.response.files",
        "ai.result.text",
        "ai.result.object",
        "ai.result.toolcalls",
    ),
    SYSTEM_INSTRUCTIONS: (a.SYSTEM_INSTRUCTIONS, "system_prompt", "gen_ai.agent.instructions"),
    RETRIEVAL_QUERY: (a.RETRIEVAL_QUERY_TEXT, "gen_ai.retrieval.documents", "reranker.query", "retrieval.query"),
    MEMORY_QUERY: (a.MEMORY_QUERY_TEXT, "gen_ai.memory.records"),
    ERROR_TEXT: (
        a.EXCEPTION_MESSAGE,
        a.EXCEPTION_STACKTRACE,
        "error.message",
        "langfuse.observation.status_message",
        "otel.status_description",
    ),
    INPUT: ("input", "inputs", "input.value", "traceloop.entity.input", "mlflow.spaninputs", "mlflow.traceinputs"),
    OUTPUT: (
        "output",
        "outputs",
        "output.value",
        "traceloop.entity.output",
        "mlflow.spanoutputs",
        "mlflow.traceoutputs",
    ),
}
CONTENT_KEYS: Final = frozenset(key for keys in _KEYS.values() for key in keys)
_KIND_OF_KEY: Final = {key: kind for kind, keys in _KEYS.items() for key in keys}
# The same where a dialect flattens messages into keys of their own, such as llm.input_messages.0.message.content.
_PREFIXES: Final = (
    ("gen_ai.prompt.", INPUT_MESSAGES),
    ("gen_ai.completion.", OUTPUT_MESSAGES),
    (f"{a.INPUT_MESSAGES}.", INPUT_MESSAGES),
    (f"{a.OUTPUT_MESSAGES}.", OUTPUT_MESSAGES),
    (f"{a.TOOL_CALL_ARGUMENTS}.", TOOL_ARGUMENTS),
    (f"{a.TOOL_CALL_RESULT}.", TOOL_RESULT),
    ("mcp.request.argument.", TOOL_ARGUMENTS),
    ("db.query.parameter.", TOOL_ARGUMENTS),
    ("llm.prompts", INPUT_MESSAGES),
    ("llm.completions", OUTPUT_MESSAGES),
    ("llm.request.functions", INPUT_MESSAGES),
    ("llm.input_messages", INPUT_MESSAGES),
    ("llm.output_messages", OUTPUT_MESSAGES),
    ("llm.tools", INPUT_MESSAGES),
    ("embedding.embeddings", INPUT_MESSAGES),
    ("retrieval.documents", RETRIEVAL_QUERY),
    ("reranker.input_documents", RETRIEVAL_QUERY),
    ("reranker.output_documents", RETRIEVAL_QUERY),
    ("ai.prompt", INPUT_MESSAGES),
)
# Prefix of a dialect, and the endings of those of its keys that are content.
_ENDINGS: Final = (("langfuse.", "input", INPUT), ("langfuse.", "output", OUTPUT))
_OF_TOOLS: Final = {INPUT: TOOL_ARGUMENTS, OUTPUT: TOOL_RESULT}
_OF_OTHERS: Final = {INPUT: INPUT_MESSAGES, OUTPUT: OUTPUT_MESSAGES}
# Lower-case keys by which dialects say what a span is, and what says that it is a tool's.
_SAYS_TOOL: Final = {
    a.OPERATION_NAME: "execute_tool",
    "openinference.span.kind": "tool",
    "traceloop.span.kind": "tool",
    "langfuse.observation.type": "tool",
    "langsmith.span.kind": "tool",
    "mlflow.spantype": "tool",
    "ai.operationid": "ai.toolcall",
    "mcp.method.name": "tools/call",
}
_SAYS: Final = tuple(
    (spelling, word)
    for key, word in _SAYS_TOOL.items()
    for spelling in {key, key.replace("spantype", "spanType"), key.replace("operationid", "operationId")}
)

_TOOL_NAMES: Final = (a.TOOL_NAME, "tool.name", "ai.toolCall.name", "mcp.tool.name", "traceloop.entity.name")
_BEFORE_TOOL_NAMES: Final = ("execute_tool", "running", "ai.toolcall", "tools/call")

# Events that hold a message: gen_ai.user.message, gen_ai.choice.
_MESSAGE_EVENT: Final = ("gen_ai.", (".message", ".choice"))
_MESSAGE_KEYS: Final = frozenset({"content", "arguments", "tool_calls", "message", "body"})
_SYSTEM_EVENT: Final = "gen_ai.system.message"
_TOOL_EVENT: Final = "gen_ai.tool.message"
_ANSWERS: Final = (".assistant.message", ".choice")


@lru_cache(maxsize=8192)
def _kind(key: str) -> str | None:
    key = key.strip().lower()
    kind = _KIND_OF_KEY.get(key)
    if kind is None:
        kind = next((kind for start, kind in _PREFIXES if key.startswith(start)), None)
    if kind is None:
        kind = next((kind for start, end, kind in _ENDINGS if key.startswith(start) and key.endswith(end)), None)
    return kind


def content_kind(key: str, *, of_tool: bool = False) -> str | None:
    """Give the kind of content that an attribute holds; None if it holds none. Case does not matter.

    Args:
        key: Name of the attribute, in our dialect or in another.
        of_tool: Whether its span is a tool's, where the key alone does not tell.
    """
    kind = _kind(key)
    return kind if kind is None else (_OF_TOOLS if of_tool else _OF_OTHERS).get(kind, kind)


def is_content_key(key: str) -> bool:
    """Say whether the values of an attribute are content, in our dialect or in another; case does not matter."""
    return _kind(key) is not None


def is_tool_span(attributes: Mapping[str, Any]) -> bool:
    """Say whether a span is a tool's, by the words of the known dialects."""
    for key, word in _SAYS:
        said = attributes.get(key)
        if type(said) is str and said.lower() == word:
            return True
    return False


def tool_name(attributes: Mapping[str, Any], span_name: str) -> str:
    """Give the name of the tool that a tool's span is about, by the words of the known dialects.

    Args:
        attributes: Of the span.
        span_name: What dialects that have no attribute for it name by the tool, with or without a word before.
    """
    for key in _TOOL_NAMES:
        said = attributes.get(key)
        if type(said) is str and said:
            return said
    start, _, rest = span_name.partition(" ")
    return rest if start.lower() in _BEFORE_TOOL_NAMES and rest else span_name


def message_kind(event: str, key: str) -> str | None:
    """Give the kind of content of an event's attribute or body that is content because the event holds a message.

    Args:
        event: Name of the event.
        key: Name of the attribute; one that flattens a message (``message.content``) counts by its first part.
    """
    start, ends = _MESSAGE_EVENT
    event = event.strip().lower()
    if not (event.startswith(start) and event.endswith(ends)):
        return None
    if key.strip().lower().partition(".")[0] not in _MESSAGE_KEYS:
        return None
    if event == _SYSTEM_EVENT:
        return SYSTEM_INSTRUCTIONS
    if event == _TOOL_EVENT:
        return TOOL_RESULT
    return OUTPUT_MESSAGES if event.endswith(_ANSWERS) else INPUT_MESSAGES


def is_message_content(event: str, key: str) -> bool:
    """Say whether an attribute of an event is content because the event holds a message."""
    return message_kind(event, key) is not None
