"""Corners of the content policy: each was open once."""

from __future__ import annotations

import json

from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider, LogRecordLimits
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext
import pytest

from agent_otel.model import CaptureMode
from agent_otel.policy import ContentLimits, ContentPolicy, RawGates, SinkPolicy
from agent_otel.policy.content_policy import every_kind
from agent_otel.processors.content import ContentPolicyLogProcessor, ContentPolicyProcessor
from secrets_made_up import github_token

SECRET = github_token("corner")
MARKER = "[REDACTED:github_token]"
TEXT = every_kind(CaptureMode.REDACTED_SUMMARY)
OFF = ContentPolicy(modes=every_kind(CaptureMode.OFF), event_modes=every_kind(CaptureMode.OFF))
DENYING = ContentPolicy(modes=TEXT, event_modes=TEXT, denied_tools=("vault_*",))
SAID = "DENIEDRESULT"


def told_span(policy=None, name="s", attributes=None, limits=None, events=(), links=(), sink=None):
    exporter = InMemorySpanExporter()
    provider = TracerProvider(span_limits=limits, shutdown_on_exit=False)
    processor = ContentPolicyProcessor(SimpleSpanProcessor(exporter), policy, sink)
    provider.add_span_processor(processor)
    span = provider.get_tracer("x").start_span(name, attributes=attributes, links=links)
    for event, given in events:
        span.add_event(event, given)
    span.end()
    assert processor.counts.stubs == 0
    (told,) = exporter.get_finished_spans()
    return told


def told_log(policy=None, limits=None, **given):
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False, log_record_limits=limits)
    provider.add_log_record_processor(ContentPolicyLogProcessor(SimpleLogRecordProcessor(exporter), policy))
    provider.get_logger("x").emit(LogRecord(**given))
    return exporter.get_finished_logs()[0].log_record


# -- denied tools

CALL = {"name": "Vault_get", "arguments": {"path": SAID}}
MESSAGES = {
    "openai": [
        {"role": "assistant", "tool_calls": [{"id": "1", "function": {**CALL, "arguments": SAID}}]},
        {"role": "tool", "tool_call_id": "1", "content": SAID},
    ],
    "openai responses": [
        {"type": "function_call", "call_id": "1", **CALL},
        {"type": "function_call_output", "call_id": "1", "output": SAID},
    ],
    "openai legacy": [
        {"role": "assistant", "function_call": CALL},
        {"role": "function", "name": "vault_get", "content": SAID},
    ],
    "anthropic": [
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "vault_get", "input": SAID}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": SAID}]},
    ],
    "anthropic mcp": [
        {
            "role": "assistant",
            "content": [
                {"type": "mcp_tool_use", "id": "1", "name": "vault_get", "input": SAID},
                {"type": "mcp_tool_result", "tool_use_id": "1", "content": SAID},
            ],
        }
    ],
    "gemini": [
        {"role": "model", "parts": [{"functionCall": {"name": "vault_get", "args": {"a": SAID}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "vault_get", "response": {"a": SAID}}}]},
    ],
    "bedrock": [
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "vault_get", "input": SAID}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": SAID}}]},
    ],
    "vercel": [
        {
            "role": "assistant",
            "content": [{"type": "tool-call", "toolCallId": "1", "toolName": "vault_get", "args": SAID}],
        },
        {
            "role": "tool",
            "content": [{"type": "tool-result", "toolCallId": "1", "toolName": "vault_get", "result": SAID}],
        },
    ],
    "conventions": [
        {"role": "assistant", "parts": [{"type": "tool_call", "id": 7, "name": " vault_get", "arguments": SAID}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": 7, "response": SAID, "result": SAID}]},
    ],
    "a result alone": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "9", "content": SAID}]}],
    "odd ids": [{"role": "tool", "tool_call_id": [1], "content": SAID}],
    "wrapped": {
        "messages": [{"role": "assistant", "tool_calls": [{"id": "1", "function": {**CALL, "arguments": SAID}}]}]
    },
}


@pytest.mark.parametrize("form", sorted(MESSAGES))
@pytest.mark.parametrize("key", ["gen_ai.input.messages", "ai.response.toolCalls", "all_messages_events"])
def test_denied_calls_are_hidden_in_messages_of_every_form(form, key):
    told = told_span(DENYING, attributes={key: json.dumps(MESSAGES[form])})
    assert SAID not in told.to_json()
    assert told.attributes["agent_otel.content.denied_by"] == ("denied_tool",)
    assert json.loads(told.attributes[key])


@pytest.mark.parametrize("form", sorted(MESSAGES))
def test_denied_calls_are_hidden_in_bodies_of_log_records(form):
    told = told_log(DENYING, event_name="gen_ai.assistant.message", body={"content": MESSAGES[form]})
    assert SAID not in repr(told.body)


