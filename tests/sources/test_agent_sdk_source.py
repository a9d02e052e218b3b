"""The source: which records are its own, what repeats them, what it does with any JSON at all."""

from __future__ import annotations

from contextlib import suppress
import copy
import json
from pathlib import Path, PurePath
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from agent_otel.model import MAX_TIME_NS, Cursor, EventKind, Outcome, RecordRejected
from agent_otel.sources import Context, Decoded, Document, Source, Verdict
from agent_otel.sources.agent_sdk import (
    AgentSdkSource,
    decode_agent_event,
    decode_telemetry_projection,
    decode_telemetry_record,
    encode_agent_event,
    encode_telemetry_projection,
    encode_telemetry_record,
)
from agent_otel.sources.agent_sdk.kinds import KINDS
from agent_otel.sources.agent_sdk.parts import identifier, tool_name
from sources.agent_sdk_records import (
    RUN,
    event,
    frame,
    money,
    notice,
    operations,
    projection,
    ref,
    sink_failed,
    telemetry,
    tell,
    tool_event,
    usage,
    usage_record,
)

CONTEXT = Context(Cursor("fuzz", 1), 1_900_000_000_000_000_000)
JOURNAL = {"journal_schema_version": 1, "record_kind": "tool", "record_id": "journal.record.1", "payload": {}}
SINK_HEALTH = projection(
    "sink_health",
    None,
    sink_health={
        "sink_id": "s",
        "sink_kind": "test",
        "state": "failed",
        "failure_kind": None,
        "terminal_preserved": True,
        "dropped_count": 0,
    },
)
COST_RECORD = telemetry("telemetry.cost.1", "cost", {"cost_record_id": "cost.1", "units": money()})
VALID: list[Any] = [
    event("run_started", 0, session_id="session.1"),
    event("model_attempt_started", 1, attempt_id="a.1", turn_id="t.1"),
    event("model_stream_delta", 1.5, attempt_id="a.1", summary="part"),
    event("model_message_completed", 2, attempt_id="a.1", event="event.answer"),
    tool_event("tool_requested", 3, "call.1", refs=[ref("content", "c.1")], summary="args"),
    tool_event("tool_completed", 4, "call.1"),
    event("subagent_started", 5, subject_ref=ref("subagent_run", "run.child")),
    event("telemetry_sink_failed", 6),
    event("run_completed", 7),
    frame(event("turn_started", 0.5), notice()),
    notice(),
    usage("event.answer"),
    projection("cost_correction", "event.answer", cost=money(1, "corrected")),
    projection("run_terminal", "event.end", terminal_status="completed"),
    SINK_HEALTH,
    usage_record("event.answer"),
    COST_RECORD,
    sink_failed(1, 2),
    JOURNAL,
]
NOTES = {
    None,
    "unknown_variant",
    "journal_record",
    "usage_may_be_lost",
    "usage_repeated",
    "unreadable_time",
    "placeholder_time",
    "clamped_integer",
}


def test_it_is_a_source() -> None:
    source = AgentSdkSource()
    assert isinstance(source, Source)
    assert source.name == "agent-sdk"
    path = PurePath("runs/harbour.jsonl")
    assert not source.companions(path)
    assert not source.is_companion(path)
    assert not source.belongs({}, [])
    assert source.sidecar(path) is None


def test_it_recognises_its_own_records_and_no_others() -> None:
    source = AgentSdkSource()
    for record in VALID:
        assert source.detect([record]) == 1.0
    for record in (
        {"Chat": {"SessionStarted": {}}},
        {"type": "user", "message": {}},
        {"type": "usage", "record": {}},
        {"envelope": {}, "payload": {}},
        {"envelope": None, "payload": None},
        {"event": {"envelope": 1}, "cursor": {}},
        {"event": "tick", "cursor": 4},
        [],
        None,
        "run_started",
        7,
    ):
        assert source.detect([record]) == 0.0
    assert source.detect([]) == 0.0
    assert source.detect([VALID[0], {}]) == 0.5


def test_a_repeated_record_is_known_by_its_id() -> None:
    key = AgentSdkSource().record_key
    answer = event("model_message_completed", 2, event="event.answer")
    assert key(answer) == key(frame(answer)) == f"event.answer@{RUN}"
    assert key(usage("event.answer")) == f"telemetry.usage.event.answer@{RUN}"
    assert key(usage_record("event.answer")) == f"telemetry.record.telemetry.usage.event.answer@{RUN}"
    assert key(sink_failed(3, 1)) == f"telemetry.sink.north.sink_failed.3@{RUN}"
    for record in (SINK_HEALTH, notice(), JOURNAL, {"type": "usage", "record": {}}, {}, None, [], "x"):
        assert key(record) is None


