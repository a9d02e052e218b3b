"""Rows of ZeroClaw's runtime trace: turns, model calls, tool calls that are told twice, and all else."""

from __future__ import annotations

from collections.abc import Sequence
import copy
import json
from pathlib import Path, PurePath
from typing import Any
from zlib import crc32

import pytest

from agent_otel.correlate import Operation, OperationKind, OrphanReason
from agent_otel.intake import discover
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
    parse_rfc3339,
)
from agent_otel.sources import Context, Decoded, Document, Verdict
from agent_otel.sources.fields import Timestamp
from agent_otel.sources.protocol import RotatingSource
from agent_otel.sources.zeroclaw import (
    Action,
    EventCategory,
    EventDescriptor,
    EventOutcome,
    LogEvent,
    ServiceDescriptor,
    ZeroclawAttribution,
    ZeroClawSource,
    decode_log_event,
    encode_log_event,
)
from agent_otel.testing.content_schema import breaks_content_schema
from correlate.correlating import Told, correlated

SECOND = 1_000_000_000
T0 = parse_rfc3339("2031-02-03T04:05:00.123Z")
UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def row(
    action: str,
    category: str = "tool",
    *,
    outcome: str | None = None,
    message: str | None = None,
    at: int = 0,
    number: int = 1,
    turn: str | None = "t",
    severity: int = 9,
    took: int | None = None,
    who: dict[str, Any] | None = None,
    **attributes: Any,
) -> dict[str, Any]:
    """Give a row as the daemon writes it; what it does not know is left out."""
    event = {"category": category, "action": action}
    zeroclaw = {"agent_alias": "gull", **({} if took is None else {"duration_ms": took}), **(who or {})}
    made: dict[str, Any] = {
        "id": f"row-{number}-{at}-{crc32(f'{action} {message}'.encode())}",
        "@timestamp": f"2031-02-03T04:{5 + at // 60:02d}:{at % 60:02d}.123Z",
        "severity_number": severity,
        "severity_text": {9: "INFO", 13: "WARN", 17: "ERROR"}.get(severity, "DEBUG"),
        "event": event if outcome is None else {**event, "outcome": outcome},
        "service": {"name": "zeroclaw", "version": "0.8.4"},
        "zeroclaw": zeroclaw,
        "schema_version": 2,
    }
    more = {"trace_id": turn, "message": message, "attributes": attributes or None}
    return {**made, **{key: value for key, value in more.items() if value is not None}}


def asked(at: int = 0, **more: Any) -> Any:
    return row("send", "provider", message="llm_request", at=at, messages_count=3, model="m-1", **more)


def answered(at: int = 1, **more: Any) -> Any:
    told = {"outcome": "success", "took": 900, "input_tokens": 10, "output_tokens": 5, "raw_response": "let me look"}
    return row("receive", "provider", message="llm_response", at=at, model="m-1", **{**told, **more})


def loop_start(at: int = 2, arguments: str = '{"at":"pier"}', **more: Any) -> Any:
    return row("start", message="tool_call_start", at=at, tool="sound", arguments=arguments, **more)


def loop_end(at: int = 4, **more: Any) -> Any:
    told = {"outcome": "success", "took": 700, "output": "4 m"}
    return row("complete", message="tool_call_result", at=at, tool="sound", **{**told, **more})


def invoked(at: int = 2, call: str | None = "c-1", place: str = "pier", **more: Any) -> Any:
    told = {"tool": "sound", "tool_call_id": call, "input": {"at": place}, "severity": 5}
    return row("invoke", message="tool call: sound", at=at, **{**told, **more})


def completed(at: int = 3, call: str | None = "c-1", place: str = "pier", **more: Any) -> Any:
    told = {
        "tool": "sound",
        "tool_call_id": call,
        "input": {"at": place},
        "output": "4 m",
        "outcome": "success",
        "took": 700,
    }
    return row("complete", message="tool result: sound", at=at, severity=5, **{**told, **more})


def final(at: int = 5, text: str = "4 metres", **more: Any) -> Any:
    return row("complete", "agent", outcome="success", message="turn_final_response", at=at, text=text, **more)


