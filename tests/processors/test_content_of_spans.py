"""The content policy in front of a processor: every text surface of a span, whoever made it."""

from __future__ import annotations

import json

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState
import pytest

from agent_otel.conventions import CONTENT_KEYS
from agent_otel.model import CaptureMode, ContentKind
from agent_otel.policy import ContentLimits, ContentPolicy, RawGates, SinkPolicy
from agent_otel.policy.content_policy import every_kind
from agent_otel.processors.content import ContentPolicyProcessor, GuardedSpanExporter
from secrets_made_up import github_token

SECRET = github_token()
TEXT = every_kind(CaptureMode.REDACTED_SUMMARY)
MODES = list(CaptureMode)


class Filtered:
    """A provider with one filtered and one raw exporter."""

    def __init__(self, policy=None, sink=None, resource=None, limits=None):
        self.exporter, self.raw = InMemorySpanExporter(), InMemorySpanExporter()
        self.provider = TracerProvider(resource=resource, span_limits=limits, shutdown_on_exit=False)
        self.processor = ContentPolicyProcessor(SimpleSpanProcessor(self.exporter), policy, sink)
        self.provider.add_span_processor(self.processor)
        self.provider.add_span_processor(SimpleSpanProcessor(self.raw))

    def span(self, name="work", scope="other.instrumentation", **given):
        with self.provider.get_tracer(scope).start_as_current_span(name, **given) as span:
            return span

    @property
    def told(self):
        return self.exporter.get_finished_spans()[-1]

    @property
    def given(self):
        return self.raw.get_finished_spans()[-1]


def plant(filtered):
    """Put the secret wherever a span can carry text."""
    state = TraceState([("vendor", SECRET)])
    other = SpanContext(5, 6, is_remote=True, trace_flags=TraceFlags(1), trace_state=state)
    tracer = filtered.provider.get_tracer(f"scope.{SECRET}", SECRET, attributes={"token": SECRET})
    span = tracer.start_span(
        f"fetch {SECRET}",
        kind=SpanKind.CLIENT,
        attributes=dict.fromkeys(CONTENT_KEYS, f"said {SECRET}"),
        links=[Link(other, {"why": SECRET})],
    )
    span.set_attributes(
        {
            "note": f"with {SECRET}",
            "list": ["plain", SECRET],
            "db.password": "tiny",
            "http.request.header.authorization": ["Bearer made-up"],
            "url.full": f"https://me:{SECRET}@host.example/p?token={SECRET}",
            f"key.{SECRET}": 1,
            "json": json.dumps({"a": json.dumps({"token": SECRET})}),
        }
    )
    span.add_event(f"event {SECRET}", {"note": SECRET, "exception.message": SECRET})
    span.add_event("gen_ai.user.message", {"content": SECRET})
    span.record_exception(ValueError(SECRET))
    span.set_status(Status(StatusCode.ERROR, f"failed with {SECRET}"))
    span.end()


def everything(span: ReadableSpan) -> str:
    scope = span.instrumentation_scope
    return " ".join(
        [span.to_json(), repr(scope.attributes), scope.name, str(scope.version), span.resource.to_json()]
        + [link.context.trace_state.to_header() + repr(dict(link.attributes)) for link in span.links]
    )


@pytest.mark.parametrize("sink_mode", MODES)
@pytest.mark.parametrize("mode", MODES)
def test_no_planted_secret_is_left_on_any_surface_in_any_mode(mode, sink_mode):
    policy = ContentPolicy(modes=every_kind(mode))
    resource = Resource({"service.name": "s", "process.command_args": ["--token", SECRET]})
    filtered = Filtered(policy, SinkPolicy("sink", every_kind(sink_mode)), resource)
    plant(filtered)
    told = everything(filtered.told)
    assert SECRET[4:] not in told
    assert "tiny" not in told
    assert "made-up" not in told
    assert SECRET in everything(filtered.given)  # other processors see what they saw before
    assert filtered.processor.counts.redacted > 0
    assert filtered.processor.counts.stubs == 0


def test_what_holds_no_secret_is_the_very_same_span():
    filtered = Filtered()
    seen = []
    filtered.processor._delegate.on_end = seen.append
    passed = []

    class Beside(SpanProcessor):
        def on_end(self, span):
            passed.append(span)

    filtered.provider.add_span_processor(Beside())
    filtered.span(attributes={"http.response.status_code": 200, "note": "plain", "list": (1, 2)})
    assert seen == passed


