"""Credentials made at run time from the formats that providers document, and the texts that they are put into.

Written apart from the table of the package. A format is literal text with runs in braces: ``{a36}`` is 36 letters or
digits, ``{u20,30}`` between 20 and 30 characters of URL-safe base64; no file holds anything like a credential.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
import json
from random import Random
import re
import string
from typing import NamedTuple
from urllib.parse import quote

from policy.scrubbing.formats import ai, cloud, hosts, places, services

__all__ = [
    "BARE_FAMILIES",
    "ENCODINGS",
    "PLACEMENTS",
    "PLACE_FAMILIES",
    "Vector",
    "is_left",
    "place_vectors",
    "render",
    "rows",
    "shape_vectors",
]

ALPHABETS = {
    "a": string.ascii_letters + string.digits,
    "A": string.ascii_uppercase + string.digits,
    "l": string.ascii_lowercase + string.digits,
    "L": string.ascii_letters,
    "h": string.hexdigits[:16],
    "H": string.digits + "ABCDEF",
    "d": string.digits,
    "b": string.ascii_letters + string.digits + "+/",
    "u": string.ascii_letters + string.digits + "-_",
    "v": string.ascii_letters + string.digits + "-_.~",
    "k": string.ascii_uppercase + "234567",
    "z": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    "c": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
    "n": "qpzry9x8gf2tvdw0s3jn54khce6mua7l",
}
WORDS = [
    "sunny",
    "tiger",
    "monkey",
    "dragon",
    "winter",
    "summer",
    "hunter",
    "shadow",
    "master",
    "flower",
    "summit",
    "coffee",
]
_RUN = re.compile(r"\{([aAlLhHdbuvkzcnp])(\d+)(?:,(\d+))?\}|\{(uuid|jwt|w|basic)\}")
_MARKED = re.compile("«([^»]*)»")
_MARKER = re.compile(r"\[REDACTED(?::[a-z0-9_]+)*\]")
_RUN_LEFT = 6

BARE_FAMILIES = {
    "cloud": cloud.ROWS,
    "source hosts": hosts.SOURCE_HOSTS,
    "registries": hosts.REGISTRIES,
    "build services": hosts.CI,
    "chat": hosts.CHAT,
    "models": ai.ROWS,
    "payment": services.PAYMENT,
    "monitoring": services.MONITORING,
    "databases": services.DATABASES,
    "mail": services.MAIL,
    "services": services.SAAS,
}
PLACE_FAMILIES = {
    "headers": places.HEADERS,
    "addresses": places.ADDRESSES,
    "command lines": places.COMMAND_LINES,
    "connection strings": places.CONNECTION_STRINGS,
    "files": places.FILES,
    "passwords": places.WEAK_PASSWORDS,
}
PLACEMENTS = (
    "bare",
    "keyed",
    "json in json",
    "keyed json in json",
    "keyed json in json in json",
    "escaped in a text",
    "escaped twice in a text",
    "plain",
    "in a text",
    "in JSON",
)
ENCODINGS = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "percent": lambda text: quote(text, safe=""),
}


class Vector(NamedTuple):
    """A text, the secrets in it, and where it comes from. `name` tells nothing of the secrets."""

    family: str
    placement: str
    name: str
    text: str
    secrets: tuple[str, ...]


def draw(random: Random, alphabet: str, count: int) -> str:
    letters = ALPHABETS[alphabet]
    return "".join(random.choice(letters) for _ in range(count))


def password(random: Random, count: int) -> str:
    """Make a password of letters, digits and signs, as a policy asks for; no quotes, spaces or backslashes."""
    signs = draw(random, "d", 1) + random.choice("!#$%*+?^_~") + random.choice("!#*+-?_.~")
    middle = draw(random, "a", count - 5) + signs
    return draw(random, "L", 1) + "".join(random.sample(middle, len(middle))) + draw(random, "a", 1)


def weak(random: Random) -> str:
    """Make what people choose: a word with a number, and perhaps a sign."""
    word = random.choice(WORDS)
    return (
        (word.title() if random.random() < 0.4 else word)
        + draw(random, "d", random.randint(2, 4))
        + (random.choice(("", "", "!", "#")))
    )


def jwt(random: Random) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part, separators=(",", ":")).encode()).decode().rstrip("=")
        for part in ({"alg": "HS256", "typ": "JWT"}, {"sub": draw(random, "d", 10), "iat": 1516239022})
    ]
    return ".".join([*parts, draw(random, "u", 43)])


def render(random: Random, shape: str) -> str:
    """Fill the runs of a shape."""

    def fill(found: re.Match[str]) -> str:
        if found[4] is None:
            count = random.randint(int(found[2]), int(found[3] or found[2]))
            return password(random, count) if found[1] == "p" else draw(random, found[1], count)
        if found[4] == "uuid":
            return "-".join(draw(random, "h", size) for size in (8, 4, 4, 4, 12))
        if found[4] == "basic":
            return base64.b64encode(f"bob:{weak(random)}{draw(random, 'a', 6)}".encode()).decode()
        return jwt(random) if found[4] == "jwt" else weak(random)

    return _RUN.sub(fill, shape)


def rows(table: str) -> Iterator[tuple[str, str, str]]:
    """Give name, key and shape of each row."""
    for line in table.strip().splitlines():
        name, key, shape = line.split()
        yield name, key, shape


def spellings(key: str) -> dict[str, str]:
    """Spell an environment variable's name in other ways."""
    words = key.lower().split("_")
    return {
        "ENV": key,
        "snake": "_".join(words),
        "kebab": "-".join(words),
        "dotted": ".".join(words),
        "camel": words[0] + "".join(word.title() for word in words[1:]),
        "header": "X-" + "-".join(word.title() for word in words),
    }


