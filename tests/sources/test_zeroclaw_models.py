"""ZeroClaw's observer models: its names and constructors, every spelling that is read, and the same JSON back."""

from __future__ import annotations

import copy
import json
from typing import Any

from attrs import evolve
import pytest

from agent_otel.model import RecordRejected
from agent_otel.sources.zeroclaw import (
    Action,
    Duration,
    DurationForm,
    EventCategory,
    EventOutcome,
    LlmMessageSnapshot,
    MessageSnapshot,
    ObserverEvent,
    ObserverMetric,
    Severity,
    ToolCallSnapshot,
    TurnTokenUsage,
    decode_observer_event,
    decode_observer_metric,
    encode_observer_event,
    encode_observer_metric,
)

TURN = {"channel": "wharf.main", "agent_alias": "gull", "turn_id": "turn-1", "conversation_id": "conv-1"}
MODEL = {"model_provider": "acme", "model": "m-1", **TURN}
TOOK = {"secs": 1, "nanos": 250_000_000}
SNAPSHOT = {
    "input": [{"role": "user", "content": "how deep?"}],
    "output_text": "let me look",
    "output_tool_calls": [{"id": "c-1", "name": "sound", "arguments_json": '{"at":"pier"}'}],
    "system_instructions": "be brief",
}
CALL = {"tool": "sound", "tool_call_id": "c-1", "arguments": '{"at":"pier"}', "parent_agent_alias": None, **TURN}

# One example per variant, as it is at present.
SHAPES: dict[str, Any] = {
    "AgentStart": {"AgentStart": MODEL},
    "LlmRequest": {"LlmRequest": {"messages_count": 3, "parent_agent_alias": "heron", **MODEL}},
    "LlmResponse": {
        "LlmResponse": {
            "duration": TOOK,
            "success": True,
            "error_message": None,
            "input_tokens": 11,
            "output_tokens": 7,
            "messages": SNAPSHOT,
            "parent_agent_alias": None,
            **MODEL,
        }
    },
    "AgentEnd": {
        "AgentEnd": {
            "duration": TOOK,
            "tokens_used": {"input_tokens": 11, "output_tokens": 7},
            "cost_usd": 0.0021,
            **MODEL,
        }
    },
    "ToolCallStart": {"ToolCallStart": CALL},
    "ToolCall": {"ToolCall": {"duration": TOOK, "success": True, "result": "4 m", **CALL}},
    "MemoryRecall": {
        "MemoryRecall": {
            "query_summary": "tides",
            "duration": TOOK,
            "num_entries": 2,
            "backend": "shell",
            "success": True,
            **TURN,
        }
    },
    "MemoryStore": {
        "MemoryStore": {"category": "daily", "backend": "shell", "duration": TOOK, "success": True, **TURN}
    },
    "MemoryAudit": {"MemoryAudit": {"action": "forget", "backend": "shell", "duration": TOOK, "success": False}},
    "RagRetrieve": {"RagRetrieve": {"query_summary": None, "duration": TOOK, "num_chunks": 5, "num_boards": 2, **TURN}},
    "TurnComplete": "TurnComplete",
    "ChannelMessage": {"ChannelMessage": {"channel": "wharf", "direction": "inbound"}},
    "HeartbeatTick": "HeartbeatTick",
    "CacheHit": {"CacheHit": {"cache_type": "hot", "tokens_saved": 900}},
    "CacheMiss": {"CacheMiss": {"cache_type": "response"}},
    "Error": {"Error": {"component": "gateway", "message": "no answer"}},
    "DeploymentStarted": {"DeploymentStarted": {"deploy_id": "d-1"}},
    "DeploymentCompleted": {"DeploymentCompleted": {"deploy_id": "d-1", "commit_sha": "0badc0de"}},
    "DeploymentFailed": {"DeploymentFailed": {"deploy_id": "d-1", "reason": "no crew"}},
    "RecoveryCompleted": {"RecoveryCompleted": {"deploy_id": "d-1"}},
    "HistoryTrimmed": {"HistoryTrimmed": {"dropped_messages": 4, "kept_turns": 2, "reason": "budget", **TURN}},
}
# The sixteen variants of the old shape that had fewer members, or others.
OLD_SHAPES: dict[str, Any] = {
    "AgentStart": {"AgentStart": {"provider": "acme", "model": "m-1"}},
    "LlmRequest": {"LlmRequest": {"provider": "acme", "model": "m-1", "messages_count": 3}},
    "LlmResponse": {
        "LlmResponse": {
            "provider": "acme",
            "model": "m-1",
            "duration": TOOK,
            "success": False,
            "error_message": "tired",
            "input_tokens": None,
            "output_tokens": None,
        }
    },
    "AgentEnd": {
        "AgentEnd": {"provider": "acme", "model": "m-1", "duration": TOOK, "tokens_used": 18, "cost_usd": None}
    },
    "AgentEnd, oldest": {"AgentEnd": {"duration": TOOK, "tokens_used": None}},
    "ToolCallStart": {"ToolCallStart": {"tool": "sound"}},
    "ToolCall": {"ToolCall": {"tool": "sound", "duration": TOOK, "success": False}},
    "MemoryRecall": {
        "MemoryRecall": {
            "query_summary": None,
            "duration": TOOK,
            "num_entries": 0,
            "backend": "none",
            "success": False,
        }
    },
}
METRICS: dict[str, Any] = {
    "RequestLatency": {"RequestLatency": TOOK},
    "TokensUsed": {"TokensUsed": 18},
    "ActiveSessions": {"ActiveSessions": 3},
    "QueueDepth": {"QueueDepth": 0},
    "DeploymentLeadTime": {"DeploymentLeadTime": 3600.5},
    "RecoveryTime": {"RecoveryTime": {"duration_ms": 600_000}},
}


