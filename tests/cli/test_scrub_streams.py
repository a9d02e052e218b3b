"""Scrubbing a stream: innocent bytes come back as they were, and no cut between blocks lets a secret through."""

from __future__ import annotations

import io
import json
from random import Random

from hypothesis import example, given
from hypothesis import strategies as st
import pytest

from agent_otel.cli.scrubbing.blocks import Sizes
from agent_otel.cli.scrubbing.command import Account, scrub_bytes
from agent_otel.policy.scrubbing import TABLE, Place, ScrubOptions

SMALL = Sizes(block=256, around=2048, key_block=8192, longest=16384)
TINY = Sizes(block=64, around=512, key_block=1024, longest=1024)
DETECTORS = [row for row in TABLE if not row.opt_in and row.samples]
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def scrubbed(data: bytes, sizes: Sizes = SMALL, account: Account | None = None) -> bytes:
    return b"".join(scrub_bytes(io.BytesIO(data), account=account, sizes=sizes))


def made_up(random: Random, length: int = 24) -> str:
    return "".join(random.choice(LETTERS) for _ in range(length)) + "7q"


def key_block(random: Random, lines: int) -> tuple[str, list[str]]:
    body = [made_up(random, 62) for _ in range(lines)]
    kind = "RSA PRIVATE " + "KEY"
    return "\n".join([f"-----BEGIN {kind}-----", *body, f"-----END {kind}-----"]) + "\n", body


def filler(random: Random) -> str:
    words = " ".join(random.choice(["the", "fox", "ran", "42", "away", "über"]) for _ in range(random.randint(1, 12)))
    document = {"n": random.randint(0, 99), "said": words, "list": [1, [2, {"x": None}]]}
    return random.choice(
        [
            words + "\n",
            words + ",\n",
            words + "\r\n",
            "\n",
            json.dumps(document) + "\n",
            json.dumps(document, indent=2) + "\n",
            f"data: {json.dumps(document)}\n\n",
        ]
    )


def planted(random: Random) -> tuple[str, list[str]]:
    """Give lines that hold a secret, and what must not be seen of it."""
    secret = made_up(random)
    shape = random.randrange(7)
    if shape == 0:
        return key_block(random, random.randint(2, 20))
    if shape == 1:
        return f'{{\n  "list": [\n    1,\n    2\n  ],\n  "password":\n    "{secret}"\n}}\n', [secret]
    if shape == 2:
        credentials = json.dumps({"credentials": {"first": [f"{secret} and more"]}}, indent=1)
        return f"{credentials}\n", [secret]
    if shape == 3:
        return f'data: {{"name": "api_token", "value": "{secret}"}}\n\n', [secret]
    if shape == 4:
        return json.dumps({"text": json.dumps({"client_secret": secret})}) + "\n", [secret]
    if shape == 5:
        return f'PASSWORD="""{secret}\n{secret}"""\n', []
    sample = random.choice(random.choice(DETECTORS).make_samples(random))
    return f"{sample.text}\n", [sample.secret]


@given(st.binary(max_size=3000), st.sampled_from([SMALL, TINY, Sizes()]))
@example(b"\xef\xbb\xbf[1]\r\n", TINY)
@example(b"\xff\xfeh\0i\0!", TINY)
@example(b"h\0i\0\n\0", TINY)
@example("\U0010ff80 \U0010ffff\n".encode() + b"\x80\xff\xed\xa0\x80", TINY)
@example(b"\xe2\x82", TINY)
@example(b"", TINY)
def test_innocent_bytes_come_back(data: bytes, sizes: Sizes) -> None:
    account = Account()
    done = scrubbed(data, sizes, account)
    if not account.found:
        assert done == data
    assert (account.bytes_in, bool(account.found)) == (len(data), bool(account.hidden))


@given(st.integers(0, 2**32), st.sampled_from([SMALL, TINY]))
def test_innocent_lines_come_back(seed: int, sizes: Sizes) -> None:
    random = Random(seed)
    data = "".join(filler(random) for _ in range(random.randint(0, 120))).encode()
    assert scrubbed(data, sizes) == data


@given(st.integers(0, 2**32), st.sampled_from([SMALL, TINY]))
def test_what_is_found_in_the_whole_is_found_across_every_seam(seed: int, sizes: Sizes) -> None:
    random = Random(seed)
    parts: list[str] = []
    hidden: list[str] = []
    for _ in range(random.randint(1, 4)):
        parts += [filler(random) for _ in range(random.randint(0, 40))]
        text, secrets = planted(random)
        parts.append(text)
        hidden += secrets
    data = "".join(parts).encode()
    whole, done = scrubbed(data, Sizes()), scrubbed(data, sizes)
    assert [secret for secret in hidden if secret.encode() in done and secret.encode() not in whole] == []
    if sizes is SMALL:
        assert done == whole


@pytest.mark.parametrize("shift", range(0, 700, 23))
def test_a_key_block_is_never_cut(shift: int) -> None:
    text, body = key_block(Random(shift), 12)
    data = ("innocent words here\n" * 40 + "x" * shift + "\n" + text + "more innocent words\n" * 300).encode()
    done = scrubbed(data).decode()
    assert not [line for line in body if line in done]
    assert done.count("[REDACTED:private_key]") == 1
    assert done.endswith("more innocent words\n" * 300)


def test_a_table_whose_lines_end_in_commas_is_cut_between_its_lines() -> None:
    data = b"a,b,c,\n" * 20_000
    taken = list(scrub_bytes(io.BytesIO(data), sizes=SMALL))
    assert b"".join(taken) == data
    assert max(map(len, taken)) < 4 * SMALL.around


