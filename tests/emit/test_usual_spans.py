"""The usual span takes a shorter way: what it says, and what leaves, must be what the long way gives."""

from __future__ import annotations

from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
import orjson

from agent_otel.conventions import attributes as a
from agent_otel.correlate import SpanIdentity
from agent_otel.delivery.otlp import encode_span
from agent_otel.emit import (
    Additions,
    ContentWriter,
    DerivedIdGenerator,
    DerivedSampler,
    PrivateTracerProvider,
    Sampling,
    SpanEmitter,
)
from agent_otel.model import CaptureMode, Content, ContentKind, JsonContent
from agent_otel.policy import ContentPolicy
from agent_otel.policy.content_policy import ContentLimits, every_kind
from agent_otel.policy.vetted import Vetted
from agent_otel.processors.content.spans import SpanGuard
from agent_otel.project import SpanData, SpanEvent
from agent_otel.project import SpanKind as DataKind
from secrets_made_up import github_token

RESOURCE = Resource({"service.name": "tested"})
POLICIES = [
    ContentPolicy(),
    ContentPolicy(modes=every_kind(CaptureMode.REDACTED_SUMMARY)),
    ContentPolicy(modes=every_kind(CaptureMode.OFF)),
    ContentPolicy.metadata_only(),
    ContentPolicy(denied_tools=("rm",)),
    ContentPolicy(limits=ContentLimits(chars=20, value_bytes=60, span_bytes=100)),
    ContentPolicy(limits=ContentLimits(chars=0)),
    ContentPolicy(limits=ContentLimits(chars=20)),
    ContentPolicy(limits=ContentLimits(chars=5), modes=every_kind(CaptureMode.REDACTED_SUMMARY)),
]
TEXTS = st.one_of(
    st.text(max_size=30),
    st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=5), st.integers(1, 20)),
    st.sampled_from(
        [github_token(), f"Authorization: Bearer {github_token(1)}", "password=correct-horse", "\\u0070", "a\\"]
    ),
)
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(-(2**70), 2**70), st.booleans(), st.none(), st.floats(allow_nan=False)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["command", "password", "n", "é"]), inner)
    ),
    max_leaves=6,
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        [a.TOOL_NAME, a.TOOL_CALL_ID, a.AGENT_NAME, a.RUN_ID, a.SOURCE, a.OUTCOME, "agent_otel.x", "foreign"]
    ),
    st.one_of(TEXTS, st.integers(0, 2**40), st.booleans(), st.tuples(TEXTS)),
    max_size=6,
)
SPANS = st.builds(
    SpanData,
    name=st.one_of(st.just("execute_tool shell"), TEXTS),
    kind=st.sampled_from(DataKind),
    identity=st.builds(
        SpanIdentity,
        st.just(0xA),
        st.just(0xB),
        st.one_of(st.none(), st.just(0xC)),
        st.booleans(),
    ),
    start_ns=st.integers(1, 2**40),
    end_ns=st.integers(2**40, 2**60),
    is_error=st.booleans(),
    attributes=ATTRIBUTES,
    contents=st.dictionaries(
        st.sampled_from(ContentKind),
        st.one_of(
            st.builds(Content, VALUES, is_cut=st.booleans(), tools=st.sampled_from([(), ("rm",)])),
            st.dictionaries(TEXTS.filter(str.isprintable), TEXTS.filter(str.isprintable), max_size=3).map(
                lambda value: JsonContent(orjson.dumps(value).decode())
            ),
        ),
        max_size=3,
    ),
    tool=st.sampled_from([None, "shell", "rm"]),
)


class Kept(SpanProcessor):
    takes_ends = True

    def __init__(self):
        self.spans = []

    def on_end(self, span):
        self.spans.append(span)


def emitted(provider_type, datas, policy, limits=None, *, ahead=False):
    provider = provider_type(
        sampler=DerivedSampler(ALWAYS_ON),
        id_generator=DerivedIdGenerator(RandomIdGenerator()),
        resource=RESOURCE,
        span_limits=limits if limits is not None else SpanLimits(),
        shutdown_on_exit=False,
    )
    kept = Kept()
    provider.add_span_processor(kept)
    emitter = SpanEmitter(provider, Sampling(ALWAYS_ON), ContentWriter(policy, limits=limits))
    if ahead:
        emitter.look_ahead(datas)
    for data in datas:
        emitter.emit(data)
    return kept.spans


def said(told):
    return (
        told.name,
        list(told.attributes.items()),
        [(event.name, dict(event.attributes)) for event in told.events],
        told.error_text,
        told.beside is None,
    )


