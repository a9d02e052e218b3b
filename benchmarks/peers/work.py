"""The scripted work, the same for every contender: tool calls with names, arguments and results as an agent has them.

Runs in every contender's environment: nothing but the standard library.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
import json
from random import Random
import string
from typing import Any, NamedTuple

__all__ = ["MANY", "NAMES", "SIZES", "Call", "Tool", "call_id", "calls", "planted", "text", "with_secrets"]

NAMES = ("read_file", "shell", "grep", "edit_file", "web_fetch", "list_dir", "run_tests")
SIZES = {"0.6 KB": 600, "8 KB": 8_000, "256 KB": 256_000}
SMALL_POOL, LARGE_POOL = 56, 14  # different calls that are made in turn: multiples of the number of names
MANY = 5600  # as above, where it counts that they differ
_WORDS = """
    def return import class self value path line error warning test module request answer file column index total
    agent folder collector retry batch queue span parent child begin end open close read write take give name
""".split()  # noqa: SIM905  reads better than a list

Tool = Callable[[str, str, dict[str, Any], dict[str, Any]], None]


class Call(NamedTuple):
    """What a tool is called with, and what it gives."""

    name: str
    arguments: dict[str, Any]
    result: dict[str, Any]


def call_id(number: int) -> str:
    """Give the id of a call, as a model's provider makes them."""
    return f"toolu_{number:08d}"


def calls(size: int, pool: int | None = None) -> list[Call]:
    """Make calls to cycle through.

    Args:
        size: In bytes as JSON, arguments (about 300 bytes) and result together.
        pool: How many different ones; None: few.
    """
    random = Random(size)
    pool = pool or (SMALL_POOL if size < 100_000 else LARGE_POOL)
    return [_call(random, number, size) for number in range(pool)]


def _call(random: Random, number: int, size: int) -> Call:
    arguments: dict[str, Any] = {
        "path": f"src/package/module_{number}.py",
        "command": f"grep -rn --include '*.py' {random.choice(_WORDS)} src tests",
        "cwd": "/home/agent/project",
        "timeout": 30 + number,
        "recursive": True,
        "env": {"LANG": "C.UTF-8", "COLUMNS": "120"},
    }
    arguments["note"] = text(random, 300 - len(json.dumps(arguments)) - len(', "note": ""'))
    result: dict[str, Any] = {"exit_code": 0, "duration_ms": 12.5 + number, "truncated": False, "stderr": ""}
    result["stdout"] = text(random, max(size - 300, 100) - len(json.dumps(result)) - len(', "stdout": ""'))
    return Call(NAMES[number % len(NAMES)], arguments, result)


def text(random: Random, length: int) -> str:
    """Make text that reads like the output of tools: short lines of words and numbers, of some bytes within JSON.

    None of the words is one at which a contender hides the text, which would spare it the work.
    """
    lines: list[str] = []
    made = 0
    while made < length:
        words = " ".join(random.choices(_WORDS, k=8))
        lines.append(f"src/module_{random.randrange(90)}.py:{random.randrange(900)}: {words}")
        made += len(lines[-1]) + 2  # a line feed is two bytes in JSON
    joined = "\n".join(lines)
    return joined[: length - joined[:length].count("\n")]


def planted() -> dict[str, str]:
    """Make up five secrets that are nobody's, by where they are planted; the same ones at each call."""
    random = Random("nobody's secrets")

    def some(alphabet: str, length: int) -> str:
        return "".join(random.choices(alphabet, k=length))

    mixed = string.ascii_letters + string.digits
    return {
        "cloud key id in a list": "AKIA" + some(string.ascii_uppercase + "234567", 16),
        "token in a JSON text": "ghp_" + some(mixed, 36),
        "bearer header in a command": base64.urlsafe_b64encode(random.randbytes(30)).decode(),
        "value of a password key": some(mixed, 14),
        "password in an address": some(mixed, 18),
    }


def with_secrets() -> list[Call]:
    """Give calls of 0.6 KB of which some hold the planted secrets."""
    made = calls(SIZES["0.6 KB"])
    key, token, bearer, password, of_address = planted().values()
    made[3].arguments["keys"] = ["first", key]
    made[10].result["stdout"] = json.dumps({"user": "agent", "github": {"token": token}})
    made[17].arguments["command"] = f"curl -H 'Authorization: Bearer {bearer}' https://api.example.com/items"
    made[24].arguments["login"] = {"user": "agent", "password": password}
    made[31].result["stderr"] = f"cannot connect to postgresql://agent:{of_address}@db.example.com:5432/app"
    return made