def test_the_events_of_two_children_are_not_the_same_events() -> None:
    key = AgentSdkSource().record_key

    def of(child: str) -> dict[str, Any]:
        return event(
            "run_started", 1, run=child, event="event.subagent.child.1", subject_ref=ref("subagent_run", child)
        )

    assert key(of("run.a")) == key(frame(of("run.a")))
    assert key(of("run.a")) != key(of("run.b"))


@pytest.mark.parametrize("record", [JOURNAL, {"type": "message", "record": {"role": "assistant"}}])
def test_journal_records_are_skipped(record: Any) -> None:
    told = tell(record)
    assert told.verdicts == [Verdict.SKIPPED]
    assert told.notes == ["journal_record"]


@pytest.mark.parametrize(
    "record",
    [
        event("run_teleported"),
        frame(event("run_teleported")),
        projection("premonition", "event.1"),
        telemetry("record.1", "premonition", {"x": 1}),
    ],
)
def test_unknown_variants_are_counted_and_skipped(record: Any) -> None:
    told = tell(record)
    assert told.verdicts == [Verdict.SKIPPED]
    assert told.notes == ["unknown_variant"]
    assert not told.events


def test_unknown_words_and_members_are_no_reason_to_reject() -> None:
    made = event(
        "run_started", 0, event_family="weather", privacy="foggy", delivery_semantics="by pigeon", extra={"a": 1}
    )
    made["payload"] = {"mode": "holographic", "beam": 3}
    told = tell(made)
    assert told.verdicts == [Verdict.MAPPED]
    assert told.events[0].lineage["event.family"] == "weather"
    assert "delivery_semantics" not in told.events[0].lineage  # it may be any text


@pytest.mark.parametrize("value", [None, 3, "text", [], {}, {"envelope": {}, "payload": {}}])
def test_what_is_none_of_the_forms_is_rejected_without_its_value(value: Any) -> None:
    decoder = AgentSdkSource().decoder()
    decoder.open(Document("x", "k"))
    with pytest.raises(RecordRejected):
        decoder.decode(value, CONTEXT)
    assert decoder.decode(VALID[0], CONTEXT).events  # it stays usable


def test_a_malformed_member_is_named_and_its_value_is_not() -> None:
    made = event("run_started", 0)
    made["envelope"]["agent_id"] = ["HUSH"]
    with pytest.raises(RecordRejected) as caught:
        tell(made)
    assert caught.value.field == "envelope.agent_id"
    assert "HUSH" not in str(caught.value)


def test_a_stream_of_placeholder_times_is_read_twice_as_two_traces() -> None:
    """The SDK's own loop writes the first second of 1970 into every event."""
    records = [
        event("run_started", None),
        event("model_attempt_started", None, attempt_id="a.1"),
        event("model_message_completed", None, attempt_id="a.1", event="event.answer"),
        event("run_completed", None),
    ]
    told = tell(*records)
    assert set(told.notes) == {"placeholder_time"}
    assert {one.ids.nonce for one in told.events} == {"once"}
    run, call = sorted(operations(told.events), key=lambda one: one.kind.value, reverse=True)
    assert run.start_ns > 0
    assert call.identity.parent_span_id == run.identity.span_id
    assert call.outcome is Outcome.OK


def test_decoding_again_gives_the_same_events() -> None:
    assert tell(*VALID).events == tell(*VALID).events


@pytest.mark.parametrize(
    ("decode", "encode", "records"),
    [
        (decode_agent_event, encode_agent_event, VALID[:9]),
        (decode_telemetry_projection, encode_telemetry_projection, VALID[11:15]),
        (decode_telemetry_record, encode_telemetry_record, VALID[15:18]),
    ],
)
def test_fixtures_come_back_as_they_were(decode: Any, encode: Any, records: list[Any]) -> None:
    for record in records:
        assert encode(decode(record)) == record


scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, child in children for path in paths(child, (*here, key)))]


@st.composite
def damaged(draw: Any) -> Any:
    """A valid record of which some members were replaced or left out."""
    record = copy.deepcopy(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(paths(record)))
        if not path:
            return draw(values)
        parent = record
        for step in path[:-1]:
            parent = parent[step]
        if draw(st.booleans()):
            parent[path[-1]] = draw(values)
        else:
            del parent[path[-1]]
    return record


def check(decoded: Decoded) -> None:
    assert decoded.note in NOTES
    for one in decoded.events:
        assert 0 <= one.time_ns <= MAX_TIME_NS
        assert one.origin.system == "agent-sdk"
        for value in one.lineage.values():
            assert isinstance(value, (str, int, float, bool, tuple))
        if one.kind in (EventKind.AGENT, EventKind.MODEL, EventKind.TOOL):
            assert one.ids.run is not None


