"""How fast recorded events become delivered spans, and in how much memory.

Measures, each in a process of its own, with the receiver in another: events per second and peak memory of a replay at
several lengths; and the span rate of the bare SDK (its batch processor and OTLP exporter) sending the same spans, in
the same run, interleaved. Figures of two runs are not comparable; the ratio within one is.

    python benchmarks/replay.py [--events 10000 100000 1000000] [--rounds 3] [--json]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any
from urllib.request import urlopen

HERE = Path(__file__).parent
BARE_LIMIT = 100_000  # the bare SDK gets its spans ready-made, in memory


def write_stream(path: Path, events: int) -> None:
    """Write a Bamboo metrics stream: rounds of eight tool calls, one in eight failing."""
    number = 0

    def meta() -> dict[str, Any]:
        nonlocal number
        number += 1
        seconds, millis = divmod(number * 7, 1000)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        stamp = f"2026-05-{days + 1:02d}T{hours:02d}:{minutes:02d}:{seconds:02d}.{millis:03d}456789Z"
        return {"event_id": f"{number:08x}-0000-4000-8000-000000000000", "occurred_at": stamp, "trace_id": None}

    def line(variant: str, **fields: Any) -> str:
        return json.dumps({"Chat": {variant: {"meta": meta(), **fields}}}) + "\n"

    with path.open("w") as out:
        written = turn = 0
        while written < events:
            turn += 1
            ids = {"round_id": f"r-{turn}", "session_id": f"s-{turn // 10}"}
            out.write(line("RoundStarted", **ids, model="gpt-4"))
            for call in range(8):
                tool = ("read_file", "shell", "grep")[call % 3]
                out.write(
                    line(
                        "ToolCalled",
                        tool_call_id=f"call_{turn}_{call}",
                        **ids,
                        tool_name=tool,
                        latency_ms=12,
                        success=call != 3,
                    )
                )
            usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
            out.write(line("RoundCompleted", **ids, status="success", usage=usage, latency_ms=70, error=None))
            written += 10


def peak_mib() -> float:
    """Peak memory of this process in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def replay(path: str) -> dict[str, float]:
    """Measure ``agent-otel replay``, from a file's first byte to the last acknowledgement.

    A small file is read before: what a process does once (imports, connections) does not count.
    """
    from contextlib import redirect_stdout
    import io

    from agent_otel.cli import main as command

    def run(file: str) -> dict[str, Any]:
        told = io.StringIO()
        try:
            with redirect_stdout(told):
                command(["replay", "--json", file])
        except SystemExit as end:
            assert not end.code, end.code
        books: dict[str, Any] = json.loads(told.getvalue())
        return books

    warm = Path(path).with_suffix(".warm")
    write_stream(warm, 100)
    warmed = run(str(warm))
    start, cpu = time.perf_counter(), time.process_time()
    books = run(path)
    return {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "warmed": warmed["spans"],
        "events": books["received"],
        "spans": books["spans"],
        "peak_mib": peak_mib(),
    }


def bare(path: str) -> dict[str, float]:
    """Measure the bare SDK sending the same spans: same names, attributes, parents, times; no metrics, no waiting."""
    import gc
    import os

    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import (
        NonRecordingSpan,
        SpanContext,
        SpanKind,
        Status,
        StatusCode,
        TraceFlags,
        set_span_in_context,
    )

    from agent_otel.bridge import Reading, ReadingOptions
    from agent_otel.intake import Replay, discover

    spans: list[Any] = []
    reading = Replay(Reading.from_env(ReadingOptions(send=False), os.environ, spans.append))
    for group in discover([path]):
        reading.read(group)
    reading.finish()
    gc.freeze()  # the ready-made spans are no load of its own
    queue = len(spans) + 1  # so that it loses nothing
    provider = TracerProvider(resource=Resource.create(), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), max_queue_size=queue))
    tracer = provider.get_tracer("bare")
    start, cpu = time.perf_counter(), time.process_time()
    for data in spans:
        context = None
        if data.identity.parent_span_id is not None:
            parent = SpanContext(
                data.identity.trace_id, data.identity.parent_span_id, False, TraceFlags(TraceFlags.SAMPLED)
            )
            context = set_span_in_context(NonRecordingSpan(parent))
        span = tracer.start_span(data.name, context, SpanKind.INTERNAL, data.attributes, start_time=data.start_ns)
        if data.is_error:
            span.set_status(Status(StatusCode.ERROR))
        span.end(data.end_ns)
    provider.force_flush()
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "cpu": time.process_time() - cpu, "spans": len(spans), "warmed": 0}


class Receiver:
    """The receiver's process."""

    def __enter__(self) -> Receiver:
        command = [sys.executable, str(HERE / "counting_receiver.py")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.endpoint = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def spans(self) -> int:
        """Spans received so far."""
        with urlopen(self.endpoint) as answer:
            return int(json.load(answer)["spans"])


def measure(what: str, path: Path, receiver: Receiver) -> dict[str, float]:
    """Run one measurement in a process of its own."""
    import os

    before = receiver.spans()
    environ = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_SERVICE_NAME": "bench"}
    done = subprocess.run(
        [sys.executable, __file__, "--only", what, "--file", str(path)],
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    figures["received"] = receiver.spans() - before - figures["warmed"]
    return figures


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=["replay", "bare"], help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps({"replay": replay, "bare": bare}[options.only](options.file)))
        return
    results = []
    with tempfile.TemporaryDirectory() as folder, Receiver() as receiver:
        for events in options.events:
            path = Path(folder) / f"{events}.jsonl"
            write_stream(path, events)
            rounds: dict[str, list[dict[str, float]]] = {"replay": [], "bare": []}
            for _ in range(options.rounds if events <= BARE_LIMIT else 1):
                rounds["replay"].append(measure("replay", path, receiver))
                if events <= BARE_LIMIT:
                    rounds["bare"].append(measure("bare", path, receiver))
            results.append(summarised(events, rounds))
            print_row(results[-1], as_json=options.json)
    if options.json:
        print(json.dumps(results, indent=1))


def summarised(events: int, rounds: dict[str, list[dict[str, float]]]) -> dict[str, float]:
    """Give the medians of some rounds."""
    ours = rounds["replay"]
    row = {
        "events": events,
        "events_per_s": round(statistics.median(r["events"] / r["seconds"] for r in ours)),
        "us_per_event": round(statistics.median(r["seconds"] / r["events"] * 1e6 for r in ours), 1),
        "cpu_us_per_event": round(statistics.median(r["cpu"] / r["events"] * 1e6 for r in ours), 1),
        "peak_mib": round(max(r["peak_mib"] for r in ours)),
        "lost": sum(r["spans"] - r["received"] for r in ours),
    }
    if rounds["bare"]:
        our_rate = statistics.median(r["spans"] / r["seconds"] for r in ours)
        bare_rate = statistics.median(r["spans"] / r["seconds"] for r in rounds["bare"])
        row |= {
            "spans_per_s": round(our_rate),
            "bare_spans_per_s": round(bare_rate),
            "ratio_to_bare": round(our_rate / bare_rate, 2),
        }
    return row


def print_row(row: dict[str, float], *, as_json: bool) -> None:
    """Show progress as it comes."""
    print("  ".join(f"{name} {value}" for name, value in row.items()), file=sys.stderr if as_json else sys.stdout)


if __name__ == "__main__":
    main()
