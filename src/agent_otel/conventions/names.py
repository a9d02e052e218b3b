"""Names of operations, spans, log events and span events, and the values of closed attribute sets."""

from __future__ import annotations

from typing import Final

__all__ = [
    "EVENT_DETAILS",
    "EVENT_INFERENCE_DETAILS",
    "EVENT_LOST",
    "EVENT_NAMES",
    "EVENT_SINK_FAILED",
    "EVENT_SINK_RECOVERED",
    "FORWARD_OPERATIONS",
    "HOSTED_AGENT_SYSTEMS",
    "KNOWN_PROVIDERS",
    "MARK_OTHER",
    "MARK_WORDS",
    "MCP_SDK_SCOPE",
    "MCP_TOOLS_CALL",
    "MEMORY_OPERATIONS",
    "OP_CHAT",
    "OP_EMBEDDINGS",
    "OP_EXECUTE_TOOL",
    "OP_GENERATE_CONTENT",
    "OP_INVOKE_AGENT",
    "OP_RETRIEVAL",
    "OP_SEARCH_MEMORY",
    "OP_TEXT_COMPLETION",
    "SCOPE_NAME",
    "SPAN_CONVERSATION",
    "SPAN_DEPLOYMENT",
    "TOKEN_INPUT",
    "TOKEN_OUTPUT",
]

SCOPE_NAME: Final = "agent_otel"

OP_CHAT: Final = "chat"
OP_TEXT_COMPLETION: Final = "text_completion"
OP_EMBEDDINGS: Final = "embeddings"
OP_GENERATE_CONTENT: Final = "generate_content"
OP_INVOKE_AGENT: Final = "invoke_agent"
OP_EXECUTE_TOOL: Final = "execute_tool"
OP_RETRIEVAL: Final = "retrieval"
OP_SEARCH_MEMORY: Final = "search_memory"
MCP_TOOLS_CALL: Final = "tools/call"  # mcp.method.name, and the first word of a request's span
MCP_SDK_SCOPE: Final = "mcp-python-sdk"  # instrumentation scope of the official SDK, from its version 2 on
MEMORY_OPERATIONS: Final = frozenset(
    {
        OP_SEARCH_MEMORY,
        "create_memory",
        "update_memory",
        "upsert_memory",
        "delete_memory",
        "create_memory_store",
        "delete_memory_store",
    }
)

# Source systems whose contract gives runs a provider and agents a stable id (agent-sdk-core's OpenTelemetry mapping).
HOSTED_AGENT_SYSTEMS: Final = frozenset({"agent-sdk"})

SPAN_CONVERSATION: Final = "conversation"  # no gen_ai operation exists for a whole conversation
SPAN_DEPLOYMENT: Final = "deployment"

TOKEN_INPUT: Final = "input"  # noqa: S105  a kind of token
TOKEN_OUTPUT: Final = "output"  # noqa: S105  as above

# gen_ai.provider.name, from the words that sources use.
KNOWN_PROVIDERS: Final = {
    "openai": "openai",
    "anthropic": "anthropic",
    "bedrock": "aws.bedrock",
    "amazon_bedrock": "aws.bedrock",
    "aws.bedrock": "aws.bedrock",
    "azure": "azure.ai.openai",
    "azure_openai": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "azure.ai.openai": "azure.ai.openai",
    "azure.ai.inference": "azure.ai.inference",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "gemini": "gcp.gemini",
    "google": "gcp.gen_ai",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "google-gla": "gcp.gemini",
    "google-vertex": "gcp.vertex_ai",
    "gcp.gemini": "gcp.gemini",
    "gcp.gen_ai": "gcp.gen_ai",
    "gcp.vertex_ai": "gcp.vertex_ai",
    "vertex": "gcp.vertex_ai",
    "groq": "groq",
    "ibm.watsonx.ai": "ibm.watsonx.ai",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "mistral_ai": "mistral_ai",
    "moonshot": "moonshot_ai",
    "moonshotai": "moonshot_ai",
    "moonshot_ai": "moonshot_ai",
    "perplexity": "perplexity",
    "xai": "x_ai",
    "x_ai": "x_ai",
}

# gen_ai.operation.name of a forwarded request, by the endpoint's name behind the provider's.
FORWARD_OPERATIONS: Final = {
    "chat_completions": OP_CHAT,
    "messages": OP_CHAT,
    "responses": OP_CHAT,
    "chat": OP_CHAT,
    "completions": OP_TEXT_COMPLETION,
    "text_completion": OP_TEXT_COMPLETION,
    "embeddings": OP_EMBEDDINGS,
    "generate_content": OP_GENERATE_CONTENT,
    "stream_generate_content": OP_GENERATE_CONTENT,
}

# Log record event names, by event kind and phase ("kind.phase").
EVENT_NAMES: Final = {
    "session.start": "agent_otel.session.start",
    "session.end": "agent_otel.session.end",
    "message.point": "agent_otel.message",
    "health.point": "agent_otel.source.health",
    "history.point": "agent_otel.history",
    "cache.point": "agent_otel.cache",
    "error.point": "agent_otel.error",
    "progress.point": "agent_otel.progress",
    "usage.point": "agent_otel.usage",
    "cost.point": "agent_otel.cost",
    "turn.start": "agent_otel.turn",
    "turn.end": "agent_otel.turn",
    "turn.point": "agent_otel.turn",
    "measurement.point": "agent_otel.measurement",
    "session.point": "agent_otel.session",
    "other.point": "agent_otel.other",
}

# Records that carry the content of calls, where spans do not or not alone.
EVENT_INFERENCE_DETAILS: Final = "gen_ai.client.inference.operation.details"
EVENT_DETAILS: Final = "agent_otel.operation.details"

# Records about delivery itself.
EVENT_SINK_FAILED: Final = "agent_otel.sink_failed"
EVENT_SINK_RECOVERED: Final = "agent_otel.sink_recovered"
EVENT_LOST: Final = "agent_otel.lost"

# What happens inside a span: words that give a span event its name, "agent_otel.{word}".
MARK_WORDS: Final = frozenset(
    {
        "agent_pool",
        "approval",
        "bash",
        "budget",
        "child_lifecycle",
        "chunks",
        "clarification",
        "compaction",
        "config",
        "context",
        "evaluation",
        "extension",
        "goal",
        "heartbeat",
        "hook",
        "interrupted",
        "isolation",
        "message",
        "model_request",
        "notification",
        "output",
        "output_delivery",
        "permission_denied",
        "permission",
        "plan",
        "progress",
        "project",
        "realtime",
        "reasoning",
        "recovery",
        "retry",
        "run",
        "stream_rule",
        "structured_output",
        "sub_agent",
        "task",
        "telemetry",
        "tool",
        "turn",
        "workflow",
    }
)
MARK_OTHER: Final = "agent_otel.mark"
