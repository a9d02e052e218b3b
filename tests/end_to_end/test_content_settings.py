"""What the settings of the content policy do to what arrives: the standard variable, own settings, sinks, the file."""

from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys
from typing import Any
from uuid import uuid4

import pytest

from agent_otel import Bridge, SettingsError
from agent_otel.testing import OtlpReceiver
from end_to_end.replaying import environment

STANDARD = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
ARGUMENTS, RESULT = "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"
MESSAGES = "gen_ai.input.messages"


def said(receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch, **variables: str) -> tuple[dict[str, Any], list[Any]]:
    """Run an agent; give its spans by name and its log records."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    bridge = Bridge.from_env()
    with bridge.run(agent="a") as run:
        run.prompt("find it")
        with run.model_call(provider="p", model="m") as call:
            call.response(messages="looking")
        with run.tool_call("shell", arguments={"command": "ls"}) as tool:
            tool.result("a b")
        with run.tool_call("vault_read", arguments={"path": "x"}) as tool:
            tool.result("y")
    assert bridge.flush()
    bridge.shutdown()
    assert bridge.health().balanced
    return {span.name: span for span in receiver.spans()}, receiver.logs()


def test_by_default_tools_are_told_and_messages_are_not(receiver, monkeypatch):
    spans, logs = said(receiver, monkeypatch)
    tool = spans["execute_tool shell"].attributes
    assert (json.loads(tool[ARGUMENTS]), tool[RESULT]) == ({"command": "ls"}, "a b")
    assert MESSAGES not in spans["invoke_agent a"].attributes
    assert logs == []


@pytest.mark.parametrize("word", ["NO_CONTENT", "no_content", "true", "nonsense"])
def test_no_content_turns_everything_off_tools_included(receiver, monkeypatch, word):
    spans, logs = said(receiver, monkeypatch, **{STANDARD: word})
    assert not {ARGUMENTS, RESULT, MESSAGES} & {key for span in spans.values() for key in span.attributes}
    assert logs == []


@pytest.mark.parametrize("word", ["SPAN_ONLY", "SPAN_AND_EVENT"])
def test_span_modes_tell_messages_on_spans_as_well(receiver, monkeypatch, word):
    spans, logs = said(receiver, monkeypatch, **{STANDARD: word})
    (message,) = json.loads(spans["invoke_agent a"].attributes[MESSAGES])
    assert message == {"role": "user", "parts": [{"type": "text", "content": "find it"}]}
    assert ARGUMENTS in spans["execute_tool shell"].attributes
    assert bool(logs) is (word == "SPAN_AND_EVENT")


@pytest.mark.parametrize("word", ["EVENT_ONLY", "SPAN_AND_EVENT"])
def test_event_modes_tell_content_in_records_of_their_own(receiver, monkeypatch, word):
    spans, logs = said(receiver, monkeypatch, **{STANDARD: word})
    assert (ARGUMENTS in spans["execute_tool shell"].attributes) is (word == "SPAN_AND_EVENT")
    by_span = {log.span_id: log for log in logs}
    tool = by_span[spans["execute_tool shell"].span_id]
    assert (tool.event_name, tool.attributes[ARGUMENTS]) == ("agent_otel.operation.details", {"command": "ls"})
    model = by_span[spans["chat m"].span_id]
    assert model.event_name == "gen_ai.client.inference.operation.details"
    assert model.attributes["gen_ai.output.messages"][0]["parts"] == [{"type": "text", "content": "looking"}]


def test_an_unknown_word_is_a_warning(receiver, monkeypatch, caplog):
    said(receiver, monkeypatch, **{STANDARD: "true"})
    assert f"{STANDARD}: true counts as NO_CONTENT" in caplog.text


@pytest.mark.parametrize("word", ["SPAN_ONLY", "SPAN_AND_EVENT", ""])
def test_own_settings_refine_it_by_kind(receiver, monkeypatch, word):
    own = {"AGENT_OTEL_CONTENT_TOOL_ARGUMENTS": "redacted_summary", "AGENT_OTEL_CONTENT_TOOL_RESULT": "metadata_only"}
    spans, _ = said(receiver, monkeypatch, **{STANDARD: word, **own})
    tool = spans["execute_tool shell"].attributes
    assert ARGUMENTS in tool
    assert RESULT not in tool
    assert tool["agent_otel.content.tool_result.bytes"] == 3


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"AGENT_OTEL_CONTENT": "off"}, None),
        ({"AGENT_OTEL_CONTENT": "redacted", "AGENT_OTEL_CONTENT_MAX_CHARS": "0"}, None),
        (
            {"AGENT_OTEL_CONTENT": "redacted", "AGENT_OTEL_CONTENT_MAX_CHARS": "4"},
            "word…[truncated 99996 of 100000 chars]",
        ),
        ({"AGENT_OTEL_CONTENT": "full"}, "word " * 20_000),
    ],
)
def test_r24_off_redacted_and_full(receiver, monkeypatch, variables, expected):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    bridge = Bridge.from_env()
    with bridge.run() as run, run.tool_call("t", arguments="word " * 20_000):
        pass
    assert bridge.flush()
    bridge.shutdown()
    (tool,) = [span for span in receiver.spans() if span.name == "execute_tool t"]
    assert tool.attributes.get(ARGUMENTS) == expected


def test_denied_tools(receiver, monkeypatch):
    spans, _ = said(receiver, monkeypatch, AGENT_OTEL_CONTENT_DENIED_TOOLS="other, VAULT_*")
    assert ARGUMENTS in spans["execute_tool shell"].attributes
    denied = spans["execute_tool vault_read"].attributes
    assert not {ARGUMENTS, RESULT} & set(denied)
    assert denied["agent_otel.content.denied_by"] == ["denied_tool"]


PROGRAM = """
from agent_otel import Bridge
bridge = Bridge.from_env()
with bridge.run(agent="a") as run, run.tool_call("shell", arguments={"command": "ls"}) as tool:
    tool.result("a b")
