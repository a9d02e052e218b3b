"""Credentials that are known by the place where they stand: keys, headers, addresses, command lines."""

from __future__ import annotations

from functools import partial
import re

from agent_otel.policy.scrubbing import detector as d
from agent_otel.policy.scrubbing.placeholders import is_placeholder
from agent_otel.policy.scrubbing.validators import basic_pair, jwt, mixed, opaque

__all__ = ["DETECTORS"]

_keys = partial(d.rule, family="private_keys")
_header = partial(d.rule, family="headers")
_address = partial(d.rule, family="addresses")

_GAP = r"(?:\s|\\[rnt])"
_QUOTE = r"""["'`\\]*"""
_LINE = r"[^\r\n]"
_PEM_LINE = r"[A-Za-z0-9+/=]{8,}"
_NEXT_ARGUMENT = re.compile(rb"\s+(?:-[A-Za-z-]|\||https?:)")
_HEADER_END = r"""[^\r\n"'`\\]"""

_NO_PASSWORD = re.compile(rb"(?is)[0-9.,]*|[({<$%].*|.*[({\[].*[)}\]].*|.*=.*|sha-?[0-9]+|md5|[a-z]*-[0-9]")


def _bearer(value: bytes) -> bool:
    return mixed(value) or opaque(value) or (value.isalnum() and not value.isalpha() and not value.isdigit())


def _no_placeholder(value: bytes) -> bool:
    return not is_placeholder(value)


def _until_next_argument(value: bytes) -> int:
    """Give where a header's value ends that stands unquoted on a command line."""
    found = _NEXT_ARGUMENT.search(value)
    return len(value) if found is None else found.start()


def _told_password(value: bytes) -> bool:
    value = value.rstrip(b".,;:!?)")
    return (
        not is_placeholder(value)
        and any(byte in b"0123456789!@#$%^*" for byte in value)
        and _NO_PASSWORD.fullmatch(value) is None
    )