@given(st.lists(SPANS, max_size=4), st.sampled_from(POLICIES))
def test_the_usual_span_says_what_the_long_way_says(datas, policy):
    writer, longer = ContentWriter(policy), ContentWriter(policy)
    writer.look_ahead(datas)
    for data in datas:
        assert said(writer.of_span(data)) == said(longer._of_span(data))


@given(st.lists(SPANS, max_size=4), st.sampled_from(POLICIES), st.booleans())
def test_a_span_made_at_its_end_is_encoded_as_one_of_the_sdk(datas, policy, ahead):
    whole = emitted(PrivateTracerProvider, datas, policy, ahead=ahead)
    made = emitted(TracerProvider, datas, policy)
    assert [encode_span(span)[1] for span in whole] == [encode_span(span)[1] for span in made]
    assert [encode_span(span)[0] for span in whole] == [encode_span(span)[0] for span in made]


@given(SPANS, st.sampled_from(POLICIES), st.sampled_from(POLICIES))
def test_a_sink_gets_what_it_would_get_of_a_span_of_the_sdk(data, policy, stricter):
    (whole,) = emitted(PrivateTracerProvider, [data], policy)
    guard, longer = SpanGuard(stricter), SpanGuard(stricter)
    with mock.patch.object(longer, "_usual", return_value=None):
        assert encode_span(guard.filtered(whole)) == encode_span(longer.filtered(whole))


def usual(**more):
    given = {
        "name": "execute_tool shell",
        "kind": DataKind.INTERNAL,
        "identity": SpanIdentity(0xA, 0xB, 0xC),
        "start_ns": 1,
        "end_ns": 2,
        "attributes": {a.TOOL_NAME: "shell"},
        "contents": {ContentKind.TOOL_ARGUMENTS: Content({"command": "ls"})},
    }
    return SpanData(**{**given, **more})


def made_whole(data, **limits):
    (span,) = emitted(PrivateTracerProvider, [data], ContentPolicy(), SpanLimits(**limits))
    return type(span).__name__ == "WholeSpan"


def test_which_spans_are_made_at_their_end():
    assert made_whole(usual())
    assert made_whole(usual(), max_span_attributes=3)
    assert not made_whole(usual(), max_span_attributes=2)  # the SDK drops what is too much
    assert not made_whole(usual(), max_span_attribute_length=100)
    assert not made_whole(usual(events=(SpanEvent("agent_otel.paused", 1),)))
    additions = Additions()
    additions.add_event("seen", {}, 1)
    assert not made_whole(usual(additions=additions))


def test_one_processor_that_looks_at_beginnings_and_the_sdk_makes_them_all():
    provider = PrivateTracerProvider(resource=RESOURCE, span_limits=None, shutdown_on_exit=False)
    provider.add_span_processor(Kept())
    assert len(provider.takers) == 1
    provider.add_span_processor(SpanProcessor())
    assert provider.takers is None
    provider.add_span_processor(Kept())
    assert provider.takers is None


def test_metrics_of_the_sdk_itself_count_our_spans_too(monkeypatch):
    monkeypatch.setenv("OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", "true")
    assert PrivateTracerProvider(resource=RESOURCE, span_limits=None, shutdown_on_exit=False).takers is None


def test_a_whole_span_can_be_printed_as_any_other():
    (whole,) = emitted(PrivateTracerProvider, [usual()], ContentPolicy())
    (made,) = emitted(TracerProvider, [usual()], ContentPolicy())
    assert whole.to_json() == made.to_json()
    assert whole.get_span_context() == made.get_span_context()


def test_with_the_first_look_blind_the_second_still_hides():
    """Both ask what was found innocent a moment ago: what nobody looked at is not among it."""
    data = usual(contents={ContentKind.TOOL_ARGUMENTS: Content({"command": f"git push {github_token(7)}"})})
    with mock.patch.object(Vetted, "_keep_if_innocent", return_value=True):
        (span,) = emitted(PrivateTracerProvider, [data], ContentPolicy())
    assert github_token(7) in str(dict(span.attributes))
    assert github_token(7) not in str(dict(SpanGuard(ContentPolicy()).filtered(span).attributes))


def test_content_that_came_as_json_is_as_any_other():
    as_json, plain = JsonContent('{"a":[1]}'), Content({"a": [1]})
    assert as_json == plain == JsonContent('{"a":[1]}')
    assert as_json != Content({"a": [1]}, is_cut=True)
    assert as_json != Content({"a": [2]})
    assert repr(as_json) == repr(plain) == "Content(<dict>)"
