"""What Bamboo sums up: per day, per model, all together, and the weeks and months that are made of days."""

# No postponed annotations: the codecs are made from them.
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Annotated, TypeVar

from attrs import evolve, field, frozen

from agent_otel.model import LosslessRecord
from agent_otel.sources.bamboo.members import U64, DefaultU64, Text
from agent_otel.sources.bamboo.stored.members import Count, Counts, Day, Usage, Usages, map_of
from agent_otel.sources.bamboo.types import TokenUsage
from agent_otel.sources.fields import defaulted, unsigned

__all__ = [
    "DailyMetrics",
    "MetricsSummary",
    "ModelMetrics",
    "PeriodMetrics",
    "aggregate_monthly",
    "aggregate_weekly",
]

V = TypeVar("V")


@frozen(kw_only=True)
class DailyMetrics(LosslessRecord):
    """A day: sessions, rounds and tool calls each count on the day on which they began."""

    date: Day
    total_sessions: Count
    total_rounds: Count
    total_token_usage: Usage
    total_tool_calls: Count
    model_breakdown: Usages
    tool_breakdown: Counts
    prompt_cached_tool_outputs: DefaultU64 = 0


@frozen(kw_only=True)
class MetricsSummary(LosslessRecord):
    """Everything in a range of days; builds tell the more of it, the newer they are."""

    total_sessions: U64
    total_tokens: Usage
    total_tool_calls: U64
    active_sessions: U64
    prompt_cached_tool_outputs: DefaultU64 = 0
    tool_context_tokens_saved: DefaultU64 = 0
    total_compression_events: DefaultU64 = 0
    total_tokens_saved: DefaultU64 = 0
    non_tool_compression_tokens_saved: DefaultU64 = 0
    completed_sessions: DefaultU64 = 0
    awaiting_response_sessions: DefaultU64 = 0
    error_sessions: DefaultU64 = 0
    cancelled_sessions: DefaultU64 = 0
    total_sync_mismatches: DefaultU64 = 0
    sync_mismatch_breakdown: Annotated[Mapping[str, int], defaulted(map_of(unsigned(64)), dict)] = field(factory=dict)


@frozen(kw_only=True)
class ModelMetrics(LosslessRecord):
    """What one model did."""

    model: Text
    sessions: U64
    rounds: U64
    tokens: Usage
    tool_calls: U64
    prompt_cached_tool_outputs: DefaultU64 = 0


@frozen(kw_only=True)
class PeriodMetrics(LosslessRecord):
    """A week or a month: from its first day to the last one of which there are numbers."""

    label: Text
    period_start: Day
    period_end: Day
    total_sessions: Count
    total_rounds: Count
    total_token_usage: Usage
    total_tool_calls: Count
    prompt_cached_tool_outputs: U64
    model_breakdown: Usages
    tool_breakdown: Counts


def aggregate_weekly(daily_metrics: Iterable[DailyMetrics]) -> list[PeriodMetrics]:
    """Sum days up into weeks that begin on Monday, in their order."""
    return _aggregate(daily_metrics, lambda day: day - timedelta(days=day.weekday()))


def aggregate_monthly(daily_metrics: Iterable[DailyMetrics]) -> list[PeriodMetrics]:
    """Sum days up into months, in their order."""
    return _aggregate(daily_metrics, lambda day: day.replace(day=1))


def _aggregate(daily_metrics: Iterable[DailyMetrics], start_of: Callable[[date], date]) -> list[PeriodMetrics]:
    periods: dict[date, PeriodMetrics] = {}
    for day in daily_metrics:
        start = start_of(day.date)
        periods[start] = _with_day(periods.get(start) or _empty(start), day)
    return [evolve(periods[start], label=_label(periods[start])) for start in sorted(periods)]


def _empty(start: date) -> PeriodMetrics:
    return PeriodMetrics(
        label="",
        period_start=start,
        period_end=start,
        total_sessions=0,
        total_rounds=0,
        total_token_usage=TokenUsage(),
        total_tool_calls=0,
        prompt_cached_tool_outputs=0,
        model_breakdown={},
        tool_breakdown={},
    )


def _with_day(period: PeriodMetrics, day: DailyMetrics) -> PeriodMetrics:
    return evolve(
        period,
        period_end=max(period.period_end, day.date),
        total_sessions=period.total_sessions + day.total_sessions,
        total_rounds=period.total_rounds + day.total_rounds,
        total_token_usage=period.total_token_usage.add_assign(day.total_token_usage),
        total_tool_calls=period.total_tool_calls + day.total_tool_calls,
        prompt_cached_tool_outputs=period.prompt_cached_tool_outputs + day.prompt_cached_tool_outputs,
        model_breakdown=_merged(period.model_breakdown, day.model_breakdown, TokenUsage(), TokenUsage.add_assign),
        tool_breakdown=_merged(period.tool_breakdown, day.tool_breakdown, 0, int.__add__),
    )


def _merged(first: Mapping[str, V], second: Mapping[str, V], nothing: V, add: Callable[[V, V], V]) -> dict[str, V]:
    return {**first, **{name: add(first.get(name, nothing), value) for name, value in second.items()}}


def _label(period: PeriodMetrics) -> str:
    start, end = period.period_start, period.period_end
    return f"{start}" if start == end else f"{start}..{end}"
