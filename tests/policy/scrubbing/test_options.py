from __future__ import annotations

import json
from random import Random

import pytest

from agent_otel.policy.scrubbing import DetectorError, Place, Recogniser, ScrubOptions, UserDetector, scrub

KEY = b"0123456789abcdef"


def test_tags_tell_equal_secrets_equal_and_hold_nothing_of_them():
    options = ScrubOptions(tag_key=KEY)
    one = scrub({"password": "hunter2", "token": "hunter2", "secret": "other"}, options=options)
    assert one.value["password"] == one.value["token"] != one.value["secret"]
    other = scrub({"password": "hunter2"}, options=ScrubOptions(tag_key=KEY[::-1]))
    assert other.value["password"] != one.value["password"]
    again = scrub(one.value, options=options)
    assert again.value == one.value
    assert not again.findings


@pytest.mark.parametrize(
    ("id_", "text", "secret"),
    [
        ("email", "mail bob.smith+x@mail.example.com now", "bob.smith+x@mail.example.com"),
        ("email", "a@b, c@d.example", "c@d.example"),
        ("phone", "call +49 30 1234567 now", "+49 30 1234567"),
        ("phone", "call (415) 555-0132 now", "(415) 555-0132"),
        ("payment_card", "card 4111 1111 1111 1111.", "4111 1111 1111 1111"),
        ("iban", "to DE89 3704 0044 0532 0130 00.", "DE89 3704 0044 0532 0130 00"),
        ("ip_address", "from 203.0.113.7 port 80", "203.0.113.7"),
        ("ip_address", "from 2001:db8::7 port 80", "2001:db8::7"),
        ("national_id", "number 123-45-6789 given", "123-45-6789"),
        ("home_directory", "in /home/alice/project", "alice"),
        ("home_directory", "in C:\\Users\\alice\\x", "alice"),
    ],
)
def test_opt_in_detectors(id_, text, secret):
    assert scrub(text).value is text
    options = ScrubOptions(opt_in={id_})
    done = scrub(text, options=options)
    assert done.value == text.replace(secret, f"[REDACTED:{id_}]")
    assert done.findings.by_detector == {id_: 1}
    structured = scrub({"a": ["x\n" + text]}, options=options)
    assert secret not in structured.value["a"][0]
    assert secret not in json.loads(scrub(json.dumps({"a": "x\n" + text}), options=options).value)["a"]


@pytest.mark.parametrize(
    ("id_", "text"),
    [
        ("payment_card", "number 4111 1111 1111 1112"),
        ("iban", "DE89 3704 0044 0532 0130 01"),
        ("ip_address", "version 1.2.3.400 on 127.0.0.1"),
        ("email", "user@localhost"),
        ("phone", "took 2026-11-21 10:00"),
    ],
)
def test_checksums_and_forms_speak_against(id_, text):
    assert scrub(text, options=ScrubOptions(opt_in={id_})).value is text


def test_detectors_of_the_user():
    own = UserDetector(id="ticket", pattern=r"TICKET-(?P<secret>\d{4})", keywords=("ticket",))
    options = ScrubOptions(detectors=(own,))
    done = scrub({"a": "see TICKET-1234\nTICKET-5678"}, options=options)
    assert done.value == {"a": "see TICKET-[REDACTED:ticket]\nTICKET-[REDACTED:ticket]"}
    assert dict(done.findings.counts) == {("ticket", Place.JSON_VALUE): 2}
    assert scrub("grüße: ÄÖ-ß", options=ScrubOptions(detectors=(UserDetector(id="eszett", pattern="ß"),))).value == (
        "grü[REDACTED:eszett]e: ÄÖ-[REDACTED:eszett]"
    )


@pytest.mark.parametrize("pattern", ["(", "a{2000}", "(?=x)", r"\1"])
def test_a_bad_pattern_is_an_error_that_names_the_detector(pattern):
    with pytest.raises(DetectorError, match="'mine'"):
        UserDetector(id="mine", pattern=pattern)


@pytest.mark.parametrize(
    "make",
    [
        lambda: UserDetector(id="Mine!", pattern="x"),
        lambda: UserDetector(id="jwt", pattern="x"),
        lambda: UserDetector(id="mine", pattern="x*"),
        lambda: ScrubOptions(opt_in={"nothing"}),
        lambda: ScrubOptions(opt_in={"jwt"}),
        lambda: ScrubOptions(disabled={"nothing"}),
        lambda: ScrubOptions(detectors=[UserDetector(id="mine", pattern="x")] * 2),
        lambda: ScrubOptions(tag_key=b"short"),
        lambda: ScrubOptions(max_bytes=0),
    ],
)
def test_bad_options_are_errors(make):
    with pytest.raises(ValueError, match=r"detector|expected"):
        make()


def test_detectors_are_switched_off():
    text = "mail: password=hunter2"
    assert scrub(text, options=ScrubOptions(disabled={"assignment"})).value is text


def recogniser(find, **more):
    return ScrubOptions(recogniser=Recogniser(find=find, **more))


def test_an_outside_recogniser_adds_spans():
    def names(text):
        at = text.find("Alice")
        return [(at, at + 5, "person")] if at >= 0 else []

    done = scrub({"ä": "hello Älice and Alice"}, options=recogniser(names))
    assert done.value == {"ä": "hello Älice and [REDACTED:person]"}


def fails(text):
    raise RuntimeError


@pytest.mark.parametrize(
    "find", [fails, lambda text: [(0, 10**9, "x")], lambda text: [(0, 1, "Not An Id")], lambda text: None]
)
def test_a_recogniser_that_fails_hides_the_value(find):
    done = scrub({"a": "some text", "n": 1}, options=recogniser(find))
    assert done.value == {"a": "[REDACTED:recogniser_failed]", "n": 1}


def test_a_recogniser_that_is_slow_hides_the_value():
    ticks = iter(range(0, 1000, 5))
    done = scrub("some text", options=recogniser(lambda text: [], clock=lambda: next(ticks), time_limit=1.0))
    assert done.value == "[REDACTED:recogniser_failed]"
    assert scrub("x" * 50, options=recogniser(lambda text: [], longest=10)).value == "[REDACTED:recogniser_failed]"


def test_a_recogniser_that_never_ends_finding_hides_the_value():
    done = scrub("some text", options=recogniser(lambda text: [(len(text) - 1, len(text), "x")] if text else []))
    assert done.value.startswith("[REDACTED") or "[REDACTED:x]" in done.value


def test_random_bytes_of_a_key_are_not_in_the_repr():
    key = Random(1).randbytes(20)
    assert repr(key)[2:-1] not in repr(ScrubOptions(tag_key=key))
