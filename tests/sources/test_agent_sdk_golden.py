"""The tree of spans that agent-sdk-core's own OpenTelemetry contract asks for: a run, a model attempt, a tool call.

The stream and the expected tree are our own; names, kinds, parents and attribute keys are those of the contract.
"""

from __future__ import annotations

from typing import Any

import pytest

from agent_otel.bridge.naming import Naming
from agent_otel.project import SpanData, span_of
from sources.agent_sdk_records import AGENT, FINGERPRINT, RUN, event, operations, policy, projection, ref, tell, usage

NAMES = Naming({AGENT: "harbour pilot", "provider.tide": "tide"})
ALLOWED = ("agent_sdk.", "gen_ai.", "mcp.", "jsonrpc.", "network.", "agent_otel.")
CALL = "tool.call.depth"
AT = {"turn_id": "turn.1", "session_id": "session.1"}

STARTED = event("run_started", 0, **AT)
TURN = event("turn_started", 0.1, **AT)
ASKED = event("model_attempt_started", 1, attempt_id="attempt.1", **AT)
ANSWERED = event(
    "model_message_completed", 3, attempt_id="attempt.1", journal_cursor="journal.6", event="event.answer", **AT
)
TOLD = usage("event.answer", (3, 4), turn_id="turn.1", attempt_id="attempt.1")
DECIDED = {"policy_refs": [policy("policy.approval.depth")], "subject_ref": ref("tool_call", CALL)}
REQUESTED = event("tool_requested", 3.5, **AT, **DECIDED)
APPROVED = event("approval_responded", 4, **{**AT, "related_refs": [ref("tool_call", CALL)]})
BEGUN = event("tool_started", 5, **AT, **DECIDED)
DONE = event("tool_completed", 6, event="event.depth", **AT, **DECIDED)
NAMED = projection("progress", "event.depth", family="tool", event_kind="tool_completed", tool_name="depth_read")
ENDED = event("run_completed", 7, journal_cursor="journal.9", **AT)
TURN_ENDED = event("turn_completed", 7.1, **AT)  # after its run (rule R66)

STREAM = [STARTED, TURN, ASKED, ANSWERED, TOLD, REQUESTED, APPROVED, BEGUN, DONE, NAMED, ENDED, TURN_ENDED]
EARLY = [STARTED, TURN, ASKED, TOLD, ANSWERED, NAMED, REQUESTED, APPROVED, BEGUN, DONE, ENDED, TURN_ENDED]
FIRST = [TOLD, NAMED, STARTED, ASKED, ANSWERED, REQUESTED, APPROVED, BEGUN, DONE, TURN, ENDED, TURN_ENDED]

GOLDEN: dict[str, dict[str, Any]] = {
    "invoke_agent harbour pilot": {
        "kind": "INTERNAL",
        "parent": None,
        "attributes": {
            "agent_sdk.content_capture": "off",
            "agent_sdk.event.kind": "run_started",
            "agent_sdk.privacy": "content_refs_only",
            "agent_sdk.redaction.policy_id": "policy.redaction.default",
            "agent_sdk.run.id": RUN,
            "agent_sdk.runtime_package.fingerprint": FINGERPRINT,
            "agent_sdk.source.kind": "sdk",
            "gen_ai.agent.id": AGENT,
            "gen_ai.agent.name": "harbour pilot",
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.provider.name": "tide",
        },
    },
    "chat model.tide.1": {
        "kind": "CLIENT",
        "parent": "invoke_agent harbour pilot",
        "attributes": {
            "agent_sdk.attempt.id": "attempt.1",
            "agent_sdk.event.kind": "model_message_completed",
            "agent_sdk.journal.cursor": "journal.6",
            "agent_sdk.turn.id": "turn.1",
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "tide",
            "gen_ai.request.model": "model.tide.1",
            "gen_ai.response.model": "model.tide.1",
            "gen_ai.usage.input_tokens": 3,
            "gen_ai.usage.output_tokens": 4,
        },
    },
    "execute_tool depth_read": {
        "kind": "INTERNAL",
        "parent": "invoke_agent harbour pilot",
        "attributes": {
            "agent_sdk.event.kind": "tool_completed",
            "agent_sdk.policy.decision_ids": ("policy.approval.depth",),
            "agent_sdk.redaction.policy_id": "policy.redaction.default",
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.call.id": CALL,
            "gen_ai.tool.name": "depth_read",
            "gen_ai.tool.type": "function",
        },
    },
}


def spans_of(stream: list[Any]) -> dict[str, SpanData]:
    spans = [span_of(operation) for operation in operations([NAMES(one) for one in tell(*stream).events])]
    by_name = {span.name: span for span in spans}
    assert len(by_name) == len(spans)
    return by_name


@pytest.mark.parametrize("stream", [STREAM, EARLY, FIRST], ids=["in_order", "telemetry_before", "telemetry_first"])
def test_the_golden_tree(stream: list[Any]) -> None:
    spans = spans_of(stream)
    assert set(spans) == set(GOLDEN)
    of_id = {span.identity.span_id: name for name, span in spans.items()}
    for name, wanted in GOLDEN.items():
        span = spans[name]
        assert span.kind.name == wanted["kind"]
        assert of_id.get(span.identity.parent_span_id or 0) == wanted["parent"]
        assert wanted["attributes"].items() <= span.attributes.items()
        assert all(key.startswith(ALLOWED) or key == "error.type" for key in span.attributes)
        assert not span.is_error
        assert not span.contents  # no raw content, and no summary that stands for one


def test_the_golden_tree_has_the_approval_under_the_tool_and_the_turn_on_the_run() -> None:
    spans = spans_of(STREAM)
    tool = spans["execute_tool depth_read"]
    assert [(mark.name, mark.attributes["agent_otel.state"]) for mark in tool.events] == [
        ("agent_otel.tool", "requested"),
        ("agent_otel.approval", "responded"),
    ]
    (turn,) = spans["invoke_agent harbour pilot"].events
    assert (turn.name, turn.attributes["agent_otel.state"]) == ("agent_otel.turn", "started")


def test_the_golden_spans_have_the_times_of_their_events() -> None:
    spans = spans_of(STREAM)
    begin = spans["invoke_agent harbour pilot"].start_ns
    times = {name: ((span.start_ns - begin) / 1e9, (span.end_ns - begin) / 1e9) for name, span in spans.items()}
    assert times == {
        "invoke_agent harbour pilot": (0, 7),
        "chat model.tide.1": (1, 3),
        "execute_tool depth_read": (5, 6),  # from tool_started, not from tool_requested
    }


def test_every_order_gives_the_same_identities() -> None:
    identities = [{name: span.identity for name, span in spans_of(stream).items()} for stream in (STREAM, EARLY, FIRST)]
    assert identities[0] == identities[1] == identities[2]