def gateway(at: int = 6, action: str = "complete", outcome: str = "success", **more: Any) -> Any:
    told = {"tokens_used": 15, "input_tokens": 10, "output_tokens": 5, "cost_usd": 0.002, "session_key": f"gw_{UUID}"}
    return row(action, "session", outcome=outcome, message="gateway_ws_turn", at=at, **{**told, **more})


def decoded_of(records: Sequence[Any], *, close: bool = True) -> tuple[list[Decoded], list[AgentEvent]]:
    decoder = ZeroClawSource().decoder()
    decoder.open(Document("runtime-trace.jsonl", "key", nonce="n-1"))
    decoded = [decoder.decode(it, Context(Cursor("s", place), 5)) for place, it in enumerate(records, start=1)]
    events = [event for it in decoded for event in it.events]
    return decoded, [*events, *(decoder.close(complete=True) if close else ())]


def decode(record: Any) -> Decoded:
    return decoded_of([record], close=False)[0][0]


def event_of(record: Any) -> AgentEvent:
    decoded = decode(record)
    assert decoded.verdict is Verdict.MAPPED
    (event,) = decoded.events
    assert event.origin == Origin("zeroclaw", form="trace")
    assert (event.ids.event, event.time_is_receipt, event.ids.nonce) == (record["id"], False, None)
    return event


def said_of(call: Operation) -> tuple[Any, Any]:
    return call.contents[ContentKind.TOOL_ARGUMENTS].value, call.contents[ContentKind.TOOL_RESULT].value


def told(*records: Any) -> Told:
    return correlated(decoded_of(records)[1])


WHOLE = [
    asked(),
    answered(),
    loop_start(),
    invoked(),
    completed(),
    loop_end(),
    asked(at=4),
    answered(at=5),
    final(),
    gateway(),
]


@pytest.mark.parametrize("record", [*WHOLE, row("note", "cron"), row("whistle", "harbour", message="")])
def test_every_row_comes_back_as_it_was(record: Any) -> None:
    assert encode_log_event(decode_log_event(record)) == record
    more = {**record, "later": [1], "timestamp": "as it likes", "span_id": None, "attributes": [None]}
    assert encode_log_event(decode_log_event(more)) == more


def test_a_row_is_made_by_the_names_of_the_source() -> None:
    made = LogEvent(
        id="row-1",
        timestamp=Timestamp("2031-02-03T04:05:06.123Z"),
        severity_number=9,
        severity_text="INFO",
        event=EventDescriptor(category=EventCategory.Tool, action=Action.Invoke),
        service=ServiceDescriptor(version="0.8.4"),
        trace_id="t",
        zeroclaw=ZeroclawAttribution(unknown_fields={"tool": "sound"}, duration_ms=5),
        attributes={"input": {}},
    )
    written = encode_log_event(made)
    assert "message" not in written
    assert written["zeroclaw"] == {"tool": "sound", "duration_ms": 5}
    assert written["event"] == {"category": "tool", "action": "invoke"}
    assert decode_log_event(written) == made
    assert made.attribution.get("tool") == "sound"
    assert made.attribution.fields == {"tool": "sound"}


def test_a_whole_turn() -> None:
    made = told(*WHOLE)
    run, (tool,), models = made.run, made.tools, made.of(OperationKind.MODEL)
    assert (run.start_ns, run.end_ns, run.outcome) == (T0, T0 + 6 * SECOND, Outcome.OK)
    assert (run.names.agent, run.conversation, run.usage) == (
        "gull",
        f"gw_{UUID}",
        Usage(input_tokens=10, output_tokens=5, total_tokens=15),
    )
    assert run.cost is not None
    assert run.cost.amount_micros == 2000
    assert run.contents[ContentKind.OUTPUT_MESSAGES].value[0]["parts"][0]["content"] == "4 metres"
    assert (tool.ids.tool_call, tool.outcome, tool.start_ns) == ("c-1", Outcome.OK, T0 + 2 * SECOND)
    assert tool.contents[ContentKind.TOOL_ARGUMENTS].value == {"at": "pier"}
    assert [(it.names.request_model, it.end_ns - it.start_ns) for it in models] == [("m-1", SECOND)] * 2
    assert {it.identity.parent_span_id for it in (tool, *models)} == {run.identity.span_id}
    assert made.occurrences == []


