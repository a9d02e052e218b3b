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
    "EXECUTE_TOOL_DURATION",
    "FORWARD_REQUESTS",
    "INSTRUMENTS",
    "INVOKE_AGENT_DURATION",
    "INVOKE_AGENT_INFERENCE_CALLS",
    "INVOKE_AGENT_TOOL_CALLS",
    "MESSAGES",
    "ORPHANS",
    "RUNS",
    "SESSIONS",
    "SINK_ITEMS",
    "SOURCE_ERRORS",
    "SOURCE_LOSSES",
    "Instrument",
]

_DURATION = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_AGENT_DURATION = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6)
_TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
_CALLS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Instrument(NamedTuple):
    """A metric instrument; ``kind`` is counter, histogram or (observed) gauge; ``buckets`` are upper bounds."""

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
BRIDGE_RECORDS: Final = "agent_otel.bridge.records"
BRIDGE_HANDOVER: Final = "agent_otel.bridge.handover"
SINK_ITEMS: Final = "agent_otel.sink.items"

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
        Instrument(BRIDGE_RECORDS, "gauge", "{record}", "Records of this process, by what became of them."),
        Instrument(BRIDGE_HANDOVER, "gauge", "{event}", "Events of the hand-over queue, by what became of them."),
        Instrument(SINK_ITEMS, "gauge", "{item}", "Spans and log records of a sink, by what became of them."),
    )
}
