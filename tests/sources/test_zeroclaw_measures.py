"""What ZeroClaw's own observers count, counted here: its published checks of them, asked of our metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from agent_otel.correlate import Correlator, Occurrence, Operation, OrphanReason
from agent_otel.model import Cursor, EventKind, Fact, Phase
from agent_otel.project import Measurements, MetricPoint
from agent_otel.sources import Context, Document
from agent_otel.sources.zeroclaw import (
    Duration,
    ObserverEvent,
    ObserverMetric,
    ZeroClawSource,
    encode_observer_event,
    encode_observer_metric,
)
from sources.test_zeroclaw_models import METRICS, SHAPES

RECEIPT_NS = 1_999_999_999_000_000_000


def measured(records: Sequence[Any]) -> list[MetricPoint]:
    """Give all metric points of these records."""
    decoder, correlator, measurements = ZeroClawSource().decoder(), Correlator("ns", nonce="n"), Measurements()
    decoder.open(Document("observer.jsonl", "key", nonce="n"))
    outputs: list[object] = []
    for ordinal, record in enumerate(records, start=1):
        for event in decoder.decode(record, Context(Cursor("s", ordinal), RECEIPT_NS + ordinal)).events:
            outputs += correlator.feed(event).outputs
    outputs += correlator.finish(OrphanReason.END_OF_INPUT)
    points: list[MetricPoint] = []
    for output in outputs:
        if isinstance(output, Operation):
            points += measurements.of_operation(output)
        elif isinstance(output, Occurrence):
            points += measurements.of_occurrence(output)
    return points


def of(points: Sequence[MetricPoint], instrument: str) -> list[MetricPoint]:
    return [point for point in points if point.instrument == instrument]


def told(*events: ObserverEvent | ObserverMetric) -> list[MetricPoint]:
    return measured(
        [encode_observer_metric(it) if isinstance(it, ObserverMetric) else encode_observer_event(it) for it in events]
    )


def test_every_heartbeat_counts() -> None:
    points = of(told(*[ObserverEvent.HeartbeatTick()] * 3), "agent_otel.source.heartbeats")
    assert sum(point.value for point in points) == 3


def test_tool_calls_count_success_and_failure_apart() -> None:
    calls = [
        ObserverEvent.ToolCall(tool="sound", duration=Duration.from_millis(10), success=success)
        for success in (True, True, False)
    ]
    points = of(told(*calls), "gen_ai.execute_tool.duration")
    kinds = Counter(point.attributes.get("error.type") for point in points)
    assert kinds == {None: 2, "tool_error": 1}
    assert all(point.value == pytest.approx(0.01) for point in points)
    assert {point.attributes["gen_ai.tool.name"] for point in points} == {"sound"}


def test_errors_count_by_component() -> None:
    errors = [
        ObserverEvent.Error(component=component, message=message)
        for component, message in (("provider", "timeout"), ("provider", "rate limit"), ("channels", "gone"))
    ]
    points = of(told(*errors), "agent_otel.source.errors")
    assert Counter(point.attributes["agent_otel.component"] for point in points) == {"provider": 2, "channels": 1}


def test_a_gauge_has_the_latest_value() -> None:
    points = of(told(ObserverMetric.TokensUsed(100), ObserverMetric.TokensUsed(200)), "agent_otel.source.tokens")
    assert [point.value for point in points] == [100, 200]


def test_model_calls_count_tokens_by_provider_and_model() -> None:
    calls = [
        ObserverEvent.LlmResponse(
            model_provider="openrouter", model="m-1", success=True, input_tokens=put, output_tokens=out
        )
        for put, out in ((100, 50), (200, 80))
    ]
    points = told(*calls)
    assert len(of(points, "gen_ai.client.operation.duration")) == 2
    sums: Counter[str] = Counter()
    for point in of(points, "gen_ai.client.token.usage"):
        assert (point.attributes["gen_ai.provider.name"], point.attributes["gen_ai.request.model"]) == (
            "openrouter",
            "m-1",
        )
        sums[point.attributes["gen_ai.token.type"]] += int(point.value)
    assert sums == {"input": 300, "output": 130}


def test_a_model_call_without_tokens_counts_as_a_call_only() -> None:
    call = ObserverEvent.LlmResponse(model_provider="ollama", model="m-2", success=False, error_message="timeout")
    points = told(call)
    assert len(of(points, "gen_ai.client.operation.duration")) == 1
    assert of(points, "gen_ai.client.token.usage") == []


def test_deployments_count_by_outcome() -> None:
    points = told(
        ObserverEvent.DeploymentCompleted(deploy_id="d1", commit_sha="abc123"),
        ObserverEvent.DeploymentCompleted(deploy_id="d2", commit_sha="def456"),
        ObserverEvent.DeploymentFailed(deploy_id="d3", reason="timeout"),
    )
    outcomes = Counter(point.attributes["agent_otel.outcome"] for point in of(points, "agent_otel.deployments"))
    assert outcomes == {"ok": 2, "error": 1}


def test_a_deployment_that_starts_and_a_recovery_are_no_trouble() -> None:
    assert told(ObserverEvent.DeploymentStarted(deploy_id="d1"), ObserverEvent.RecoveryCompleted(deploy_id="d1"))


def test_messages_count_by_channel_and_direction() -> None:
    points = told(ObserverEvent.ChannelMessage(channel="wharf", direction="outbound"))
    (point,) = of(points, "agent_otel.messages")
    assert point.attributes["agent_otel.channel"] == "wharf"
    assert point.attributes["agent_otel.direction"] == "outbound"


def test_cache_lookups_count_with_the_tokens_that_they_saved() -> None:
    points = told(
        ObserverEvent.CacheHit(cache_type="hot", tokens_saved=900), ObserverEvent.CacheMiss(cache_type="response")
    )
    events = of(points, "agent_otel.cache.events")
    assert [(it.attributes["agent_otel.cache.type"], it.attributes["agent_otel.cache.hit"]) for it in events] == [
        ("hot", True),
        ("response", False),
    ]
    assert [point.value for point in of(points, "agent_otel.cache.tokens_saved")] == [900]


@pytest.mark.parametrize(
    ("metric", "subject", "value", "instrument"),
    [
        ("RequestLatency", "request_latency", 1.25, "agent_otel.source.request.duration"),
        ("TokensUsed", "tokens_used", 18, "agent_otel.source.tokens"),
        ("ActiveSessions", "active_sessions", 3, "agent_otel.source.sessions.active"),
        ("QueueDepth", "queue_depth", 0, "agent_otel.source.queue_depth"),
        ("DeploymentLeadTime", "deployment_lead_time", 3600.5, "agent_otel.deployment.lead_time"),
        ("RecoveryTime", "recovery_time", 600.0, "agent_otel.deployment.recovery.duration"),
    ],
)
def test_every_metric_is_a_measurement(metric: str, subject: str, value: float, instrument: str) -> None:
    decoder = ZeroClawSource().decoder()
    (event,) = decoder.decode(METRICS[metric], Context(Cursor("s", 1), RECEIPT_NS)).events
    assert (event.kind, event.phase, event.names.subject) == (EventKind.MEASUREMENT, Phase.POINT, subject)
    assert event.facts == {Fact.VALUE: value}
    (point,) = measured([METRICS[metric]])
    assert (point.instrument, point.value) == (instrument, value)


def test_r23_no_id_and_no_duration_labels_a_metric() -> None:
    values = {"turn-1", "conv-1", "c-1", "d-1", "0badc0de", 1_250_000_000, 1.25, "how deep?"}
    for point in measured([*SHAPES.values(), *METRICS.values()]):
        assert values.isdisjoint(point.attributes.values())
