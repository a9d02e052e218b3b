from __future__ import annotations

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Decision
import pytest

from agent_otel.emit import DerivedIdGenerator, DerivedSampler
from agent_otel.emit.derived import ASSIGNED, Assigned


class Fixed(IdGenerator):
    def generate_trace_id(self):
        return 11

    def generate_span_id(self):
        return 22

    def is_trace_id_random(self):
        return True


@pytest.fixture
def assigned():
    def assign(decision):
        return ASSIGNED.set(Assigned(33, 44, decision, None))

    yield assign
    ASSIGNED.set(None)


def test_ids_are_the_assigned_ones_else_those_of_the_configured_generator(assigned):
    generator = DerivedIdGenerator(Fixed())
    assert (generator.generate_trace_id(), generator.generate_span_id()) == (11, 22)
    assert generator.is_trace_id_random()
    assigned(Decision.RECORD_AND_SAMPLE)
    assert (generator.generate_trace_id(), generator.generate_span_id()) == (33, 44)
    assert not generator.is_trace_id_random()


@pytest.mark.parametrize(
    ("delegate", "decision"), [(ALWAYS_OFF, Decision.DROP), (ALWAYS_ON, Decision.RECORD_AND_SAMPLE)]
)
def test_sampling_is_the_assigned_decision_else_the_configured_sampler(assigned, delegate, decision):
    sampler = DerivedSampler(delegate)
    assert sampler.should_sample(None, 1, "n").decision is decision
    assigned(Decision.RECORD_ONLY)
    result = sampler.should_sample(None, 1, "n", attributes={"a": 1})
    assert (result.decision, dict(result.attributes)) == (Decision.RECORD_ONLY, {"a": 1})
    assert delegate.get_description() in sampler.get_description()


def test_spans_of_the_host_on_the_same_provider_are_not_touched(assigned):
    provider = TracerProvider(
        sampler=DerivedSampler(ALWAYS_ON), id_generator=DerivedIdGenerator(Fixed()), shutdown_on_exit=False
    )
    context = provider.get_tracer("host").start_span("theirs").get_span_context()
    assert (context.trace_id, context.span_id) == (11, 22)
