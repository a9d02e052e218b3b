"""Spans in a dialect that has words of its own leave in those of the conventions, before the policy looks at them."""

from __future__ import annotations

import contextlib
import json

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
import pytest

from agent_otel.conventions import attributes as a
from agent_otel.model import CaptureMode
from agent_otel.policy import ContentPolicy
from agent_otel.policy.content_policy import every_kind
from agent_otel.processors.content import ContentPolicyProcessor
from secrets_made_up import github_token

SECRET = github_token()


def told(name, attributes, *, policy=None, scope="pydantic-ai", error=None):
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(ContentPolicyProcessor(SimpleSpanProcessor(exporter), policy))
    with (
        contextlib.suppress(ValueError),
        provider.get_tracer(scope).start_as_current_span(name, attributes=attributes),
    ):
        if error is not None:
            raise error
    (span,) = exporter.get_finished_spans()
    return span


def test_a_run_of_pydantic_ai_in_its_first_format():
    given = {
        "agent_name": "coder",
        "gen_ai.agent.name": "coder",
        "model_name": "scripted-1",
        "gen_ai.agent.call.id": "run-1",
        "gen_ai.usage.input_tokens": 111,
        "final_result": "All is done.",
        "all_messages_events": '[{"content": "hi"}]',
    }
    span = told("agent run", given, policy=ContentPolicy(modes=every_kind(CaptureMode.REDACTED_SUMMARY)))
    assert (span.name, span.kind) == ("invoke_agent coder", SpanKind.INTERNAL)
    attributes = dict(span.attributes)
    assert json.loads(attributes.pop(a.OUTPUT_MESSAGES)) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "All is done."}]}
    ]
    assert attributes == {
        a.OPERATION_NAME: "invoke_agent",
        a.AGENT_NAME: "coder",
        a.REQUEST_MODEL: "scripted-1",
        a.RUN_ID: "run-1",
        a.SOURCE: "pydantic-ai",
        "gen_ai.aggregated_usage.input_tokens": 111,
        "all_messages_events": '[{"content": "hi"}]',
        a.CONTENT_MODE: "redacted_summary",
    }
    assert told("agent run", given).attributes.keys().isdisjoint({a.OUTPUT_MESSAGES, "all_messages_events"})


def test_a_tool_call_of_pydantic_ai_in_its_first_formats():
    given = {
        "gen_ai.tool.name": "deploy",
        "tool_arguments": json.dumps({"auth": SECRET, "path": "a"}),
        "tool_response": SECRET,
    }
    span = told("running tool", given, error=ValueError("bad"))
    assert (span.name, span.attributes[a.OPERATION_NAME]) == ("execute_tool deploy", "execute_tool")
    assert span.attributes[a.ERROR_TYPE] == "ValueError"
    assert json.loads(span.attributes[a.TOOL_CALL_ARGUMENTS])["path"] == "a"
    assert "[REDACTED" in span.attributes[a.TOOL_CALL_RESULT]
    assert SECRET not in str(span.to_json())
    denied = told("running tool", given, policy=ContentPolicy(denied_tools=("deploy",)))
    assert {a.TOOL_CALL_ARGUMENTS, a.TOOL_CALL_RESULT, "tool_arguments"}.isdisjoint(denied.attributes)


def test_a_model_call_of_pydantic_ai():
    given = {
        a.OPERATION_NAME: "chat",
        a.REQUEST_MODEL: "gemini-x",
        "gen_ai.system": "google-gla",
        "gen_ai.usage.details.cache_read_tokens": 4,
        "gen_ai.usage.cache_creation.input_tokens": 3,
        "gen_ai.usage.details.reasoning_tokens": 2,
    }
    span = told("chat gemini-x", given)
    assert (span.name, span.kind) == ("chat gemini-x", SpanKind.CLIENT)
    assert dict(span.attributes) == {
        a.OPERATION_NAME: "chat",
        a.REQUEST_MODEL: "gemini-x",
        a.PROVIDER_NAME: "gcp.gemini",
        a.SOURCE: "pydantic-ai",
        a.USAGE_CACHE_READ_TOKENS: 4,
        a.USAGE_CACHE_WRITE_TOKENS: 3,
        a.USAGE_REASONING_TOKENS: 2,
    }


def test_a_name_that_says_the_operation_is_enough():
    span = told("execute_tool deploy", {"gen_ai.tool.name": "deploy"})
    assert (span.name, span.attributes[a.OPERATION_NAME]) == ("execute_tool deploy", "execute_tool")


@pytest.mark.parametrize("scope", ["pydantic", "", "other"])
def test_the_same_words_of_anybody_else_stay(scope):
    span = told("agent run", {"agent_name": "coder"}, scope=scope)
    assert (span.name, dict(span.attributes)) == ("agent run", {"agent_name": "coder"})


def test_a_failure_that_nobody_recorded_has_a_type_still():
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(ContentPolicyProcessor(SimpleSpanProcessor(exporter)))
    with provider.get_tracer("pydantic-ai").start_as_current_span("running tools") as span:
        span.set_status(StatusCode.ERROR)
    (told_of,) = exporter.get_finished_spans()
    assert (told_of.name, told_of.attributes[a.ERROR_TYPE]) == ("running tools", "_OTHER")
