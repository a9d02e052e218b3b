from __future__ import annotations

import threading
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags
import pytest

from agent_otel.conventions import CONTENT_KEYS
from agent_otel.emit import CurrentSpan

SECRET = "made-up-secret-qzx"
OTHER = SpanContext(9, 8, is_remote=False)


class Telltale:
    """An object of the host's that must not be asked."""

    def __repr__(self):
        raise RuntimeError(SECRET)

    __str__ = __len__ = __iter__ = __hash__ = __eq__ = __bool__ = __repr__


def current(*, sampled=True):
    return CurrentSpan(SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(int(sampled))))


def test_it_is_a_recording_span_with_the_given_ids():
    span = current()
    assert span.is_recording()
    assert (span.get_span_context().trace_id, span.get_span_context().span_id) == (1, 2)
    assert not current(sampled=False).is_recording()


def test_attributes_events_and_links_are_kept():
    span = current()
    span.set_attribute("one", 1)
    span.set_attributes({"two": "2", "list": [True, False]})
    span.add_event("looked", {"where": "left"}, 123)
    span.add_link(OTHER, {"why": "related"})
    kept = span.additions
    assert kept.attributes == {"one": 1, "two": "2", "list": (True, False)}
    (event,) = kept.events
    assert (event.name, event.time_ns, event.attributes) == ("looked", 123, {"where": "left"})
    assert [(link.context, dict(link.attributes)) for link in kept.links] == [(OTHER, {"why": "related"})]


def test_name_and_end_are_the_operations_own():
    span = current()
    span.update_name("mine")
    span.end()
    with trace.use_span(span, end_on_exit=True):
        pass
    assert span.is_recording()


def test_of_an_exception_type_and_text_are_kept_for_the_policy():
    span = current()
    span.record_exception(
        ValueError(SECRET),
        {"exception.escaped": True},
    )
    span.set_status(Status(StatusCode.ERROR, SECRET))
    (event,) = span.additions.events
    assert event.name == "exception"
    assert event.attributes == {
        "exception.escaped": True,
        "exception.type": "ValueError",
        "exception.message": SECRET,
    }
    assert span.error_text == SECRET
    assert SECRET not in repr(event)
    assert SECRET not in repr(span.additions)


class Unspeakable(Exception):
    def __str__(self):
        raise AssertionError

    args = property(lambda self: (_ for _ in ()).throw(AssertionError()))


def test_the_text_of_an_exception_is_read_without_its_code():
    span = current()
    span.record_exception(Unspeakable("said", Telltale(), 3, "twice"))
    assert span.additions.events[0].attributes["exception.message"] == "said: twice"


def test_what_use_span_does_on_an_exception_shows_no_text():
    span = current()
    with pytest.raises(ValueError, match=SECRET), trace.use_span(span, end_on_exit=True):
        raise ValueError(SECRET)
    assert span.marked_error
    assert SECRET not in repr(span.additions)


@pytest.mark.parametrize(
    ("statuses", "marked"),
    [([StatusCode.ERROR], True), ([Status(StatusCode.ERROR)], True), ([StatusCode.ERROR, StatusCode.OK], False),
     ([StatusCode.OK], False), (["nonsense"], False)],
)  # fmt: skip
def test_a_status_of_error_is_noted(statuses, marked):
    span = current()
    for status in statuses:
        span.set_status(status, SECRET)
    assert span.marked_error is marked


@pytest.mark.parametrize("key", sorted(CONTENT_KEYS))
def test_content_keys_are_kept_for_the_policy_and_shown_nowhere(key):
    span = current()
    span.set_attribute(key, SECRET)
    span.set_attributes({key: SECRET, "kept": 1})
    span.add_event("event", {key: SECRET, "kept": 1})
    span.add_link(OTHER, {key: SECRET, "kept": 1})
    assert SECRET not in repr(span.additions)
    for thing in (span.additions, *span.additions.events, *span.additions.links):
        assert dict(thing.attributes) == {key: SECRET, "kept": 1}


