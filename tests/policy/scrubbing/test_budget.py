"""Cost is bounded whatever the input: counted in work, not in time, so that tests need no clock."""

from __future__ import annotations

import json
from random import Random

import pytest

from agent_otel.policy.scrubbing import TABLE, ScrubOptions, scrub
from agent_otel.policy.scrubbing.budget import Budget, OverBudget

MEBIBYTE = 1 << 20


def test_a_budget_is_spent():
    budget = Budget(2)
    budget.spend(2)
    with pytest.raises(OverBudget):
        budget.spend(1)


@pytest.mark.parametrize(
    "innocent",
    [
        "plain words of no interest, one after the other\n" * (4 * MEBIBYTE // 48),
        json.dumps([{"n": number, "t": "some words"} for number in range(120_000)]),
        "x" * (4 * MEBIBYTE),
        "total_tokens: 12, author: bob, key=a\n" * (4 * MEBIBYTE // 37),
    ],
    ids=["words", "json", "one run", "words about secrets"],
)
def test_innocent_text_of_four_mebibytes_is_within_the_budget(innocent):
    done = scrub(innocent)
    assert done.value is innocent
    assert not done.findings


@pytest.mark.parametrize("value", ["ab " * (4 * MEBIBYTE), {"a": "b" * (9 * MEBIBYTE)}, ["b" * MEBIBYTE] * 10])
def test_over_the_bytes_the_value_becomes_a_marker(value):
    done = scrub(value)
    assert done.value == "[REDACTED:over_budget]"
    assert done.findings.by_detector == {"over_budget": 1}
    assert scrub(done.value).value is done.value


def near_misses(random, size):
    starts = [keyword for row in TABLE if not row.opt_in for keyword in row.keywords]
    starts += ["password", "token: ", '"secret": ', "api_key=", "--token ", "key%3D"]
    pieces, total = [], 0
    while total < size:
        pieces.append(
            random.choice(starts) + "".join(random.choice("aZ9_-./+=: \n\"'") for _ in range(random.randint(0, 9)))
        )
        total += len(pieces[-1])
    return "".join(pieces)


@pytest.mark.parametrize("seed", range(3))
def test_over_the_work_the_value_becomes_a_marker(seed):
    text = near_misses(Random(seed), 100_000)
    assert scrub(text, options=ScrubOptions(max_work=1_000_000)).value == "[REDACTED:over_budget]"
    assert scrub(text[:2000], options=ScrubOptions(max_work=100_000_000)).value != "[REDACTED:over_budget]"


@pytest.mark.parametrize("depth", [100, 1000, 100_000])
def test_deep_values_become_markers_below_the_depth(depth):
    value: dict = {}
    inner = value
    for _ in range(depth):
        inner["a"] = {}
        inner = inner["a"]
    inner["password"] = "hunter2"
    done = scrub(value).value
    levels = 0
    while isinstance(done, dict):
        done = done["a"]
        levels += 1
    assert levels == 64
    assert done == "[REDACTED:too_deep]"


@pytest.mark.parametrize("depth", [100, 5000, 100_000])
def test_deep_json_text(depth):
    done = scrub("[" * depth + '{"password": "hunter2"}' + "]" * depth).value
    assert "hunter2" not in done
    assert "[REDACTED:too_deep]" in done


@pytest.mark.parametrize("value", [object(), {"a": b"bytes"}, {"a": {1, 2}}])
def test_what_is_no_json_becomes_a_marker(value):
    done = scrub(value).value
    assert (done if isinstance(done, str) else done["a"]) == "[REDACTED:unsupported_type]"


def test_other_numbers_and_texts_of_python():
    assert scrub({"n": 2**100, "f": float("inf"), "s": "\ud800", 5: "x"}).value == {
        "n": 2**100,
        "f": float("inf"),
        "s": "\ud800",
        5: "x",
    }
    assert scrub("\ud800 password=hunter2").value == "\ud800 password=[REDACTED:assignment]"