def body_of(record: Any) -> dict[str, Any]:
    (body,) = record.values()
    return body  # type: ignore[no-any-return]


def read(record: Any) -> ObserverEvent:
    event = decode_observer_event(record)
    assert event is not None
    return event


def varied(shape: str, **members: Any) -> Any:
    record = copy.deepcopy(SHAPES[shape])
    body_of(record).update(members)
    return record


def test_there_is_an_example_of_every_variant() -> None:
    variants = {name for name in ObserverEvent.__annotations__ if name[0].isupper()}
    assert set(SHAPES) == variants
    assert {type(read(record)).__qualname__ for record in SHAPES.values()} == {f"ObserverEvent.{it}" for it in variants}


@pytest.mark.parametrize(
    "record", [*SHAPES.values(), *OLD_SHAPES.values()], ids=[*SHAPES, *(f"old {it}" for it in OLD_SHAPES)]
)
def test_every_variant_comes_back_as_it_was(record: Any) -> None:
    assert encode_observer_event(read(record)) == record
    assert read(json.loads(json.dumps(encode_observer_event(read(record))))) == read(record)


@pytest.mark.parametrize("record", METRICS.values(), ids=list(METRICS))
def test_every_metric_comes_back_as_it_was(record: Any) -> None:
    metric = decode_observer_metric(record)
    assert metric is not None
    assert encode_observer_metric(metric) == record


@pytest.mark.parametrize("shape", [name for name, record in SHAPES.items() if isinstance(record, dict)])
def test_unknown_members_come_back(shape: str) -> None:
    record = varied(shape, later={"a": [1, None, {"b": 2.5}]}, also=None, spelling="x", unknown_fields=[])
    assert encode_observer_event(read(record)) == record


@pytest.mark.parametrize("form", [None, {}, {"later": 1}])
@pytest.mark.parametrize("variant", ["TurnComplete", "HeartbeatTick"])
def test_unit_variants_come_in_three_forms(variant: str, form: Any) -> None:
    assert encode_observer_event(read({variant: form})) == {variant: form}


