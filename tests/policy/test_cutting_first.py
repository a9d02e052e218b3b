"""What is cut before it is scrubbed must be what scrubbing and cutting give, and hold nothing that these would hide."""

from __future__ import annotations

import base64
import json
from random import Random
from string import ascii_letters, digits

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
import orjson
import pytest

from agent_otel.policy import cutting_first
from agent_otel.policy.content_policy import ContentLimits
from agent_otel.policy.cutting_first import BEYOND, CutFirst
from agent_otel.policy.scrubbing import TABLE, Limits, Recogniser, Scrubber, ScrubOptions, UserDetector, truncate
from secrets_made_up import github_token

CHARS = 40
NEAR = 120  # more than the patterns of what is planted here look back and ahead
LIMITS = ContentLimits(chars=CHARS)
SCRUBBER = Scrubber()
CUT = CutFirst(LIMITS, ScrubOptions())
SECRET = github_token("cut")


def long_way(text):
    return truncate(SCRUBBER.scrub(text).value, Limits(chars=CHARS, bytes=None, items=None)).value


@pytest.fixture
def _near(monkeypatch):
    """Have what lies behind the cut begin near it, so that short texts reach there."""
    monkeypatch.setattr(cutting_first, "BEYOND", NEAR)


def short_way(text):
    """Give what leaves; None if the text goes the long way."""
    short = CUT.of(text)
    return short.text if short is not None and SCRUBBER.are_innocent([short.looked_at]) else None


RANDOM = Random("nobody's secret")
PLAIN = "".join(RANDOM.choice(ascii_letters) + RANDOM.choice(digits) for _ in range(9))  # no secret, but for its name
FILLINGS = st.sampled_from(["word ", "line\n", 'say "so" ', "é…", "\\", "a/b?c=d&", "path\\to\\", "\u2028", "\x7f"])
TEXTS = st.one_of(
    st.text(max_size=2 * CHARS),
    st.builds(lambda filling, times: filling * times, FILLINGS, st.integers(1, 40)),
    st.builds(
        lambda filling, before, secret, after: filling * before + secret + filling * after,
        FILLINGS,
        st.integers(0, 20),
        st.sampled_from(
            [SECRET, f"password={SECRET}", f"https://me:{SECRET}@x.example", json.dumps({"token": SECRET})]
        ),
        st.integers(0, 20),
    ),
    st.builds(
        lambda filling, end: filling * 60 + end, FILLINGS, st.sampled_from([" db_password", "password:", " --token"])
    ),
    st.sampled_from([PLAIN, "db_password"]),
)
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["stdout", "token", "n", "value", "name", "key", "kty", "k", "é", "…[truncated 1 of 2 members]"]
            ),
            inner,
        ),
    ),
    max_leaves=8,
)


def written(value):
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


ALL = st.one_of(
    TEXTS,
    VALUES.map(written),
    VALUES.map(json.dumps),
    VALUES.map(lambda value: written({"stdout": written(value)})),
    st.builds(lambda value, last: f"{written(value)}\n{last}", VALUES, TEXTS),
)


@given(ALL)
def test_what_is_cut_first_is_what_scrubbing_and_cutting_give(text):
    short = short_way(text)
    assert short is None or short == long_way(text)


@pytest.mark.usefixtures("_near")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(ALL)
def test_what_is_not_read_takes_nothing_with_it(text):
    """The long way hides what lies far behind the cut, and lays out anew what it stands in; else both say the same."""
    short, longer = short_way(text), long_way(text)
    if short is not None:
        assert (PLAIN in short) <= (PLAIN in longer)
        assert not any(SECRET[at : at + 12] in short for at in range(len(SECRET) - 12))


@pytest.mark.parametrize("at", [0, CHARS - 40, CHARS - 20, CHARS - 1])
@pytest.mark.parametrize("as_json", [False, True])
def test_a_secret_that_the_cut_would_tear_apart_is_seen(at, as_json):
    text = ("x " * CHARS)[: max(at, 0)] + f" {SECRET} " + "y " * BEYOND
    assert short_way(json.dumps({"stdout": text}, separators=(",", ":")) if as_json else text) is None


