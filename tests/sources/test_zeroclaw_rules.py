"""Rules R13 to R23 and R25 as ZeroClaw's observer events show them, alone and through correlation."""

from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path, PurePath
import re
from typing import Any

import pytest

from agent_otel.correlate import OperationKind, OrphanReason
from agent_otel.model import (
    AgentEvent,
    ContentKind,
    Cost,
    CostStatus,
    Cursor,
    EventKind,
    Fact,
    Origin,
    Outcome,
    Phase,
    RecordRejected,
    Usage,
)
from agent_otel.project import Measurements, span_of
from agent_otel.sources import Context, Decoded, Decoder, Document, Source, Verdict
from agent_otel.sources.zeroclaw import ZeroClawSource
from agent_otel.sources.zeroclaw.parts import identifier
from agent_otel.testing.content_schema import breaks_content_schema
from correlate.correlating import Told, correlated
from sources.test_zeroclaw_models import SHAPES, TOOK, varied

RECEIPT_NS = 1_999_999_999_000_000_000
SECOND = 1_000_000_000
MAX = 2**63 - 1
CURSOR = Cursor("stream", 41)


def decoder(nonce: str = "n-1") -> Decoder:
    made = ZeroClawSource().decoder()
    made.open(Document("observer.jsonl", "key", nonce=nonce))
    return made


def decode(record: Any) -> Decoded:
    return decoder().decode(record, Context(CURSOR, RECEIPT_NS))


def event_of(record: Any) -> AgentEvent:
    decoded = decode(record)
    assert decoded.verdict is Verdict.MAPPED
    (event,) = decoded.events
    assert event.cursor == CURSOR
    assert event.origin == Origin("zeroclaw", form="observer")
    return event


def told(records: Sequence[Any], *, finish: OrphanReason | None = OrphanReason.END_OF_INPUT) -> Told:
    """Read records, one second apart, and correlate what they give."""
    reader, events = decoder(), []
    for ordinal, record in enumerate(records, start=1):
        events += reader.decode(record, Context(Cursor("s", ordinal), RECEIPT_NS + ordinal * SECOND)).events
    return correlated([*events, *reader.close(complete=True)], finish=finish)


def start(turn: str | None = "t", **more: Any) -> Any:
    return {"AgentStart": {"model_provider": "acme", "model": "m-1", "turn_id": turn, **more}}


def end(turn: str | None = "t", **more: Any) -> Any:
    return {"AgentEnd": {"model_provider": "acme", "model": "m-1", "duration": TOOK, "turn_id": turn, **more}}


def call_start(turn: str | None = "t", **more: Any) -> Any:
    return {"ToolCallStart": {"tool": "sound", "turn_id": turn, **more}}


def call(turn: str | None = "t", **more: Any) -> Any:
    return {"ToolCall": {"tool": "sound", "duration": 0.5, "success": True, "turn_id": turn, **more}}


def test_r13_a_start_alone_gives_no_span() -> None:
    event = event_of(call_start(tool_call_id="c-1", arguments='{"at":"pier"}'))
    assert (event.kind, event.phase, event.duration_ns) == (EventKind.TOOL, Phase.START, None)
    assert told([start(), call_start()], finish=None).operations == []


