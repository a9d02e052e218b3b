"""Bamboo's models: its names and constructors, and the same JSON back from every shape."""

from __future__ import annotations

import copy
import json
from typing import Any
import uuid

import pytest

from agent_otel.model import RecordRejected
from agent_otel.sources.bamboo import (
    ChatEvent,
    EventMeta,
    ForwardEvent,
    ForwardStatus,
    MetricsEvent,
    RoundStatus,
    SessionStatus,
    SystemEvent,
    TokenUsage,
    decode_metrics_event,
    encode_metrics_event,
)

META = {"event_id": "e-1", "occurred_at": "2031-02-03T04:05:06.700800900Z", "trace_id": None}
USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
ROUND = {"meta": META, "round_id": "r-1", "session_id": "s-1"}
SHAPES: dict[str, Any] = {
    "Chat.SessionStarted": {"Chat": {"SessionStarted": {"meta": META, "session_id": "s-1", "model": "m-1"}}},
    "Chat.SessionCompleted": {"Chat": {"SessionCompleted": {"meta": META, "session_id": "s-1", "status": "completed"}}},
    "Chat.RoundStarted": {"Chat": {"RoundStarted": {**ROUND, "model": "m-1"}}},
    "Chat.RoundCompleted": {
        "Chat": {"RoundCompleted": {**ROUND, "status": "success", "usage": USAGE, "latency_ms": 9, "error": None}}
    },
    "Chat.ToolCalled": {
        "Chat": {"ToolCalled": {**ROUND, "tool_call_id": "t-1", "tool_name": "look", "latency_ms": 3, "success": True}}
    },
    "Chat.MessageCountUpdated": {
        "Chat": {"MessageCountUpdated": {"meta": META, "session_id": "s-1", "message_count": 4}}
    },
    "Forward.RequestStarted": {
        "Forward": {
            "RequestStarted": {
                "meta": META,
                "request_id": "q-1",
                "endpoint": "acme.messages",
                "model": "m-1",
                "is_stream": False,
            }
        }
    },
    "Forward.RequestCompleted": {
        "Forward": {
            "RequestCompleted": {
                "meta": META,
                "request_id": "q-1",
                "status_code": 200,
                "status": "success",
                "usage": None,
                "latency_ms": 8,
                "error": None,
            }
        }
    },
    "System.MetricsDropped": {"System": {"MetricsDropped": {"count": 3, "reason": "channel full"}}},
    "System.StorageError": {"System": {"StorageError": {"error": "disk", "event_type": "Chat::ToolCalled"}}},
    "System.WorkerStarted": {"System": "WorkerStarted"},
    "System.WorkerStopped": {"System": "WorkerStopped"},
}


def through_text(event: MetricsEvent) -> MetricsEvent | None:
    return decode_metrics_event(json.loads(json.dumps(encode_metrics_event(event))))


def body_of(record: Any) -> dict[str, Any]:
    (tagged,) = record.values()
    (body,) = tagged.values()
    assert isinstance(body, dict)
    return body


def test_new_meta_has_an_id_and_no_trace() -> None:
    meta = EventMeta.new()
    assert uuid.UUID(meta.event_id).version == 4
    assert meta.trace_id is None
    assert meta.occurred_at.time_ns > 0


def test_meta_with_trace_id_has_both_ids() -> None:
    meta = EventMeta.with_trace_id("chain-7")
    assert uuid.UUID(meta.event_id).version == 4
    assert meta.trace_id == "chain-7"


def test_default_meta_is_a_new_one() -> None:
    first, second = EventMeta.default(), EventMeta.default()
    assert first.trace_id is None
    assert first.event_id != second.event_id


def test_chat_event_survives_its_json() -> None:
    event = MetricsEvent.Chat(ChatEvent.SessionStarted(meta=EventMeta.new(), session_id="s-9", model="m-9"))
    found = through_text(event)
    assert found == event
    assert isinstance(found, MetricsEvent.Chat)
    assert isinstance(found.event, ChatEvent.SessionStarted)
    assert (found.event.session_id, found.event.model) == ("s-9", "m-9")


def test_forward_event_survives_its_json() -> None:
    event = MetricsEvent.Forward(
        ForwardEvent.RequestStarted(
            meta=EventMeta.with_trace_id("chain-7"), request_id="q-9", endpoint="acme.chat", model="m-9", is_stream=True
        )
    )
    found = through_text(event)
    assert found == event
    assert isinstance(found, MetricsEvent.Forward)
    assert isinstance(found.event, ForwardEvent.RequestStarted)
    assert (found.event.request_id, found.event.endpoint, found.event.is_stream) == ("q-9", "acme.chat", True)


def test_produced_event_prints_null_for_what_is_not_there() -> None:
    event = ForwardEvent.RequestCompleted(
        meta=EventMeta.new(), request_id="q-9", status_code=200, status=ForwardStatus.Success, latency_ms=1
    )
    body = body_of(encode_metrics_event(MetricsEvent.Forward(event)))
    assert body["usage"] is None
    assert body["error"] is None
    assert body["meta"]["trace_id"] is None


