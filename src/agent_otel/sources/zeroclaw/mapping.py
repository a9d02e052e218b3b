"""ZeroClaw's observer events and metrics to ``AgentEvent``: which function maps which variant.

Two forms come through here: the canonical one, which has no time of its own, and the dashboard's, which has times and
leaves out arguments, results and call ids.
"""

from __future__ import annotations

from typing import Final

from agent_otel.model import AgentEvent, EventIds, EventKind, Fact, Names
from agent_otel.sources.zeroclaw.duration import Duration
from agent_otel.sources.zeroclaw.events import ObserverEvent
from agent_otel.sources.zeroclaw.metrics import ObserverMetric
from agent_otel.sources.zeroclaw.moment import Moment
from agent_otel.sources.zeroclaw.notices import NOTICES
from agent_otel.sources.zeroclaw.parts import clamped, is_clamped
from agent_otel.sources.zeroclaw.types import TurnTokenUsage
from agent_otel.sources.zeroclaw.work import WORK

__all__ = ["map_event", "map_metric", "note_of", "note_of_metric"]

_MAPPINGS: Final = {**WORK, **NOTICES}
_COUNTS: Final = (
    "input_tokens",
    "output_tokens",
    "messages_count",
    "num_entries",
    "num_chunks",
    "num_boards",
    "tokens_saved",
    "dropped_messages",
    "kept_turns",
)


def map_event(record: ObserverEvent, at: Moment) -> AgentEvent:
    """Map one observer event.

    Args:
        record: The event.
        at: Where and when it was told.
    """
    return _MAPPINGS[type(record)](record, at)


def note_of(record: ObserverEvent) -> str | None:
    """Name what has to be told about a record: integers beyond 2**63-1, which are clamped."""
    counts = [getattr(record, name, None) for name in _COUNTS]
    tokens = getattr(record, "tokens_used", None)
    counts += [tokens.input_tokens, tokens.output_tokens] if isinstance(tokens, TurnTokenUsage) else [tokens]
    duration = getattr(record, "duration", None)
    counts.append(duration.as_nanos() if duration is not None else None)
    return "clamped_integer" if is_clamped(counts) else None


_SUBJECTS: Final[dict[type[ObserverMetric], str]] = {
    ObserverMetric.RequestLatency: "request_latency",
    ObserverMetric.TokensUsed: "tokens_used",
    ObserverMetric.ActiveSessions: "active_sessions",
    ObserverMetric.QueueDepth: "queue_depth",
    ObserverMetric.DeploymentLeadTime: "deployment_lead_time",
    ObserverMetric.RecoveryTime: "recovery_time",
}


def map_metric(metric: ObserverMetric, at: Moment) -> AgentEvent:
    """Map one observer metric: durations in seconds, counts as they are.

    Args:
        metric: The metric.
        at: Where and when it was told; metrics have no time of their own.
    """
    value = metric.value
    return AgentEvent(
        kind=EventKind.MEASUREMENT,
        origin=at.origin,
        time_ns=at.context.receipt_ns,
        time_is_receipt=True,
        ids=EventIds(nonce=at.nonce or None),
        names=Names(subject=_SUBJECTS[type(metric)]),
        facts={Fact.VALUE: value.as_secs_f64() if isinstance(value, Duration) else clamped(value)},
        cursor=at.context.cursor,
    )


def note_of_metric(metric: ObserverMetric) -> str | None:
    """Name what has to be told about a metric: a count beyond 2**63-1, which is clamped."""
    return "clamped_integer" if isinstance(metric.value, int) and is_clamped([metric.value]) else None
