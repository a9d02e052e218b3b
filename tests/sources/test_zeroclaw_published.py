"""What ZeroClaw's own published tests ask of its observers, its events and its log rows."""

from __future__ import annotations

import copy
import json
from typing import Any

from attrs import evolve
import pytest

from agent_otel.sources.zeroclaw import (
    ATTRIBUTION_FIELDS,
    COMPOSITE_PREFIXES,
    Duration,
    EventCategory,
    EventOutcome,
    LogEvent,
    Observer,
    ObserverEvent,
    ObserverMetric,
    Severity,
    TurnTokenUsage,
    ZeroclawAttribution,
    decode_log_event,
    decode_observer_event,
    encode_log_event,
    encode_observer_event,
    is_attribution_field,
    severity_text_from_number,
)


class CountingObserver(Observer):
    def __init__(self) -> None:
        self.events: list[ObserverEvent] = []
        self.metrics: list[ObserverMetric] = []

    def record_event(self, event: ObserverEvent) -> None:
        self.events.append(event)

    def record_metric(self, metric: ObserverMetric) -> None:
        self.metrics.append(metric)

    def name(self) -> str:
        return "counting-observer"


def test_an_observer_takes_events_and_numbers() -> None:
    observer = CountingObserver()
    observer.record_event(ObserverEvent.HeartbeatTick())
    observer.record_event(ObserverEvent.Error(component="test", message="boom"))
    observer.record_metric(ObserverMetric.TokensUsed(42))
    assert (len(observer.events), len(observer.metrics)) == (2, 1)


def test_an_observer_flushes_nothing_by_default_and_is_what_it_is() -> None:
    observer = CountingObserver()
    observer.flush()
    assert observer.name() == "counting-observer"
    assert isinstance(observer.as_any(), CountingObserver)


def test_an_observer_has_to_take_everything() -> None:
    with pytest.raises(TypeError):
        Observer()  # type: ignore[abstract]


def test_events_carry_their_turn_and_its_tokens() -> None:
    event = ObserverEvent.AgentEnd(
        model_provider="acme",
        model="m-9",
        duration=Duration.from_millis(50),
        tokens_used=TurnTokenUsage(input_tokens=12, output_tokens=34),
        cost_usd=0.001,
        channel="wss",
        agent_alias="default",
        turn_id="turn-1",
    )
    assert isinstance(event.tokens_used, TurnTokenUsage)
    assert (event.tokens_used.input_tokens, event.tokens_used.output_tokens) == (12, 34)
    assert (event.channel, event.agent_alias, event.turn_id) == ("wss", "default", "turn-1")
    assert decode_observer_event(encode_observer_event(event)) == event


@pytest.mark.parametrize(
    "told",
    [
        ObserverEvent.ToolCall(
            tool="shell",
            tool_call_id="call_9",
            duration=Duration.from_millis(10),
            success=True,
            arguments='{"command":"date"}',
            result="noon",
        ),
        ObserverEvent.MemoryRecall(
            query_summary="about tides",
            duration=Duration.from_millis(40),
            num_entries=3,
            backend="sqlite",
            success=True,
        ),
        ObserverEvent.MemoryStore(
            category="conversation", backend="sqlite", duration=Duration.from_millis(8), success=True
        ),
        ObserverEvent.RagRetrieve(duration=Duration.from_millis(120), num_chunks=5, num_boards=2),
        ObserverMetric.RequestLatency(Duration.from_millis(8)),
    ],
)
def test_events_and_numbers_can_be_copied(told: Any) -> None:
    assert copy.copy(told) == evolve(told) == told
    assert type(copy.copy(told)) is type(told)


# Log rows


def test_severity_words_follow_from_their_numbers() -> None:
    assert all(severity_text_from_number(severity.number()) == severity.text() for severity in Severity)
    assert [severity_text_from_number(number) for number in (0, 4, 20, 21, 22)] == [
        "TRACE",
        "TRACE",
        "ERROR",
        "FATAL",
        "FATAL",
    ]
    assert Severity.WARN is Severity.Warn
    assert len(Severity) == 5