def test_token_usage_starts_at_zero() -> None:
    usage = TokenUsage.default()
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (0, 0, 0)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (SessionStatus, {"running", "awaiting_response", "completed", "error", "cancelled"}),
        (RoundStatus, {"running", "success", "error", "cancelled"}),
        (ForwardStatus, {"pending", "success", "error"}),
    ],
)
def test_status_words_are_those_on_the_wire(words: Any, expected: set[str]) -> None:
    assert {status.as_str() for status in words} == expected
    assert all(words.from_db(word).as_str() == word for word in expected)
    assert words.from_db("of no kind") is None


@pytest.mark.parametrize("shape", SHAPES)
def test_shape_comes_back_as_it_was(shape: str) -> None:
    record = SHAPES[shape]
    before = copy.deepcopy(record)
    event = decode_metrics_event(record)
    assert event is not None
    assert type(event.event).__qualname__.split(".")[-1] == shape.split(".")[1]
    assert encode_metrics_event(event) == before
    assert record == before


@pytest.mark.parametrize("shape", SHAPES)
def test_unknown_fields_come_back_at_every_level(shape: str) -> None:
    record = copy.deepcopy(SHAPES[shape])
    if record in ({"System": "WorkerStarted"}, {"System": "WorkerStopped"}):
        record = {"System": {record["System"]: {}}}
    body = body_of(record)
    for level in (body, body.get("meta"), body.get("usage")):
        if level is not None:
            level |= {"later": {"a": [1, None, {"b": 2.5}]}, "also": None, "absent": 1, "unknown_fields": []}
    event = decode_metrics_event(record)
    assert event is not None
    assert encode_metrics_event(event) == record


@pytest.mark.parametrize(
    ("shape", "member"),
    [("Chat.RoundCompleted", "error"), ("Forward.RequestCompleted", "error"), ("Forward.RequestCompleted", "usage")],
)
def test_absent_optional_stays_absent(shape: str, member: str) -> None:
    record = copy.deepcopy(SHAPES[shape])
    del body_of(record)[member]
    del body_of(record)["meta"]["trace_id"]
    event = decode_metrics_event(record)
    assert event is not None
    assert getattr(event.event, member) is None
    assert encode_metrics_event(event) == record


def test_absent_optional_beside_an_unknown_field() -> None:
    record = copy.deepcopy(SHAPES["Chat.RoundCompleted"])
    body = body_of(record)
    body["cause"] = body.pop("error")
    event = decode_metrics_event(record)
    assert event is not None
    assert encode_metrics_event(event) == record


@pytest.mark.parametrize("text", ["2031-02-03T04:05:06Z", "2031-02-03T04:05:06.5+02:00", "2031-02-03 04:05:06.000Z"])
def test_time_keeps_its_text(text: str) -> None:
    record = copy.deepcopy(SHAPES["Chat.ToolCalled"])
    body_of(record)["meta"]["occurred_at"] = text
    event = decode_metrics_event(record)
    assert event is not None
    assert body_of(encode_metrics_event(event))["meta"]["occurred_at"] == text


def test_time_keeps_nine_digits() -> None:
    event = decode_metrics_event(SHAPES["Chat.ToolCalled"])
    assert isinstance(event, MetricsEvent.Chat)
    assert event.event.meta.occurred_at.time_ns % 1_000_000_000 == 700_800_900


@pytest.mark.parametrize(
    ("shape", "word"),
    [
        ("Chat.SessionCompleted", "on_fire"),
        ("Chat.RoundCompleted", "Success"),
        ("Forward.RequestCompleted", "timeout"),
        ("Chat.SessionCompleted", ""),
    ],
)
def test_unknown_status_word_comes_back(shape: str, word: str) -> None:
    record = copy.deepcopy(SHAPES[shape])
    body_of(record)["status"] = word
    event = decode_metrics_event(record)
    assert event is not None
    assert encode_metrics_event(event) == record


def test_known_status_word_is_a_member() -> None:
    event = decode_metrics_event(SHAPES["Chat.SessionCompleted"])
    assert isinstance(event, MetricsEvent.Chat)
    assert isinstance(event.event, ChatEvent.SessionCompleted)
    assert event.event.status is SessionStatus.Completed


def wrong(shape: str, member: str, value: Any) -> Any:
    record = copy.deepcopy(SHAPES[shape])
    level = body_of(record)
    *path, last = member.split(".")
    for name in path:
        level = level[name]
    level[last] = value
    return record