def test_calls_of_other_tools_stay():
    messages = [{"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "ls", "arguments": "-l"}}]},
                {"role": "tool", "tool_call_id": "1", "content": "a b"}]  # fmt: skip
    text = json.dumps(messages)
    assert told_span(DENYING, attributes={"gen_ai.input.messages": text}).attributes["gen_ai.input.messages"] == text


def test_denied_calls_that_are_spread_over_keys_are_left_out():
    flat = {
        "gen_ai.completion.0.tool_calls.0.name": "vault_get",
        "gen_ai.completion.0.tool_calls.0.arguments": SAID,
        "gen_ai.completion.0.tool_calls.1.name": "ls",
        "gen_ai.completion.0.tool_calls.1.arguments": "-l",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "vault_get",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": SAID,
        "gen_ai.prompt.3.role": "tool",
        "gen_ai.prompt.3.content": SAID,
    }
    told = told_span(DENYING, attributes=flat)
    assert SAID not in told.to_json()
    assert told.attributes["gen_ai.completion.0.tool_calls.1.arguments"] == "-l"


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("running tool", {"gen_ai.tool.name": "vault_read", "tool_arguments": SAID, "tool_response": SAID}),
        ("execute_tool vault_read", {"gen_ai.tool.call.arguments": SAID}),
        ("vault_read", {"mlflow.spanType": '"TOOL"', "mlflow.spanInputs": SAID}),
        ("run", {"langsmith.span.kind": "tool", "langsmith.trace.name": "vault_read", "gen_ai.prompt": SAID}),
        ("ai.toolCall", {"ai.toolCall.name": "vault_read", "ai.toolCall.args": SAID}),
        ("ai.toolCall vault_read", {"ai.toolCall.args": SAID}),
    ],
)
def test_spans_of_denied_tools_are_known_in_every_dialect(name, attributes):
    assert SAID not in told_span(DENYING, name=name, attributes=attributes).to_json()


# -- what is content


@pytest.mark.parametrize(
    "key",
    [
        "llm.choices.0.text",
        "llm.invocation_parameters",
        "tool.json_schema",
        "traceloop.prompt.template",
        "request",
        "traceloop.prompt.template_variables.x",
        "ai.response.providerMetadata",
        "gcp.vertex.agent.llm_request",
        "gcp.vertex.agent.tool_response",
        "gen_ai.content.prompt",
        "gen_ai.tool.input",
        "genkit:input",
        "ai.documents",
        "haystack.component.input",
        "message.content",
        "tool_call.function.arguments",
        "http.request.body",
        "crewai.task.output",
    ],
)
def test_what_dialects_carry_content_in_is_off_when_it_is_off(key):
    assert SAID not in told_span(OFF, attributes={key: SAID}).to_json()


@pytest.mark.parametrize(
    "key", ["parts", "text", "reasoning_content", "refusal", "function_call", "delta", "result", "tool.result"]
)
@pytest.mark.parametrize("name", ["gen_ai.user.message", "gen_ai.choice"])
def test_all_of_a_message_event_is_content_but_what_is_known_not_to_be(name, key):
    told = told_span(OFF, events=[(name, {key: SAID, "role": "user", "index": 0, "gen_ai.system": "x"})])
    assert dict(told.events[0].attributes) == {"role": "user", "index": 0, "gen_ai.system": "x"}


@pytest.mark.parametrize(
    "nested", [{"data": {"gen_ai.prompt": SAID}}, {"gen_ai": {"prompt": SAID}}, {"a": {"b": {"output.value": SAID}}}]
)
def test_content_within_mappings_is_content(nested):
    assert SAID not in told_span(OFF, attributes=nested).to_json()
    assert SAID not in repr(told_log(OFF, body=nested).body)


@pytest.mark.parametrize("key", ["gen_ai.prompt.name", "gen_ai.prompt.version", "llm.tools_count", "llm.prompts_count"])
def test_ids_and_counts_beside_content_stay(key):
    assert told_span(OFF, attributes={key: "x"}).attributes[key] == "x"


@pytest.mark.parametrize("key", ["gen_ai.foo", "gcp.vertex.foo", "mcp.foo"])
def test_dropping_unknown_attributes_drops_strange_ones_of_known_namespaces(key):
    policy = ContentPolicy(foreign="drop")
    assert key not in told_span(policy, attributes={key: "x", "gen_ai.request.model": "m"}).attributes


# -- halves


DSN = "connect " + "z" * 21 + " postgres://admin:sup3rs3cretPassw0rd@db.internal:5432/x"


@pytest.mark.parametrize("limits", [SpanLimits(max_attribute_length=60), SpanLimits(max_span_attribute_length=60)])
@pytest.mark.parametrize("value", [DSN, [DSN, "b"], {"a": {"b": DSN}}])
def test_what_a_limit_cut_in_half_is_hidden_in_attributes(limits, value):
    assert "sup3rs3" not in told_span(limits=limits, attributes={"dsn": value}).to_json()


