"""Texts that were cut within a secret."""

from __future__ import annotations

from random import Random

import pytest

from agent_otel.policy.scrubbing import scrub
from policy.scrubbing import corpora, vectors

BEGINNINGS = [
    "ghp" + "_", "github" + "_pat_", "glpat-",
    "sk-ant-" + "api03-", "sk-proj-", "xoxb-", "AKIA", "AIza", "hf" + "_", "npm_",
    "dop_v1_", "hvs.", "SG.", "gsk_", "r8_", "pypi-AgEIcHlwaS5vcmc", "sk_live_", "whsec_", "glsa_", "dapi",
]  # fmt: skip


@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("count", [4, 7, 12])
def test_a_known_beginning_at_the_end_is_hidden(beginning, count):
    rest = "A7" + corpora.draw(Random(count), corpora.UPPER, count - 2)
    for frame in ("the output was {}", "x={}", '{{"token": "{}', "{}", "a\n{}"):
        text = frame.replace("{{", "{").replace("{}", beginning + rest)
        assert rest not in scrub(text).value


@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("rest", ["a", "ab", "abcdef", "1"])
def test_of_a_text_known_to_be_cut_any_rest_is_hidden(beginning, rest):
    assert scrub(f"see {beginning}{rest}", is_cut=True).value == "see [REDACTED:cut_credential]"
    assert scrub({"a": [f"see {beginning}{rest}"]}, is_cut=True).value == {"a": ["see [REDACTED:cut_credential]"]}


@pytest.mark.parametrize(
    "text",
    ["postgres://app:{}", "Authorization: Bearer {}", "curl -u bob:{}", "password={}", '{"password": "{}', "basic {}"],
)
def test_what_only_a_cut_leaves_open(text):
    assert "hunt1" not in scrub(text.replace("{}", "hunt1"), is_cut=True).value


@pytest.mark.parametrize(
    "text", ["npm_config_cache", "see hf_hub", "a task-", "gsk_", "run sk-learn", "use npm_", "the AKIA"]
)
def test_words_at_the_end_stay(text):
    assert scrub(text).value is text


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
def test_key_blocks_without_their_end(kind):
    block = corpora.pem(Random(3), kind)
    for size in range(60, len(block), 37):
        body = "".join(block[:size].split("\n")[1:])
        done = scrub(f"cat key\n{block[:size]}").value
        assert not any(body[at : at + 8] in done for at in range(0, len(body) - 8, 8))


@pytest.mark.parametrize("key", ["password", "api_key", "client_secret", "DB_PASSWORD"])
@pytest.mark.parametrize("quote", ['"', "'", '\\"'])
def test_quoted_values_without_their_end(key, quote):
    secret = vectors.render(Random(5), "{p24}")
    for size in range(8, len(secret)):
        text = f"{quote}{key}{quote}: {quote}{secret[:size]}"
        assert secret[:6] not in scrub(text).value


def test_any_cut_of_a_vector_leaks_no_long_run():
    leaks = 0
    total = 0
    for vector in vectors.shape_vectors(Random(11), draws=1):
        if vector.placement != "bare" or vector.name.endswith("*"):
            continue
        secret = vector.secrets[0]
        for part in (0.5, 0.75, 0.9):
            kept = secret[: int(len(secret) * part)]
            total += 1
            leaks += kept[-8:] in scrub(f"found {kept}", is_cut=True).value
    assert leaks / total < 0.1  # those that are told by their end alone
