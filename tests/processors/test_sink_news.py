"""What is told of a sink's failure and recovery, out of all that the decision core says."""

from __future__ import annotations

import pytest

from agent_otel.delivery import FailureKind, FanoutAdditions, Item, SinkFailure, SinkSpec, SinkVerdict, TelemetryFanout
from agent_otel.model import DeliveryClass
from agent_otel.model.agent_sdk import TelemetryFanoutConfig
from agent_otel.model.agent_sdk.fanout import TelemetryOverflowPolicy, TelemetrySinkIsolationPolicy
from agent_otel.processors.sink_news import SinkNews

FAILED = SinkVerdict(settled=0, failure=SinkFailure(kind=FailureKind.TROUBLE, reason="HTTP 500"))
TAKEN = SinkVerdict(settled=1)
REFUSED = SinkVerdict(settled=1, refused=((0, "HTTP 400"),))


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Core:
    """The decision core, with a queue of few, whose records go to the news."""

    def __init__(self, news):
        self._news = news
        self._fanout = TelemetryFanout(
            TelemetryFanoutConfig(
                queue_capacity=4,
                terminal_reserve=1,
                overflow=TelemetryOverflowPolicy.DropNonTerminalProgress,
                sink_isolation=TelemetrySinkIsolationPolicy.IsolateEachSink,
            ),
            FanoutAdditions.live(),
        )
        self._fanout.register_sink(SinkSpec(sink_id="sink", queue_capacity=4, terminal_reserve=1))

    def puts(self, count):
        for number in range(count):
            item = Item(payload=b"x", trace_id=1, span_id=number, run_id="r", delivery_class=DeliveryClass.PROGRESS)
            self._news.take(self._fanout.record_live(item).records)

    def answers(self, *verdicts):
        for verdict in verdicts:
            self._fanout.peek("sink", 1, 1000)
            self._news.take(self._fanout.settle("sink", verdict).records)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def news(clock):
    return SinkNews(clock)


@pytest.fixture
def core(news):
    return Core(news)


def told(news):
    return [getattr(one.told, "failure_kind", "recovered") for one in news.give()]


def test_the_first_failure_and_the_recovery_are_told_once(core, news):
    core.puts(3)
    core.answers(FAILED, FAILED, FAILED)
    assert told(news) == ["sink_unavailable"]
    core.answers(FAILED)
    assert told(news) == []
    core.answers(TAKEN, TAKEN)
    assert told(news) == ["recovered"]
    assert (news.failures, news.recoveries) == (1, 1)


def test_a_recovery_from_nothing_is_no_news(news):
    elsewhere = SinkNews()
    core = Core(elsewhere)
    core.puts(1)
    core.answers(FAILED, TAKEN)
    failed, recovered = elsewhere.give()
    news.take([recovered])
    assert (told(news), news.recoveries) == ([], 0)
    news.take([failed, recovered])
    assert (told(news), news.recoveries) == (["sink_unavailable", "recovered"], 1)


def test_each_failure_after_a_recovery_is_told(core, news):
    core.puts(3)
    core.answers(FAILED, TAKEN, FAILED, FAILED, TAKEN)
    assert told(news) == ["sink_unavailable", "recovered"] * 2
    assert (news.failures, news.recoveries) == (2, 2)


def test_a_sink_that_is_well_is_no_news(core, news):
    core.puts(3)
    core.answers(TAKEN, TAKEN, TAKEN)
    assert told(news) == []
    assert (news.failures, news.recoveries) == (0, 0)


def test_what_is_given_is_given_once(core, news):
    core.puts(1)
    core.answers(FAILED)
    (record,) = news.give()
    assert record.record_id == "telemetry.sink.sink_failed.1"
    assert news.give() == []


def test_an_overflow_is_told_once_a_minute_and_the_next_one_counts_all(core, news, clock):
    core.puts(10)  # three find room
    assert [one.told.dropped_count for one in news.give()] == [1]
    clock.now = 59.9
    core.puts(2)
    assert news.give() == []
    clock.now = 60.0
    core.puts(2)
    (record,) = news.give()
    assert (record.told.failure_kind, record.told.dropped_count) == ("overflow", 10)


def test_rejections_are_told_once_a_minute_beside_overflows(core, news, clock):
    core.puts(4)
    core.answers(REFUSED, REFUSED)
    assert told(news) == ["overflow", "export_rejected"]
    clock.now = 60.0
    core.answers(REFUSED)
    core.puts(4)
    assert told(news) == ["export_rejected", "overflow"]


def test_what_is_dropped_or_refused_makes_no_sink_failing(core, news):
    core.puts(4)
    core.answers(REFUSED, TAKEN)
    assert (news.failures, news.recoveries) == (0, 0)
    core.answers(FAILED)
    core.puts(3)
    assert (news.failures, news.recoveries) == (1, 0)
    assert told(news) == ["overflow", "export_rejected", "sink_unavailable"]


def test_what_nobody_takes_is_bounded_and_the_newest_stays(core, news, clock):
    for minute in range(200):
        clock.now = 60.0 * minute
        core.puts(4)
    dropped = [one.told.dropped_count for one in news.give()]
    assert len(dropped) == 100
    assert dropped[-1] == 1 + 199 * 4 - 3
