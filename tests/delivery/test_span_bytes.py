"""Spans that are written directly are, byte by byte, what the stock encoder makes of them; else it makes them."""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta
from decimal import Decimal
from enum import Enum, IntEnum
import logging
from types import MappingProxyType

from hypothesis import HealthCheck, given, settings
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceState
import pytest

from agent_otel.delivery.otlp import attribute_bytes, encode_span, encoding, span_bytes
from delivery.otlp_samples import rich_spans
from delivery.span_values import ATTRIBUTES, NOWHERE, SPANS

written = span_bytes.span_bytes
CONTEXT = SpanContext(1, 2, is_remote=False)
HALF = "\ud800"  # of a surrogate pair: no UTF-8 for it


def stock(span):
    return encode_spans([span]).resource_spans[0].scope_spans[0].spans[0].SerializeToString()


def by_hand(**fields):
    return ReadableSpan(**{"name": "a", "context": CONTEXT, "resource": NOWHERE, **fields})


def with_value(value):
    return by_hand(attributes={"before": 1, "key": value, "after": "x"})


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(SPANS)
def test_any_span_is_what_the_stock_encoder_makes_of_it(span):
    ours, theirs = written(span), stock(span)
    assert ours == theirs
    assert repr(Span.FromString(ours)) == repr(Span.FromString(theirs))  # NaN equals no NaN
    assert encode_span(span)[1] == theirs


@settings(max_examples=50)
@given(ATTRIBUTES)
def test_attributes_of_the_same_keys_are_told_apart(attributes):
    """One key with ``1``, ``True``, ``1.0`` and ``"1"``, on spans, events and links: equal is not the same."""
    for value in (1, True, 1.0, "1", b"1", (1,), 0, False, 0.0, -0.0, "", b"", None, (), {}):
        with_it = {**attributes, "same": value}
        span = by_hand(attributes=with_it, events=[Event("e", with_it, 1)], links=[Link(CONTEXT, with_it)])
        assert written(span) == stock(span)


@pytest.mark.parametrize(
    "size", [0, 1, 39, 40, 41, 123, 124, 125, 126, 127, 128, 2043, 2044, 2047, 2048, 16_383, 70_000]
)
def test_lengths_where_a_varint_grows(size):
    for text in ("x" * size, "é" * (size // 2)):
        key = f"k{text}"
        values = (text, text.encode(), [text], {key: text}, 5, -5, True, 1.5, None)
        spans = [
            by_hand(name=text),
            by_hand(status=Status(StatusCode.ERROR, text)),
            by_hand(events=[Event(text, {"key": text}, 1)]),
            *(by_hand(attributes={key: value}) for value in values),
            *(by_hand(attributes={"key": value}) for value in values),
        ]
        for span in spans:
            assert written(span) == stock(span)


@pytest.mark.parametrize("power", range(64))
def test_numbers_where_a_varint_grows(power):
    for number in (2**power - 1, 2**power, -(2**power), -(2**power) - 1):
        span = with_value(number)
        if -(2**63) <= number < 2**63:
            assert written(span) == stock(span)
        else:
            assert written(span) is None


def test_every_kind_and_status():
    for kind in SpanKind:
        for status in (Status(code) for code in StatusCode):
            span = by_hand(kind=kind, status=status)
            assert written(span) == stock(span)


def test_the_samples_are_written():
    assert all(written(span) is not None for span in rich_spans())


@pytest.fixture(autouse=True)
def _quiet(caplog):
    """Have the stock encoder not log what it leaves out: half a character can be put in no report."""
    caplog.set_level(logging.CRITICAL, "opentelemetry")


# -- what is not known ------------------------------------------------------------------------------------------------


class Word(str):
    __slots__ = ()


class Colour(str, Enum):
    RED = "red"


class Number(IntEnum):
    ONE = 1


class Special(Status):
    pass


class Renamed(Event):
    @property
    def name(self):
        return "other"


class Elsewhere(SpanContext):
    pass


class Reference(Link):
    @property
    def attributes(self):
        return {"of": "its class"}


class Vendors(TraceState):
    def items(self):
        return [("of", "its class")]


class Shown(dict):
    def copy(self):
        return {}


def deep(depth):
    value = "end"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        Word("x"),
        Colour.RED,
        Number.ONE,
        2**63,
        -(2**63) - 1,
        HALF,
        [HALF],
        {HALF: 1},
        {"k": HALF},
        {1: 2},
        {None: 2},
        {Word("k"): 2},
        bytearray(b"x"),
        memoryview(b"x"),
        {1, 2},
        range(3),
        Decimal(1),
        timedelta(1),
        1j,
        object(),
        OrderedDict(a=1),
        MappingProxyType({"a": 1}),
        [Word("x")],
        {"a": {"b": [Number.ONE]}},
        deep(60),
    ],
)
def test_of_a_value_that_is_not_known_the_stock_encoder_decides(value):
    span = with_value(value)
    assert written(span) is None
    assert encode_span(span)[1] == stock(span)


