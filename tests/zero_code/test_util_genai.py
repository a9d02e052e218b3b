"""Beside opentelemetry-util-genai: the same work gives the same spans, save what the documents say; and its hook."""

from __future__ import annotations

from contextlib import suppress
import json
from pathlib import Path
import re

from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.util.genai.completion_hook import CompletionHook, load_completion_hook
from opentelemetry.util.genai.handler import TelemetryHandler
from opentelemetry.util.genai.types import FunctionToolDefinition, InputMessage, OutputMessage, TextPart
import pytest

from agent_otel.bridge import Bridge
from agent_otel.setup.completion_hook import ContentPolicyHook
from agent_otel.testing import OtlpReceiver
from secrets_made_up import github_token

SECRET = github_token("hook")
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
PAGE = Path(__file__).parents[2] / "docs" / "getting-started.md"
ARGUMENTS, RESULT = {"command": "ls", "deep": [1, {"a": None}]}, {"exit": 0, "text": "größer"}


class Refused(Exception):
    pass


def documented():
    """Give what the page says that only our spans have: by operation, attribute names."""
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE.read_text().split("## Beside util-genai")[1], re.MULTILINE)
    return {operation: set(re.findall(r"`([\w.]+)`", names)) for operation, names in rows}


def theirs(receiver):
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=f"{receiver.http_endpoint}/v1/traces")))
    handler = TelemetryHandler(tracer_provider=provider)
    with handler.invoke_local_agent(agent_name="coder", conversation_id="c-1"):
        with handler.inference("anthropic", request_model="claude-x") as call:
            call.input_tokens, call.output_tokens, call.finish_reasons = 812, 64, ["stop"]
            call.response_model_name, call.response_id = "claude-x-1", "msg_1"
        with handler.tool("shell", tool_type="function") as tool:
            tool.tool_call_id, tool.arguments, tool.tool_result = "toolu_1", ARGUMENTS, RESULT
        for error in (ValueError("no such thing"), Refused("by the user")):
            with suppress(ValueError, Refused), handler.tool(type(error).__name__, tool_type="function") as tool:
                tool.tool_call_id, tool.arguments = "toolu_2", ARGUMENTS
                raise error
    provider.shutdown()


def ours():
    bridge = Bridge.from_env()
    with bridge.run(agent="coder", conversation_id="c-1") as run:
        with run.model_call(provider="anthropic", model="claude-x") as call:
            call.usage(input_tokens=812, output_tokens=64)
            call.response(model="claude-x-1", response_id="msg_1", finish_reason="stop")
        with run.tool_call("shell", call_id="toolu_1", arguments=ARGUMENTS) as tool:
            tool.result(RESULT)
        for error in (ValueError("no such thing"), Refused("by the user")):
            name = type(error).__name__
            with suppress(ValueError, Refused), run.tool_call(name, call_id="toolu_2", arguments=ARGUMENTS):
                raise error
    bridge.shutdown()


def tree(receiver):
    names = {span.span_id: span.name for span in receiver.spans()}
    return sorted((span.name, names.get(span.parent_span_id)) for span in receiver.spans())


def read(attributes, leave_out):
    """Give attributes, those that are JSON as what they say: theirs escapes what is not ASCII."""
    return {
        name: json.loads(value) if name.startswith("gen_ai.tool.call.") and name != "gen_ai.tool.call.id" else value
        for name, value in attributes.items()
        if name not in leave_out
    }


@pytest.mark.parametrize("capture", ["SPAN_ONLY", "NO_CONTENT"])
def test_the_same_work_gives_the_same_spans_save_what_is_documented(monkeypatch, receiver, capture):
    monkeypatch.setenv(CAPTURE, capture)
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint)
    more = documented()
    with OtlpReceiver() as other:
        theirs(other)
        ours()
        assert tree(receiver) == tree(other)
        found = {span.name: span for span in receiver.spans()}
        for span in other.spans():
            mine = found[span.name]
            assert (mine.kind, mine.status_code) == (span.kind, span.status_code)
            if capture != "NO_CONTENT":  # what an exception says is content as well
                assert mine.status_message == span.status_message
            operation = span.attributes["gen_ai.operation.name"]
            assert read(mine.attributes, more[operation]) == read(span.attributes, more[operation]), span.name
    assert {name for names in more.values() for name in names if "." in name} <= {
        name for span in receiver.spans() for name in span.attributes
    } | {"agent_otel.content.mode"}


