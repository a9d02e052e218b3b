"""Rules R1 to R12 as far as the source alone shows them, and what else becomes of Bamboo's metrics events."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pytest

from agent_otel.model import (
    AgentEvent,
    ContentKind,
    Cursor,
    EventKind,
    Fact,
    Origin,
    Outcome,
    Phase,
    RecordRejected,
    Usage,
    outcome_of_status,
)
from agent_otel.sources import Context, Decoded, Document, Source, Verdict, detect_source, load_source
from agent_otel.sources.bamboo import BambooSource, decode_metrics_event, encode_metrics_event

TIME = "2031-02-03T04:05:06.700800900Z"
TIME_NS = 1_927_857_906_700_800_900
RECEIPT_NS = 1_999_999_999_000_000_001
CURSOR = Cursor("stream", 41)
ZERO_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
MAX = 2**63 - 1


def chat(variant: str, *, event_id: str = "e-1", trace_id: str | None = None, **members: Any) -> Any:
    meta = {"event_id": event_id, "occurred_at": TIME, "trace_id": trace_id}
    return {"Chat": {variant: {"meta": meta, "session_id": "s-1", **members}}}


def forward(variant: str, **members: Any) -> Any:
    meta = {"event_id": "e-1", "occurred_at": TIME, "trace_id": None}
    return {"Forward": {variant: {"meta": meta, "request_id": "q-1", **members}}}


def tool_called(**members: Any) -> Any:
    told = {"round_id": "r-1", "tool_call_id": "t-1", "tool_name": "look", "latency_ms": 12, "success": True}
    return chat("ToolCalled", **{**told, **members})


def round_completed(**members: Any) -> Any:
    told = {"round_id": "r-1", "status": "success", "usage": ZERO_USAGE, "latency_ms": 1000, "error": None}
    return chat("RoundCompleted", **{**told, **members})


def request_completed(**members: Any) -> Any:
    told = {"status_code": 200, "status": "success", "usage": None, "latency_ms": 500, "error": None}
    return forward("RequestCompleted", **{**told, **members})


def decode(record: Any) -> Decoded:
    decoder = BambooSource().decoder()
    decoder.open(Document("m.jsonl", "key", nonce="n-1"))
    return decoder.decode(record, Context(CURSOR, RECEIPT_NS))


def event_of(record: Any) -> AgentEvent:
    decoded = decode(record)
    assert decoded.verdict is Verdict.MAPPED
    (event,) = decoded.events
    assert event.cursor == CURSOR
    assert event.origin == Origin("bamboo", form="metrics")
    return event


@pytest.mark.parametrize(
    "record",
    [{"Chat": {"New": {}}}, {"Chat": "New"}, {"System": "Slept"}, {"Forward": {"New": None}}, {"Audit": {"New": {}}}],
)
def test_r1_unknown_variant_is_skipped_and_told(record: Any) -> None:
    decoded = decode(record)
    assert (decoded.verdict, decoded.note, tuple(decoded.events)) == (Verdict.SKIPPED, "unknown_variant", ())


@pytest.mark.parametrize("variant", ["WorkerStarted", "WorkerStopped"])
@pytest.mark.parametrize("form", ["name", "null", "object"])
def test_r2_unit_variant_in_any_form(variant: str, form: str) -> None:
    record: Any = {"System": {"name": variant, "null": {variant: None}, "object": {variant: {}}}[form]}
    event = event_of(record)
    state = variant.removeprefix("Worker").lower()
    assert (event.kind, event.phase) == (EventKind.HEALTH, Phase.POINT)
    assert event.names.subject == f"worker_{state}"
    assert event.facts == {Fact.STATE: state}
    metrics = decode_metrics_event(record)
    assert metrics is not None
    assert encode_metrics_event(metrics) == record


def test_r3_order_does_not_matter_to_the_decoder() -> None:
    records = [
        chat("SessionStarted", model="m-1"),
        chat("RoundStarted", round_id="r-1", model="m-1"),
        tool_called(),
        round_completed(),
        chat("MessageCountUpdated", message_count=2),
        chat("SessionCompleted", status="completed"),
    ]
    forwards, decoder = [event_of(record) for record in records], BambooSource().decoder()
    backwards = [decoder.decode(record, Context(CURSOR, RECEIPT_NS)).events[0] for record in reversed(records)]
    assert forwards == backwards[::-1]
    assert [(event.kind, event.phase) for event in forwards] == [
        (EventKind.SESSION, Phase.START),
        (EventKind.AGENT, Phase.START),
        (EventKind.TOOL, Phase.END),
        (EventKind.AGENT, Phase.END),
        (EventKind.MESSAGE, Phase.POINT),
        (EventKind.SESSION, Phase.END),
    ]
    assert {event.ids.conversation for event in forwards} == {"s-1"}
    assert [event.ids.run for event in forwards] == [None, "s-1/r-1", "s-1/r-1", "s-1/r-1", None, None]


def test_r4_awaiting_response_is_a_pause() -> None:
    event = event_of(chat("SessionCompleted", status="awaiting_response"))
    assert (event.outcome, event.error_type) == (Outcome.PAUSED, None)
    assert event.facts == {Fact.STATE: "awaiting_response"}
    assert event.lineage["status"] == "awaiting_response"


def test_r5_round_end_tells_its_length() -> None:
    event = event_of(round_completed(latency_ms=1000))
    assert (event.kind, event.phase) == (EventKind.AGENT, Phase.END)
    assert (event.time_ns, event.duration_ns, event.time_is_receipt) == (TIME_NS, 1_000_000_000, False)


def test_r6_tool_call_is_one_end_with_its_length() -> None:
    event = event_of(tool_called())
    assert (event.kind, event.phase, event.outcome) == (EventKind.TOOL, Phase.END, Outcome.OK)
    assert (event.time_ns, event.duration_ns) == (TIME_NS, 12_000_000)
    assert (event.ids.run, event.ids.tool_call, event.ids.tool_call_is_synthetic) == ("s-1/r-1", "t-1", False)
    assert event.names.tool == "look"
    assert event.error_type is None


def test_r6_failed_tool_call() -> None:
    event = event_of(tool_called(success=False))
    assert (event.outcome, event.error_type) == (Outcome.ERROR, "tool_error")
    assert not event.contents


def test_r7_request_end_without_start_has_no_model() -> None:
    event = event_of(request_completed())
    assert (event.kind, event.phase, event.outcome) == (EventKind.FORWARD, Phase.END, Outcome.OK)
    assert (event.names.request_model, event.ids.request, event.ids.run) == (None, "q-1", None)
    assert (event.time_ns, event.duration_ns) == (TIME_NS, 500_000_000)


def test_r8_repeated_event_is_known_by_its_id() -> None:
    source = BambooSource()
    assert source.record_key(tool_called(event_id="e-7")) == "e-7"
    assert source.record_key(request_completed()) == "e-1"


@pytest.mark.parametrize(
    "record",
    [
        {"System": "WorkerStarted"},
        {"System": {"WorkerStarted": None}},
        {"System": {"MetricsDropped": {"count": 1, "reason": "full"}}},
        {"Chat": {"ToolCalled": {}}},
        {"Chat": {"ToolCalled": {"meta": {"event_id": 5}}}},
        {"Chat": {"ToolCalled": {"meta": {"event_id": ""}}}},
        {"Chat": {"A": {}, "B": {}}},
        {"Chat": {}, "Forward": {}},
        {},
        [],
        None,
        "text",
        5,
    ],
)
def test_r8_record_without_id_has_no_key(record: Any) -> None:
    assert BambooSource().record_key(record) is None


@pytest.mark.parametrize("status", ["error", "success", "of no kind"])
def test_r9_status_code_zero_is_a_transport_error(status: str) -> None:
    event = event_of(request_completed(status_code=0, status=status))
    assert (event.outcome, event.error_type) == (Outcome.ERROR, "transport_error")
    assert Fact.HTTP_STATUS_CODE not in event.facts


@pytest.mark.parametrize(
    ("code", "expected"),
    [(200, "request_error"), (399, "request_error"), (400, "400"), (503, "503"), (599, "599"), (600, "request_error")],
)
def test_r9_status_code_names_the_error(code: int, expected: str) -> None:
    event = event_of(request_completed(status_code=code, status="error"))
    assert (event.outcome, event.error_type) == (Outcome.ERROR, expected)
    assert event.facts == {Fact.HTTP_STATUS_CODE: code}


def test_r10_error_without_text_is_an_error() -> None:
    for event, error_type in (
        (event_of(round_completed(status="error")), "round_error"),
        (event_of(request_completed(status="error", status_code=200)), "request_error"),
        (event_of(chat("SessionCompleted", status="error")), "session_error"),
    ):
        assert (event.outcome, event.error_type) == (Outcome.ERROR, error_type)
        assert not event.contents


def test_r10_error_text_is_content() -> None:
    for record in (round_completed(status="error", error="boom"), request_completed(status="error", error="boom")):
        event = event_of(record)
        assert event.contents[ContentKind.ERROR_TEXT].value == "boom"
        assert not event.contents[ContentKind.ERROR_TEXT].permitted_by_source
        assert "boom" not in repr(event)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("channel full", "channel_full"), ("Channel CLOSED by peer", "channel_closed"), ("", "other"), ("sun", "other")],
)
def test_r11_lost_events_are_counted_by_a_bounded_reason(reason: str, expected: str) -> None:
    event = event_of({"System": {"MetricsDropped": {"count": 3, "reason": reason}}})
    assert (event.kind, event.phase, event.names.subject) == (EventKind.HEALTH, Phase.POINT, "metrics_dropped")
    assert event.facts == {Fact.LOST_COUNT: 3, Fact.LOSS_REASON: expected}
    assert event.ids.run is None


def test_r12_integers_beyond_int64_are_clamped_and_told() -> None:
    most = 2**64 - 1
    usage = {"prompt_tokens": most, "completion_tokens": 1, "total_tokens": most}
    clamped = Usage(input_tokens=MAX, output_tokens=1, total_tokens=MAX)
    for record in (round_completed(usage=usage), request_completed(usage=usage)):
        decoded = decode(record)
        assert decoded.note == "clamped_integer"
        assert decoded.events[0].usage == clamped
    for record in (tool_called(latency_ms=most), round_completed(latency_ms=most)):
        decoded = decode(record)
        assert decoded.note == "clamped_integer"
        assert decoded.events[0].duration_ns == MAX
    dropped = {"System": {"MetricsDropped": {"count": most, "reason": "full"}}}
    assert decode(dropped).note == "clamped_integer"
    assert event_of(dropped).facts[Fact.LOST_COUNT] == MAX


def test_r12_the_model_keeps_the_integer() -> None:
    record = tool_called(latency_ms=2**64 - 1)
    metrics = decode_metrics_event(record)
    assert metrics is not None
    assert encode_metrics_event(metrics) == record


def test_r12_the_greatest_int64_is_not_clamped() -> None:
    usage = {"prompt_tokens": MAX, "completion_tokens": 0, "total_tokens": MAX}
    assert decode(round_completed(usage=usage)).note is None


@pytest.mark.parametrize(
    ("status", "outcome", "error_type"),
    [
        ("running", Outcome.UNSET, None),
        ("success", Outcome.OK, None),
        ("cancelled", Outcome.CANCELLED, "cancelled"),
        ("failed", Outcome.ERROR, "round_error"),
        ("timeout", Outcome.TIMED_OUT, "timed_out"),
    ],
)
def test_status_word_gives_the_outcome(status: str, outcome: Outcome, error_type: str | None) -> None:
    decoded = decode(round_completed(status=status))
    event = decoded.events[0]
    assert (event.outcome, event.error_type, decoded.note) == (outcome, error_type, None)
    assert event.lineage["status"] == status


@pytest.mark.parametrize(("error", "error_type"), [(None, None), ("boom", "round_error")])
def test_unknown_status_word_is_told_and_fails_only_with_an_error(error: str | None, error_type: str | None) -> None:
    decoded = decode(round_completed(status="on_fire", error=error))
    event = decoded.events[0]
    assert decoded.note == "unknown_status"
    assert (event.outcome, event.error_type) == (Outcome.UNKNOWN, error_type)
    assert event.lineage["status"] == "unknown"


@pytest.mark.parametrize(
    ("status", "state"), [("completed", "completed"), ("Timed-Out", "timed_out"), ("?", "unknown")]
)
def test_session_state_is_bounded(status: str, state: str) -> None:
    event = event_of(chat("SessionCompleted", status=status))
    assert event.facts == {Fact.STATE: state}
    assert event.outcome is outcome_of_status(status)[0]


def test_starts_tell_the_model() -> None:
    session, began = chat("SessionStarted", model="m-1"), chat("RoundStarted", round_id="r-1", model="m-1")
    assert event_of(session).names.request_model == "m-1"
    assert event_of(began).names.request_model == "m-1"
    assert event_of(began).lineage == {"round.id": "r-1", "event.id": "e-1"}


def test_zero_usage_is_not_no_usage() -> None:
    assert event_of(round_completed()).usage == Usage(input_tokens=0, output_tokens=0, total_tokens=0)
    assert event_of(request_completed()).usage is None


def test_total_is_the_word_of_the_source() -> None:
    usage = {"prompt_tokens": 4, "completion_tokens": 5, "total_tokens": 99}
    assert event_of(round_completed(usage=usage)).usage == Usage(input_tokens=4, output_tokens=5, total_tokens=99)


@pytest.mark.parametrize(
    ("endpoint", "provider", "operation"),
    [
        ("openai.chat_completions", "openai", "chat_completions"),
        ("acme", "acme", None),
        ("", None, None),
        (".x", None, "x"),
    ],
)
def test_request_start_names_provider_and_operation(endpoint: str, provider: str | None, operation: str | None) -> None:
    event = event_of(forward("RequestStarted", endpoint=endpoint, model="m-1", is_stream=True))
    assert (event.kind, event.phase, event.ids.request) == (EventKind.FORWARD, Phase.START, "q-1")
    assert (event.names.provider, event.names.operation) == (provider, operation)
    assert event.names.request_model == "m-1"
    assert event.facts == {Fact.STREAM: True}
    assert event.lineage == {"endpoint": endpoint, "event.id": "e-1"}


def test_free_text_trace_id_is_lineage() -> None:
    for trace_id in ("req-abc", "0" * 32, "A" * 32, "a" * 31):
        event = event_of(tool_called(trace_id=trace_id))
        assert event.ids.trace is None
        assert event.lineage["trace_id"] == trace_id


@pytest.mark.parametrize("trace_id", ["a" * 32 + "\n", "the user's words", "x" * 129, "k?a=b"])
def test_trace_id_that_looks_like_no_id_is_left_out(trace_id: str) -> None:
    event = event_of(tool_called(trace_id=trace_id))
    assert event.ids.trace is None
    assert "trace_id" not in event.lineage


@pytest.mark.parametrize("endpoint", ["made.up?key=v", "two words", "x" * 81, "u:p@host"])
def test_endpoint_that_looks_like_no_name_is_not_told(endpoint: str) -> None:
    event = event_of(forward("RequestStarted", endpoint=endpoint, model="m-1", is_stream=True))
    assert (event.names.provider, event.names.operation, event.lineage["endpoint"]) == (None, None, "other")


def test_repr_of_records_shows_no_free_text() -> None:
    told = [
        round_completed(status="made-up words", error="made-up words"),
        tool_called(trace_id="made-up words"),
        forward("RequestStarted", endpoint="made-up words", model="m-1", is_stream=True),
        {"System": {"StorageError": {"error": "made-up words", "event_type": "made-up words"}}},
        {"System": {"MetricsDropped": {"count": 1, "reason": "made-up words"}}},
    ]
    for record in told:
        assert "made-up" not in repr(decode_metrics_event(record))
    assert "Success" in repr(decode_metrics_event(round_completed(status="success")))


def test_w3c_trace_id_is_an_id() -> None:
    event = event_of(tool_called(trace_id="0af7651916cd43dd8448eb211c80319c"))
    assert event.ids.trace == "0af7651916cd43dd8448eb211c80319c"
    assert "trace_id" not in event.lineage


def test_empty_id_is_none() -> None:
    event = event_of(tool_called(event_id="", tool_call_id="", tool_name="", trace_id=""))
    assert (event.ids.event, event.ids.tool_call, event.ids.trace, event.names.tool) == (None, None, None, None)


def test_message_count() -> None:
    event = event_of(chat("MessageCountUpdated", message_count=6))
    assert (event.kind, event.phase, event.ids.conversation) == (EventKind.MESSAGE, Phase.POINT, "s-1")
    assert event.facts == {Fact.MESSAGE_COUNT: 6}


@pytest.mark.parametrize(
    ("event_type", "component"),
    [
        ("Chat::ToolCalled", "Chat::ToolCalled"),
        ("Chat::Tool Called", "other"),
        ("Chat", "other"),
        ("Chat::" + "T" * 33, "other"),
        ("Chat::ToolCalled\n", "other"),
    ],
)
def test_storage_error_names_a_bounded_component(event_type: str, component: str) -> None:
    event = event_of({"System": {"StorageError": {"error": "disk", "event_type": event_type}}})
    assert (event.kind, event.names.subject) == (EventKind.HEALTH, "storage_error")
    assert event.facts == {Fact.COMPONENT: component}
    assert event.contents[ContentKind.ERROR_TEXT].value == "disk"
    assert (event.outcome, event.error_type) == (Outcome.ERROR, "storage_error")


def test_system_event_has_the_time_of_receipt() -> None:
    event = event_of({"System": "WorkerStarted"})
    assert (event.time_ns, event.time_is_receipt) == (RECEIPT_NS, True)


def test_decoder_stays_usable_after_a_rejection() -> None:
    decoder, context = BambooSource().decoder(), Context(CURSOR, RECEIPT_NS)
    with pytest.raises(RecordRejected):
        decoder.decode(tool_called(latency_ms=-1), context)
    assert len(decoder.decode(tool_called(), context).events) == 1
    assert tuple(decoder.close(complete=True)) == ()


def test_detection_is_the_share_of_known_variants() -> None:
    source = BambooSource()
    assert source.detect([]) == 0.0
    assert source.detect([tool_called(), {"System": "WorkerStarted"}]) == 1.0
    assert source.detect([tool_called(), {"type": "user"}]) == 0.5
    assert source.detect([{"Chat": {"New": {}}}, {"System": "New"}, {"Chat": None}, None, 7, [], {}, "Chat"]) == 0.0


def test_source_is_found_by_name_and_by_content() -> None:
    assert isinstance(load_source("bamboo"), BambooSource)
    assert isinstance(BambooSource(), Source)
    found = detect_source([tool_called()])
    assert found is not None
    assert found.name == "bamboo"


def test_a_file_stands_alone() -> None:
    source, path = BambooSource(), PurePath("m.jsonl")
    assert (tuple(source.companions(path)), source.is_companion(path), source.sidecar(path)) == ((), False, None)
    assert not source.belongs(tool_called(), [tool_called()])