def test_r13_r15_an_invoke_alone_is_closed_with_its_turn() -> None:
    made = told(invoked(), gateway(action="cancel", outcome="failure", reason="interrupted by user"))
    assert (made.tool.orphan, made.tool.outcome) == (OrphanReason.RUN_END, Outcome.INTERRUPTED)
    assert (made.run.outcome, made.run.error_type) == (Outcome.CANCELLED, "cancelled")


def test_a_call_that_is_told_twice_counts_once() -> None:
    decoded, _ = decoded_of([loop_start(), invoked(), completed(), loop_end()])
    assert [(it.verdict, it.note) for it in decoded] == [
        (Verdict.MAPPED, None),
        (Verdict.SKIPPED, "told_twice"),
        (Verdict.MAPPED, None),
        (Verdict.SKIPPED, "told_twice"),
    ]


@pytest.mark.parametrize("teller", ["loop", "executor", "executor without turn", "both, one without turn"])
def test_a_call_counts_once_whoever_tells_it(teller: str) -> None:
    bare: dict[str, Any] = {"turn": None}
    records = {
        "loop": [loop_start(), loop_end()],
        "executor": [invoked(), completed()],
        "executor without turn": [invoked(**bare), completed(**bare)],
        "both, one without turn": [loop_start(), invoked(**bare), completed(**bare), loop_end()],
    }[teller]
    made = told(asked(), answered(), *records, final())
    assert made.tool.outcome is Outcome.OK
    assert made.tool.contents[ContentKind.TOOL_RESULT].value == "4 m"
    assert made.tool.contents[ContentKind.TOOL_ARGUMENTS].value == {"at": "pier"}


def test_r17_parallel_calls_of_one_tool_keep_their_own() -> None:
    made = told(
        loop_start(number=1),
        loop_start(number=2, arguments='{"at":"bay"}'),
        invoked(number=3),
        invoked(number=4, call="c-2", place="bay"),
        completed(number=5, call="c-2", place="bay", output="2 m"),
        completed(number=6),
        loop_end(number=7),
        loop_end(number=8, output="2 m"),
        final(),
    )
    calls = {it.ids.tool_call: it.contents for it in made.tools}
    assert {
        call: (it[ContentKind.TOOL_ARGUMENTS].value, it[ContentKind.TOOL_RESULT].value) for call, it in calls.items()
    } == {
        "c-1": ({"at": "pier"}, "4 m"),
        "c-2": ({"at": "bay"}, "2 m"),
    }


def test_r14_r17_executor_rows_without_ids_pair_by_their_arguments() -> None:
    made = told(
        invoked(number=1, call=None),
        invoked(number=2, call=None, place="bay"),
        completed(number=3, call=None, place="bay", output="2 m"),
        completed(number=4, call=None),
        final(),
    )
    pairs = [
        (it.contents[ContentKind.TOOL_ARGUMENTS].value["at"], it.contents[ContentKind.TOOL_RESULT].value)
        for it in made.tools
    ]
    assert pairs == [("bay", "2 m"), ("pier", "4 m")]


def test_r16_a_failed_call() -> None:
    event = event_of(row("fail", outcome="failure", tool="sound", input={}, error="the lead broke", output="", took=5))
    assert (event.outcome, event.error_type, event.duration_ns) == (Outcome.ERROR, "tool_error", 5_000_000)
    assert event.contents[ContentKind.ERROR_TEXT].value == "the lead broke"
    assert ContentKind.TOOL_RESULT not in event.contents
    both = event_of(row("fail", outcome="failure", tool="sound", input={}, error="HTTP 400", output="no such pier"))
    assert both.contents[ContentKind.TOOL_RESULT].value == "no such pier"
    loop = event_of(loop_end(outcome="failure", error_reason="it broke", output="it broke"))
    assert set(loop.contents) == {ContentKind.ERROR_TEXT}


