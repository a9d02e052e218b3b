from __future__ import annotations

import math

import pytest

from agent_otel.delivery import FailureKind, SinkFailure, SinkVerdict
from agent_otel.model import SettingsError
from agent_otel.processors.pacing import OutboxLimits, Pace

LIMITS = OutboxLimits(capacity=100, batch=10, delay_s=5.0)


def failed(kind=FailureKind.NOT_NOW, settled=0, retry_after_s=None):
    failure = SinkFailure(kind=kind, reason="HTTP 503", retry_after_s=retry_after_s)
    return SinkVerdict(settled=settled, failure=failure)


def due(pace, now, waiting=1, in_haste=False):
    return pace.due(now, waiting, in_haste=in_haste)


def test_what_waits_is_sent_after_its_delay_or_when_a_batch_is_full_or_somebody_waits_for_it():
    pace = Pace(LIMITS)
    assert due(pace, 100.0, waiting=0) == math.inf
    pace.begins(100.0)
    assert due(pace, 101.0) == 105.0
    assert due(pace, 101.0, waiting=10) == 101.0
    assert due(pace, 101.0, in_haste=True) == 101.0


def test_a_full_queue_does_not_wait_for_its_delay_but_for_a_sink_that_fails():
    pace = Pace(LIMITS)
    pace.begins(100.0)
    assert pace.due(101.0, 1, in_haste=False, is_full=True) == 101.0
    pace.learn(failed(retry_after_s=17.0), 101.0, 1, in_haste=False)
    assert pace.due(102.0, 1, in_haste=False, is_full=True) == 118.0


@pytest.mark.parametrize(("kind", "longest"), [(FailureKind.NOT_NOW, 5.0), (FailureKind.TROUBLE, 2.0)])
def test_where_things_are_lost_a_sink_that_fails_is_asked_again_every_few_seconds(kind, longest):
    pace = Pace(LIMITS)
    for _ in range(12):
        pace.learn(failed(kind), 100.0, 1, in_haste=False)
    assert pace.due(100.0, 1, in_haste=False, is_full=True) > 120.0
    assert 0.8 * longest <= pace.due(100.0, 1, in_haste=False, is_full=True, is_losing=True) - 100.0 <= 1.2 * longest
    pace.learn(failed(kind, retry_after_s=17.0), 100.0, 1, in_haste=False)
    assert pace.due(100.0, 1, in_haste=False, is_full=True, is_losing=True) == 117.0


@pytest.mark.parametrize(
    ("capacity", "batch", "most"), [(100, 10, 10), (16, 16, 8), (16, 17, 8), (3, 512, 1), (1, 1, 1)]
)
def test_a_request_holds_half_the_queue_at_most_and_a_batch_of_so_many_is_full(capacity, batch, most):
    pace = Pace(OutboxLimits(capacity=capacity, batch=batch, delay_s=5.0))
    assert pace.most_items(in_haste=False) == most
    pace.begins(100.0)
    assert due(pace, 101.0, waiting=most) == 101.0
    assert due(pace, 101.0, waiting=most - 1) > 101.0


@pytest.mark.parametrize("given", [{"capacity": 0}, {"batch": 0}, {"bytes": 0}, {"delay_s": -0.1}], ids=str)
def test_limits_that_nothing_fits_in_are_refused(given):
    with pytest.raises(ValueError, match=rf"'{next(iter(given))}' must be"):
        OutboxLimits(**given)


@pytest.mark.parametrize(("kind", "delay_s"), [("BSP", 5.0), ("BLRP", 1.0)])
def test_limits_are_read_from_the_environment(kind, delay_s):
    assert OutboxLimits.from_env(kind, {}) == OutboxLimits(delay_s=delay_s)
    small = {f"OTEL_{kind}_MAX_QUEUE_SIZE": " 20 ", f"OTEL_{kind}_SCHEDULE_DELAY": ""}
    assert OutboxLimits.from_env(kind, small) == OutboxLimits(capacity=20, batch=20, delay_s=delay_s)
    given = {**small, f"OTEL_{kind}_MAX_EXPORT_BATCH_SIZE": "7", f"OTEL_{kind}_SCHEDULE_DELAY": "250"}
    assert OutboxLimits.from_env(kind, given) == OutboxLimits(capacity=20, batch=7, delay_s=0.25)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_QUEUE_SIZE", "0"),
        ("MAX_EXPORT_BATCH_SIZE", "2049"),
        ("MAX_EXPORT_BATCH_SIZE", "-1"),
        ("SCHEDULE_DELAY", "1.5"),
    ],
)
def test_variables_that_cannot_be_used_are_named(name, value):
    with pytest.raises(SettingsError) as raised:
        OutboxLimits.from_env("BLRP", {f"OTEL_BLRP_{name}": value})
    assert raised.value.name == f"OTEL_BLRP_{name}"


def test_what_comes_after_all_was_taken_waits_for_its_own_delay():
    pace = Pace(LIMITS)
    pace.begins(100.0)
    pace.learn(SinkVerdict(settled=3), 106.0, 0, in_haste=False)
    pace.begins(200.0)
    assert due(pace, 201.0) == 205.0
    pace.hurry(0)
    pace.begins(300.0)
    assert due(pace, 301.0) == 305.0


@pytest.mark.parametrize(
    ("kind", "first", "longest"), [(FailureKind.NOT_NOW, 0.5, 30.0), (FailureKind.TROUBLE, 5.0, 60.0)]
)
def test_delays_grow_to_their_bound_and_end_with_success(kind, first, longest):
    pace = Pace(LIMITS)
    delays = []
    for _ in range(12):
        pace.learn(failed(kind), 100.0, 1, in_haste=False)
        delays.append(due(pace, 100.0) - 100.0)
    assert 0.8 * first <= delays[0] <= 1.2 * first
    assert 0.8 * longest <= delays[-1] <= 1.2 * longest
    assert (pace.failed_in_a_row, pace.failing_since, pace.last_error) == (12, 100.0, "HTTP 503")
    assert pace.most_items(in_haste=False) == (1 if kind is FailureKind.TROUBLE else 10)
    assert pace.most_items(in_haste=True) == 10
    pace.learn(SinkVerdict(settled=1), 200.0, 5, in_haste=False)
    assert due(pace, 200.0) <= 200.0  # what waited for it has waited long enough
    assert (pace.failed_in_a_row, pace.failing_since) == (0, None)


def test_in_haste_it_is_tried_every_second_and_a_sink_may_say_when():
    pace = Pace(LIMITS)
    for _ in range(5):
        pace.learn(failed(FailureKind.TROUBLE), 100.0, 1, in_haste=True)
    assert due(pace, 100.0) <= 101.0
    pace.learn(failed(retry_after_s=17.0), 100.0, 1, in_haste=False)
    assert due(pace, 100.0) == 117.0
    pace.hurry(1)
    assert due(pace, 100.0) <= 100.0


def test_a_sink_that_ran_out_of_time_is_well():
    pace = Pace(LIMITS)
    pace.learn(failed(settled=4, retry_after_s=0.0), 100.0, 6, in_haste=False)
    assert pace.failed_in_a_row == 0
    assert due(pace, 100.0) <= 100.0