PROSE = (
    "I tried {} and it was refused",
    "use {} for the staging environment.",
    "{}",
    "line one\n{}\nline three",
    "(found: {})",
    "see '{}', then go on",
    "it is `{}` there",
    "<td>{}</td>",
    "creds: {}, and nothing else",
)
NAMED = ("{name}: {}", "the {name} is {}", "our {name} = {}", "{name} ({})", 'set {name} to "{}" first')
KEYED = (
    "{ENV}={}",
    'export {ENV}="{}"',
    "{ENV}='{}'",
    "{ENV} = {}",
    "{snake}: {}",
    '{snake}: "{}"',
    "{kebab}: {}",
    "{dotted}={}",
    '"{snake}": "{}"',
    '{{"{camel}":"{}"}}',
    "'{snake}': '{}',",
    "{header}: {}",
    "tool --{kebab} {} run",
    "tool --{kebab}={} run",
    '{snake} = "{}"',
    'client = Client({snake}="{}")',
    "const {camel} = '{}';",
    '{camel} := "{}"',
    "'{snake}' => '{}',",
    "<{camel}>{}</{camel}>",
    "- name: {ENV}\n  value: {}",
    'os.environ["{ENV}"] = "{}"',
    "ENV {ENV}={}",
    'process.env.{ENV} = "{}"',
    "https://api.example.com/v1?{snake}={}&page=2",
)


def _fill(frame: str, secret: str, names: dict[str, str]) -> str:
    for name, spelled in names.items():
        frame = frame.replace("{" + name + "}", spelled)
    return frame.replace("{{", "{").replace("}}", "}").replace("{}", secret)


def nested(text: str, secret: str, key: str) -> dict[str, str]:
    """Put a text into JSON within a JSON string, once and twice, as a tool's arguments and its result hold it."""
    inner = json.dumps({"output": text, "ok": True})
    keyed = json.dumps({"user": "bob", key: secret})
    return {
        "json in json": json.dumps({"result": inner}),
        "keyed json in json": json.dumps({"arguments": keyed}),
        "keyed json in json in json": json.dumps({"log": json.dumps({"arguments": keyed})}),
        "escaped in a text": f"response was {json.dumps(keyed)} after 3 s",
        "escaped twice in a text": f"sent {json.dumps(json.dumps(keyed))} to the queue",
    }


def shape_vectors(random: Random, *, draws: int = 2) -> Iterator[Vector]:
    """Give the vectors of all kinds that have rows: bare, behind a key, in JSON within JSON."""
    for family, table in BARE_FAMILIES.items():
        for name, key, shape in rows(table):
            for _ in range(draws):
                secret = render(random, shape)
                names = spellings(key) | {"name": key.lower().replace("_", " ")}
                frames = NAMED if name.endswith("*") else PROSE
                bare = _fill(random.choice(frames), secret, names)
                yield Vector(family, "bare", name, bare, (secret,))
                for frame in random.sample(KEYED, 3):
                    shown = quote(secret, safe="") if "?{snake}=" in frame else secret
                    yield Vector(family, "keyed", f"{name} {frame}", _fill(frame, shown, names), (shown,))
                inner = nested(bare, secret, random.choice((key, names["camel"], names["snake"])))
                for placement in random.sample(sorted(inner), 2):
                    yield Vector(family, placement, name, inner[placement], (secret,))


def place_vectors(random: Random, *, draws: int = 2) -> Iterator[Vector]:
    """Give the vectors whose secrets are known by where they stand: plain, in JSON, in JSON within JSON."""
    for family, table in PLACE_FAMILIES.items():
        for line in table.strip().splitlines():
            for _ in range(draws):
                made = render(random, line.replace("⏎", "\n").replace("\\\\", "\\"))
                secrets = tuple(_MARKED.findall(made))
                text = made.replace("«", "").replace("»", "")
                yield Vector(family, "plain", line, text, secrets)
                yield Vector(family, "in a text", line, f"$ run\n{text}\nexit 0", secrets)
                yield Vector(family, "in JSON", line, json.dumps({"stdout": text, "exit": 0}), secrets)
                inner = json.dumps({"result": json.dumps({"stdout": f"first\n{text}", "exit": 0})})
                yield Vector(family, "json in json", line, inner, secrets)


def is_left(vector: Vector, done: str) -> bool:
    """Tell whether a run of six characters of a secret is left that the rest of the text does not give anyway."""
    done = _MARKER.sub("\0", done)
    rest = vector.text
    for secret in vector.secrets:
        shown = json.dumps(secret)[1:-1]
        rest = rest.replace(secret, "\0").replace(shown, "\0")
    for secret in vector.secrets:
        size = min(_RUN_LEFT, len(secret))
        for at in range(len(secret) - size + 1):
            piece = secret[at : at + size]
            if piece in done and piece not in rest:
                return True
    return False
