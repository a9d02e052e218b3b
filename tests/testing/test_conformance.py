from __future__ import annotations

from attrs import evolve
import pytest

from agent_otel.testing import RULES, ReceivedSpan, check_span

NAME, KIND, MISSING, UNKNOWN, OK, NO_TYPE, NO_ERROR = RULES


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
        "span_status_ok_set_by_instrumentation",
        "error_type_missing_on_error",
        "error_type_without_error_status",
    )
