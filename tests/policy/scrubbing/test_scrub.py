from __future__ import annotations

import base64
import json
from random import Random
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from agent_otel.policy.scrubbing import TABLE, Place, Scrubber, ScrubOptions, scrub
from agent_otel.policy.scrubbing.patterns import compile_bytes, searcher
from policy.scrubbing import corpora

RANDOM = Random(11)
SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        "token",
        "password",
        "api_key",
        '"',
        "\\",
        "=",
        ": ",
        "sk-",
        "-----BEGIN ",
        "://a:",
        "[REDACTED",
        "[REDACTED:x]",
        "--token ",
    ]
)
KEYS = st.text(max_size=10) | st.sampled_from(["password", "token", "name", "value", "key", "auth", "n"])
JSON = st.recursive(
    SCALARS | TEXTS | st.lists(TEXTS, max_size=6).map("".join),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
FAMILIES = sorted(corpora.FORMATS)


def shape(value):
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return "leaf"


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_structures_keep_their_shape_and_a_second_look_finds_nothing(value):
    done = scrub(value)
    assert shape(done.value) == shape(value)
    again = scrub(done.value)
    assert again.value == done.value
    assert not again.findings


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_json_text_stays_json(value):
    text = json.dumps(value)
    done = scrub(text)
    assert shape(json.loads(done.value)) == shape(value)
    assert done.findings or done.value is text
    again = scrub(done.value)
    assert again.value == done.value
    assert not again.findings


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, max_size=12).map("".join))
def test_text_is_scrubbed_once_and_for_all(text):
    done = scrub(text)
    again = scrub(done.value)
    assert again.value == done.value
    assert not again.findings


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(FAMILIES),
    st.integers(0, 2**32),
    st.sampled_from(["prose", "key", "json", "nested", "base64", "url"]),
)
def test_no_planted_secret_survives(family, seed, where):
    random = Random(seed)
    secret = corpora.credential(random, family)
    value = {
        "prose": f"I found {secret} there",
        "key": {"settings": {"api_key": secret, "n": 1}},
        "json": json.dumps({"output": f"value {secret}\nnext"}),
        "nested": json.dumps({"a": json.dumps({"b": json.dumps(["x", f"see {secret}"])})}),
        "base64": "data " + base64.b64encode(f"login with {secret} please".encode()).decode(),
        "url": "https://host/?q=" + quote(f"key={secret}&x=1", safe=""),
    }[where]
    done = scrub(value)
    told = json.dumps(done.value)
    assert secret not in told
    assert done.findings
    if where == "base64":
        assert base64.b64encode(secret.encode()).decode()[4:-4] not in told
        assert Place.ENCODED in {place for _, place in done.findings.counts}


@pytest.mark.parametrize("detector", [row for row in TABLE if not row.opt_in], ids=lambda row: row.id)
def test_each_row_finds_its_samples(detector):
    random = Random(detector.id)
    for sample in (sample for _ in range(5) for sample in detector.make_samples(random)):
        for frame in ("{}", "before {} after", '"{}"\n'):
            done = scrub(frame.replace("{}", sample.text))
            assert sample.secret not in done.value
            assert done.findings


def test_the_table_is_large_and_well_formed():
    ids = [row.id for row in TABLE]
    assert len(ids) == len(set(ids))
    assert len([row for row in TABLE if not row.opt_in]) > 300
    assert {row.family for row in TABLE} >= set(corpora.FORMATS)
    for row in TABLE:
        assert row.finds
        assert row.keywords
        compile_bytes(row.pattern)
        for trigger in row.triggers:
            compile_bytes(trigger)


def test_the_engine_is_asked_directly():
    """Fails when RE2's Python layer changes: searches then take its slower, public way."""
    assert "partial" not in repr(searcher(compile_bytes("a")))


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
def test_private_keys_whole_and_cut(kind):
    key = corpora.pem(RANDOM, kind)
    body = key.split("\n")[1:-1]
    for text in (key, f"a\n{key}\nb", key[:250], key[70:], json.dumps({"k": key}), json.dumps({"k": key})[:250]):
        done = scrub(text).value
        assert not any(line[:20] in done for line in body)
        assert "[REDACTED:private_key" in done