@pytest.mark.parametrize(
    ("prefix", "composite", "halves"),
    [
        ("channel", "discord.clamps", ("discord", "clamps")),
        ("model_provider", "acme.clamps", ("acme", "clamps")),
        ("model_provider", "acme.clamps.fast", ("acme", "clamps")),
        ("auth_provider", "oidc.corp", ("oidc", "corp")),
        ("channel", "webhook", ("webhook", None)),
    ],
)
def test_composites_have_two_halves(prefix: str, composite: str, halves: tuple[str, str | None]) -> None:
    found = ZeroclawAttribution.default().set_composite(prefix, composite)
    assert found.get(prefix) == composite
    assert (found.get(f"{prefix}_type"), found.get(f"{prefix}_alias")) == halves


def test_a_composite_of_one_part_takes_away_the_older_alias() -> None:
    found = ZeroclawAttribution.default().set_composite("channel", "discord.clamps").set_composite("channel", "webhook")
    assert dict(found.fields) == {"channel": "webhook", "channel_type": "webhook"}


def test_merging_fills_in_only_what_is_missing() -> None:
    child = ZeroclawAttribution.default().set("agent_alias", "gull")
    parent = ZeroclawAttribution(duration_ms=7).set("agent_alias", "heron").set("risk_profile", "strict")
    merged = child.merge_from(parent)
    assert (merged.get("agent_alias"), merged.get("risk_profile"), merged.duration_ms) == ("gull", "strict", 7)
    assert parent.merge_from(ZeroclawAttribution(duration_ms=8)).duration_ms == 7


def test_an_attribution_is_full_when_every_name_is_there() -> None:
    found = ZeroclawAttribution.default()
    for name in (*ATTRIBUTION_FIELDS, *COMPOSITE_PREFIXES):
        assert not found.is_fully_populated()
        found = found.set(name, "x")
    assert found.is_fully_populated()


@pytest.mark.parametrize(
    "name",
    [
        *("agent_alias", "principal_id", "channel", "channel_type", "channel_alias", "model_provider_alias"),
        *("auth_provider", "auth_provider_type", "auth_provider_alias"),
    ],
)
def test_names_of_attribution_are_recognised(name: str) -> None:
    assert is_attribution_field(name)


@pytest.mark.parametrize("name", ["not_a_real_field", "tool_type", "", "channel_"])
def test_other_names_are_none_of_attribution(name: str) -> None:
    assert not is_attribution_field(name)


def test_a_row_made_here_is_written_as_zeroclaw_writes_it() -> None:
    row = LogEvent.new(Severity.Info, "test", EventCategory.Agent)
    written = json.loads(json.dumps(encode_log_event(row)))
    assert written == {
        "id": row.id,
        "@timestamp": row.timestamp.text,
        "severity_number": 9,
        "severity_text": "INFO",
        "event": {"category": "agent", "action": "test"},
        "service": {"name": "zeroclaw", "version": ""},
        "zeroclaw": {},
        "schema_version": LogEvent.SCHEMA_VERSION,
    }
    assert decode_log_event(written) == row
    assert row.timestamp.time_ns % 1_000_000 == 0


def test_an_unknown_outcome_is_left_out() -> None:
    row = LogEvent.new(Severity.Info, "test", EventCategory.Agent)
    assert row.set_outcome(EventOutcome.Unknown) == row
    failed = row.set_outcome(EventOutcome.Failure)
    assert encode_log_event(failed)["event"]["outcome"] == "failure"
    assert "outcome" not in encode_log_event(failed.set_outcome(EventOutcome.Unknown))["event"]


@pytest.mark.parametrize("attributes", [None, {}, {"x": 1}, []])
def test_attributes_that_were_read_come_back(attributes: Any) -> None:
    written = {**encode_log_event(LogEvent.new(Severity.Warn, "x", EventCategory.Tool)), "attributes": attributes}
    assert encode_log_event(decode_log_event(written)) == written
