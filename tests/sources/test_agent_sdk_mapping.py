"""What envelopes become: ids, times, lineage, content, calls without ids, retries, sub-agents, marks."""

from __future__ import annotations

from typing import Any

import pytest

from agent_otel.correlate import OperationKind
from agent_otel.model import ContentKind, EventKind, Fact, Outcome, Phase
from sources.agent_sdk_records import (
    AGENT,
    RECEIPT_NS,
    RUN,
    at_ns,
    envelope,
    event,
    frame,
    operations,
    policy,
    projection,
    ref,
    source_ref,
    tell,
    tool_event,
    usage,
)

HEX_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HEX_SPAN = "00f067aa0ba902b7"
RUN_SPAN = [event("run_started", 0), event("run_completed", 9)]


def inside(*records: Any) -> list[Any]:
    return [RUN_SPAN[0], *records, RUN_SPAN[1]]


def test_ids_of_an_envelope() -> None:
    told = tell(event("tool_completed", 1, event="event.7", session_id="session.1", turn_id="turn.1"))
    ids = told.one(EventKind.TOOL).ids
    assert (ids.event, ids.run, ids.turn, ids.agent, ids.conversation) == (
        "event.7",
        RUN,
        "turn.1",
        AGENT,
        "session.1",
    )
    assert ids.trace == "trace.of.the.day"  # free text: the model ignores it
    assert ids.nonce is None


def test_a_session_that_was_named_once_holds_for_the_run() -> None:
    told = tell(event("run_started", 0, session_id="session.1"), event("run_completed", 1))
    assert {one.ids.conversation for one in told.events} == {"session.1"}


