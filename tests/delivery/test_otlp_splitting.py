"""The splitter against an endpoint that is a function: what it refuses is known, so is what must come of it."""

from __future__ import annotations

from math import ceil, log2

from hypothesis import given
from hypothesis import strategies as st
import pytest

from agent_otel.delivery import Envelope, FailureKind, SinkFailure
from agent_otel.delivery.otlp import request_bytes, size_of
from agent_otel.delivery.otlp.answer import Refused, Taken
from agent_otel.delivery.otlp.splitting import MAX_REQUEST_BYTES, MAX_REQUESTS, Splitter
from delivery.otlp_samples import bare

OK = Taken()
NO = Refused(reason="status 400")
TOO_MUCH = Refused(reason="status 413", for_size=True)
BUSY = SinkFailure(kind=FailureKind.NOT_NOW, reason="status 503", retry_after_s=7.0)
BROKEN = SinkFailure(kind=FailureKind.TROUBLE, reason="status 500")


class Endpoint:
    """Takes requests, save those with a poisoned item in them, or that are too large."""

    def __init__(self, poison=(), *, limit=10**9, takes_empty=True, seconds=0.0):
        self.poison, self.limit, self.takes_empty, self.seconds = set(poison), limit, takes_empty, seconds
        self.requests, self.accepted, self.timeouts = [], [], []
        self.now = 0.0
        self.script = {}

    def __call__(self, items, timeout_s):
        self.now += self.seconds
        self.timeouts.append(timeout_s)
        self.requests.append([item.trace_id for item in items])
        answer = self.script.get(len(self.requests)) or self.judge(items)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Taken):
            self.accepted += self.requests[-1]
        return answer

    def judge(self, items):
        if not items:
            return OK if self.takes_empty else NO
        if len(request_bytes(items)) > self.limit:
            return TOO_MUCH
        return NO if self.poison & set(self.requests[-1]) else OK


def batch(count, size=10):
    from attrs import evolve

    return [evolve(bare(b"x" * size), trace_id=number) for number in range(count)]


def splitter(endpoint, **options):
    return Splitter(endpoint, **{"signal": "traces", "clock": lambda: endpoint.now} | options)


def deliver(endpoint, items, timeout_s=10.0, **options):
    return splitter(endpoint, **options).deliver(items, timeout_s)


def deliver_all(endpoint, items, timeout_s=10.0, **options):
    """Deliver as delivery does: what is not settled is sent again; gives what was refused, by position."""
    one, done, refused, idle = splitter(endpoint, **options), 0, {}, 0
    while done < len(items):
        verdict = one.deliver(items[done:], timeout_s)
        refused |= {done + position: reason for position, reason in verdict.refused}
        assert verdict.failure is None or verdict.failure.kind is FailureKind.NOT_NOW
        done += verdict.settled
        idle = 0 if verdict.settled else idle + 1
        assert idle <= 12  # halved down from 300 to one, proven, refused
    return refused


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 400)), max_size=40),
    st.integers(60, 700),
    st.integers(60, 700),
)
def test_exactly_the_poisoned_are_refused_and_each_other_item_goes_once(kinds, limit, endpoint_limit):
    from attrs import evolve

    items = [evolve(bare(b"x" * size), trace_id=number) for number, (_, size) in enumerate(kinds)]
    poison = {number for number, (is_poison, _) in enumerate(kinds) if is_poison}
    large = {number for number, item in enumerate(items) if size_of([item]) > min(limit, endpoint_limit)}
    endpoint = Endpoint(poison, limit=endpoint_limit)
    verdict = deliver(endpoint, items, max_bytes=limit)
    assert {position for position, _ in verdict.refused} == poison | large
    assert endpoint.accepted == [number for number in range(len(items)) if number not in poison | large]
    assert (verdict.settled, verdict.failure) == (len(items), None)
    assert list(verdict.refused) == sorted(verdict.refused)
    assert all(len(request_bytes([items[n] for n in asked])) <= limit for asked in endpoint.requests)


