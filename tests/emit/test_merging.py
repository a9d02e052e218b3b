from __future__ import annotations

from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, SpanKind, StatusCode, TraceFlags, get_current_span, set_span_in_context
import pytest

from agent_otel.emit import CurrentSpan, MergingProvider
from agent_otel.emit.merging import telling

SAID = {"mcp.method.name": "tools/call", "jsonrpc.request.id": "7"}


@pytest.fixture
def exported() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exported: InMemorySpanExporter) -> MergingProvider:
    made = MergingProvider(shutdown_on_exit=False)
    made.add_span_processor(SimpleSpanProcessor(exported))
    return made


@pytest.fixture
def told():
    span = CurrentSpan(SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(1)))
    token = attach(telling(span, "tools/call", set_span_in_context(span, Context())))
    yield span
    detach(token)


def test_a_request_that_is_told_is_that_span(provider, exported, told):
    tracer = provider.get_tracer("mcp-python-sdk")
    with tracer.start_as_current_span("MCP send tools/call t", kind=SpanKind.CLIENT, attributes=SAID) as span:
        assert span.get_span_context() == told.get_span_context()
        assert get_current_span() is told
        span.set_attribute("error.type", "-32000")
        span.set_status(StatusCode.ERROR, "told by whoever called")
    assert told.additions.attributes == SAID
    assert (told.marked_error, told.error_text) == (False, None)
    assert exported.get_finished_spans() == ()


def test_a_span_that_is_started_and_ended_by_hand(provider, exported, told):
    span = provider.get_tracer("mcp-python-sdk").start_span("s", None, SpanKind.CLIENT, SAID)
    span.end()
    assert span.get_span_context() == told.get_span_context()
    assert told.additions.attributes == SAID
    assert exported.get_finished_spans() == ()


@pytest.mark.parametrize(
    ("scope", "kind", "attributes"),
    [
        ("mcp-python-sdk", SpanKind.SERVER, SAID),
        ("mcp-python-sdk", SpanKind.CLIENT, SAID | {"mcp.method.name": "tools/list"}),
        ("mcp-python-sdk", SpanKind.CLIENT, None),
        ("another", SpanKind.CLIENT, SAID),
    ],
)
def test_every_other_span_is_one_and_stands_below(provider, exported, told, scope, kind, attributes):
    with provider.get_tracer(scope).start_as_current_span("other", kind=kind, attributes=attributes):
        pass
    provider.get_tracer(scope).start_span("by hand", kind=kind, attributes=attributes).end()
    assert [span.parent.span_id for span in exported.get_finished_spans()] == [2, 2]
    assert told.additions.attributes == {}


def test_what_stands_in_between_has_its_own(provider, exported, told):
    with provider.get_tracer("user").start_as_current_span("between") as between:
        tracer = provider.get_tracer("mcp-python-sdk")
        tracer.start_span("request", kind=SpanKind.CLIENT, attributes=SAID).end()
        tracer.start_span("elsewhere", context=Context(), kind=SpanKind.CLIENT, attributes=SAID).end()
    request, elsewhere, _ = exported.get_finished_spans()
    assert request.parent.span_id == between.get_span_context().span_id
    assert elsewhere.parent is None


def test_it_is_a_provider_of_the_sdk_like_any_other(provider, exported):
    assert isinstance(provider, TracerProvider)
    before = get_current()
    with provider.get_tracer("mcp-python-sdk", "2.0", None, {"a": 1}).start_as_current_span(
        "alone", kind=SpanKind.CLIENT, attributes=SAID
    ):
        assert get_current() is not before
    (span,) = exported.get_finished_spans()
    assert (span.name, dict(span.attributes), span.instrumentation_scope.version) == ("alone", SAID, "2.0")
