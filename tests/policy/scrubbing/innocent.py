"""Innocent texts of the kinds that agents read and write, made at run time, by family."""

from __future__ import annotations

import base64
from collections.abc import Callable
import hashlib
import json
from random import Random
import string

__all__ = ["FAMILIES", "SNIPPETS"]

WORDS = [
    "the",
    "token",
    "of",
    "a",
    "parser",
    "is",
    "kept",
    "in",
    "a",
    "list",
    "and",
    "each",
    "key",
    "of",
    "the",
    "table",
    "has",
    "an",
    "author",
    "and",
    "a",
    "session",
    "while",
    "the",
    "secret",
    "of",
    "good",
    "code",
    "is",
    "short",
    "names",
    "and",
    "the",
    "password",
    "field",
    "of",
    "the",
    "form",
    "has",
    "a",
    "label",
    "and",
    "an",
    "error",
    "text",
    "for",
    "authentication",
]
NAMES = [
    "lodash",
    "cookie",
    "js-tokens",
    "path-key",
    "tough-cookie",
    "parse-passwd",
    "requests",
    "secretstorage",
    "pyjwt",
]


def _hash(random: Random) -> str:
    return hashlib.sha256(random.randbytes(16)).hexdigest()


def _integrity(random: Random) -> str:
    return "sha512-" + base64.b64encode(random.randbytes(64)).decode()


def _uuid(random: Random) -> str:
    text = random.randbytes(16).hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _version(random: Random) -> str:
    return f"{random.randint(0, 9)}.{random.randint(0, 30)}.{random.randint(0, 9)}"


def package_lock(random: Random) -> str:
    packages = {}
    for number in range(600):
        name = random.choice(NAMES) if number % 5 == 0 else f"pkg-{number}"
        version = _version(random)
        packages[f"node_modules/{name}"] = {
            "version": version,
            "resolved": f"https://registry.example.org/{name}/-/{name}-{version}.tgz",
            "integrity": _integrity(random),
            "license": "MIT",
            "engines": {"node": ">=6"},
            "dependencies": {other: f"^{_version(random)}" for other in random.sample(NAMES, 3)},
        }
    return json.dumps({"name": "app", "lockfileVersion": 3, "packages": packages}, indent=2)


def yarn_lock(random: Random) -> str:
    return "".join(
        f'{name}@^{(v := _version(random))}:\n  version "{v}"\n'
        f'  resolved "https://registry.example.com/{name}/-/{name}-{v}.tgz#{random.randbytes(20).hex()}"\n'
        f'  integrity {_integrity(random)}\n  dependencies:\n    {random.choice(NAMES)} "^{v}"\n\n'
        for name in (random.choice(NAMES) for _ in range(800))
    )


def poetry_lock(random: Random) -> str:
    return "".join(
        f'[[package]]\nname = "{name}"\nversion = "{_version(random)}"\noptional = false\nfiles = [\n'
        f'    {{file = "{name}-1.0-py3-none-any.whl", hash = "sha256:{_hash(random)}"}},\n]\n\n'
        for name in (random.choice(NAMES) for _ in range(800))
    )


def cargo_lock(random: Random) -> str:
    return "".join(
        f'[[package]]\nname = "{name}"\nversion = "{_version(random)}"\n'
        f'source = "registry+https://git.example.com/packages/index"\nchecksum = "{_hash(random)}"\n\n'
        for name in (random.choice(NAMES) for _ in range(800))
    )


def go_sum(random: Random) -> str:
    return "".join(
        f"github.com/{random.choice(NAMES)}/v{number} v{_version(random)}{random.choice(('', '/go.mod'))} "
        f"h1:{base64.b64encode(random.randbytes(32)).decode()}\n"
        for number in range(1500)
    )


def minified(random: Random) -> str:
    def name() -> str:
        return "".join(random.choices(string.ascii_letters, k=random.randint(1, 2)))

    forms = (
        "function {a}({b},{c}){{return {b}.token==={c}.key?{a}({b}.next,{c}):void 0}}",
        'var {a}={b}.password||{c}.secret,{c}={a}["auth"];',
        "{a}.prototype.getToken=function(){{return this._token||(this._token={b}({c}))}};",
        'if("object"==typeof {a}&&{a}.headers.authorization){{{b}=!0;{c}.credentials="include"}}',
        "const{{apiKey:{a},secretKey:{b}}}={c};{a}&&{b}();",
        'switch({a}.type){{case"token":{b}({a}.value);break;case"key":{c}=0x{n}}}',
    )
    return "".join(
        random.choice(forms).format(a=name(), b=name(), c=name(), n=random.randbytes(4).hex()) for _ in range(2500)
    )