def test_what_stands_far_behind_the_cut_is_not_read():
    text = "x " * (CHARS + BEYOND) + SECRET
    short = CUT.of(text)
    assert SECRET not in short.looked_at
    assert short_way(text) == short.text
    assert short.text.partition("…")[0] == long_way(text).partition("…")[0]


def test_no_pattern_of_the_table_looks_further():
    assert max(row.lead + row.reach for row in TABLE) < BEYOND


@pytest.mark.parametrize(
    "told", [{"name": "db_password", "value": ...}, {"value": ..., "name": "db_password"}, {"password": ...}]
)
def test_what_a_name_makes_a_secret_of_is_one_however_long_it_is(told):
    secret = "correct horse " * (CHARS + BEYOND)
    text = json.dumps({key: secret if value is ... else value for key, value in told.items()}, separators=(",", ":"))
    assert short_way(text) is None
    assert "correct horse" not in long_way(text)


LONG = "lorem ipsum dolor " * (BEYOND // 10)
NAMED_FROM_AFAR = [
    [f"{LONG}Your new password:", PLAIN],
    {"label": f"{LONG} db_password", "value": PLAIN},
    {"value": PLAIN, "Name": f"{LONG} db_password"},
    ["mysql", "-v", f"{LONG} --password", PLAIN],
    {"stdout": written({"value": PLAIN, "description": LONG, "name": "DB_PASSWORD"})},
    [{"type": "text", "text": written({"new_value": PLAIN, "comment": LONG, "key": "api_token"})}],
    {"stdout": f"{written({'value': PLAIN, 'pad': LONG, 'name': 'db_password'})}\nfoo"},
]


@pytest.mark.parametrize(
    "text",
    [*map(written, NAMED_FROM_AFAR), f"{written({'value': PLAIN, 'pad': LONG, 'name': 'db_password'})}\nexit code 0"],
)
def test_what_structure_makes_a_secret_of_is_one_from_however_far(text):
    assert short_way(text) is None
    assert PLAIN not in long_way(text)


def test_escapes_do_not_take_what_tells_out_of_sight():
    body = base64.encodebytes(bytes(range(256)) * 12).decode() + "-----END PRIVATE KEY-----\n"
    escaped = "".join(f"\\u{ord(character):04x}" for character in body)
    assert short_way(written({"out": f'{{"k":"{escaped}"}}'})) is None


def test_the_tail_of_a_key_whose_end_alone_tells_what_it_is():
    body = base64.encodebytes(bytes(range(256)) * 20).decode()
    text = f"{body}-----END PRIVATE KEY-----\n{'and more ' * BEYOND}"
    assert short_way(text) is None


def test_base64_of_which_the_cut_leaves_a_part():
    hidden = base64.b64encode(f'{{"padding": "{"p" * 30}", "token": "{SECRET}"}}'.encode() * 3).decode()
    assert short_way(f"{hidden} {'and more ' * BEYOND}") is None


@pytest.mark.parametrize(
    "options",
    [
        ScrubOptions(detectors=(UserDetector(id="mine", pattern="secret-[0-9]+"),)),
        ScrubOptions(recogniser=Recogniser(find=lambda _: ())),
    ],
    ids=["detector", "recogniser"],
)
def test_how_far_others_look_nobody_knows(options):
    assert CutFirst(LIMITS, options).of("x " * CHARS) is None


def test_what_is_too_large_to_be_scrubbed_becomes_a_marker_on_the_long_way():
    assert CutFirst(LIMITS, ScrubOptions(max_bytes=400)).of("x" * 101) is None


def test_without_a_limit_nothing_is_cut():
    text = "x" * 10_000
    assert CutFirst(ContentLimits(chars=None), ScrubOptions()).of(text) == (text, text)