@pytest.mark.parametrize(
    ("action", "more", "outcome", "error_type"),
    [
        ("skip", {"deduplicated": True}, Outcome.DENIED, "duplicate_call"),
        ("cancel", {}, Outcome.CANCELLED, "cancelled_by_hook"),
        ("reject", {"denied_by_runtime": False}, Outcome.DENIED, "denied_by_user"),
        ("reject", {"denied_by_runtime": True}, Outcome.DENIED, "denied_by_runtime"),
        ("timeout", {}, Outcome.TIMED_OUT, "timeout"),
        ("fail", {}, Outcome.ERROR, "tool_error"),
    ],
)
def test_a_call_that_the_loop_refused(action: str, more: dict[str, Any], outcome: Outcome, error_type: str) -> None:
    refused = row(
        action, outcome="failure", message="tool_call_result", tool="sound", arguments="{}", result="not now", **more
    )
    event = event_of(refused)
    assert (event.kind, event.phase, event.outcome, event.error_type) == (
        EventKind.TOOL,
        Phase.END,
        outcome,
        error_type,
    )
    assert event.contents[ContentKind.ERROR_TEXT].value == "not now"


def test_a_refused_call_does_not_count_for_an_executed_one() -> None:
    refused = row("skip", outcome="failure", message="tool_call_result", tool="sound", arguments="{}", result="again")
    made = told(loop_start(), invoked(), completed(), refused, loop_end(), final())
    assert sorted(str(it.error_type) for it in made.tools) == ["None", "duplicate_call"]


def test_other_rows_of_tools_are_no_calls() -> None:
    for record in (row("note", tool="sound"), row("fail", outcome="failure", error="x"), row("complete", tool="sound")):
        assert event_of(record).kind is EventKind.OTHER


def test_a_model_call() -> None:
    who = {"model_provider": "acme.main", "model_provider_type": "acme", "model": "m-2"}
    began, ended = event_of(asked(who=who, iteration=2)), event_of(answered(who=who, native_tool_calls=1))
    assert (began.kind, began.phase, began.names.provider, began.names.request_model) == (
        EventKind.MODEL,
        Phase.START,
        "acme",
        "m-2",
    )
    assert (began.facts, began.lineage["iteration"]) == ({Fact.MESSAGE_COUNT: 3}, 2)
    assert (ended.usage, ended.duration_ns) == (Usage(input_tokens=10, output_tokens=5), 900_000_000)
    assert ended.lineage["native_tool_calls"] == 1
    assert event_of(asked(who={"model_provider": "acme.main"})).names.provider == "acme"


def test_a_failed_model_call() -> None:
    event = event_of(answered(outcome="failure", error="no answer", raw_response=None))
    assert (event.outcome, event.error_type) == (Outcome.ERROR, "model_error")
    assert event.contents[ContentKind.ERROR_TEXT].value == "no answer"
    event = event_of(row("fail", "provider", message="llm_response", error="request cancelled by user"))
    assert event.outcome is Outcome.CANCELLED


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ('[{"role":"user","content":"how deep?"}]', [("user", "how deep?")]),
        ([{"role": "tool", "content": "4 m"}], [("tool", "4 m")]),
        ('[{"role":"user","content":"how de', [("user", '[{"role":"user","content":"how de')]),
        ("[]", None),
        (None, None),
        (5, None),
    ],
)
def test_the_payload_of_a_request(messages: Any, expected: Any) -> None:
    event = event_of(asked(request_messages=messages, request_messages_truncated=True))
    assert event.lineage["request_messages_truncated"] is True
    if expected is None:
        assert event.contents == {}
        return
    value = event.contents[ContentKind.INPUT_MESSAGES].value
    assert [(it["role"], it["parts"][0]["content"]) for it in value] == expected
    assert not breaks_content_schema({"gen_ai.input.messages": value})


def test_a_final_answer_ends_a_turn_that_is_not_the_gateways() -> None:
    _, events = decoded_of([asked(), answered(), final(who={"channel_type": "wharf"})], close=False)
    assert (events[-1].kind, events[-1].outcome, events[-1].final) == (EventKind.AGENT, Outcome.OK, True)


def test_a_final_answer_is_held_as_long_as_the_gateway_may_say_more() -> None:
    for who in ({}, {"channel_type": "wss"}):
        decoded, events = decoded_of([final(who=who), row("note", "cron", at=34)], close=False)
        assert [it.verdict for it in decoded] == [Verdict.MAPPED] * 2
        assert [event.kind for event in events] == [EventKind.OTHER]
        _, later = decoded_of([final(who=who), row("note", "cron", at=36)], close=False)
        assert [event.kind for event in later] == [EventKind.AGENT, EventKind.OTHER]
        _, closed = decoded_of([final(who=who)])
        assert [event.kind for event in closed] == [EventKind.AGENT]