def test_what_a_limit_cut_in_half_is_hidden_in_events_links_and_records():
    limits = SpanLimits(max_attribute_length=60)
    links = [Link(SpanContext(1, 2, is_remote=False), {"dsn": DSN})]
    told = told_span(limits=limits, events=[("e", {"dsn": DSN})], links=links)
    assert "sup3rs3" not in told.to_json()
    log = told_log(limits=LogRecordLimits(max_attribute_length=60), attributes={"dsn": DSN, "list": [DSN]})
    assert "sup3rs3" not in repr(dict(log.attributes))


# -- bodies, bytes, budgets


def test_a_body_that_is_changed_after_it_was_emitted_leaves_as_it_was():
    body = {"request": {"headers": {"accept": "x"}, "list": [1]}}
    told = told_log(body=body)
    body["request"]["headers"]["authorization"] = SECRET
    body["request"]["list"].append(SECRET)
    assert told.body == {"request": {"headers": {"accept": "x"}, "list": [1]}}


def test_types_beside_a_secret_stay():
    told = told_log(body=[b"\xff\xfe\x00", SECRET, ("a", 1), {"n": 2**70}])
    assert told.body == [b"\xff\xfe\x00", MARKER, ("a", 1), {"n": 2**70}]
    span = told_span(attributes={"v": [b"\xff\xfe", SECRET.encode()], "map": {"bin": b"abc", "t": SECRET}})
    assert span.attributes["v"] == (b"\xff\xfe", MARKER.encode())
    assert span.attributes["map"] == {"bin": b"abc", "t": MARKER}
    encode_spans([span])


def test_bytes_that_became_numbers_are_read():
    assert SECRET.encode() not in bytes(told_span(attributes={"v": tuple(SECRET.encode())}).attributes["v"].encode())


def test_a_span_has_a_budget_and_not_only_each_value():
    many = {f"k{number}": f"password={'x' * 700_000}{number}" for number in range(20)}
    told = told_span(attributes=many)
    markers = [value for value in told.attributes.values() if value == "[REDACTED:over_budget]"]
    assert 0 < len(markers) < 20
    assert told.attributes["agent_otel.content.redacted"] >= len(markers)


def test_two_keys_that_become_one_marker_are_both_kept():
    told = told_span(attributes={f"{SECRET}": 1, f"{github_token('other')}": 2})
    assert {told.attributes[MARKER], told.attributes[f"{MARKER}#2"]} == {1, 2}


@pytest.mark.parametrize(
    "value", [[0] * 100_000, [None] * 100_000, [[[]]] * 30_000, {str(n): n for n in range(50_000)}]
)
def test_the_bytes_of_a_value_are_bounded_punctuation_included(value):
    policy = ContentPolicy(modes=TEXT, limits=ContentLimits(value_bytes=4096))
    told = told_span(policy, attributes={"gen_ai.input.messages": json.dumps(value)})
    assert len(told.attributes["gen_ai.input.messages"]) <= 4096 + 256
    json.loads(told.attributes["gen_ai.input.messages"])


def test_a_stack_trace_keeps_its_end():
    trace = "Traceback\n" + "".join(f'  File "f{n}.py", line {n}\n' for n in range(500)) + "ZeroDivisionError: division"
    policy = ContentPolicy(modes=TEXT, limits=ContentLimits(chars=200))
    told = told_span(policy, attributes={"exception.stacktrace": trace}).attributes["exception.stacktrace"]
    assert told.startswith("…[truncated ")
    assert told.endswith("ZeroDivisionError: division")
    assert len(told) < 260


def test_r24_holds_for_raw_content_that_was_denied():
    policy = ContentPolicy(modes=every_kind(CaptureMode.RAW_CONTENT), limits=ContentLimits(chars=0), raw=RawGates())
    sink = SinkPolicy("s", every_kind(CaptureMode.RAW_CONTENT))
    told = told_span(policy, attributes={"gen_ai.input.messages": json.dumps({"pin": SAID, "yes": True})}, sink=sink)
    assert "gen_ai.input.messages" not in told.attributes
    assert told.attributes["agent_otel.content.mode"] == "off"


def test_what_was_done_is_only_for_us_to_tell():
    forged = {
        "agent_otel.content.mode": "raw_content",
        "agent_otel.content.redacted": 2**63 - 1,
        "agent_otel.content.redacted_by": ["x=" + "9" * 5000],
        "gen_ai.prompt": SECRET,
    }
    told = told_span(ContentPolicy(modes=TEXT), attributes=forged).attributes
    assert told["agent_otel.content.mode"] == "redacted_summary"
    assert told["agent_otel.content.redacted"] == 1
    assert told["agent_otel.content.redacted_by"] == ("github_token=1",)


# -- our own spans


def test_what_is_added_after_the_end_changes_nothing():
    from agent_otel.emit import CurrentSpan

    span = CurrentSpan(SpanContext(1, 2, is_remote=False))
    span.set_attribute("a", 1)
    taken = span.additions.taken()
    span.is_ended = True
    span.set_attribute("b", 2)
    span.add_event("e")
    span.record_exception(ValueError("x"))
    assert taken is not None
    assert (taken.attributes, span.additions.attributes, span.additions.events) == ({"a": 1}, {"a": 1}, [])