@pytest.mark.parametrize(
    ("spelled", "nanos"),
    [
        ({"duration": {"secs": 0, "nanos": 42_000_000}}, 42_000_000),
        ({"duration": {"secs": 2}}, 2_000_000_000),
        ({"duration": {"secs": 2, "nanos": None}}, 2_000_000_000),
        ({"duration": {"secs": 2, "nanos": 5, "later": 1}}, 2_000_000_005),
        ({"duration": 0.042}, 42_000_000),
        ({"duration": 3}, 3_000_000_000),
        ({"duration": 0.1}, 100_000_000),
        ({"duration": 1e-9}, 1),
        ({"duration": {"duration_ms": 7}}, 7_000_000),
        ({"duration_ms": 42}, 42_000_000),
        ({"duration_ms": 0.5}, 500_000),
        ({"duration_ms": 5, "duration": {"secs": 1, "nanos": 0}}, 1_000_000_000),
        ({"duration_ms": None}, None),
        ({"duration": None}, None),
        ({}, None),
    ],
)
def test_durations_are_read_in_any_spelling_and_written_so(spelled: dict[str, Any], nanos: int | None) -> None:
    record = varied("ToolCall")
    del body_of(record)["duration"]
    body_of(record).update(spelled)
    event = read(record)
    assert isinstance(event, ObserverEvent.ToolCall)
    assert (event.duration.as_nanos() if event.duration is not None else None) == nanos
    assert encode_observer_event(event) == record


def test_both_names_of_the_provider_are_read() -> None:
    record = varied("AgentStart", provider="old")
    event = read(record)
    assert isinstance(event, ObserverEvent.AgentStart)
    assert event.model_provider == "acme"
    assert encode_observer_event(event) == record
    del body_of(record)["model_provider"]
    event = read(record)
    assert isinstance(event, ObserverEvent.AgentStart)
    assert event.model_provider == "old"
    assert encode_observer_event(event) == record


@pytest.mark.parametrize("tokens", [None, 0, 2**64 - 1, {"input_tokens": 1, "output_tokens": 2, "later": 3}])
def test_r20_tokens_are_read_as_nothing_a_total_or_two_counts(tokens: Any) -> None:
    record = varied("AgentEnd", tokens_used=tokens)
    assert encode_observer_event(read(record)) == record


def test_r20_tokens_may_be_absent() -> None:
    record = varied("AgentEnd")
    del body_of(record)["tokens_used"]
    event = read(record)
    assert isinstance(event, ObserverEvent.AgentEnd)
    assert event.tokens_used is None
    assert encode_observer_event(event) == record


@pytest.mark.parametrize("arguments", [None, "", '{"a":1}', {"a": [1, None]}, [1], 5, True, "no json"])
def test_arguments_are_json_text_or_a_json_value(arguments: Any) -> None:
    for shape in ("ToolCallStart", "ToolCall"):
        record = varied(shape, arguments=arguments)
        assert encode_observer_event(read(record)) == record


@pytest.mark.parametrize(
    "record",
    [
        {"HandStarted": {"hand_name": "h"}},
        {"HandCompleted": {"hand_name": "h", "duration_ms": 1, "findings_count": 1}},
        {"HandFailed": {"hand_name": "h", "error": "x", "duration_ms": 1}},
        {"Sung": {}},
        "Sung",
    ],
)
def test_r21_unknown_variants_are_none(record: Any) -> None:
    assert decode_observer_event(record) is None


@pytest.mark.parametrize("name", ["HandRunDuration", "HandFindingsCount", "HandSuccessRate", "Sung"])
def test_r21_unknown_metrics_are_none(name: str) -> None:
    assert decode_observer_metric({name: {"hand_name": "h"}}) is None