def test_ids_times_and_numbers_stay_as_they_are():
    filtered = Filtered()
    filtered.span(attributes={"note": SECRET, "n": 1, "f": 1.5, "b": True, "list": (1, 2)})
    told, given = filtered.told, filtered.given
    assert told is not given
    for same in ("context", "parent", "kind", "start_time", "end_time", "resource"):
        assert getattr(told, same) == getattr(given, same)
    assert {key: told.attributes[key] for key in ("n", "f", "b", "list")} == {
        "n": 1,
        "f": 1.5,
        "b": True,
        "list": (1, 2),
    }
    assert told.attributes["note"] == "[REDACTED:github_token]"
    assert told.attributes["agent_otel.content.redacted"] == 1
    assert told.attributes["agent_otel.content.redacted_by"] == ("github_token=1",)


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        (CaptureMode.OFF, None),
        (CaptureMode.METADATA_ONLY, None),
        (CaptureMode.REDACTED_SUMMARY, "[REDACTED:github_token] said"),
    ],
)
@pytest.mark.parametrize("key", ["gen_ai.prompt", "llm.input_messages.0.message.content", "ai.prompt.messages"])
def test_content_of_other_dialects_is_treated_by_its_kind(mode, told, key):
    filtered = Filtered(ContentPolicy(modes={**TEXT, ContentKind.INPUT_MESSAGES: mode}))
    filtered.span(attributes={key: f"{SECRET} said"})
    assert filtered.told.attributes.get(key) == told
    has_facts = "agent_otel.content.input_messages.bytes" in filtered.told.attributes
    assert has_facts is (mode is CaptureMode.METADATA_ONLY)
    assert filtered.told.attributes["agent_otel.content.mode"] == mode.value


def test_facts_of_a_message_that_is_spread_over_keys_are_summed():
    filtered = Filtered(ContentPolicy.metadata_only())
    filtered.span(attributes={"gen_ai.prompt.0.content": "abc", "gen_ai.prompt.1.content": "defgh"})
    assert filtered.told.attributes["agent_otel.content.input_messages.bytes"] == 8
    assert not any(key.startswith("gen_ai.prompt") for key in filtered.told.attributes)


def test_what_a_key_means_depends_on_whether_the_span_is_a_tools():
    off = ContentPolicy(modes={**TEXT, ContentKind.TOOL_ARGUMENTS: CaptureMode.OFF})
    filtered = Filtered(off)
    filtered.span(attributes={"openinference.span.kind": "TOOL", "input.value": "x", "output.value": "y"})
    assert "input.value" not in filtered.told.attributes
    assert filtered.told.attributes["output.value"] == "y"
    filtered.span(attributes={"openinference.span.kind": "LLM", "input.value": "x"})
    assert filtered.told.attributes["input.value"] == "x"


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("execute_tool vault_read", {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "vault_read"}),
        ("execute_tool vault_read", {"gen_ai.operation.name": "execute_tool"}),
        ("vault_read", {"openinference.span.kind": "TOOL"}),
        ("running tool", {"traceloop.span.kind": "tool", "traceloop.entity.name": "vault_read"}),
    ],
)
def test_a_denied_tools_content_leaves_no_span(name, attributes):
    filtered = Filtered(ContentPolicy(modes=TEXT, denied_tools=("vault_*",)))
    content = {"gen_ai.tool.call.arguments": "a", "input.value": "b", "gen_ai.tool.call.result": "c"}
    filtered.span(name, attributes={**attributes, **content})
    assert not set(content) & set(filtered.told.attributes)
    assert filtered.told.attributes["agent_otel.content.denied_by"] == ("denied_tool",)


def test_unknown_attributes_can_be_dropped_but_those_that_are_allowed():
    filtered = Filtered(ContentPolicy(foreign="drop", allowed=("acme.*",)))
    filtered.span(attributes={"strange": "x", "acme.team": f"blue {SECRET}", "http.route": "/p", "n": 1})
    kept = {key: value for key, value in filtered.told.attributes.items() if not key.startswith("agent_otel.")}
    assert kept == {"acme.team": "blue [REDACTED:github_token]", "http.route": "/p"}


def test_long_content_is_cut_and_stays_json():
    filtered = Filtered(ContentPolicy(modes=TEXT, limits=ContentLimits(chars=50)))
    filtered.span(attributes={"gen_ai.input.messages": json.dumps([{"content": "word " * 100}]), "note": "word " * 100})
    (message,) = json.loads(filtered.told.attributes["gen_ai.input.messages"])
    assert len(message["content"]) < 100
    assert filtered.told.attributes["agent_otel.content.input_messages.truncated"] is True
    assert filtered.told.attributes["note"] == "word " * 100


def test_a_secret_that_the_sdk_cut_in_half_is_hidden_too():
    limits = SpanLimits(max_span_attribute_length=20)
    filtered = Filtered(limits=limits)
    filtered.span(attributes={"note": f"its {SECRET}"})
    assert SECRET[4:12] not in everything(filtered.told)


