"""Attribute names: the GenAI conventions as ``opentelemetry-util-genai`` 1.3 emits them, and our own namespace.

``opentelemetry.semconv`` marks its gen_ai constants as deprecated and lacks the newer ones, so they are kept here.
Nothing else in this package spells an attribute name.
"""

from __future__ import annotations

from typing import Final

# The revision that the gen_ai.* names mirror: github.com/open-telemetry/semantic-conventions-genai at this commit.
SEMCONV_REVISION: Final = "94f432d7126f"
SCHEMA_URL: Final = "https://opentelemetry.io/schemas/gen-ai/1.42.0"

OPERATION_NAME: Final = "gen_ai.operation.name"
PROVIDER_NAME: Final = "gen_ai.provider.name"
DATA_SOURCE_ID: Final = "gen_ai.data_source.id"
CONVERSATION_ID: Final = "gen_ai.conversation.id"
CONVERSATION_COMPACTED: Final = "gen_ai.conversation.compacted"
AGENT_NAME: Final = "gen_ai.agent.name"
HOSTED_AGENT_ID: Final = "gen_ai.agent.id"  # only for ids that the host keeps stable; others stand in AGENT_ID
AGENT_DESCRIPTION: Final = "gen_ai.agent.description"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_STREAM: Final = "gen_ai.request.stream"
RESPONSE_ID: Final = "gen_ai.response.id"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
RESPONSE_TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
USAGE_CACHE_READ_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
USAGE_CACHE_WRITE_TOKENS: Final = "gen_ai.usage.cache_write.input_tokens"
USAGE_REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105  an attribute name
TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_TYPE: Final = "gen_ai.tool.type"
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
TOOL_CALL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
TOOL_CALL_RESULT: Final = "gen_ai.tool.call.result"
INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
RETRIEVAL_QUERY_TEXT: Final = "gen_ai.retrieval.query.text"
MEMORY_QUERY_TEXT: Final = "gen_ai.memory.query.text"
ERROR_TYPE: Final = "error.type"
HTTP_RESPONSE_STATUS_CODE: Final = "http.response.status_code"
RPC_RESPONSE_STATUS_CODE: Final = "rpc.response.status_code"  # string; of JSON-RPC, where it is an error's
NETWORK_TRANSPORT: Final = "network.transport"
MCP_METHOD_NAME: Final = "mcp.method.name"
MCP_PROTOCOL_VERSION: Final = "mcp.protocol.version"
MCP_SESSION_ID: Final = "mcp.session.id"

EXCEPTION_TYPE: Final = "exception.type"
EXCEPTION_MESSAGE: Final = "exception.message"
EXCEPTION_STACKTRACE: Final = "exception.stacktrace"

# Our own. No gen_ai name is invented: what the conventions do not have stands here.
SOURCE: Final = "agent_otel.source"
OUTCOME: Final = "agent_otel.outcome"
ORPHAN_REASON: Final = "agent_otel.orphan.reason"
TOTAL_TOKENS: Final = "agent_otel.usage.total_tokens"
USAGE_INCOMPLETE: Final = "agent_otel.usage.incomplete"
COST_MICROS: Final = "agent_otel.cost.amount_micros"
COST_CURRENCY: Final = "agent_otel.cost.currency"
COST_RATE_TABLE: Final = "agent_otel.cost.rate_table_version"
COST_STATUS: Final = "agent_otel.cost.status"
RUN_ID: Final = "agent_otel.run.id"
TURN_ID: Final = "agent_otel.turn.id"
CHILD_RUN_ID: Final = "agent_otel.child_run.id"
AGENT_ID: Final = "agent_otel.agent.id"
PARENT_AGENT: Final = "agent_otel.parent_agent"
ATTEMPT: Final = "agent_otel.attempt"
REQUEST_ID: Final = "agent_otel.request.id"
TIME_IS_RECEIPT: Final = "agent_otel.time.is_receipt"
MODEL_CALLS: Final = "agent_otel.model_calls"
TOOL_CALLS: Final = "agent_otel.tool_calls"
SINK: Final = "agent_otel.sink"
SINK_FAILURE_KIND: Final = "agent_otel.sink.failure_kind"  # as agent-sdk-core names them
SINK_REASON: Final = "agent_otel.sink.reason"
SINK_KEPT: Final = "agent_otel.sink.terminal_preserved"
RECORD_ID: Final = "agent_otel.record.id"
STATE: Final = "agent_otel.state"
DELIVERY_CLASS: Final = "agent_otel.delivery_class"
MESSAGE_COUNT: Final = "agent_otel.message.count"
LOST_COUNT: Final = "agent_otel.lost.count"
LOSS_REASON: Final = "agent_otel.lost.reason"
CACHE_TYPE: Final = "agent_otel.cache.type"
CACHE_HIT: Final = "agent_otel.cache.hit"
CACHE_TOKENS_SAVED: Final = "agent_otel.cache.tokens_saved"
COMPONENT: Final = "agent_otel.component"
SUBJECT: Final = "agent_otel.subject"
TRIGGER: Final = "agent_otel.trigger"
DROPPED_MESSAGES: Final = "agent_otel.history.dropped_messages"
KEPT_TURNS: Final = "agent_otel.history.kept_turns"
PRE_TOKENS: Final = "agent_otel.history.tokens_before"
CHUNKS: Final = "agent_otel.chunks"
VALUE: Final = "agent_otel.value"
CHANNEL: Final = "agent_otel.channel"
DIRECTION: Final = "agent_otel.direction"
BACKEND: Final = "agent_otel.backend"
CATEGORY: Final = "agent_otel.category"
ITEM_COUNT: Final = "agent_otel.items"
DECISION: Final = "agent_otel.decision"
DEPLOYMENT_ID: Final = "agent_otel.deployment.id"
CONTENT_MODE: Final = "agent_otel.content.mode"  # string; of the widest content where kinds differ
CONTENT_DENIED_BY: Final = "agent_otel.content.denied_by"  # strings: gates that kept content from leaving raw
CONTENT_REDACTED: Final = "agent_otel.content.redacted"  # how many secrets were hidden
CONTENT_REDACTED_BY: Final = "agent_otel.content.redacted_by"  # strings "detector=count"
CONTENT_STUB: Final = "agent_otel.content.stub"  # true: the policy failed, and this stands for the span
DROPPED_PREFIX: Final = "agent_otel.dropped."  # integers: <kind>.<sink>.<reason>
SUPERSEDES: Final = "agent_otel.supersedes"  # on a link: true, to the span that told this run as interrupted
CONTENT_FACTS_PREFIX: Final = "agent_otel.content."

# Every name above, without prefixes.
ALL: Final = frozenset(
    value for name, value in list(globals().items()) if name.isupper() and type(value) is str and "." in value
) - {SCHEMA_URL, CONTENT_FACTS_PREFIX, DROPPED_PREFIX}
