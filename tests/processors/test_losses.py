"""What was dropped of each run, and where it is told: on the run's own span, or late."""

from __future__ import annotations

from opentelemetry.proto.trace.v1.trace_pb2 import Span
import pytest

from agent_otel.delivery import Envelope, Item
from agent_otel.model import DeliveryClass
from agent_otel.processors import Losses
from agent_otel.processors.losses import _MOST_RUNS

RUN_SPAN = 77


@pytest.fixture
def losses():
    return Losses("otlp/traces")


def item(trace_id=1, span_id=2, *, run_id="r", kind="tool", delivery_class=DeliveryClass.PROGRESS, **more):
    return Item(
        payload=encoded("s", trace_id, span_id),
        trace_id=trace_id,
        span_id=span_id,
        run_id=run_id,
        delivery_class=delivery_class,
        kind=kind,
        **more,
    )


def end(trace_id=1, span_id=RUN_SPAN, **more):
    return item(trace_id, span_id, delivery_class=DeliveryClass.RUN_END, kind="run", **more)


def encoded(name, trace_id, span_id):
    made = Span(name=name, trace_id=trace_id.to_bytes(16, "big"), span_id=span_id.to_bytes(8, "big"))
    made.attributes.add(key="said.before").value.string_value = "x"
    return made.SerializeToString()


def said(payload):
    """Give what a span says of losses, by name, having looked at the rest of it."""
    span = Span.FromString(payload)
    told = {one.key: one.value for one in span.attributes}
    assert told.pop("said.before").string_value == "x"
    assert all(value.WhichOneof("value") == "int_value" for value in told.values())
    assert len(span.attributes) == len(told) + 1
    return {name: value.int_value for name, value in told.items()}


def told_of(losses, *batch):
    return [said(one.payload) for one in losses.told_in(batch)]


def test_the_span_of_a_run_tells_what_was_lost_by_kind_sink_and_reason(losses):
    for _ in range(3):
        losses.note(item(kind="tool"), "queue_full")
    losses.note(item(kind="model"), "made_room")
    losses.add(1, "r", "log", "queue_full")
    progress, run = losses.told_in([item(), end()])
    assert said(progress.payload) == {}
    assert said(run.payload) == {
        "agent_otel.dropped.log.otlp.queue_full": 1,
        "agent_otel.dropped.model.otlp.made_room": 1,
        "agent_otel.dropped.tool.otlp.queue_full": 3,
    }
    span = Span.FromString(run.payload)
    assert (span.name, int.from_bytes(span.span_id, "big")) == ("s", RUN_SPAN)
    assert (run.trace_id, run.span_id, run.run_id, run.delivery_class) == (1, RUN_SPAN, "r", DeliveryClass.RUN_END)
    assert losses.take_late() == []


@pytest.mark.parametrize(
    ("sink_id", "named"),
    [("otlp/traces", "otlp"), ("bridge/handover", "bridge"), ("a/b/logs", "a/b"), ("lone", "lone")],
)
def test_the_name_of_the_sink_is_without_its_signal(sink_id, named):
    losses = Losses(sink_id)
    losses.note(item(), "disk")
    assert told_of(losses, end()) == [{f"agent_otel.dropped.tool.{named}.disk": 1}]


def test_a_run_that_lost_nothing_is_sent_as_it_is(losses):
    losses.note(item(trace_id=9), "queue_full")
    run = end()
    assert losses.told_in([run])[0] is run


def test_it_says_the_same_at_each_attempt_and_what_is_lost_later_is_late(losses):
    losses.note(item(), "queue_full")
    run = end()
    first = losses.told_in([run])[0].payload
    losses.note(item(), "queue_full")
    losses.note(item(kind="model"), "refused")
    assert losses.told_in([run])[0].payload == first
    (late,) = losses.take_late()
    assert (late.sink_id, late.trace_id, late.span_id, late.run_id) == ("otlp/traces", 1, RUN_SPAN, "r")
    assert late.counts == {
        "agent_otel.dropped.tool.otlp.queue_full": 1,
        "agent_otel.dropped.model.otlp.refused": 1,
    }
    assert losses.take_late() == []
    assert losses.told_in([run])[0].payload == first


