from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_ON,
    Decision,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, set_span_in_context
import pytest

from agent_otel.emit import Sampling


class Counting(Sampler):
    def __init__(self) -> None:
        self.asked: list = []

    def should_sample(self, parent_context, trace_id, name, *_more, **_):
        self.asked.append((trace_id, name, parent_context))
        return SamplingResult(Decision.RECORD_AND_SAMPLE)

    def get_description(self):
        return "counting"


def decide(sampling, trace_id=1, context=None):
    return sampling.decide(trace_id, "invoke_agent", SpanKind.INTERNAL, None, context)


def within(trace_id, *, sampled):
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    parent = NonRecordingSpan(SpanContext(trace_id, 7, is_remote=True, trace_flags=flags))
    return set_span_in_context(parent, Context())


def test_a_trace_is_decided_once():
    sampler = Counting()
    sampling = Sampling(sampler)
    assert sampling.remembered(1) is None
    first = decide(sampling)
    assert decide(sampling) is first is sampling.remembered(1)
    decide(sampling, 2)
    assert [trace_id for trace_id, _, _ in sampler.asked] == [1, 2]


@pytest.mark.parametrize(("sampler", "sampled"), [(ALWAYS_ON, True), (ALWAYS_OFF, False)])
def test_decisions(sampler, sampled):
    decision = decide(Sampling(sampler))
    assert (decision.is_recording, decision.is_sampled) == (sampled, sampled)


def test_record_only_makes_spans_and_exports_none():
    class RecordOnly(Counting):
        def should_sample(self, *_, **__):
            return SamplingResult(Decision.RECORD_ONLY)

    decision = decide(Sampling(RecordOnly()))
    assert (decision.is_recording, decision.is_sampled) == (True, False)


def test_the_ratio_goes_by_the_trace_id():
    sampling = Sampling(TraceIdRatioBased(0.5))
    assert decide(sampling, 1).is_sampled
    assert not decide(sampling, 2**64 - 1).is_sampled


@pytest.mark.parametrize("sampled", [True, False])
def test_a_parent_of_the_same_trace_decides(sampled):
    assert decide(Sampling(DEFAULT_ON), 5, within(5, sampled=sampled)).is_sampled is sampled


def test_a_current_span_of_another_trace_is_no_parent():
    assert decide(Sampling(DEFAULT_ON), 5, within(6, sampled=False)).is_sampled