def test_a_line_beyond_the_limit_passes_if_it_is_innocent_and_is_hidden_from_the_first_doubt_on() -> None:
    secret = made_up(Random(1))
    long = "word " * 2000
    innocent = f"before\n{long}\nafter\n".encode()
    assert scrubbed(innocent, TINY) == innocent
    account = Account()
    done = scrubbed(f'before\n{long}{{"password": "{secret}"}}{long}{secret}\nafter\n'.encode(), TINY, account).decode()
    assert secret not in done
    assert done.startswith("before\nword word")
    assert done.endswith("[REDACTED:too_long]\nafter\n")
    assert account.as_dict()["found"] == [{"detector": "too_long", "place": "whole", "count": 1}]


def records(random: Random, depth: int = 0) -> object:
    shape = random.randrange(6 if depth < 4 else 3)
    if shape < 3:
        return random.choice(["some words", 42, None, True, 'a, "quoted" [text]: {', "über", "x" * 300, [], {}])
    if shape == 3:
        named = {random.choice(["text", "n", "max_tokens", 'odd "name": [']): records(random, depth + 1)}
        secret = {random.choice(["password", "client_secret", "credentials"]): f"Hq-{made_up(random)}"}
        return random.choice([named, {**named, **secret}, {**named, "credentials": [secret, {"x": ["Hq one, two"]}]}])
    return [records(random, depth + 1) for _ in range(random.randint(0, 12))]


@given(st.integers(0, 2**32), st.sampled_from([2, 1, "\t"]))
def test_a_document_beyond_the_limit_is_scrubbed_in_parts(seed: int, indent: int | str) -> None:
    random = Random(seed)
    document = {"before": 1, "records": [records(random) for _ in range(25)], "password": f"Hq-{made_up(random)}"}
    data = f"before\n{json.dumps(document, indent=indent)}\nafter\n".encode()
    account = Account()
    done = scrubbed(data, Sizes(block=512, around=2048, key_block=2048, longest=4096), account)
    assert done.startswith(b"before\n")
    assert done.endswith(b"\nafter\n")
    assert b"Hq" not in done
    if ("too_long", Place.WHOLE) not in account.found:
        assert json.loads(done[7:-6]) == json.loads(scrubbed(data, Sizes())[7:-6])


def test_what_ancestors_say_holds_in_every_part_of_a_document() -> None:
    secrets = [f"{made_up(Random(number))} and more" for number in range(300)]
    document = json.dumps({"n": 1, "credentials": {"list": [{"x": text} for text in secrets]}, "end": [1]}, indent=2)
    done = json.loads(scrubbed(f"{document}\n".encode(), TINY))
    assert done == {"n": 1, "credentials": {"list": [{"x": "[REDACTED:secret_key]"}] * 300}, "end": [1]}


def test_what_only_begins_like_a_document_is_hidden_from_the_first_doubt_on() -> None:
    secret = made_up(Random(2))
    lines = "1,\n" * 1000 + f'"password": "{secret}",\n' + "2,\n" * 1000
    done = scrubbed(f"before\n{{ [ ) {lines}]\nafter\n".encode(), TINY).decode()
    assert secret not in done
    assert done.startswith("before\n")
    assert done.endswith("[REDACTED:too_long]\nafter\n")


def test_a_key_block_begun_within_a_hidden_line_is_hidden_to_its_end() -> None:
    text, body = key_block(Random(3), 6)
    begin = text.partition("\n")[0]
    line = "password = 'q7q7q7q7q7zz' " + "word " * 1000 + begin
    done = scrubbed(f"{line}\n{text.partition(chr(10))[2]}after\n".encode(), TINY).decode()
    assert not [part for part in body if part in done]
    assert done.endswith("\nafter\n")


def test_memory_is_bounded_by_blocks() -> None:
    class Endless(io.RawIOBase):
        left = 400
        most = 0

        def read(self, size: int = -1) -> bytes:
            self.left -= 1
            return b"some words of a line that is innocent\n" * 200 if self.left > 0 else b""

    stream = Endless()
    sizes = [len(part) for part in scrub_bytes(stream, sizes=Sizes(block=10_000, around=5_000))]
    assert sum(sizes) == 399 * 200 * 38
    assert max(sizes) <= 20_000


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_other_encodings_are_read_and_written(codec: str) -> None:
    secret = made_up(Random(4))
    text = f'{{"password": "{secret}", "city": "Köln"}}\nsecond line 💡\n'
    done = scrubbed(text.encode(codec)).decode(codec)
    assert done == text.replace(secret, "[REDACTED:secret_key]")
    assert scrubbed("second line 💡\n".encode(codec)) == "second line 💡\n".encode(codec)


def test_bytes_that_are_no_text_stay_within_json_too() -> None:
    secret = made_up(Random(5))
    data = b'{"a":"\xff\xe9\x00\xf4\x8f\xbf\x80","password":"' + secret.encode() + b'"}\n'
    assert scrubbed(data).startswith(b'{"a":"\xff\xe9')
    assert secret.encode() not in scrubbed(data)


def test_a_block_on_which_scrubbing_fails_becomes_a_marker(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("agent_otel.policy.scrubbing.Scrubber.scrub", fail)
    data = b"innocent\n" * 40 + f"password = '{made_up(Random(6))}'\n".encode()
    done = scrubbed(data, Sizes())
    assert done == b"[REDACTED:policy_failed]\n"


def test_options_of_the_policy_hold() -> None:
    data = b"write to bob@example.org\n"
    assert b"".join(scrub_bytes(io.BytesIO(data), ScrubOptions(opt_in={"email"}))) == b"write to [REDACTED:email]\n"
