from __future__ import annotations

import json
from uuid import uuid4

from opentelemetry import baggage
from opentelemetry.context import Context
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, TraceIdRatioBased
from opentelemetry.trace import SpanContext, SpanKind, StatusCode, get_current_span, set_span_in_context
import pytest

from agent_otel.correlate import SpanIdentity, SpanRef
from agent_otel.emit import Additions, ContentWriter, DerivedIdGenerator, DerivedSampler, Sampling, SpanEmitter
from agent_otel.model import CaptureMode, Content, ContentKind
from agent_otel.policy import ContentPolicy
from agent_otel.policy.content_policy import every_kind
from agent_otel.project import SpanData, SpanEvent
from agent_otel.project import SpanKind as DataKind

T0 = 1_700_000_000_123_456_789
SECRET = "made-up-secret-qzx"


class Emitted:
    def __init__(self, sampler=ALWAYS_ON, policy=None, **limits):
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(
            sampler=DerivedSampler(sampler),
            id_generator=DerivedIdGenerator(RandomIdGenerator()),
            span_limits=SpanLimits(**limits),
            shutdown_on_exit=False,
        )
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.emitter = SpanEmitter(self.provider, Sampling(sampler), ContentWriter(policy))

    def span(self, **more):
        self.emitter.emit(data(**more))
        (span,) = self.exporter.get_finished_spans()
        return span


def data(**more):
    given = {
        "name": "execute_tool shell",
        "kind": DataKind.INTERNAL,
        "identity": SpanIdentity(0xA, 0xB, 0xC),
        "start_ns": T0,
        "end_ns": T0 + 5,
        "attributes": {"gen_ai.tool.name": "shell"},
    }
    return SpanData(**{**given, **more})


def test_ids_parent_times_and_kind_are_exact():
    span = Emitted().span(kind=DataKind.CLIENT)
    assert (span.context.trace_id, span.context.span_id, span.parent.span_id) == (0xA, 0xB, 0xC)
    assert not span.parent.is_remote
    assert (span.start_time, span.end_time) == (T0, T0 + 5)
    assert (span.name, span.kind) == ("execute_tool shell", SpanKind.CLIENT)
    assert span.instrumentation_scope.name == "agent_otel"


def test_a_root_has_no_parent_even_inside_another_span():
    emitted = Emitted()
    other = emitted.provider.get_tracer("host").start_span("theirs")
    emitted.emitter.emit(data(identity=SpanIdentity(0xA, 0xB), context=set_span_in_context(other, Context())))
    assert emitted.exporter.get_finished_spans()[0].parent is None


def test_a_caller_outside_this_bridge_is_a_remote_parent():
    span = Emitted().span(identity=SpanIdentity(0xA, 0xB, 0xC, parent_is_remote=True))
    assert span.parent.is_remote


def test_links_and_events():
    identity = SpanIdentity(0xA, 0xB, links=(SpanRef(0x1, 0x2),))
    span = Emitted().span(identity=identity, events=(SpanEvent("agent_otel.mark", T0 + 1, {"agent_otel.items": 1}),))
    assert [(link.context.trace_id, link.context.span_id) for link in span.links] == [(1, 2)]
    assert [(event.name, event.timestamp, dict(event.attributes)) for event in span.events] == [
        ("agent_otel.mark", T0 + 1, {"agent_otel.items": 1})
    ]


def test_an_error_has_a_status_without_description():
    span = Emitted().span(is_error=True, attributes={"error.type": "x"})
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert Emitted().span().status.status_code is StatusCode.UNSET


def test_content_of_tools_becomes_scrubbed_json():
    password = uuid4().hex
    arguments = {"command": "ls", "password": password}
    span = Emitted().span(contents={ContentKind.TOOL_ARGUMENTS: Content(arguments)})
    assert span.attributes["agent_otel.content.mode"] == "redacted_summary"
    told = json.loads(span.attributes["gen_ai.tool.call.arguments"])
    assert told["command"] == "ls"
    assert told["password"].startswith("[REDACTED")
    assert span.attributes["agent_otel.content.redacted"] == 1
    assert password not in span.to_json()


@pytest.mark.parametrize("mode", list(CaptureMode))
def test_r16_an_error_has_its_type_always_and_its_text_only_where_the_policy_allows_it(mode):
    policy = ContentPolicy(modes=every_kind(mode))
    span = Emitted(policy=policy).span(
        is_error=True, attributes={"error.type": "tool_error"}, contents={ContentKind.ERROR_TEXT: Content("it broke")}
    )
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "tool_error"
    assert span.status.description == ("it broke" if mode.has_text else None)


