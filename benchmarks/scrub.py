"""How fast values are scrubbed and cut, innocent ones and the worst ones; what is found and what is left alone.

All figures are of one run on one machine; quote the ratios. Fresh text costs more than text of a kind that was met
before: the automata make their states as they meet them. The naive scan is what one would write first: the patterns
of the whole table, one `re` search after the other. The budget of a value is counted in work, not in time: over it, the
value becomes a marker.

    python benchmarks/scrub.py [--rounds 5] [--peers] [--json]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from functools import partial
import json
from pathlib import Path
from random import Random
import re
import sys
import time
from typing import Any

from agent_otel.policy.scrubbing import DEFAULT_OPTIONS, Scrubber, truncate
from scrub_inputs import KIBIBYTE, ROWS, corpora, tool_call, worst

SIZES = (KIBIBYTE, 10 * KIBIBYTE, 100 * KIBIBYTE, 1_000_000)
BUDGET_SECONDS = 5.0  # what `max_work` is meant to come to at most, on a slow core


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


def call_times(rounds: int) -> dict[str, float]:
    """Measure a tool call of about 300 bytes in and 300 out, scrubbed and cut, as JSON texts and as structures."""
    arguments, result = tool_call()
    scrubber = Scrubber()
    texts = [json.dumps(arguments), json.dumps(result)]
    secret = [json.dumps({**arguments, "password": "hunter2"}), texts[1]]
    dump = json.dumps({"attributes": [arguments, result]})

    def run(values: list[Any]) -> Callable[[], None]:
        return lambda: [truncate(scrubber.scrub(value).value) for value in values] and None

    return {
        "bytes": float(sum(map(len, texts))),
        "texts_us": best(run(texts), rounds) * 1e6,
        "structures_us": best(run([arguments, result]), rounds) * 1e6,
        "with_a_secret_us": best(run(secret), rounds) * 1e6,
        "is_innocent_of_both_us": best(lambda: scrubber.is_innocent(dump), rounds) * 1e6,
    }


def throughput(rounds: int) -> dict[str, dict[str, float]]:
    """Measure MB/s on innocent text by size: the mean over stretches from all over it, met before; and met first."""
    told: dict[str, dict[str, float]] = {}
    for name, text in corpora(Random(1)).items():
        scrubber = Scrubber()
        start = time.perf_counter()
        for at in range(0, len(text), 10 * KIBIBYTE):
            scrubber.scrub(text[at : at + 10 * KIBIBYTE])
        told[name] = {"first": len(text) / (time.perf_counter() - start) / 1e6}
        for size in SIZES:
            stretches = [text[at : at + size] for at in range(0, max(1, len(text) - size), max(1, len(text) // 7))]
            seconds = sum(best(partial(scrubber.scrub, text), rounds, 0.02) for text in stretches)
            told[name][str(size)] = sum(map(len, stretches)) / seconds / 1e6
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


def worst_times() -> dict[str, dict[str, Any]]:
    """Measure inputs that are meant to hurt, each on a cold matcher."""
    told = {}
    for name, value in worst(Random(2)).items():
        scrubber = Scrubber()
        start = time.perf_counter()
        done = scrubber.scrub(value)
        seconds = time.perf_counter() - start
        told[name] = {"seconds": round(seconds, 3), "over_budget": "over_budget" in done.findings.by_detector}
    return told


def findings() -> dict[str, dict[str, float]]:
    """Give recall by family of documented formats, and findings per MB by family of innocent text."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from policy.scrubbing import innocent, vectors

    scrubber = Scrubber()
    all_: Counter[str] = Counter()
    hidden: Counter[str] = Counter()
    random = Random(20261122)
    for vector in [*vectors.shape_vectors(random), *vectors.place_vectors(random)]:
        all_[vector.family] += 1
        hidden[vector.family] += not vectors.is_left(vector, scrubber.scrub(vector.text).value)
    told = {"recall_percent": {family: 100 * hidden[family] / all_[family] for family in all_}}
    told["recall_percent"]["all"] = 100 * sum(hidden.values()) / sum(all_.values())
    told["findings_per_MB"] = {}
    for family, make in innocent.FAMILIES.items():
        text = make(Random(9))
        told["findings_per_MB"][family] = len(scrubber.scrub(text).findings) / len(text) * 1e6
    return told


def table(title: str, rows: dict[str, Any]) -> None:
    """Print rows of figures under a title."""
    print(f"\n{title}")
    width = max(map(len, rows))
    for name, row in rows.items():
        cells = row.items() if isinstance(row, dict) else [("", row)]
        shown = (f"{key} {value:,.2f}" if isinstance(value, float) else f"{key} {value}" for key, value in cells)
        print(f"  {name:<{width}}  " + "   ".join(cell.strip() for cell in shown))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", action="store_true", help="beside Logfire's and LangSmith's, installed apart")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    start = time.perf_counter()
    Scrubber().scrub("password: x")
    told: dict[str, Any] = {
        "detectors": {"count": len(ROWS), "first_use_ms": (time.perf_counter() - start) * 1e3},
        "tool_call": call_times(given.rounds),
        "innocent_MB_s": throughput(given.rounds),
        "naive": naive(given.rounds),
        "worst_cold": worst_times(),
        **findings(),
    }
    slowest = max(row["seconds"] for row in told["worst_cold"].values())
    told["budget"] = {
        "max_work": DEFAULT_OPTIONS.max_work,
        "max_bytes": DEFAULT_OPTIONS.max_bytes,
        "stated_seconds": BUDGET_SECONDS,
        "slowest_seconds": slowest,
        "kept": slowest <= BUDGET_SECONDS,
    }
    if given.peers:
        from scrub_peers import compare

        told["peers"] = compare(given.rounds)
    if given.json:
        print(json.dumps(told))
        return
    for title, rows in told.items():
        table(title.replace("_", " "), rows)


if __name__ == "__main__":
    main()
