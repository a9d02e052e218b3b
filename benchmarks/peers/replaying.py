"""Replay of recorded sessions: `replay.py` as it is, and what parsing the same lines takes by itself."""

from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys
import tempfile
import time

from peers.environments import python
from peers.receiving import Receiver
from peers.table import Row
from peers.worker import Talk
from peers.workers import Failed, worker

__all__ = ["parsing", "replaying"]

REPLAY = Path(__file__).parents[1] / "replay.py"
SECONDS = 600


def parsing(talk: Talk, _: str, *, events: int) -> None:
    """In the worker: write what `replay.py` replays, and parse its lines with what the project parses with."""
    import orjson

    sys.path.insert(0, str(REPLAY.parent))
    from replay import write_stream

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stream.jsonl"
        write_stream(path, events)
        lines = path.read_bytes().splitlines()
    began = time.perf_counter()
    for line in lines:
        orjson.loads(line)
    talk.say(parse_us_per_event=(time.perf_counter() - began) / len(lines) * 1e6)


def replaying(row: Row, receiver: Receiver, *, events: int) -> dict[str, float]:
    """In the driver: replay, then parse.

    Raises:
        Failed: If either does not end well.
    """
    command = [str(python(row.requirements)), str(REPLAY), "--events", str(events), "--rounds", "1", "--json"]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise Failed(str(error)) from error
    figures: dict[str, float] = json.loads(done.stdout)[0]
    with worker(row, "parsing", {"events": events}, endpoint=receiver.endpoint) as running:
        figures |= running.line()
    return figures | {"parse_share": figures["parse_us_per_event"] / figures["us_per_event"]}