@given(
    st.integers(1, 60),
    st.sets(st.integers(0, 59), max_size=20),
    st.dictionaries(st.integers(1, 12), st.sampled_from([BUSY, BROKEN, RuntimeError("content")]), max_size=3),
    st.booleans(),
    st.floats(0, 6),
)
def test_whatever_goes_wrong_what_is_settled_is_a_head_and_true(count, poison, script, takes_empty, seconds):
    endpoint = Endpoint(poison, takes_empty=takes_empty, seconds=seconds)
    endpoint.script = script
    verdict = deliver(endpoint, batch(count))
    positions = {position for position, _ in verdict.refused}
    assert positions <= poison
    assert all(position < verdict.settled for position in positions)
    assert set(range(verdict.settled)) - positions <= set(endpoint.accepted)
    assert set(endpoint.accepted) <= set(range(verdict.settled))
    assert len(endpoint.accepted) == len(set(endpoint.accepted))
    assert (verdict.failure is None) == (verdict.settled == count)
    assert "content" not in repr(verdict)


@given(st.integers(1, 300), st.sets(st.integers(0, 299), max_size=30), st.floats(0.0, 9.9))
def test_however_slow_the_endpoint_is_every_batch_ends(count, poison, seconds):
    items = batch(count)
    endpoint = Endpoint(poison, seconds=seconds)
    assert set(deliver_all(endpoint, items)) == poison & set(range(count))
    assert endpoint.accepted == [number for number in range(count) if number not in poison]


@pytest.mark.parametrize("poison", [0, 255, 511])
def test_one_offender_costs_as_many_requests_as_halving_takes(poison):
    endpoint = Endpoint({poison})
    verdict = deliver(endpoint, batch(512))
    assert verdict.refused == ((poison, "status 400"),)
    assert len(endpoint.requests) <= 2 * ceil(log2(512)) + 2


def test_a_batch_without_offenders_is_one_request():
    endpoint = Endpoint()
    assert deliver(endpoint, batch(512)).settled == 512
    assert len(endpoint.requests) == 1
    assert deliver(endpoint, []).settled == 0
    assert len(endpoint.requests) == 1


def test_requests_are_bounded_in_number_and_the_rest_follows_at_once():
    endpoint = Endpoint(range(500))
    verdict = deliver(endpoint, batch(500))
    assert len(endpoint.requests) == MAX_REQUESTS
    assert 0 < verdict.settled < 500
    assert (verdict.failure.kind, verdict.failure.retry_after_s) == (FailureKind.NOT_NOW, 0.0)


def test_requests_share_one_timeout():
    endpoint = Endpoint({5}, seconds=3.0)
    verdict = deliver(endpoint, batch(8), timeout_s=10.0)
    assert endpoint.timeouts == [10.0, 7.0, 4.0]  # a fourth might last beyond the end
    assert (verdict.settled, verdict.failure.kind) == (4, FailureKind.NOT_NOW)


def test_where_time_ran_out_the_next_call_goes_on():
    endpoint = Endpoint({0}, seconds=6.0)
    one = splitter(endpoint)
    verdicts = [one.deliver(batch(8), 10.0) for _ in range(6)]
    assert [len(asked) for asked in endpoint.requests] == [8, 4, 2, 1, 0, 1]
    assert [verdict.settled for verdict in verdicts] == [0, 0, 0, 0, 0, 1]
    assert verdicts[-1].refused == ((0, "status 400"),)


def test_a_slow_endpoint_that_refuses_everything_is_in_trouble():
    one = splitter(Endpoint({0}, seconds=6.0, takes_empty=False))
    first, second = (one.deliver(batch(1), 10.0) for _ in range(2))
    assert (first.settled, first.failure.kind) == (0, FailureKind.NOT_NOW)
    assert (second.settled, second.refused, second.failure.kind) == (0, (), FailureKind.TROUBLE)


# -- an endpoint that takes nothing -----------------------------------------------------------------------------------


def test_an_endpoint_that_refuses_everything_is_in_trouble_and_nothing_is_refused():
    endpoint = Endpoint(range(512), takes_empty=False)
    verdict = deliver(endpoint, batch(512))
    assert (verdict.settled, verdict.refused) == (0, ())
    assert verdict.failure == SinkFailure(kind=FailureKind.TROUBLE, reason="status 400 for everything")
    assert len(endpoint.requests) <= log2(512) + 8


@pytest.mark.parametrize("count", [1, 2, 3])
def test_so_it_is_with_few_items(count):
    verdict = deliver(Endpoint(range(9), takes_empty=False), batch(count))
    assert (verdict.settled, verdict.refused, verdict.failure.kind) == (0, (), FailureKind.TROUBLE)