def test_raw_content_of_another_library_leaves_only_with_every_gate_open():
    gates = RawGates(sources=("other.instrumentation",), byte_limit=1000, retention_active=True, sample_ratio=1.0)
    policy = ContentPolicy(modes=every_kind(CaptureMode.RAW_CONTENT), raw=gates)
    sink = SinkPolicy("archive", every_kind(CaptureMode.RAW_CONTENT))
    filtered = Filtered(policy, sink)
    filtered.span(attributes={"gen_ai.prompt": SECRET, "note": SECRET})
    assert filtered.told.attributes["gen_ai.prompt"] == SECRET
    assert filtered.told.attributes["note"] == "[REDACTED:github_token]"
    filtered.span(scope="a.third", attributes={"gen_ai.prompt": SECRET})
    assert SECRET not in filtered.told.to_json()
    assert filtered.told.attributes["agent_otel.content.denied_by"] == ("source_permits",)


def test_two_providers_in_one_process_hold_different_policies():
    first = Filtered(ContentPolicy(modes=TEXT))
    second = Filtered(ContentPolicy(modes=every_kind(CaptureMode.OFF)))
    for filtered in (first, second):
        filtered.span(attributes={"gen_ai.prompt": "said"})
    assert first.told.attributes["gen_ai.prompt"] == "said"
    assert "gen_ai.prompt" not in second.told.attributes


def test_what_the_sdk_dropped_is_told_as_before():
    filtered = Filtered(limits=SpanLimits(max_span_attributes=2, max_events=1, max_links=1))
    other = SpanContext(5, 6, is_remote=False)
    with filtered.provider.get_tracer("x").start_as_current_span("s", links=[Link(other), Link(other)]) as span:
        span.set_attributes({"a": SECRET, "b": SECRET, "c": SECRET})
        span.add_event("e", {"note": SECRET})
        span.add_event("f", {"note": SECRET})
    told, given = filtered.told, filtered.given
    assert (told.dropped_attributes, told.dropped_events, told.dropped_links) == (1, 1, 1)
    assert (given.dropped_attributes, given.dropped_events, given.dropped_links) == (1, 1, 1)


class Broken:
    """A scrubber that fails."""

    def is_innocent(self, text):
        raise RuntimeError(text)

    def scrub(self, value, *, is_cut=False):
        raise RuntimeError(value)


def broken(filtered):
    guard = filtered.processor._guard._guard
    guard._foreign.scrubber = guard._own.scrubber = Broken()
    return filtered


def test_a_span_that_the_policy_fails_on_goes_out_as_a_stub(caplog):
    filtered = broken(Filtered(resource=Resource({"service.name": SECRET})))
    span = filtered.span(
        f"named {SECRET}",
        attributes={"note": SECRET, "gen_ai.usage.input_tokens": 7, "agent_otel.tool_calls": 2, SECRET: 1},
    )
    told = filtered.told
    assert dict(told.attributes) == {
        "gen_ai.usage.input_tokens": 7,
        "agent_otel.tool_calls": 2,
        "agent_otel.content.stub": True,
    }
    assert told.context.span_id == span.context.span_id
    assert (told.start_time, told.end_time) == (span.start_time, span.end_time)
    assert told.name.startswith("[REDACTED")
    assert SECRET not in everything(filtered.exporter.get_finished_spans()[0]) if told.instrumentation_scope else True
    assert SECRET not in told.to_json()
    assert SECRET not in caplog.text
    assert filtered.processor.counts.stubs == 1


class Starting(SpanProcessor):
    def __init__(self):
        self.seen = []

    def on_start(self, span, parent_context=None):
        self.seen.append((span.name, dict(span.attributes)))
        span.set_attribute("added", "at the start")


def test_a_delegate_that_looks_at_starts_sees_them_filtered_and_can_add_to_the_span():
    delegate, exporter = Starting(), InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(ContentPolicyProcessor(delegate))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.get_tracer("x").start_span(f"s {SECRET}", attributes={"note": SECRET}).end()
    ((name, attributes),) = delegate.seen
    assert SECRET not in name + str(attributes)
    assert exporter.get_finished_spans()[0].attributes["added"] == "at the start"


def test_around_an_exporter_it_does_the_same():
    exporter = InMemorySpanExporter()
    guarded = GuardedSpanExporter(exporter)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(guarded))
    provider.get_tracer("x").start_span("s", attributes={"note": SECRET}).end()
    assert exporter.get_finished_spans()[0].attributes["note"] == "[REDACTED:github_token]"
    assert guarded.counts.redacted == 1
    assert guarded.force_flush()
    guarded.shutdown()
