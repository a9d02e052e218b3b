"""What stands where a secret would stand, and is none: markers, variables, types, stand-ins."""

from __future__ import annotations

import re

__all__ = ["is_placeholder"]

_PLACEHOLDER = re.compile(
    rb"""(?ix) (?: \[REDACTED.* | [*.\-_#?]+ | x{3,} | <[^<>]*> | \$[a-z_]\w* | \$[0-9@*#?!]
    | \$\{[^{}]*\} | \$\{\{.* | \$\(.*
    | %[a-z_]\w*% | %\(?\w*\)?[srdq]
    | \$\{.* | (?:[^{}]*\{[0-9a-z_]*\}){2,}[^{}]* | =+
    | \{\{.* | \{[\w.!:]*\} | \#\{.* | @\{?[a-z_.]+\}? | (?:your|insert|enter|replace)[-_ ].*
    | none | null | nil | undefined | true | false | yes | no | on | off | empty | unset | missing | required | optional
    | string | str | bytes | text | int | integer | number | bool | boolean | any | object | unknown
    | redacted | hidden | masked | amd64 | arm64 | i386 | x86_64 | \#[0-9a-f]{3,8} | [~^<>]=?[ ]?[0-9][\w.-]*
    | .*\$\{[^{}]*\}.* | .*\{\{.*
    | optional\[.* | secretstr | (?:str|bytes)\s?\|.* ) """
)


def is_placeholder(value: bytes) -> bool:
    """Tell a marker, a variable, a type or a stand-in."""
    return not value or _PLACEHOLDER.fullmatch(value) is not None
