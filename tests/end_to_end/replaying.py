"""Replays in processes of their own, and what a real receiver got of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from importlib import resources
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
from typing import Any

from agent_otel.testing import OtlpReceiver, ReceivedSpan

COMMAND = (sys.executable, "-m", "agent_otel.cli")


def environment(receiver: OtlpReceiver, state: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENT_OTEL_"))}
    kept["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
    return {
        **kept,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http_endpoint,
        "OTEL_SERVICE_NAME": "tested",
        "AGENT_OTEL_STATE": str(state),
        **more,
    }


def replay(environ: dict[str, str], *arguments: str | Path, expect: int = 0) -> dict[str, Any]:
    """Run the command and give its JSON."""
    done = subprocess.run(
        [*COMMAND, "replay", "--json", *map(str, arguments)], env=environ, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == expect, done.stderr[-2000:]
    books: dict[str, Any] = json.loads(done.stdout)
    assert books["received"] == sum(books[name] for name in ("mapped", "skipped", "duplicate", "malformed"))
    for sink in books["sinks"].values():
        assert sink["accepted"] == sum(count for name, count in sink.items() if name != "accepted")
    return books


def contents(spans: Iterable[ReceivedSpan]) -> dict[tuple[str, str], set[str]]:
    """Give the digests of what arrived under each (trace id, span id), the resource included: backends compare it."""
    found: dict[tuple[str, str], set[str]] = {}
    for span in spans:
        whole = span.raw + json.dumps(span.resource, sort_keys=True, default=str).encode()
        found.setdefault((span.trace_id, span.span_id), set()).add(sha256(whole).hexdigest())
    return found


def assert_one_content_each(spans: Sequence[ReceivedSpan]) -> None:
    assert spans
    assert {len(digests) for digests in contents(spans).values()} == {1}


def demo_session(into: Path) -> Path:
    """Copy the session of the demo; give its main file."""
    source = resources.files("agent_otel.cli") / "demo_session"
    with resources.as_file(source) as directory:
        shutil.copytree(directory, into, dirs_exist_ok=True)
    (main,) = into.glob("*.jsonl")
    return main


def bamboo_stream(path: Path, rounds: int = 6) -> Path:
    """Write a Bamboo stream: two sessions, interleaved rounds, one failing call, one round without end."""
    number = 0

    def line(variant: str, **fields: Any) -> str:
        nonlocal number
        number += 1
        stamp = f"2026-05-04T10:{number // 60:02d}:{number % 60:02d}.123456789Z"
        meta = {"event_id": f"event-{number}", "occurred_at": stamp, "trace_id": None}
        return json.dumps({"Chat": {variant: {"meta": meta, **fields}}})

    lines = [line("SessionStarted", session_id=f"s-{one}", model="gpt-4") for one in (0, 1)]
    for turn in range(rounds):
        ids = {"round_id": f"r-{turn}", "session_id": f"s-{turn % 2}"}
        lines.append(line("RoundStarted", **ids, model="gpt-4"))
        lines += [
            line("ToolCalled", tool_call_id=f"c-{call}", **ids, tool_name="shell", latency_ms=100, success=call != 1)
            for call in range(3)
        ]
        if turn != rounds - 1:
            usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
            lines.append(line("RoundCompleted", **ids, status="success", usage=usage, latency_ms=9, error=None))
    lines += [line("SessionCompleted", session_id=f"s-{one}", status="completed") for one in (0, 1)]
    path.write_text("\n".join(lines) + "\n")
    return path
