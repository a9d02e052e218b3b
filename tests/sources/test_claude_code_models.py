"""Model calls: one per message id, usage counted once, and the calls that failed."""

from __future__ import annotations

from typing import Any

import pytest

from agent_otel.model import ContentKind, Fact, Outcome, Usage
from sources.claude_code_records import assistant, call, decode, result, seconds, system, text, user, uuid


def usage(output: Any, given: Any = 3, written: Any = 100, read: Any = 1000) -> dict[str, Any]:
    return {
        "input_tokens": given,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": output,
    }


def test_records_of_one_response_are_one_call_with_the_largest_counts() -> None:
    told = decode(
        [
            user("go", 1),
            assistant({"type": "thinking", "thinking": "hidden", "signature": "s"}, at=4, usage=usage(1)),
            assistant(text("a"), at=5, usage=usage(40), requestId="req_1"),
            assistant(call("t1", command="ls"), at=6, usage=usage(25), stop="tool_use"),
            result("t1", 8),
            assistant(text("b"), at=10, msg="msg_2", usage=usage(7)),
        ]
    )
    first, second = told.models
    assert first.usage == Usage(input_tokens=1103, output_tokens=40, cache_read_tokens=1000, cache_write_tokens=100)
    assert (seconds(first), first.duration_ns) == (6, 5_000_000_000)
    assert (seconds(second), second.duration_ns) == (10, 2_000_000_000)
    assert first.facts == {Fact.RESPONSE_ID: "msg_1", Fact.FINISH_REASON: "tool_use"}
    assert first.ids.request == "msg_1"
    assert (first.names.request_model, first.names.response_model) == ("model-x", "model-x")
    assert first.lineage == {"request.id": "req_1"}
    assert first.contents[ContentKind.OUTPUT_MESSAGES].value == [
        text("a"),
        {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls"}},
    ]
    assert "hidden" not in str([content.value for event in told.events for content in event.contents.values()])


def test_result_before_a_later_part_of_the_same_response_does_not_split_it() -> None:
    told = decode(
        [
            user("go", 1),
            assistant(call("t1"), at=2),
            result("t1", 3),
            assistant(call("t2"), at=4),
            result("t2", 6),
            assistant(text("a"), at=7, msg="msg_2"),
        ]
    )
    assert [(seconds(model), model.duration_ns / 1e9) for model in told.models] == [(4, 3), (7, 1)]
    assert [start.ids.tool_call for start in told.calls] == ["t1", "t2"]


def test_response_without_a_cause_begins_at_the_end_of_the_one_before() -> None:
    told = decode([user("go", 1), assistant(text("a"), at=3), assistant(text("b"), at=5, msg="msg_2")])
    assert told.models[1].duration_ns == 2_000_000_000


def test_counts_that_were_never_told_are_none_and_wrong_types_are_left_out() -> None:
    told = decode(
        [
            user("go", 1),
            assistant(text("a"), at=2, usage={"output_tokens": 5}),
            assistant(
                text("b"),
                at=3,
                msg="m2",
                usage={"input_tokens": "7", "output_tokens": True, "cache_read_input_tokens": -1},
            ),
            assistant(text("c"), at=4, msg="m3", usage="many"),
            assistant(text("d"), at=5, msg="m4", usage={"input_tokens": 2**80, "cache_read_input_tokens": 2**80}),
        ]
    )
    assert [model.usage for model in told.models] == [
        Usage(output_tokens=5),
        None,
        None,
        Usage(input_tokens=2**63 - 1, cache_read_tokens=2**63 - 1),
    ]


@pytest.mark.parametrize(
    ("blocks", "output", "stop", "incomplete"),
    [
        ([call("t1")], 8, None, True),
        ([call("t1")], 9, None, False),
        ([call("t1")], 3, "tool_use", False),
        ([text("a")], 3, None, False),
    ],
)
def test_counts_written_while_streaming_are_marked(blocks: Any, output: Any, stop: Any, incomplete: Any) -> None:
    told = decode([user("go", 1), assistant(*blocks, at=2, usage=usage(output), stop=stop)])
    assert told.models[0].facts.get(Fact.USAGE_INCOMPLETE, False) is incomplete


def test_part_that_comes_late_gives_no_second_call_of_the_model() -> None:
    told = decode(
        [
            user("go", 1),
            assistant(text("a"), at=2, usage=usage(5)),
            assistant(text("b"), at=3, msg="msg_2", usage=usage(5)),
            assistant(call("t1"), at=4, usage=usage(500)),
            user("next", 5),
            assistant(call("t2"), at=6, msg="msg_2", usage=usage(500)),
        ]
    )
    assert [model.ids.request for model in told.models] == ["msg_1", "msg_2"]
    assert [model.usage.output_tokens for model in told.models] == [5, 5]
    assert [(start.ids.tool_call, start.ids.run) for start in told.calls] == [("t1", uuid(1000)), ("t2", uuid(1000))]
    assert told.notes["late_message_part"] == 2
    assert len(told.starts) == 2


def test_response_without_an_id_is_named_by_its_record() -> None:
    told = decode([user("go", 1), assistant(text("a"), at=2, msg=None), assistant(text("b"), at=3, msg=None)])
    assert [model.ids.request for model in told.models] == [uuid(2000), uuid(3000)]


@pytest.mark.parametrize(
    ("stop", "told_as"), [("end_turn", "end_turn"), ("Some text!", "other"), (None, None), (5, None)]
)
def test_reason_for_stopping_is_bounded(stop: Any, told_as: Any) -> None:
    told = decode([user("go", 1), assistant(text("a"), at=2, stop=stop)])
    assert told.models[0].facts.get(Fact.FINISH_REASON) == told_as


def test_output_is_kept_up_to_a_bound() -> None:
    told = decode(
        [
            user("go", 1),
            assistant(text("x" * 1_000_000), at=2),
            assistant(text("y" * 100_000), at=3),
            assistant(text("z"), at=4),
        ]
    )
    (model,) = told.models
    assert [len(part["text"]) for part in model.contents[ContentKind.OUTPUT_MESSAGES].value] == [1_000_000, 1]
    assert model.lineage == {"output.dropped_parts": 1}


def synthetic(at: Any, **more: Any) -> dict[str, Any]:
    made = assistant(text("API Error"), at=at, msg="synthetic", **more)
    made["message"]["model"] = "<synthetic>"
    return made


@pytest.mark.parametrize(
    ("error", "error_type"),
    [("rate_limit", "rate_limit"), ("overloaded", "overloaded"), ("Some text", "api_error"), ({"a": 1}, "api_error")],
)
def test_synthetic_error_is_a_failed_call_and_the_failure_of_the_run(error: Any, error_type: Any) -> None:
    told = decode([user("go", 1), synthetic(4, isApiErrorMessage=True, error=error, apiErrorStatus=429)])
    (model,) = told.models
    assert (model.outcome, model.error_type, model.usage) == (Outcome.ERROR, error_type, None)
    assert (model.ids.request, model.duration_ns) == (uuid(4000), 3_000_000_000)
    assert model.facts == {Fact.HTTP_STATUS_CODE: 429}
    assert model.contents[ContentKind.ERROR_TEXT].value == "API Error"
    assert (told.ends[0].outcome, told.ends[0].error_type) == (Outcome.ERROR, error_type)


def test_other_synthetic_records_are_no_calls() -> None:
    told = decode([user("go", 1), assistant(text("a"), at=2), synthetic(3)])
    assert len(told.models) == 1
    assert told.notes["synthetic"] == 1
    assert told.ends[0].outcome is Outcome.OK


def test_run_that_goes_on_after_an_error_has_not_failed() -> None:
    told = decode([user("go", 1), synthetic(2, isApiErrorMessage=True), assistant(text("a"), at=3)])
    assert told.ends[0].outcome is Outcome.OK


@pytest.mark.parametrize(
    ("more", "error_type"),
    [
        ({"cause": {"code": "ECONNRESET"}}, "econnreset"),
        ({"error": {"cause": {"code": "ENOTFOUND"}}}, "enotfound"),
        ({"cause": {"code": "it broke"}}, "api_error"),
        ({"cause": "x"}, "api_error"),
        ({}, "api_error"),
    ],
)
def test_failed_attempt_is_a_call_of_its_own(more: Any, error_type: Any) -> None:
    told = decode(
        [
            user("go", 1),
            system("api_error", 3, retryAttempt=2, maxRetries=10, retryInMs=510.5, **more),
            assistant(text("a"), at=9),
        ]
    )
    failed, answered = told.models
    assert (failed.outcome, failed.error_type, failed.ids.request) == (Outcome.ERROR, error_type, uuid(3000))
    assert failed.facts == {Fact.RETRY_ATTEMPT: 2}
    assert (failed.duration_ns, answered.duration_ns) == (2_000_000_000, 6_000_000_000)
    assert told.ends[0].outcome is Outcome.OK


def test_text_of_a_failed_attempt_is_content() -> None:
    told = decode([user("go", 1), system("api_error", 3, error={"status": 529, "message": "busy"})])
    assert told.models[0].facts == {Fact.HTTP_STATUS_CODE: 529}
    assert told.models[0].contents[ContentKind.ERROR_TEXT].value == "busy"