@pytest.mark.parametrize(
    ("shape", "member", "value", "field", "reason"),
    [
        ("ToolCall", "tool", 5, "ToolCall.tool", "is no string"),
        ("ToolCall", "success", 1, "ToolCall.success", "is neither true nor false"),
        ("ToolCall", "duration", "1s", "ToolCall.duration", "is no duration"),
        ("ToolCall", "duration", True, "ToolCall.duration", "is no duration"),
        ("ToolCall", "duration", -1, "ToolCall.duration", "is no duration"),
        ("ToolCall", "duration", float("nan"), "ToolCall.duration", "is no duration"),
        ("ToolCall", "duration", float("inf"), "ToolCall.duration", "is no duration"),
        ("ToolCall", "duration", 10**400, "ToolCall.duration", "is no duration"),
        ("ToolCall", "duration", {"secs": -1, "nanos": 0}, "ToolCall.duration.secs", "is no unsigned integer"),
        ("ToolCall", "duration", {"nanos": 0}, "ToolCall.duration.secs", "is missing"),
        ("ToolCall", "tool_call_id", 5, "ToolCall.tool_call_id", "is no string"),
        ("LlmRequest", "messages_count", -1, "LlmRequest.messages_count", "is no unsigned integer"),
        ("LlmResponse", "input_tokens", 2**64, "LlmResponse.input_tokens", "does not fit into 64 bits"),
        ("LlmResponse", "messages", [], "LlmResponse.messages", "is no object"),
        ("LlmResponse", "messages", {"input": [5]}, "LlmResponse.messages.input.0", "is no object"),
        ("AgentEnd", "tokens_used", "9", "AgentEnd.tokens_used", "is no unsigned integer"),
        ("AgentEnd", "tokens_used", {"input_tokens": 1}, "AgentEnd.tokens_used.output_tokens", "is missing"),
        ("AgentEnd", "cost_usd", "free", "AgentEnd.cost_usd", "is no number"),
        ("CacheHit", "tokens_saved", 1.5, "CacheHit.tokens_saved", "is no unsigned integer"),
    ],
)
def test_wrong_type_is_rejected_with_its_place(shape: str, member: str, value: Any, field: str, reason: str) -> None:
    with pytest.raises(RecordRejected) as caught:
        decode_observer_event(varied(shape, **{member: value}))
    assert (caught.value.field, caught.value.reason) == (field, reason)


@pytest.mark.parametrize(("alias", "value"), [("provider", 5), ("duration_ms", "soon")])
def test_a_member_under_another_name_is_rejected_under_that(alias: str, value: Any) -> None:
    record = varied("AgentEnd")
    del body_of(record)[{"provider": "model_provider", "duration_ms": "duration"}[alias]]
    body_of(record)[alias] = value
    with pytest.raises(RecordRejected) as caught:
        decode_observer_event(record)
    assert caught.value.field == f"AgentEnd.{alias}"


@pytest.mark.parametrize(
    ("shape", "member"),
    [
        ("LlmResponse", "success"),
        ("ToolCallStart", "tool"),
        ("ToolCall", "tool"),
        ("ToolCall", "success"),
        ("MemoryRecall", "success"),
        ("MemoryStore", "success"),
        ("MemoryAudit", "action"),
        ("ChannelMessage", "direction"),
        ("CacheHit", "cache_type"),
        ("CacheMiss", "cache_type"),
        ("Error", "component"),
        ("Error", "message"),
        ("DeploymentStarted", "deploy_id"),
        ("DeploymentCompleted", "commit_sha"),
        ("DeploymentFailed", "reason"),
        ("RecoveryCompleted", "deploy_id"),
        ("HistoryTrimmed", "kept_turns"),
    ],
)
def test_missing_member_is_rejected_with_its_name(shape: str, member: str) -> None:
    record = varied(shape)
    del body_of(record)[member]
    with pytest.raises(RecordRejected) as caught:
        decode_observer_event(record)
    assert (caught.value.field, caught.value.reason) == (f"{shape}.{member}", "is missing")


@pytest.mark.parametrize("record", [None, [], 3, {}, {"ToolCall": {}, "Error": {}}, {"ToolCall": "x"}, {"Error": None}])
def test_wrong_shape_is_rejected(record: Any) -> None:
    with pytest.raises(RecordRejected):
        decode_observer_event(record)


@pytest.mark.parametrize("value", [None, "1", -1, True, 2**64, 1.5])
def test_a_metric_that_is_no_count_is_rejected(value: Any) -> None:
    with pytest.raises(RecordRejected) as caught:
        decode_observer_metric({"QueueDepth": value})
    assert caught.value.field == "QueueDepth"


