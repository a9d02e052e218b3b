"""What `Scrubber.is_innocent` promises: of any part, of strings within, of encodings, with a user's own choices."""

from __future__ import annotations

import base64
import json
from random import Random
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
import pytest

from agent_otel.policy.scrubbing import Recogniser, Scrubber, ScrubOptions, UserDetector
from agent_otel.policy.scrubbing.innocence import unescaped
from policy.scrubbing import vectors

SCRUBBER = Scrubber()
PERSONAL = Scrubber(ScrubOptions(opt_in={"email", "phone", "payment_card", "iban", "ip_address", "national_id"}))
VECTORS = [*vectors.shape_vectors(Random(4), draws=1), *vectors.place_vectors(Random(4), draws=1)]
PIECES = [
    *("password", "token", "key", "api", "secret", "name", "value", "pwd", "curl -u ", "is ", "é"),
    *("_", "-", ":", "=", " ", '"', "'", "\\", "\n", "{", "}", "[", "]", ",", "://", "@", "%3D"),
    *("sk-", "AKIA", "ghp" + "_", "eyJ", "0", "7f3a", "Ab9", "x"),
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=24).map("".join)
KEYS = st.sampled_from(
    ("a", "key", "name", "value", "password", "user_pin", "smsCode", "api/key", "note", "id", "my pass")
)
LEAVES = st.none() | st.booleans() | st.integers() | TEXTS
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | TEXTS, inner, max_size=4), max_leaves=12
)
FAST = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def nothing(scrubber, value):
    done = scrubber.scrub(value)
    return done.value is value or not done.findings


@FAST
@given(TEXTS, st.data())
def test_of_any_part_of_a_text(text, data):
    if not SCRUBBER.is_innocent(text):
        return
    start = data.draw(st.integers(0, len(text)))
    part = text[start : data.draw(st.integers(start, len(text)))]
    assert nothing(SCRUBBER, part)


@pytest.mark.parametrize("space", [" ", "  ", "\n", "\t", "\r\n"])
@pytest.mark.parametrize("key", ["password", "userPwd", "pwd", "pass", "token", "api_key", "pin", "my pass", "creds"])
@pytest.mark.parametrize("value", ["hunter2zz", 123456])
def test_space_at_the_end_of_a_key_counts_for_nothing(key, value, space):
    bare, spaced = ({name: value} for name in (key, key + space))
    assert SCRUBBER.scrub(spaced).findings == SCRUBBER.scrub(bare).findings
    assert SCRUBBER.scrub(json.dumps(spaced)).findings == SCRUBBER.scrub(json.dumps(bare)).findings


@FAST
@given(JSON, st.booleans(), st.sampled_from((None, (",", ":"))))
def test_of_a_dump_and_all_that_it_holds(value, ascii_only, separators):
    dump = json.dumps(value, ensure_ascii=ascii_only, separators=separators)
    if SCRUBBER.is_innocent(dump):
        assert nothing(SCRUBBER, dump)
        assert nothing(SCRUBBER, value)
        assert all(nothing(SCRUBBER, text) for text in strings(value))
    again = json.dumps({"result": dump})
    if SCRUBBER.is_innocent(again):
        assert nothing(SCRUBBER, value)
        assert nothing(SCRUBBER, again)


@FAST
@given(TEXTS, st.data())
def test_with_detectors_that_are_off_by_default(text, data):
    text = (
        data.draw(st.sampled_from(("+49 170 1234567 ", "a@b.example ", "4111 1111 1111 1111", "10.1.2.3 ", ""))) + text
    )
    if PERSONAL.is_innocent(text):
        start = data.draw(st.integers(0, len(text)))
        assert nothing(PERSONAL, text[start:])


@pytest.mark.parametrize("at", range(0, len(VECTORS), 7))
def test_no_text_with_a_secret_is_innocent(at):
    vector = VECTORS[at]
    if nothing(SCRUBBER, vector.text):
        return
    for text in (
        vector.text,
        json.dumps({"result": vector.text}),
        json.dumps([json.dumps({"result": vector.text})]),
        "".join(f"\\u{ord(character):04x}" if ord(character) < 0x10000 else character for character in vector.text),
        f"some words before {vector.text} and behind",
    ):
        assert not SCRUBBER.is_innocent(text)


