"""Whatever JSON the decoder gets: events within the model's bounds, or ``RecordRejected``; and the same JSON back."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent_otel.correlate import Correlator, Occurrence, Operation, OrphanReason
from agent_otel.model import MAX_TIME_NS, AgentEvent, Cursor, RecordRejected
from agent_otel.project import Measurements, record_of, span_of
from agent_otel.sources import Context, Decoded, Document, Verdict
from agent_otel.sources.zeroclaw import (
    ZeroClawSource,
    decode_dashboard_event,
    decode_log_event,
    decode_observer_event,
    decode_observer_metric,
    encode_dashboard_event,
    encode_log_event,
    encode_observer_event,
    encode_observer_metric,
)
from sources.test_zeroclaw_dashboard import SHAPES as DASHBOARD
from sources.test_zeroclaw_models import METRICS, OLD_SHAPES, SHAPES
from sources.test_zeroclaw_trace import WHOLE, row

CONTEXT = Context(Cursor("fuzz", 1), 1_900_000_000_000_000_000)
NOTES = {
    None,
    "unknown_variant",
    "unknown_action",
    "unknown_schema_version",
    "clamped_integer",
    "told_twice",
    "internal",
    "not_observability",
    "malformed_event",
    "empty_history",
}
ROWS = [
    *WHOLE,
    row("inbound", "channel", content="ahoy"),
    row("memory_audit", "memory", took=4, memory_action="recall"),
    row("reject", message="tool_call_result", tool="sound", arguments="{}", result="no"),
    row("fail", "cron", outcome="failure", severity=17, error="x"),
    row("agent_end", "agent", outcome="unknown", tokens_used=3),
]
VALID: list[Any] = [
    *SHAPES.values(),
    *OLD_SHAPES.values(),
    *METRICS.values(),
    *DASHBOARD.values(),
    *ROWS,
    {"events": list(DASHBOARD.values())},
]
WORDS = sorted(
    {
        "ToolCall",
        "TurnComplete",
        "llm_response",
        "gateway_ws_turn",
        "tool",
        "provider",
        "complete",
        "failure",
        "duration_ms",
        "9999-99-99T99:99:99Z",
        "2031-02-03T04:05:06.5Z",
        "\ud800",
    }
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(10**308, 10**320)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(WORDS)
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
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
            level[draw(st.text(max_size=6) | st.sampled_from(WORDS))] = draw(json_values)
        else:
            removed = level.pop(last)
            if change == "rename":
                level[draw(st.text(max_size=6) | st.sampled_from(WORDS))] = removed
    return record


def decoded_of(records: list[Any]) -> list[AgentEvent]:
    """Decode records by one decoder, in every way that a reader asks."""
    source = ZeroClawSource()
    decoder = source.decoder()
    decoder.open(Document("fuzz", "key", nonce="n"))
    events: list[AgentEvent] = []
    for record in records:
        before = repr(record)
        assert 0.0 <= source.detect([record]) <= 1.0
        assert source.belongs(record, [record]) in (True, False)
        key = source.record_key(record)
        assert key is None or key
        try:
            decoded = decoder.decode(record, CONTEXT)
        except RecordRejected:
            continue
        finally:
            assert repr(record) == before
        check(decoded)
        events += decoded.events
    events += decoder.close(complete=True)
    return events


def check(decoded: Decoded) -> None:
    """Assert what the model promises of every event."""
    assert decoded.note in NOTES
    assert not decoded.events or decoded.verdict is Verdict.MAPPED
    for event in decoded.events:
        assert 0 <= event.time_ns <= MAX_TIME_NS
        assert event.duration_ns is None or 0 <= event.duration_ns <= MAX_TIME_NS
        for value in (*event.lineage.values(), *event.facts.values()):
            assert isinstance(value, str | bool | int | float)
            assert not isinstance(value, str) or (value.isascii() and len(value) <= 128)
            assert not isinstance(value, int) or 0 <= value <= MAX_TIME_NS
        if event.usage is not None:
            for count in (event.usage.input_tokens, event.usage.output_tokens, event.usage.total_tokens):
                assert count is None or 0 <= count <= MAX_TIME_NS
        assert event.cost is None or 0 <= event.cost.amount_micros <= MAX_TIME_NS


@settings(max_examples=300)
@given(json_values)
def test_any_json_is_decoded_or_rejected(record: Any) -> None:
    decoded_of([record])


@settings(max_examples=600)
@given(mutated())
def test_mutated_record_is_decoded_or_rejected(record: Any) -> None:
    decoded_of([record])


@settings(max_examples=150)
@given(st.lists(mutated(), max_size=12))
def test_any_stream_of_records_goes_the_whole_way(records: list[Any]) -> None:
    correlator, measurements = Correlator("ns", nonce="n"), Measurements()
    outputs: list[Any] = []
    for event in decoded_of(records):
        outputs += correlator.feed(event).outputs
    outputs += correlator.finish(OrphanReason.END_OF_INPUT)
    for output in outputs:
        if isinstance(output, Operation):
            assert span_of(output).name
            measurements.of_operation(output)
        elif isinstance(output, Occurrence):
            record_of(output)
            measurements.of_occurrence(output)


@settings(max_examples=800)
@given(mutated())
def test_what_is_accepted_comes_back_as_it_was(record: Any) -> None:
    for decode, encode in (
        (decode_observer_event, encode_observer_event),
        (decode_observer_metric, encode_observer_metric),
        (decode_dashboard_event, encode_dashboard_event),
        (decode_log_event, encode_log_event),
    ):
        try:
            model = decode(record)  # type: ignore[operator]
        except RecordRejected:
            continue
        if model is not None:
            assert exact(encode(model)) == exact(record)  # type: ignore[operator]


def exact(value: Any) -> Any:
    """Give a form that compares by type as well, so that 1, 1.0 and True differ and NaN equals itself."""
    if isinstance(value, dict):
        return {key: exact(inner) for key, inner in value.items()}
    return [exact(inner) for inner in value] if isinstance(value, list) else repr(value)


def test_deep_nesting_is_no_trouble() -> None:
    deep: Any = []
    for _ in range(10_000):
        deep = [deep]
    for record in ({"ToolCall": {"tool": "x", "success": True, "arguments": deep, "later": deep}}, row("note", x=deep)):
        assert len(ZeroClawSource().decoder().decode(record, CONTEXT).events) == 1


def test_text_of_a_megabyte_is_no_trouble() -> None:
    long = "x" * 1_000_000
    record = {"ToolCall": {"tool": long, "success": True, "arguments": "[" * 1_000_000, "turn_id": long}}
    assert len(ZeroClawSource().decoder().decode(record, CONTEXT).events) == 1