def test_what_is_held_is_bounded() -> None:
    _, events = decoded_of([final(turn=f"t-{number}") for number in range(1_500)], close=False)
    assert len(events) == 500


@pytest.mark.parametrize(
    ("action", "more", "outcome", "error_type"),
    [
        ("complete", {}, Outcome.OK, None),
        ("cancel", {"reason": "interrupted by user"}, Outcome.CANCELLED, "cancelled"),
        ("cancel", {"reason": "timed out"}, Outcome.TIMED_OUT, "timeout"),
        ("fail", {"error": "no answer"}, Outcome.ERROR, "turn_error"),
    ],
)
def test_how_a_turn_of_the_gateway_ends(action: str, more: Any, outcome: Outcome, error_type: str | None) -> None:
    event = event_of(gateway(action=action, outcome="success" if action == "complete" else "failure", **more))
    assert (event.outcome, event.error_type) == (outcome, error_type)
    assert (ContentKind.ERROR_TEXT in event.contents) == (action == "fail")


@pytest.mark.parametrize(
    ("session", "conversation"),
    [
        (f"gw_{UUID}", f"gw_{UUID}"),
        (UUID, UUID),
        (f"acp_{UUID}", f"acp_{UUID}"),
        ("wharf_captain_ahab", None),
        ("", None),
        (5, None),
    ],
)
def test_a_session_is_a_conversation_unless_it_names_people(session: Any, conversation: str | None) -> None:
    assert event_of(row("note", "cron", who={"session_key": session})).ids.conversation == conversation
    assert event_of(row("note", "cron", conversation_id="conv-1", session_key=session)).ids.conversation == "conv-1"


def test_r18_a_row_without_turn_has_no_run() -> None:
    assert event_of(row("note", "cron", turn=None)).ids.run is None
    assert event_of(row("note", "cron", turn=None, trace_id="t-2")).ids.run == "t-2"
    assert event_of(row("note", "cron", turn=None, turn_id="t-3")).ids.run == "t-3"


def test_a_w3c_trace_id_is_the_id_of_the_trace() -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    assert event_of(row("note", "cron", turn=trace)).ids.trace == trace
    for other in (UUID, "0" * 32, trace.upper(), "t"):
        assert event_of(row("note", "cron", turn=other)).ids.trace is None


def test_messages_of_channels() -> None:
    who = {"channel": "wharf.main", "channel_type": "wharf"}
    event = event_of(
        row(
            "inbound",
            "channel",
            message="channel inbound message",
            who=who,
            content="ahoy",
            sender="Ahab",
            message_id="m-1",
        )
    )
    assert (event.kind, event.facts) == (EventKind.MESSAGE, {Fact.CHANNEL: "wharf.main", Fact.DIRECTION: "inbound"})
    assert event.contents[ContentKind.INPUT_MESSAGES].value[0]["parts"][0]["content"] == "ahoy"
    assert event.lineage["message_id"] == "m-1"
    assert "Ahab" not in repr(event)
    assert event_of(row("send", "channel", who=who)).facts[Fact.DIRECTION] == "outbound"
    assert event_of(row("outbound", "agent", channel="wharf")).facts[Fact.CHANNEL] == "wharf"
    trapped = event_of(row("inbound", "channel", outcome="failure", error="trapped", severity=13))
    assert (trapped.kind, trapped.outcome, trapped.error_type) == (EventKind.OTHER, Outcome.ERROR, "channel_error")


def test_operations_of_the_memory() -> None:
    audited = event_of(
        row(
            "memory_audit",
            "memory",
            outcome="success",
            message="memory.audit",
            took=4,
            memory_action="recall",
            backend="shell",
        )
    )
    assert (audited.kind, audited.phase, audited.names.operation) == (EventKind.MEMORY, Phase.END, "search_memory")
    assert audited.facts == {Fact.BACKEND: "shell", Fact.CATEGORY: "audit"}
    read = event_of(row("query", "memory", outcome="success", took=3, query="tides"))
    assert (read.kind, read.duration_ns) == (EventKind.MEMORY, 3_000_000)
    assert read.contents[ContentKind.MEMORY_QUERY].value == "tides"
    assert event_of(row("load", "memory", backend="shell")).kind is EventKind.OTHER
    assert event_of(row("query", "memory")).kind is EventKind.OTHER


