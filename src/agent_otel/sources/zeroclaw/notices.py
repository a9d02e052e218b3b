"""Observer events about all else: messages, caches, errors, heartbeats, deployments, trimming (rules R23 and R25)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from agent_otel.model import AgentEvent, EventKind, Fact, Outcome, Phase
from agent_otel.sources.zeroclaw.events import ObserverEvent
from agent_otel.sources.zeroclaw.moment import Moment
from agent_otel.sources.zeroclaw.parts import (
    bounded_word,
    clamped,
    counted,
    error_contents,
    given,
    lineage_of,
    named,
)

__all__ = ["NOTICES"]


def _turn_complete(record: Any, at: Moment) -> AgentEvent:
    return at.event(record, EventKind.TURN, names={"subject": "turn"})  # R25: no run, nobody guesses one here


def _channel_message(record: Any, at: Moment) -> AgentEvent:
    facts = {**named(Fact.CHANNEL, record.channel), **named(Fact.DIRECTION, record.direction)}
    return at.event(record, EventKind.MESSAGE, names={"subject": "channel_message"}, facts=facts)


def _heartbeat_tick(record: Any, at: Moment) -> AgentEvent:
    return at.event(record, EventKind.HEALTH, names={"subject": "heartbeat"})


def _cache_hit(record: Any, at: Moment) -> AgentEvent:
    facts = {**named(Fact.CACHE_TYPE, record.cache_type), Fact.CACHE_HIT: True}
    facts.update(counted(Fact.TOKENS_SAVED, record.tokens_saved))
    return at.event(record, EventKind.CACHE, names={"subject": "cache_hit"}, facts=facts)


def _cache_miss(record: Any, at: Moment) -> AgentEvent:
    facts = {**named(Fact.CACHE_TYPE, record.cache_type), Fact.CACHE_HIT: False}
    return at.event(record, EventKind.CACHE, names={"subject": "cache_miss"}, facts=facts)


def _error(record: Any, at: Moment) -> AgentEvent:
    return at.event(
        record,
        EventKind.ERROR,
        outcome=Outcome.ERROR,
        error_type="component_error",
        facts=named(Fact.COMPONENT, record.component),
        contents=error_contents(record.message),
    )


def _deployment(record: Any, at: Moment, phase: Phase, **parts: Any) -> AgentEvent:
    return at.event(record, EventKind.DEPLOYMENT, phase, ids={"request": given(record.deploy_id)}, **parts)


def _deployment_started(record: Any, at: Moment) -> AgentEvent:
    return _deployment(record, at, Phase.START)


def _deployment_completed(record: Any, at: Moment) -> AgentEvent:
    lineage = lineage_of(commit_sha=record.commit_sha)
    return _deployment(record, at, Phase.END, outcome=Outcome.OK, lineage=lineage)


def _deployment_failed(record: Any, at: Moment) -> AgentEvent:
    return _deployment(
        record,
        at,
        Phase.END,
        outcome=Outcome.ERROR,
        error_type="deployment_failed",
        contents=error_contents(record.reason),
    )


def _recovery_completed(record: Any, at: Moment) -> AgentEvent:
    lineage = lineage_of(deploy_id=record.deploy_id)
    facts = {Fact.STATE: "recovered"}
    return at.event(record, EventKind.HEALTH, names={"subject": "recovery"}, facts=facts, lineage=lineage)


def _history_trimmed(record: Any, at: Moment) -> AgentEvent:
    facts = {Fact.DROPPED_MESSAGES: clamped(record.dropped_messages), Fact.KEPT_TURNS: clamped(record.kept_turns)}
    lineage = lineage_of(reason=bounded_word(record.reason))
    return at.event(record, EventKind.HISTORY, names={"subject": "compaction"}, facts=facts, lineage=lineage)


NOTICES: Final[dict[type[ObserverEvent], Callable[[Any, Moment], AgentEvent]]] = {
    ObserverEvent.TurnComplete: _turn_complete,
    ObserverEvent.ChannelMessage: _channel_message,
    ObserverEvent.HeartbeatTick: _heartbeat_tick,
    ObserverEvent.CacheHit: _cache_hit,
    ObserverEvent.CacheMiss: _cache_miss,
    ObserverEvent.Error: _error,
    ObserverEvent.DeploymentStarted: _deployment_started,
    ObserverEvent.DeploymentCompleted: _deployment_completed,
    ObserverEvent.DeploymentFailed: _deployment_failed,
    ObserverEvent.RecoveryCompleted: _recovery_completed,
    ObserverEvent.HistoryTrimmed: _history_trimmed,
}