def test_what_people_and_models_say_stays_at_home():
    contents = {kind: Content(SECRET) for kind in ContentKind if kind.value.startswith(("input", "output", "system"))}
    span = Emitted().span(contents=contents)
    assert SECRET not in span.to_json()
    assert span.attributes["agent_otel.content.mode"] == "off"


def test_additions_go_out_and_ours_win():
    additions = Additions()
    additions.set_attribute("mine", 1)
    additions.set_attribute("gen_ai.tool.name", "forged")
    additions.set_attribute("error.type", "mine")
    additions.add_event("looked", {"a": 1}, T0 + 2)
    additions.add_link(SpanContext(5, 6, is_remote=False), {"why": "x"})
    span = Emitted().span(additions=additions)
    assert dict(span.attributes) == {"mine": 1, "gen_ai.tool.name": "shell"}
    assert span.events[0].name == "looked"
    assert span.links[0].context.span_id == 6


def test_an_error_type_of_user_code_stays_where_the_span_is_an_error():
    additions = Additions()
    additions.set_attribute("error.type", "mine")
    assert Emitted().span(additions=additions, is_error=True).attributes["error.type"] == "mine"


def full_additions():
    additions = Additions()
    for number in range(200):
        additions.set_attribute(f"user{number}", number)
        additions.add_event(f"user{number}", None, T0)
        additions.add_link(SpanContext(5, number + 1, is_remote=False), None)
    return additions


@pytest.mark.parametrize("limit", [None, 128, 40])
def test_user_code_never_pushes_out_what_is_ours(limit):
    own = {f"agent_otel.k{number}": number for number in range(40)}
    events = tuple(SpanEvent(f"ours{number}", T0) for number in range(40))
    links = tuple(SpanRef(1, number + 1) for number in range(40))
    limits = {"max_attributes": limit, "max_events": limit, "max_links": limit} if limit else {}
    span = Emitted(**limits).span(
        attributes=own, events=events, identity=SpanIdentity(0xA, 0xB, links=links), additions=full_additions()
    )
    assert own.items() <= dict(span.attributes).items()
    assert {event.name for event in events} <= {event.name for event in span.events}
    assert {ref.span_id for ref in links} <= {link.context.span_id for link in span.links if link.context.trace_id == 1}


def test_hooks_see_the_callers_baggage():
    seen = []

    class Hook(SpanProcessor):
        def on_start(self, span, parent_context=None):
            seen.append((baggage.get_baggage("tenant", parent_context), get_current_span(parent_context)))

    emitted = Emitted()
    emitted.provider.add_span_processor(Hook())
    emitted.span(context=baggage.set_baggage("tenant", "t-1", Context()))
    ((tenant, parent),) = seen
    assert (tenant, parent.get_span_context().span_id) == ("t-1", 0xC)


def test_a_trace_that_is_not_sampled_makes_no_span():
    emitted = Emitted(ALWAYS_OFF)
    assert emitted.emitter.emit(data()) is None
    assert emitted.exporter.get_finished_spans() == ()


def test_all_spans_of_a_trace_share_its_decision():
    emitted = Emitted(TraceIdRatioBased(0.5))
    for trace_id in (1, 2**64 - 1):
        for span_id in range(1, 6):
            emitted.emitter.emit(data(identity=SpanIdentity(trace_id, span_id)))
    assert [span.context.trace_id for span in emitted.exporter.get_finished_spans()] == [1] * 5


def test_the_context_given_back_holds_the_span():
    emitted = Emitted()
    context = emitted.emitter.emit(data())
    assert get_current_span(context).get_span_context().span_id == 0xB


def test_the_next_span_of_the_host_gets_its_own_ids():
    emitted = Emitted()
    emitted.emitter.emit(data())
    assert emitted.provider.get_tracer("host").start_span("x").get_span_context().trace_id != 0xA


def test_content_of_a_span_event_stands_on_the_event():
    password = uuid4().hex
    contents = {ContentKind.ERROR_TEXT: Content(f"refused, password={password}")}
    span = Emitted().span(events=(SpanEvent("agent_otel.sub_agent", T0 + 1, {"agent_otel.items": 1}, contents),))
    (event,) = span.events
    assert event.attributes["agent_otel.items"] == 1
    assert event.attributes["exception.message"].startswith("refused, password=[REDACTED")
    assert password not in span.to_json()