def test_a_run_that_lost_nothing_until_it_was_told_says_nothing_at_the_next_attempt_either(losses):
    assert told_of(losses, end()) == [{}]
    losses.note(item(), "queue_full")
    assert told_of(losses, end()) == [{}]
    (late,) = losses.take_late()
    assert late.counts == {"agent_otel.dropped.tool.otlp.queue_full": 1}


def test_late_losses_are_given_once_and_counted_anew(losses):
    told_of(losses, end())
    for _ in range(2):
        losses.note(item(), "queue_full")
        assert [late.counts for late in losses.take_late()] == [{"agent_otel.dropped.tool.otlp.queue_full": 1}]


def test_another_span_of_the_run_does_not_tell_it(losses):
    losses.note(item(), "queue_full")
    assert told_of(losses, end(), end(span_id=78), end()) == [
        {"agent_otel.dropped.tool.otlp.queue_full": 1},
        {},
        {"agent_otel.dropped.tool.otlp.queue_full": 1},
    ]


def test_runs_are_apart_by_trace_and_by_id(losses):
    losses.note(item(trace_id=1, run_id="a"), "queue_full")
    losses.note(item(trace_id=1, run_id="b"), "made_room")
    losses.note(item(trace_id=2, run_id="a"), "refused")
    told = told_of(losses, end(1, run_id="a"), end(1, run_id="b"), end(2, run_id="a"))
    assert [next(iter(one)).rpartition(".")[2] for one in told] == ["queue_full", "made_room", "refused"]


def test_the_raw_form_says_it_too(losses):
    losses.note(item(), "queue_full")
    (run,) = losses.told_in([end(raw_payload=encoded("raw", 1, RUN_SPAN))])
    assert said(run.raw_payload) == said(run.payload) == {"agent_otel.dropped.tool.otlp.queue_full": 1}
    assert (Span.FromString(run.raw_payload).name, Span.FromString(run.payload).name) == ("raw", "s")


def test_a_log_record_is_sent_as_it_is_and_uses_nothing_up(losses):
    losses.note(item(), "queue_full")
    record = end(envelope=Envelope("logs", b""))
    assert losses.told_in([record])[0] is record
    assert told_of(losses, end()) == [{"agent_otel.dropped.tool.otlp.queue_full": 1}]


def test_what_belongs_to_no_trace_is_not_told(losses):
    losses.note(item(trace_id=0), "queue_full")
    told_of(losses, end(trace_id=0))
    losses.note(item(trace_id=0), "queue_full")
    assert losses.take_late() == []


def test_of_too_many_runs_the_oldest_are_told_late(losses):
    for trace_id in range(1, _MOST_RUNS + 3):
        losses.note(item(trace_id), "queue_full")
    assert [(late.trace_id, late.span_id) for late in losses.take_late()] == [(1, 0), (2, 0)]  # no span has told them
    assert told_of(losses, end(1), end(3)) == [{}, {"agent_otel.dropped.tool.otlp.queue_full": 1}]


def test_what_is_remembered_is_bounded(losses):
    for trace_id in range(1, 3 * _MOST_RUNS):
        losses.note(item(trace_id), "queue_full")
        losses.told_by(trace_id, "r", RUN_SPAN)
        losses.note(item(trace_id), "refused")
        losses.note(item(trace_id, run_id="never ends"), "queue_full")
    assert max(len(losses._untold), len(losses._told), len(losses._late)) == _MOST_RUNS
    late = losses.take_late()
    assert len(late) == _MOST_RUNS
    assert late[-1].trace_id == 3 * _MOST_RUNS - 1  # the newest stay
