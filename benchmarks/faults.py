"""What a tool call costs the agent's thread while the collector fails, beside the bare SDK under the same fault.

Of each row of the fault matrix that the two can share: the time from the entry of a call's block to its end, for a
bridge (with a spool where the row has one) and for a span of the bare SDK (its batch processor and OTLP exporter), at
the median, the 99th and the 99.9th percentile. Each measurement is a process of its own; the two take turns in one run.
A row passes if the bridge's 99.9th percentile is at most 1 ms above the bare SDK's. Figures of two runs are not
comparable.

    python benchmarks/faults.py [--rows WORD ...] [--protocol http grpc] [--calls 2000] [--rounds 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))  # the rows are those of the tests

ALLOWED_MS = 1.0
WARM_UP = 50  # calls that do not count: imports, connections
ARGUMENTS = {"command": "grep -rn needle .", "cwd": "/home/agent/project", "timeout": 30}
RESULT = "src/haystack.py:12: needle\n" * 10


def time_of_calls(calls: int, pause_s: float, call: Any) -> list[int]:
    """Give the nanoseconds of each call; between them the agent sleeps, as one that waits for its model does."""
    taken = []
    for number in range(calls + WARM_UP):
        began = time.perf_counter_ns()
        call(number)
        taken.append(time.perf_counter_ns() - began)
        time.sleep(pause_s)
    return taken[WARM_UP:]


def bridge(calls: int, pause_s: float) -> list[int]:
    """Measure the calls of a bridge."""
    from agent_otel import Bridge

    made = Bridge.from_env()

    with made.run(agent="measured") as run:

        def call(number: int) -> None:
            with run.tool_call(f"tool-{number % 7}", call_id=f"call-{number}", arguments=ARGUMENTS) as tool:
                tool.result(RESULT)

        return time_of_calls(calls, pause_s, call)


def bare(calls: int, pause_s: float) -> list[int]:
    """Measure spans of the bare SDK with the same on them."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"] == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("bare")

    with tracer.start_as_current_span("invoke_agent measured"):

        def call(number: int) -> None:
            with tracer.start_as_current_span(f"execute_tool tool-{number % 7}") as span:
                span.set_attribute("gen_ai.tool.call.id", f"call-{number}")
                span.set_attribute("gen_ai.tool.call.arguments", json.dumps(ARGUMENTS))
                span.set_attribute("gen_ai.tool.call.result", RESULT)

        return time_of_calls(calls, pause_s, call)


def limit_files() -> None:
    """Take on the limit that a row of a full disk has."""
    import resource

    if limit := os.environ.get("CHAOS_FILE_BYTES"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))


def measured(what: str, environ: dict[str, str], options: argparse.Namespace) -> list[int]:
    """Run one measurement in a process of its own."""
    command = [sys.executable, __file__, "--only", what, "--calls", options.calls, "--pause-ms", options.pause_ms]
    done = subprocess.run(
        list(map(str, command)), env=environ, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    taken: list[int] = json.loads(done.stdout)
    return taken


def at(taken: list[int], share: float) -> float:
    """Give a percentile in milliseconds."""
    return round(sorted(taken)[min(len(taken) - 1, int(len(taken) * share))] / 1e6, 3)


def figures(taken: list[int]) -> dict[str, float]:
    """Give the percentiles of some calls, in milliseconds."""
    return {"p50": at(taken, 0.5), "p99": at(taken, 0.99), "p99.9": at(taken, 0.999)}


def played(row: Any, protocol: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure a row: both in turn, the other one first in every second round."""
    from chaos.scene import Scene

    taken: dict[str, list[int]] = {"bridge": [], "bare": []}
    for number in range(options.rounds):
        for what in sorted(taken, reverse=number % 2 == 0):
            with tempfile.TemporaryDirectory() as folder, Scene(protocol, Path(folder), spool=row.spool) as scene:
                scene.more |= row.environ
                with row.stage(scene):
                    environ = scene.environ()
                    del environ["AGENT_OTEL_CONFIG_FILE"]  # one sink each
                    if "OTEL_BSP_MAX_EXPORT_BATCH_SIZE" not in row.environ:
                        del environ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"]
                    environ["OTEL_BSP_SCHEDULE_DELAY"] = "1000"  # several batches in each measurement
                    taken[what] += measured(what, environ, options)
    ours, theirs = figures(taken["bridge"]), figures(taken["bare"])
    is_within = ours["p99.9"] <= theirs["p99.9"] + ALLOWED_MS
    return {"row": row.name, "protocol": protocol, "bridge": ours, "bare": theirs, "passed": is_within}


def print_row(row: dict[str, Any]) -> None:
    """Show one line of the table."""
    numbers = "  ".join(f"{row[who][name]:8.3f}" for who in ("bridge", "bare") for name in ("p50", "p99", "p99.9"))
    verdict = "pass" if row["passed"] else "FAIL"
    print(f"{row['row']:<52.52} {row['protocol']:<5} {numbers}  {verdict}", flush=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", default=[], help="only rows whose name holds one of these")
    parser.add_argument("--protocol", nargs="+", choices=["http", "grpc"], default=["http"])
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pause-ms", type=float, default=0.5, help="that the agent sleeps between two calls")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=["bridge", "bare"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        limit_files()
        taken = {"bridge": bridge, "bare": bare}[options.only](options.calls, options.pause_ms / 1000)
        print(json.dumps(taken), flush=True)
        os._exit(0)  # what waits is not measured, nor waited for
    from chaos.rows import NOTHING_WRONG, ROWS, work

    alike = [row for row in (NOTHING_WRONG, *ROWS) if row.does is work and row.starts and row.afterwards is None]
    # Rows that differ only in what comes after the calls are one here.
    shared = {(row.stage, row.spool, *sorted(row.environ.items())): row for row in reversed(alike)}.values()
    wanted = [row for row in reversed(shared) if not options.rows or any(word in row.name for word in options.rows)]
    if not options.json:
        columns = "  ".join(f"{name:>8}" for name in ("bridge50", "99", "99.9", "bare50", "99", "99.9"))
        print(f"{'percentiles of a call, in milliseconds':<58} {columns}")
    results = []
    for row in wanted:
        for protocol in options.protocol:
            if protocol in row.protocols:
                results.append(played(row, protocol, options))
                if not options.json:
                    print_row(results[-1])
    if options.json:
        print(json.dumps(results, indent=1))
    sys.exit(0 if all(row["passed"] for row in results) else 1)


if __name__ == "__main__":
    main()