# -- the completion hook ----------------------------------------------------------------------------------------------

MESSAGES = {
    "inputs": [InputMessage(role="user", parts=[TextPart(content=f"password={SECRET} and more")])],
    "outputs": [OutputMessage(role="assistant", parts=[TextPart(content="an answer")], finish_reason="stop")],
    "system_instruction": [TextPart(content=f"be kind to {SECRET}")],
    "tool_definitions": [FunctionToolDefinition(name="t", description="a tool", parameters={"type": "object"})],
}


def told(monkeypatch, carried=None, **settings):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    provider = TracerProvider(shutdown_on_exit=False)
    span = provider.get_tracer("x").start_span("chat", attributes=carried or {})
    record = LogRecord(event_name="gen_ai.client.inference.operation.details", attributes=dict(carried or {}))
    ContentPolicyHook().on_completion(**MESSAGES, span=span, log_record=record, unheard_of=1)
    assert SECRET not in str(dict(span.attributes)) + str(record.attributes)
    return span.attributes, record.attributes


def test_it_is_found_by_its_name(monkeypatch):
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK", "agent_otel")
    hook = load_completion_hook()
    assert isinstance(hook, CompletionHook)
    assert isinstance(hook._wrapped, ContentPolicyHook)


def test_by_default_it_writes_no_message(monkeypatch):
    assert [dict(attributes) for attributes in told(monkeypatch)] == [{"agent_otel.content.mode": "off"}] * 2


def test_it_writes_what_the_policy_allows(monkeypatch):
    for attributes in told(monkeypatch, AGENT_OTEL_CONTENT="redacted_summary"):
        assert "and more" in str(attributes["gen_ai.input.messages"])
        assert "an answer" in str(attributes["gen_ai.output.messages"])
        assert "be kind" in str(attributes["gen_ai.system_instructions"])
        assert "a tool" in str(attributes["gen_ai.tool.definitions"])
        assert attributes["agent_otel.content.redacted"] == 2


def test_it_takes_the_place_of_what_was_written_before(monkeypatch):
    carried = {"gen_ai.input.messages": f"raw {SECRET}", "gen_ai.tool.definitions": "raw", "gen_ai.request.model": "m"}
    for attributes in told(monkeypatch, carried, AGENT_OTEL_CONTENT_OUTPUT_MESSAGES="redacted_summary"):
        assert attributes["gen_ai.input.messages"] == "[REDACTED:content_policy]"
        assert attributes["gen_ai.tool.definitions"] == "[REDACTED:content_policy]"
        assert "an answer" in str(attributes["gen_ai.output.messages"])
        assert attributes["gen_ai.request.model"] == "m"


def test_raw_content_is_never_written_on_a_span(monkeypatch):
    gates = {
        "AGENT_OTEL_RAW_SOURCES": "*",
        "AGENT_OTEL_RAW_BYTES": "100000",
        "AGENT_OTEL_RAW_RETENTION": "true",
        "AGENT_OTEL_RAW_SAMPLE_RATIO": "1",
    }
    told(monkeypatch, AGENT_OTEL_CONTENT="raw_content", **gates)


def test_a_bad_setting_writes_nothing_and_is_one_line(monkeypatch, caplog):
    carried = {"gen_ai.input.messages": f"raw {SECRET}"}
    for attributes in told(monkeypatch, carried, AGENT_OTEL_CONTENT="everything"):
        assert attributes["gen_ai.input.messages"] == "[REDACTED:content_policy]"
        assert "gen_ai.output.messages" not in attributes
    (line,) = caplog.messages
    assert line.startswith("no message content is written: AGENT_OTEL_CONTENT")


def test_what_it_fails_on_is_withheld(monkeypatch):
    provider = TracerProvider(shutdown_on_exit=False)
    span = provider.get_tracer("x").start_span("chat", attributes={"gen_ai.input.messages": f"raw {SECRET}"})
    hook = ContentPolicyHook()
    monkeypatch.setattr(hook, "_written", lambda *_, **__: 1 / 0)
    hook.on_completion(**MESSAGES, span=span)
    assert span.attributes["gen_ai.input.messages"] == "[REDACTED:content_policy]"
    assert span.attributes["agent_otel.content.stub"] is True
