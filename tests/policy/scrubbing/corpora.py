"""Credentials and innocent texts made at run time.

The formats here are written down apart from the table of the package, from what the providers document: what the table
misses of them is a miss.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from random import Random
import string
import sysconfig

ALNUM = string.ascii_letters + string.digits
WORD = ALNUM + "-_"
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits
LOWER = string.ascii_lowercase + string.digits
BASE32 = string.ascii_uppercase + "234567"
BASE64 = ALNUM + "+/"


def draw(random: Random, alphabet: str, count: int) -> str:
    return "".join(random.choice(alphabet) for _ in range(count))


def uuid(random: Random) -> str:
    return "-".join(draw(random, HEX, n) for n in (8, 4, 4, 4, 12))


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def jwt(random: Random) -> str:
    head = b64url(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = b64url(json.dumps({"sub": draw(random, string.digits, 10)}).encode())
    return f"{head}.{body}.{draw(random, WORD, 43)}"


def pem(random: Random, kind: str = "RSA ") -> str:
    lines = "\n".join(draw(random, BASE64, 64) for _ in range(6))
    border = f"{kind}PRIVATE" + " KEY-----"
    return f"-----BEGIN {border}\n{lines}\n{draw(random, BASE64, 30)}==\n-----END {border}"


# family -> formats: (prefix, alphabet, count) parts in a row, joined.
FORMATS = {
    "cloud": [
        [("AKIA", BASE32, 16)],
        [("ASIA", BASE32, 16)],
        [("AIza", WORD, 35)],
        [("GOCSPX-", WORD, 28)],
        [("ya29.", WORD, 120)],
        [("dop_v1_", HEX, 64)],
        [("hvs.", WORD, 90)],
        [("pul-", HEX, 40)],
        [("LTAI", ALNUM, 20)],
        [("dp.pt.", ALNUM, 43)],
        [("", ALNUM, 14), (".atlasv1.", WORD, 67)],
        [("tskey-auth-", ALNUM, 16), ("-", ALNUM, 32)],
        [("nfp_", ALNUM, 36)],
        [("rnd_", ALNUM, 28)],
        [("1//0", WORD, 60)],
    ],
    "source_hosts": [
        [("gh" + "p_", ALNUM, 36)],
        [("gho_", ALNUM, 36)],
        [("ghs_", ALNUM, 36)],
        [("github_pat_", ALNUM, 22), ("_", ALNUM, 59)],
        [("glpat-", WORD, 20)],
        [("glpat-", WORD, 27), (".01.", LOWER, 9)],
        [("glrt-", WORD, 20)],
        [("gldt-", WORD, 20)],
        [("ATATT3xFfG", WORD, 170)],
        [("ATBB", ALNUM, 32)],
    ],
    "registries": [
        [("npm_", ALNUM, 36)],
        [("pypi-AgEIcHlwaS5vcmc", WORD, 120)],
        [("rubygems_", HEX, 48)],
        [("cio", ALNUM, 32)],
        [("oy2", LOWER, 43)],
        [("dckr_pat_", WORD, 27)],
    ],
    "ai": [
        [("sk-proj-", WORD, 120)],
        [("sk-ant-api03-", WORD, 93), ("", "A", 2)],
        [("sk-or-v1-", HEX, 64)],
        [("sk-", ALNUM, 20), ("T3BlbkFJ", ALNUM, 20)],
        [("sk-", HEX, 32)],
        [("gsk_", ALNUM, 52)],
        [("hf_", string.ascii_letters, 34)],
        [("r8_", ALNUM, 37)],
        [("pplx-", ALNUM, 48)],
        [("xai-", ALNUM, 80)],
        [("nvapi-", WORD, 64)],
        [("lsv2_pt_", HEX, 32), ("_", HEX, 10)],
        [("tvly-dev-", ALNUM, 32)],
        [("pcsk_", ALNUM, 60)],
    ],
    "chat": [
        [("xox" + "b-", string.digits, 12), ("-", string.digits, 12), ("-", ALNUM, 24)],
        [("xox" + "p-", string.digits, 12), ("-", string.digits, 12), ("-", HEX, 32)],
        [("xapp-1-A", UPPER, 10), ("-", string.digits, 13), ("-", HEX, 64)],
        [("", string.digits, 10), (":AA", WORD, 33)],
        [("SK", HEX, 32)],
        [("https://hooks.slack.com/services/T", UPPER, 9), ("/B", UPPER, 9), ("/", ALNUM, 24)],
    ],
    "payment": [
        [("sk_" + "live_", ALNUM, 24)],
        [("rk_" + "live_", ALNUM, 99)],
        [("whsec_", ALNUM, 32)],
        [("sq0atp-", WORD, 22)],
        [("shpat_", HEX, 32)],
        [("rzp_live_", ALNUM, 14)],
        [("access-production-", HEX, 8), ("-", HEX, 4), ("-", HEX, 4), ("-", HEX, 4), ("-", HEX, 12)],
    ],
    "monitoring": [
        [("glsa_", ALNUM, 32), ("_", HEX, 8)],
        [("glc_", BASE64, 80)],
        [("NRAK-", UPPER, 27)],
        [("dt0c01.", BASE32, 24), (".", BASE32, 64)],
        [("hcaik_", LOWER, 58)],
        [("sntryu_", HEX, 64)],
        [("phx_", ALNUM, 43)],
    ],
    "ci": [[("CCIPAT_", ALNUM, 22), ("_", HEX, 40)], [("sqp_", HEX, 40)], [("bkua_", HEX, 40)]],
    "databases": [
        [("pscale_tkn_", WORD, 43)],
        [("sbp_", HEX, 40)],
        [("dapi", HEX, 32)],
        [("napi_", LOWER, 60)],
        [("AVNS_", WORD, 19)],
    ],
    "mail": [
        [("SG.", WORD, 22), (".", WORD, 43)],
        [("key-", HEX, 32)],
        [("", HEX, 32), ("-us", string.digits, 2)],
        [("xkeysib-", HEX, 64), ("-", ALNUM, 16)],
        [("re_", ALNUM, 8), ("_", ALNUM, 24)],
    ],
    "workplace": [
        [("ntn_", ALNUM, 46)],
        [("lin_api_", ALNUM, 40)],
        [("figd_", WORD, 40)],
        [("pat", ALNUM, 14), (".", HEX, 64)],
        [("PMAK-", HEX, 24), ("-", HEX, 34)],
        [("ATTA", HEX, 64)],
    ],
}
# Where a secret without a shape of its own stands. {} is the secret.
FRAMES = {
    "assignments": [
        'password = "{}"',
        "password: {}",
        "DB_PASSWORD={}",
        "export FOO_TOKEN={}",
        "AWS_SECRET_ACCESS_KEY={}",
        '"api_key": "{}"',
        "'client_secret': '{}'",
        "api_key: `{}`",
        'x = {{\\"token\\": \\"{}\\"}}',
        "<password>{}</password>",
        "?access_token={}&page=2",
        "spring.datasource.password={}",
        "Server=db;User Id=sa;Password={};Database=app",
        "//registry.example.org/:_authToken={}",
    ],
    "headers": [
        "Authorization: Bearer {}",
        "authorization: token {}",
        "curl -H 'Authorization: Bearer {}' https://host",
        "Cookie: session={}",
        "X-Api-Key: {}",
    ],
    "command_lines": [
        "curl -u admin:{} https://host",
        "mysql -u root -p{} app",
        "PGPASSWORD={} psql -h db",
        "tool --password {} --verbose",
        "tool --api-key={} run",
        "sshpass -p {} ssh host",
        "redis-cli -a {} ping",
    ],
    "addresses": [
        "postgres://app:{}@db.internal/app",
        "https://bob:{}@host.example/x",
        "redis://:{}@cache:6379/0",
        "mongodb+srv://u:{}@cluster.example/",
    ],
}


def credential(random: Random, family: str) -> str:
    return "".join(prefix + draw(random, alphabet, count) for prefix, alphabet, count in random.choice(FORMATS[family]))


def human_secret(random: Random) -> str:
    """What people choose: letters with digits, rarely long."""
    return draw(random, string.ascii_lowercase, random.randint(3, 8)) + draw(
        random, string.digits, random.randint(2, 5)
    )


def positives(random: Random, count: int):
    """Yield (family, text, secret)."""
    contexts = ("{}", "found {} in the output", "key={}", '"{}"', "line one\n{}\nline three", "(see {})")
    for _ in range(count):
        for family in FORMATS:
            secret = credential(random, family)
            yield family, random.choice(contexts).replace("{}", secret), secret
        for family, frames in FRAMES.items():
            secret = random.choice((human_secret(random), draw(random, ALNUM, random.randint(20, 40)) + "7x"))
            yield family, random.choice(frames).replace("{{", "{").replace("}}", "}").replace("{}", secret), secret
        yield "private_keys", "key:\n" + (key := pem(random, random.choice(("", "RSA ", "EC ", "OPENSSH ")))), key
        yield "private_keys", "token " + (token := jwt(random)), token


def standard_library(limit: int = 6_000_000) -> str:
    """Source code of the standard library, tests left out."""
    texts, total = [], 0
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).rglob("*.py")):
        if {"test", "tests", "site-packages", "idlelib"} & set(path.parts):
            continue
        texts.append(path.read_text(encoding="utf-8", errors="ignore"))
        total += len(texts[-1])
        if total > limit:
            break
    return "".join(texts)


def repository() -> str:
    """This repository's own sources and pages."""
    root = Path(__file__).parents[3]
    paths = [
        path
        for folder in ("src", "docs")
        for path in sorted((root / folder).rglob("*"))
        if path.suffix in {".py", ".md"}
    ]
    texts = (path for path in paths if path.suffix in {".py", ".md"} and "scrubbing" not in path.parts)
    return "".join(path.read_text(encoding="utf-8") for path in texts)