@pytest.mark.parametrize(
    ("shape", "member", "value", "reason"),
    [
        ("Chat.ToolCalled", "latency_ms", -1, "is no unsigned integer"),
        ("Chat.ToolCalled", "latency_ms", True, "is no unsigned integer"),
        ("Chat.ToolCalled", "latency_ms", 3.0, "is no unsigned integer"),
        ("Chat.ToolCalled", "latency_ms", "3", "is no unsigned integer"),
        ("Chat.ToolCalled", "latency_ms", None, "is no unsigned integer"),
        ("Chat.ToolCalled", "latency_ms", 2**64, "does not fit into 64 bits"),
        ("Chat.ToolCalled", "success", 1, "is neither true nor false"),
        ("Chat.ToolCalled", "tool_name", ["look"], "is no string"),
        ("Chat.ToolCalled", "meta", "e-1", "is no object"),
        ("Chat.ToolCalled", "meta.event_id", 17, "is no string"),
        ("Chat.ToolCalled", "meta.trace_id", 17, "is no string"),
        ("Chat.ToolCalled", "meta.occurred_at", 1_900_000_000, "is no string"),
        ("Chat.ToolCalled", "meta.occurred_at", "yesterday", "is no RFC 3339 time"),
        ("Chat.ToolCalled", "meta.occurred_at", "1969-12-31T23:59:59.999Z", "lies outside 1970 to 2262"),
        ("Chat.ToolCalled", "meta.occurred_at", "2262-04-12T00:00:00Z", "lies outside 1970 to 2262"),
        ("Chat.RoundCompleted", "usage", None, "is no object"),
        ("Chat.RoundCompleted", "usage.total_tokens", -12, "is no unsigned integer"),
        ("Chat.RoundCompleted", "status", None, "is no string"),
        ("Chat.RoundCompleted", "error", {"text": "boom"}, "is no string"),
        ("Chat.MessageCountUpdated", "message_count", 2**32, "does not fit into 32 bits"),
        ("Forward.RequestStarted", "is_stream", "yes", "is neither true nor false"),
        ("Forward.RequestCompleted", "status_code", 2**16, "does not fit into 16 bits"),
        ("Forward.RequestCompleted", "usage", [], "is no object"),
        ("System.MetricsDropped", "count", -3, "is no unsigned integer"),
        ("System.StorageError", "error", None, "is no string"),
    ],
)
def test_wrong_type_is_rejected_with_its_place(shape: str, member: str, value: Any, reason: str) -> None:
    with pytest.raises(RecordRejected) as caught:
        decode_metrics_event(wrong(shape, member, value))
    assert caught.value.field == f"{shape}.{member}"
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("shape", "member"),
    [
        (shape, member)
        for shape, record in SHAPES.items()
        if isinstance(next(iter(record.values())), dict)
        for member in body_of(record)
        if not (member == "error" and "Completed" in shape) and not (member == "usage" and "Forward" in shape)
    ],
)
def test_missing_member_is_rejected_with_its_name(shape: str, member: str) -> None:
    record = copy.deepcopy(SHAPES[shape])
    del body_of(record)[member]
    with pytest.raises(RecordRejected) as caught:
        decode_metrics_event(record)
    assert (caught.value.field, caught.value.reason) == (f"{shape}.{member}", "is missing")


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (None, ""),
        ([], ""),
        (3, ""),
        ({}, ""),
        ({"Chat": {}, "System": "WorkerStarted"}, ""),
        ({"Chat": []}, "Chat"),
        ({"Chat": None}, "Chat"),
        ({"Chat": {"RoundStarted": {}, "ToolCalled": {}}}, "Chat"),
        ({"Chat": "ToolCalled"}, "Chat.ToolCalled"),
        ({"Chat": {"ToolCalled": []}}, "Chat.ToolCalled"),
        ({"System": {"WorkerStarted": 1}}, "System.WorkerStarted"),
        ({"System": {"WorkerStarted": "now"}}, "System.WorkerStarted"),
    ],
)
def test_wrong_shape_is_rejected(record: Any, field: str) -> None:
    with pytest.raises(RecordRejected) as caught:
        decode_metrics_event(record)
    assert caught.value.field == field


def test_text_that_may_be_content_is_in_no_repr() -> None:
    sentinel = "sentinel-3b1"
    record = wrong("Chat.RoundCompleted", "error", sentinel)
    body_of(record)["later"] = sentinel
    events = [
        decode_metrics_event(record),
        decode_metrics_event({"System": {"StorageError": {"error": sentinel, "event_type": "Chat::ToolCalled"}}}),
        decode_metrics_event({"System": {"MetricsDropped": {"count": 1, "reason": sentinel}}}),
    ]
    assert all(event is not None and sentinel not in repr(event) for event in events)


def test_rejection_does_not_tell_the_value() -> None:
    sentinel = "sentinel-3b1"
    for member in ("latency_ms", "success", "meta", "meta.occurred_at"):
        with pytest.raises(RecordRejected) as caught:
            decode_metrics_event(wrong("Chat.ToolCalled", member, sentinel))
        assert sentinel not in str(caught.value)
        assert caught.value.__cause__ is None


def test_variants_are_told_by_the_names_of_the_source() -> None:
    assert repr(SystemEvent.WorkerStopped()).startswith("SystemEvent.WorkerStopped(")
    assert repr(MetricsEvent.System(SystemEvent.WorkerStopped())).startswith("MetricsEvent.System(")