def test_r13_one_span_per_call_of_its_measured_length() -> None:
    event = event_of(call(tool_call_id="c-1"))
    assert (event.kind, event.phase, event.outcome) == (EventKind.TOOL, Phase.END, Outcome.OK)
    assert (event.time_ns, event.time_is_receipt, event.duration_ns) == (RECEIPT_NS, True, SECOND // 2)
    made = told([start(), call_start(tool_call_id="c-1"), call(tool_call_id="c-1"), end()])
    assert (made.tool.start_ns, made.tool.end_ns) == (RECEIPT_NS + 5 * SECOND // 2, RECEIPT_NS + 3 * SECOND)
    assert span_of(made.tool).name == "execute_tool sound"


def test_r14_arguments_of_the_end_win_and_those_of_the_start_fill_in() -> None:
    made = told(
        [
            start(),
            call_start(tool_call_id="c-1", arguments='{"at":"pier"}'),
            call_start(tool_call_id="c-2", arguments='{"at":"bay"}'),
            call(tool_call_id="c-2"),
            call(tool_call_id="c-1", arguments='{"at":"dock"}'),
            end(),
        ]
    )
    assert [tool.contents[ContentKind.TOOL_ARGUMENTS].value for tool in made.tools] == [{"at": "bay"}, {"at": "dock"}]


def test_r14_text_and_value_of_the_same_arguments_are_equal() -> None:
    text, value = (
        event_of(call(arguments='{"at": "pier", "n": [1]}')),
        event_of(call(arguments={"n": [1], "at": "pier"})),
    )
    assert text.contents == value.contents


@pytest.mark.parametrize("arguments", ["look", "[1", '"a"', "5", '{"a":NaN}', "[" * 100_000, 7])
def test_r14_arguments_that_are_no_json_object_stay_as_they_are(arguments: Any) -> None:
    assert event_of(call(arguments=arguments)).contents[ContentKind.TOOL_ARGUMENTS].value == arguments


def test_r15_a_cancelled_call_is_closed_at_the_end_of_its_turn() -> None:
    made = told([start(), call_start(tool_call_id="c-1"), end()], finish=None)
    assert (made.tool.outcome, made.tool.orphan) == (Outcome.INTERRUPTED, OrphanReason.RUN_END)
    assert span_of(made.tool).attributes["error.type"] == "orphaned"
    assert event_of(end()).final


def test_r16_a_failed_call_has_an_error_type_and_its_reason_as_content() -> None:
    event = event_of(call(success=False, result="the lead broke"))
    assert (event.outcome, event.error_type) == (Outcome.ERROR, "tool_error")
    assert event.contents[ContentKind.ERROR_TEXT].value == "the lead broke"
    assert ContentKind.TOOL_RESULT not in event.contents
    assert "the lead broke" not in repr(event)


@pytest.mark.parametrize(
    ("reason", "error_type"),
    [
        ("Unknown tool: sound", "unknown_tool"),
        ("Tool not available in this turn: sound", "unavailable_tool"),
        ("Unknown tool: other", "tool_error"),
        ("", "tool_error"),
        (None, "tool_error"),
        ({"code": 5}, "tool_error"),
    ],
)
def test_r16_refusals_of_the_runtime_are_told_apart(reason: Any, error_type: str) -> None:
    assert event_of(call(success=False, result=reason)).error_type == error_type


def test_r16_a_cancelled_model_call_is_cancelled() -> None:
    event = event_of(varied("LlmResponse", success=False, error_message="request cancelled by user"))
    assert (event.outcome, event.error_type) == (Outcome.CANCELLED, "cancelled")
    event = event_of(varied("LlmResponse", success=False, error_message="no answer"))
    assert (event.outcome, event.error_type) == (Outcome.ERROR, "model_error")
    assert event.contents[ContentKind.ERROR_TEXT].value == "no answer"


def test_r17_two_calls_of_one_tool_without_ids_keep_their_own_arguments() -> None:
    made = told(
        [
            start(),
            call_start(arguments='{"at":"pier"}'),
            call_start(arguments='{"at":"bay"}'),
            call(arguments='{"at":"bay"}', result="2 m"),
            call(arguments='{"at":"pier"}', result="4 m"),
            end(),
        ]
    )
    pairs = [
        (it.contents[ContentKind.TOOL_ARGUMENTS].value, it.contents[ContentKind.TOOL_RESULT].value) for it in made.tools
    ]
    assert pairs == [({"at": "bay"}, "2 m"), ({"at": "pier"}, "4 m")]
    assert len({tool.identity.span_id for tool in made.tools}) == 2


def test_r18_without_turn_there_is_no_parent() -> None:
    event = event_of(call(None))
    assert event.ids.run is None
    made = told([start("other"), call(None), end("other")])
    assert made.tool.identity.parent_span_id is None


@pytest.mark.parametrize(
    "records",
    [
        [end()],
        [start(), end(), end()],
        [start(), end(), SHAPES["LlmResponse"], varied("LlmResponse", turn_id="t")],
        [end(None), start(None), end(None), end(None)],
    ],
)
def test_r19_odd_orders_are_no_trouble(records: list[Any]) -> None:
    assert told(records).runs


@pytest.mark.parametrize(
    ("tokens", "usage"),
    [
        (None, None),
        (18, Usage(total_tokens=18)),
        (0, Usage(total_tokens=0)),
        ({"input_tokens": 11, "output_tokens": 7}, Usage(input_tokens=11, output_tokens=7)),
    ],
)
def test_r20_tokens_of_a_turn(tokens: Any, usage: Usage | None) -> None:
    assert event_of(end(tokens_used=tokens)).usage == usage


@pytest.mark.parametrize("record", [{"HandStarted": {"hand_name": "h"}}, {"HandRunDuration": {}}, "Sung", {"Sung": 1}])
def test_r21_unknown_variant_is_skipped_and_told(record: Any) -> None:
    decoded = decode(record)
    assert (decoded.verdict, decoded.note, tuple(decoded.events)) == (Verdict.SKIPPED, "unknown_variant", ())


def test_r22_what_is_absent_or_empty_gives_no_attribute() -> None:
    empty = {"channel": "", "agent_alias": "", "turn_id": "", "conversation_id": "", "parent_agent_alias": ""}
    for nothing in (empty, dict.fromkeys(empty), {}):
        event = event_of({"ToolCall": {"tool": "sound", "success": True, "tool_call_id": "", **nothing}})
        assert event.lineage == {}
        assert (event.ids.run, event.ids.conversation, event.ids.parent_agent, event.ids.tool_call) == (None,) * 4
        assert event.names.agent is None
    event = event_of({"AgentStart": {"model_provider": "", "model": ""}})
    assert (event.names.provider, event.names.request_model, event.lineage) == (None, None, {})


def test_r22_what_is_there_is_told_where_it_belongs() -> None:
    event = event_of(varied("ToolCall", parent_agent_alias="heron"))
    assert event.lineage == {"channel": "wharf.main"}
    assert (event.ids.run, event.ids.conversation, event.ids.parent_agent) == ("turn-1", "conv-1", "heron")
    assert (event.names.agent, event.ids.tool_call) == ("gull", "c-1")
    attributes = span_of(told([varied("ToolCall")]).tool).attributes
    assert attributes["zeroclaw.channel"] == "wharf.main"
    assert attributes["gen_ai.agent.name"] == "gull"
    assert attributes["gen_ai.conversation.id"] == "conv-1"


def test_r25_a_complete_turn_is_an_event_on_the_only_open_one() -> None:
    event = event_of("TurnComplete")
    assert (event.kind, event.phase, event.ids.run) == (EventKind.TURN, Phase.POINT, None)
    (mark,) = told([start(), "TurnComplete", end()]).run.marks
    assert mark.name == "turn"
    both = told([start("a"), start("b"), "TurnComplete", end("a"), end("b")])
    assert [run.marks for run in both.runs] == [(), ()]
    assert both.occurrences == []


def test_a_turn_is_a_run() -> None:
    began, ended = event_of(SHAPES["AgentStart"]), event_of(SHAPES["AgentEnd"])
    assert (began.kind, began.phase, began.ids.run) == (EventKind.AGENT, Phase.START, "turn-1")
    assert (began.names.agent, began.names.request_model, began.names.provider) == ("gull", "m-1", "acme")
    assert began.lineage == {"channel": "wharf.main", "model_provider": "acme"}
    assert (ended.kind, ended.phase, ended.duration_ns) == (EventKind.AGENT, Phase.END, 1_250_000_000)
    assert ended.outcome is Outcome.UNSET  # it does not say


@pytest.mark.parametrize(
    ("dollars", "micros"),
    [
        (0.0021, 2100),
        (0.1 + 0.2, 300_000),
        (1, 1_000_000),
        (0, 0),
        (0.0000004, 0),
        (0.0000015, 2),
        (1e30, None),
        (2**62, MAX),
        (-1, None),
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
    ],
)
def test_cost_is_an_estimate_in_whole_millionths(dollars: Any, micros: int | None) -> None:
    cost = event_of(end(cost_usd=dollars)).cost
    expected = None if micros is None else Cost(amount_micros=micros, currency="USD", status=CostStatus.ESTIMATED)
    assert cost == expected


def test_a_model_call_pairs_first_in_first_out_within_its_turn() -> None:
    request = {"LlmRequest": {"model_provider": "acme", "model": "m-1", "messages_count": 3, "turn_id": "t"}}
    response = {
        "LlmResponse": {
            "model_provider": "acme",
            "model": "m-1",
            "duration": 0.5,
            "success": True,
            "input_tokens": 11,
            "output_tokens": None,
            "turn_id": "t",
        }
    }
    made = told([start(), request, response, request, response, end()])
    calls = made.of(OperationKind.MODEL)
    assert [it.end_ns - it.start_ns for it in calls] == [SECOND // 2] * 2
    assert {it.identity.parent_span_id for it in calls} == {made.run.identity.span_id}
    assert calls[0].usage == Usage(input_tokens=11)
    assert calls[0].facts == {Fact.MESSAGE_COUNT: 3}
    assert span_of(calls[0]).name == "chat m-1"


def test_messages_follow_the_conventions() -> None:
    event = event_of(SHAPES["LlmResponse"])
    attributes = {
        "gen_ai.input.messages": event.contents[ContentKind.INPUT_MESSAGES].value,
        "gen_ai.output.messages": event.contents[ContentKind.OUTPUT_MESSAGES].value,
        "gen_ai.system_instructions": event.contents[ContentKind.SYSTEM_INSTRUCTIONS].value,
    }
    assert not breaks_content_schema(attributes)
    assert attributes["gen_ai.input.messages"] == [
        {"role": "user", "parts": [{"type": "text", "content": "how deep?"}]}
    ]
    (answer,) = attributes["gen_ai.output.messages"]
    assert [part["type"] for part in answer["parts"]] == ["text", "tool_call"]
    assert answer["parts"][1] == {"type": "tool_call", "id": "c-1", "name": "sound", "arguments": {"at": "pier"}}
    assert json.dumps(attributes)


def test_an_empty_snapshot_is_no_content() -> None:
    nothing = {"input": [], "output_text": None, "output_tool_calls": [], "system_instructions": ""}
    assert event_of(varied("LlmResponse", messages=nothing)).contents == {}


def test_memory_and_retrieval() -> None:
    recall, store = event_of(SHAPES["MemoryRecall"]), event_of(SHAPES["MemoryStore"])
    assert (recall.kind, recall.phase, recall.names.operation) == (EventKind.MEMORY, Phase.END, "search_memory")
    assert recall.facts == {Fact.BACKEND: "shell", Fact.ITEM_COUNT: 2}
    assert recall.contents[ContentKind.MEMORY_QUERY].value == "tides"
    assert (store.names.operation, store.outcome) == ("upsert_memory", Outcome.OK)
    assert store.facts == {Fact.BACKEND: "shell", Fact.CATEGORY: "daily"}
    found = event_of(varied("RagRetrieve", query_summary="tides"))
    assert (found.kind, found.phase, found.outcome) == (EventKind.RETRIEVAL, Phase.END, Outcome.OK)
    assert (found.facts, found.lineage) == ({Fact.ITEM_COUNT: 5}, {"channel": "wharf.main", "num_boards": 2})
    assert found.contents[ContentKind.RETRIEVAL_QUERY].value == "tides"


@pytest.mark.parametrize(
    ("action", "operation"),
    [
        ("store", "upsert_memory"),
        ("recall", "search_memory"),
        ("Forget", "delete_memory"),
        ("purge", "delete_memory"),
        ("look at it", "search_memory"),
    ],
)
def test_an_audited_operation_of_the_memory(action: str, operation: str) -> None:
    event = event_of(varied("MemoryAudit", action=action))
    assert (event.kind, event.names.operation, event.facts[Fact.CATEGORY]) == (EventKind.MEMORY, operation, "audit")
    assert (event.outcome, event.error_type) == (Outcome.ERROR, "memory_error")
    assert event.lineage == ({} if " " in action else {"action": action})


def test_a_failed_memory_operation() -> None:
    for shape in ("MemoryRecall", "MemoryStore"):
        event = event_of(varied(shape, success=False))
        assert (event.outcome, event.error_type) == (Outcome.ERROR, "memory_error")


def test_messages_caches_and_heartbeats() -> None:
    message = event_of(SHAPES["ChannelMessage"])
    assert (message.kind, message.facts) == (EventKind.MESSAGE, {Fact.CHANNEL: "wharf", Fact.DIRECTION: "inbound"})
    hit, miss = event_of(SHAPES["CacheHit"]), event_of(SHAPES["CacheMiss"])
    assert (hit.kind, miss.kind) == (EventKind.CACHE, EventKind.CACHE)
    assert hit.facts == {Fact.CACHE_TYPE: "hot", Fact.CACHE_HIT: True, Fact.TOKENS_SAVED: 900}
    assert miss.facts == {Fact.CACHE_TYPE: "response", Fact.CACHE_HIT: False}
    beat = event_of("HeartbeatTick")
    assert (beat.kind, beat.names.subject) == (EventKind.HEALTH, "heartbeat")


@pytest.mark.parametrize(("component", "told_as"), [("gateway", "gateway"), ("the user's words", "other"), ("", None)])
def test_an_error_names_a_bounded_component(component: str, told_as: str | None) -> None:
    event = event_of({"Error": {"component": component, "message": "no answer"}})
    assert (event.kind, event.outcome) == (EventKind.ERROR, Outcome.ERROR)
    assert event.facts.get(Fact.COMPONENT) == told_as
    assert event.contents[ContentKind.ERROR_TEXT].value == "no answer"


def test_a_deployment_is_a_span_from_start_to_end() -> None:
    made = told([SHAPES["DeploymentStarted"], SHAPES["DeploymentCompleted"]])
    (deployment,) = made.of(OperationKind.DEPLOYMENT)
    assert (deployment.outcome, deployment.end_ns - deployment.start_ns) == (Outcome.OK, SECOND)
    assert deployment.lineage == {"commit_sha": "0badc0de"}
    (failed,) = told([SHAPES["DeploymentStarted"], SHAPES["DeploymentFailed"]]).of(OperationKind.DEPLOYMENT)
    assert (failed.outcome, failed.error_type) == (Outcome.ERROR, "deployment_failed")
    assert failed.contents[ContentKind.ERROR_TEXT].value == "no crew"
    recovered = event_of(SHAPES["RecoveryCompleted"])
    assert (recovered.kind, recovered.names.subject, recovered.facts) == (
        EventKind.HEALTH,
        "recovery",
        {Fact.STATE: "recovered"},
    )
    assert recovered.lineage == {"deploy_id": "d-1"}


def test_a_trimmed_history() -> None:
    event = event_of(SHAPES["HistoryTrimmed"])
    assert (event.kind, event.ids.run) == (EventKind.HISTORY, "turn-1")
    assert event.facts == {Fact.DROPPED_MESSAGES: 4, Fact.KEPT_TURNS: 2}
    assert event.lineage == {"channel": "wharf.main", "reason": "budget"}
    sentence = event_of(varied("HistoryTrimmed", reason="the context budget was exceeded"))
    assert "reason" not in sentence.lineage


def test_events_without_time_have_the_time_of_receipt_and_a_nonce() -> None:
    for record in [*SHAPES.values(), {"QueueDepth": 1}]:
        event = event_of(record)
        assert (event.time_ns, event.time_is_receipt, event.ids.nonce) == (RECEIPT_NS, True, "n-1")
    first, second = (
        correlated([*decoder(nonce).decode(SHAPES["AgentEnd"], Context(CURSOR, RECEIPT_NS)).events]).run
        for nonce in ("a", "b")
    )
    assert first.identity.trace_id != second.identity.trace_id


def test_integers_beyond_int64_are_clamped_and_told() -> None:
    most = 2**64 - 1
    for record, get in (
        (varied("LlmResponse", input_tokens=most), lambda e: e.usage.input_tokens),
        (end(tokens_used=most), lambda e: e.usage.total_tokens),
        (end(tokens_used={"input_tokens": 1, "output_tokens": most}), lambda e: e.usage.output_tokens),
        (varied("CacheHit", tokens_saved=most), lambda e: e.facts[Fact.TOKENS_SAVED]),
        (varied("ToolCall", duration={"secs": most, "nanos": 0}), lambda e: e.duration_ns),
        ({"TokensUsed": most}, lambda e: e.facts[Fact.VALUE]),
    ):
        decoded = decode(record)
        assert decoded.note == "clamped_integer"
        assert get(decoded.events[0]) == MAX
    assert decode(varied("CacheHit", tokens_saved=MAX)).note is None


def test_decoder_stays_usable_after_a_rejection() -> None:
    reader, context = decoder(), Context(CURSOR, RECEIPT_NS)
    with pytest.raises(RecordRejected):
        reader.decode(varied("ToolCall", success=None), context)
    assert len(reader.decode(SHAPES["ToolCall"], context).events) == 1
    assert tuple(reader.close(complete=True)) == ()


def test_detection_is_the_share_of_what_it_reads() -> None:
    source = ZeroClawSource()
    assert source.detect([]) == 0.0
    assert source.detect(list(SHAPES.values())) == 1.0
    assert source.detect([{"QueueDepth": 3}, {"type": "user"}]) == 0.5
    assert source.detect([{"ToolCall": {}}, {"ToolCall": None}, {"Chat": {}}, "x", 5, None, [], {}]) == 0.0


def test_it_is_a_source() -> None:
    source, path = ZeroClawSource(), PurePath("events.jsonl")
    assert isinstance(source, Source)
    assert source.name == "zeroclaw"
    assert all(source.record_key(record) is None for record in [*SHAPES.values(), None, 5, {"id": 5}])
    assert (tuple(source.companions(path)), source.is_companion(path), source.sidecar(path)) == ((), False, None)


def test_the_examples_of_the_documentation_are_read() -> None:
    page = Path(__file__).parents[2] / "docs" / "sources" / "zeroclaw.md"
    lines = [
        line for block in re.findall(r"```json\n(.*?)```", page.read_text(), re.DOTALL) for line in block.splitlines()
    ]
    assert len(lines) == 6
    for line in lines:
        decoded = decode(json.loads(line))
        assert (decoded.verdict, decoded.note, len(decoded.events)) == (Verdict.MAPPED, None, 1)


@pytest.mark.parametrize("record", [call_start, call])
def test_a_tool_that_was_asked_for_in_free_words_has_no_name_of_them(record: Any) -> None:
    assert event_of(record(tool="what Ann wrote")).names.tool == "other"
    assert event_of(record(tool="server/tool.name-2")).names.tool == "server/tool.name-2"


@pytest.mark.parametrize("text", ["/home/ann/plans.txt", "C:/Users/ann", "ann@example.org", "@ann:example.org", "a b"])
def test_a_path_and_an_address_are_no_identifiers(text: str) -> None:
    assert identifier(text) is None
    assert event_of(varied("Error", component=text)).facts[Fact.COMPONENT] == "other"


@pytest.mark.parametrize("text", ["Kontextgrenze", "context-limit", "/var/log/a", "a.b"])
def test_the_reason_of_a_trimmed_history_is_told_only_if_it_is_a_word(text: str) -> None:
    assert "reason" not in event_of(varied("HistoryTrimmed", reason=text)).lineage


def test_tokens_are_told_once_where_nothing_has_a_turn() -> None:
    answer = {"LlmResponse": {"model_provider": "acme", "model": "m-1", "duration": 1, "success": True}}
    answer["LlmResponse"] |= {"input_tokens": 10, "output_tokens": 5}
    ended = end(None, tokens_used={"input_tokens": 10, "output_tokens": 5})
    operations = told([start(None), answer, ended]).operations
    spans = [span_of(operation) for operation in operations]
    assert sum(span.attributes.get("gen_ai.usage.input_tokens", 0) for span in spans) == 10
    points = [point for operation in operations for point in Measurements().of_operation(operation)]
    assert sum(point.value for point in points if point.instrument == "gen_ai.client.token.usage") == 15
