"""JSON of Bamboo's stored metrics, task lists and hook results to models and back, losslessly."""

from __future__ import annotations

from typing import Any, Final, TypeVar, cast

from agent_otel.model import LosslessRecord
from agent_otel.sources.bamboo.codec import TOKEN_USAGE
from agent_otel.sources.bamboo.members import MemberCodec
from agent_otel.sources.bamboo.stored import filters, forwards, hooks, prompt_memory, rounds, summaries, tasks
from agent_otel.sources.bamboo.types import TokenUsage
from agent_otel.sources.fields import Codec

__all__ = ["decode_record", "encode_record"]

R = TypeVar("R", bound=LosslessRecord)

_PLAIN: Final[tuple[type[LosslessRecord], ...]] = (
    filters.ForwardMetricsFilter,
    filters.MetricsDateFilter,
    filters.ModelMetricsDateFilter,
    filters.SessionMetricsFilter,
    forwards.ForwardTokenDetails,
    prompt_memory.PromptMemoryExposureItem,
    prompt_memory.PromptMemoryExposureObservation,
    rounds.RoundMetrics,
    rounds.SessionDetail,
    rounds.SessionMetrics,
    rounds.ToolCallMetrics,
    summaries.DailyMetrics,
    summaries.MetricsSummary,
    summaries.ModelMetrics,
    summaries.PeriodMetrics,
    tasks.TaskBlocker,
    tasks.TaskList,
    tasks.TaskTransition,
)
_DETAILED: Final[tuple[type[LosslessRecord], ...]] = (
    forwards.ForwardEndpointMetrics,
    forwards.ForwardMetricsSummary,
    forwards.ForwardRequestMetrics,
)
_CODECS: Final[dict[type[LosslessRecord], Codec[Any]]] = {
    **{record: MemberCodec(record) for record in _PLAIN},
    **{record: forwards.DetailedCodec(record) for record in _DETAILED},
    hooks.HookResult: hooks.HOOK_RESULT,
    tasks.TaskEvidence: tasks.TASK_EVIDENCE,
    tasks.TaskItem: tasks.TASK_ITEM,
    TokenUsage: TOKEN_USAGE,
}


def decode_record(record: type[R], value: Any) -> R | None:
    """Read a record of a known type.

    Args:
        record: The type, for example ``SessionDetail``; of a hook's result ``HookResult`` itself.
        value: A parsed JSON value.

    Returns:
        The record, or None if it is a hook's result of a variant that is not known.

    Raises:
        RecordRejected: If a member is missing or of a wrong type.
    """
    return cast("R | None", _CODECS[record].decode(value))


def encode_record(record: LosslessRecord) -> Any:
    """Write a record, or a variant of a hook's result, as the JSON value that it was read from."""
    kind = next(kind for kind in type(record).__mro__ if kind in _CODECS)
    return _CODECS[kind].encode(record)
