"""Metric instruments: name, kind, unit, description, buckets. GenAI names as ``opentelemetry-util-genai`` 1.3."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = [
    "BRIDGE_HANDOVER",
    "BRIDGE_RECORDS",
    "CACHE_EVENTS",
    "CACHE_TOKENS_SAVED",
    "CLIENT_OPERATION_DURATION",
    "CLIENT_TIME_TO_FIRST_CHUNK",
    "CLIENT_TOKEN_USAGE",
    "COST",
    "DEPLOYMENTS",
    "DEPLOYMENT_DURATION",
    "DEPLOYMENT_LEAD_TIME",
    "DEPLOYMENT_RECOVERY",
    "EXECUTE_TOOL_DURATION",
    "FORWARD_REQUESTS",
    "HEARTBEATS",
    "INSTRUMENTS",
    "INVOKE_AGENT_DURATION",
    "INVOKE_AGENT_INFERENCE_CALLS",
    "INVOKE_AGENT_TOOL_CALLS",
    "MCP_CLIENT_OPERATION_DURATION",
    "MESSAGES",
    "ORPHANS",
    "RUNS",
    "SESSIONS",
    "SINK_FAILURES",
    "SINK_ITEMS",
    "SINK_LAST_ACKNOWLEDGEMENT",
    "SINK_LOST",
    "SINK_OLDEST_AGE",
    "SINK_QUEUE_BYTES",
    "SINK_RECOVERIES",
    "SOURCE_ERRORS",
    "SOURCE_LOSSES",
    "SOURCE_MEASUREMENTS",
    "SOURCE_QUEUE_DEPTH",
    "SOURCE_REQUEST_DURATION",
    "SOURCE_SESSIONS_ACTIVE",
    "SOURCE_TOKENS",
    "SPOOL_BYTES",
    "SPOOL_ITEMS",
    "Instrument",
]

_DURATION = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_LONG_DURATION = (1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_AGENT_DURATION = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6)
_MCP_DURATION = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
_TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
_CALLS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Instrument(NamedTuple):
    """A metric instrument.

    ``kind`` is counter, histogram, latest (a gauge that is set) or gauge (one that is observed); ``buckets`` are upper
    bounds.
    """

    name: str
    kind: str
    unit: str
    description: str
    buckets: tuple[float, ...] = ()


CLIENT_OPERATION_DURATION: Final = "gen_ai.client.operation.duration"
CLIENT_TIME_TO_FIRST_CHUNK: Final = "gen_ai.client.operation.time_to_first_chunk"
CLIENT_TOKEN_USAGE: Final = "gen_ai.client.token.usage"  # noqa: S105  a metric name
EXECUTE_TOOL_DURATION: Final = "gen_ai.execute_tool.duration"
INVOKE_AGENT_DURATION: Final = "gen_ai.invoke_agent.duration"
INVOKE_AGENT_INFERENCE_CALLS: Final = "gen_ai.invoke_agent.inference_calls"
INVOKE_AGENT_TOOL_CALLS: Final = "gen_ai.invoke_agent.tool_calls"
MCP_CLIENT_OPERATION_DURATION: Final = "mcp.client.operation.duration"
RUNS: Final = "agent_otel.runs"
SESSIONS: Final = "agent_otel.sessions"
FORWARD_REQUESTS: Final = "agent_otel.forward.requests"
CACHE_EVENTS: Final = "agent_otel.cache.events"
CACHE_TOKENS_SAVED: Final = "agent_otel.cache.tokens_saved"
MESSAGES: Final = "agent_otel.messages"
SOURCE_LOSSES: Final = "agent_otel.source.losses"
SOURCE_ERRORS: Final = "agent_otel.source.errors"
ORPHANS: Final = "agent_otel.orphans"
COST: Final = "agent_otel.cost"
HEARTBEATS: Final = "agent_otel.source.heartbeats"
DEPLOYMENTS: Final = "agent_otel.deployments"
DEPLOYMENT_DURATION: Final = "agent_otel.deployment.duration"
DEPLOYMENT_LEAD_TIME: Final = "agent_otel.deployment.lead_time"
DEPLOYMENT_RECOVERY: Final = "agent_otel.deployment.recovery.duration"
SOURCE_REQUEST_DURATION: Final = "agent_otel.source.request.duration"
SOURCE_TOKENS: Final = "agent_otel.source.tokens"
SOURCE_SESSIONS_ACTIVE: Final = "agent_otel.source.sessions.active"
SOURCE_QUEUE_DEPTH: Final = "agent_otel.source.queue_depth"
BRIDGE_RECORDS: Final = "agent_otel.bridge.records"
BRIDGE_HANDOVER: Final = "agent_otel.bridge.handover"
SINK_ITEMS: Final = "agent_otel.sink.items"
SINK_LOST: Final = "agent_otel.sink.lost"
SINK_FAILURES: Final = "agent_otel.sink.failures"
SINK_RECOVERIES: Final = "agent_otel.sink.recoveries"
SINK_QUEUE_BYTES: Final = "agent_otel.sink.queue.size"
SINK_OLDEST_AGE: Final = "agent_otel.sink.queue.age"
SINK_LAST_ACKNOWLEDGEMENT: Final = "agent_otel.sink.last_acknowledgement.age"
SPOOL_ITEMS: Final = "agent_otel.spool.items"
SPOOL_BYTES: Final = "agent_otel.spool.size"

INSTRUMENTS: Final = {
    instrument.name: instrument
    for instrument in (
        Instrument(CLIENT_OPERATION_DURATION, "histogram", "s", "Duration of a model call.", _DURATION),
        Instrument(CLIENT_TIME_TO_FIRST_CHUNK, "histogram", "s", "Time to the first chunk of a response.", _DURATION),
        Instrument(CLIENT_TOKEN_USAGE, "histogram", "{token}", "Tokens used by a model call.", _TOKENS),
        Instrument(EXECUTE_TOOL_DURATION, "histogram", "s", "Duration of a tool call.", _DURATION),
        Instrument(INVOKE_AGENT_DURATION, "histogram", "s", "Duration of an agent run.", _AGENT_DURATION),
        Instrument(
            INVOKE_AGENT_INFERENCE_CALLS, "histogram", "{inference_call}", "Model calls of an agent run.", _CALLS
        ),
        Instrument(INVOKE_AGENT_TOOL_CALLS, "histogram", "{tool_call}", "Tool calls of an agent run.", _CALLS),
        Instrument(MCP_CLIENT_OPERATION_DURATION, "histogram", "s", "Duration of a request over MCP.", _MCP_DURATION),
        Instrument(RUNS, "counter", "{run}", "Agent runs that ended, by outcome."),
        Instrument(SESSIONS, "counter", "{session}", "Sessions that started or ended, by state."),
        Instrument(FORWARD_REQUESTS, "counter", "{request}", "Requests forwarded to a provider, by outcome."),
        Instrument(CACHE_EVENTS, "counter", "{lookup}", "Cache lookups, by type and result."),
        Instrument(CACHE_TOKENS_SAVED, "counter", "{token}", "Tokens that cache hits saved."),
        Instrument(MESSAGES, "counter", "{message}", "Messages that agents exchanged over channels."),
        Instrument(SOURCE_LOSSES, "counter", "{event}", "Events that the source itself says it lost, by reason class."),
        Instrument(SOURCE_ERRORS, "counter", "{error}", "Errors that the source reports outside any run."),
        Instrument(ORPHANS, "counter", "{operation}", "Operations closed without their end, by kind and reason."),
        Instrument(COST, "counter", "{micro}", "Cost in millionths of the currency unit, by currency and status."),
        Instrument(HEARTBEATS, "counter", "{heartbeat}", "Heartbeats of the source."),
        Instrument(DEPLOYMENTS, "counter", "{deployment}", "Deployments that ended, by outcome."),
        Instrument(DEPLOYMENT_DURATION, "histogram", "s", "Duration of a deployment.", _LONG_DURATION),
        Instrument(DEPLOYMENT_LEAD_TIME, "histogram", "s", "Time from a change to its deployment.", _LONG_DURATION),
        Instrument(DEPLOYMENT_RECOVERY, "histogram", "s", "Time to recover from a failed deployment.", _LONG_DURATION),
        Instrument(SOURCE_REQUEST_DURATION, "histogram", "s", "Duration of requests to the source itself.", _DURATION),
        Instrument(SOURCE_TOKENS, "latest", "{token}", "Tokens that the source last said to have used."),
        Instrument(SOURCE_SESSIONS_ACTIVE, "latest", "{session}", "Sessions that the source says are active."),
        Instrument(SOURCE_QUEUE_DEPTH, "latest", "{item}", "Length of the source's own queue."),
        Instrument(BRIDGE_RECORDS, "gauge", "{record}", "Records of this process, by what became of them."),
        Instrument(BRIDGE_HANDOVER, "gauge", "{event}", "Events of the hand-over queue, by what became of them."),
        Instrument(SINK_ITEMS, "gauge", "{item}", "Spans and log records of a sink, by what became of them."),
        Instrument(SINK_LOST, "gauge", "{item}", "What a sink refused or had no room for, by class and reason."),
        Instrument(SINK_FAILURES, "gauge", "{failure}", "How often a sink began to fail."),
        Instrument(SINK_RECOVERIES, "gauge", "{recovery}", "How often a sink was well again."),
        Instrument(SINK_QUEUE_BYTES, "gauge", "By", "What waits in memory for a sink."),
        Instrument(SINK_OLDEST_AGE, "gauge", "s", "Age of the oldest item that waits in memory for a sink."),
        Instrument(SINK_LAST_ACKNOWLEDGEMENT, "gauge", "s", "Time since a sink last took something."),
        Instrument(SPOOL_ITEMS, "gauge", "{item}", "What this process has on disk."),
        Instrument(SPOOL_BYTES, "gauge", "By", "What this process has on disk."),
    )
}

# What sources measure themselves, by the name that decoders give it.
SOURCE_MEASUREMENTS: Final = {
    "request_latency": SOURCE_REQUEST_DURATION,
    "tokens_used": SOURCE_TOKENS,
    "active_sessions": SOURCE_SESSIONS_ACTIVE,
    "queue_depth": SOURCE_QUEUE_DEPTH,
    "deployment_lead_time": DEPLOYMENT_LEAD_TIME,
    "recovery_time": DEPLOYMENT_RECOVERY,
}