@pytest.mark.parametrize(
    ("timestamp", "recorded_at", "time_ns", "note"),
    [
        ("2030-01-01T12:00:01.123456789Z", "2030-01-01T12:00:09Z", at_ns(1) + 123_456_789, None),
        ("yesterday", "2030-01-01T12:00:02Z", at_ns(2), "unreadable_time"),
        ("1970-01-01T00:00:00Z", "2030-01-01T12:00:02Z", at_ns(2), "placeholder_time"),
        ("yesterday", "soon", RECEIPT_NS + 1, "unreadable_time"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", RECEIPT_NS + 1, "placeholder_time"),
    ],
)
def test_the_time_is_the_first_that_can_be_read(
    timestamp: str, recorded_at: str, time_ns: int, note: str | None
) -> None:
    told = tell(event("run_started", timestamp=timestamp, recorded_at=recorded_at))
    (start,) = told.events
    assert start.time_ns == time_ns
    assert start.time_is_receipt == (time_ns == RECEIPT_NS + 1)
    assert start.ids.nonce == ("once" if start.time_is_receipt else None)
    assert told.notes == [note]


def test_lineage_of_an_envelope() -> None:
    made = event(
        "hook_invoked",
        1,
        event="event.9",
        event_seq=9,
        turn_id="turn.1",
        attempt_id="attempt.1",
        message_id="message.1",
        parent_event_id="event.8",
        caused_by={"event_id": "event.5", "subject_ref": ref("effect", "effect.1")},
        causal_refs=[{"subject_ref": ref("approval_request", "approval.1")}],
        related_refs=[ref("hook", "hook.1"), ref("policy_decision", "decision.2"), ref("hook", "hook.2")],
        policy_refs=[policy("policy.1"), policy("policy.1")],
        journal_cursor="journal.4",
        state_before="idle",
        state_after="a state with blanks",
        destination={"kind": "event_stream", "id": "d.1", "privacy": "internal", "retention": "durable"},
        correlation={"entries": [{"key": "stream.action", "value": "mask"}, {"key": "batch", "value": "b-7"}]},
        tags=["feature:tide", "free text"],
    )
    lineage = dict(tell(made).one(EventKind.PROGRESS).lineage)
    assert lineage == {
        "run.id": RUN,
        "turn.id": "turn.1",
        "attempt.id": "attempt.1",
        "message.id": "message.1",
        "event.id": "event.9",
        "event.seq": 9,
        "event.family": "hook",
        "event.kind": "hook_invoked",
        "event.parent_id": "event.8",
        "event.caused_by": "event.5",
        "trace.id": "trace.of.the.day",
        "span.id": "span.hook_invoked",
        "subject.kind": "run",
        "source.kind": "sdk",
        "source.id": "source.pilot",
        "destination.kind": "event_stream",
        "destination.id": "d.1",
        "retention.class": "durable",
        "policy.decision_ids": ("policy.1", "decision.2"),
        "journal.cursor": "journal.4",
        "state.before": "idle",
        "delivery_semantics": "journal_backed",
        "privacy": "content_refs_only",
        "content_capture": "off",
        "redaction.policy_id": "policy.redaction.default",
        "runtime_package.fingerprint": "sha256:harbour-package",
        "tags": ("feature:tide",),
        "hook.id": "hook.1",
        "effect.id": "effect.1",
        "approval.request.id": "approval.1",
        "stream.action": "mask",
        "correlation.batch": "b-7",
    }


def test_the_end_of_a_run_does_not_replace_what_its_start_said() -> None:
    start = event("run_started", 0, event="event.1", journal_cursor="journal.1", turn_id="turn.1", attempt_id="a.1")
    end = event("run_failed", 5, event="event.2", journal_cursor="journal.8", summary="the lock gate is shut")
    (run,) = operations(tell(start, end).events)
    lineage = run.lineage
    assert (lineage["event.kind"], lineage["event.id"], lineage["journal.cursor"]) == (
        "run_started",
        "event.1",
        "journal.1",
    )
    assert lineage["terminal.event.kind"] == "run_failed"
    assert lineage["terminal.event.id"] == "event.2"
    assert lineage["terminal.journal.cursor"] == "journal.8"
    assert "turn.id" not in lineage
    assert "attempt.id" not in lineage
    assert (run.outcome, run.error_type) == (Outcome.ERROR, "run_failed")
    assert run.contents[ContentKind.ERROR_TEXT].value == "the lock gate is shut"


def test_summaries_are_content_only_where_they_say_something_about_content() -> None:
    told = tell(
        event("run_started", 0, summary="run started"),
        tool_event("tool_started", 1, "call.1", summary="asked for depth", refs=[ref("content", "content.args")]),
        tool_event("tool_completed", 2, "call.1", summary="12 m", refs=[ref("content", "content.result")]),
        tool_event("tool_started", 3, "call.2"),
        tool_event("tool_completed", 4, "call.2", summary="tool execution terminal"),
        event("model_attempt_failed", 5, summary="the provider hung up"),
        event("run_completed", 6, summary="run terminal"),
    )
    run, first, _, second = told.of(EventKind.AGENT)[:1] + told.of(EventKind.TOOL)[:3]
    assert not run.contents
    assert second.contents == {}
    arguments = first.contents[ContentKind.TOOL_ARGUMENTS]
    assert (arguments.value, arguments.reference) == ("asked for depth", "content.args")
    result = told.of(EventKind.TOOL, Phase.END)[0].contents[ContentKind.TOOL_RESULT]
    assert (result.value, result.reference, result.permitted_by_source) == ("12 m", "content.result", False)
    assert not told.of(EventKind.TOOL, Phase.END)[1].contents
    assert told.one(EventKind.MODEL).contents[ContentKind.ERROR_TEXT].value == "the provider hung up"
    assert not told.of(EventKind.AGENT, Phase.END)[0].contents


@pytest.mark.parametrize(("mode", "permitted"), [("raw_content", True), ("redacted_summary", False), ("off", False)])
def test_raw_content_of_a_projection_is_permitted_by_its_mode_alone(mode: str, permitted: bool) -> None:
    told = tell(
        event("run_started", 0),
        tool_event("tool_completed", 1, "call.1"),
        projection(
            "progress",
            "event.call.1.tool_completed",
            event_kind="tool_completed",
            content_capture=mode,
            raw_content="12 m at low water",
        ),
        event("run_completed", 2),
    )
    content = told.one(EventKind.TOOL).contents[ContentKind.TOOL_RESULT]
    assert (content.value, content.permitted_by_source) == ("12 m at low water", permitted)


def test_a_tool_call_that_was_only_requested_is_not_lost() -> None:
    found = operations(tell(*inside(tool_event("tool_requested", 1, "call.1"))).events)
    call = next(one for one in found if one.kind is OperationKind.TOOL)
    assert (call.ids.tool_call, call.start_ns, call.outcome) == ("call.1", at_ns(1), Outcome.INTERRUPTED)


def test_a_tool_call_that_never_started_runs_from_its_request() -> None:
    records = inside(tool_event("tool_requested", 1, "call.1"), tool_event("tool_denied", 2, "call.1"))
    call = next(one for one in operations(tell(*records).events) if one.kind is OperationKind.TOOL)
    assert (call.start_ns, call.end_ns) == (at_ns(1), at_ns(2))
    assert (call.outcome, call.error_type) == (Outcome.DENIED, "tool_denied")


def test_the_start_of_a_tool_call_keeps_what_its_request_told() -> None:
    request = tool_event(
        "tool_requested",
        1,
        "call.1",
        summary="where",
        refs=[ref("content", "content.args")],
        related_refs=[ref("capability", "depth_read")],
    )
    told = tell(*inside(request, tool_event("tool_started", 2, "call.1")))
    start = told.one(EventKind.TOOL)
    assert start.time_ns == at_ns(2)
    assert start.names.tool == "depth_read"
    assert start.contents[ContentKind.TOOL_ARGUMENTS].reference == "content.args"


def test_a_tool_that_needs_recovery_is_neither_success_nor_failure() -> None:
    told = tell(tool_event("tool_recovery_required", 1, "call.1"))
    assert (told.one(EventKind.TOOL).outcome, told.one(EventKind.TOOL).error_type) == (
        Outcome.UNKNOWN,
        "recovery_required",
    )


def test_a_tools_own_event_names_the_tool() -> None:
    told = tell(tool_event("tool_completed", 1, "call.1", source=source_ref("tool", "depth_read")))
    assert told.one(EventKind.TOOL).names.tool == "depth_read"
    assert told.one(EventKind.TOOL).names.tool_type == "function"


def test_calls_without_ids_pair_in_order_within_their_turn() -> None:
    """The SDK's own loop names no tool call: its events tell of the run alone."""
    records = inside(
        event("tool_started", 1, turn_id="turn.1"),
        event("tool_completed", 2, turn_id="turn.1", event="event.first"),
        projection("progress", "event.first", event_kind="tool_completed", tool_name="depth_read"),
        event("tool_started", 3, turn_id="turn.1"),
        event("tool_started", 4, turn_id="turn.2"),
        event("tool_failed", 5, turn_id="turn.2"),
        event("tool_completed", 6, turn_id="turn.1"),
    )
    found = [one for one in operations(tell(*records).events) if one.kind is OperationKind.TOOL]
    assert [(one.start_ns, one.end_ns, one.names.tool) for one in found] == [
        (at_ns(1), at_ns(2), "depth_read"),
        (at_ns(4), at_ns(5), None),
        (at_ns(3), at_ns(6), None),
    ]
    assert all(one.ids.tool_call_is_synthetic for one in found)


def test_model_calls_without_attempts_pair_by_their_turn() -> None:
    records = inside(
        event("model_attempt_started", 1, turn_id="turn.1"),
        event("model_stream_delta", 2, turn_id="turn.1"),
        event("model_message_completed", 3, turn_id="turn.1", event="event.first"),
        usage("event.first"),
        event("model_attempt_started", 4, turn_id="turn.1"),
        event("model_message_completed", 5, turn_id="turn.1"),
    )
    found = [one for one in operations(tell(*records).events) if one.kind is OperationKind.MODEL]
    assert [(one.start_ns, one.end_ns) for one in found] == [(at_ns(1), at_ns(3)), (at_ns(4), at_ns(5))]
    assert found[0].facts[Fact.TIME_TO_FIRST_CHUNK] == 1.0
    assert found[0].usage is not None
    assert found[0].usage.input_tokens == 3


def test_deltas_are_counted_on_their_attempt() -> None:
    deltas = [event("model_stream_delta", 2 + n, attempt_id="attempt.1", summary=f"part {n}") for n in range(3)]
    records = inside(
        event("model_attempt_started", 1, attempt_id="attempt.1"),
        *deltas,
        event("model_message_completed", 5, attempt_id="attempt.1"),
    )
    told = tell(*records)
    (mark,) = next(one for one in operations(told.events) if one.kind is OperationKind.MODEL).marks
    assert (mark.name, mark.facts[Fact.CHUNKS], mark.time_ns) == ("chunks", 3, at_ns(2))
    assert not any(one.contents for one in told.of(EventKind.PROGRESS))


def test_an_attempt_after_a_failed_one_tries_it_again() -> None:
    def attempt(number: int, at: float, end: str, turn: str = "turn.1") -> list[Any]:
        more = {"attempt_id": f"attempt.{number}", "turn_id": turn}
        return [event("model_attempt_started", at, **more), event(end, at + 0.5, **more)]

    told = tell(
        *inside(
            *attempt(1, 1, "model_attempt_failed"),
            *attempt(2, 2, "model_attempt_failed"),
            *attempt(3, 3, "model_message_completed"),
            *attempt(4, 4, "model_message_completed"),
            *attempt(5, 5, "model_attempt_failed"),
            *attempt(6, 6, "model_message_completed", "turn.2"),
        )
    )
    starts = [one.ids.retry_of for one in told.of(EventKind.MODEL, Phase.START)]
    assert starts == [None, "attempt.1", "attempt.2", None, None, None]
    assert [one.ids.retry_of for one in told.of(EventKind.MODEL, Phase.END)] == starts
    calls = {one.ids.attempt: one.identity for one in operations(told.events) if one.kind is OperationKind.MODEL}
    assert [link.span_id for link in calls["attempt.2"].links] == [calls["attempt.1"].span_id]
    assert [link.span_id for link in calls["attempt.3"].links] == [calls["attempt.2"].span_id]
    assert not calls["attempt.4"].links


def test_hex_ids_are_used_where_they_are_the_works_own() -> None:
    around = {"trace_id": HEX_TRACE, "span_id": HEX_SPAN}
    records = [
        event("run_started", 0, **around),
        tool_event("tool_started", 1, "call.1", **around),  # the span that was current there is the run's
        tool_event("tool_completed", 2, "call.1", trace_id=HEX_TRACE, span_id="00000000000000aa"),
        event("model_attempt_started", 3, attempt_id="a.1", trace_id=HEX_TRACE, span_id="00000000000000bb"),
        event("model_message_completed", 4, attempt_id="a.1", trace_id=HEX_TRACE, span_id="00000000000000bb"),
        event("run_completed", 5, **around),
    ]
    found = {one.kind: one.identity for one in operations(tell(*records).events)}
    assert {identity.trace_id for identity in found.values()} == {int(HEX_TRACE, 16)}
    assert found[OperationKind.RUN].span_id == int(HEX_SPAN, 16)
    assert found[OperationKind.TOOL].span_id != int(HEX_SPAN, 16)
    assert found[OperationKind.MODEL].span_id == 0xBB
    assert found[OperationKind.TOOL].parent_span_id == int(HEX_SPAN, 16)


@pytest.mark.parametrize("where", ["subject_ref", "related_refs", "causal_refs"])
def test_an_approval_stands_under_the_tool_call_that_it_names(where: str) -> None:
    call: Any = ref("tool_call", "call.1")
    named = {"subject_ref": call, "related_refs": [call], "causal_refs": [{"subject_ref": call}]}[where]
    records = inside(
        event("approval_requested", 1, **{where: named}),
        tool_event("tool_started", 2, "call.1"),
        tool_event("tool_completed", 3, "call.1"),
    )
    found = {one.kind: one for one in operations(tell(*records).events)}
    (mark,) = found[OperationKind.TOOL].marks
    assert (mark.name, mark.facts[Fact.STATE]) == ("approval", "requested")
    assert not found[OperationKind.RUN].marks


def test_what_happens_around_a_model_call_stands_on_it_or_on_the_run() -> None:
    records = inside(
        event("turn_started", 0.5, turn_id="turn.1", attempt_id="a.1"),
        event("context_assembled", 0.6, turn_id="turn.1"),
        event("provider_request_projected", 0.7, turn_id="turn.1", attempt_id="a.1"),
        event("model_attempt_started", 1, turn_id="turn.1", attempt_id="a.1"),
        event("stream_rule_matched", 2, attempt_id="a.1", related_refs=[ref("stream_rule", "rule.mask")]),
        event("model_message_completed", 3, turn_id="turn.1", attempt_id="a.1"),
        event("structured_output_validation_failed", 4, attempt_id="a.1"),
        event("realtime_connected", 5),
        event("isolation_process_started", 6),
        event("output_dispatch_completed", 7),
    )
    found = {one.kind: one for one in operations(tell(*records).events)}

    def names(kind: OperationKind) -> list[tuple[str, Any]]:
        return [(mark.name, mark.facts[Fact.STATE]) for mark in found[kind].marks]

    assert names(OperationKind.MODEL) == [("context", "provider_request_projected"), ("stream_rule", "rule_matched")]
    assert found[OperationKind.MODEL].marks[1].lineage["stream.rule.id"] == "rule.mask"
    assert names(OperationKind.RUN) == [
        ("turn", "started"),
        ("context", "assembled"),
        ("structured_output", "validation_failed"),
        ("realtime", "connected"),
        ("isolation", "process_started"),
        ("output_delivery", "dispatch_completed"),
    ]


def child_events(child: str) -> list[Any]:
    of_child = {"run": child, "subject_ref": ref("subagent_run", child), "related_refs": [ref("run", RUN)]}
    return [
        event("run_started", 3, event="event.subagent.child.1", **of_child),
        event("run_completed", 4, event="event.subagent.child.2", **of_child),
    ]


@pytest.mark.parametrize("word", ["subagent_started", "subagent_handoff"])
def test_a_sub_agent_stands_under_the_call_that_started_it(word: str) -> None:
    child = "run.child"
    refs = {"subject_ref": ref("subagent_run", child), "related_refs": [ref("run", RUN), ref("tool_call", "call.1")]}
    plain = [event("run_started", 3, run=child), event("run_completed", 4, run=child)]
    records = inside(
        tool_event("tool_started", 1, "call.1"),
        event(word, 2, **refs),
        *plain,
        tool_event("tool_completed", 5, "call.1"),
    )
    found = operations(tell(*records).events)
    call = next(one for one in found if one.kind is OperationKind.TOOL)
    below = next(one for one in found if one.run == child)
    assert below.identity.parent_span_id == call.identity.span_id
    assert below.identity.trace_id == call.identity.trace_id
    assert call.marks[0].name == "sub_agent"
    assert call.marks[0].lineage["subagent.child_run_id"] == child


def test_the_frames_of_a_child_run_name_its_parent() -> None:
    found = operations(tell(*inside(*child_events("run.child.1"), *child_events("run.child.2"))).events)
    parent = next(one for one in found if one.run == RUN)
    children = [one for one in found if one is not parent]
    assert [one.run for one in children] == ["run.child.1", "run.child.2"]  # their event ids repeat
    assert {one.identity.parent_span_id for one in children} == {parent.identity.span_id}


def test_wrapped_events_and_rolled_up_usage_are_marks_on_the_parent() -> None:
    of_child = {"subject_ref": ref("subagent_run", "run.child"), "related_refs": [ref("run", RUN)]}
    records = inside(
        event("subagent_event_wrapped", 1, **of_child),
        event("subagent_usage_rolled_up", 2, event="event.roll", **of_child),
        usage("event.roll", family="subagent", event_kind="subagent_usage_rolled_up"),
        event("subagent_completed", 3, **of_child),
    )
    told = tell(*records)
    assert not told.of(EventKind.USAGE)
    (run,) = operations(told.events)
    assert [mark.facts.get(Fact.STATE) for mark in run.marks] == [
        "event_wrapped",
        "usage_rolled_up",
        "usage_rolled_up",
        "completed",
    ]
    assert run.marks[2].lineage["subagent.usage.total_tokens"] == 7
    assert not run.child_usage


def test_a_frame_is_read_as_its_event() -> None:
    inner = event("run_started", 0)
    assert tell(frame(inner)).events == tell(inner).events


def test_interleaved_runs_are_kept_apart() -> None:
    def run(name: str) -> list[Any]:
        return [
            event("run_started", 0, run=name),
            event("tool_started", 1, run=name),
            event("tool_completed", 2, run=name),
            event("run_completed", 3, run=name),
        ]

    mixed = [record for pair in zip(run("run.a"), run("run.b"), strict=True) for record in pair]
    found = operations(tell(*mixed).events)
    assert sorted((one.run, one.kind.value) for one in found) == [
        ("run.a", "run"),
        ("run.a", "tool"),
        ("run.b", "run"),
        ("run.b", "tool"),
    ]


def test_text_stands_in_no_repr() -> None:
    made = event("run_failed", 1, summary="HUSH-summary", refs=[ref("content", "c", redacted_summary="HUSH-ref")])
    made["envelope"]["source"]["redacted_summary"] = "HUSH-source"
    told = tell(made)
    assert "HUSH" not in repr(told.events)


def test_an_envelope_alone_is_no_event() -> None:
    from agent_otel.sources.agent_sdk import AgentSdkSource

    assert AgentSdkSource().detect([envelope("run_started")]) == 0.0
