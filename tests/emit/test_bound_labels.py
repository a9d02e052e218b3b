"""Measurements with known labels take a shorter way: what is exported must be what the SDK would have made of them."""

from __future__ import annotations

import json
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.context import Context
from opentelemetry.metrics import NoOpMeter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.metrics.view import View
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context
import pytest

from agent_otel.emit.bound_labels import BoundLabels

NOW = 1_700_000_000_000_000_000
LABELS = st.dictionaries(st.sampled_from(["tool", "agent", "kind"]), st.sampled_from(["a", "b", True, False]))
VALUES = st.one_of(st.floats(-1, 20), st.sampled_from([float("nan"), float("inf"), 0.0]))
VIEWS = {
    "none": [],
    "some_labels": [View(instrument_name="*", attribute_keys={"tool"})],
    "few": [View(instrument_name="*", aggregation_cardinality_limit=2)],
    "twice": [View(instrument_name="h", name="one"), View(instrument_name="h", name="other", attribute_keys=set())],
}
DELTA = {Histogram: AggregationTemporality.DELTA, Counter: AggregationTemporality.DELTA}


@pytest.fixture(autouse=True)
def clock():
    names = ("instrument", "_view_instrument_match", "metric_reader_storage", "aggregation", "measurement_consumer")
    with mock.patch("agent_otel.emit.bound_labels.time_ns", return_value=NOW):
        patches = [
            mock.patch(f"opentelemetry.sdk.metrics._internal.{name}.time_ns", return_value=NOW)
            for name in names
            if _has(name)
        ]
        for patch in patches:
            patch.start()
        yield
        for patch in patches:
            patch.stop()


def _has(name):
    module = __import__(f"opentelemetry.sdk.metrics._internal.{name}", fromlist=["x"])
    return hasattr(module, "time_ns")


def context(sampled):
    span = NonRecordingSpan(SpanContext(0xA, 0xB, is_remote=False, trace_flags=TraceFlags(sampled)))
    return set_span_in_context(span, Context())


class Metered:
    def __init__(self, views, temporality, *, bound):
        self.readers = [InMemoryMetricReader(temporality)]
        self.provider = MeterProvider(self.readers, views=views, shutdown_on_exit=False)
        meter = self.provider.get_meter("m")
        histogram, counter = (
            meter.create_histogram("h", explicit_bucket_boundaries_advisory=[0.1, 1, 5]),
            meter.create_counter("c"),
        )
        self.records = [histogram.record, counter.add]
        if bound:
            self.records = [BoundLabels(histogram, histogram.record), BoundLabels(counter, counter.add)]

    def told(self):
        told = []
        for reader in self.readers:
            data = reader.get_metrics_data()
            told.append(json.loads(data.to_json())["resource_metrics"][0]["scope_metrics"] if data else None)
        return told


@given(
    st.lists(st.tuples(st.integers(0, 1), VALUES, LABELS, st.booleans(), st.integers(0, 9)), max_size=30),
    st.sampled_from(sorted(VIEWS)),
    st.sampled_from([None, DELTA]),
)
def test_what_is_exported_is_what_the_sdk_makes_of_it(measurements, views, temporality):
    with mock.patch("opentelemetry.sdk.metrics._internal.exemplar.exemplar_reservoir.randrange", return_value=0):
        plain = Metered(VIEWS[views], temporality, bound=False)
        bound = Metered(VIEWS[views], temporality, bound=True)
        for instrument, value, labels, sampled, then in measurements:
            for metered in (plain, bound):
                metered.records[instrument](value, labels, context(sampled))
            if then == 0:
                assert plain.told() == bound.told()
            if then == 1:
                for metered in (plain, bound):
                    metered.readers.append(InMemoryMetricReader(temporality))
                    metered.provider.add_metric_reader(metered.readers[-1])
        assert plain.told() == bound.told()


def test_known_labels_do_not_go_through_the_instrument():
    reader = InMemoryMetricReader()
    counter = MeterProvider([reader], shutdown_on_exit=False).get_meter("m").create_counter("c")
    record = mock.Mock(side_effect=counter.add)
    bound = BoundLabels(counter, record)
    for _ in range(5):
        bound(1, {"tool": "a"}, context(sampled=True))
    assert record.call_count == 1
    (metric,) = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    assert metric.data.data_points[0].value == 5


@pytest.mark.parametrize("missing", ["_measurement_consumer", "_is_enabled"])
def test_where_the_sdk_names_things_otherwise_the_instrument_records(missing):
    counter = MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False).get_meter("m").create_counter("c")

    class Renamed:
        def __getattr__(self, name):
            if name == missing:
                raise AttributeError(name)
            return getattr(counter, name)

    record = mock.Mock(side_effect=counter.add)
    bound = BoundLabels(Renamed(), record)
    for _ in range(3):
        bound(1, {}, Context())
    assert record.call_count == 3


def test_an_instrument_that_is_none_is_left_alone():
    counter = NoOpMeter("m").create_counter("c")
    bound = BoundLabels(counter, counter.add)
    bound(1, {}, Context())
    bound(1, {}, Context())