@pytest.mark.parametrize(
    "fields",
    [
        {"attributes": {HALF: 1}},
        {"attributes": {Word("never seen"): 1}},
        {"attributes": {b"k": 1}},
        {"attributes": OrderedDict(a=1)},
        {"attributes": TraceState([("a", "b")])},
        {"name": Word("seen nowhere")},
        {"name": b"x"},
        {"parent": Elsewhere(1, 2, is_remote=True)},
        {"context": Elsewhere(1, 2, is_remote=True)},
        {"status": Special(StatusCode.OK)},
        {"events": [Renamed("e", None, 1)]},
        {"events": [Event("e", {"k": Word("x")}, 1)]},
        {"events": [Event(Word("e"), None, 1)]},
        {"events": [Event("e", Shown(a=1), 1)]},
        {"links": [Link(Elsewhere(1, 2, is_remote=True))]},
        {"links": [Link(CONTEXT, {"k": {1, 2}})]},
        {"links": [Reference(CONTEXT)]},
        {"context": SpanContext(1, 2, is_remote=False, trace_state=Vendors([("a", "b")]))},
        {"status": None},
    ],
)
def test_of_a_span_that_is_not_known_the_stock_encoder_decides(fields):
    span = by_hand(**fields)
    assert written(span) is None
    assert encode_span(span)[1] == stock(span)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": HALF},
        {"name": 5},
        {"status": Status(StatusCode.ERROR, HALF)},
        {"events": [Event(HALF, None, 1)]},
        {"context": None},
        {"context": SpanContext(2**128, 1, is_remote=False)},
        {"context": SpanContext(-1, 1, is_remote=False)},
        {"context": SpanContext(1, 2**64, is_remote=False)},
        {"parent": SpanContext(1, -1, is_remote=False)},
        {"kind": "INTERNAL"},
        {"start_time": -1},
        {"start_time": True},
        {"start_time": True, "end_time": 5},
        {"start_time": 5, "end_time": True},
        {"start_time": 1.5},
        {"end_time": 2**64},
        {"events": [Event("e", None, -1)]},
    ],
)
def test_what_the_stock_encoder_raises_is_raised(fields):
    span = by_hand(**fields)
    assert written(span) is None
    with pytest.raises(Exception) as theirs:  # noqa: PT011  whatever it is
        stock(span)
    with pytest.raises(type(theirs.value)):
        encode_span(span)


def test_a_key_that_equals_one_that_was_seen_has_its_bytes():
    for key in ("seen", Word("seen")):
        span = by_hand(attributes={key: 1})
        assert written(span) == stock(span)


def test_a_span_of_a_class_of_its_own_says_itself_what_it_is():
    class Counting(ReadableSpan):
        dropped_attributes, dropped_events, dropped_links = 1, 2, 300
        name = "of its class"
        attributes = MappingProxyType({"also": "of its class"})
        events = (Event("e", None, 1),)

    span = Counting("a", CONTEXT, resource=NOWHERE, attributes={"k": 1})
    assert written(span) == stock(span)


@pytest.mark.parametrize("dropped", [-1, 2**32, 1.5, True, None])
def test_a_count_that_is_none_is_left_to_the_stock_encoder(dropped):
    class Counting(ReadableSpan):
        dropped_links = dropped

    span = Counting("a", CONTEXT, resource=NOWHERE)
    assert written(span) in ({None} if dropped is not None else {stock(span)})


# -- another release of the stock encoder -----------------------------------------------------------------------------


@pytest.fixture
def agreement():
    span_bytes._agrees.cache_clear()
    yield
    span_bytes._agrees.cache_clear()


def test_the_installed_release_agrees():
    assert span_bytes._agrees()


@pytest.mark.parametrize("flags", [0x101, 0x0, 0x301])
def test_nothing_is_written_where_the_stock_encoder_writes_something_else(monkeypatch, agreement, flags):
    def with_other_flags(spans):
        request = encode_spans(spans)
        request.resource_spans[0].scope_spans[0].spans[0].flags = flags
        return request

    monkeypatch.setattr(span_bytes, "encode_spans", with_other_flags)
    monkeypatch.setattr(encoding, "encode_spans", with_other_flags)
    span = rich_spans()[0]
    assert written(span) is None
    assert Span.FromString(encode_span(span)[1]).flags == flags


def test_nothing_is_written_where_the_comparison_fails(monkeypatch, agreement):
    def changed(spans, also):
        raise AssertionError

    monkeypatch.setattr(span_bytes, "encode_spans", changed)
    assert written(rich_spans()[0]) is None


# -- what is remembered -----------------------------------------------------------------------------------------------


def test_what_is_remembered_is_bounded():
    keys = span_bytes._SPAN_KEYS
    for number in range(3 * attribute_bytes._MOST_KEYS):
        span = by_hand(
            attributes={f"key {number}": "x", "one": f"value {number}", "k" * 2000: "x", "long": "x" * number}
        )
        assert written(span) == stock(span)
        assert len(keys) <= attribute_bytes._MOST_KEYS
    assert all(len(known[2]) <= attribute_bytes._MOST_VALUES for known in keys.values())
    assert attribute_bytes._MOST_KEYS * attribute_bytes._MOST_VALUES <= 10_000
    assert all(len(key) <= attribute_bytes._LONGEST_KEY for key in keys)
    assert all(len(value) <= attribute_bytes._LONGEST_VALUE for known in keys.values() for value in known[2])