@pytest.mark.parametrize("text", ['{"p\\u0061ssword": "hunter2"}', '{"a": "{\\"\\\\u0074oken\\": \\"abc12345\\"}"}'])
def test_escapes_hide_nothing(text):
    assert not SCRUBBER.is_innocent(text)


@pytest.mark.parametrize(
    "encode", [lambda text: base64.b64encode(text.encode()).decode(), lambda text: quote(text, safe="")]
)
def test_encodings_hide_nothing(encode):
    encoded = encode("the password=hunter2secret of bob and others")
    assert not SCRUBBER.is_innocent(f"got {encoded} there")
    assert not SCRUBBER.is_innocent(json.dumps({"got": encoded}))
    assert SCRUBBER.is_innocent(f"got {encode('nothing of interest is to be seen here, really')} there")


@pytest.mark.parametrize(
    "value",
    [
        {"kty": "oct", "k": "q1W2e3R4t5Y6u7I8o9P0a1S2"},
        {"key": {"a": "q1W2e3R4t5Y6u7I8o9P0a1S2"}},
        {"auth": [[True, "q1W2e3R4t5Y6u7I8o9P0a1S2"]]},
    ],
)
def test_what_structures_alone_make_a_secret_of_is_hidden_alone_too(value):
    for form in (value, json.dumps(value), {"out": json.dumps(value)}):
        assert not SCRUBBER.is_innocent(json.dumps(form))
        assert SCRUBBER.scrub(form).findings.counts


def test_an_escaped_backslash_hides_no_word():
    text = "{" + '"a":"b",' * 20 + '"x":"C:\\u005ctoken=q1W2e3R4t5Y6u7I8o9P0a1S2"}'
    assert unescaped(rb"\u005ctoken") == rb"\token"
    assert unescaped(rb"\u005ctoken" * 40) == rb"\token" * 40
    assert unescaped(b'"' * 99 + rb"\u005ctoken" * 40) == b'"' * 99 + rb"\token" * 40
    assert SCRUBBER.scrub(text).findings.counts


@pytest.mark.parametrize("text", ["password=Tr0ub4dor9x<" + "\u2028" * 3000, "password=Tr0ub4dor9x<a" + "é" * 200])
def test_no_character_is_cut_apart(text):
    assert SCRUBBER.scrub(text).findings.counts


def test_own_detectors_with_keywords_are_heard_in_any_spelling():
    scrubber = Scrubber(
        ScrubOptions(detectors=[UserDetector(id="badge", pattern="^badge-[0-9]+$", keywords=["Badge"])])
    )
    assert scrubber.is_innocent("nothing of the kind")
    assert not scrubber.is_innocent('{"x": "BADGE-1"}')
    assert not scrubber.is_innocent('{"x": "\\u0062adge-1"}')


def test_of_what_others_look_for_nothing_is_promised():
    assert not Scrubber(ScrubOptions(detectors=[UserDetector(id="digits", pattern="[0-9]{9}")])).is_innocent("a")
    assert not Scrubber(ScrubOptions(recogniser=Recogniser(find=lambda text: ()))).is_innocent("a")


@pytest.mark.parametrize(
    "text",
    [
        "plain words, and some more of them\n" * 50,
        json.dumps({"usage": {"input_tokens": 12, "output_tokens": 3}, "text": "it is fine\nreally", "id": "msg_1"}),
        json.dumps({"command": "grep -rn 'def main' src | head -20", "exit": 0, "stdout": "src/a.py:12:def main():\n"}),
        json.dumps({"auth_enabled": True, "max_tokens": 4096, "name": "read_file", "path": "/home/bob/a.py"}),
    ],
)
def test_ordinary_texts_are_innocent(text):
    assert SCRUBBER.is_innocent(text)


def test_beyond_the_bytes_nothing_is_innocent():
    assert not Scrubber(ScrubOptions(max_bytes=10)).is_innocent("x" * 11)


@FAST
@given(st.text() | TEXTS, st.booleans())
def test_escapes_are_undone_as_json_does(text, ascii_only):
    written = json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode("utf-8", "surrogatepass")
    assert unescaped(written) == text.replace("\0", " ").encode("utf-8", "replace" if ascii_only else "surrogatepass")
    assert unescaped(written * 40) == unescaped(written) * 40
