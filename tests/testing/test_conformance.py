from __future__ import annotations

import json

from attrs import evolve
import pytest

from agent_otel.testing import RULES, ReceivedEvent, ReceivedSpan, check_span

NAME, KIND, MISSING, UNKNOWN, SCHEMA, OK, NO_TYPE, NO_ERROR = RULES


def span(name, kind="internal", status="unset", **attributes):
    return ReceivedSpan(
        name=name,
        kind=kind,
        trace_id="1" * 32,
        span_id="1" * 16,
        parent_span_id="",
        start_ns=1,
        end_ns=2,
        status_code=status,
        status_message="",
        attributes={key.replace("__", "."): value for key, value in attributes.items()},
        events=(),
        links=(),
        resource={},
        scope="agent_otel",
        raw=b"",
    )


def tool(**changes):
    return evolve(
        span("execute_tool shell", gen_ai__operation__name="execute_tool", gen_ai__tool__name="shell"), **changes
    )


def chat(name="chat m-1", kind="client", **attributes):
    named = {"gen_ai__operation__name": "chat", "gen_ai__provider__name": "openai", "gen_ai__request__model": "m-1"}
    return span(name, kind, **(named | attributes))


def agent(name, kind="internal", **attributes):
    return span(name, kind, gen_ai__operation__name="invoke_agent", **attributes)


@pytest.mark.parametrize(
    "good",
    [
        tool(),
        chat(),
        chat("chat", gen_ai__request__model=None),
        agent("invoke_agent"),
        agent("invoke_agent coder", gen_ai__agent__name="coder"),
        agent("invoke_agent coder", "client", gen_ai__agent__name="coder", gen_ai__provider__name="openai"),
        span("retrieval docs", "client", gen_ai__operation__name="retrieval"),
        span("search_memory", gen_ai__operation__name="search_memory"),
        span("conversation", gen_ai__conversation__id="c"),
        tool(name="tools/call shell", kind="client", attributes=tool().attributes | {"mcp.method.name": "tools/call"}),
        tool(attributes=tool().attributes | {"mcp.method.name": "tools/call"}),
        span("chat room opened", "server"),
        span("GET /", "client", "error", error__type="500"),
    ],
    ids=lambda value: value.name,
)
def test_conforming_spans_violate_nothing(good):
    assert check_span(good) == []


@pytest.mark.parametrize(
    ("bad", "rules"),
    [
        (tool(name="shell"), [NAME]),
        (tool(name="execute_tool"), [NAME]),
        (tool(name="execute_tool shell "), [NAME]),
        (tool(kind="client"), [KIND]),
        (chat(kind="internal"), [KIND]),
        (chat("chat other"), [NAME]),
        (chat(gen_ai__provider__name=""), [MISSING]),
        (agent("invoke_agent coder"), [NAME]),
        (agent("invoke_agent", "server"), [KIND]),
        (agent("invoke_agent", "client"), [MISSING]),
        (span("execute_tool", gen_ai__operation__name="execute_tool"), [MISSING]),
        (span("execute_tool shell", gen_ai__tool__name="shell"), [MISSING]),
        (span("retrievals", "client", gen_ai__operation__name="retrieval"), [NAME]),
        (span("search_memory notes", gen_ai__operation__name="search_memory"), [NAME]),
        (span("dance", gen_ai__operation__name="dance"), [UNKNOWN]),
        (tool(status_code="ok"), [OK]),
        (tool(status_code="error"), [NO_TYPE]),
        (span("GET /", "client", "error"), [NO_TYPE]),
        (span("GET /", "client", error__type="500"), [NO_ERROR]),
        (span("GET /", "client", "ok", error__type="500"), [OK, NO_ERROR]),
        (span("shell", "server", "error", gen_ai__operation__name="execute_tool"), [NAME, KIND, MISSING, NO_TYPE]),
    ],
    ids=lambda value: value.name if isinstance(value, ReceivedSpan) else "+".join(value),
)
def test_each_violation_is_named(bad, rules):
    assert check_span(bad) == rules


def test_rules_have_the_names_of_the_conformance_suite():
    assert RULES == (
        "genai_span_name_format",
        "genai_span_kind_unexpected",
        "genai_expected_attribute_missing",
        "genai_operation_name_unknown",
        "genai_content_schema",
        "span_status_ok_set_by_instrumentation",
        "error_type_missing_on_error",
        "error_type_without_error_status",
    )


_TEXT = {"type": "text", "content": "hello"}


@pytest.mark.parametrize(
    ("key", "value", "is_good"),
    [
        ("gen_ai.input.messages", [{"role": "user", "parts": [_TEXT]}], True),
        (
            "gen_ai.input.messages",
            json.dumps([{"role": "user", "parts": [_TEXT, {"type": "audio_of_tomorrow"}]}]),
            True,
        ),
        ("gen_ai.output.messages", [{"role": "assistant", "parts": [{"type": "tool_call", "name": "shell"}]}], True),
        (
            "gen_ai.input.messages",
            [{"role": "tool", "parts": [{"type": "tool_call_response", "response": None}]}],
            True,
        ),
        ("gen_ai.system_instructions", [_TEXT], True),
        ("gen_ai.tool.definitions", [{"type": "function", "name": "shell"}], True),
        ("gen_ai.input.messages", "hello", False),
        ("gen_ai.input.messages", [{"role": "user", "content": "hello"}], False),
        ("gen_ai.input.messages", [{"parts": [_TEXT]}], False),
        ("gen_ai.output.messages", [{"role": "assistant", "parts": [{"type": "text", "text": "hello"}]}], False),
        ("gen_ai.output.messages", [{"role": "assistant", "parts": [{"type": "tool_call_response"}]}], False),
        ("gen_ai.system_instructions", {"role": "system"}, False),
        ("gen_ai.tool.definitions", [{"type": "function"}], False),
    ],
)
def test_content_has_the_shape_of_the_conventions(key, value, is_good):
    found = chat(**{key.replace(".", "__"): value})
    assert check_span(found) == ([] if is_good else [SCHEMA])
    event = ReceivedEvent("gen_ai.client.inference.operation.details", 1, {key: value})
    assert check_span(evolve(chat(), events=(event,))) == ([] if is_good else [SCHEMA])