def log(random: Random) -> str:
    return "\n".join(
        f"2026-11-21T10:{n % 60:02d}:{n % 59:02d}.123Z INFO [worker-{n % 8}] request_id={_uuid(random)} trace="
        f"{random.randbytes(16).hex()} GET /api/v1/tokens/{n}?page_token={n} status=200 prompt_tokens={n} "
        f"max_tokens: 4096 auth=ok author=alice key=item:{n} token_count={n} token expired at {n} took {n % 97}ms "
        f"sha={random.randbytes(20).hex()}"
        for n in range(2500)
    )


def transcript(random: Random) -> str:
    return json.dumps(
        [
            {
                "role": random.choice(("user", "assistant")),
                "id": f"msg_{number}",
                "content": [
                    {"type": "text", "text": " ".join(random.choices(WORDS, k=40))},
                    {
                        "type": "tool_use",
                        "id": f"call_{number}",
                        "name": "read_file",
                        "input": {"path": f"src/auth/{number}.py"},
                    },
                ],
                "usage": {"input_tokens": number, "output_tokens": 7, "cache_read_input_tokens": 3},
                "stop_reason": "end_turn",
                "next_page_token": None,
            }
            for number in range(900)
        ]
    )


def identifiers(random: Random) -> str:
    return "\n".join(
        f"commit {random.randbytes(20).hex()}\nimage: app@sha256:{_hash(random)}\n"
        f'id: {_uuid(random)} etag: W/"{_hash(random)[:32]}"\n'
        f"md5={hashlib.md5(random.randbytes(8)).hexdigest()} digest: {base64.b64encode(random.randbytes(32)).decode()}"
        for _ in range(900)
    )


def images(random: Random) -> str:
    data = [base64.b64encode(random.randbytes(9000)).decode() for _ in range(20)]
    return json.dumps([{"type": "image", "source": {"media_type": "image/png", "data": piece}} for piece in data])


# What looks like a secret's place and holds none: one finding is one too many.
SNIPPETS = """
password: str
password: str | None = None
def get_token(self, name: str) -> str:
token = get_token()
token = self._next_token()
api_key = os.environ["API_KEY"]
api_key=os.getenv("OPENAI_API_KEY")
apiKey: process.env.API_KEY,
const token = await getToken(user);
password = getpass.getpass("Password: ")
password = input("password: ")
{"max_tokens": 4096, "token_count": 12, "auth_enabled": true}
max_tokens: 4096
auth_enabled: true
token_count = 17
"secretName": "my-secret"
secretKeyRef: {name: db, key: password}
imagePullSecrets: [regcred]
API_KEY=${API_KEY}
password: ${DB_PASSWORD}
password: $PASSWORD
export TOKEN=$(cat token.txt)
api_key: <your-api-key>
Authorization: Bearer <token>
Authorization: Bearer $TOKEN
curl -H "Authorization: Bearer $TOKEN" https://host
curl -u "$USER:$PASSWORD" https://host
mysql -u root -p"$MYSQL_PASSWORD" app
--password PASSWORD
--token-file /run/secrets/token
--api-key-env OPENAI_API_KEY
password_file: /run/secrets/db
tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")
secrets.token_hex(16)
"token_type": "Bearer"
"tokenUrl": "https://host/oauth/token"
token_endpoint = "https://host/token"
if token == expected_token:
assert password != other_password
raise ValueError("password is required")
The password must have eight characters.
the token is expired
your API key is invalid
type Token struct { Kind string }
SecretStr = Annotated[str, "secret"]
class PasswordField(forms.CharField):
password = models.CharField(max_length=128)
self.password = password
self._token = token
token: Token = Depends(get_token)
key = cache_key(name)
cache_key = "users:42:profile"
primary_key=True
"key": "value"
for key, value in items.items():
cookies = response.cookies
session_cookie_name = "sid"
credentials: Credentials | None = None
secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app"
aws_access_key_id: AWS::NoValue
git clone https://github.com/owner/repo.git
postgres://localhost:5432/app
https://user@host/path
ssh://git@github.com/owner/repo.git
image: registry.example.com:5000/app@sha256
password = "{password}"
f"token={token}"
token=%s
'password': '%(password)s'
<input type="password" name="password" placeholder="Password">
<label for="token">Token</label>
"password": {"type": "string", "description": "The user's password"}
{"name": "password", "in": "query", "required": true, "schema": {"type": "string"}}
it('hides the password', () => { expect(token).toBeDefined(); });
expect(screen.getByLabelText('Password')).toBeVisible();
# token: the next token of the stream
-- password TEXT NOT NULL
password VARCHAR(255)
author = "Alice"
authority: https://login.example.com
xoxb tokens begin with xoxb-
keys: [a, b, c]
keyboard: us
monkey: true
passthrough = yes
compass: north
secretary: Bob
"""

FAMILIES: dict[str, Callable[[Random], str]] = {
    "package-lock.json": package_lock,
    "yarn.lock": yarn_lock,
    "poetry.lock": poetry_lock,
    "Cargo.lock": cargo_lock,
    "go.sum": go_sum,
    "minified JavaScript": minified,
    "log": log,
    "transcript": transcript,
    "identifiers": identifiers,
    "images": images,
}