@settings(max_examples=300, deadline=None)
@given(st.lists(damaged() | values, max_size=8), st.booleans())
def test_any_json_gives_events_within_the_models_bounds_or_is_rejected(records: list[Any], live: bool) -> None:
    source = AgentSdkSource()
    decoder = source.decoder()
    decoder.open(Document("x", "k", nonce="n", live=live))
    assert 0.0 <= source.detect(records) <= 1.0
    for record in records:
        source.record_key(record)
        with suppress(RecordRejected):
            check(decoder.decode(record, CONTEXT))
    check(Decoded(decoder.close(complete=True)))


IN_ORDER: list[Any] = [
    event("run_started", 0, session_id="session.1"),
    event("model_attempt_started", 1, attempt_id="a.1", turn_id="t.1"),
    event("model_message_completed", 2, attempt_id="a.1", turn_id="t.1", event="event.answer"),
    usage("event.answer"),
    usage_record("event.answer"),
    projection("cost_estimate", "event.answer", cost=money()),
    tool_event("tool_requested", 3, "call.1"),
    event("approval_requested", 3.5, subject_ref=ref("tool_call", "call.1")),
    tool_event("tool_started", 4, "call.1"),
    tool_event("tool_completed", 5, "call.1"),
    projection("progress", "event.call.1.tool_completed", event_kind="tool_completed", tool_name="depth_read"),
    event("run_completed", 7, event="event.end"),
    projection("run_terminal", "event.end", family="run", terminal_status="completed"),
    event("turn_completed", 8, turn_id="t.1"),
]


@settings(max_examples=150, deadline=None)
@given(st.permutations(IN_ORDER))
def test_in_any_order_the_same_spans_come_out_and_every_number_counts_once(records: list[Any]) -> None:
    told = tell(*records)
    found = operations(told.events)
    assert {one.identity.ref for one in found} == {one.identity.ref for one in operations(tell(*IN_ORDER).events)}
    assert len(found) == 3
    assert [one.kind.value for one in found if one.run == RUN].count("run") == 1
    assert sum(1 for one in told.events if one.usage is not None) == 1
    assert sum(1 for one in told.events if one.cost is not None) == 1


PAGE = (Path(__file__).parents[2] / "docs" / "sources" / "agent-sdk.md").read_text("utf-8")


def test_the_example_lines_of_the_page_are_read() -> None:
    block = PAGE.split("```json\n")[1].split("```")[0]
    told = tell(*map(json.loads, block.splitlines()))
    assert told.verdicts == [Verdict.MAPPED] * 5
    assert AgentSdkSource().detect([json.loads(line) for line in block.splitlines()]) == 1.0


def test_the_page_says_what_becomes_of_every_kind_and_has_no_empty_cell() -> None:
    for kind in KINDS:
        assert f"`{kind}`" in PAGE, kind
    for note in NOTES - {None}:
        assert note in PAGE, note
    for row in (line for line in PAGE.splitlines() if line.startswith("|")):
        assert all(cell.strip() for cell in row.strip("|").split("|")), row


def test_every_public_name_of_the_contract_is_here() -> None:
    from agent_otel.model import agent_sdk as types
    from agent_otel.sources import agent_sdk as package
    from agent_otel.sources.agent_sdk import codec, extraction

    public = {*types.__all__, *codec.__all__, *extraction.__all__, "AgentSdkSource"}
    assert set(package.__all__) == public
    assert all(hasattr(package, name) for name in public)


def test_the_events_of_two_runs_are_not_the_same_events() -> None:
    key = AgentSdkSource().record_key
    one, other = (event("run_started", 1, run=run, event="event.1") for run in ("run.a", "run.b"))
    assert key(one) == key(frame(one)) != key(other)
    assert len({key({**usage("event.1"), "run_id": run}) for run in ("run.a", "run.b")}) == 2


@pytest.mark.parametrize("text", ["/home/ann/plans.txt", "C:/Users/ann", "ann@example.org", "a b"])
def test_a_path_and_an_address_are_no_identifiers(text: str) -> None:
    assert identifier(text) is None
    assert tool_name(text) == "other"


@pytest.mark.parametrize("text", ["sha256:0a1b", "pack/one@1.2", "img@sha256:0a1b", "a=b", "-x"])
def test_what_hosts_write_as_identifiers_stays_one(text: str) -> None:
    assert identifier(text) == tool_name(text) == text


def test_a_tool_that_was_asked_for_in_free_words_has_no_name_of_them() -> None:
    told = tell(event("tool_started", 1), event("tool_completed", 2), usage("event.2", tool_name="what Ann wrote"))
    assert all("Ann" not in (one.names.tool or "") for one in told.events)
