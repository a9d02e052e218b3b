"""Of any JSON: the output is JSON, keys are kept, planted secrets are gone, a second time changes nothing."""

from __future__ import annotations

import json
from random import Random
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_otel.policy.scrubbing import Limits, scrub, truncate
from policy.scrubbing import vectors

TELLING = 4  # characters that a credential begins with
SHAPES = [
    shape
    for table in vectors.BARE_FAMILIES.values()
    for name, _, shape in vectors.rows(table)
    if "*" not in name and len(shape.partition("{")[0]) >= TELLING
]
SECRET_KEYS = (
    "password",
    "apiKey",
    "api_key",
    "client-secret",
    "X-Api-Key",
    "DB_PASSWORD",
    "access.token",
    "Authorization",
)
KEYS = st.sampled_from((*SECRET_KEYS, "a", "note", "max_tokens", "name")) | st.text(max_size=8)
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30)
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=15
)
CUT = re.compile(r"…\[truncated [0-9]+ of [0-9]+ [a-z]+\]")
FAST = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def planted(draw):
    """Draw JSON with a secret somewhere in it, and the secret."""
    seed = draw(st.integers(0, 10_000))
    secret = vectors.render(Random(seed), draw(st.sampled_from(SHAPES)))
    place = draw(st.sampled_from(("bare", "keyed", "text", "list", "json", "json twice")))
    leaf = {
        "bare": secret,
        "keyed": {draw(st.sampled_from(SECRET_KEYS)): secret},
        "text": f"use {secret} there",
        "list": ["x", {"deep": [secret]}],
        "json": json.dumps({"password": secret}),
        "json twice": json.dumps({"a": json.dumps([{"token": secret}])}),
    }[place]
    return {"before": draw(JSON), "here": leaf, "after": draw(JSON)}, secret


def same_keys(before, after):
    if isinstance(before, dict) and isinstance(after, dict):
        return list(before) == list(after) and all(same_keys(before[key], after[key]) for key in before)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(same_keys, before, after))
    return not isinstance(after, (dict, list)) or type(before) is type(after)


@FAST
@given(JSON)
def test_any_json_stays_json_with_its_keys(value):
    done = scrub(value).value
    assert json.loads(json.dumps(done)) == done or done != done  # noqa: PLR0124
    assert same_keys(value, done)
    text = scrub(json.dumps(value)).value
    if isinstance(value, (dict, list)):
        assert same_keys(value, json.loads(text))


@FAST
@given(JSON)
def test_a_second_time_changes_nothing(value):
    done = scrub(value).value
    assert scrub(done).value == done
    text = scrub(json.dumps(value)).value
    assert scrub(text).value == text


@FAST
@given(planted())
def test_no_planted_secret_survives(given_):
    value, secret = given_
    rest = json.dumps([value["before"], value["after"]])
    for done in (json.dumps(scrub(value).value), scrub(json.dumps(value)).value):
        done = re.sub(r"\[REDACTED:[a-z0-9_]+\]", "", done)  # noqa: PLW2901
        pieces = [secret[at : at + 8] for at in range(0, max(1, len(secret) - 8), 4)]
        assert not [1 for piece in pieces if piece in done and piece not in rest]


@FAST
@given(planted(), st.integers(0, 60), st.none() | st.integers(0, 200))
def test_no_cut_lets_a_part_of_a_secret_or_of_a_marker_survive(given_, chars, size):
    value, secret = given_
    done = json.dumps(truncate(scrub(value).value, Limits(chars=chars, bytes=size)).value, ensure_ascii=False)
    rest = json.dumps([value["before"], value["after"]], ensure_ascii=False)
    assert secret[:8] not in re.sub(r"\[REDACTED:[a-z0-9_]+\]", "", done) or secret[:8] in rest
    markers = re.findall(r"\[REDACTED[^\]]*(?:\]|$)", CUT.sub("", done))
    assert all(re.fullmatch(r"\[REDACTED:[a-z0-9_]+\]", marker) for marker in markers if marker not in rest)
