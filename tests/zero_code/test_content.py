"""Programs that others instrument send nothing that the policy forbids, and each span once."""

from __future__ import annotations

from collections import Counter
import json
from pathlib import Path

import pytest

from secrets_made_up import github_token
from zero_code.model_endpoint import model_endpoint
from zero_code.programs import everything

HERE = Path(__file__).parent
SECRET, KEY = github_token("planted"), github_token("key")
PROSE = "words of the model"
HOOK = {"OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK": "agent_otel"}
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
MESSAGES = {"gen_ai.input.messages", "gen_ai.output.messages"}


@pytest.fixture
def ask(instrumented, receiver):
    def go(**more):
        arguments = json.dumps({"command": f"curl -u bob:{SECRET} x"})
        with model_endpoint(f"{PROSE}, and {SECRET}", arguments) as url:
            done = instrumented(HERE / "genai_app.py", url, MADE_UP_SECRET=SECRET, MADE_UP_KEY=KEY, **more)
        assert (done.stdout, done.stderr) == ("done\n", "")
        told = everything(receiver)
        assert SECRET.encode() not in told
        assert KEY.encode() not in told
        spans = {span.name: span for span in receiver.spans()}
        assert Counter(span.name for span in receiver.spans()) == {"chat small": 1, "chat broken": 1}
        assert spans["chat broken"].status_code == "error"
        assert spans["chat small"].attributes["gen_ai.usage.output_tokens"] == 7
        return spans

    return go


def test_by_default_no_message_leaves_and_errors_without_their_secrets(ask):
    spans = ask()
    assert MESSAGES.isdisjoint(spans["chat small"].attributes)
    assert PROSE in spans["chat broken"].status_message
    assert "[REDACTED:" in spans["chat broken"].status_message


@pytest.mark.parametrize("hook", [{}, HOOK], ids=["", "hook"])
@pytest.mark.parametrize("capture", ["NO_CONTENT", "SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT"])
def test_off(ask, receiver, hook, capture):
    spans = ask(**hook, **{CAPTURE: capture}, AGENT_OTEL_CONTENT="off")
    assert PROSE.encode() not in everything(receiver)
    for span in spans.values():
        assert MESSAGES.isdisjoint(span.attributes)


@pytest.mark.parametrize("hook", [{}, HOOK], ids=["", "hook"])
def test_metadata_only(ask, receiver, hook):
    spans = ask(**hook, **{CAPTURE: "SPAN_ONLY"}, AGENT_OTEL_CONTENT="metadata_only")
    assert PROSE.encode() not in everything(receiver)
    told = spans["chat small"].attributes
    assert MESSAGES.isdisjoint(told)
    assert told["agent_otel.content.mode"] == "metadata_only"
    assert told["agent_otel.content.output_messages.bytes"] > 100


def test_redacted(ask, receiver):
    spans = ask(**{CAPTURE: "SPAN_AND_EVENT"})
    told = spans["chat small"].attributes
    (message,) = json.loads(told["gen_ai.output.messages"])
    assert any(part.get("content", "").startswith(PROSE) for part in message["parts"])
    assert told["agent_otel.content.redacted"] >= 3
    records = [record for record in receiver.logs() if record.attributes.get("gen_ai.request.model") == "small"]
    (record,) = records
    assert PROSE in str(record.attributes["gen_ai.output.messages"])


def test_with_the_hook_our_settings_alone_say_what_instrumentations_write(ask):
    spans = ask(**HOOK, AGENT_OTEL_CONTENT_OUTPUT_MESSAGES="redacted_summary", AGENT_OTEL_CONTENT_INPUT_MESSAGES="off")
    told = spans["chat small"].attributes
    assert PROSE in told["gen_ai.output.messages"]
    assert "gen_ai.input.messages" not in told
    assert told["agent_otel.content.mode"] == "redacted_summary"
    assert told["agent_otel.content.redacted"] >= 1


@pytest.mark.parametrize("mode", [None, "off", "metadata_only", "redacted_summary"])
def test_spans_in_the_manner_of_openinference(started, receiver, mode):
    from zero_code.programs import variables

    content = {} if mode is None else {"AGENT_OTEL_CONTENT": mode}
    app = started(variables(receiver, MADE_UP_SECRET=SECRET, **content), HERE / "openinference_app.py", "3")
    out, err = app.communicate("\n\n", timeout=120)
    assert (app.returncode, out, err) == (0, "ready\nended\n", "")
    told = everything(receiver)
    assert SECRET.encode() not in told
    assert Counter(span.name for span in receiver.spans()) == {"agent": 1, "shell": 3}
    assert (b"another prompt with" in told) is (mode == "redacted_summary")
    assert (b"the key is" in told) is (mode in (None, "redacted_summary"))
    assert (b"refused: " in told) is (mode in (None, "redacted_summary"))
