"""The vocabulary: which requests something happens to, and what each protocol makes of it."""

from __future__ import annotations

from datetime import datetime
import threading

import pytest

from agent_otel.testing import Reply, faults
from agent_otel.testing.codes import GrpcCode, status_code
from agent_otel.testing.exchange import Arrival
from agent_otel.testing.fault import Hold

DOWN = faults.status(503)


def numbers_that_fail(script, signal="traces", count=8):
    return [number for number in range(1, count + 1) if script(signal, number) is not None]


def over(protocol, fault, size=1):
    return fault.answer(Arrival("traces", protocol, {}, b"x" * size))


def test_a_fault_by_itself_always_happens():
    assert numbers_that_fail(DOWN, count=3) == [1, 2, 3]


@pytest.mark.parametrize(
    ("script", "numbers"),
    [
        (faults.first(2, DOWN), [1, 2]),
        (faults.first(0, DOWN), []),
        (faults.every(3, DOWN), [3, 6]),
        (faults.every(1, DOWN), [1, 2, 3, 4, 5, 6, 7, 8]),
        (faults.at([2, 5], DOWN), [2, 5]),
        (faults.sequence(DOWN, None, DOWN), [1, 3]),
        (faults.sequence(), []),
        (faults.script(faults.at({1}, DOWN), faults.every(4, DOWN)), [1, 4, 8]),
        (faults.script(), []),
        (faults.first(4, faults.every(2, DOWN)), [2, 4]),
        (faults.first(3, lambda _signal, number: Reply(500) if number != 2 else None), [1, 3]),
    ],
)
def test_scripts_choose_requests(script, numbers):
    assert numbers_that_fail(script) == numbers


def test_a_script_may_be_for_one_signal():
    script = faults.on("logs", faults.first(1, DOWN))
    assert numbers_that_fail(script, "logs") == [1]
    assert numbers_that_fail(script, "traces") == []


def test_the_first_rule_that_applies_decides():
    other = faults.reset()
    script = faults.script(faults.at([1], DOWN), other)
    assert [script("traces", 1), script("traces", 2)] == [DOWN, other]


def test_an_outage_lasts_until_it_is_released():
    script = faults.until_released(faults.every(2, DOWN))
    assert numbers_that_fail(script, count=4) == [2, 4]
    script.release()
    script.release()
    assert numbers_that_fail(script, count=4) == []


def test_the_end_of_an_outage_lets_a_stall_go():
    stall = faults.stall()
    faults.until_released(stall).release()
    stall.hold.wait(threading.Event())  # would wait for ever


@pytest.mark.parametrize(
    ("code", "http", "grpc"),
    [
        (302, 302, "UNKNOWN"),
        (400, 400, "INVALID_ARGUMENT"),
        (401, 401, "UNAUTHENTICATED"),
        (403, 403, "PERMISSION_DENIED"),
        (404, 404, "UNIMPLEMENTED"),
        (413, 413, "RESOURCE_EXHAUSTED"),
        (429, 429, "RESOURCE_EXHAUSTED"),
        (500, 500, "UNKNOWN"),
        (502, 502, "UNAVAILABLE"),
        (503, 503, "UNAVAILABLE"),
        (504, 504, "UNAVAILABLE"),
        ("UNAVAILABLE", 503, "UNAVAILABLE"),
        ("RESOURCE_EXHAUSTED", 429, "RESOURCE_EXHAUSTED"),
        ("INVALID_ARGUMENT", 400, "INVALID_ARGUMENT"),
        ("UNAUTHENTICATED", 401, "UNAUTHENTICATED"),
        ("DEADLINE_EXCEEDED", 503, "DEADLINE_EXCEEDED"),
        ("INTERNAL", 500, "INTERNAL"),
    ],
)
def test_each_protocol_has_its_status(code, http, grpc):
    fault = faults.status(code)
    assert over("http", fault).status == http
    assert over("grpc", fault).status == GrpcCode[grpc]


@pytest.mark.parametrize("code", [0, 100, 200, 299, 600, -1, "OK", "unavailable", "503", ""])
def test_what_refuses_nothing_is_no_status(code):
    with pytest.raises(ValueError, match="refuses a request"):
        status_code(code)


def test_the_numbers_of_the_codes_are_those_of_grpc():
    grpc = pytest.importorskip("grpc")
    assert {code.name: code.value for code in GrpcCode} == {code.name: code.value[0] for code in grpc.StatusCode}


def test_a_time_to_retry_after_needs_its_zone():
    with pytest.raises(ValueError, match="time zone"):
        faults.status(503, retry_after=datetime(2031, 2, 3))  # noqa: DTZ001


def test_the_size_limit_is_the_largest_size_that_passes():
    limit = faults.size_limit(10)
    assert over("http", limit, 10) is None
    assert over("http", limit, 11).status == 413
    assert over("grpc", limit, 11).status == GrpcCode.RESOURCE_EXHAUSTED


def test_what_comes_after_a_wait_may_be_a_fault():
    assert over("http", faults.stall(then=DOWN)).status == 503
    assert over("http", faults.delay(1, then=DOWN)).status == 503
    assert over("http", faults.delay(1)) is None


def test_releasing_what_holds_nothing_does_nothing():
    DOWN.release()
    assert DOWN.hold is None


def test_a_hold_of_no_time_is_over():
    Hold(0).wait(threading.Event())


def test_faults_have_names_in_messages():
    named = [DOWN, faults.reset(), faults.half_close(), faults.stall(), faults.delay(0.5), faults.size_limit(9)]
    named.append(faults.partial_success(rejected=2))
    assert [fault.name for fault in named] == [
        "status 503",
        "reset",
        "half close",
        "stall",
        "delay 0.5 s",
        "size limit 9",
        "partial success, 2 rejected",
    ]
    assert repr(DOWN) == "Fault(name='status 503')"
