"""Credentials in statements and directives, in connection strings, and as hashes."""

from __future__ import annotations

from functools import partial

from agent_otel.policy.scrubbing import detector as d
from agent_otel.policy.scrubbing.detectors.commands import SECRET, coded_password, no_placeholder, telling

__all__ = ["DETECTORS"]

_command = partial(d.rule, family="command_lines")

_LINE = r"[^\r\n]"

DETECTORS: tuple[d.Detector, ...] = (
    _command(
        "sql_password",
        "password in a statement",
        ("identified", "PASSWORD '", "PASSWORD('", 'PASSWORD "', "password '"),
        r"(?:(?i:identified\s+(?:with\s+\S+\s+)?by(?:\s+password)?)|PASSWORD|(?i:(?:with|encrypted|login)\s+password))"
        r"\s*(?:=\s*)?\(?\s*\\?[\"'](?P<secret>[^\"'\r\n\\]+)",
        lead=12,
        triggers=(r"identified\s+(?:with|by)", r"password\s*\(?\\?[\"']"),
        validate=no_placeholder,
        samples=(("CREATE USER bob IDENTIFIED BY '{}'", "<a5,24>"), ("ALTER ROLE b WITH PASSWORD '{}'", "<a5,24>")),
    ),
    _command(
        "setting",
        "secret as the argument of a command or directive that sets it",
        ("set ", "setx ", "setenv ", "env ", "requirepass ", "masterauth ", "rootpw ", "export ", "secrets put "),
        rf"(?i)(?:(?:set|setx|setenv|env|put)\s+(?:-\S+\s+)*[A-Za-z0-9_./:-]*"
        r"(?:secret|token|passw|pwd|passphrase|_key|apikey|api-key|credential)[A-Za-z0-9_./:-]*"
        rf"|(?:requirepass|masterauth)|rootpw(?:\s+--\S+)*)\s+{SECRET}",
        triggers=(
            r"(?:set|setx|setenv|env|put)\s+[A-Za-z0-9_./:-]*(?:secret|token|passw|pwd|_key|apikey|credential)[A-Za-z0-9_./:-]*\s",
            r"(?:requirepass|masterauth|rootpw)\s",
        ),
        boundary=True,
        validate=telling,
        samples=(("ENV DB_PASSWORD {}", "<a5,24>7"), ("requirepass {}", "<a5,24>7")),
    ),
    _command(
        "secret_store",
        "value that a command puts into a store of secrets",
        ("keyvault secret", "put-parameter", "secretsmanager"),
        rf"(?i)(?:keyvault secret set|put-parameter|secretsmanager\s){_LINE}*?--(?:value|secret-string)[\s=]+{SECRET}",
        validate=no_placeholder,
        samples=(("az keyvault secret set --name n --value {}", "<a5,24>"),),
    ),
    _command(
        "login_pair",
        "password behind a user's name in a call",
        ("auth=(", "auth = (", ".login(", "BasicAuth("),
        r"(?i)(?:auth ?= ?|\.login|BasicAuth)\(\s*\\?[\"'][^\"'\r\n\\]+\\?[\"']\s*,\s*\\?[\"']"
        r"(?P<secret>[^\"'\r\n\\]+)",
        validate=telling,
        samples=(("requests.get(url, auth=('bob', '{}'))", "<a5,24>7"),),
    ),
    _command(
        "table_cell",
        "secret in the cell of a table",
        ("password", "passwd", "secret", "token", "key"),
        r"(?i)\|[ \t]*`?[a-z _-]*(?:password|passwd|secret|token|(?:api|access)[ _-]?key)[` \t]*\|[ \t]*`?"
        r"(?P<secret>[^\s|`]{4,})",
        triggers=(r"(?:password|passwd|secret|token|key)`?\s*\|\s*`?[^\s|`]*[0-9]",),
        lead=40,
        validate=lambda value: telling(value) and not value.startswith(b"0x"),
        samples=(("| password | {} |", "<a5,24>7"),),
    ),
    _command(
        "odbc_password",
        "password in braces of a connection string",
        ("pwd={", "password={"),
        r"(?i)(?:pwd|password)=\{(?P<secret>[^{}\s]{4,})\}",
        drop=1,
        validate=coded_password,
        samples=(("Server=h;UID=sa;PWD={{}};".replace("{{}}", "{}!7"), "<a8>"),),
    ),
    d.token(
        "password_hash",
        "hash of a password",
        "$2a$<d2>$<B53>",
        "$2b$<d2>$<B53>",
        "$2y$<d2>$<B53>",
        "$6$<B1,40>$<B86>",
        "$6$rounds=<d4,9>$<B1,16>$<B86>",
        "$5$<B1,40>$<B43>",
        "$5$rounds=<d4,9>$<B1,16>$<B43>",
        "$1$<B4,8>$<B22>",
        "$apr1$<B4,8>$<B22>",
        "$y$<B1,8>$<B4,32>$<B43>",
        "$argon2id$<B20,>",
        "$argon2i$<B20,>",
        "{SSHA}<b32,>",
        "pbkdf2_sha256$<d4,8>$<a8,32>$<b43>=",
        family="passwords",
        boundary=False,
    ),
)