bridge.shutdown()
"""


@pytest.mark.parametrize("form", ["variable", "file"])
def test_sinks_in_one_process_differ_as_set(receiver, tmp_path, form):
    variables = {"OTEL_TRACES_EXPORTER": "otlp,console", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    if form == "variable":
        variables["AGENT_OTEL_CONTENT_SINKS"] = "otlp=redacted_summary,console=off"
    else:
        (tmp_path / "agent-otel.toml").write_text("[sinks.console]\ncontent = 'off'\n")
        variables["AGENT_OTEL_CONFIG_FILE"] = str(tmp_path / "agent-otel.toml")
    shown = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment(receiver, tmp_path, **variables),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    spans = {span.name: span for span in receiver.spans()}
    assert json.loads(spans["execute_tool shell"].attributes[ARGUMENTS]) == {"command": "ls"}
    assert spans["execute_tool shell"].attributes["agent_otel.content.mode"] == "redacted_summary"
    assert "execute_tool shell" in shown
    assert ARGUMENTS not in shown
    assert '"agent_otel.content.mode": "off"' in shown


def test_a_sink_of_the_file_with_an_endpoint_of_its_own(receiver, monkeypatch, tmp_path):
    with OtlpReceiver() as archive:
        (tmp_path / "agent-otel.toml").write_text(
            f"""
            content_input_messages = "redacted_summary"
            content_denied_tools = ["vault_*", "other"]

            [sinks.otlp]
            content_input_messages = "off"

            [sinks.archive]
            endpoint = "{archive.http_endpoint}"
            headers = {{ x-tenant = "acme" }}
            signals = ["traces"]
            content = "redacted_summary"
            content_tool_result = "metadata_only"
            """
        )
        spans, _ = said(receiver, monkeypatch, AGENT_OTEL_CONFIG_FILE=str(tmp_path / "agent-otel.toml"))
        kept = {span.name: span for span in archive.spans()}
        assert kept.keys() == spans.keys()
        assert MESSAGES in kept["invoke_agent a"].attributes
        assert MESSAGES not in spans["invoke_agent a"].attributes
        assert RESULT not in kept["execute_tool shell"].attributes
        assert RESULT in spans["execute_tool shell"].attributes
        assert ARGUMENTS not in kept["execute_tool vault_read"].attributes
        (request,) = {request.headers["x-tenant"] for request in archive.requests()}
        assert request == "acme"
        assert {request.signal for request in archive.requests()} == {"traces"}


def test_detectors_of_the_file(receiver, monkeypatch, tmp_path):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint)
    (tmp_path / "f.toml").write_text(
        "[[detectors]]\nid = 'acme'\npattern = 'acme-[0-9a-f]{32}'\nkeywords = ['acme-']\n"
    )
    monkeypatch.setenv("AGENT_OTEL_CONFIG_FILE", str(tmp_path / "f.toml"))
    bridge = Bridge.from_env()
    with bridge.run() as run, run.tool_call("t", arguments=f"use acme-{uuid4().hex} for it"):
        pass
    assert bridge.flush()
    bridge.shutdown()
    (tool,) = [span for span in receiver.spans() if span.name == "execute_tool t"]
    assert tool.attributes[ARGUMENTS] == "use [REDACTED:acme] for it"


def test_no_content_is_not_refined(receiver, monkeypatch):
    spans, _ = said(receiver, monkeypatch, **{STANDARD: "NO_CONTENT", "AGENT_OTEL_CONTENT": "redacted_summary"})
    assert not {ARGUMENTS, RESULT, MESSAGES} & {key for span in spans.values() for key in span.attributes}


def test_a_variable_for_all_kinds_stands_above_kinds_in_the_file(receiver, monkeypatch, tmp_path):
    (tmp_path / "f.toml").write_text("content_input_messages = 'redacted_summary'\n")
    spans, _ = said(receiver, monkeypatch, AGENT_OTEL_CONFIG_FILE=str(tmp_path / "f.toml"), AGENT_OTEL_CONTENT="off")
    assert not {ARGUMENTS, RESULT, MESSAGES} & {key for span in spans.values() for key in span.attributes}


@pytest.mark.parametrize("listed", ["otlp=redacted", "otlp=off,otlp=redacted", "otlp=redacted,otlp=off"])
def test_of_what_is_said_of_a_sink_the_least_holds(receiver, monkeypatch, tmp_path, listed):
    (tmp_path / "f.toml").write_text("[sinks.otlp]\ncontent = 'off'\n")
    file = str(tmp_path / "f.toml")
    spans, _ = said(receiver, monkeypatch, AGENT_OTEL_CONFIG_FILE=file, AGENT_OTEL_CONTENT_SINKS=listed)
    assert not {ARGUMENTS, RESULT, MESSAGES} & {key for span in spans.values() for key in span.attributes}


def test_what_is_said_of_otlp_holds_for_each_of_its_exporters(receiver, monkeypatch):
    variables = {"OTEL_TRACES_EXPORTER": "otlp_proto_http", "AGENT_OTEL_CONTENT_SINKS": "otlp=off"}
    spans, _ = said(receiver, monkeypatch, **variables)
    assert ARGUMENTS not in spans["execute_tool shell"].attributes


def test_variables_win_over_the_file(receiver, monkeypatch, tmp_path):
    (tmp_path / "f.toml").write_text("content = 'redacted_summary'\n")
    spans, _ = said(
        receiver, monkeypatch, AGENT_OTEL_CONFIG_FILE=str(tmp_path / "f.toml"), AGENT_OTEL_CONTENT="metadata_only"
    )
    assert ARGUMENTS not in spans["execute_tool shell"].attributes


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "No such file or directory"),
        ("x = 1\ncontent = =", "a TOML file (broken at line 2, column 11)"),
        ("content = 'on'", "AGENT_OTEL_CONTENT='on': expected off"),
        ("sinks = 3", "expected a table: [sinks]"),
        ("[sinks.otlp]\ncontents = 'off'", "sinks.otlp.contents"),
        ("[sinks.otlp]\ncontent = 'on'", "sinks.otlp.content='on': expected off"),
        ("[sinks.oltp]\ncontent = 'off'", "AGENT_OTEL_CONTENT_SINKS='oltp': expected one of"),
        ("[sinks.x]\nendpoint = 'localhost:4318'", "sinks.x.endpoint='localhost:4318': expected a URL"),
        ("[sinks.otlp]\nheaders = { a = 'b' }", "expected an endpoint"),
        ("[sinks.x]\nendpoint = 'http://h'\nprotocol = 'http'", "sinks.x.protocol='http'"),
        ("[sinks.x]\nendpoint = 'http://h'\nsignals = ['spans']", "sinks.x.signals"),
        ("[[detectors]]\nid = 'a'", "the key 'pattern'"),
        ("[[detectors]]\nid = 'a'\npattern = '('", "the pattern is no RE2 pattern"),
        ("scrub_opt_in = ['e-mail']", "AGENT_OTEL_SCRUB_OPT_IN"),
        ("scrub_opt_in = ['assignment']", "AGENT_OTEL_SCRUB_OPT_IN"),
        ("contents = 'off'", "contents='': expected a key that exists in AGENT_OTEL_CONFIG_FILE: content, perhaps"),
        ("[sink.otlp]\ncontent = 'off'", "sink"),
        ("CONTENT = 'off'", "a setting in lower case"),
        ("config_file = 'x'", "that is not the file itself"),
        ("content_denied_tools = [['a']]", "content_denied_tools='': expected texts or numbers"),
        ("[content_denied_tools]\nvault = 'x'", "content_denied_tools='': expected texts or numbers"),
        ("[sinks.x]\nendpoint = 'http://h'\nsignals = 'traces'", "sinks.x.signals='': expected a list of texts"),
        ("[sinks.x]\nendpoint = 'http://h'\nsignals = []", "sinks.x.signals"),
        ("[sinks.x]\nendpoint = 'http://'", "expected a URL"),
        ("[sinks.x]\nendpoint = 'htps://me:hunter2@h'", "sinks.x.endpoint='h': expected a URL"),
        ("[sinks.x]\nendpoint = 'http://h'\nheaders = { a = ['b'] }", "sinks.x.headers.a"),
        ("[sinks.'']\ncontent = 'off'", "a name for each sink"),
        ("[[detectors]]\nid = 'a'\npattern = 'b'\nkeywords = 'b'", "keywords='': expected a list of texts"),
        ("x = " + "[" * 3000, "a TOML file (broken"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_error(monkeypatch, tmp_path: Path, text, told):
    path = tmp_path / "agent-otel.toml"
    if text is not None:
        path.write_text(text)
    monkeypatch.setenv("AGENT_OTEL_CONFIG_FILE", str(path))
    with pytest.raises(SettingsError) as raised:
        Bridge.from_env()
    assert told in str(raised.value)


def test_the_value_of_a_secret_setting_is_in_no_error(monkeypatch):
    monkeypatch.setenv("AGENT_OTEL_SCRUB_TAG_KEY", "tooshort7")
    with pytest.raises(SettingsError) as raised:
        Bridge.from_env()
    assert "tooshort7" not in str(raised.value)


def test_health_tells_how_much_was_hidden(receiver, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint)
    bridge = Bridge.from_env()
    with bridge.run() as run, run.tool_call("t", arguments={"password": uuid4().hex}):
        pass
    assert bridge.flush()
    assert bridge.health().content["bridge"] == {"redacted": 1, "stubs": 0}
    assert bridge.health().content["otlp/traces"] == {"redacted": 0, "stubs": 0}
    bridge.shutdown()
