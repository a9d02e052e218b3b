"""ZeroClaw's ``ObserverMetric`` as it names it: single numbers, durations or counts."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from agent_otel.model.variants import variant_of
from agent_otel.sources.zeroclaw.duration import Duration

__all__ = ["ObserverMetric"]


@frozen
class ObserverMetric:
    """One number that the runtime measured: ``ObserverMetric.QueueDepth(3)``."""

    RequestLatency: ClassVar[type[_RequestLatency]]
    TokensUsed: ClassVar[type[_TokensUsed]]
    ActiveSessions: ClassVar[type[_ActiveSessions]]
    QueueDepth: ClassVar[type[_QueueDepth]]
    DeploymentLeadTime: ClassVar[type[_DeploymentLeadTime]]
    RecoveryTime: ClassVar[type[_RecoveryTime]]

    value: Duration | int


@variant_of(ObserverMetric)
@frozen
class _RequestLatency(ObserverMetric):
    """How long a request took."""

    value: Duration


@variant_of(ObserverMetric)
@frozen
class _TokensUsed(ObserverMetric):
    """How many tokens a model call used."""

    value: int


@variant_of(ObserverMetric)
@frozen
class _ActiveSessions(ObserverMetric):
    """How many sessions are active."""

    value: int


@variant_of(ObserverMetric)
@frozen
class _QueueDepth(ObserverMetric):
    """How many inbound messages wait."""

    value: int


@variant_of(ObserverMetric)
@frozen
class _DeploymentLeadTime(ObserverMetric):
    """How long it took from a commit to its deployment."""

    value: Duration


@variant_of(ObserverMetric)
@frozen
class _RecoveryTime(ObserverMetric):
    """How long it took to recover from a failed deployment."""

    value: Duration
