"""Beside the scrubbers of Logfire and LangSmith, on the same values: time, secrets left, innocent text destroyed.

The peers are installed once into an environment of their own in the user's cache, never into the project's.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random
import re
import subprocess
import sys
import time
from typing import Any
import venv

from agent_otel.policy.scrubbing import Scrubber

__all__ = ["compare"]

PEERS = ("logfire", "langsmith")
WORKER = Path(__file__).with_name("scrub_peer.py")
TIMEOUT = 600
_MARKS = re.compile(r"\[(?:REDACTED|Scrubbed due to|redacted)[^\]]*\]|\[SECRET_DETECTED\]|\*{3,}")


def _python() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "agent-otel" / "scrub-peers"
    python = cache / "bin" / "python"
    if not (cache / ".installed").exists():
        venv.create(cache, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS]
        subprocess.run(command, check=True, timeout=TIMEOUT)
        (cache / ".installed").touch()
    return python


def _payload(random: Random) -> tuple[list[Any], list[Any], list[str]]:
    """Give what holds planted secrets (as vectors), values that hold them, and innocent texts."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from policy.scrubbing import innocent, vectors

    planted = [*vectors.shape_vectors(random, draws=1), *vectors.place_vectors(random, draws=1)]
    planted = random.sample(planted, 1000)
    values = [{"tool": "bash", "arguments": {"path": "src"}, "result": vector.text} for vector in planted]
    texts = [make(random) for make in innocent.FAMILIES.values()]
    pieces = [text[at : at + 1000] for text in texts for at in range(0, min(len(text), 40_000), 1000)]
    pieces += innocent.SNIPPETS.strip().splitlines()
    return planted, values, pieces


def _measure(results: list[Any], planted: list[Any], pieces: list[str]) -> dict[str, float]:
    from policy.scrubbing import vectors

    # A mark of any of the three stands for nothing of the secret.
    left = sum(
        vectors.is_left(vector, _MARKS.sub("\0", str(result["result"])))
        for vector, result in zip(planted, results, strict=False)
    )
    kept = touched = 0
    for piece, result in zip(pieces, results[len(planted) :], strict=True):
        done = str(result["result"])
        touched += done != piece
        kept += len(piece) if done == piece else min(len(piece), len(_MARKS.sub("", done)))
    total = sum(map(len, pieces))
    return {
        "secrets_left_percent": 100 * left / len(planted),
        "innocent_texts_touched_percent": 100 * touched / len(pieces),
        "innocent_characters_destroyed_percent": 100 * (1 - kept / total),
    }


def compare(rounds: int) -> dict[str, dict[str, Any]]:
    """Run all three over the same values."""
    planted, values, pieces = _payload(Random(3))
    values = values + [{"tool": "read", "arguments": {"path": "src"}, "result": piece} for piece in pieces]
    given = json.dumps({"values": values, "rounds": rounds})
    done = subprocess.run(
        [str(_python()), str(WORKER)], input=given, capture_output=True, text=True, check=True, timeout=TIMEOUT
    )
    told: dict[str, dict[str, Any]] = {}
    scrubber = Scrubber()
    results = [scrubber.scrub(value).value for value in values]
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for value in values:
            scrubber.scrub(value)
        times.append((time.perf_counter() - start) / len(values))
    told["agent-otel"] = {"us_per_value": min(times) * 1e6, **_measure(results, planted, pieces)}
    for name, peer in json.loads(done.stdout).items():
        told[f"{name} {peer['version']}"] = {
            "us_per_value": peer["seconds"] * 1e6,
            **_measure(peer["results"], planted, pieces),
        }
    return told
