"""Credentials that are known by the place where they stand: keys, headers, addresses, command lines."""

from __future__ import annotations

from functools import partial
import re

from agent_otel.policy.scrubbing import detector as d
from agent_otel.policy.scrubbing.validators import basic_pair, jwt, mixed, opaque
from agent_otel.policy.scrubbing.values import is_placeholder

__all__ = ["DETECTORS"]

_keys = partial(d.rule, family="private_keys")
_header = partial(d.rule, family="headers")
_address = partial(d.rule, family="addresses")
_command = partial(d.rule, family="command_lines")

_GAP = r"(?:\s|\\[rnt])"
_ARGUMENT = r"""(?:[^\s"'`\\;|&<>]|\\[^nrt"'`])+"""
_QUOTE = r"""["'`\\]*"""
_LINE = r"[^\r\n]"
# Between arguments: in a line, and in the JSON of a list of them.
_SPACE = r"""[\s"',\\]"""
_PEM_LINE = r"[A-Za-z0-9+/=]{8,}"
_NEXT_ARGUMENT = re.compile(rb"\s+(?:-[A-Za-z-]|\||https?:)")
_HEADER_END = r"""[^\r\n"'`\\]"""


def _bearer(value: bytes) -> bool:
    return mixed(value) or opaque(value) or (value.isalnum() and not value.isalpha() and not value.isdigit())


def _no_placeholder(value: bytes) -> bool:
    return not is_placeholder(value)


def _until_next_argument(value: bytes) -> int:
    """Give where a header's value ends that stands unquoted on a command line."""
    found = _NEXT_ARGUMENT.search(value)
    return len(value) if found is None else found.start()


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
        ('"d"', '\\"d\\"', '"k"', '\\"k\\"'),
        r'\\?"[dk]\\?"\s*:\s*\\?"(?P<secret>[A-Za-z0-9_-]{40,})',
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
        rf"(?i)cookie2?{_QUOTE}\s*[:=]\s*{_QUOTE}(?P<secret>[A-Za-z0-9_.$-]+={_HEADER_END}+)",
        triggers=(r"cookie2?[\"'\\]*\s*[:=]",),
        reach=8192,
        samples=(
            ("Cookie: session={}", "<w32>"),
            ("Set-Cookie: sid={}; Path=/; HttpOnly", "<w32>"),
        ),
    ),
    # Addresses
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
    # Command lines
    _command(
        "curl_user",
        "user and password on a command line of curl or alike",
        ("curl", "wget", "http -", "http --", "https -"),
        rf"(?i)(?:curl|wget|https?){_LINE}*?{_SPACE}+(?:-u|--user|--proxy-user|-a|--auth)[\s=\"',\\]*"
        rf"[^\s\"'`:\\]*:(?P<secret>{_ARGUMENT})",
        triggers=(r"(?:curl|wget)(?:\.exe)?[\s\"\\]", r"https? --?a"),
        boundary=True,
        validate=_no_placeholder,
        samples=(
            ("curl -s -u admin:{} https://host/api", "<a5,24>"),
            ("curl --user 'admin:{}' https://host", "<a5,24>"),
        ),
    ),
    _command(
        "client_password_option",
        "password option of a database client",
        ("mysql", "mariadb", "mongo", "redis-cli", "sqlcmd", "sshpass", "mssql", "ldap", "smbclient", "docker login"),
        rf"(?i)(?:(?:mysql|mariadb)[a-z-]*{_LINE}*?{_SPACE}-p"
        rf"|(?:mongo|ldap|docker login)[a-z]*{_LINE}*?{_SPACE}-[pw]{_SPACE}+"
        rf"|redis-cli{_LINE}*?{_SPACE}-a{_SPACE}+|sshpass{_SPACE}+-p\s*"
        rf"|(?:sqlcmd|mssql)[a-z-]*{_LINE}*?{_SPACE}-P\s*|smbclient{_LINE}*?-U\s+[^\s%]+%)"
        rf"{_QUOTE}(?P<secret>{_ARGUMENT})",
        triggers=(
            r"(?:mysql|mariadb|mongo|ldap)[a-z-]*[\s\"\\]+[^\s=:]",
            r"(?:docker login|redis-cli|sshpass|smbclient|sqlcmd|mssql-cli)[\s\"\\]",
        ),
        validate=_no_placeholder,
        samples=(
            ("mysql -h db -u root -p{} app", "<a5,24>"),
            ("sshpass -p {} ssh host", "<a5,24>"),
            ("redis-cli -h cache -a {} ping", "<a5,24>"),
        ),
    ),
    _command(
        "netrc_password",
        "password of a netrc line",
        ("machine ",),
        r"(?i)machine\s+\S+\s+login\s+\S+\s+password\s+(?P<secret>\S+)",
        triggers=("machine ",),
        samples=(("machine host.example login bob password {}", "<a5,24>"),),
    ),
    _command(
        "pgpass_line",
        "password of a pgpass line",
        (":5432:",),
        r":5432:[^\s:]+:[^\s:]+:(?P<secret>[^\s:]+)",
        any_case=False,
        samples=(("db.internal:5432:app:bob:{}", "<a5,24>"),),
    ),
    _command(
        "password_in_prose",
        "password told in a sentence",
        ("password is", "passphrase is", "passcode is", "password was", "kennwort ist", "passwort ist"),
        rf"(?i)(?:password|passphrase|passcode|kennwort|passwort)\s(?:is|was|ist):?\s+{_QUOTE}"
        r"(?P<secret>[^\s\"'`\\]{4,})",
        validate=lambda value: any(byte in b"0123456789!@#$%^&*" for byte in value.rstrip(b".,;:!?)")),
        samples=(("The password is {}", "<a6,12>7"),),
    ),
)