def test_approvals_and_retries_are_events_on_the_work() -> None:
    made = told(
        asked(),
        row("retry", "provider", at=1),
        answered(at=2),
        row("approve", tool="sound", tool_call_id="c-1", at=2),
        invoked(),
        completed(),
        row("reject", "tool", tool="sound", at=4),
        final(),
    )
    assert [mark.name for mark in made.tool.marks] == ["approval"]
    assert made.tool.marks[0].facts == {Fact.DECISION: "approved"}
    assert [mark.name for mark in made.run.marks] == ["retry", "permission_denied"]
    assert event_of(row("approve", turn=None)).kind is EventKind.OTHER


@pytest.mark.parametrize("category", [it.value for it in EventCategory if it is not EventCategory.Internal])
@pytest.mark.parametrize("action", ["note", "load", "spawn", "trigger", "connect", "migrate", "tick"])
def test_any_other_row_is_a_log_record(category: str, action: str) -> None:
    event = event_of(row(action, category, message="the harbour is calm", who={"cron_job_id": "job-1"}))
    assert (event.kind, event.names.subject) == (EventKind.OTHER, f"{category}.{action}")
    assert (event.outcome, event.contents, event.ids.run) == (Outcome.UNSET, {}, "t")
    assert event.lineage == {"cron_job_id": "job-1", "version": "0.8.4", "severity": "INFO"}


def test_the_name_of_a_row_is_told_and_its_sentence_is_not() -> None:
    assert event_of(row("fail", "agent", message="tool_loop_exhausted")).lineage["message"] == "tool_loop_exhausted"
    for sentence in ("calm", "The harbour is calm", "a_b c", "made-up"):
        assert "message" not in event_of(row("note", "cron", message=sentence)).lineage


def test_a_failed_row_tells_its_text_as_content() -> None:
    event = event_of(row("fail", "cron", outcome="failure", severity=13, message="no crew", error="mutiny"))
    assert (event.kind, event.outcome, event.error_type) == (EventKind.OTHER, Outcome.ERROR, "cron_error")
    assert event.facts == {Fact.COMPONENT: "cron"}
    assert event.contents[ContentKind.ERROR_TEXT].value == "mutiny"
    grave = event_of(row("note", "system", severity=17, message="no crew"))
    assert (grave.kind, grave.contents[ContentKind.ERROR_TEXT].value) == (EventKind.ERROR, "no crew")


def test_noise_is_skipped_and_warnings_are_not() -> None:
    decoded = decode(row("tick", "internal"))
    assert (decoded.verdict, decoded.note) == (Verdict.SKIPPED, "internal")
    assert event_of(row("tick", "internal", severity=13)).kind is EventKind.OTHER


@pytest.mark.parametrize(
    ("action", "category", "subject"),
    [("whistle", "cron", "cron.other"), ("note", "harbour", "other.note"), ("whistle", "harbour", "other.other")],
)
def test_r21_an_unknown_verb_or_category_is_told_and_not_rejected(action: str, category: str, subject: str) -> None:
    decoded = decode(row(action, category))
    assert decoded.note == "unknown_action"
    assert decoded.events[0].names.subject == subject


