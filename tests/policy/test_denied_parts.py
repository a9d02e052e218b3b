from __future__ import annotations

from uuid import uuid4

from agent_otel.model import CaptureMode, Content, ContentKind
from agent_otel.policy import ContentPolicy, Decider, Subject, Writing, shared_scrubber
from agent_otel.policy.content_policy import every_kind
from agent_otel.policy.denied_parts import without_denied_calls

SECRET = uuid4().hex


def call(name, id_):
    return {"type": "tool_call", "id": id_, "name": name, "arguments": {"path": SECRET}}


def response(id_, **more):
    return {"type": "tool_call_response", "id": id_, "response": SECRET, **more}


def test_arguments_and_results_of_denied_tools_are_hidden_in_messages_and_others_are_not():
    messages = [
        {"role": "assistant", "parts": [call("Vault", "1"), call("ls", "2")]},
        {"role": "tool", "parts": [response("1"), response("2"), response("3", name="vault")]},
    ]
    told = without_denied_calls(messages, lambda name: name == "vault")
    assert told[0]["parts"][0]["arguments"] == "[REDACTED:denied_tool]"
    assert told[0]["parts"][1] == messages[0]["parts"][1]
    assert [part["response"] == SECRET for part in told[1]["parts"]] == [False, True, False]
    assert messages[0]["parts"][0]["arguments"] == {"path": SECRET}


def test_what_calls_no_denied_tool_stays_the_very_same():
    for messages in ([{"role": "a", "parts": [call("ls", "1")]}], "text", [1, {"parts": "x"}], None):
        assert without_denied_calls(messages, lambda name: name == "vault") is messages


def test_the_policy_hides_them_in_every_form_of_messages():
    policy = ContentPolicy(modes=every_kind(CaptureMode.REDACTED_SUMMARY), denied_tools=("vault*",))
    messages = [
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "1", "name": "vault_get", "input": {"k": SECRET}}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": SECRET}]},
    ]
    contents = {ContentKind.INPUT_MESSAGES: Content(messages)}
    writing = Writing(contents, Subject("toy", "r"), shared_scrubber(policy.scrubbing), policy)
    assert SECRET not in str(writing.write(Decider(policy)).attributes)
