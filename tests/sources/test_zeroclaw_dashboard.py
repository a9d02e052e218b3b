"""Records of ZeroClaw's dashboard: flat, timed, and without arguments, results and call ids."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from agent_otel.correlate import OrphanReason
from agent_otel.model import AgentEvent, Cursor, EventKind, Fact, Origin, Outcome, Phase, RecordRejected, Usage
from agent_otel.sources import Context, Decoded, Document, Verdict
from agent_otel.sources.fields import Timestamp
from agent_otel.sources.zeroclaw import (
    DashboardEvent,
    Duration,
    ObserverEvent,
    ZeroClawSource,
    decode_dashboard_event,
    encode_dashboard_event,
)
from correlate.correlating import correlated

TIME, TIME_NS = "2031-02-03T04:05:06.700800900+00:00", 1_927_857_906_700_800_900
RECEIPT_NS = 1_999_999_999_000_000_000
FRAME = {"source": "observability", "timestamp": TIME}
TURN = {"channel": "cli", "agent_alias": "gull", "turn_id": "t"}
SHAPES: dict[str, Any] = {
    "agent_start": {"type": "agent_start", **FRAME, "model_provider": "acme", "model": "m-1", **TURN},
    "llm_request": {
        "type": "llm_request",
        **FRAME,
        "model_provider": "acme",
        "model": "m-1",
        "messages_count": 3,
        "parent_agent_alias": "heron",
        **TURN,
    },
    "tool_call_start": {"type": "tool_call_start", **FRAME, "tool": "sound", **TURN},
    "tool_call": {"type": "tool_call", **FRAME, "tool": "sound", "duration_ms": 42, "success": True, **TURN},
    "agent_end": {
        "type": "agent_end",
        **FRAME,
        "model_provider": "acme",
        "model": "m-1",
        "duration_ms": 900,
        "tokens_used": 30,
        "input_tokens": 10,
        "output_tokens": 20,
        "cost_usd": 0.002,
        **TURN,
    },
    "error": {"type": "error", **FRAME, "component": "gateway", "message": "no answer"},
    "history_trimmed": {
        "type": "history_trimmed",
        **FRAME,
        "dropped_messages": 4,
        "kept_turns": 2,
        "reason": "budget",
        **TURN,
    },
}


def decode(record: Any) -> Decoded:
    decoder = ZeroClawSource().decoder()
    decoder.open(Document("sse", "key", nonce="n-1"))
    return decoder.decode(record, Context(Cursor("sse", 5), RECEIPT_NS))


def event_of(record: Any) -> AgentEvent:
    (event,) = decode(record).events
    assert event.origin == Origin("zeroclaw", form="dashboard")
    return event


@pytest.mark.parametrize("record", SHAPES.values(), ids=list(SHAPES))
def test_every_record_comes_back_as_it_was(record: Any) -> None:
    assert encode_dashboard_event(decode_dashboard_event(record)) == record  # type: ignore[arg-type]
    more = {**record, "later": {"a": None}, "input_tokens": None}
    assert encode_dashboard_event(decode_dashboard_event(more)) == more  # type: ignore[arg-type]


@pytest.mark.parametrize("record", SHAPES.values(), ids=list(SHAPES))
def test_what_is_absent_stays_absent(record: Any) -> None:
    record = {key: value for key, value in record.items() if key not in TURN and key != "timestamp"}
    assert encode_dashboard_event(decode_dashboard_event(record)) == record  # type: ignore[arg-type]
    (event,) = decode(record).events
    assert (event.time_ns, event.time_is_receipt, event.ids.nonce, event.ids.run) == (RECEIPT_NS, True, "n-1", None)


@pytest.mark.parametrize("record", SHAPES.values(), ids=list(SHAPES))
def test_every_record_has_its_own_time(record: Any) -> None:
    event = event_of(record)
    assert (event.time_ns, event.time_is_receipt, event.ids.nonce) == (TIME_NS, False, None)


def test_a_record_is_made_by_name() -> None:
    event = ObserverEvent.ToolCall(tool="sound", duration=Duration.from_millis(42), success=True, turn_id="t")
    made = DashboardEvent(source="observability", timestamp=Timestamp.of(TIME_NS), event=event)
    written = encode_dashboard_event(made)
    assert written == {
        "type": "tool_call",
        "source": "observability",
        "timestamp": "2031-02-03T04:05:06.700800900Z",
        "tool": "sound",
        "success": True,
        "duration": {"secs": 0, "nanos": 42_000_000},
        "turn_id": "t",
    }
    assert decode_dashboard_event(written) == made


def test_the_end_of_a_turn_has_two_counts_and_a_total() -> None:
    event = event_of(SHAPES["agent_end"])
    assert (event.kind, event.phase, event.final, event.duration_ns) == (EventKind.AGENT, Phase.END, True, 900_000_000)
    assert event.usage == Usage(input_tokens=10, output_tokens=20, total_tokens=30)
    assert event.cost is not None
    assert event.cost.amount_micros == 2000
    nothing = {"tokens_used": None, "input_tokens": None, "output_tokens": None, "cost_usd": None}
    bare = event_of({**SHAPES["agent_end"], **nothing})
    assert (bare.usage, bare.cost) == (None, None)


def test_a_request_is_an_event_on_its_turn_because_no_response_follows() -> None:
    event = event_of(SHAPES["llm_request"])
    assert (event.kind, event.names.subject) == (EventKind.PROGRESS, "model_request")
    assert event.facts == {Fact.MESSAGE_COUNT: 3}
    assert event.lineage == {"channel": "cli", "model": "m-1", "model_provider": "acme"}
    names = ["agent_start", "llm_request", "tool_call_start", "tool_call", "history_trimmed", "agent_end"]
    told = correlated([event_of(SHAPES[name]) for name in names], finish=OrphanReason.END_OF_INPUT)
    assert [mark.name for mark in told.run.marks] == ["model_request", "compaction"]
    assert (told.tool.outcome, told.tool.end_ns - told.tool.start_ns) == (Outcome.OK, 0)
    assert all(operation.orphan is None for operation in told.operations)


def test_other_events_would_be_read_the_same_way() -> None:
    event = event_of({"type": "memory_store", **FRAME, "category": "daily", "duration_ms": 4, "success": True})
    assert (event.kind, event.duration_ns) == (EventKind.MEMORY, 4_000_000)


@pytest.mark.parametrize(
    ("record", "note"),
    [
        ({"type": "sung", **FRAME}, "unknown_variant"),
        ({"type": "agent_end", "model_provider": "acme", "model": "m-1"}, "not_observability"),
        ({"type": "message", "session_id": "s", "content": "private"}, "not_observability"),
        ({"type": "cron_result", "output": "x"}, "not_observability"),
    ],
)
def test_other_records_are_skipped_and_told(record: Any, note: str) -> None:
    decoded = decode(record)
    assert (decoded.verdict, decoded.note, tuple(decoded.events)) == (Verdict.SKIPPED, note, ())


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"timestamp": "soon"}, "timestamp", "is no RFC 3339 time"),
        ({"tool": 5}, "tool", "is no string"),
        ({"duration_ms": "long"}, "duration_ms", "is no duration"),
        ({"success": None}, "success", "is neither true nor false"),
    ],
)
def test_a_wrong_member_is_rejected_with_its_name(change: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(RecordRejected) as caught:
        decode({**SHAPES["tool_call"], **change})
    assert (caught.value.field, caught.value.reason) == (field, reason)


@pytest.mark.parametrize("record", [None, [], "x", {}, {"type": 5}, {"type": None}])
def test_what_is_no_record_is_rejected(record: Any) -> None:
    with pytest.raises(RecordRejected):
        decode_dashboard_event(record)


def test_a_count_beyond_int64_is_clamped_and_told() -> None:
    decoded = decode({**SHAPES["agent_end"], "output_tokens": 2**64 - 1})
    assert decoded.note == "clamped_integer"
    assert decoded.events[0].usage == Usage(input_tokens=10, output_tokens=2**63 - 1, total_tokens=30)


def test_a_history_gives_the_events_of_its_records() -> None:
    history = {"events": [SHAPES["agent_start"], SHAPES["tool_call"], SHAPES["agent_end"]]}
    decoded = decode(history)
    assert [event.kind for event in decoded.events] == [EventKind.AGENT, EventKind.TOOL, EventKind.AGENT]
    assert len({event.cursor for event in decoded.events}) == 3
    assert decoded.note is None


def test_a_malformed_record_of_a_history_costs_only_itself() -> None:
    broken = copy.deepcopy(SHAPES["tool_call"])
    del broken["success"]
    decoded = decode({"events": [broken, SHAPES["agent_end"], {"events": []}]})
    assert (len(decoded.events), decoded.note) == (1, "malformed_event")
    with pytest.raises(RecordRejected):
        decode({"events": [broken]})
    empty = decode({"events": []})
    assert (empty.verdict, tuple(empty.events)) == (Verdict.SKIPPED, ())


def test_detection() -> None:
    source = ZeroClawSource()
    assert source.detect([*SHAPES.values(), {"events": [SHAPES["error"]]}]) == 1.0
    assert source.detect([{"events": []}, {"type": "tool_call"}, {"source": "observability"}]) == 0.0


def test_a_record_with_a_time_is_known_by_all_that_it_says() -> None:
    source = ZeroClawSource()
    keys = {source.record_key(record) for record in SHAPES.values()}
    assert len(keys) == len(SHAPES)
    assert None not in keys
    call = SHAPES["tool_call"]
    assert source.record_key(dict(reversed(call.items()))) == source.record_key(call)
    assert source.record_key({**call, "duration_ms": 43}) != source.record_key(call)
    assert source.record_key({key: value for key, value in call.items() if key != "timestamp"}) is None


def test_text_that_may_be_content_is_in_no_repr() -> None:
    sentinel = "sentinel 9d2"
    record = {**SHAPES["error"], "message": sentinel, "component": sentinel, "later": sentinel}
    assert sentinel not in repr(decode_dashboard_event(record))
    assert sentinel not in repr(decode(record))


def test_a_history_that_is_asked_for_again_tells_only_what_is_new() -> None:
    decoder = ZeroClawSource().decoder()
    decoder.open(Document("live", "key", nonce="n-1", live=True))
    records = list(SHAPES.values())
    context = Context(Cursor("sse", 5), RECEIPT_NS)
    first = decoder.decode({"events": records[:2]}, context)
    again = decoder.decode({"events": records[:3]}, context)
    assert (len(first.events), len(again.events)) == (2, 1)
    assert again.note == "told_twice"
    assert decoder.decode(records[0], context) == Decoded(verdict=Verdict.SKIPPED, note="told_twice")