def lock_file(random: Random, packages: int = 4000) -> str:
    entries = (
        {
            "name": f"package-{number}",
            "resolved": f"https://registry.example.org/package-{number}/-/package-{number}-1.{number % 40}.0.tgz",
            "integrity": "sha512-" + base64.b64encode(random.randbytes(64)).decode(),
            "sha256": hashlib.sha256(str(number).encode()).hexdigest(),
            "commit": random.randbytes(20).hex(),
            "id": uuid(random),
        }
        for number in range(packages)
    )
    return json.dumps({"packages": list(entries)}, indent=2)


def log(random: Random, lines: int = 10_000) -> str:
    return "\n".join(
        f"2026-11-21T10:{n % 60:02d}:{n % 59:02d}.123Z INFO worker-{n % 8} request={uuid(random)} GET /items/{n} "
        f"status=200 prompt_tokens={n} max_tokens: 4096 author=alice key=item:{n} took 9ms "
        f"sha={random.randbytes(20).hex()}"
        for n in range(lines)
    )


def model_traffic(random: Random, calls: int = 2000) -> str:
    return json.dumps(
        [
            {
                "id": f"msg_{number}",
                "usage": {"input_tokens": number, "output_tokens": 2 * number, "cache_read_input_tokens": 3},
                "next_page_token": None,
                "auth_enabled": True,
                "content": [{"type": "text", "text": "The tokenizer keeps the key of each author in a session table."}],
                "logprobs": [{"token": " word", "logprob": -0.25}],
            }
            for number in range(calls)
        ]
    )


def innocent(random: Random) -> dict[str, str]:
    return {
        "standard library": standard_library(),
        "this repository": repository(),
        "lock file": lock_file(random),
        "log": log(random),
        "model traffic": model_traffic(random),
    }
