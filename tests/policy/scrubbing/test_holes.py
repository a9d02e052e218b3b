"""The seven measured holes of the source systems' scrubbers, each a leak test (SOURCES.md 2.4)."""

from __future__ import annotations

import json
from random import Random

import pytest

from agent_otel.policy.scrubbing import scrub
from policy.scrubbing import corpora
from secrets_made_up import github_token

RANDOM = Random(4)


def text(value, *gone):
    done = scrub(value).value
    for secret in gone:
        assert secret not in done
    assert "[REDACTED" in done
    return done


def test_h1_authorization_header_in_plain_text():
    token = corpora.jwt(RANDOM)
    assert text(f"Authorization: Bearer {token}\nAccept: */*", token).startswith("Authorization: Bearer [REDACTED")
    text("authorization: basic " + corpora.draw(RANDOM, corpora.ALNUM, 24), "basic " + "x")
    text(f"curl -H 'Authorization: Bearer {token}' https://host", token)


def test_h2_json_in_json():
    inner = json.dumps({"token": "abcd1", "note": "kept"})
    done = json.loads(text(json.dumps({"body": inner}), "abcd1"))
    assert json.loads(done["body"])["note"] == "kept"


def test_h2_json_in_json_that_is_broken():
    broken = json.dumps({"body": json.dumps({"token": "abcd1efgh"})})[:-6]
    text(broken, "abcd1ef")


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "DB_PASSWORD_PROD", "MY_API_KEY"])
def test_h3_environment_assignments(name):
    secret = corpora.draw(RANDOM, corpora.ALNUM, 38) + "7x"
    assert text(f"export {name}={secret}\nHOME=/root", secret).endswith("\nHOME=/root")


@pytest.mark.parametrize(
    ("before", "secret", "after"),
    [
        ("password: ", "hunt3r", ""),
        ("https://bob:", "pw1", "@host/path"),
        ("curl -u bob:", "pw1", " https://host"),
        ("api_key: `", "abc12x", "`"),
        ('{"password": "', "x", '"}'),
    ],
)
def test_h4_short_values_and_unusual_places(before, secret, after):
    done = scrub(before + secret + after).value
    assert done.startswith(before + "[REDACTED")
    assert done.endswith("]" + after)


@pytest.mark.parametrize("key", ["api_key", "access_token", "x-api-key", "Client Secret"])
def test_h5_json_stays_json_and_keys_stay(key):
    done = text(json.dumps({key: "sk-1234567890", "n": 1}), "1234567890")
    assert list(json.loads(done)) == [key, "n"]


def test_h6_no_character_of_the_secret_is_kept():
    assert scrub("password=Zq9wXyVu").value == "password=[REDACTED:assignment]"
    assert scrub({"token": "Zq9w"}).value == {"token": "[REDACTED:secret_key]"}


@pytest.mark.parametrize(
    "innocent",
    [
        {"max_tokens": 4096, "auth_enabled": True, "token_count": 3, "author": "alice"},
        {"next_page_token": "CAoQAA", "token_type": "bearer", "password_policy": "strong", "secret_name": "db"},
        {"token": None, "api_key": False, "access_token": 12},
        {"usage": {"input_tokens": 5, "total_tokens": 12345, "tokens_saved": 12345}},
        {"session_id": "s-1234567890abcdef12", "key": "PROJ-123", "tokens": [" a", " b"]},
        {"logprobs": [{"token": " word", "logprob": -0.5}]},
        {"properties": {"password": {"type": "string", "description": "The password"}}},
        {"pwd": "/home/x/project"},
        "max_tokens: 4096, auth_enabled: true, tokenizer: fast",
        "Authorization: Bearer $TOKEN",
        "password = os.environ['DB_PASSWORD']",
        "def login(user: str, password: str | None = None) -> Token:",
    ],
)
def test_h7_what_only_tells_about_secrets_stays(innocent):
    done = scrub(innocent)
    assert done.value is innocent
    assert not done.findings
    if not isinstance(innocent, str):
        written = json.dumps(innocent)
        assert scrub(written).value is written


@pytest.mark.parametrize(
    "text",
    [
        'the answer was {"\\u0070assword": "%s"}',
        'the answer was {"a": "\\u0067hp_%s"}',
        'say "\\u0041uthorization: Bearer %s" and go',
    ],
)
def test_a_letter_in_disguise_hides_nothing_in_json_that_stands_in_other_text(text):
    secret = github_token(3).removeprefix("ghp_")
    done = scrub(text % secret)
    assert secret not in done.value
    assert done.findings
    assert scrub(done.value).value == done.value
    assert secret not in str(scrub([{"note": text % secret}]).value)


def test_letters_in_disguise_that_hide_nothing_stay_as_they_are():
    text = "see \\u0041 and \\u0062, or C:\\\\users\\u0063"
    assert scrub(text).value is text