DETECTORS: tuple[d.Detector, ...] = (
    # Private keys, whole or cut at either end
    _keys(
        "private_key",
        "private key block, also without its end",
        ("-----BEGIN ",),
        r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:(?:[^-]|-[^-])*?-----END [A-Z0-9 ]*-*"
        rf"|(?:{_GAP}*[A-Za-z][A-Za-z-]+: {_LINE}*)*(?:{_GAP}*{_PEM_LINE})*(?:{_GAP}+[A-Za-z0-9+/=]+)?)",
        triggers=(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE",),
        any_case=False,
        reach=16384,
    ),
    _keys(
        "private_key_tail",
        "end of a private key block whose start was cut off",
        ("-----END ",),
        rf"(?:[A-Za-z0-9+/=]{{8,}}{_GAP}+)+(?:[A-Za-z0-9+/=]+{_GAP}+)?-----END (?:[A-Z0-9]{{1,12}} ){{0,4}}PRIVATE KEY",
        triggers=(r"-----END (?:[A-Z0-9]{1,12} ){0,4}PRIVATE",),
        any_case=False,
        lead=8192,
    ),
    _keys(
        "putty_key",
        "private part of a PuTTY key",
        ("Private-Lines:",),
        rf"Private-Lines: [0-9]{{1,3}}(?P<secret>(?:{_GAP}+[A-Za-z0-9+/=]{{16,}})+)",
        any_case=False,
        reach=16384,
        samples=(("Private-Lines: 2\n{}\n", "<b64>"),),
    ),
    _keys(
        "putty_mac",
        "checksum of a PuTTY key",
        ("Private-MAC: ",),
        r"Private-MAC: (?P<secret>[0-9a-f]{40,64})",
        any_case=False,
        samples=(("Private-MAC: {}", "<h64>"),),
    ),
    _keys(
        "seed_phrase",
        "words that a wallet's key is made of",
        ("mnemonic", "phrase"),
        r"(?i)(?:mnemonic|(?:seed|recovery|secret)[ _-]?phrase)[\"'`\\]*\s*(?:[:=]|is)\s*[\"'`\\]*"
        r"(?P<secret>(?:[a-z]{3,8}[ ,]+){11,23}[a-z]{3,8})",
        lead=10,
    ),
    _keys(
        "jwt",
        "JSON Web Token",
        ("eyJ",),
        r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,3}",
        triggers=(r"eyJ[A-Za-z0-9_-]{8}",),
        any_case=False,
        boundary=True,
        reach=8192,
        validate=jwt,
        samples=(("{}", "eyJhbGciOiJIUzI1NiJ9.eyJ<w40>.<w43>"),),
    ),
    _keys(
        "jwk_private",
        "private member of a JSON Web Key",
        tuple(f"{escape}{name}{escape}" for name in ("d", "p", "q", "dp", "dq", "qi", "k") for escape in ('"', '\\"')),
        r'\\?"(?:d|p|q|dp|dq|qi|k)\\?"\s*:\s*\\?"(?P<secret>[A-Za-z0-9_-]{40,})',
        validate=opaque,
        any_case=False,
        samples=(('{{"kty":"EC","d":"{}"}}'.replace("{{", "{").replace("}}", "}"), "<w43>"),),
    ),
    # Headers
    _header(
        "authorization_header",
        "value of an authorisation header",
        ("authorization",),
        rf"(?i)authorization{_QUOTE}\s*[:=]\s*{_QUOTE}"
        r"(?:bearer|basic|token|apikey|api-key|negotiate|ntlm|bot|ssws|genie\s?key|key|splunk|snowflake)\s+"
        rf"(?P<secret>{_HEADER_END}+)",
        narrow=_until_next_argument,
        validate=_no_placeholder,
        reach=8192,
        samples=(
            ("Authorization: Bearer {}", "<w24,60>"),
            ("curl -H 'Authorization: Basic {}' https://host", "<a24>=="),
            ("> authorization: token {}", "<h40>"),
        ),
    ),
    _header(
        "authorization_parameters",
        "parameters of an authorisation header",
        ("authorization",),
        rf"(?i)authorization{_QUOTE}\s*[:=]\s*{_QUOTE}"
        r"(?:digest|aws4-hmac-sha256|oauth|hawk|signature|hoba|mac)\s+"
        r"(?P<secret>[a-z_]+=[^\r\n]+)",
        reach=8192,
        samples=(("Authorization: Digest username=bob, response={}", "<h32>"),),
    ),
    _header(
        "bearer_token",
        "bearer token",
        ("bearer",),
        r"(?i)bearer(?:\s|%20|\+|\\u0020)+(?P<secret>[A-Za-z0-9._~+/=-]{8,})",
        triggers=(r"bearer(?:\s|%20|\+)",),
        reach=4096,
        validate=_bearer,
        samples=(("sent with Bearer {}", "<w30,60>"),),
    ),
    _header(
        "basic_credentials",
        "credentials of basic authentication",
        ("basic ",),
        r"(?i)basic (?P<secret>[A-Za-z0-9+/]{8,}={0,2})",
        triggers=("basic [A-Za-z0-9+/]{8}",),
        boundary=True,
        validate=basic_pair,
    ),
    _header(
        "cookie_header",
        "value of a cookie header",
        ("cookie",),
        rf"(?i)cookie2?{_QUOTE}\s*[:=]\s*\[?{_QUOTE}(?P<secret>[A-Za-z0-9_.$-]+={_HEADER_END}+)",
        triggers=(r"cookie2?[\"'\\]*\s*[:=]",),
        reach=8192,
        samples=(
            ("Cookie: session={}", "<w32>"),
            ("Set-Cookie: sid={}; Path=/; HttpOnly", "<w32>"),
        ),
    ),
    _header(
        "hook_signature",
        "signature of a webhook",
        ("signature: sha", "signature-256: sha"),
        r"(?i)signature(?:-256)?: sha[0-9]+=(?P<secret>[0-9a-f]{40,128})",
        samples=(("X-Hub-Signature-256: sha256={}", "<h64>"),),
    ),
    # Addresses
    _address(
        "url_code",
        "authorisation code or signature in an address",
        ("?code=", "&code=", "&signature=", "?signature="),
        r"(?i)[?&](?:code|signature)=(?P<secret>[A-Za-z0-9_.~%/+=-]{16,})",
        validate=mixed,
        samples=(("https://host/callback?code={}", "<a30>"),),
    ),
    _address(
        "url_password",
        "password in an address",
        ("://", ":\\/\\/"),
        r":(?://|\\/\\/)[^\s/?#\"'`<>@:\\]*:(?P<secret>[^\s\"'`<>@/]+(?:/[^\s\"'`<>@/]+)?(?:@[^\s\"'`<>@/:]+)?)@[A-Za-z0-9\[._$%{-]",
        drop=2,
        validate=_no_placeholder,
        triggers=(r":(?://|\\/\\/)[^\s/?#\"'`<>@:\\]*:[^\s\"'`<>@/]*/?[^\s\"'`<>@/]*@",),
        samples=(
            ("postgres://app:{}@db.internal:5432/app", "<a6,24>"),
            ("redis://:{}@cache:6379/0", "<a6,24>"),
            ("mongodb+srv://app:{}@cluster.example/test", "<a6,24>"),
            ("https://user:{}@host/path", "<a6,24>"),
        ),
    ),
    _address(
        "url_user_token",
        "token as the user of an address",
        ("://", ":\\/\\/"),
        r":(?://|\\/\\/)(?P<secret>[A-Za-z0-9_.~-]{16,})@[A-Za-z0-9\[._$%{-]",
        drop=2,
        triggers=(r":(?://|\\/\\/)[A-Za-z0-9_.~-]{16,}@",),
        validate=opaque,
        samples=(("https://{}@git.example/repo.git", "<h40>"),),
    ),
    d.rule(
        "password_in_prose",
        "password told in a sentence",
        ("password ", "passphrase ", "passcode ", "kennwort ", "passwort "),
        r"(?i)(?:(?:password|passphrase|passcode|kennwort|passwort)(?: (?:for|of) \S{1,40})?"
        rf"\s(?:is|was|ist|to|=|now):?"
        r"|(?:with|and|use|using|has|have|as|user \S{1,40}|the|his|her|my|our|their) pass(?:word|phrase|code))"
        rf"\s+{_QUOTE}"
        r"(?P<secret>[^\s\"'`\\]{4,})",
        triggers=(
            r"(?:password|passphrase|passcode|kennwort|passwort) (?:is|was|ist|to|=|now|for|of)",
            r"pass(?:word|phrase|code) [\"'`]?[^\s]*[0-9]",
        ),
        family="passwords",
        lead=56,
        validate=_told_password,
        samples=(("The password is {}", "<a6,12>7"),),
    ),
)
