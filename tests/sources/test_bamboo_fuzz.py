"""Whatever JSON the decoder gets: events within the model's bounds, or ``RecordRejected``; and the same JSON back."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent_otel.model import MAX_TIME_NS, Cursor, RecordRejected
from agent_otel.sources import Context, Decoded, Verdict
from agent_otel.sources.bamboo import BambooSource, decode_metrics_event, encode_metrics_event

CONTEXT = Context(Cursor("fuzz", 1), 1_900_000_000_000_000_000)
NOTES = {None, "unknown_variant", "unknown_status", "clamped_integer"}
META = {"event_id": "e", "occurred_at": "2031-02-03T04:05:06.5Z", "trace_id": None}
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
VALID: list[Any] = [
    {"Chat": {"SessionStarted": {"meta": META, "session_id": "s", "model": "m"}}},
    {"Chat": {"SessionCompleted": {"meta": META, "session_id": "s", "status": "completed"}}},
    {"Chat": {"RoundStarted": {"meta": META, "session_id": "s", "round_id": "r", "model": "m"}}},
    {
        "Chat": {
            "RoundCompleted": {
                "meta": META,
                "session_id": "s",
                "round_id": "r",
                "status": "error",
                "usage": USAGE,
                "latency_ms": 4,
                "error": "x",
            }
        }
    },
    {
        "Chat": {
            "ToolCalled": {
                "meta": META,
                "session_id": "s",
                "round_id": "r",
                "tool_call_id": "t",
                "tool_name": "look",
                "latency_ms": 4,
                "success": False,
            }
        }
    },
    {"Chat": {"MessageCountUpdated": {"meta": META, "session_id": "s", "message_count": 2}}},
    {
        "Forward": {
            "RequestStarted": {"meta": META, "request_id": "q", "endpoint": "a.b", "model": "m", "is_stream": True}
        }
    },
    {
        "Forward": {
            "RequestCompleted": {
                "meta": META,
                "request_id": "q",
                "status_code": 0,
                "status": "error",
                "usage": USAGE,
                "latency_ms": 4,
                "error": None,
            }
        }
    },
    {"System": {"MetricsDropped": {"count": 2, "reason": "full"}}},
    {"System": {"StorageError": {"error": "x", "event_type": "Chat::ToolCalled"}}},
    {"System": "WorkerStarted"},
    {"System": {"WorkerStopped": {}}},
]
WORDS = sorted(
    {"Chat", "Forward", "System", "New", "awaiting_response", "9999-99-99T99:99:99Z", "1969-12-31T23:59:59Z", "\ud800"}
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(WORDS)
    | st.datetimes().map(lambda moment: moment.isoformat() + "Z")
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """List the paths of all members of nested objects."""
    if not isinstance(value, dict):
        return []
    return [place for key, inner in value.items() for place in ((*path, key), *places(inner, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Give a valid record after up to three changes: a member replaced, removed, added or renamed."""
    record = copy.deepcopy(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(0, 3))):
        found = places(record)
        if not found:
            break
        *path, last = draw(st.sampled_from(found))
        level = record
        for key in path:
            level = level[key]
        change = draw(st.sampled_from(["replace", "remove", "add", "rename"]))
        if change == "replace":
            level[last] = draw(json_values)
        elif change == "add":
            level[draw(st.text(max_size=6))] = draw(json_values)
        else:
            removed = level.pop(last)
            if change == "rename":
                level[draw(st.text(max_size=6) | st.sampled_from(WORDS))] = removed
    return record


def check(record: Any) -> Decoded | None:
    """Decode a record in every way; None if it was rejected."""
    source = BambooSource()
    before = repr(record)
    assert 0.0 <= source.detect([record]) <= 1.0
    key = source.record_key(record)
    assert key is None or key
    try:
        decoded = source.decoder().decode(record, CONTEXT)
    except RecordRejected:
        decoded = None
    assert repr(record) == before
    return decoded


def check_events(decoded: Decoded) -> None:
    """Assert what the model promises of every event."""
    assert decoded.note in NOTES
    assert len(decoded.events) == (decoded.verdict is Verdict.MAPPED)
    for event in decoded.events:
        assert 0 <= event.time_ns <= MAX_TIME_NS
        assert event.duration_ns is None or 0 <= event.duration_ns <= MAX_TIME_NS
        assert all(isinstance(value, str | bool | int | float) for value in event.lineage.values())
        assert all(not isinstance(value, int) or value <= MAX_TIME_NS for value in event.facts.values())
        for count in (
            (event.usage.input_tokens, event.usage.output_tokens, event.usage.total_tokens) if event.usage else ()
        ):
            assert count is not None
            assert 0 <= count <= MAX_TIME_NS


@given(json_values)
def test_any_json_is_decoded_or_rejected(record: Any) -> None:
    decoded = check(record)
    if decoded is not None:
        check_events(decoded)


@settings(max_examples=400)
@given(mutated())
def test_mutated_record_is_decoded_or_rejected(record: Any) -> None:
    decoded = check(record)
    if decoded is not None:
        check_events(decoded)


@settings(max_examples=400)
@given(mutated())
def test_what_is_accepted_comes_back_as_it_was(record: Any) -> None:
    try:
        metrics = decode_metrics_event(record)
    except RecordRejected:
        return
    if metrics is not None:
        assert repr_of(encode_metrics_event(metrics)) == repr_of(record)


def repr_of(value: Any) -> Any:
    """Give a form that compares by type as well, so that 1, 1.0 and True differ and NaN equals itself."""
    if isinstance(value, dict):
        return {key: repr_of(inner) for key, inner in value.items()}
    return [repr_of(inner) for inner in value] if isinstance(value, list) else repr(value)


def test_deep_nesting_is_no_trouble() -> None:
    deep: Any = []
    for _ in range(10_000):
        deep = [deep]
    record = copy.deepcopy(VALID[4])
    record["Chat"]["ToolCalled"]["later"] = deep
    assert len(BambooSource().decoder().decode(record, CONTEXT).events) == 1


def test_id_of_a_megabyte_is_no_trouble() -> None:
    record = copy.deepcopy(VALID[4])
    record["Chat"]["ToolCalled"]["tool_call_id"] = "t" * 1_000_000
    (event,) = BambooSource().decoder().decode(record, CONTEXT).events
    assert len(event.ids.tool_call or "") == 1_000_000