@pytest.mark.parametrize(
    ("action", "kind", "phase"),
    [
        ("agent_start", EventKind.AGENT, Phase.START),
        ("agent_end", EventKind.AGENT, Phase.END),
        ("llm_request", EventKind.MODEL, Phase.START),
        ("llm_response", EventKind.MODEL, Phase.END),
        ("tool_call_start", EventKind.TOOL, Phase.START),
        ("tool_call", EventKind.TOOL, Phase.END),
        ("tool_call_result", EventKind.TOOL, Phase.END),
        ("channel_message_inbound", EventKind.MESSAGE, Phase.POINT),
        ("channel_send", EventKind.MESSAGE, Phase.POINT),
        ("memory_recall", EventKind.MEMORY, Phase.END),
        ("memory_store", EventKind.MEMORY, Phase.END),
        ("memory_forget", EventKind.MEMORY, Phase.END),
        ("session_open", EventKind.SESSION, Phase.START),
        ("session_close", EventKind.SESSION, Phase.END),
        ("turn_complete", EventKind.TURN, Phase.POINT),
        ("heartbeat_tick", EventKind.HEALTH, Phase.POINT),
        ("error", EventKind.ERROR, Phase.POINT),
        ("cron_run", EventKind.OTHER, Phase.POINT),
    ],
)
def test_rows_migrated_from_schema_1_have_old_verbs(action: str, kind: EventKind, phase: Phase) -> None:
    record = row(action, "system", outcome="unknown", tool="sound", duration_ms=7)
    record |= {"message": None, "trace_id": "t"}
    assert encode_log_event(decode_log_event(record)) == record
    decoded = decode(record)
    assert decoded.note is None
    (event,) = decoded.events
    assert (event.kind, event.phase) == (kind, phase)
    if phase is Phase.END:
        assert event.duration_ns == 7_000_000


@pytest.mark.parametrize(
    "record",
    [
        {**row("note"), "schema_version": 3},
        {**row("note"), "schema_version": "2"},
        {"id": "a", "timestamp": "2031-02-03T04:05:06Z", "event_type": "llm_request", "payload": {}},
    ],
)
def test_another_schema_is_skipped_and_told(record: Any) -> None:
    decoded = decode(record)
    assert (decoded.verdict, decoded.note) == (Verdict.SKIPPED, "unknown_schema_version")


def test_a_row_without_version_is_of_the_present_one() -> None:
    record = row("note", "cron")
    del record["schema_version"]
    assert event_of(record).kind is EventKind.OTHER
    assert encode_log_event(decode_log_event(record)) == record


@pytest.mark.parametrize(
    ("member", "value", "field", "reason"),
    [
        ("@timestamp", "soon", "@timestamp", "is no RFC 3339 time"),
        ("@timestamp", 5, "@timestamp", "is no string"),
        ("id", None, "id", "is no string"),
        ("event", None, "event", "is no object"),
        ("event", {"category": "tool"}, "event.action", "is missing"),
        ("zeroclaw", [], "zeroclaw", "is no object"),
        ("zeroclaw", {"duration_ms": -1}, "zeroclaw.duration_ms", "is no unsigned integer"),
        ("severity_number", 256, "severity_number", "does not fit into 8 bits"),
    ],
)
def test_a_wrong_member_is_rejected_with_its_name(member: str, value: Any, field: str, reason: str) -> None:
    with pytest.raises(RecordRejected) as caught:
        decode({**row("note"), member: value})
    assert (caught.value.field, caught.value.reason) == (field, reason)


def test_counts_beyond_int64_are_clamped_and_told() -> None:
    decoded = decode(answered(output_tokens=2**64))
    assert decoded.note == "clamped_integer"
    assert decoded.events[0].usage == Usage(input_tokens=10, output_tokens=2**63 - 1)
    assert decode(answered(took=2**64 - 1)).note == "clamped_integer"


def test_r22_what_is_empty_gives_no_attribute() -> None:
    record = row("note", "cron", who={"agent_alias": "", "channel": "", "tool": "", "model": ""}, turn="")
    event = event_of(record)
    assert (event.names.agent, event.ids.run, set(event.lineage)) == (None, None, {"version", "severity"})


def test_text_that_may_be_content_is_in_no_repr_and_no_lineage() -> None:
    sentinel = "sentinel 9d2"
    records = [
        answered(raw_response=sentinel, error=sentinel, outcome="failure"),
        asked(request_messages=sentinel),
        completed(output=sentinel, input={"x": sentinel}),
        final(text=sentinel),
        row("inbound", "channel", content=sentinel, sender=sentinel, reply_target=sentinel, message=sentinel),
        row("fail", "cron", outcome="failure", message=sentinel, error=sentinel, anything=sentinel),
        row("note", "cron", message=sentinel, who={"peer_group": sentinel, "sop_name": sentinel, "later": sentinel}),
        row(sentinel, sentinel, outcome=sentinel),
    ]
    for record in records:
        assert sentinel not in repr(decode_log_event(record))
    decoded, events = decoded_of(records)
    assert sentinel not in repr(decoded)
    assert sentinel not in repr(events)