def test_a_lone_offender_is_refused_if_the_endpoint_takes_the_empty_request():
    endpoint = Endpoint({0})
    verdict = deliver(endpoint, batch(1))
    assert (verdict.settled, verdict.refused, verdict.failure) == (1, ((0, "status 400"),), None)
    assert endpoint.requests == [[0], []]


def test_an_endpoint_that_refuses_empty_requests_is_proven_well_by_the_next_item():
    endpoint = Endpoint({0, 1}, takes_empty=False)
    verdict = deliver(endpoint, batch(8))
    assert (verdict.settled, [position for position, _ in verdict.refused]) == (8, [0, 1])
    assert endpoint.accepted == [2, 3, 4, 5, 6, 7]


def test_after_three_it_is_called_broken():
    endpoint = Endpoint({0, 1, 2}, takes_empty=False)
    verdict = deliver(endpoint, batch(8))
    assert (verdict.settled, verdict.refused, verdict.failure.kind) == (0, (), FailureKind.TROUBLE)


def test_what_was_refused_by_ourselves_before_stays_settled():
    items = [bare(b"", Envelope("logs", b"")), *batch(3)]
    verdict = deliver(Endpoint(range(9), takes_empty=False), items)
    assert (verdict.settled, verdict.refused) == (1, ((0, "wrong signal"),))


@pytest.mark.parametrize("failure", [BUSY, BROKEN])
def test_a_failure_of_the_empty_request_is_the_failure(failure):
    endpoint = Endpoint({0})
    endpoint.script = {2: failure}
    verdict = deliver(endpoint, batch(1))
    assert (verdict.settled, verdict.refused, verdict.failure) == (0, (), failure)


# -- sizes and stubs --------------------------------------------------------------------------------------------------


def stub_of(item):
    from attrs import evolve

    return evolve(item, payload=b"stub")


def test_a_lone_item_above_the_limit_is_refused_and_costs_no_request():
    endpoint = Endpoint()
    items = batch(500, 1000)
    items[250] = bare(b"x" * 16_000_000)
    verdict = deliver(endpoint, items)
    assert verdict.refused == ((250, "too large"),)
    assert verdict.settled == 500
    assert [len(asked) for asked in endpoint.requests] == [250, 249]


def test_a_lone_item_above_the_limit_goes_as_its_stub():
    endpoint = Endpoint(limit=MAX_REQUEST_BYTES)
    sent = []
    verdict = Splitter(lambda items, timeout_s: sent.append(list(items)) or OK, signal="traces", stub=stub_of).deliver(
        [bare(b"x" * 5_000_000), *batch(2)], 10.0
    )
    assert (verdict.settled, verdict.refused) == (3, ())
    assert [item.payload for item in sent[0]] == [b"stub", b"x" * 10, b"x" * 10]
    assert not endpoint.requests


def test_an_item_above_the_endpoints_own_limit_goes_as_its_stub():
    endpoint = Endpoint(limit=500)
    verdict = deliver(endpoint, batch(2, 10) + batch(1, 1000), stub=stub_of)
    assert (verdict.settled, verdict.refused) == (3, ())


@pytest.mark.parametrize("stub", [lambda _item: None, lambda item: item, lambda _item: 1 / 0])
def test_a_stub_that_is_none_or_too_large_or_fails_is_no_stub(stub):
    verdict = deliver(Endpoint(), batch(1, 1000), max_bytes=500, stub=stub)
    assert verdict.refused == ((0, "too large"),)


def test_a_stub_that_is_refused_for_its_size_too_is_refused():
    verdict = deliver(Endpoint(limit=5), batch(1, 1000), stub=stub_of)
    assert verdict.refused == ((0, "status 413"),)


def test_requests_are_cut_before_what_does_not_fit_in():
    endpoint = Endpoint()
    items = batch(10, 1000)
    limit = size_of(items[:3])
    deliver(endpoint, items, max_bytes=limit)
    assert [len(asked) for asked in endpoint.requests] == [3, 3, 3, 1]


# -- partial success --------------------------------------------------------------------------------------------------


def test_partial_successes_of_several_requests_are_added_up():
    endpoint = Endpoint({2})
    endpoint.script = {2: Taken(partial_count=1, partial_message="first"), 4: Taken(partial_message="later")}
    verdict = deliver(endpoint, batch(4))
    assert (verdict.partial_count, verdict.partial_message) == (1, "first")
    assert "first" not in repr(verdict)
