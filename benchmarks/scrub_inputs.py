"""What the scrubbing benchmark runs on: innocent texts, inputs that are meant to hurt, and one tool call."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from random import Random
import sysconfig
from typing import Any

from agent_otel.policy.scrubbing import TABLE

__all__ = ["KIBIBYTE", "MEBIBYTE", "ROWS", "corpora", "near_misses", "tool_call", "worst"]

KIBIBYTE = 1 << 10
MEBIBYTE = 1 << 20
ROWS = [row for row in TABLE if not row.opt_in]


def corpora(random: Random) -> dict[str, str]:
    """Make innocent texts of a few MiB."""
    paths = [path for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")) if path.name != "cookies.py"]
    source = "".join(path.read_text(encoding="utf-8", errors="ignore") for path in paths)
    lock = json.dumps(
        [
            {
                "resolved": f"https://registry.example.org/p{number}/-/p{number}-1.0.{number}.tgz",
                "integrity": "sha512-" + base64.b64encode(random.randbytes(64)).decode(),
                "sha256": hashlib.sha256(str(number).encode()).hexdigest(),
            }
            for number in range(6000)
        ]
    )
    log = "\n".join(
        f"2026-11-21T10:00:{number % 60:02d}Z INFO worker-{number % 8} request={random.randbytes(16).hex()} "
        f"GET /items/{number} status=200 prompt_tokens={number} took {number % 97}ms"
        for number in range(16_000)
    )
    traffic = json.dumps(
        [
            {
                "usage": {"input_tokens": n, "output_tokens": 2 * n},
                "text": "some words about things " * 5,
                "id": f"m{n}",
            }
            for n in range(6000)
        ]
    )
    return {"source code": source, "lock file": lock, "log": log, "model traffic": traffic}


def near_misses(random: Random, size: int) -> str:
    """Mix beginnings of what every detector looks for."""
    starts = [keyword for row in ROWS for keyword in row.keywords]
    starts += [sample.text[: len(sample.text) * 2 // 3] for row in ROWS for sample in row.make_samples(random)]
    starts += ["password", "token: ", '"secret": ', "api_key=", "--token "]
    pieces: list[str] = []
    total = 0
    while total < size:
        tail = "".join(random.choice("abcXYZ0123456789_-./+=: \n\"'") for _ in range(random.randint(0, 12)))
        pieces.append(random.choice(starts) + tail)
        total += len(pieces[-1])
    return "".join(pieces)[:size]


def worst(random: Random) -> dict[str, Any]:
    """Give inputs that are meant to hurt."""
    deep: dict[str, Any] = {}
    inner = deep
    for _ in range(100_000):
        inner["a"] = {}
        inner = inner["a"]
    return {
        "near-misses, 100 KiB": near_misses(random, 100 * KIBIBYTE),
        "near-misses, 4 MiB": near_misses(random, 4 * MEBIBYTE),
        "near-misses in 1,000 leaves": [near_misses(random, 4 * KIBIBYTE) for _ in range(1000)],
        "keys without values, 4 MiB": "token=" * (4 * MEBIBYTE // 6),
        "words of keys, 4 MiB": "token " * (4 * MEBIBYTE // 6) + '": "x"',
        "key blocks that never end, 4 MiB": ("-----BEGIN RSA PRIVATE" + " KEY-----") * (4 * MEBIBYTE // 31),
        "command lines, 4 MiB": "mysql -px " * (4 * MEBIBYTE // 10),
        "one run, 4 MiB": "a" * (4 * MEBIBYTE),
        "backslashes, 4 MiB": "\\" * (4 * MEBIBYTE),
        "base64 of text, 4 MiB": base64.b64encode(b"hello world again " * 170_000).decode(),
        "JSON of numbers beside a secret, 4 MiB": json.dumps({"token": "abc", "n": [1] * 1_300_000}),
        "nested 100,000 deep": deep,
        "brackets, 100,000 deep": "[" * 100_000 + '"password"' + "]" * 100_000,
        "words, 10 MB": "some words " * (10_000_000 // 11),
    }


def tool_call() -> tuple[dict[str, Any], dict[str, Any]]:
    """Give arguments and result of a tool call, about 300 bytes of JSON each."""
    arguments = {
        "path": "/home/user/project/src/module/file.py",
        "command": "grep -rn 'def main' src | head -20",
        "options": {"recursive": True, "max_results": 50, "timeout_ms": 3000, "encoding": "utf-8"},
        "note": "look for the entry point of the program and report it, please, with numbers of the lines",
    }
    result = {
        "exit": 0,
        "stdout": "src/app/main.py:12:def main(argv):\nsrc/app/cli.py:40:def main():\n",
        "stderr": "",
        "duration_ms": 34,
        "files": ["src/app/main.py", "src/app/cli.py"],
        "note": "two matches in 134 files; binary files were not looked at, and links were not followed",
    }
    return arguments, result