def test_values_are_copied_at_once_and_the_hosts_objects_are_not_asked():
    span = current()
    several = ["before"]
    span.set_attributes({"several": several, "object": Telltale(), "mixed": [1, Telltale(), "a"], "big": 2**70})
    several[0] = "after"
    assert span.additions.attributes == {
        "several": ("before",),
        "object": "<Telltale>",
        "mixed": (1, "a"),
        "big": str(2**70),
    }


def test_everything_is_bounded():
    span = current()
    for number in range(1000):
        span.set_attribute(f"key{number}" + "k" * 1000, "x" * 100_000)
        span.add_event("e" * 1000, {f"key{inner}": inner for inner in range(100)})
        span.add_link(OTHER, {"k" * 1000: ["x" * 100_000] * 1000})
    kept = span.additions
    assert (len(kept.attributes), len(kept.events), len(kept.links)) == (64, 128, 128)
    assert all(len(key) <= 256 and len(value) <= 4096 for key, value in kept.attributes.items())
    assert all(len(event.name) <= 256 and len(event.attributes) <= 64 for event in kept.events)
    assert kept.dropped == (1000 - 64) + (1000 - 128) * 2 + 1000 * 36


def test_a_known_key_can_be_written_again_when_it_is_full():
    span = current()
    for number in range(200):
        span.set_attribute(f"key{number}", number)
    span.set_attribute("key3", "new")
    assert span.additions.attributes["key3"] == "new"


@pytest.mark.parametrize(
    "misuse",
    [
        lambda span: span.set_attribute(None, 1),
        lambda span: span.set_attribute([], 1),
        lambda span: span.set_attribute("", 1),
        lambda span: span.set_attribute(Telltale(), 1),
        lambda span: span.set_attributes(None),
        lambda span: span.set_attributes("text"),
        lambda span: span.set_attributes({1: 1}),
        lambda span: span.add_event(Telltale(), "no mapping"),
        lambda span: span.add_event("e", Telltale()),
        lambda span: span.add_link(None),
        lambda span: span.add_link(OTHER, Telltale()),
    ],
)
def test_misuse_is_dropped_and_counted_and_never_raises(misuse):
    span = current()
    misuse(span)
    assert (span.additions.attributes, span.additions.events, span.additions.links) == ({}, [], []) or (
        span.additions.dropped == 0
    )


@pytest.mark.parametrize(
    "misuse",
    [
        lambda span: span.set_status(None),
        lambda span: span.set_status(Telltale()),
        lambda span: span.record_exception(None),
        lambda span: span.record_exception(Telltale(), "no mapping", "no time"),
        lambda span: span.add_event("late", None, -5),
        lambda span: span.add_event("late", MappingProxyType({"a": 1}), 2**80),
        lambda span: span.update_name(None),
        lambda span: span.end("never"),
    ],
)
def test_odd_arguments_never_raise(misuse):
    span = current()
    misuse(span)
    assert all(0 <= event.time_ns < 2**63 for event in span.additions.events)


def test_threads_may_add_at_the_same_time():
    span = current()

    def add(name):
        for number in range(40):
            span.set_attribute(f"{name}{number}", number)
            span.add_event(name)

    threads = [threading.Thread(target=add, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(span.additions.attributes) == 64
    assert len(span.additions.events) == 128
    assert span.additions.dropped == (160 - 64) + (160 - 128)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.builds(lambda: {1, 2}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.text() | st.integers() | st.none(), values, max_size=5), st.text() | values)
def test_only_what_otlp_can_carry_is_kept(attributes, name):
    span = current()
    span.set_attributes(attributes)
    span.add_event(name, attributes)
    for kept in (span.additions.attributes, *(event.attributes for event in span.additions.events)):
        for key, value in kept.items():
            assert type(key) is str
            assert key
            for item in value if type(value) is tuple else (value,):
                assert type(item) in (str, bool, int, float)
                assert type(item) is not int or abs(item) < 2**63
