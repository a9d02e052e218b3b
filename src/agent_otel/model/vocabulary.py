"""The closed vocabularies of the event model: kinds, phases, outcomes, content kinds, facts.

Small on purpose. What a source system says beyond them travels as lineage, under the source's own namespace.
"""

from __future__ import annotations

from enum import Enum

__all__ = ["ContentKind", "CostStatus", "EventKind", "Fact", "Outcome", "Phase", "outcome_of_status"]


class _Word(Enum):
    """An enum whose members hash by identity, in C: they are dictionary keys on the hot path."""

    __hash__ = object.__hash__


class EventKind(_Word):
    """What an event is about."""

    AGENT = "agent"  # a run: one invocation of an agent
    TURN = "turn"
    MODEL = "model"
    TOOL = "tool"
    FORWARD = "forward"  # a request passed on to a provider on behalf of a client
    RETRIEVAL = "retrieval"
    MEMORY = "memory"
    MESSAGE = "message"
    CACHE = "cache"
    PROGRESS = "progress"
    USAGE = "usage"
    COST = "cost"
    ERROR = "error"
    DEPLOYMENT = "deployment"
    SESSION = "session"
    HEALTH = "health"
    HISTORY = "history"
    MEASUREMENT = "measurement"  # a number that the source measured: its name is the subject, Fact.VALUE the number
    OTHER = "other"


class Phase(_Word):
    """Where in its life the subject of an event stands."""

    START = "start"
    END = "end"
    POINT = "point"  # neither: something that happened at one instant


class Outcome(_Word):
    """How a piece of work ended. OpenTelemetry has no names for most of these."""

    UNSET = "unset"
    OK = "ok"
    ERROR = "error"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    DENIED = "denied"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"


class ContentKind(_Word):
    """Which surface a piece of content belongs to. The content policy gates each on its own."""

    TOOL_ARGUMENTS = "tool_arguments"
    TOOL_RESULT = "tool_result"
    INPUT_MESSAGES = "input_messages"
    OUTPUT_MESSAGES = "output_messages"
    SYSTEM_INSTRUCTIONS = "system_instructions"
    ERROR_TEXT = "error_text"
    RETRIEVAL_QUERY = "retrieval_query"
    MEMORY_QUERY = "memory_query"


class CostStatus(_Word):
    """How sure a cost is (agent-sdk-core ``estimate_status``)."""

    ESTIMATED = "estimated"
    PROVIDER_REPORTED = "provider_reported"
    CORRECTED = "corrected"


class Fact(_Word):
    """A bounded fact about an event that has a name of its own in ``conventions``."""

    HTTP_STATUS_CODE = "http_status_code"
    STREAM = "stream"
    MESSAGE_COUNT = "message_count"
    LOST_COUNT = "lost_count"
    LOSS_REASON = "loss_reason"
    TOKENS_SAVED = "tokens_saved"
    CACHE_TYPE = "cache_type"
    CACHE_HIT = "cache_hit"
    COMPONENT = "component"
    STATE = "state"  # health state or session status, from a bounded set
    RESPONSE_ID = "response_id"
    FINISH_REASON = "finish_reason"
    RETRY_ATTEMPT = "retry_attempt"
    TIME_TO_FIRST_CHUNK = "time_to_first_chunk"  # seconds, float
    COMPACTED = "compacted"
    USAGE_INCOMPLETE = "usage_incomplete"
    TRIGGER = "trigger"
    DROPPED_MESSAGES = "dropped_messages"
    KEPT_TURNS = "kept_turns"
    PRE_TOKENS = "pre_tokens"
    CHUNKS = "chunks"  # parts of a stream that this event stands for; such events add up to one
    VALUE = "value"
    CHANNEL = "channel"
    DIRECTION = "direction"
    BACKEND = "backend"
    CATEGORY = "category"
    ITEM_COUNT = "item_count"
    DECISION = "decision"
    MCP_METHOD = "mcp_method"  # a tool that is called over MCP: the method of the request
    MCP_PROTOCOL_VERSION = "mcp_protocol_version"
    MCP_SESSION = "mcp_session"
    TRANSPORT = "transport"  # of the network, from a bounded set
    RPC_STATUS_CODE = "rpc_status_code"  # text


_STATUS_WORDS: dict[str, Outcome] = {
    word: outcome
    for outcome, words in {
        Outcome.OK: "ok success succeeded successful completed complete done finished",
        Outcome.ERROR: "error failed failure errored fatal crashed",
        Outcome.CANCELLED: "cancelled canceled aborted abort stopped killed",
        Outcome.TIMED_OUT: "timeout timed_out timedout deadline_exceeded",
        Outcome.DENIED: "denied rejected refused forbidden blocked",
        Outcome.PAUSED: "paused awaiting_response awaiting waiting suspended idle",
        Outcome.INTERRUPTED: "interrupted orphaned",
        Outcome.UNSET: "running pending started in_progress queued",
        Outcome.UNKNOWN: "unknown",
    }.items()
    for word in words.split()
}


def outcome_of_status(word: str) -> tuple[Outcome, bool]:
    """Map a status word of any source to an outcome.

    Sources document fewer words than they write, and other ones (Bamboo writes ``awaiting_response`` and documents
    ``failed``), so more are known here than any of them names.

    Args:
        word: The status as the source wrote it; case, ``-`` and blanks do not matter.

    Returns:
        The outcome, and whether the word was known. An unknown word gives ``Outcome.UNKNOWN``: it is counted,
        never rejected.
    """
    found = _STATUS_WORDS.get(word) or _STATUS_WORDS.get(word.strip().lower().replace("-", "_").replace(" ", "_"))
    return (found, True) if found is not None else (Outcome.UNKNOWN, False)
