"""What other instrumentations call what the conventions have a name for, by the name of their instrumentation scope.

Only what differs stands here. Which keys carry content, in any dialect, stands in ``content_keys``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from agent_otel.conventions import attributes as a
from agent_otel.conventions import names as n

__all__ = ["DIALECTS", "TARGETS", "Dialect"]

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Dialect(NamedTuple):
    """The words of one instrumentation.

    Attributes:
        source: What ``agent_otel.source`` says of its spans.
        operations: The operation that a span's name stands for.
        renamed: The conventions' name of an attribute; where a span has both, the attribute goes.
        of_runs: The same, only on the spans of runs.
        answer: The attribute that holds a run's answer, as text or JSON.
    """

    source: str
    operations: Mapping[str, str] = _NOTHING
    renamed: Mapping[str, str] = _NOTHING
    of_runs: Mapping[str, str] = _NOTHING
    answer: str = ""


# What follows the operation in a span's name.
TARGETS: Final[Mapping[str, str]] = {
    n.OP_INVOKE_AGENT: a.AGENT_NAME,
    n.OP_EXECUTE_TOOL: a.TOOL_NAME,
    n.OP_CHAT: a.REQUEST_MODEL,
}

_USAGE: Final = (
    a.USAGE_INPUT_TOKENS,
    a.USAGE_OUTPUT_TOKENS,
    a.USAGE_CACHE_READ_TOKENS,
    a.USAGE_CACHE_WRITE_TOKENS,
    a.USAGE_REASONING_TOKENS,
)

# Formats 1 to 6 of its ``InstrumentationSettings(version=...)``. Format 1 and 2 have names of their own; what tells a
# run's sum of tokens was renamed later, so that adding up a trace does not count them twice.
_PYDANTIC_AI: Final = Dialect(
    source="pydantic-ai",
    operations={
        "agent run": n.OP_INVOKE_AGENT,
        "running tool": n.OP_EXECUTE_TOOL,
        "running output function": n.OP_EXECUTE_TOOL,
    },
    renamed={
        "agent_name": a.AGENT_NAME,
        "model_name": a.REQUEST_MODEL,
        "tool_arguments": a.TOOL_CALL_ARGUMENTS,
        "tool_response": a.TOOL_CALL_RESULT,
        "gen_ai.system": a.PROVIDER_NAME,
        "gen_ai.agent.call.id": a.RUN_ID,
        "gen_ai.usage.cache_creation.input_tokens": a.USAGE_CACHE_WRITE_TOKENS,
        "gen_ai.usage.details.cache_write_tokens": a.USAGE_CACHE_WRITE_TOKENS,
        "gen_ai.usage.details.cache_read_tokens": a.USAGE_CACHE_READ_TOKENS,
        "gen_ai.usage.details.reasoning_tokens": a.USAGE_REASONING_TOKENS,
    },
    of_runs={key: key.replace("gen_ai.usage.", "gen_ai.aggregated_usage.") for key in _USAGE},
    answer="final_result",
)

DIALECTS: Final[Mapping[str, Dialect]] = {"pydantic-ai": _PYDANTIC_AI}
