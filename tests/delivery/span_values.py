"""Any span that the SDK can make: by a tracer, within limits, and by hand."""

from __future__ import annotations

from hypothesis import strategies as st
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

NOWHERE = Resource({})
INT64 = st.integers(-(2**63), 2**63 - 1)
# Short ones come again and again, from one span to the next: what is remembered of them must be right.
WORDS = st.sampled_from(
    ["", "a", "b", "gen_ai.operation.name", "execute_tool", "é", "日本", "\N{PILE OF POO}", "k" * 127]
)
TEXTS = WORDS | st.text() | st.builds(lambda text, times: text * times, st.text(min_size=1), st.integers(1, 4000))
SCALARS = st.none() | st.booleans() | INT64 | st.integers(0, 300) | st.floats() | TEXTS | st.binary()
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(min_size=1), inner, max_size=3)
    ),
    max_leaves=12,
)
KEYS = st.text(min_size=1) | WORDS.filter(bool)
ATTRIBUTES = st.dictionaries(KEYS, VALUES, max_size=8)
TIMES = st.integers(1, 2**63)

STATES = st.sampled_from([TraceState(), TraceState([("a", "1")]), TraceState([("vendor", "x=y"), ("b", "2")])])
CONTEXTS = st.builds(
    SpanContext,
    st.integers(1, 2**128 - 1),
    st.integers(1, 2**64 - 1),
    is_remote=st.booleans(),
    trace_flags=st.just(TraceFlags(TraceFlags.SAMPLED)),
    trace_state=STATES | st.none(),
)
STATUSES = st.builds(Status, st.sampled_from([StatusCode.UNSET, StatusCode.OK])) | st.builds(
    Status, st.just(StatusCode.ERROR), st.none() | TEXTS
)
LINKS = st.lists(st.builds(Link, CONTEXTS, st.none() | ATTRIBUTES), max_size=4)
LIMITS = st.builds(
    SpanLimits,
    max_span_attributes=st.sampled_from([0, 1, 3, 128]),
    max_events=st.sampled_from([0, 1, 128]),
    max_links=st.sampled_from([0, 1, 128]),
    max_event_attributes=st.sampled_from([1, 128]),
    max_link_attributes=st.sampled_from([1, 128]),
    max_span_attribute_length=st.sampled_from([None, 3]),
)


@st.composite
def traced(draw):
    """Give a span as a tracer makes it."""
    provider = TracerProvider(resource=NOWHERE, shutdown_on_exit=False, span_limits=draw(LIMITS))
    parent = draw(st.none() | CONTEXTS)
    made = provider.get_tracer("scope").start_span(
        draw(TEXTS),
        context=None if parent is None else set_span_in_context(NonRecordingSpan(parent)),
        kind=draw(st.sampled_from(SpanKind)),
        attributes=draw(ATTRIBUTES),
        links=draw(LINKS),
        start_time=draw(TIMES),
    )
    for name, attributes, at in draw(st.lists(st.tuples(TEXTS, st.none() | ATTRIBUTES, TIMES), max_size=4)):
        made.add_event(name, attributes, at)
    for key, value in draw(ATTRIBUTES).items():
        made.set_attribute(key, value)
    made.set_status(draw(STATUSES))
    made.end(draw(TIMES))
    return draw(st.sampled_from([made, made._readable_span()]))


@st.composite
def _counted(draw):
    bounded = BoundedAttributes(attributes=draw(ATTRIBUTES), immutable=draw(st.booleans()))
    bounded.dropped = draw(st.integers(0, 2**32 - 1))
    return bounded


BARE_ATTRIBUTES = st.none() | _counted() | st.dictionaries(st.text(), VALUES, max_size=4)


def _listed(inner):
    return st.lists(inner, max_size=3) | st.builds(BoundedList.from_seq, st.integers(0, 2), st.lists(inner, max_size=3))


BY_HAND = st.builds(
    ReadableSpan,
    TEXTS,
    st.builds(SpanContext, st.integers(0, 2**128 - 1), st.integers(0, 2**64 - 1), st.booleans(), trace_state=STATES),
    st.none() | CONTEXTS,
    st.just(NOWHERE),
    BARE_ATTRIBUTES,
    _listed(st.builds(Event, TEXTS, BARE_ATTRIBUTES, st.integers(0, 2**64 - 1))),
    _listed(st.builds(Link, CONTEXTS, BARE_ATTRIBUTES)),
    st.sampled_from(SpanKind),
    status=STATUSES,
    start_time=st.none() | st.integers(0, 2**64 - 1),
    end_time=st.none() | st.integers(0, 2**64 - 1),
)
SPANS = traced() | BY_HAND
