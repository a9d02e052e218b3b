"""Keys that hold content, dialect by dialect, and the kind of content that each holds. Lower case throughout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agent_otel.conventions import attributes as a

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


# The GenAI conventions, old and new; OpenInference; OpenLLMetry; Langfuse; MLflow; Vercel; LangSmith; Logfire and
# Pydantic AI; MCP; Google ADK; coding agents; databases and HTTP.
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    TOOL_ARGUMENTS: (
        a.TOOL_CALL_ARGUMENTS,
        "gen_ai.tool.input",
        "tool.parameters",
        "tool_arguments",
        "tool_input",
        "tool_call.function.arguments",
        "arguments",
        "mcp.tool.arguments",
        "mcp.request.argument",
        "request",
        "ai.toolcall.args",
        "ai.toolcall.input",
        "gcp.vertex.agent.tool_call_args",
        "db.query.text",
        "db.statement",
        "db.query.embeddings.vector",
    ),
    TOOL_RESULT: (
        a.TOOL_CALL_RESULT,
        "gen_ai.tool.output",
        "tool_response",
        "tool_output",
        "tool.result",
        "mcp.tool.result",
        "mcp.response.value",
        "response",
        "ai.toolcall.result",
        "ai.toolcall.output",
        "gcp.vertex.agent.tool_response",
        "db.query.result",
        "db.query.result.document",
        "db.query.result.metadata",
    ),
    INPUT_MESSAGES: (
        a.INPUT_MESSAGES,
        "gen_ai.prompt",
        "gen_ai.content.prompt",
        "gen_ai.event.content",
        "gen_ai.tool.definitions",
        "gen_ai.tool.description",
        "prompt",
        "all_messages",
        "all_messages_events",
        "message.content",
        "events",
        "request_data",
        "pydantic_ai.all_messages",
        "model_request_parameters",
        "gcp.vertex.agent.llm_request",
        "mlflow.chat.messages",
        "mlflow.chat.tools",
        "llm.prompt_template.template",
        "llm.prompt_template.variables",
        "llm.invocation_parameters",
        "llm.function_call",
        "traceloop.prompt.template",
        "traceloop.prompt.template_variables",
        "embedding.text",
        "input.images",
        "tool.description",
        "tool.json_schema",
        "ai.value",
        "ai.values",
        "ai.schema",
        "ai.documents",
        "ai.embedding",
        "ai.embeddings",
        "http.request.body",
        "http.request.body.content",
        "http.request.body.text",
    ),
    OUTPUT_MESSAGES: (
        a.OUTPUT_MESSAGES,
        "gen_ai.completion",
        "gen_ai.content.completion",
        "gen_ai.evaluation.explanation",
        "completion",
        "expected_output",
        "response_data",
        "final_result",
        "output.images",
        "gcp.vertex.agent.llm_response",
        "ai.response.text",
        "ai.response.object",
        "ai.response.reasoning",
        "ai.response.toolcalls",
        "ai.response.files",
        "ai.response.providermetadata",
        "ai.result.text",
        "ai.result.object",
        "ai.result.toolcalls",
        "http.response.body",
        "http.response.body.content",
        "http.response.body.text",
    ),
    SYSTEM_INSTRUCTIONS: (a.SYSTEM_INSTRUCTIONS, "system_prompt", "gen_ai.agent.instructions"),
    RETRIEVAL_QUERY: (
        a.RETRIEVAL_QUERY_TEXT,
        "gen_ai.retrieval.documents",
        "reranker.query",
        "retrieval.query",
        "document.content",
    ),
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

# Beginnings of keys into which a dialect spreads a structure, such as llm.input_messages.0.message.content.
PREFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    TOOL_ARGUMENTS: (f"{a.TOOL_CALL_ARGUMENTS}.", "mcp.request.argument.", "db.query.parameter."),
    TOOL_RESULT: (f"{a.TOOL_CALL_RESULT}.", "db.query.result."),
    INPUT_MESSAGES: (
        f"{a.INPUT_MESSAGES}.",
        "gen_ai.prompt.",
        "llm.prompts.",
        "llm.request.functions.",
        "llm.input_messages.",
        "llm.tools.",
        "llm.prompt_template.variables.",
        "llm.openai.messages",
        "traceloop.prompt.template_variables.",
        "embedding.embeddings.",
        "ai.prompt",
        "ai.schema.",
        "haystack.component.input",
        "haystack.pipeline.input_data",
        "genkit:input",
        "crewai.task.description",
    ),
    OUTPUT_MESSAGES: (
        f"{a.OUTPUT_MESSAGES}.",
        "gen_ai.completion.",
        "llm.choices.",
        "llm.completions.",
        "llm.output_messages.",
        "haystack.component.output",
        "haystack.pipeline.output_data",
        "genkit:output",
        "crewai.task.output",
        "crewai.crew.result",
    ),
    RETRIEVAL_QUERY: ("retrieval.documents.", "reranker.input_documents.", "reranker.output_documents."),
}
# Ids that stand among them.
NO_CONTENT: Final = frozenset({"gen_ai.prompt.name", "gen_ai.prompt.version", "ai.prompt.format", "llm.prompts_count"})
# Prefix of a dialect, and the endings of those of its keys that are content.
ENDINGS: Final = (
    ("langfuse.", "input", INPUT),
    ("langfuse.", "output", OUTPUT),
    ("db.query.result", ".document", TOOL_RESULT),
)
