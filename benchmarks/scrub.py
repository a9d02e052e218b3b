"""How fast values are scrubbed and cut, innocent ones and the worst ones.

All figures are of one run on one machine; quote the ratios. The naive scan is what one would write first: the patterns
of the whole table, one `re` search after the other.

    python benchmarks/scrub.py [--rounds 5] [--json]
"""

from __future__ import annotations

import argparse
import base64
from collections.abc import Callable
import hashlib
import json
from pathlib import Path
from random import Random
import re
import sysconfig
import time
from typing import Any

from agent_otel.policy.scrubbing import TABLE, Scrubber, truncate

KIBIBYTE = 1 << 10
MEBIBYTE = 1 << 20
ROWS = [row for row in TABLE if not row.opt_in]


def best(work: Callable[[], Any], rounds: int, budget: float = 0.1) -> float:
    """Give the best mean time of a call in seconds."""
    start = time.perf_counter()
    work()
    calls = max(1, int(budget / max(time.perf_counter() - start, 1e-7)))
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            work()
        times.append((time.perf_counter() - start) / calls)
    return min(times)


def corpora(random: Random) -> dict[str, str]:
    """Make innocent texts of a few MiB."""
    paths = [path for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")) if path.name != "cookies.py"]
    source = "".join(path.read_text(encoding="utf-8", errors="ignore") for path in paths)
    lock = json.dumps(
        [
            {
                "resolved": f"https://registry.npmjs.org/p{number}/-/p{number}-1.0.{number}.tgz",
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
        "keys without values, 4 MiB": "token=" * (4 * MEBIBYTE // 6),
        "key blocks that never end, 4 MiB": ("-----BEGIN RSA PRIVATE" + " KEY-----") * (4 * MEBIBYTE // 31),
        "command lines, 4 MiB": "mysql -px " * (4 * MEBIBYTE // 10),
        "one run, 4 MiB": "a" * (4 * MEBIBYTE),
        "base64 of text, 4 MiB": base64.b64encode(b"hello world again " * 170_000).decode(),
        "JSON of numbers beside a secret, 4 MiB": json.dumps({"token": "abc", "n": [1] * 1_300_000}),
        "nested 100,000 deep": deep,
        "brackets, 100,000 deep": "[" * 100_000 + '"password"' + "]" * 100_000,
        "10 MB of words": "some words " * (10_000_000 // 11),
    }


def tool_call(rounds: int) -> dict[str, float]:
    """Measure a tool call of about 300 bytes in and 300 out, scrubbed and cut, as JSON texts and as structures."""
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
    scrubber = Scrubber()
    texts = [json.dumps(arguments), json.dumps(result)]
    secret = [json.dumps({**arguments, "password": "hunter2"}), texts[1]]

    def run(values: list[Any]) -> Callable[[], None]:
        return lambda: [truncate(scrubber.scrub(value).value) for value in values] and None

    return {
        "bytes": float(sum(map(len, texts))),
        "texts_us": best(run(texts), rounds) * 1e6,
        "structures_us": best(run([arguments, result]), rounds) * 1e6,
        "with_a_secret_us": best(run(secret), rounds) * 1e6,
    }


def throughput(rounds: int) -> dict[str, dict[str, float]]:
    """Measure MB/s on innocent text by size: the mean over stretches from all over it."""
    scrubber = Scrubber()
    told: dict[str, dict[str, float]] = {}
    for name, text in corpora(Random(1)).items():
        for size in (KIBIBYTE, 10 * KIBIBYTE, 100 * KIBIBYTE, 1_000_000):
            stretches = [text[at : at + size] for at in range(0, max(1, len(text) - size), max(1, len(text) // 7))]
            seconds = sum(best(lambda text=text: scrubber.scrub(text), rounds, 0.02) for text in stretches)
            told.setdefault(name, {})[str(size)] = sum(map(len, stretches)) / seconds / 1e6
    return told


def naive(rounds: int) -> dict[str, float]:
    """Compare with `re`, pattern after pattern, on 100 KiB of source code."""
    patterns = [
        re.compile(row.pattern.replace("(?i)", "(?i:") + (")" if "(?i)" in row.pattern else "")) for row in ROWS
    ]
    text = corpora(Random(1))["source code"][: 100 * KIBIBYTE]
    scrubber = Scrubber()
    ours = best(lambda: scrubber.scrub(text), rounds)
    start = time.perf_counter()
    for pattern in patterns:
        pattern.search(text)
    theirs = time.perf_counter() - start
    return {"ours_MB_s": len(text) / ours / 1e6, "re_MB_s": len(text) / theirs / 1e6, "ratio": theirs / ours}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    start = time.perf_counter()
    Scrubber().scrub("password: x")
    told: dict[str, Any] = {"detectors": len(ROWS), "first_use_ms": (time.perf_counter() - start) * 1e3}
    told["tool_call"] = tool_call(given.rounds)
    told["innocent_MB_s"] = throughput(given.rounds)
    told["naive"] = naive(given.rounds)
    told["worst_seconds_cold"] = {}
    for name, value in worst(Random(2)).items():
        scrubber = Scrubber()
        start = time.perf_counter()
        done = scrubber.scrub(value)
        seconds = time.perf_counter() - start
        told["worst_seconds_cold"][name] = [round(seconds, 3), sorted(done.findings.by_detector)[:3]]
    print(json.dumps(told) if given.json else json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