def test_surroundings_stay():
    secret = corpora.credential(RANDOM, "source_hosts")
    assert scrub(f"äöü {secret}; then ✓").value.startswith("äöü [REDACTED:")
    assert scrub(f"äöü {secret}; then ✓").value.endswith("; then ✓")


def test_layout_numbers_and_duplicates_of_json_stay():
    text = '{\n  "n": 1.50,\n  "big": 123456789012345678901234567890,\n  "token": "a1",\n  "token": "b2"\n}\n'
    marker = "[REDACTED:secret_key]"
    assert scrub(text).value == text.replace("a1", marker).replace("b2", marker)
    assert scrub('{"a":1e5,"token":"x1"}').value == '{"a":1e5,"token":"[REDACTED:secret_key]"}'


def test_escapes_do_not_hide():
    secret = corpora.draw(RANDOM, corpora.ALNUM, 36)
    assert secret not in scrub('{"a": "\\u0067\\u0068p_' + secret + '"}').value
    assert "pw1" not in scrub('{"u": "https:\\/\\/bob:pw1@host"}').value


def test_json_lines_are_scrubbed_line_by_line():
    text = '{"a": 1}\n{"password": "x y"}\nplain\n{"b": 2}\n'
    assert scrub(text).value == text.replace("x y", "[REDACTED:secret_key]")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"headers": [{"name": "Cookie", "value": "a1"}]}, {"headers": [{"name": "Cookie", "value": "*"}]}),
        ({"env": [{"value": "a1", "name": "DB_PASSWORD"}]}, {"env": [{"value": "*", "name": "DB_PASSWORD"}]}),
        (["tool", "--password", "hunter2", "x"], ["tool", "--password", "*", "x"]),
        (["curl", "-u", "bob:hunter2", "x"], ["curl", "-u", "bob:*", "x"]),
        ([["X-Api-Key", "hunter22"]], [["X-Api-Key", "*"]]),
        ({"credentials": {"user": "bob", "n": 1}}, {"credentials": {"user": "*", "n": 1}}),
        ({"passcode": 123456, "token": 123456}, {"passcode": "*", "token": 123456}),
        (("a", {"token": "x1"}), ("a", {"token": "*"})),
    ],
)
def test_structures_tell_what_text_does_not(value, expected):
    done = scrub(value)
    told = json.loads(json.dumps(done.value))
    plain = json.loads(json.dumps(expected))

    def compare(left, right):
        if right == "*":
            assert left.startswith("[REDACTED:")
        elif isinstance(right, dict):
            assert list(left) == list(right)
            for key in right:
                compare(left[key], right[key])
        elif isinstance(right, list):
            assert len(left) == len(right)
            for one, other in zip(left, right, strict=True):
                compare(one, other)
        elif isinstance(right, str) and right.endswith("*"):
            assert left.startswith(right[:-1] + "[REDACTED:")
        else:
            assert left == right

    compare(told, plain)
    text = json.dumps(value)
    assert json.loads(scrub(text).value) == told


def test_keys_that_are_secrets_are_hidden_and_stay_apart():
    random = Random(3)
    value = {corpora.credential(random, "mail"): 1, corpora.draw(random, corpora.HEX, 32) + "-us1": 2}
    one, two = {"gl" + "pat-" + corpora.draw(random, corpora.ALNUM, 20): n for n in range(2)}.items()
    done = scrub(dict([one, two])).value
    assert list(done.values()) == [0, 1]
    assert all(key.startswith("[REDACTED:") for key in done)
    assert len(scrub(value).value) == 2


def test_findings_are_counts_without_text():
    secret = corpora.draw(RANDOM, corpora.ALNUM, 36)
    done = scrub({"a": "gh" + "p_" + secret, "password": "hunter2"})
    assert dict(done.findings.counts) == {("github_token", Place.JSON_VALUE): 1, ("secret_key", Place.JSON_VALUE): 1}
    assert done.findings.by_detector == {"github_token": 1, "secret_key": 1}
    assert len(done.findings) == 2
    assert secret not in repr(done.findings)
    assert "hunter2" not in repr(done)


def test_a_scrubber_holds_nothing_of_the_values():
    scrubber = Scrubber(ScrubOptions())
    scrubber.scrub({"password": "hunter2"})
    assert "hunter2" not in repr(vars(scrubber))