def test_rows_are_known_by_their_id() -> None:
    source = ZeroClawSource()
    assert source.record_key(WHOLE[0]) == WHOLE[0]["id"]
    assert source.record_key({**WHOLE[0], "id": ""}) is None
    assert source.record_key({**WHOLE[0], "id": 5}) is None
    assert source.detect(WHOLE) == 1.0
    other = copy.deepcopy(WHOLE[0])
    del other["zeroclaw"]
    other["service"]["name"] = "another"
    assert source.detect([other]) == 0.0


@pytest.mark.parametrize(
    ("name", "is_archive"),
    [
        ("runtime-trace.20310203-040506.jsonl", True),
        ("runtime-trace.20310203-040506.1.jsonl", True),
        ("runtime-trace.0000000001-20310203-040506.jsonl", True),
        ("runtime-trace.jsonl", False),
        ("runtime-trace.backup.jsonl", False),
        ("another.20310203-040506.jsonl", False),
    ],
)
def test_archives_are_read_with_their_trace(name: str, is_archive: bool) -> None:
    source = ZeroClawSource()
    assert isinstance(source, RotatingSource)
    assert source.is_companion(PurePath(name)) is source.precedes(PurePath(name)) is is_archive
    assert tuple(source.companions(PurePath("state/runtime-trace.jsonl"))) == ("runtime-trace.*.jsonl",)
    assert tuple(source.companions(PurePath(f"state/{name}"))) == (
        ("runtime-trace.*.jsonl",) if name == "runtime-trace.jsonl" else ()
    )


def test_an_archive_belongs_to_a_trace_of_rows() -> None:
    source = ZeroClawSource()
    old = {"id": "a", "timestamp": "2031-02-03T04:05:06Z", "event_type": "llm_request", "payload": {}}
    assert source.belongs(WHOLE[0], WHOLE)
    assert source.belongs(WHOLE[0], [])
    assert source.belongs(old, WHOLE)
    assert not source.belongs({"type": "user"}, WHOLE)
    assert not source.belongs(WHOLE[0], [{"type": "user"}])


def test_archives_come_first_and_a_turn_may_begin_in_one(tmp_path: Path) -> None:
    archives = ["runtime-trace.20310203-040506.jsonl", "runtime-trace.20310203-040506.1.jsonl"]
    for name, records in zip([*archives, "runtime-trace.jsonl"], (WHOLE[:4], WHOLE[4:6], WHOLE[6:]), strict=True):
        (tmp_path / name).write_text("".join(f"{json.dumps(record)}\n" for record in records))
    (group,) = discover([str(tmp_path)])
    decoder, events = group.source.decoder(), []
    names = []
    for document, lines in group.documents():
        decoder.open(document)
        names.append(PurePath(document.name).name)
        for line in lines:
            assert line.data is not None
            events += decoder.decode(json.loads(line.data), Context(Cursor(document.key, line.ordinal), 5)).events
        events += decoder.close(complete=names[-1] == "runtime-trace.jsonl")
    assert names == [*archives, "runtime-trace.jsonl"]
    made = correlated(events)
    assert (made.run.model_calls, made.run.tool_calls, made.run.outcome) == (2, 1, Outcome.OK)


def test_a_trace_that_goes_on_holds_its_last_answer() -> None:
    decoder = ZeroClawSource().decoder()
    decoder.open(Document("runtime-trace.20310203-040506.jsonl", "key"))
    assert tuple(decoder.decode(final(), Context(Cursor("s", 1), 5)).events) == ()
    assert tuple(decoder.close(complete=False)) == ()
    decoder.open(Document("runtime-trace.jsonl", "key"))
    (end,) = decoder.decode(gateway(), Context(Cursor("s", 1), 5)).events
    assert end.cost is not None
    assert tuple(decoder.close(complete=True)) == ()


def test_outcomes_are_words_of_the_source() -> None:
    assert decode_log_event(row("note", outcome="success")).event.outcome is EventOutcome.Success
    assert decode_log_event(row("note", outcome="perhaps")).event.outcome == "perhaps"
