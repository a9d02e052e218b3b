"""The usual span of another instrumentation takes a shorter way: its sink must get what the long way gives."""

from __future__ import annotations

from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

from agent_otel.model import CaptureMode, ContentKind
from agent_otel.policy import ContentPolicy, SinkPolicy
from agent_otel.policy.attributes import WITHHELD_MARKER
from agent_otel.policy.content_policy import ContentLimits, every_kind
from agent_otel.processors.content.spans import SpanGuard
from secrets_made_up import github_token

RESOURCE = Resource({"service.name": "tested"})
CONTEXT = SpanContext(0xA, 0xB, is_remote=False, trace_flags=TraceFlags(1))
POLICIES = [
    ContentPolicy(),
    ContentPolicy(foreign="drop", allowed=("my.*",)),
    ContentPolicy(modes=every_kind(CaptureMode.REDACTED_SUMMARY)),
    ContentPolicy(modes=every_kind(CaptureMode.OFF)),
    ContentPolicy.metadata_only(),
    ContentPolicy(denied_tools=("rm",)),
    ContentPolicy(limits=ContentLimits(chars=12, value_bytes=40, span_bytes=60)),
    ContentPolicy(limits=ContentLimits(chars=0)),
]
SINKS = [None, SinkPolicy("s", every_kind(CaptureMode.OFF)), SinkPolicy("s", {ContentKind.ERROR_TEXT: CaptureMode.OFF})]
KEYS = st.sampled_from(
    [
        "gen_ai.operation.name",
        "gen_ai.tool.name",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
        "gen_ai.input.messages",
        "gen_ai.usage.input_tokens",
        "input.value",
        "output.value",
        "openinference.span.kind",
        "traceloop.span.kind",
        "TRACELOOP.SPAN.KIND",
        "agent_otel.content.mode",
        "agent_otel.content.tool_result.bytes",
        "my.own",
        "password",
        "http.url",
        "exception.message",
        "mcp.method.name",
        "referer",
    ]
)
VALUES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "execute_tool",
            "tools/call",
            "-",
            "chat",
            "TOOL",
            "rm",
            github_token(),
            f'{{"a": "{github_token(2)}"}}',
            WITHHELD_MARKER,
            '{"a": 1}',
        ]
    ),
    st.integers(0, 2**50),
    st.booleans(),
    st.floats(allow_nan=False),
    st.just(tuple(github_token(3).encode())),
    st.lists(st.text(max_size=5), max_size=3).map(tuple),
)
SPANS = st.builds(
    lambda name, attributes, scope, description: ReadableSpan(
        name,
        CONTEXT,
        attributes=attributes,
        resource=RESOURCE,
        instrumentation_scope=InstrumentationScope(scope),
        status=Status(StatusCode.ERROR, description) if description is not None else Status(),
        start_time=1,
        end_time=2,
    ),
    st.sampled_from(["execute_tool rm", "chat model", "running tool x", github_token(4), "s"]),
    st.dictionaries(KEYS, VALUES, max_size=6),
    st.sampled_from(["openinference.instrumentation.x", "pydantic-ai", "agent_otel", "agent-otel", "x"]),
    st.one_of(st.none(), st.text(max_size=20), st.just(f"failed with {github_token(5)}")),
)


def said(span):
    return span.name, list(span.attributes.items()), span.status.status_code, span.status.description


@given(st.lists(SPANS, min_size=1, max_size=3), st.sampled_from(POLICIES), st.sampled_from(SINKS))
def test_the_short_way_gives_what_the_long_way_gives(spans, policy, sink):
    guard, longer = SpanGuard(policy, sink), SpanGuard(policy, sink)
    with mock.patch.object(longer, "_usual", return_value=None):
        for span in (*spans, *spans):
            assert said(guard.filtered(span)) == said(longer.filtered(span))


def test_the_usual_span_takes_it():
    guard = SpanGuard()
    span = ReadableSpan(
        "execute_tool shell",
        CONTEXT,
        attributes={"gen_ai.tool.call.arguments": '{"command": "ls"}', "gen_ai.input.messages": "[]", "x": 1},
        resource=RESOURCE,
        instrumentation_scope=InstrumentationScope("other"),
    )
    with mock.patch.object(guard, "_filtered", side_effect=AssertionError):
        told = guard.filtered(span)
    assert guard.counts.as_dict()["stubs"] == 0
    assert set(told.attributes) == {
        "gen_ai.tool.call.arguments",
        "x",
        "agent_otel.content.mode",
        "agent_otel.content.input_messages.mode",
    }


def told_of(*spans):
    guard = SpanGuard()
    scope = InstrumentationScope("other")
    made = [ReadableSpan("s", CONTEXT, attributes=one, resource=RESOURCE, instrumentation_scope=scope) for one in spans]
    return [dict(guard.filtered(span).attributes) for span in made]


def test_what_one_span_of_some_names_says_does_not_decide_about_the_next():
    first, second = told_of(
        {"mcp.method.name": "tools/call", "input.value": "of a tool"},
        {"mcp.method.name": "sampling/createMessage", "input.value": "of a person"},
    )
    assert first["input.value"] == "of a tool"
    assert "input.value" not in second


def test_a_dash_makes_no_tool():
    (told,) = told_of({"referer": "-", "input.value": "of a person"})
    assert "input.value" not in told