def test_events_are_made_by_the_names_of_the_source() -> None:
    event = ObserverEvent.ToolCall(
        tool="sound", duration=Duration.from_millis(42), success=True, arguments='{"at":"pier"}', turn_id="turn-1"
    )
    written = encode_observer_event(event)
    assert written["ToolCall"]["duration"] == {"secs": 0, "nanos": 42_000_000}
    assert written["ToolCall"]["tool_call_id"] is None
    assert decode_observer_event(written) == event
    assert encode_observer_event(ObserverEvent.TurnComplete()) == "TurnComplete"
    assert encode_observer_metric(ObserverMetric.QueueDepth(3)) == {"QueueDepth": 3}
    latency = ObserverMetric.RequestLatency(Duration.from_secs(2))
    assert decode_observer_metric(encode_observer_metric(latency)) == latency


def test_an_event_can_be_copied_with_a_change() -> None:
    usage = TurnTokenUsage(input_tokens=12, output_tokens=34)
    event = ObserverEvent.AgentEnd(tokens_used=usage, duration=Duration.from_millis(50), agent_alias="gull")
    copied = evolve(event, agent_alias="heron")
    assert (copied.tokens_used, copied.duration, copied.agent_alias) == (usage, event.duration, "heron")


def test_a_snapshot_is_made_of_its_parts() -> None:
    snapshot = LlmMessageSnapshot(
        input=(MessageSnapshot(role="user", content="how deep?"),),
        output_text="let me look",
        output_tool_calls=(ToolCallSnapshot(id="c-1", name="sound", arguments_json='{"at":"pier"}'),),
        system_instructions="be brief",
    )
    event = ObserverEvent.LlmResponse(success=True, messages=snapshot)
    assert encode_observer_event(event)["LlmResponse"]["messages"] == SNAPSHOT


def test_durations_count_as_equal_whatever_their_spelling() -> None:
    events = [read(varied("ToolCall", duration=it)) for it in (TOOK, 1.25, {"duration_ms": 1250})]
    assert events[0] == events[1] == events[2]
    forms = {event.duration.form for event in events if isinstance(event, ObserverEvent.ToolCall) and event.duration}
    assert forms == {DurationForm.STRUCT, DurationForm.SECONDS, DurationForm.MILLIS_OBJECT}


def test_durations_have_the_methods_of_the_source() -> None:
    assert Duration.from_millis(1_250) == Duration(secs=1, nanos=250_000_000)
    assert Duration.from_secs(2).as_millis() == 2_000
    assert Duration.from_nanos(5).as_nanos() == 5
    assert Duration.from_millis(250).as_secs_f64() == 0.25
    assert Duration.ZERO.as_nanos() == 0


def test_words_have_the_methods_of_the_source() -> None:
    assert [severity.number() for severity in Severity] == [1, 5, 9, 13, 17]
    assert Severity.Warn.text() == "WARN"
    assert Action.MemoryAudit.as_str() == "memory_audit"
    assert EventCategory.parse("provider") is EventCategory.Provider
    assert EventOutcome.parse("maybe") is None


def test_text_that_may_be_content_is_in_no_repr() -> None:
    sentinel = "sentinel-9d2"
    told = [
        varied("LlmResponse", error_message=sentinel),
        varied("LlmResponse", messages=json.loads(json.dumps(SNAPSHOT).replace("look", sentinel))),
        varied("LlmResponse", messages={**SNAPSHOT, "system_instructions": sentinel, "input": []}),
        varied("ToolCall", arguments=sentinel, result={"text": sentinel}),
        varied("MemoryRecall", query_summary=sentinel),
        varied("RagRetrieve", query_summary=sentinel),
        varied("Error", component=sentinel, message=sentinel),
        varied("DeploymentFailed", reason=sentinel),
        varied("HistoryTrimmed", reason=sentinel, later=sentinel),
    ]
    assert all(sentinel not in repr(read(record)) for record in told)


def test_rejection_does_not_tell_the_value() -> None:
    sentinel = "sentinel-9d2"
    for member in ("success", "duration"):
        with pytest.raises(RecordRejected) as caught:
            decode_observer_event(varied("ToolCall", **{member: sentinel}))
        assert sentinel not in str(caught.value)
        assert caught.value.__cause__ is None
